// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <atomic>
#include <stdexcept>

#include "detail/abandon_scope.hpp"

// How a program ends a long call: by a function that the library asks now and then.
namespace bedtok {

/// Throws when the calls that are running shall end; returns otherwise. It may be called from any
/// thread, from the library's own, too, and often: it should return at once when nothing is asked.
using InterruptionCheck = void (*)();

/// Thrown on a thread of the library whose work nobody waits for any more; callers never see it.
class Abandoned : public std::runtime_error {
 public:
  Abandoned() : std::runtime_error("the work of this thread is not wanted any more") {}
};

/// The program's one check; null: none.
inline std::atomic<InterruptionCheck>& interruption_check() noexcept {
  static std::atomic<InterruptionCheck> check{nullptr};
  return check;
}

/// Sets the function that long calls ask: between samples, blocks of a file and pieces of a matrix,
/// and while a pipe has nothing to read. None (null): calls run to their end. What it throws leaves
/// the call that was running.
inline void set_interruption_check(InterruptionCheck check) noexcept {
  interruption_check().store(check, std::memory_order_release);
}

/// Asks that function, if there is one.
inline void check_interruption() {
  if (detail::abandoned != nullptr && detail::abandoned->load(std::memory_order_relaxed)) {
    throw Abandoned();
  }
  const InterruptionCheck check = interruption_check().load(std::memory_order_acquire);
  if (check != nullptr) check();
}

}  // namespace bedtok

// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <atomic>

namespace bedtok::detail {

/// Set by the owner of a thread, which ends the thread's work; null on other threads.
inline thread_local const std::atomic<bool>* abandoned = nullptr;

/// While it lives, check_interruption ends this thread's work once `flag` is true.
class AbandonScope {
 public:
  explicit AbandonScope(const std::atomic<bool>& flag) noexcept { abandoned = &flag; }
  ~AbandonScope() { abandoned = nullptr; }
  AbandonScope(const AbandonScope&) = delete;
  AbandonScope& operator=(const AbandonScope&) = delete;
};

}  // namespace bedtok::detail

// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#endif

namespace bedtok::detail {

/// The number of processors that this process may use, at least 1. Containers and batch systems
/// grant fewer than the machine has.
inline std::size_t processors() noexcept {
#if defined(__linux__)
  cpu_set_t granted;
  CPU_ZERO(&granted);
  // Fails on machines with more processors than the set holds.
  if (sched_getaffinity(0, sizeof granted, &granted) == 0 && CPU_COUNT(&granted) > 0) {
    return static_cast<std::size_t>(CPU_COUNT(&granted));
  }
#endif
  return std::max(1u, std::thread::hardware_concurrency());
}

/// A `num_threads` option as the number of threads: 0 stands for all processors. More than any
/// machine has use for are not started, because each takes memory.
inline std::size_t threads_or_all(std::size_t num_threads) noexcept {
  constexpr std::size_t most = 256;
  const std::size_t granted = processors();
  return num_threads != 0 ? std::min(num_threads, std::max(most, granted)) : granted;
}

}  // namespace bedtok::detail

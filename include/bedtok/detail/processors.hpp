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

/// A `num_threads` option as the number of threads: 0 stands for all processors.
inline std::size_t threads_or_all(std::size_t num_threads) noexcept {
  return num_threads != 0 ? num_threads : processors();
}

}  // namespace bedtok::detail

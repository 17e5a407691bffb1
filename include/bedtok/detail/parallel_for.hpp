// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <limits>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "../interruption.hpp"

namespace bedtok::detail {

/// Runs `work(i)` for each i below `count` on up to `threads` threads, the caller's among them.
/// When some fail, the failure with the lowest i is thrown: the one that a loop would have met
/// first. Before each of its items the caller's thread calls check_interruption; what that throws
/// comes before other failures.
template <class Work>
void parallel_for(std::size_t count, std::size_t threads, Work&& work) {
  threads = std::min(threads, count);
  if (threads <= 1) {
    for (std::size_t i = 0; i < count; ++i) {
      check_interruption();
      work(i);
    }
    return;
  }
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::size_t failed = std::numeric_limits<std::size_t>::max();
  std::exception_ptr failure;
  const auto run = [&](bool callers) {
    for (std::size_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < count;) {
      std::size_t place = 0;  // of an interruption; behind it those of the items
      try {
        if (callers) check_interruption();
        place = i + 1;
        work(i);
      } catch (...) {
        const std::lock_guard<std::mutex> lock(mutex);
        if (place < failed) {
          failed = place;
          failure = std::current_exception();
        }
        // Later items cannot change the outcome; items that have started still run.
        next.store(count, std::memory_order_relaxed);
      }
    }
  };
  {
    struct Crew {
      std::vector<std::thread> threads;
      ~Crew() {
        for (std::thread& thread : threads) thread.join();
      }
    } crew;
    crew.threads.reserve(threads - 1);
    try {
      while (crew.threads.size() < threads - 1) crew.threads.emplace_back(run, false);
    } catch (const std::system_error&) {
      // The system starts no more threads: the others do the work.
    }
    run(true);
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace bedtok::detail

// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>
#include <atomic>
#include <bedtok/detail/parallel_for.hpp>
#include <chrono>
#include <cstddef>
#include <limits>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "support.hpp"

using bedtok::detail::parallel_for;

namespace {

/// The exception of these tests: the index of the call.
struct Failure {
  std::size_t i;
};

/// The index that was thrown, none when nothing was.
template <class Work>
std::optional<std::size_t> thrown_by(std::size_t count, std::size_t threads, Work&& work) {
  try {
    parallel_for(count, threads, work);
  } catch (const Failure& failure) {
    return failure.i;
  }
  return std::nullopt;
}

/// Waits until `flag` is set by another thread. Gives up at last, so that a loop without threads
/// fails its test and does not hang.
bool set_by_another_thread(const std::atomic<bool>& flag) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!flag && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  return flag;
}

}  // namespace

TEST_CASE("each index is met once, whatever the number of threads") {
  for (const std::size_t count : support::Sizes{0, 1, 2, 3, 7, 1000}) {
    for (std::size_t threads = 0; threads <= 9; ++threads) {
      std::vector<std::atomic<int>> met(count);
      parallel_for(count, threads, [&](std::size_t i) { ++met[i]; });
      REQUIRE(std::all_of(met.begin(), met.end(), [](int times) { return times == 1; }));
    }
  }
}

TEST_CASE("no more threads work than were asked for or have work, and one is the caller's") {
  const auto threads_of = [](std::size_t count, std::size_t threads) {
    std::mutex mutex;
    std::set<std::thread::id> ids;
    parallel_for(count, threads, [&](std::size_t) {
      {
        const std::lock_guard<std::mutex> lock(mutex);
        ids.insert(std::this_thread::get_id());
      }
      for (int k = 0; k < 100; ++k) std::this_thread::yield();  // for others to have their turn
    });
    return ids;
  };
  const std::set<std::thread::id> caller = {std::this_thread::get_id()};
  CHECK(threads_of(50, 0) == caller);
  CHECK(threads_of(50, 1) == caller);
  CHECK(threads_of(1, 8) == caller);
  CHECK(threads_of(500, 3).size() <= 3);
  CHECK(threads_of(3, 100).size() <= 3);
  CHECK(threads_of(3, std::numeric_limits<std::size_t>::max()).size() <= 3);
}

TEST_CASE("two threads work at the same time, the caller's among them") {
  std::vector<std::atomic<bool>> begun(2);
  std::vector<char> together(2);
  std::vector<std::thread::id> ids(2);
  parallel_for(2, 2, [&](std::size_t i) {
    begun[i] = true;
    together[i] = set_by_another_thread(begun[1 - i]);
    ids[i] = std::this_thread::get_id();
  });
  CHECK(together == std::vector<char>{1, 1});
  CHECK(ids[0] != ids[1]);
  CHECK(std::count(ids.begin(), ids.end(), std::this_thread::get_id()) == 1);
}

TEST_CASE("the failure with the lowest index is thrown, whatever the number of threads") {
  std::mt19937_64 random(81);
  for (int round = 0; round < 300; ++round) {
    const std::size_t count = support::pick(random, 1, 60);
    const std::size_t threads = support::pick(random, 0, 8);
    std::vector<char> fails(count);
    for (char& one : fails) one = support::pick(random, 0, 9) == 0;
    const auto lowest =
        static_cast<std::size_t>(std::find(fails.begin(), fails.end(), 1) - fails.begin());
    std::vector<std::atomic<int>> met(count);
    const auto thrown = thrown_by(count, threads, [&](std::size_t i) {
      ++met[i];
      for (std::size_t wait = i % 5; wait != 0; --wait) std::this_thread::yield();
      if (fails[i]) throw Failure{i};
    });
    REQUIRE(thrown == (lowest == count ? std::nullopt : std::optional<std::size_t>(lowest)));
    // As in a loop, all that comes before the failure was done; what comes after may have been.
    for (std::size_t i = 0; i < count; ++i) REQUIRE(met[i] <= 1);
    for (std::size_t i = 0; i < lowest; ++i) REQUIRE(met[i] == 1);
  }
}

TEST_CASE("the lowest failure is thrown when it happens first, and when it happens last") {
  for (const std::size_t first : support::Sizes{0, 1}) {
    std::atomic<bool> failing{false};
    const auto thrown = thrown_by(2, 2, [&](std::size_t i) {
      if (i == first) {
        failing = true;
      } else {
        set_by_another_thread(failing);
        for (int k = 0; k < 1000; ++k) std::this_thread::yield();
      }
      throw Failure{i};
    });
    CHECK(thrown == 0);
  }
}

TEST_CASE("work that fails leaves no thread behind") {
  for (int round = 0; round < 100; ++round) {
    std::atomic<int> begun{0};
    std::atomic<int> ended{0};
    const auto thrown = thrown_by(40, 8, [&](std::size_t i) {
      ++begun;
      for (std::size_t wait = 0; wait < i; ++wait) std::this_thread::yield();
      ++ended;
      throw Failure{i};
    });
    REQUIRE(thrown == 0);
    REQUIRE(begun == ended);
  }
}

TEST_CASE("after a failure no new work is begun") {
  std::atomic<int> begun{0};
  CHECK(thrown_by(1000000, 4, [&](std::size_t i) {
          ++begun;
          throw Failure{i};
        }) == 0);
  CHECK(begun <= 4);
}

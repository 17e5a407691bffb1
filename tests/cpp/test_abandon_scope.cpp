// SPDX-License-Identifier: BSD-2-Clause
#include <atomic>
#include <bedtok/detail/abandon_scope.hpp>
#include <bedtok/interruption.hpp>
#include <thread>

#include "catch.hpp"

using bedtok::detail::AbandonScope;

TEST_CASE("work that is abandoned ends at its next check, on its own thread only") {
  std::atomic<bool> unwanted{false};
  const AbandonScope scope(unwanted);
  bedtok::check_interruption();
  unwanted = true;
  CHECK_THROWS_AS(bedtok::check_interruption(), bedtok::Abandoned);
  bool ended = true;
  std::thread([&] {
    bedtok::check_interruption();
    ended = false;
  }).join();
  CHECK_FALSE(ended);
}

TEST_CASE("behind its scope a thread works on") {
  std::atomic<bool> unwanted{true};
  { const AbandonScope scope(unwanted); }
  bedtok::check_interruption();
}

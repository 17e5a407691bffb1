// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>
#include <bedtok/detail/sort_columns.hpp>
#include <cstdint>
#include <limits>
#include <numeric>
#include <random>
#include <tuple>
#include <vector>

#include "catch.hpp"
#include "support.hpp"

namespace {

using Numbers = std::vector<std::uint32_t>;

void check_sorted(Numbers groups, const Numbers& rank, Numbers starts, Numbers ends) {
  const std::size_t n = starts.size();
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::make_tuple(rank[groups[a]], starts[a]) <
           std::make_tuple(rank[groups[b]], starts[b]);
  });
  const auto taken = [&](const Numbers& column) {
    Numbers result;
    for (const std::size_t i : order) result.push_back(column[i]);
    return result;
  };
  const Numbers expected[] = {taken(groups), taken(starts), taken(ends)};
  bedtok::detail::sort_columns(groups, rank, starts, ends);
  CHECK(groups == expected[0]);
  CHECK(starts == expected[1]);
  CHECK(ends == expected[2]);
}

}  // namespace

TEST_CASE("sort_columns agrees with std::stable_sort, with few bins and with many") {
  // From 4,096 regions on there are bins, from 129 of a bin on radix passes.
  const std::size_t n = GENERATE(as<std::size_t>{}, 0, 1, 2, 128, 129, 4096, 30000);
  const unsigned bits = GENERATE(0u, 3u, 13u, 28u, 32u);
  std::mt19937_64 random(n + bits);
  Numbers rank(support::pick(random, 1, 30));
  std::iota(rank.begin(), rank.end(), 0u);
  std::shuffle(rank.begin(), rank.end(), random);
  Numbers groups, starts, ends;
  for (std::size_t i = 0; i < n; ++i) {
    groups.push_back(static_cast<std::uint32_t>(support::pick(random, 0, rank.size() - 1)));
    const std::uint64_t most = (std::uint64_t{1} << bits) - 1;
    // Every other one among few values, so that there are ties, whose ends tell their order.
    const std::uint64_t start = support::pick(random, 0, i % 2 == 0 ? most : most / 1000);
    starts.push_back(static_cast<std::uint32_t>(start));
    ends.push_back(static_cast<std::uint32_t>(random()));
  }
  check_sorted(groups, rank, starts, ends);
}

TEST_CASE("sort_columns sorts a pile in one bin, and many groups of few regions") {
  const std::uint32_t largest = std::numeric_limits<std::uint32_t>::max();
  Numbers groups, starts, ends;
  for (std::uint32_t i = 0; i < 9000; ++i) {
    groups.push_back(i == 0 ? 1 : 0);
    starts.push_back(i == 0 ? largest : (i * 7919) % 300);
    ends.push_back(i);
  }
  check_sorted(groups, {1, 0}, starts, ends);

  Numbers rank;
  for (std::uint32_t i = 0; i < 9000; ++i) {
    groups[i] = i / 4;
    rank.push_back(8999 - i);
  }
  check_sorted(groups, rank, starts, ends);
}

// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>
#include <bedtok/detail/interval_order.hpp>
#include <cstdint>
#include <limits>
#include <numeric>
#include <random>
#include <tuple>
#include <vector>

#include "catch.hpp"
#include "support.hpp"

using bedtok::detail::StartOrder;

namespace {

template <class Coord>
struct Columns {
  std::vector<std::uint32_t> group;
  std::vector<Coord> starts;
  std::vector<Coord> ends;
};

// Few distinct values, so that ties are many; `high` bits that only the later radix passes see.
template <class Coord>
Columns<Coord> random_columns(std::mt19937_64& random, std::size_t n, std::uint32_t groups) {
  Columns<Coord> columns;
  const unsigned shift = static_cast<unsigned>(support::pick(random, 0, sizeof(Coord) * 8 - 6));
  for (std::size_t i = 0; i < n; ++i) {
    columns.group.push_back(static_cast<std::uint32_t>(support::pick(random, 0, groups - 1)));
    const auto start = static_cast<Coord>(support::pick(random, 0, 30) << shift);
    columns.starts.push_back(start);
    const std::uint64_t room = std::numeric_limits<Coord>::max() - start;
    columns.ends.push_back(
        static_cast<Coord>(start + support::pick(random, 0, std::min<std::uint64_t>(room, 3))));
  }
  return columns;
}

}  // namespace

TEST_CASE("order_by_start agrees with std::stable_sort, for few and for many regions") {
  const std::size_t n = GENERATE(as<std::size_t>{}, 0, 1, 2, 511, 513, 2000, 20000);
  std::mt19937_64 random(n);
  for (int round = 0; round < 5; ++round) {
    const std::uint32_t groups = static_cast<std::uint32_t>(support::pick(random, 1, 4));
    const auto columns = random_columns<std::uint32_t>(random, n, groups);
    std::vector<std::uint32_t> expected(n);
    std::iota(expected.begin(), expected.end(), 0u);
    std::stable_sort(expected.begin(), expected.end(), [&](std::uint32_t a, std::uint32_t b) {
      return std::tie(columns.group[a], columns.starts[a]) <
             std::tie(columns.group[b], columns.starts[b]);
    });
    const StartOrder order = bedtok::detail::order_by_start(
        [&](std::size_t i) { return columns.group[i]; }, groups, columns.starts);
    REQUIRE(order.words.size() == n);
    REQUIRE(order.first.size() == groups + 1);
    REQUIRE(order.first.back() == n);
    for (std::size_t k = 0; k < n; ++k) {
      REQUIRE(StartOrder::position(order.words[k]) == expected[k]);
      REQUIRE(StartOrder::start(order.words[k]) == columns.starts[expected[k]]);
    }
  }
}

TEMPLATE_TEST_CASE("interval_order is by group, start, end and position", "", std::uint32_t,
                   std::uint64_t) {
  const std::size_t n = GENERATE(as<std::size_t>{}, 2, 10, 600, 5000);
  std::mt19937_64 random(n + sizeof(TestType));
  for (int round = 0; round < 10; ++round) {
    const std::uint32_t groups = static_cast<std::uint32_t>(support::pick(random, 1, 4));
    const auto columns = random_columns<TestType>(random, n, groups);
    std::vector<std::uint32_t> expected(n);
    std::iota(expected.begin(), expected.end(), 0u);
    std::sort(expected.begin(), expected.end(), [&](std::uint32_t a, std::uint32_t b) {
      return std::tie(columns.group[a], columns.starts[a], columns.ends[a], a) <
             std::tie(columns.group[b], columns.starts[b], columns.ends[b], b);
    });
    const auto order =
        bedtok::detail::interval_order(columns.group, groups, columns.starts, columns.ends);
    if (order.empty()) {
      REQUIRE(std::is_sorted(expected.begin(), expected.end()));
    } else {
      REQUIRE(order == expected);
    }
  }
}

TEST_CASE("regions that are in order already need no order") {
  using Column = std::vector<std::uint32_t>;
  const auto order = bedtok::detail::interval_order<Column, Column>;
  CHECK(order({}, 0, {}, {}).empty());
  CHECK(order({0, 0, 0, 1}, 2, {1, 1, 2, 0}, {3, 3, 2, 9}).empty());
  CHECK(order({0, 0}, 1, {1, 1}, {4, 3}) == Column{1, 0});
  CHECK(order({1, 0}, 2, {1, 1}, {4, 3}) == Column{1, 0});
}

TEST_CASE("stable_order_by_start keeps the order of regions that agree") {
  const auto order = bedtok::detail::stable_order_by_start<std::size_t>(
      std::vector<std::uint32_t>{1, 0, 0, 0},
      std::vector<std::uint64_t>{5, std::uint64_t{1} << 40, 7, std::uint64_t{1} << 40});
  CHECK(order == std::vector<std::size_t>{2, 1, 3, 0});
}

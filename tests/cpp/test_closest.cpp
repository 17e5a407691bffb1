// SPDX-License-Identifier: BSD-2-Clause
#include <array>
#include <bedtok/algebra/closest.hpp>
#include <cstdint>
#include <vector>

#include "catch.hpp"
#include "naive_algebra.hpp"
#include "support.hpp"

using bedtok::RegionSet;
using naive::of;
using naive::Regions;
namespace algebra = bedtok::algebra;

TEST_CASE("closest is that of a double loop, ties included", "[differential]") {
  auto random = support::random_source(36);
  for (int left = support::cases(1000); left > 0; --left) {
    const Regions a = naive::random_set(random);
    const Regions b = naive::random_set(random);
    const algebra::Closest found = algebra::closest(a, b);
    for (std::size_t i = 0; i < a.size(); ++i) {
      const std::int64_t from = a.starts()[i];
      const std::int64_t to = a.ends()[i];
      // Distance, whether they do not overlap, start, end, position: the least of these wins.
      std::array<std::int64_t, 5> best{};
      std::int64_t distance = 0;
      bool any = false;
      for (std::size_t j = 0; j < b.size(); ++j) {
        if (a.chrom(i) != b.chrom(j)) continue;
        const std::int64_t start = b.starts()[j];
        const std::int64_t end = b.ends()[j];
        const bool overlaps = start < to && from < end;
        const std::int64_t gap = overlaps ? 0 : end <= from ? end - from : start - to;
        const std::array<std::int64_t, 5> candidate = {gap < 0 ? -gap : gap, overlaps ? 0 : 1,
                                                       start, end, static_cast<std::int64_t>(j)};
        if (any && best <= candidate) continue;
        any = true;
        best = candidate;
        distance = gap;
      }
      REQUIRE(found.index[i] == (any ? best[4] : -1));
      REQUIRE(found.distance[i] == distance);
    }
  }
}

TEST_CASE("closest takes empty sets and coordinates of 64 bits") {
  const Regions a = of("chr1:5-9");
  CHECK(algebra::closest(a, Regions()).index == std::vector<std::int64_t>{-1});
  CHECK(algebra::closest(Regions(), a).index.empty());
  const RegionSet<std::uint64_t> wide{{"chr1", 9000000000, 9000000001, {}}};
  const RegionSet<std::uint64_t> small{{"chr1", 0, 1, {}}};
  CHECK(algebra::closest(wide, small).distance[0] == -8999999999);
}

// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>
#include <bedtok/algebra/overlaps.hpp>
#include <cstdint>
#include <vector>

#include "catch.hpp"
#include "naive_algebra.hpp"
#include "support.hpp"

using naive::of;
using naive::Regions;
namespace algebra = bedtok::algebra;

TEST_CASE("overlaps are those of a double loop, in the order that is promised", "[differential]") {
  auto random = support::random_source(35);
  for (int left = support::cases(400); left > 0; --left) {
    const Regions a = naive::random_set(random);
    const Regions b = naive::random_set(random);
    const std::uint64_t min_overlap = support::pick(random, 0, 3);
    const double min_fraction = static_cast<double>(support::pick(random, 0, 4)) / 4;
    algebra::Overlaps expected;
    std::vector<std::int64_t> counts;
    std::vector<std::size_t> hit;
    for (std::size_t i = 0; i < a.size(); ++i) {
      const auto from = a.starts()[i];
      const auto to = a.ends()[i];
      counts.push_back(0);
      for (const auto& [start, end, j] : support::overlaps_by_scan(b, a.chrom(i), from, to)) {
        const std::uint64_t shared =
            std::min<std::uint64_t>(to, end) - std::max<std::uint64_t>(from, start);
        if (shared < min_overlap) continue;
        if (static_cast<double>(shared) < min_fraction * static_cast<double>(to - from)) continue;
        expected.left.push_back(static_cast<std::int64_t>(i));
        expected.right.push_back(j);
        ++counts[i];
      }
      if (counts[i] != 0) hit.push_back(i);
    }
    const algebra::Overlaps found = algebra::find_overlaps(a, b, min_overlap, min_fraction);
    REQUIRE(found.left == expected.left);
    REQUIRE(found.right == expected.right);
    REQUIRE(algebra::count_overlaps(a, b, min_overlap, min_fraction) == counts);
    REQUIRE(algebra::subset_by_overlaps(a, b, min_overlap, min_fraction) == a.take(hit));
    const std::vector<bool> any = algebra::any_overlaps(a, b, min_overlap, min_fraction);
    REQUIRE(static_cast<std::size_t>(std::count(any.begin(), any.end(), true)) == hit.size());
    for (const std::size_t i : hit) REQUIRE(any[i]);
  }
}

TEST_CASE("a subset keeps the rest, and a fraction beyond 1 is refused") {
  const Regions a{{"chr1", 0, 5, "first"}, {"chr1", 9, 12, "second"}};
  const Regions b = of("chr1:10-11");
  CHECK(algebra::subset_by_overlaps(a, b).rest().view(0) == "second");
  CHECK(support::message_of<bedtok::ConfigError>([&] { algebra::find_overlaps(a, b, 0, 2.0); }) ==
        "min_fraction is 2.000000, expected a number from 0 to 1");
}

// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/universe/detail/flexible_cutoffs.hpp>
#include <bedtok/universe/flexible.hpp>
#include <vector>

#include "catch.hpp"

using bedtok::universe::Coord;
using bedtok::universe::flexible_regions;
using bedtok::universe::FlexibleIntervals;
using bedtok::universe::Segment;
using bedtok::universe::detail::depth_quantile;
using bedtok::universe::detail::flexible_cutoffs;

TEST_CASE("quantiles are those of numpy") {
  // numpy.quantile([1, 1, 1, 2, 5], q)
  const bedtok::universe::detail::DepthCounts counts = {{1, 3}, {2, 1}, {5, 1}};
  CHECK(depth_quantile(counts, 5, 0) == 1);
  CHECK(depth_quantile(counts, 5, 0.5) == 1);
  CHECK(depth_quantile(counts, 5, 0.75) == 2);
  CHECK(depth_quantile(counts, 5, 0.9) == Approx(3.8));
  CHECK(depth_quantile(counts, 5, 1) == 5);
}

TEST_CASE("cut-offs lie 0.2 quantiles around that of the mean, which is rounded half to even") {
  // Depths 1 to 10, ten bases each.
  std::vector<Segment> coverage;
  for (Coord depth = 1; depth <= 10; ++depth) {
    coverage.push_back({10 * depth, 10 * depth + 10, depth});
  }
  // The bases of depth 4 are ranks 30 to 39 of 100: quantile 0.345.
  for (const double mean : {3.6, 4.0, 4.5}) {
    CHECK(flexible_cutoffs(coverage, mean).region == 2);  // at quantile 0.145, rank 14.355
    CHECK(flexible_cutoffs(coverage, mean).core == 6);    // at quantile 0.545, rank 53.955
  }
  CHECK(flexible_cutoffs(coverage, 3.5).region == 2);  // 4, which is even
  CHECK(flexible_cutoffs(coverage, 2.5).region == 1);  // 2
  // A mean without a base of its depth takes the nearest.
  CHECK(flexible_cutoffs({{0, 10, 1}, {10, 20, 9}}, 20).core == 9);
}

TEST_CASE("regions without a core are left out, and cores far apart split a region") {
  // Cut-offs: regions from depth 1, cores above 2.
  const std::vector<Segment> coverage = {{0, 100, 1},   {100, 120, 3}, {120, 170, 1},
                                         {170, 200, 3}, {200, 240, 1}, {240, 250, 3},
                                         {250, 300, 1}, {400, 480, 1}, {500, 560, 2}};
  const auto cutoffs = flexible_cutoffs(coverage, 1.0);
  REQUIRE(cutoffs.region == 1);
  REQUIRE(cutoffs.core > 0.9);
  REQUIRE(cutoffs.core < 2);
  const FlexibleIntervals found = flexible_regions(coverage, 1.0);
  // Between 120 and 170 the first base of least coverage ends the first region.
  CHECK(found.regions.starts == std::vector<Coord>{0, 121, 500});
  CHECK(found.regions.ends == std::vector<Coord>{121, 300, 560});
  CHECK(found.cores.starts == std::vector<Coord>{100, 170, 500});
  CHECK(found.cores.ends == std::vector<Coord>{120, 250, 560});
}

TEST_CASE("no coverage gives no region") { CHECK(flexible_regions({}, 0).regions.size() == 0); }

// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>
#include <bedtok/algebra/statistics.hpp>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "catch.hpp"
#include "naive_algebra.hpp"
#include "support.hpp"

using bedtok::ChromSizes;
using bedtok::RegionSet;
using naive::of;
using naive::Regions;
namespace algebra = bedtok::algebra;

namespace {

const Regions some = of("chr2:5-9 chr1:20-30 chr1:0-5 chr1:12-12 chr2:0-20 chr3:7-8 chr2:15-18");

}  // namespace

TEST_CASE("lengths and borders of a set and of its chromosomes") {
  CHECK(algebra::widths(some) == std::vector<std::uint32_t>{4, 10, 5, 0, 20, 1, 3});
  CHECK(algebra::nucleotide_length(some) == 43);
  CHECK(algebra::max_end_per_chrom(some) == ChromSizes{{"chr1", 30}, {"chr2", 20}, {"chr3", 8}});
  const auto statistics = algebra::chromosome_statistics(some);
  REQUIRE(statistics.size() == 3);
  CHECK(statistics[0].chromosome == "chr1");
  CHECK(statistics[0].number_of_regions == 3);
  CHECK(statistics[0].start_nucleotide_position == 0);
  CHECK(statistics[0].end_nucleotide_position == 30);
  CHECK(statistics[0].minimum_region_length == 0);
  CHECK(statistics[0].maximum_region_length == 10);
  CHECK(statistics[0].mean_region_length == 5.0);
  CHECK(statistics[0].median_region_length == 5.0);
  CHECK(algebra::chromosome_statistics(of("chr1:0-1 chr1:0-4"))[0].median_region_length == 2.5);
}

TEST_CASE("sums do not overflow the coordinates") {
  constexpr std::uint32_t top = std::numeric_limits<std::uint32_t>::max();
  const Regions large{{"chr1", 0, top, {}}, {"chr1", 0, top, {}}};
  CHECK(algebra::nucleotide_length(large) == 2 * std::uint64_t{top});
  CHECK(algebra::chromosome_statistics(large)[0].median_region_length == 4294967295.0);
}

TEST_CASE("distances between neighbours leave out those that overlap or touch") {
  CHECK(algebra::neighbor_distances(some) == std::vector<std::int64_t>{7, 8, 6});
  CHECK(algebra::neighbor_distances(of("chr1:0-5 chr1:5-6")).empty());
}

TEST_CASE("the nearest neighbour is that of a double loop", "[differential]") {
  auto random = support::random_source(38);
  for (int left = support::cases(200); left > 0; --left) {
    const Regions set = naive::random_set(random).sorted();
    std::vector<std::vector<std::int64_t>> of_chrom(set.chroms().size());
    for (std::size_t i = 0; i < set.size(); ++i) {
      std::int64_t nearest = -1;
      for (std::size_t j = 0; j < set.size(); ++j) {
        if (i == j || set.chrom(i) != set.chrom(j)) continue;
        const std::int64_t between =
            std::max(std::int64_t{set.starts()[i]}, std::int64_t{set.starts()[j]}) -
            std::min(std::int64_t{set.ends()[i]}, std::int64_t{set.ends()[j]});
        const std::int64_t distance = std::max(between, std::int64_t{0});
        nearest = nearest < 0 ? distance : std::min(nearest, distance);
      }
      if (nearest >= 0) of_chrom[set.chrom_ids()[i]].push_back(nearest);
    }
    // Regions that begin together are in no promised order here: chromosomes are compared sorted.
    std::vector<std::int64_t> expected;
    std::vector<std::int64_t> found = algebra::nearest_neighbors(set);
    for (auto& distances : of_chrom)
      expected.insert(expected.end(), distances.begin(), distances.end());
    std::sort(expected.begin(), expected.end());
    std::sort(found.begin(), found.end());
    REQUIRE(found == expected);
  }
}

TEST_CASE("a distribution counts middles by bins of one width") {
  const Regions set = of("chr2:4-6 chr1:0-10 chr1:95-104 chr1:4-6 chrX:1-2 chr2:40-60");
  const auto listed = algebra::distribution(set, 10, {{"chr1", 105}, {"chr2", 48}, {"chr3", 9}});
  CHECK(listed.bins == of("chr1:0-10 chr1:90-105 chr2:0-10"));
  CHECK(listed.counts == std::vector<std::uint64_t>{2, 1, 1});
  CHECK(listed.numbers == std::vector<std::uint64_t>{0, 9, 0});
  const auto own = algebra::distribution(set, 10);
  CHECK(own.bins == of("chr1:0-10 chr1:90-100 chr2:0-10 chr2:50-60 chrX:0-2"));
  CHECK(algebra::distribution(Regions(), 10).counts.empty());
  CHECK(support::message_of<bedtok::Error>([&] { algebra::distribution(set, 0); }) ==
        "n_bins is 0, expected 1 or more");
}

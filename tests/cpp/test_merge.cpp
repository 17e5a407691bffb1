// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>
#include <bedtok/algebra/merge.hpp>
#include <bedtok/detail/region_columns.hpp>
#include <bedtok/detail/sorted_intervals.hpp>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "catch.hpp"
#include "naive_algebra.hpp"
#include "support.hpp"

using bedtok::RegionSet;
using naive::of;
using naive::Regions;
namespace algebra = bedtok::algebra;

namespace {

/// Merges regions one by one with all others until nothing changes any more.
Regions reduced_slowly(const Regions& set, std::uint32_t max_gap) {
  std::vector<bedtok::Region<>> merged(set.begin(), set.end());
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t i = 0; i < merged.size() && !changed; ++i) {
      for (std::size_t j = 0; j < merged.size() && !changed; ++j) {
        if (i == j || merged[i].chrom != merged[j].chrom) continue;
        if (merged[j].start < merged[i].start || merged[j].start > merged[i].end + max_gap)
          continue;
        merged[i].end = std::max(merged[i].end, merged[j].end);
        merged.erase(merged.begin() + static_cast<std::ptrdiff_t>(j));
        changed = true;
      }
    }
  }
  return Regions(merged).sorted();
}

}  // namespace

TEST_CASE("reduce merges regions that overlap, touch or lie within the gap") {
  const Regions set{{"chr2", 5, 9, {}},   {"chr1", 20, 30, {}}, {"chr1", 1, 5, {}},
                    {"chr1", 5, 8, {}},   {"chr1", 2, 3, {}},   {"chr1", 12, 12, {}},
                    {"chr10", 0, 1, "x"}, {"chr1", 20, 22, {}}};
  CHECK(algebra::reduce(set) == of("chr1:1-8 chr1:12-12 chr1:20-30 chr10:0-1 chr2:5-9"));
  CHECK(algebra::reduce(set).rest().empty());
  CHECK(algebra::reduce(set, 4).size() == 4);
  const auto counted = algebra::reduce_with_counts(set, 4);
  CHECK(counted.regions == algebra::reduce(set, 4));
  CHECK(counted.counts == std::vector<std::uint32_t>{4, 2, 1, 1});
  CHECK(algebra::cluster(set, 4) == std::vector<std::uint32_t>{3, 1, 0, 0, 0, 0, 2, 1});
  CHECK(algebra::reduce(Regions()).empty());
  CHECK(algebra::reduce(set, std::numeric_limits<std::uint64_t>::max()).size() == 3);
}

TEST_CASE("reduce takes coordinates of 64 bits and the largest ones") {
  constexpr std::uint64_t top = std::numeric_limits<std::uint64_t>::max();
  const RegionSet<std::uint64_t> set{{"chr1", top - 1, top, {}}, {"chr1", top - 9, top - 4, {}}};
  CHECK(algebra::reduce(set, 2).size() == 2);
  CHECK(algebra::reduce(set, 3) == RegionSet<std::uint64_t>{{"chr1", top - 9, top, {}}});
  CHECK(algebra::disjoin(set).counts == std::vector<std::uint32_t>{1, 1});
}

TEST_CASE("disjoin cuts at every start and end, those of zero-length regions included") {
  const Regions set = of("chr1:0-10 chr1:4-6 chr1:8-8 chr1:10-12");
  const auto pieces = algebra::disjoin(set);
  CHECK(pieces.regions == of("chr1:0-4 chr1:4-6 chr1:6-8 chr1:8-10 chr1:10-12"));
  CHECK(pieces.counts == std::vector<std::uint32_t>{1, 2, 1, 1, 1});
  CHECK(algebra::disjoin(of("chr1:3-3")).regions.empty());
}

TEST_CASE("merging agrees with loops over bases and pairs", "[differential]") {
  auto random = support::random_source(31);
  for (int left = support::cases(400); left > 0; --left) {
    const Regions set = naive::random_set(random);
    const auto gap = static_cast<std::uint32_t>(support::pick(random, 0, 4));
    const auto reduced = algebra::reduce_with_counts(set, gap);
    REQUIRE(reduced.regions == reduced_slowly(set, gap));

    const std::vector<std::uint32_t> clusters = algebra::cluster(set, gap);
    std::vector<std::uint32_t> members(reduced.counts.size(), 0);
    for (std::size_t i = 0; i < set.size(); ++i) {
      const std::uint32_t in = clusters[i];
      ++members.at(in);
      const bool within = reduced.regions.chrom(in) == set.chrom(i) &&
                          reduced.regions.starts()[in] <= set.starts()[i] &&
                          set.ends()[i] <= reduced.regions.ends()[in];
      REQUIRE(within);
    }
    REQUIRE(members == reduced.counts);

    const auto pieces = algebra::disjoin(set);
    std::uint64_t bases = 0;
    for (std::size_t k = 0; k < pieces.regions.size(); ++k) {
      bases += pieces.regions.ends()[k] - pieces.regions.starts()[k];
      for (std::uint32_t at = pieces.regions.starts()[k]; at < pieces.regions.ends()[k]; ++at) {
        const std::string& chrom = pieces.regions.chrom(k);
        REQUIRE(naive::depth(set, chrom, at) == pieces.counts[k]);
        // No border lies within a piece, and every piece ends at one.
        for (std::size_t i = 0; i < set.size(); ++i) {
          const bool within = set.chrom(i) == chrom && at > pieces.regions.starts()[k];
          REQUIRE_FALSE((within && (set.starts()[i] == at || set.ends()[i] == at)));
        }
      }
    }
    REQUIRE(bases == naive::count_where([&](const std::string& chrom, std::uint32_t base) {
              return naive::covers(set, chrom, base);
            }));
    REQUIRE(pieces.regions.is_sorted());
  }
}

TEST_CASE("sorted intervals come by chromosome name, start, end and position", "[differential]") {
  auto random = support::random_source(32);
  for (int left = support::cases(50); left > 0; --left) {
    const Regions set = naive::random_set(random);
    const bedtok::detail::SortedIntervals<std::uint32_t> sorted(set);
    std::vector<std::size_t> order;
    std::vector<bool> seen(set.size(), false);
    for (const auto& chrom : sorted.chroms()) {
      for (std::size_t k = chrom.first; k < chrom.last; ++k) {
        const std::size_t i = sorted.position(k);
        const bool same = set.chrom_ids()[i] == chrom.id && set.starts()[i] == sorted.start(k) &&
                          set.ends()[i] == sorted.end(k) && !seen[i];
        REQUIRE(same);
        seen[i] = true;
        order.push_back(i);
      }
    }
    REQUIRE(order.size() == set.size());
    for (std::size_t k = 1; k < order.size(); ++k) {
      const std::size_t i = order[k - 1];
      const std::size_t j = order[k];
      const int names = set.chrom(i).compare(set.chrom(j));
      const bool later_end =
          set.ends()[i] < set.ends()[j] || (set.ends()[i] == set.ends()[j] && i < j);
      const bool later =
          set.starts()[i] < set.starts()[j] || (set.starts()[i] == set.starts()[j] && later_end);
      const bool ordered = names < 0 || (names == 0 && later);
      REQUIRE(ordered);
    }
  }
}

// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "../chrom_table.hpp"
#include "../detail/region_columns.hpp"
#include "../detail/sorted_intervals.hpp"
#include "../interruption.hpp"
#include "../region_set.hpp"

/// Interval algebra: free functions on region sets. Sets may be unsorted, nested, overlapping or
/// repeated. Results that do not keep the input's regions are sorted by (chromosome name as bytes,
/// start) and carry no payload; chromosomes are the same when their names are the same bytes. Each
/// takes O(n log n) time, O(n) on sorted input, and memory for a few columns of input and output.
namespace bedtok::algebra {

/// A result and how many regions of the input each of its regions stands for.
template <class Coord = std::uint32_t>
struct CountedRegions {
  RegionSet<Coord> regions;           ///< the result
  std::vector<std::uint32_t> counts;  ///< regions of the input, for each region of the result
};

/// Merges regions that overlap or touch, or lie at most `max_gap` base pairs apart. A zero-length
/// region that touches nothing stays.
template <class Coord, class Payload>
RegionSet<Coord> reduce(const RegionSet<Coord, Payload>& regions, std::uint64_t max_gap = 0) {
  const detail::SortedIntervals<Coord> sorted(regions);
  detail::RegionColumns<Coord> merged;
  merged.reserve(sorted.count_clusters(max_gap));
  sorted.for_each_cluster(max_gap, [&](ChromTable::Id chrom, Coord start, Coord end, std::size_t,
                                       std::size_t) { merged.add(chrom, start, end); });
  return std::move(merged).over(regions.chroms());
}

/// `reduce`, and how many regions went into each of the result.
template <class Coord, class Payload>
CountedRegions<Coord> reduce_with_counts(const RegionSet<Coord, Payload>& regions,
                                         std::uint64_t max_gap = 0) {
  const detail::SortedIntervals<Coord> sorted(regions);
  const std::size_t size = sorted.count_clusters(max_gap);
  detail::RegionColumns<Coord> merged;
  std::vector<std::uint32_t> counts;
  merged.reserve(size);
  counts.reserve(size);
  sorted.for_each_cluster(max_gap, [&](ChromTable::Id chrom, Coord start, Coord end,
                                       std::size_t first, std::size_t last) {
    merged.add(chrom, start, end);
    counts.push_back(static_cast<std::uint32_t>(last - first));
  });
  return {std::move(merged).over(regions.chroms()), std::move(counts)};
}

/// For each region, in the set's order, the number of the merged region that it belongs to: its
/// position in `reduce(regions, max_gap)`.
template <class Coord, class Payload>
std::vector<std::uint32_t> cluster(const RegionSet<Coord, Payload>& regions,
                                   std::uint64_t max_gap = 0) {
  const detail::SortedIntervals<Coord> sorted(regions);
  std::vector<std::uint32_t> ids(regions.size());
  std::uint32_t id = 0;
  sorted.for_each_cluster(max_gap,
                          [&](ChromTable::Id, Coord, Coord, std::size_t first, std::size_t last) {
                            for (std::size_t k = first; k < last; ++k) ids[sorted.position(k)] = id;
                            ++id;
                          });
  return ids;
}

/// The smallest pieces: every start and end of a region, zero-length ones included, ends one piece
/// and begins the next. With each the number of regions that cover it, at least 1.
template <class Coord, class Payload>
CountedRegions<Coord> disjoin(const RegionSet<Coord, Payload>& regions) {
  const detail::SortedIntervals<Coord> sorted(regions);
  detail::RegionColumns<Coord> pieces;
  std::vector<std::uint32_t> depths;
  std::vector<Coord> ends;
  for (const auto& chrom : sorted.chroms()) {
    check_interruption();
    ends.clear();
    for (std::size_t k = chrom.first; k < chrom.last; ++k) ends.push_back(sorted.end(k));
    std::sort(ends.begin(), ends.end());
    std::uint32_t depth = 0;
    Coord at = 0;
    std::size_t begun = chrom.first;
    for (std::size_t ended = 0; ended < ends.size();) {
      const bool begins = begun < chrom.last && sorted.start(begun) <= ends[ended];
      const Coord here = begins ? sorted.start(begun) : ends[ended];
      if (depth != 0 && at < here) {
        pieces.add(chrom.id, at, here);
        depths.push_back(depth);
      }
      at = here;
      // Starts come first: a zero-length region begins before it ends.
      for (; begun < chrom.last && sorted.start(begun) == here; ++begun) ++depth;
      for (; ended < ends.size() && ends[ended] == here; ++ended) --depth;
    }
  }
  return {std::move(pieces).over(regions.chroms()), std::move(depths)};
}

}  // namespace bedtok::algebra

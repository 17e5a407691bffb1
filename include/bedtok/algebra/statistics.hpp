// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "../assembly.hpp"
#include "../chrom_table.hpp"
#include "../detail/coordinate_bounds.hpp"
#include "../detail/region_columns.hpp"
#include "../detail/sorted_intervals.hpp"
#include "../error.hpp"
#include "../region_set.hpp"

// What one set looks like. Chromosomes are ordered by name as bytes.
namespace bedtok::algebra {

/// Lengths in base pairs, in the set's order.
template <class Coord, class Payload>
std::vector<Coord> widths(const RegionSet<Coord, Payload>& regions) {
  std::vector<Coord> lengths(regions.size());
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    lengths[i] = static_cast<Coord>(regions.ends()[i] - regions.starts()[i]);
  }
  return lengths;
}

/// The sum of the lengths in base pairs; what several regions cover counts several times.
template <class Coord, class Payload>
std::uint64_t nucleotide_length(const RegionSet<Coord, Payload>& regions) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < regions.size(); ++i) sum += regions.ends()[i] - regions.starts()[i];
  return sum;
}

/// The furthest end on each chromosome that has a region.
template <class Coord, class Payload>
ChromSizes max_end_per_chrom(const RegionSet<Coord, Payload>& regions) {
  constexpr std::uint64_t unused = std::numeric_limits<std::uint64_t>::max();
  std::vector<std::uint64_t> furthest(regions.chroms().size(), unused);
  for (std::size_t i = 0; i < regions.size(); ++i) {
    std::uint64_t& end = furthest[regions.chrom_ids()[i]];
    end = end == unused ? regions.ends()[i] : std::max<std::uint64_t>(end, regions.ends()[i]);
  }
  ChromSizes ends;
  for (ChromTable::Id id = 0; id < furthest.size(); ++id) {
    if (furthest[id] != unused) ends[regions.chroms().name(id)] = furthest[id];
  }
  return ends;
}

/// The regions of one chromosome; lengths and positions in base pairs.
struct ChromosomeStatistics {
  std::string chromosome;                       ///< its name
  std::uint64_t number_of_regions = 0;          ///< regions on it
  std::uint64_t start_nucleotide_position = 0;  ///< the first start
  std::uint64_t end_nucleotide_position = 0;    ///< the furthest end
  std::uint64_t minimum_region_length = 0;      ///< of the shortest
  std::uint64_t maximum_region_length = 0;      ///< of the longest
  double mean_region_length = 0;                ///< sum of the lengths by their number
  double median_region_length = 0;              ///< half are at most as long
};

/// Each chromosome that has a region.
template <class Coord, class Payload>
std::vector<ChromosomeStatistics> chromosome_statistics(const RegionSet<Coord, Payload>& regions) {
  const detail::SortedIntervals<Coord> sorted(regions);
  std::vector<ChromosomeStatistics> all;
  std::vector<Coord> lengths;
  for (const auto& chrom : sorted.chroms()) {
    ChromosomeStatistics one;
    one.chromosome = regions.chroms().name(chrom.id);
    one.number_of_regions = chrom.last - chrom.first;
    one.start_nucleotide_position = sorted.start(chrom.first);
    lengths.clear();
    std::uint64_t sum = 0;
    for (std::size_t k = chrom.first; k < chrom.last; ++k) {
      one.end_nucleotide_position =
          std::max<std::uint64_t>(one.end_nucleotide_position, sorted.end(k));
      lengths.push_back(static_cast<Coord>(sorted.end(k) - sorted.start(k)));
      sum += lengths.back();
    }
    std::sort(lengths.begin(), lengths.end());
    one.minimum_region_length = lengths.front();
    one.maximum_region_length = lengths.back();
    const std::size_t count = lengths.size();
    one.mean_region_length = static_cast<double>(sum) / static_cast<double>(count);
    one.median_region_length =
        (static_cast<double>(lengths[(count - 1) / 2]) + static_cast<double>(lengths[count / 2])) /
        2.0;
    all.push_back(std::move(one));
  }
  return all;
}

/// The gaps in base pairs between neighbours by (start, end) on a chromosome, wherever they neither
/// overlap nor touch.
template <class Coord, class Payload>
std::vector<std::int64_t> neighbor_distances(const RegionSet<Coord, Payload>& regions) {
  const detail::SortedIntervals<Coord> sorted(regions);
  std::vector<std::int64_t> distances;
  for (const auto& chrom : sorted.chroms()) {
    for (std::size_t k = chrom.first + 1; k < chrom.last; ++k) {
      if (sorted.start(k) <= sorted.end(k - 1)) continue;
      distances.push_back(static_cast<std::int64_t>(sorted.start(k) - sorted.end(k - 1)));
    }
  }
  return distances;
}

/// How far each region is from the nearest other one of its chromosome, in base pairs; 0 where they
/// overlap or touch. By (chromosome, start, end); a region that is alone on its chromosome is left
/// out.
template <class Coord, class Payload>
std::vector<std::int64_t> nearest_neighbors(const RegionSet<Coord, Payload>& regions) {
  const detail::SortedIntervals<Coord> sorted(regions);
  std::vector<std::int64_t> nearest;
  const auto gap = [](Coord end, Coord start) {
    return start > end ? static_cast<std::int64_t>(start - end) : std::int64_t{0};
  };
  for (const auto& chrom : sorted.chroms()) {
    if (chrom.last - chrom.first < 2) continue;
    Coord furthest = 0;  // end of the regions before
    for (std::size_t k = chrom.first; k < chrom.last; ++k) {
      std::int64_t distance = std::numeric_limits<std::int64_t>::max();
      if (k > chrom.first) distance = gap(furthest, sorted.start(k));
      if (k + 1 < chrom.last)
        distance = std::min(distance, gap(sorted.end(k), sorted.start(k + 1)));
      nearest.push_back(distance);
      furthest = std::max(furthest, sorted.end(k));
    }
  }
  return nearest;
}

/// How many regions have their middle in each bin of a genome.
template <class Coord = std::uint32_t>
struct Distribution {
  RegionSet<Coord> bins;               ///< those with at least one
  std::vector<std::uint64_t> counts;   ///< regions in each
  std::vector<std::uint64_t> numbers;  ///< of the bin on its chromosome, from 0
};

/// Counts regions by the bin in which their middle, start + length / 2, lies. All bins have one
/// width: that of the longest chromosome by `sizes` divided by `n_bins`, rounded down, at least 1.
/// The last of the `n_bins` reaches to the chromosome's end. Regions of chromosomes that are not
/// listed, or whose middle lies past the end, are left out. Without `sizes` the furthest end of
/// each chromosome is its size, and a last, shorter bin may follow the `n_bins`. Throws Error when
/// `n_bins` is 0.
template <class Coord, class Payload>
Distribution<Coord> distribution(const RegionSet<Coord, Payload>& regions, std::uint64_t n_bins,
                                 const ChromSizes& sizes = {}) {
  if (n_bins == 0) throw Error("n_bins is 0, expected 1 or more");
  const bool listed = !sizes.empty();
  const ChromSizes ends = listed ? sizes : max_end_per_chrom(regions);
  std::uint64_t longest = 0;
  for (const auto& [name, size] : ends) longest = std::max(longest, size);
  const std::uint64_t width = std::max<std::uint64_t>(longest / n_bins, 1);

  const std::vector<ChromTable::Id> rank = regions.chroms().ranks();
  std::vector<std::uint64_t> size_of;
  for (const std::string& name : regions.chroms().names()) {
    const auto size = ends.find(name);
    size_of.push_back(size == ends.end() ? 0 : size->second);
  }
  struct Place {
    ChromTable::Id rank;
    ChromTable::Id chrom;
    std::uint64_t bin;
    bool operator<(const Place& other) const {
      return rank != other.rank ? rank < other.rank : bin < other.bin;
    }
  };
  std::vector<Place> places;
  for (std::size_t i = 0; i < regions.size(); ++i) {
    const ChromTable::Id chrom = regions.chrom_ids()[i];
    const std::uint64_t start = regions.starts()[i];
    const std::uint64_t middle = start + (regions.ends()[i] - start) / 2;
    if (listed && middle >= size_of[chrom]) continue;
    const std::uint64_t bin = middle / width;
    places.push_back({rank[chrom], chrom, listed ? std::min(bin, n_bins - 1) : bin});
  }
  std::sort(places.begin(), places.end());

  Distribution<Coord> result;
  detail::RegionColumns<Coord> bins;
  for (std::size_t k = 0; k < places.size();) {
    const Place& place = places[k];
    const std::size_t first = k;
    while (k < places.size() && !(place < places[k])) ++k;
    const std::uint64_t size = size_of[place.chrom];
    const std::uint64_t start = place.bin * width;
    const bool last = (listed && place.bin == n_bins - 1) || size - start <= width;
    bins.add(place.chrom, static_cast<Coord>(start),
             detail::checked_size<Coord>(regions.chroms().name(place.chrom),
                                         last ? size : start + width));
    result.counts.push_back(k - first);
    result.numbers.push_back(place.bin);
  }
  result.bins = std::move(bins).over(regions.chroms());
  return result;
}

}  // namespace bedtok::algebra

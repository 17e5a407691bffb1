// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "../chrom_table.hpp"
#include "../hit_finder.hpp"
#include "../interruption.hpp"
#include "../mapping_options.hpp"
#include "../overlap_index.hpp"
#include "../region_set.hpp"

// Which regions of `b` overlap those of `a`. What counts as an overlap is what counts as a hit of a
// tokenizer whose vocabulary is `b`: with `min_overlap`, at least so many shared base pairs; with
// `min_fraction`, from 0 to 1, at least that share of the region of `a`. Throws ConfigError for
// another fraction. An index of `b` is made: O(n log n) once, then O(log n + hits) a region of `a`.
namespace bedtok::algebra {

/// Pairs of positions in two sets.
struct Overlaps {
  std::vector<std::int64_t> left;   ///< positions in the first set
  std::vector<std::int64_t> right;  ///< positions in the second set
};

/// Calls `ask(i, finder, chrom, start, end)` for each region of `a`, with a HitFinder of `b` and
/// what to ask it for.
template <class Coord, class PayloadA, class PayloadB, class Ask>
void ask_for_each(const RegionSet<Coord, PayloadA>& a, const RegionSet<Coord, PayloadB>& b,
                  std::uint64_t min_overlap, double min_fraction, Ask&& ask) {
  MappingOptions options;
  options.min_overlap = min_overlap;
  options.min_fraction = min_fraction;
  options.check();
  const OverlapIndex<Coord> index(b);
  const HitFinder<OverlapIndex<Coord>> finder(index, options);
  std::vector<ChromTable::Id> id_in_b;
  for (const std::string& name : a.chroms().names()) id_in_b.push_back(b.chroms().find(name));
  constexpr std::size_t block = std::size_t{1} << 16;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (i % block == 0) check_interruption();
    ask(i, finder, id_in_b[a.chrom_ids()[i]], a.starts()[i], a.ends()[i]);
  }
}

/// Calls `visit(i, j)` for each pair of overlapping regions: i of `a` ascending, and for each of
/// them j of `b` by (start, end, position).
template <class Coord, class PayloadA, class PayloadB, class Visit>
void for_each_overlap(const RegionSet<Coord, PayloadA>& a, const RegionSet<Coord, PayloadB>& b,
                      std::uint64_t min_overlap, double min_fraction, Visit&& visit) {
  ask_for_each(
      a, b, min_overlap, min_fraction,
      [&](std::size_t i, const auto& finder, ChromTable::Id chrom, Coord start, Coord end) {
        finder.find(chrom, start, end,
                    [&](std::uint32_t j) { visit(i, static_cast<std::size_t>(j)); });
      });
}

/// All pairs, in that order.
template <class Coord, class PayloadA, class PayloadB>
Overlaps find_overlaps(const RegionSet<Coord, PayloadA>& a, const RegionSet<Coord, PayloadB>& b,
                       std::uint64_t min_overlap = 0, double min_fraction = 0.0) {
  Overlaps pairs;
  for_each_overlap(a, b, min_overlap, min_fraction, [&](std::size_t i, std::size_t j) {
    pairs.left.push_back(static_cast<std::int64_t>(i));
    pairs.right.push_back(static_cast<std::int64_t>(j));
  });
  return pairs;
}

/// How many regions of `b` each region of `a` overlaps.
template <class Coord, class PayloadA, class PayloadB>
std::vector<std::int64_t> count_overlaps(const RegionSet<Coord, PayloadA>& a,
                                         const RegionSet<Coord, PayloadB>& b,
                                         std::uint64_t min_overlap = 0, double min_fraction = 0.0) {
  std::vector<std::int64_t> counts(a.size(), 0);
  ask_for_each(
      a, b, min_overlap, min_fraction,
      [&](std::size_t i, const auto& finder, ChromTable::Id chrom, Coord start, Coord end) {
        counts[i] = static_cast<std::int64_t>(finder.count(chrom, start, end));
      });
  return counts;
}

/// The regions of `a` that overlap one of `b`, in their order, with their payload.
template <class Coord, class PayloadA, class PayloadB>
RegionSet<Coord, PayloadA> subset_by_overlaps(const RegionSet<Coord, PayloadA>& a,
                                              const RegionSet<Coord, PayloadB>& b,
                                              std::uint64_t min_overlap = 0,
                                              double min_fraction = 0.0) {
  std::vector<std::size_t> kept;
  ask_for_each(
      a, b, min_overlap, min_fraction,
      [&](std::size_t i, const auto& finder, ChromTable::Id chrom, Coord start, Coord end) {
        if (finder.any(chrom, start, end)) kept.push_back(i);
      });
  return a.take(kept);
}

/// Whether each region of `a` overlaps one of `b`.
template <class Coord, class PayloadA, class PayloadB>
std::vector<bool> any_overlaps(const RegionSet<Coord, PayloadA>& a,
                               const RegionSet<Coord, PayloadB>& b, std::uint64_t min_overlap = 0,
                               double min_fraction = 0.0) {
  std::vector<bool> any(a.size(), false);
  ask_for_each(a, b, min_overlap, min_fraction,
               [&](std::size_t i, const auto& finder, ChromTable::Id chrom, Coord start,
                   Coord end) { any[i] = finder.any(chrom, start, end); });
  return any;
}

}  // namespace bedtok::algebra

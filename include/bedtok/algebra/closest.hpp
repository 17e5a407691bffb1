// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "../chrom_table.hpp"
#include "../detail/gallop.hpp"
#include "../detail/sorted_intervals.hpp"
#include "../interruption.hpp"
#include "../region_set.hpp"

namespace bedtok::algebra {

/// For each region the nearest one of another set.
struct Closest {
  std::vector<std::int64_t> index;     ///< its position; -1: its chromosome has none
  std::vector<std::int64_t> distance;  ///< base pairs between them; 0 where index is -1
};

/// The nearest region of `b` to each of `a`, and how many base pairs lie between them: negative
/// where the nearest lies in front (upstream on the forward strand), 0 where the two overlap or
/// touch. One that overlaps comes before one that touches; among several as near, the first by
/// (start, end, position). O((n + m) log m), O(n + m) where both are sorted.
///
/// On the intervals of `b` by (start, end, position) the furthest end so far never decreases. Those
/// before the first one whose furthest end is beyond the query's start have ended: the nearest of
/// them is the first that reached their furthest end. That first one itself either begins before
/// the query's end, and is the first that overlaps, or is the nearest behind.
template <class Coord, class PayloadA, class PayloadB>
Closest closest(const RegionSet<Coord, PayloadA>& a, const RegionSet<Coord, PayloadB>& b) {
  const detail::SortedIntervals<Coord> sorted(b);
  std::vector<Coord> furthest(b.size());
  struct Range {
    std::size_t first = 0;
    std::size_t last = 0;
  };
  std::vector<Range> range_of(a.chroms().size());
  for (const auto& chrom : sorted.chroms()) {
    Coord end = 0;
    for (std::size_t k = chrom.first; k < chrom.last; ++k) {
      furthest[k] = end = std::max(end, sorted.end(k));
    }
    const ChromTable::Id id = a.chroms().find(b.chroms().name(chrom.id));
    if (id != ChromTable::none) range_of[id] = {chrom.first, chrom.last};
  }
  const auto bases = [](Coord from, Coord to) {
    constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
    return static_cast<std::int64_t>(std::min<std::uint64_t>(to - from, most));
  };

  Closest nearest{std::vector<std::int64_t>(a.size(), -1), std::vector<std::int64_t>(a.size(), 0)};
  std::size_t hint = 0;
  constexpr std::size_t block = std::size_t{1} << 16;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (i % block == 0) check_interruption();
    const Range& range = range_of[a.chrom_ids()[i]];
    if (range.first == range.last) continue;
    const Coord start = a.starts()[i];
    const Coord end = a.ends()[i];
    std::size_t k = detail::first_above(furthest, range.first, range.last, start, hint);
    hint = k;
    const bool behind = k < range.last;
    if (behind && sorted.start(k) < end) {
      nearest.index[i] = static_cast<std::int64_t>(sorted.position(k));
      continue;
    }
    const bool before = k > range.first;
    std::int64_t distance = behind ? bases(end, sorted.start(k)) : 0;
    if (before && (!behind || bases(furthest[k - 1], start) <= distance)) {
      const Coord last_end = furthest[k - 1];
      distance = -bases(last_end, start);
      k = last_end == 0 ? range.first
                        : detail::first_above(furthest, range.first, range.last,
                                              static_cast<Coord>(last_end - 1), k - 1);
    }
    nearest.index[i] = static_cast<std::int64_t>(sorted.position(k));
    nearest.distance[i] = distance;
  }
  return nearest;
}

}  // namespace bedtok::algebra

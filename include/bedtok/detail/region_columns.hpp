// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "../chrom_table.hpp"
#include "../region_set.hpp"

namespace bedtok::detail {

/// The columns of a result that is made interval by interval. Only legal intervals may be added.
template <class Coord>
class RegionColumns {
 public:
  void reserve(std::size_t n) {
    chrom_ids_.reserve(n);
    starts_.reserve(n);
    ends_.reserve(n);
  }

  void add(ChromTable::Id chrom, Coord start, Coord end) {
    chrom_ids_.push_back(chrom);
    starts_.push_back(start);
    ends_.push_back(end);
  }

  /// The intervals as a set whose chromosome ids are those of `chroms`.
  RegionSet<Coord> over(ChromTable chroms) && {
    return RegionSet<Coord>::from_checked_columns(std::move(chroms), std::move(chrom_ids_),
                                                  std::move(starts_), std::move(ends_));
  }

 private:
  std::vector<ChromTable::Id> chrom_ids_;
  std::vector<Coord> starts_;
  std::vector<Coord> ends_;
};

/// The regions of a set with other coordinates: `move(i, chrom, start, end)` changes those of
/// region i. Order, payload and header stay.
template <class Coord, class Payload, class Move>
RegionSet<Coord, Payload> with_coordinates(const RegionSet<Coord, Payload>& regions, Move&& move) {
  std::vector<Coord> starts = regions.starts();
  std::vector<Coord> ends = regions.ends();
  for (std::size_t i = 0; i < starts.size(); ++i) {
    move(i, regions.chrom_ids()[i], starts[i], ends[i]);
  }
  return RegionSet<Coord, Payload>::from_checked_columns(regions.chroms(), regions.chrom_ids(),
                                                         std::move(starts), std::move(ends),
                                                         regions.rest(), regions.header());
}

}  // namespace bedtok::detail

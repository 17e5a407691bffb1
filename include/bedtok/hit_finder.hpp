// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "chrom_table.hpp"
#include "mapping_options.hpp"

namespace bedtok {

/// Finds the vocabulary regions that an interval maps to, by the mapping options.
template <class Index>
class HitFinder {
 public:
  /// The coordinates of the index.
  using Coord = typename Index::coord_type;

  /// Both must outlive the finder.
  HitFinder(const Index& index, const MappingOptions& options) : index_(index), options_(options) {}

  /// Calls `add(id)` for each, by (start, end, id). `chrom` is the vocabulary's; ChromTable::none
  /// has none.
  template <class Add>
  void find(ChromTable::Id chrom, Coord start, Coord end, Add&& add) const {
    if (chrom == ChromTable::none) return;
    if (options_.every_overlap()) {
      index_.find(chrom, start, end, [&](std::uint32_t id, Coord, Coord) { add(id); });
      return;
    }
    std::uint32_t best = 0;
    Coord best_shared = 0;
    bool found = false;
    index_.find(chrom, start, end, [&](std::uint32_t id, Coord v_start, Coord v_end) {
      if (!counts(start, end, v_start, v_end)) return;
      const Coord shared = shared_by(start, end, v_start, v_end);
      if (!options_.best_overlap) {
        add(id);
      } else if (!found || shared > best_shared) {
        best = id;
        best_shared = shared;
        found = true;
      }
    });
    if (found) add(best);
  }

  /// Whether there is one. Looks no further than the first; the index must have `any_of`.
  bool any(ChromTable::Id chrom, Coord start, Coord end) const {
    if (chrom == ChromTable::none) return false;
    if (options_.every_overlap()) {
      return index_.any_of(chrom, start, end, [](std::uint32_t, Coord, Coord) { return true; });
    }
    return index_.any_of(chrom, start, end, [&](std::uint32_t, Coord v_start, Coord v_end) {
      return counts(start, end, v_start, v_end);
    });
  }

  /// How many there are; the index must have `count`.
  std::size_t count(ChromTable::Id chrom, Coord start, Coord end) const {
    if (chrom != ChromTable::none && options_.every_overlap()) {
      return index_.count(chrom, start, end);
    }
    std::size_t hits = 0;
    find(chrom, start, end, [&hits](std::uint32_t) { ++hits; });
    return hits;
  }

 private:
  static Coord shared_by(Coord start, Coord end, Coord v_start, Coord v_end) {
    return static_cast<Coord>(std::min(end, v_end) - std::max(start, v_start));
  }

  /// Whether an overlap is large enough.
  bool counts(Coord start, Coord end, Coord v_start, Coord v_end) const {
    const Coord shared = shared_by(start, end, v_start, v_end);
    return shared >= options_.min_overlap && covered(shared, end - start, v_end - v_start);
  }

  bool covered(Coord shared, Coord query, Coord vocabulary) const {
    const auto enough = [&](Coord width) {
      return static_cast<double>(shared) >= options_.min_fraction * static_cast<double>(width);
    };
    switch (options_.fraction_of) {
      case FractionOf::query:
        return enough(query);
      case FractionOf::vocabulary:
        return enough(vocabulary);
      case FractionOf::either:
        return enough(query) || enough(vocabulary);
    }
    return false;
  }

  const Index& index_;
  const MappingOptions& options_;
};

}  // namespace bedtok

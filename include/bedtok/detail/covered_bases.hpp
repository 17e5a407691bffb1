// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "../chrom_table.hpp"
#include "../interruption.hpp"
#include "../region_set.hpp"
#include "sorted_intervals.hpp"

namespace bedtok::detail {

/// The base pairs that a set covers, as disjoint intervals that do not touch, by (chromosome name
/// as bytes, start). Zero-length regions cover none.
template <class Coord>
class CoveredBases {
 public:
  /// The intervals [first, last) of one chromosome.
  struct Chrom {
    ChromTable::Id id = ChromTable::none;
    std::size_t first = 0;
    std::size_t last = 0;
  };

  template <class Payload>
  explicit CoveredBases(const RegionSet<Coord, Payload>& regions) {
    const SortedIntervals<Coord> sorted(regions);
    const std::size_t most = sorted.count_clusters(0);
    starts.reserve(most);
    ends.reserve(most);
    sorted.for_each_cluster(
        0, [&](ChromTable::Id chrom, Coord start, Coord end, std::size_t, std::size_t) {
          if (start == end) return;
          if (chroms_.empty() || chroms_.back().id != chrom) {
            chroms_.push_back({chrom, starts.size(), starts.size()});
          }
          starts.push_back(start);
          ends.push_back(end);
          chroms_.back().last = starts.size();
        });
  }

  /// Chromosomes with at least one interval, by name as bytes.
  const std::vector<Chrom>& chroms() const noexcept { return chroms_; }

  /// The intervals on each chromosome of `other`, by its id there; `own` is the table of the set.
  std::vector<Chrom> chroms_of(const ChromTable& other, const ChromTable& own) const {
    std::vector<Chrom> found(other.size());
    for (const Chrom& chrom : chroms_) {
      const ChromTable::Id id = other.find(own.name(chrom.id));
      if (id != ChromTable::none) found[id] = chrom;
    }
    return found;
  }

  /// How many base pairs.
  std::uint64_t count() const noexcept {
    std::uint64_t sum = 0;
    for (std::size_t k = 0; k < starts.size(); ++k) sum += ends[k] - starts[k];
    return sum;
  }

  std::vector<Coord> starts;
  std::vector<Coord> ends;

 private:
  std::vector<Chrom> chroms_;
};

/// Calls `emit(chrom, start, end)` for each interval that both cover, by (chromosome name as bytes,
/// start); `chrom` is an id of `chroms_a`.
template <class Coord, class Emit>
void for_each_common(const CoveredBases<Coord>& a, const ChromTable& chroms_a,
                     const CoveredBases<Coord>& b, const ChromTable& chroms_b, Emit&& emit) {
  const auto in_b = b.chroms_of(chroms_a, chroms_b);
  for (const auto& chrom : a.chroms()) {
    check_interruption();
    std::size_t i = chrom.first;
    std::size_t j = in_b[chrom.id].first;
    while (i < chrom.last && j < in_b[chrom.id].last) {
      const Coord start = std::max(a.starts[i], b.starts[j]);
      const Coord end = std::min(a.ends[i], b.ends[j]);
      if (start < end) emit(chrom.id, start, end);
      if (a.ends[i] < b.ends[j]) {
        ++i;
      } else {
        ++j;
      }
    }
  }
}

}  // namespace bedtok::detail

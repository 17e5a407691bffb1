// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "../array.hpp"
#include "../chrom_table.hpp"
#include "../error.hpp"
#include "../interruption.hpp"
#include "../region_set.hpp"
#include "interval_order.hpp"

namespace bedtok::detail {

/// The intervals of a set by (chromosome name as bytes, start, end, position), for sweeps. A set in
/// that order is read in place and must outlive this; any other costs 12 bytes a region.
template <class Coord>
class SortedIntervals {
 public:
  /// The intervals [first, last) of one chromosome, which has at least one.
  struct Chrom {
    ChromTable::Id id;
    std::size_t first;
    std::size_t last;
  };

  template <class Payload>
  explicit SortedIntervals(const RegionSet<Coord, Payload>& regions)
      : starts_(regions.starts().data()), ends_(regions.ends().data()), size_(regions.size()) {
    if (size_ >= std::numeric_limits<std::uint32_t>::max()) {
      throw Error("interval algebra takes fewer than 2^32 - 1 regions, got " +
                  std::to_string(size_));
    }
    check_interruption();
    const Array<ChromTable::Id>& ids = regions.chrom_ids();
    const std::vector<ChromTable::Id> rank = regions.chroms().ranks();
    find_chroms(ids, rank);
    if (std::is_sorted(rank.begin(), rank.end())) {
      order_ = interval_order(ids, rank.size(), regions.starts(), regions.ends());
    } else {
      std::vector<ChromTable::Id> group(size_);
      for (std::size_t i = 0; i < size_; ++i) group[i] = rank[ids[i]];
      order_ = interval_order(group, rank.size(), regions.starts(), regions.ends());
    }
    if (!order_.empty()) gather();
  }
  SortedIntervals(const SortedIntervals&) = delete;
  SortedIntervals& operator=(const SortedIntervals&) = delete;

  std::size_t size() const noexcept { return size_; }
  /// By name as bytes.
  const std::vector<Chrom>& chroms() const noexcept { return chroms_; }
  Coord start(std::size_t k) const noexcept { return starts_[k]; }
  Coord end(std::size_t k) const noexcept { return ends_[k]; }
  /// The position in the set of the k-th interval.
  std::size_t position(std::size_t k) const noexcept { return order_.empty() ? k : order_[k]; }

  /// Calls `emit(chrom, start, end, first, last)` for each run [first, last) of intervals between
  /// which no gap is wider than `max_gap` base pairs; [start, end) spans it. Touching intervals
  /// have a gap of 0.
  template <class Emit>
  void for_each_cluster(std::uint64_t max_gap, Emit&& emit) const {
    for (const Chrom& chrom : chroms_) {
      check_interruption();
      for (std::size_t k = chrom.first; k < chrom.last;) {
        const std::size_t first = k;
        const Coord start = starts_[k];
        Coord end = ends_[k];
        for (++k; k < chrom.last && (starts_[k] <= end || starts_[k] - end <= max_gap); ++k) {
          end = std::max(end, ends_[k]);
        }
        emit(chrom.id, start, end, first, k);
      }
    }
  }

  /// How many runs those are.
  std::size_t count_clusters(std::uint64_t max_gap) const {
    std::size_t count = 0;
    for_each_cluster(max_gap,
                     [&](ChromTable::Id, Coord, Coord, std::size_t, std::size_t) { ++count; });
    return count;
  }

 private:
  void find_chroms(const Array<ChromTable::Id>& ids, const std::vector<ChromTable::Id>& rank) {
    std::vector<std::size_t> count(rank.size(), 0);
    for (const ChromTable::Id id : ids) ++count[id];
    std::vector<ChromTable::Id> by_name(rank.size());
    for (ChromTable::Id id = 0; id < rank.size(); ++id) by_name[rank[id]] = id;
    std::size_t first = 0;
    for (const ChromTable::Id id : by_name) {
      if (count[id] != 0) chroms_.push_back({id, first, first + count[id]});
      first += count[id];
    }
  }

  void gather() {
    own_starts_.resize(size_);
    own_ends_.resize(size_);
    for (std::size_t k = 0; k < size_; ++k) {
      own_starts_[k] = starts_[order_[k]];
      own_ends_[k] = ends_[order_[k]];
    }
    starts_ = own_starts_.data();
    ends_ = own_ends_.data();
  }

  const Coord* starts_;
  const Coord* ends_;
  std::size_t size_;
  std::vector<Chrom> chroms_;
  std::vector<std::uint32_t> order_;  // empty: the set's own
  std::vector<Coord> own_starts_;
  std::vector<Coord> own_ends_;
};

}  // namespace bedtok::detail

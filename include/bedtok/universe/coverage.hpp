// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <queue>
#include <vector>

#include "sample.hpp"

namespace bedtok::universe {

/// A stretch of bases [start, end) that the same number of samples cover.
struct Segment {
  Coord start;          ///< first base
  Coord end;            ///< one past the last base
  std::uint32_t depth;  ///< samples that cover it

  friend bool operator==(const Segment& a, const Segment& b) noexcept {
    return a.start == b.start && a.end == b.end && a.depth == b.depth;
  }
};

/// Turns borders of intervals, in the order of their positions, into segments: the longest
/// stretches of one depth, without those of depth 0. Calls `emit(Segment)` for each in order.
///
///     intervals     |-----------|
///                         |-----------|     |---|
///     border       +1    +1    -1    -1    +1  -1
///     segments     [  1  ][ 2  ][  1  ]     [ 1 ]
template <class Emit>
class SegmentWriter {
 public:
  /// Calls `emit(segment)`, which must outlive it.
  explicit SegmentWriter(Emit& emit) : emit_(emit) {}

  /// `change` of the depth at `position`, which is not below that of the last call.
  void add(Coord position, std::int64_t change) {
    if (position != position_) close();
    position_ = position;
    depth_ += change;
  }

  /// After the last border.
  void close() {
    if (depth_ == depth_before_) return;
    if (depth_before_ > 0) {
      emit_(Segment{since_, position_, static_cast<std::uint32_t>(depth_before_)});
    }
    since_ = position_;
    depth_before_ = depth_;
  }

 private:
  Emit& emit_;
  Coord position_ = 0;  // of the borders that are being added
  std::int64_t depth_ = 0;
  Coord since_ = 0;  // where the stretch before them begins
  std::int64_t depth_before_ = 0;
};

/// Calls `emit(Segment)` for the coverage by intervals whose starts and ends are given, each column
/// ordered by itself. O(n).
template <class Emit>
void sweep(const std::vector<Coord>& starts, const std::vector<Coord>& ends, Emit&& emit) {
  SegmentWriter<Emit> writer(emit);
  std::size_t started = 0;
  for (std::size_t ended = 0; ended < ends.size();) {
    if (started < starts.size() && starts[started] <= ends[ended]) {
      writer.add(starts[started++], 1);
    } else {
      writer.add(ends[ended++], -1);
    }
  }
  writer.close();
}

/// The same for borders in one column, (position << 1 | whether an interval ends there), in order.
/// Positions are below 2^31. There is nothing to compare, and so nothing to mispredict.
template <class Emit>
void sweep_borders(const std::vector<std::uint32_t>& borders, Emit&& emit) {
  SegmentWriter<Emit> writer(emit);
  for (const std::uint32_t border : borders) {
    writer.add(border >> 1, 1 - 2 * static_cast<std::int64_t>(border & 1));
  }
  writer.close();
}

/// The same for intervals that come one by one, ordered by start. Memory: the intervals that are
/// open at the same time.
template <class Emit>
class StreamSweep {
 public:
  /// Calls `emit(segment)`, which must outlive it.
  explicit StreamSweep(Emit& emit) : writer_(emit) {}

  /// Adds an interval, which starts at or behind the last one's start.
  void add(Coord start, Coord end) {
    end_before(start);
    writer_.add(start, 1);
    open_.push(end);
  }
  /// Ends the last segments.
  void finish() {
    while (!open_.empty()) end_next();
    writer_.close();
  }

 private:
  void end_before(Coord position) {
    while (!open_.empty() && open_.top() < position) end_next();
  }
  void end_next() {
    writer_.add(open_.top(), -1);
    open_.pop();
  }

  SegmentWriter<Emit> writer_;
  std::priority_queue<Coord, std::vector<Coord>, std::greater<Coord>> open_;  // ends
};

/// Regions of one chromosome as columns.
struct Intervals {
  std::vector<Coord> starts;  ///< first bases
  std::vector<Coord> ends;    ///< one past the last bases

  /// Number of regions.
  std::size_t size() const noexcept { return starts.size(); }
  /// Appends a region.
  void push_back(Coord start, Coord end) {
    starts.push_back(start);
    ends.push_back(end);
  }
};

/// Collects the bases of depth `least` or more as regions, which are joined where the gap between
/// them is at most `max_gap` base pairs.
class RegionCollector {
 public:
  /// Takes segments of `least` samples or more, and joins them over `max_gap` base pairs.
  RegionCollector(std::uint32_t least, Coord max_gap) : least_(least), max_gap_(max_gap) {}

  /// Adds a segment; they come ordered by start.
  void operator()(const Segment& segment) {
    if (segment.depth < least_) return;
    if (regions.size() != 0 && segment.start - regions.ends.back() <= max_gap_) {
      regions.ends.back() = segment.end;
    } else {
      regions.push_back(segment.start, segment.end);
    }
  }

  Intervals regions;  ///< what was collected

 private:
  std::uint32_t least_;
  Coord max_gap_;
};

/// Counts for each region the samples that overlap it. Regions are ordered by start and disjoint;
/// the intervals of a sample come ordered by start.
class SupportCounter {
 public:
  /// `regions` must outlive the counter.
  explicit SupportCounter(const Intervals& regions) : counts(regions.size(), 0), regions_(regions) {
    if (regions.size() == 0) return;
    // About two buckets a region, so that the region of a position is one or two steps away.
    const Coord last = regions.ends.back();
    while ((last >> shift_) / 2 > regions.size()) ++shift_;
    first_.reserve((last >> shift_) + 1);
    std::uint32_t at = 0;
    for (std::uint64_t start = 0; start <= last; start += std::uint64_t{1} << shift_) {
      while (at < regions.size() && regions.ends[at] <= start) ++at;
      first_.push_back(at);
    }
  }

  /// Adds an interval of a sample; `next` is 0 before the sample's first.
  void add(std::size_t& next, Coord start, Coord end) {
    const std::size_t bucket = start >> shift_;
    if (bucket >= first_.size()) return;
    std::size_t at = first_[bucket];
    while (at < regions_.size() && regions_.ends[at] <= start) ++at;
    for (at = std::max(at, next); at < regions_.size() && regions_.starts[at] < end; ++at) {
      ++counts[at];
      next = at + 1;
    }
  }

  std::vector<std::uint32_t> counts;  ///< samples, for each region

 private:
  const Intervals& regions_;
  unsigned shift_ = 0;
  std::vector<std::uint32_t> first_;  // region that ends behind the begin of each bucket
};

}  // namespace bedtok::universe

// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "array.hpp"
#include "chrom_table.hpp"
#include "detail/interval_order.hpp"
#include "error.hpp"
#include "region.hpp"
#include "region_set.hpp"

namespace bedtok {

/// Finds the regions of a set that overlap an interval. Immutable; queries may come from many
/// threads. A region's id is its position in the set, which may be unsorted, nested,
/// overlapping or repeated.
///
/// How it works. Each chromosome's intervals are ordered by (start, end, id):
///
///     interval      0     1    2        3      4
///               |--a--| |-b-| |----c---| |-d-| |-e-|
///     bucket    [0]------[1]------[2]------[3]------      of 2^shift base pairs
///
///  1. The furthest end up to an interval (its running maximum) never decreases along that order,
///     so the first interval that can overlap a query is the first whose running maximum lies
///     beyond the query's start: what comes before has ended.
///  2. `bucket[start >> shift]` says where to begin looking for it. shift makes buckets about as
///     many as intervals, so that it is one or two steps away; where a bucket holds many intervals,
///     a binary search inside the bucket takes over.
///  3. From there intervals follow by start until one begins at or past the query's end.
///  4. Where intervals are disjoint their ends are the running maximum and every step is a hit. A
///     very long interval holds the running maximum up and would make step 3 walk over many that
///     ended long ago. On chromosomes where that happens the same array is read as a balanced tree
///     instead, each node with the furthest end of its subtree: O(log n + hits) for any query.
///
/// After bedtools' bins (fixed sizes, many lists) and the augmented array of cgranges; what differs
/// is one bucket size a chromosome, taken from its density, and the order of the hits.
template <class Coord = std::uint32_t>
class OverlapIndex {
 public:
  /// The type of a coordinate.
  using coord_type = Coord;

  /// Builds the index; a region's id is its position. O(n log n) time, O(n) memory. Throws
  /// VocabularyError for 2^32 regions or more.
  template <class Payload>
  explicit OverlapIndex(const RegionSet<Coord, Payload>& regions) {
    if (regions.size() >= std::numeric_limits<std::uint32_t>::max() - regions.chroms().size()) {
      throw VocabularyError("an overlap index holds fewer than 2^32 regions, got " +
                            std::to_string(regions.size()));
    }
    build(regions.chroms().size(), regions.chrom_ids(), regions.starts(), regions.ends());
  }

  /// The layout of the arrays in a saved index: counted up with every change of them or of what
  /// they mean, so that an index of another layout is not used.
  static constexpr std::uint32_t layout = 1;

  /// Calls `visit(array)` for each array that makes up the index, in a fixed order. Their elements
  /// are plain numbers, or structures of them without padding.
  template <class Visit>
  void for_each_array(Visit&& visit) const {
    each_array(*this, visit);
  }

  /// The index whose arrays `fill(array)` sets, in the order of `for_each_array`. None where they
  /// cannot be those of an index of `regions` regions on `chroms` chromosomes: queries would read
  /// outside of them, or give ids of no region. O(regions).
  template <class Fill>
  static std::optional<OverlapIndex> from_arrays(std::size_t regions, std::size_t chroms,
                                                 Fill&& fill) {
    OverlapIndex index;
    each_array(index, fill);
    if (!index.is_within(regions, chroms)) return std::nullopt;
    return index;
  }

  /// Calls `visit(id, start, end)` for every region of `chrom` that overlaps [start, end), ordered
  /// by (start, end, id). A chromosome without regions, ChromTable::none included, has none.
  template <class Visit>
  void find(ChromTable::Id chrom, Coord start, Coord end, Visit&& visit) const {
    const Chrom& c = chrom_at(chrom);
    if (start >= c.max_end) return;
    if (compact_.empty()) {
      find_in(intervals_, c, start, end, visit);
    } else {
      find_in(compact_, c, start, end, visit);
    }
  }

  /// The ids of all that `find` visits for each query in turn, handed over in blocks by
  /// `append(first, last)`. Query i is [starts[i], ends[i]) on chrom_of[chrom_ids[i]]. This is the
  /// fast path: queries go through the index in groups, so that the memory of one is on its way
  /// while another is looked at. Returns how many of the queries overlap a region.
  template <class Append>
  std::size_t find_all(const std::vector<ChromTable::Id>& chrom_of,
                       const std::vector<ChromTable::Id>& chrom_ids,
                       const std::vector<Coord>& starts, const std::vector<Coord>& ends,
                       std::size_t first, std::size_t last, Append&& append) const {
    if (compact_.empty()) {
      return find_all_in(intervals_, chrom_of, chrom_ids, starts, ends, first, last, append);
    }
    return find_all_in(compact_, chrom_of, chrom_ids, starts, ends, first, last, append);
  }

 private:
  /// Of a set whose ends never decrease and whose order is that of the ids: more is not needed.
  struct CompactInterval {
    Coord start;
    Coord end;
    Coord furthest_end() const noexcept { return end; }
    std::uint32_t id(std::size_t at, std::size_t id_offset) const noexcept {
      return static_cast<std::uint32_t>(at - id_offset);
    }
  };
  struct Interval {
    Coord start;
    Coord end;
    Coord furthest;  // running maximum of the ends, or that of the subtree
    Coord id_;       // of the type of the others, so that there is no padding
    Coord furthest_end() const noexcept { return furthest; }
    std::uint32_t id(std::size_t, std::size_t) const noexcept {
      return static_cast<std::uint32_t>(id_);
    }
  };

  struct Chrom {
    std::uint32_t first = 0;  // intervals [first, last), then one that is past every coordinate
    std::uint32_t last = 0;
    std::uint32_t bucket = 0;     // first bucket; one more follows the last
    std::uint32_t id_offset = 0;  // place of an interval minus its id, for CompactInterval
    Coord max_end = 0;
    std::uint32_t shift = 0;
    std::uint32_t tree = 0;  // 1: a balanced tree, without buckets
  };

  // Buckets with more intervals than this are searched by binary search.
  static constexpr std::uint32_t long_bucket = 12;
  // A chromosome becomes a tree when a query would walk over this many ended intervals: on average
  // where intervals start, as queries do that resemble them; on average over all positions; at the
  // worst place.
  static constexpr std::uint64_t wasted_on_average = 4;
  static constexpr std::uint64_t wasted_anywhere = 32;
  static constexpr std::uint64_t wasted_at_worst = 512;

  OverlapIndex() = default;  // until `from_arrays` has filled it

  template <class Self, class Visit>
  static void each_array(Self& self, Visit&& visit) {
    visit(self.chroms_);
    visit(self.compact_);
    visit(self.intervals_);
    visit(self.buckets_);
  }

  /// Whether no query can leave the arrays or give an id of no region, whatever else they hold.
  bool is_within(std::size_t regions, std::size_t chroms) const {
    const bool compact = !compact_.empty();
    if (chroms_.size() != chroms + 1 || (compact && !intervals_.empty())) return false;
    if ((compact ? compact_.size() : intervals_.size()) != regions + chroms) return false;
    if (chroms_.back().max_end != 0) return false;
    if (buckets_.size() > std::numeric_limits<std::uint32_t>::max()) return false;
    std::size_t place = 0;
    for (std::size_t c = 0; c < chroms; ++c) {
      const Chrom& chrom = chroms_[c];
      // As the places of all chromosomes follow one another, they end at that of the last array.
      if (chrom.first != place || chrom.last < chrom.first || chrom.last >= regions + chroms) {
        return false;
      }
      place = std::size_t{chrom.last} + 1;
      if (compact ? !is_within(compact_, chrom, c) : !is_within(intervals_, chrom, c)) return false;
    }
    if (place != regions + chroms) return false;
    Coord largest = 0;
    for (const Interval& interval : intervals_) largest = std::max(largest, interval.id_);
    return largest < regions;
  }

  template <class Entry>
  bool is_within(const Array<Entry>& intervals, const Chrom& chrom, std::size_t number) const {
    constexpr Coord beyond = std::numeric_limits<Coord>::max();
    const Entry& last = intervals[chrom.last];  // which stops every search
    if (last.start != beyond || last.furthest_end() != beyond) return false;
    const bool compact = intervals_.empty();
    if (compact && (chrom.id_offset != number || chrom.tree != 0)) return false;
    if (chrom.max_end == 0 || chrom.tree != 0) return true;
    if (chrom.shift >= 8 * sizeof(Coord)) return false;
    const std::uint64_t buckets =
        (static_cast<std::uint64_t>(chrom.max_end - 1) >> chrom.shift) + 2;
    if (chrom.bucket > buckets_.size() || buckets > buckets_.size() - chrom.bucket) return false;
    const std::uint32_t* const bucket = buckets_.data() + chrom.bucket;
    std::uint32_t decreases = 0;  // without a branch, so that compilers take several at a time
    for (std::uint64_t b = 1; b < buckets; ++b) decreases |= bucket[b] < bucket[b - 1] ? 1u : 0u;
    return decreases == 0 && bucket[0] >= chrom.first && bucket[buckets - 1] <= chrom.last;
  }

  const Chrom& chrom_at(ChromTable::Id chrom) const noexcept {
    return chroms_[std::min<std::size_t>(chrom, chroms_.size() - 1)];
  }

  void build(std::size_t chroms, const Array<ChromTable::Id>& chrom_ids, const Array<Coord>& starts,
             const Array<Coord>& ends) {
    const std::vector<std::uint32_t> order =
        detail::interval_order(chrom_ids, chroms, starts, ends);
    const auto at = [&](std::size_t i) { return order.empty() ? i : order[i]; };
    const std::size_t n = starts.size();

    chroms_.resize(chroms + 1);  // the last one is empty: it answers for unknown chromosomes
    bool compact = order.empty();
    for (std::size_t i = 0; i < n; ++i) {
      Chrom& chrom = chroms_[chrom_ids[at(i)]];
      compact = compact && ends[at(i)] >= chrom.max_end;
      chrom.max_end = std::max(chrom.max_end, ends[at(i)]);
      ++chrom.last;  // counts for now
    }
    std::uint32_t place = 0;
    for (std::size_t c = 0; c < chroms; ++c) {
      const std::uint32_t count = chroms_[c].last;
      chroms_[c].first = place;
      chroms_[c].last = place + count;
      chroms_[c].id_offset = static_cast<std::uint32_t>(c);
      place += count + 1;
    }
    if (compact) {
      compact_.reserve(n + chroms);
    } else {
      intervals_.reserve(n + chroms);
    }

    constexpr Coord beyond = std::numeric_limits<Coord>::max();
    std::size_t next = 0;
    for (std::size_t c = 0; c < chroms; ++c) {
      Coord furthest = 0;
      for (std::uint32_t k = chroms_[c].first; k < chroms_[c].last; ++k, ++next) {
        const std::size_t i = at(next);
        furthest = std::max(furthest, ends[i]);
        if (compact) {
          compact_.push_back({starts[i], ends[i]});
        } else {
          intervals_.push_back({starts[i], ends[i], furthest, static_cast<Coord>(i)});
        }
      }
      if (compact) {
        compact_.push_back({beyond, beyond});
        add_buckets(compact_, chroms_[c]);
      } else {
        intervals_.push_back({beyond, beyond, beyond, 0});
        choose_layout(chroms_[c]);
      }
    }
  }

  /// Counts the intervals that step 3 would walk over though they have ended: all that ended, less
  /// those before the first live one. That number changes only where an interval starts or ends.
  void choose_layout(Chrom& chrom) {
    std::vector<Coord> ends;
    ends.reserve(chrom.last - chrom.first);
    for (std::uint32_t k = chrom.first; k < chrom.last; ++k) ends.push_back(intervals_[k].end);
    std::sort(ends.begin(), ends.end());
    std::uint64_t total = 0;  // of queries at the starts
    double area = 0;          // of queries at every position
    std::uint64_t worst = 0;
    std::uint32_t next = chrom.first;
    std::uint32_t live = chrom.first;
    std::size_t ended = 0;
    std::uint64_t wasted = 0;
    Coord at = 0;
    // The last end is the furthest one: no query behind it looks at anything.
    while (ended < ends.size()) {
      const Coord here = std::min(intervals_[next].start, ends[ended]);
      area += static_cast<double>(wasted) * static_cast<double>(here - at);
      at = here;
      while (ended < ends.size() && ends[ended] <= here) ++ended;
      while (live < chrom.last && intervals_[live].furthest <= here) ++live;
      wasted = ended - (live - chrom.first);
      worst = std::max(worst, wasted);
      for (; next < chrom.last && intervals_[next].start == here; ++next) total += wasted;
    }
    const std::uint64_t count = chrom.last - chrom.first;
    const bool tree =
        worst > wasted_at_worst || total > wasted_on_average * count ||
        area > static_cast<double>(wasted_anywhere) * static_cast<double>(chrom.max_end);
    chrom.tree = tree ? 1 : 0;
    if (tree) {
      furthest_of(chrom.first, chrom.last);
    } else {
      add_buckets(intervals_, chrom);
    }
  }

  /// The tree's node of [low, high) is its middle. Depth is log2 of the size, so recursion is safe.
  Coord furthest_of(std::uint32_t low, std::uint32_t high) {
    if (low == high) return 0;
    const std::uint32_t middle = low + (high - low) / 2;
    const Coord below = std::max(furthest_of(low, middle), furthest_of(middle + 1, high));
    return intervals_[middle].furthest = std::max(intervals_[middle].end, below);
  }

  /// At most two buckets an interval, however sparse or odd the chromosome is.
  template <class Entry>
  void add_buckets(const Array<Entry>& intervals, Chrom& chrom) {
    const std::uint64_t count = chrom.last - chrom.first;
    while ((static_cast<std::uint64_t>(chrom.max_end) >> chrom.shift) > 2 * count) ++chrom.shift;
    chrom.bucket = static_cast<std::uint32_t>(buckets_.size());
    const std::uint64_t buckets = (static_cast<std::uint64_t>(chrom.max_end) >> chrom.shift) + 1;
    std::uint32_t k = chrom.first;
    for (std::uint64_t b = 0; b < buckets; ++b) {
      const std::uint64_t bucket_start = b << chrom.shift;
      while (k < chrom.last && intervals[k].furthest_end() <= bucket_start) ++k;
      buckets_.push_back(k);
    }
    buckets_.push_back(chrom.last);
  }

  /// The first interval whose furthest end lies beyond `start`, given start < max_end.
  template <class Entry>
  const Entry* first_live(const Entry* intervals, const std::uint32_t* bucket,
                          Coord start) const noexcept {
    const Entry* at = intervals + bucket[0];
    if (bucket[1] - bucket[0] > long_bucket) {
      return std::partition_point(at, intervals + bucket[1], [start](const Entry& interval) {
        return interval.furthest_end() <= start;
      });
    }
    // Two steps without a branch take most queries there; the interval past the last one stops the
    // loop.
    at += at->furthest_end() <= start ? 1 : 0;
    at += at->furthest_end() <= start ? 1 : 0;
    while (at->furthest_end() <= start) ++at;
    return at;
  }

  template <class Entry, class Visit>
  void find_in(const Array<Entry>& intervals, const Chrom& chrom, Coord start, Coord end,
               Visit& visit) const {
    const Entry* base = intervals.data();
    if (chrom.tree != 0) {
      find_in_tree(base, chrom.first, chrom.last, start, end, visit);
      return;
    }
    const Entry* at = first_live(base, &buckets_[chrom.bucket + (start >> chrom.shift)], start);
    for (; at->start < end; ++at) {
      if (at->end > start) {
        visit(at->id(static_cast<std::size_t>(at - base), chrom.id_offset), at->start, at->end);
      }
    }
  }

  template <class Entry, class Visit>
  void find_in_tree(const Entry* base, std::uint32_t low, std::uint32_t high, Coord start,
                    Coord end, Visit& visit) const {
    while (low < high) {
      const std::uint32_t middle = low + (high - low) / 2;
      if (base[middle].furthest_end() <= start) return;
      find_in_tree(base, low, middle, start, end, visit);
      if (base[middle].start >= end) return;
      if (base[middle].end > start) {
        visit(base[middle].id(middle, 0), base[middle].start, base[middle].end);
      }
      low = middle + 1;
    }
  }

  template <class Entry, class Append>
  std::size_t find_all_in(const Array<Entry>& intervals,
                          const std::vector<ChromTable::Id>& chrom_of,
                          const std::vector<ChromTable::Id>& chrom_ids,
                          const std::vector<Coord>& starts, const std::vector<Coord>& ends,
                          std::size_t first, std::size_t last, Append& append) const {
    constexpr std::size_t group = 32;
    constexpr std::size_t room = 1024;
    const Chrom* chrom[group];
    const std::uint32_t* bucket[group];
    std::uint32_t found[room];
    std::size_t count = 0;
    std::size_t hits = 0;
    const Entry* base = intervals.data();

    const auto emit = [&](std::uint32_t id) {
      if (count == room) {
        append(found, found + count);
        count = 0;
      }
      found[count++] = id;
    };

    for (std::size_t i = first; i < last; i += group) {
      const std::size_t n = std::min(group, last - i);
      for (std::size_t k = 0; k < n; ++k) {
        const Chrom& c = chrom_at(chrom_of[chrom_ids[i + k]]);
        const Coord start = starts[i + k];
        chrom[k] = start < c.max_end ? &c : nullptr;
        bucket[k] = nullptr;
        if (chrom[k] != nullptr && c.tree == 0) {
          bucket[k] = &buckets_[c.bucket + (start >> c.shift)];
          prefetch(bucket[k]);
        }
      }
      for (std::size_t k = 0; k < n; ++k) {
        if (bucket[k] != nullptr) prefetch(base + *bucket[k]);
      }
      if (count + group > room) {
        append(found, found + count);
        count = 0;
      }
      for (std::size_t k = 0; k < n; ++k) {
        if (chrom[k] == nullptr) continue;
        const Chrom& c = *chrom[k];
        const Coord start = starts[i + k];
        const Coord end = ends[i + k];
        if (c.tree != 0) {
          bool any = false;
          const auto visit = [&](std::uint32_t id, Coord, Coord) {
            any = true;
            emit(id);
          };
          find_in_tree(base, c.first, c.last, start, end, visit);
          if (any) ++hits;
          continue;
        }
        const Entry* at = first_live(base, bucket[k], start);
        // The first one is written always and kept when it overlaps: whether it does is what no
        // branch predictor can know. There is room, as each query of the group takes one place here
        // and further ones ask for theirs.
        if (count == room) {
          append(found, found + count);
          count = 0;
        }
        found[count] = at->id(static_cast<std::size_t>(at - base), c.id_offset);
        // Its end lies beyond the query's start; where it begins too late, so do all after it.
        const std::size_t hit = at->start < end ? 1 : 0;
        count += hit;
        hits += hit;
        for (at += hit; at->start < end; ++at) {
          if (at->end > start) emit(at->id(static_cast<std::size_t>(at - base), c.id_offset));
        }
      }
    }
    append(found, found + count);
    return hits;
  }

  static void prefetch(const void* address) noexcept {
#if defined(__GNUC__)
    __builtin_prefetch(address);
#else
    (void)address;
#endif
  }

  Array<Chrom> chroms_;
  Array<CompactInterval> compact_;  // one of the two is used
  Array<Interval> intervals_;
  Array<std::uint32_t> buckets_;
};

}  // namespace bedtok

// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "array.hpp"
#include "chrom_table.hpp"
#include "detail/hot_code.hpp"
#include "detail/id_block.hpp"
#include "detail/index_bounds.hpp"
#include "detail/index_builder.hpp"
#include "detail/index_parts.hpp"
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
///     behind the query's start: what comes before has ended. It is also the first whose own end
///     does.
///  2. `bucket[start >> shift]` says where to begin looking for it. shift makes buckets about as
///     many as intervals, so that it is one or two steps away; where a bucket holds many intervals,
///     a binary search inside the bucket takes over.
///  3. From there intervals follow by start until one begins at or behind the query's end. Where
///     intervals are disjoint all of them are hits, and a wide query looks their end up by its
///     bucket. Otherwise those that have ended are passed over.
///  4. A very long interval, or intervals nested in each other, would make step 3 pass over many.
///     On chromosomes where that happens, checkpoints list what is live at their position, close
///     enough that a query reads the list of one and the intervals that start behind it: O(1 +
///     hits) for any query, and O(n) memory. Buckets then lead to checkpoints.
///
/// An interval takes 8 bytes, its bucket at most 4; ids are stored where the regions are not in the
/// order above, 4 bytes each; lists take up to 8 bytes an interval, usually, of deep chromosomes.
///
/// After the bins of bedtools and the checkpoints of timeline indexes; what differs is one bucket
/// size a chromosome, taken from its density, and the order of the hits.
template <class Coord = std::uint32_t>
class OverlapIndex {
 public:
  /// The type of a coordinate.
  using coord_type = Coord;

  /// Builds the index; a region's id is its position. O(n log n) time, O(n) memory. Throws
  /// VocabularyError for 2^32 regions or more.
  template <class Payload>
  explicit OverlapIndex(const RegionSet<Coord, Payload>& regions) {
    if (regions.size() >= std::numeric_limits<std::uint32_t>::max() - 3 * regions.chroms().size()) {
      throw VocabularyError("an overlap index holds fewer than 2^32 regions, got " +
                            std::to_string(regions.size()));
    }
    detail::IndexArrays<Coord> arrays = detail::IndexBuilder<Coord>().build(
        regions.chroms().size(), regions.chrom_ids(), regions.starts(), regions.ends());
    chroms_ = std::move(arrays.chroms);
    spans_ = std::move(arrays.spans);
    ids_ = std::move(arrays.ids);
    buckets_ = std::move(arrays.buckets);
    checkpoints_ = std::move(arrays.checkpoints);
    carried_ = std::move(arrays.carried);
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
    const detail::IndexBounds<Coord> bounds{index.chroms_,  index.spans_,       index.ids_,
                                            index.buckets_, index.checkpoints_, index.carried_};
    if (!bounds.hold(regions, chroms)) return std::nullopt;
    return index;
  }

  /// Calls `visit(id, start, end)` for every region of `chrom` that overlaps [start, end), ordered
  /// by (start, end, id). A chromosome without regions, ChromTable::none included, has none.
  template <class Visit>
  void find(ChromTable::Id chrom, Coord start, Coord end, Visit&& visit) const {
    const Chrom& c = chrom_at(chrom);
    walk(c, start, end, [&](std::uint32_t place) {
      visit(id_at(c, place), spans_[place].start, spans_[place].end);
      return false;
    });
  }

  /// Whether `predicate(id, start, end)` holds for a region of `chrom` that overlaps [start, end).
  /// Asks in the order of `find`, and no further than the first for which it does.
  template <class Predicate>
  bool any_of(ChromTable::Id chrom, Coord start, Coord end, Predicate&& predicate) const {
    const Chrom& c = chrom_at(chrom);
    return walk(c, start, end, [&](std::uint32_t place) {
      return predicate(id_at(c, place), spans_[place].start, spans_[place].end);
    });
  }

  /// How many regions of `chrom` overlap [start, end).
  std::size_t count(ChromTable::Id chrom, Coord start, Coord end) const {
    const Chrom& c = chrom_at(chrom);
    if (start >= c.max_end) return 0;
    std::size_t hits = 0;
    const Span* at;
    if (c.layout == Layout::deep) {
      const Checkpoint* const checkpoint = checkpoint_before(bucket_of(c, start), start);
      for (std::uint64_t i = checkpoint[0].carried; i < checkpoint[1].carried; ++i) {
        hits += carried_[i].end > start ? 1 : 0;
      }
      at = spans_.data() + checkpoint->place;
    } else {
      at = first_live(c, bucket_of(c, start), start);
    }
    if (c.layout == Layout::disjoint) {
      return at->start < end ? static_cast<std::size_t>(first_behind(c, at, start, end) - at) : 0;
    }
    for (; at->start < end; ++at) hits += at->end > start ? 1 : 0;
    return hits;
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
    const auto find = ids_.empty() ? &OverlapIndex::find_all_in<true, Append>
                                   : &OverlapIndex::find_all_in<false, Append>;
    return (this->*find)(chrom_of.data(), chrom_ids.data() + first, starts.data() + first,
                         ends.data() + first, last - first, append);
  }

 private:
  using Span = detail::Span<Coord>;
  using Chrom = detail::IndexedChrom<Coord>;
  using Layout = detail::IndexLayout;
  using Checkpoint = detail::Checkpoint<Coord>;
  using Carried = detail::Carried<Coord>;

  // Buckets with more entries than this are searched by binary search.
  static constexpr std::uint32_t long_bucket = 12;
  // A query that is so many buckets wide looks its end up, too.
  static constexpr Coord wide = 8;

  OverlapIndex() = default;  // until `from_arrays` has filled it

  template <class Self, class Visit>
  static void each_array(Self& self, Visit&& visit) {
    visit(self.chroms_);
    visit(self.spans_);
    visit(self.ids_);
    visit(self.buckets_);
    visit(self.checkpoints_);
    visit(self.carried_);
  }

  const Chrom& chrom_at(ChromTable::Id chrom) const noexcept {
    return chroms_[std::min<std::size_t>(chrom, chroms_.size() - 1)];
  }

  const std::uint32_t* bucket_of(const Chrom& chrom, Coord start) const noexcept {
    return buckets_.data() + chrom.bucket + static_cast<std::size_t>(start >> chrom.shift);
  }

  /// The id of the interval at a place.
  std::uint32_t id_at(const Chrom& chrom, std::uint32_t place) const noexcept {
    return ids_.empty() ? place - chrom.id_offset : ids_[place];
  }

  /// The first interval that ends behind `start`, given that there is one. The interval past the
  /// last one stops the search.
  const Span* first_live(const Chrom& chrom, const std::uint32_t* bucket,
                         Coord start) const noexcept {
    const Span* at = spans_.data() + bucket[0];
    // Two steps without a branch take most queries there.
    at += at->end <= start ? 1 : 0;
    at += at->end <= start ? 1 : 0;
    if (at->end <= start) {
      if (chrom.layout == Layout::disjoint && bucket[1] - bucket[0] > long_bucket) {
        return std::partition_point(at, spans_.data() + bucket[1],
                                    [start](const Span& span) { return span.end <= start; });
      }
      while (at->end <= start) ++at;
    }
    return at;
  }

  /// Of a disjoint chromosome, the first interval that starts at `end` or behind; `from` starts
  /// before.
  const Span* first_behind(const Chrom& chrom, const Span* from, Coord start,
                           Coord end) const noexcept {
    const Span* const spans = spans_.data();
    const Span* at = from;
    if (end >= chrom.max_end) {
      at = spans + chrom.last;
    } else if ((end >> chrom.shift) - (start >> chrom.shift) > wide) {
      at = std::max(from, spans + *bucket_of(chrom, end));
    }
    while (at != from && at[-1].start >= end) --at;  // of length zero
    while (at->start < end) ++at;
    return at;
  }

  /// The last checkpoint at or before `start`.
  const Checkpoint* checkpoint_before(const std::uint32_t* bucket, Coord start) const noexcept {
    const Checkpoint* at = checkpoints_.data() + bucket[0];
    if (bucket[1] - bucket[0] > long_bucket) {
      const Checkpoint* const last = checkpoints_.data() + bucket[1] + 1;
      return std::partition_point(at, last,
                                  [start](const Checkpoint& c) { return c.at <= start; }) -
             1;
    }
    while (at[1].at <= start) ++at;
    return at;
  }

  /// Calls `visit(place)` for each interval that overlaps, in order, until it returns true. Returns
  /// whether it did.
  template <class Visit>
  bool walk(const Chrom& chrom, Coord start, Coord end, Visit&& visit) const {
    if (start >= chrom.max_end) return false;
    const std::uint32_t* const bucket = bucket_of(chrom, start);
    const Span* const spans = spans_.data();
    const Span* at;
    if (chrom.layout == Layout::deep) {
      const Checkpoint* const checkpoint = checkpoint_before(bucket, start);
      for (std::uint64_t i = checkpoint[0].carried; i < checkpoint[1].carried; ++i) {
        if (carried_[i].end > start && visit(static_cast<std::uint32_t>(carried_[i].place)))
          return true;
      }
      at = spans + checkpoint->place;
    } else {
      at = first_live(chrom, bucket, start);
    }
    for (; at->start < end; ++at) {
      if (at->end > start && visit(static_cast<std::uint32_t>(at - spans))) return true;
    }
    return false;
  }

  template <bool implicit_ids, class Append>
  std::size_t find_all_in(const ChromTable::Id* chrom_of, const ChromTable::Id* chrom_ids,
                          const Coord* starts, const Coord* ends, std::size_t size,
                          Append& append) const {
    constexpr std::size_t group = 32;
    detail::IdBlock<Append> block(append);
    std::size_t hits = 0;
    const Span* const spans = spans_.data();
    const std::uint32_t* const ids = ids_.data();

    // Adds what overlaps query `i`, whose bucket is known.
    const auto answer = [&](const Chrom& c, const std::uint32_t* bucket,
                            std::size_t i) BEDTOK_ALWAYS_INLINE {
      const Coord start = starts[i];
      const Coord end = ends[i];
      const auto id_at = [&c, ids](std::size_t place) {
        (void)ids;
        return implicit_ids ? static_cast<std::uint32_t>(place) - c.id_offset : ids[place];
      };
      if (c.layout == Layout::deep) {
        hits += add_listed(c, bucket, start, end, group, id_at, block) ? 1 : 0;
        return;
      }
      const Span* const at = first_live(c, bucket, start);
      // Its end lies behind the query's start; where it begins too late, so do all after it.
      const bool hit = at->start < end;
      block.add(id_at(static_cast<std::size_t>(at - spans)), hit);
      hits += hit ? 1 : 0;
      if (at[1].start < end) add_rest(c, at + 1, start, end, group, id_at, block);
    };

    for (std::size_t first = 0; first < size; first += group) {
      const std::size_t last = first + std::min(group, size - first);
      block.make_room(group);
      if (are_near(chrom_of, chrom_ids, starts, first, last)) {
        const Chrom& c = chrom_at(chrom_of[chrom_ids[first]]);
        const std::uint32_t* const buckets = buckets_.data() + c.bucket;
        for (std::size_t i = first; i < last; ++i) {
          if (starts[i] < c.max_end) answer(c, buckets + (starts[i] >> c.shift), i);
        }
        continue;
      }
      // The memory of all is asked for before that of one is looked at.
      const Chrom* chrom[group];
      const std::uint32_t* bucket[group];
      std::size_t query[group];
      std::size_t n = 0;
      for (std::size_t i = first; i < last; ++i) {
        const Chrom& c = chrom_at(chrom_of[chrom_ids[i]]);
        if (starts[i] >= c.max_end) continue;
        chrom[n] = &c;
        bucket[n] = bucket_of(c, starts[i]);
        query[n] = i;
        detail::prefetch(bucket[n++]);
      }
      bool deep = false;
      for (std::size_t k = 0; k < n; ++k) {
        if (chrom[k]->layout == Layout::deep) {
          deep = true;
          detail::prefetch(checkpoints_.data() + *bucket[k]);
        } else {
          detail::prefetch(spans + *bucket[k]);
          // What a query reads often reaches into the next cache line.
          detail::prefetch(spans + std::min<std::size_t>(*bucket[k] + 3, spans_.size() - 1));
          if (!implicit_ids) detail::prefetch(ids + *bucket[k]);
        }
      }
      if (deep) prefetch_lists(chrom, bucket, n);
      for (std::size_t k = 0; k < n; ++k) answer(*chrom[k], bucket[k], query[k]);
    }
    block.flush();
    return hits;
  }

  /// Whether queries [first, last) lie on one chromosome and likely side by side, as in a sorted
  /// input: the processor then fetches their memory on its own.
  bool are_near(const ChromTable::Id* chrom_of, const ChromTable::Id* chrom_ids,
                const Coord* starts, std::size_t first, std::size_t last) const noexcept {
    ChromTable::Id others = 0;
    for (std::size_t i = first; i < last; ++i) others |= chrom_ids[i] ^ chrom_ids[first];
    const Coord low = std::min(starts[first], starts[last - 1]);
    const Coord high = std::max(starts[first], starts[last - 1]);
    return others == 0 && (high - low) >> chrom_at(chrom_of[chrom_ids[first]]).shift < 1024;
  }

  /// Adds what overlaps a query from `at` on, which starts before the query's end.
  template <class IdAt, class Block>
  BEDTOK_NEVER_INLINE bool add_rest(const Chrom& chrom, const Span* at, Coord start, Coord end,
                                    std::size_t spare, IdAt& id_at, Block& block) const {
    const auto place = static_cast<std::size_t>(at - spans_.data());
    const auto id = [&](std::size_t i) { return id_at(place + i); };
    if (chrom.layout == Layout::disjoint) {
      const auto count = static_cast<std::size_t>(first_behind(chrom, at, start, end) - at);
      return block.add_hits(count, spare, id, [](std::size_t) { return true; });
    }
    std::size_t count = 1;
    while (at[count].start < end) ++count;
    return block.add_hits(count, spare, id, [&](std::size_t i) { return at[i].end > start; });
  }

  /// Adds what overlaps a query on a deep chromosome. Returns whether anything does.
  template <class IdAt, class Block>
  BEDTOK_NEVER_INLINE bool add_listed(const Chrom& chrom, const std::uint32_t* bucket, Coord start,
                                      Coord end, std::size_t spare, IdAt& id_at,
                                      Block& block) const {
    const Checkpoint* const checkpoint = checkpoint_before(bucket, start);
    const Carried* const list = carried_.data() + checkpoint[0].carried;
    const auto count = static_cast<std::size_t>(checkpoint[1].carried - checkpoint[0].carried);
    const bool any = block.add_hits(
        count, spare, [&](std::size_t i) { return id_at(list[i].place); },
        [&](std::size_t i) { return list[i].end > start; });
    const Span* const at = spans_.data() + checkpoint->place;
    return (at->start < end && add_rest(chrom, at, start, end, spare, id_at, block)) || any;
  }

  void prefetch_lists(const Chrom* const* chrom, const std::uint32_t* const* bucket,
                      std::size_t count) const noexcept {
    for (std::size_t k = 0; k < count; ++k) {
      if (chrom[k]->layout != Layout::deep) continue;
      const Checkpoint& checkpoint = checkpoints_[*bucket[k]];
      detail::prefetch(carried_.data() + checkpoint.carried);
      detail::prefetch(spans_.data() + checkpoint.place);
    }
  }

  // As in detail::IndexArrays.
  Array<Chrom> chroms_;
  Array<Span> spans_;
  Array<std::uint32_t> ids_;
  Array<std::uint32_t> buckets_;
  Array<Checkpoint> checkpoints_;
  Array<Carried> carried_;
};

}  // namespace bedtok

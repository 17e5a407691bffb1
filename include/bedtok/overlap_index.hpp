// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "chrom_table.hpp"
#include "detail/checkpoints.hpp"
#include "detail/hot_code.hpp"
#include "detail/id_block.hpp"
#include "detail/index_parts.hpp"
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

  /// Calls `visit(id, start, end)` for every region of `chrom` that overlaps [start, end), ordered
  /// by (start, end, id). A chromosome without regions, ChromTable::none included, has none.
  template <class Visit>
  void find(ChromTable::Id chrom, Coord start, Coord end, Visit&& visit) const {
    const Chrom& c = chrom_at(chrom);
    walk(chrom, start, end, [&](std::uint32_t place) {
      visit(id_at(c, place), spans_[place].start, spans_[place].end);
      return false;
    });
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

  // A chromosome is deep when a query would look at this many intervals that start before it: on
  // average where intervals start, as queries do that resemble them; on average over all positions;
  // at the worst place.
  static constexpr std::uint64_t looked_at_on_average = 32;
  static constexpr std::uint64_t looked_at_anywhere = 64;
  static constexpr std::uint64_t looked_at_at_worst = 1024;
  // Buckets with more entries than this are searched by binary search.
  static constexpr std::uint32_t long_bucket = 12;
  // A query that is so many buckets wide looks its end up, too.
  static constexpr Coord wide = 8;
  static constexpr std::uint32_t widest = std::numeric_limits<Coord>::digits - 1;

  const Chrom& chrom_at(ChromTable::Id chrom) const noexcept {
    return chroms_[std::min<std::size_t>(chrom, chroms_.size() - 1)];
  }

  // ---- The build

  void build(std::size_t chroms, const std::vector<ChromTable::Id>& chrom_ids,
             const std::vector<Coord>& starts, const std::vector<Coord>& ends) {
    count(chroms, chrom_ids);
    if (detail::are_ordered(chrom_ids, starts, ends)) {
      fill(ends, false, [&](std::size_t k) { return Placed{starts[k], k}; });
    } else if constexpr (sizeof(Coord) == 4) {
      using Order = detail::StartOrder;
      const Order order = detail::order_by_start_and_end(
          [&](std::size_t i) { return chrom_ids[i]; }, chroms, starts, ends);
      fill(ends, true, [&](std::size_t k) {
        return Placed{Order::start(order.words[k]), Order::position(order.words[k])};
      });
    } else {
      const auto order = detail::interval_order(chrom_ids, chroms, starts, ends);
      fill(ends, true, [&](std::size_t k) { return Placed{starts[order[k]], order[k]}; });
    }
    std::size_t buckets = 0;
    for (std::size_t c = 0; c < chroms; ++c) {
      chroms_[c].bucket = static_cast<std::uint32_t>(buckets);
      buckets += choose_width(chroms_[c]) + 1;
    }
    buckets_.resize(buckets);
    for (std::size_t c = 0; c < chroms; ++c) {
      Chrom& chrom = chroms_[c];
      add_buckets(chrom);
      if (chrom.layout == Layout::shallow && is_deep(chrom)) deepen(chrom);
    }
    if (!checkpoints_.empty()) close_gaps();
  }

  void count(std::size_t chroms, const std::vector<ChromTable::Id>& chrom_ids) {
    chroms_.resize(chroms + 1);  // the last one is empty: it answers for unknown chromosomes
    for (std::size_t i = 0; i < chrom_ids.size();) {
      const std::size_t first = i;
      while (i < chrom_ids.size() && chrom_ids[i] == chrom_ids[first]) ++i;
      chroms_[chrom_ids[first]].last += static_cast<std::uint32_t>(i - first);
    }
    std::uint32_t place = 0;
    for (std::size_t c = 0; c < chroms; ++c) {
      const std::uint32_t count = chroms_[c].last;
      chroms_[c].first = place;
      chroms_[c].last = place + count;
      chroms_[c].id_offset = static_cast<std::uint32_t>(c);
      place += count + 1;
    }
  }

  struct Placed {
    Coord start;
    std::size_t id;
  };

  /// Fills the arrays by place; `at(k)` is the k-th interval in order.
  template <class At>
  void fill(const std::vector<Coord>& ends, bool with_ids, At&& at) {
    constexpr Coord beyond = std::numeric_limits<Coord>::max();
    const std::size_t places = ends.size() + chroms_.size() - 1;
    spans_.resize(places);
    if (with_ids) ids_.resize(places);
    std::size_t next = 0;
    for (Chrom& chrom : chroms_) {
      if (&chrom == &chroms_.back()) break;
      const std::size_t count = chrom.last - chrom.first;
      Span* const spans = spans_.data() + chrom.first;
      std::uint32_t* const ids = ids_.data() + chrom.first;
      Coord furthest = 0;
      bool ascending = true;
      for (std::size_t k = 0; k < count; ++k) {
        const Placed placed = at(next + k);
        const Coord end = ends[placed.id];
        ascending &= end >= furthest;
        furthest = std::max(furthest, end);
        spans[k] = {placed.start, end};
        if (with_ids) ids[k] = static_cast<std::uint32_t>(placed.id);
      }
      spans[count] = {beyond, beyond};
      next += count;
      chrom.max_end = furthest;
      chrom.layout = ascending ? Layout::disjoint : Layout::shallow;
    }
  }

  /// At most one bucket an interval, however sparse or odd the chromosome is. Returns how many.
  static std::size_t choose_width(Chrom& chrom) {
    if (chrom.max_end == 0) return 0;
    const std::uint64_t count = chrom.last - chrom.first;
    const auto last = static_cast<std::uint64_t>(chrom.max_end - 1);
    while ((last >> chrom.shift) >= count && chrom.shift < widest) ++chrom.shift;
    return static_cast<std::size_t>(last >> chrom.shift) + 1;
  }

  std::size_t buckets_of(const Chrom& chrom) const {
    return chrom.max_end == 0 ? 0
                              : static_cast<std::size_t>((chrom.max_end - 1) >> chrom.shift) + 1;
  }

  /// Each bucket gets the first interval that ends behind its start, or has one before it that
  /// does: those that ended are counted, then summed up.
  void add_buckets(const Chrom& chrom) {
    const std::size_t count = buckets_of(chrom);
    std::uint32_t* const bucket = buckets_.data() + chrom.bucket;
    const Coord inside = static_cast<Coord>((Coord{1} << chrom.shift) - 1);
    Coord furthest = 0;
    const std::uint32_t shift = chrom.shift;
    for (const Span *at = spans_.data() + chrom.first, *last = spans_.data() + chrom.last;
         at != last; ++at) {
      furthest = std::max(furthest, at->end);
      ++bucket[static_cast<std::size_t>(furthest >> shift) + ((furthest & inside) != 0 ? 1 : 0)];
    }
    std::uint32_t place = chrom.first;
    for (std::size_t b = 0; b <= count; ++b) bucket[b] = place += bucket[b];
  }

  /// Whether queries would look at too many intervals between the one that their bucket names and
  /// the first that starts behind them.
  bool is_deep(const Chrom& chrom) const {
    const std::uint32_t* const bucket = buckets_.data() + chrom.bucket;
    std::uint64_t total = 0;
    double area = 0;
    const std::uint64_t count = chrom.last - chrom.first;
    Coord before = 0;
    for (std::uint32_t k = chrom.first; k < chrom.last && before < chrom.max_end; ++k) {
      const std::uint32_t from = bucket[before >> chrom.shift];
      const std::uint64_t looked_at = k - std::min(k, from);
      total += looked_at;
      if (looked_at > looked_at_at_worst || total > looked_at_on_average * count) return true;
      area += static_cast<double>(looked_at) * static_cast<double>(spans_[k].start - before);
      before = spans_[k].start;
    }
    const std::uint64_t behind = chrom.last - bucket[before >> chrom.shift];
    area += static_cast<double>(behind) * static_cast<double>(chrom.max_end - before);
    return behind > looked_at_at_worst ||
           area > static_cast<double>(looked_at_anywhere) * static_cast<double>(chrom.max_end);
  }

  /// Lists what is live at checkpoints. Buckets then lead to the last checkpoint at or before their
  /// start. There are fewer of them than before, so they find room where the others were.
  void deepen(Chrom& chrom) {
    const std::size_t first = checkpoints_.size();
    detail::CheckpointBuilder<Coord>(spans_, checkpoints_, carried_)
        .add(chrom.first, chrom.last, chrom.max_end);
    const std::uint64_t count = checkpoints_.size() - first;
    chrom.layout = Layout::deep;
    const auto last = static_cast<std::uint64_t>(chrom.max_end - 1);
    while ((last >> chrom.shift) >= count && chrom.shift < widest) ++chrom.shift;
    std::size_t at = first;
    const std::size_t buckets = buckets_of(chrom);
    for (std::size_t b = 0; b < buckets; ++b) {
      const std::uint64_t start = static_cast<std::uint64_t>(b) << chrom.shift;
      while (checkpoints_[at + 1].at <= start) ++at;
      buckets_[chrom.bucket + b] = static_cast<std::uint32_t>(at);
    }
    buckets_[chrom.bucket + buckets] = static_cast<std::uint32_t>(checkpoints_.size() - 1);
  }

  /// Buckets that deep chromosomes left unused go away.
  void close_gaps() {
    std::size_t to = 0;
    for (Chrom& chrom : chroms_) {
      const std::size_t count = &chrom == &chroms_.back() ? 0 : buckets_of(chrom) + 1;
      std::copy_n(buckets_.begin() + chrom.bucket, count,
                  buckets_.begin() + static_cast<std::ptrdiff_t>(to));
      chrom.bucket = static_cast<std::uint32_t>(to);
      to += count;
    }
    buckets_.resize(to);
    buckets_.shrink_to_fit();
    checkpoints_.shrink_to_fit();
    carried_.shrink_to_fit();
  }

  // ---- Queries

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

  /// Of a disjoint chromosome, the first interval that starts at `end` or behind; `at` starts
  /// before.
  const Span* first_behind(const Chrom& chrom, const Span* at, Coord start,
                           Coord end) const noexcept {
    const Span* const spans = spans_.data();
    if (end >= chrom.max_end) {
      at = spans + chrom.last;
      while (at[-1].start >= end) --at;  // of length zero
    } else if ((end >> chrom.shift) - (start >> chrom.shift) > wide) {
      at = std::max(at, spans + *bucket_of(chrom, end));
      while (at[-1].start >= end) --at;
    }
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
  bool walk(ChromTable::Id id, Coord start, Coord end, Visit&& visit) const {
    const Chrom& chrom = chrom_at(id);
    if (start >= chrom.max_end) return false;
    const std::uint32_t* const bucket = bucket_of(chrom, start);
    const Span* const spans = spans_.data();
    const Span* at;
    if (chrom.layout == Layout::deep) {
      const Checkpoint* const checkpoint = checkpoint_before(bucket, start);
      for (std::uint64_t i = checkpoint[0].carried; i < checkpoint[1].carried; ++i) {
        if (carried_[i].end > start && visit(carried_[i].place)) return true;
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

  std::vector<Chrom> chroms_;
  std::vector<Span> spans_;  // by chromosome, start, end, id; one more behind each chromosome
  std::vector<std::uint32_t> ids_;  // by place; empty where the ids are in the order of the spans
  std::vector<std::uint32_t> buckets_;
  std::vector<Checkpoint> checkpoints_;  // one more behind each deep chromosome
  std::vector<Carried> carried_;
};

}  // namespace bedtok

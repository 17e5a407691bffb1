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
    if (ids_.empty()) {
      return find_all_in<true>(chrom_of, chrom_ids, starts, ends, first, last, append);
    }
    return find_all_in<false>(chrom_of, chrom_ids, starts, ends, first, last, append);
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
    const std::vector<std::uint32_t> order =
        detail::interval_order(chrom_ids, chroms, starts, ends);
    count(chroms, chrom_ids);
    fill(order, starts, ends);
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
    for (const ChromTable::Id chrom : chrom_ids) ++chroms_[chrom].last;
    std::uint32_t place = 0;
    for (std::size_t c = 0; c < chroms; ++c) {
      const std::uint32_t count = chroms_[c].last;
      chroms_[c].first = place;
      chroms_[c].last = place + count;
      chroms_[c].id_offset = static_cast<std::uint32_t>(c);
      place += count + 1;
    }
  }

  void fill(const std::vector<std::uint32_t>& order, const std::vector<Coord>& starts,
            const std::vector<Coord>& ends) {
    constexpr Coord beyond = std::numeric_limits<Coord>::max();
    const std::size_t places = starts.size() + chroms_.size() - 1;
    spans_.reserve(places);
    if (!order.empty()) ids_.reserve(places);
    std::size_t next = 0;
    for (Chrom& chrom : chroms_) {
      if (&chrom == &chroms_.back()) break;
      Coord furthest = 0;
      bool ascending = true;
      for (std::uint32_t k = chrom.first; k < chrom.last; ++k, ++next) {
        const std::size_t i = order.empty() ? next : order[next];
        ascending = ascending && ends[i] >= furthest;
        furthest = std::max(furthest, ends[i]);
        spans_.push_back({starts[i], ends[i]});
        if (!order.empty()) ids_.push_back(static_cast<std::uint32_t>(i));
      }
      spans_.push_back({beyond, beyond});
      if (!order.empty()) ids_.push_back(0);
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
    for (std::uint32_t k = chrom.first; k < chrom.last; ++k) {
      furthest = std::max(furthest, spans_[k].end);
      ++bucket[static_cast<std::size_t>(furthest >> chrom.shift) +
               ((furthest & inside) != 0 ? 1 : 0)];
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
    std::uint64_t worst = 0;
    Coord before = 0;
    for (std::uint32_t k = chrom.first; k < chrom.last && before < chrom.max_end; ++k) {
      const std::uint32_t from = bucket[before >> chrom.shift];
      const std::uint64_t looked_at = k - std::min(k, from);
      total += looked_at;
      worst = std::max(worst, looked_at);
      area += static_cast<double>(looked_at) * static_cast<double>(spans_[k].start - before);
      before = spans_[k].start;
    }
    const std::uint64_t count = chrom.last - chrom.first;
    const std::uint64_t behind = count - (bucket[before >> chrom.shift] - chrom.first);
    area += static_cast<double>(behind) * static_cast<double>(chrom.max_end - before);
    return worst > looked_at_at_worst || total > looked_at_on_average * count ||
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
    if (bucket[1] - bucket[0] > long_bucket && chrom.layout == Layout::disjoint) {
      return std::partition_point(at, spans_.data() + bucket[1],
                                  [start](const Span& span) { return span.end <= start; });
    }
    // Two steps without a branch take most queries there.
    at += at->end <= start ? 1 : 0;
    at += at->end <= start ? 1 : 0;
    while (at->end <= start) ++at;
    return at;
  }

  /// Of a disjoint chromosome, the first interval that starts at `end` or behind; `at` starts
  /// before.
  const Span* first_behind(const Chrom& chrom, const Span* at, Coord end) const noexcept {
    const Span* const spans = spans_.data();
    if (end >= chrom.max_end) {
      at = spans + chrom.last;
    } else {
      at = std::max(at, spans + *bucket_of(chrom, end));
    }
    while (at->start < end) ++at;
    while (at[-1].start >= end) --at;
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

  /// A query that starts before its chromosome's last end.
  struct Query {
    const Chrom* chrom;
    const std::uint32_t* bucket;
    Coord start;
    Coord end;
  };

  template <bool implicit_ids, class Append>
  std::size_t find_all_in(const std::vector<ChromTable::Id>& chrom_of,
                          const std::vector<ChromTable::Id>& chrom_ids,
                          const std::vector<Coord>& starts, const std::vector<Coord>& ends,
                          std::size_t first, std::size_t last, Append& append) const {
    constexpr std::size_t group = 32;
    constexpr std::size_t room = 1024;
    Query queries[group];
    std::uint32_t found[room];
    std::size_t count = 0;
    std::size_t hits = 0;
    const Span* const spans = spans_.data();
    const std::uint32_t* const ids = ids_.data();

    for (std::size_t i = first; i < last; i += group) {
      const std::size_t n = std::min(group, last - i);
      std::size_t m = 0;
      bool deep = false;
      for (std::size_t k = i; k < i + n; ++k) {
        const Chrom& c = chrom_at(chrom_of[chrom_ids[k]]);
        if (starts[k] >= c.max_end) continue;
        queries[m] = {&c, bucket_of(c, starts[k]), starts[k], ends[k]};
        prefetch(queries[m].bucket);
        deep = deep || c.layout == Layout::deep;
        ++m;
      }
      for (std::size_t k = 0; k < m; ++k) {
        if (queries[k].chrom->layout == Layout::deep) {
          prefetch(checkpoints_.data() + *queries[k].bucket);
        } else {
          prefetch(spans + *queries[k].bucket);
          if (!implicit_ids) prefetch(ids + *queries[k].bucket);
        }
      }
      if (deep) prefetch_lists(queries, m);

      for (std::size_t k = 0; k < m; ++k) {
        const Query& q = queries[k];
        const Chrom& c = *q.chrom;
        const auto id = [&](std::size_t place) {
          return implicit_ids ? static_cast<std::uint32_t>(place) - c.id_offset : ids[place];
        };
        if (count == room) {
          append(found, found + count);
          count = 0;
        }
        const Span* at;
        std::size_t hit = 0;
        if (c.layout == Layout::deep) {
          const Checkpoint* const checkpoint = checkpoint_before(q.bucket, q.start);
          const Carried* from = carried_.data() + checkpoint[0].carried;
          const Carried* const to = carried_.data() + checkpoint[1].carried;
          while (from != to) {
            if (count == room) {
              append(found, found + count);
              count = 0;
            }
            const std::size_t before = count;
            const Carried* const until = from + std::min<std::size_t>(to - from, room - count);
            for (; from != until; ++from) {
              found[count] = id(from->place);
              count += from->end > q.start ? 1 : 0;
            }
            hit |= count != before ? 1 : 0;
          }
          at = spans + checkpoint->place;
        } else {
          at = first_live(c, q.bucket, q.start);
          // The first one is written always and kept when it overlaps: whether it does is what no
          // branch predictor can know.
          found[count] = id(static_cast<std::size_t>(at - spans));
          // Its end lies behind the query's start; where it begins too late, so do all after it.
          hit = at->start < q.end ? 1 : 0;
          count += hit;
          at += hit;
          if (c.layout == Layout::disjoint && (q.end >> c.shift) - (q.start >> c.shift) > wide &&
              at->start < q.end) {
            const Span* const behind = first_behind(c, at, q.end);
            while (at != behind) {
              if (count == room) {
                append(found, found + count);
                count = 0;
              }
              const std::size_t now = std::min<std::size_t>(behind - at, room - count);
              const auto place = static_cast<std::size_t>(at - spans);
              for (std::size_t j = 0; j < now; ++j) found[count + j] = id(place + j);
              count += now;
              at += now;
            }
            hits += hit;
            continue;
          }
        }
        while (at->start < q.end) {
          if (count == room) {
            append(found, found + count);
            count = 0;
          }
          const std::size_t before = count;
          for (std::size_t left = room - count; left > 0 && at->start < q.end; --left, ++at) {
            found[count] = id(static_cast<std::size_t>(at - spans));
            count += at->end > q.start ? 1 : 0;
          }
          hit |= count != before ? 1 : 0;
        }
        hits += hit;
      }
    }
    append(found, found + count);
    return hits;
  }

  void prefetch_lists(const Query* queries, std::size_t count) const noexcept {
    for (std::size_t k = 0; k < count; ++k) {
      if (queries[k].chrom->layout != Layout::deep) continue;
      const Checkpoint& checkpoint = checkpoints_[*queries[k].bucket];
      prefetch(carried_.data() + checkpoint.carried);
      prefetch(spans_.data() + checkpoint.place);
    }
  }

  static void prefetch(const void* address) noexcept {
#if defined(__GNUC__)
    __builtin_prefetch(address);
#else
    (void)address;
#endif
  }

  std::vector<Chrom> chroms_;
  std::vector<Span> spans_;  // by chromosome, start, end, id; one more behind each chromosome
  std::vector<std::uint32_t> ids_;  // by place; empty where the ids are in the order of the spans
  std::vector<std::uint32_t> buckets_;
  std::vector<Checkpoint> checkpoints_;  // one more behind each deep chromosome
  std::vector<Carried> carried_;
};

}  // namespace bedtok

// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "checkpoints.hpp"
#include "index_parts.hpp"
#include "interval_order.hpp"

namespace bedtok::detail {

/// Builds the arrays of an OverlapIndex, which says what they are for.
template <class Coord>
class IndexBuilder {
 public:
  /// From columns of one length, vectors or the like. A region's id is its position.
  template <class Chroms, class Coords>
  IndexArrays<Coord> build(std::size_t chroms, const Chroms& chrom_ids, const Coords& starts,
                           const Coords& ends) {
    count(chroms, chrom_ids);
    if (are_ordered(chrom_ids, starts, ends)) {
      fill(ends, false, [&](std::size_t k) { return Placed{starts[k], k}; });
    } else if constexpr (sizeof(Coord) == 4) {
      using Order = StartOrder;
      const Order order =
          order_by_start_and_end([&](std::size_t i) { return chrom_ids[i]; }, chroms, starts, ends);
      fill(ends, true, [&](std::size_t k) {
        return Placed{Order::start(order.words[k]), Order::position(order.words[k])};
      });
    } else {
      const auto order = interval_order(chrom_ids, chroms, starts, ends);
      fill(ends, true, [&](std::size_t k) { return Placed{starts[order[k]], order[k]}; });
    }
    std::size_t buckets = 0;
    for (std::size_t c = 0; c < chroms; ++c) {
      arrays_.chroms[c].bucket = static_cast<std::uint32_t>(buckets);
      buckets += choose_width(arrays_.chroms[c]) + 1;
    }
    arrays_.buckets.resize(buckets);
    for (std::size_t c = 0; c < chroms; ++c) {
      Chrom& chrom = arrays_.chroms[c];
      add_buckets(chrom);
      if (chrom.layout == Layout::shallow && is_deep(chrom)) deepen(chrom);
    }
    if (!arrays_.checkpoints.empty()) close_gaps();
    return std::move(arrays_);
  }

 private:
  using Chrom = IndexedChrom<Coord>;
  using Layout = IndexLayout;

  // A chromosome is deep when a query would look at this many intervals that start before it: on
  // average where intervals start, as queries do that resemble them; on average over all positions;
  // at the worst place.
  static constexpr std::uint64_t looked_at_on_average = 32;
  static constexpr std::uint64_t looked_at_anywhere = 64;
  static constexpr std::uint64_t looked_at_at_worst = 1024;
  static constexpr std::uint32_t widest = std::numeric_limits<Coord>::digits - 1;

  template <class Chroms>
  void count(std::size_t chroms, const Chroms& chrom_ids) {
    arrays_.chroms.resize(chroms + 1);  // the last one is empty: it answers for unknown chromosomes
    for (std::size_t i = 0; i < chrom_ids.size();) {
      const std::size_t first = i;
      while (i < chrom_ids.size() && chrom_ids[i] == chrom_ids[first]) ++i;
      arrays_.chroms[chrom_ids[first]].last += static_cast<std::uint32_t>(i - first);
    }
    std::uint32_t place = 0;
    for (std::size_t c = 0; c < chroms; ++c) {
      const std::uint32_t count = arrays_.chroms[c].last;
      arrays_.chroms[c].first = place;
      arrays_.chroms[c].last = place + count;
      arrays_.chroms[c].id_offset = static_cast<std::uint32_t>(c);
      place += count + 1;
    }
  }

  struct Placed {
    Coord start;
    std::size_t id;
  };

  /// Fills the arrays by place; `at(k)` is the k-th interval in order.
  template <class Coords, class At>
  void fill(const Coords& ends, bool with_ids, At&& at) {
    constexpr Coord beyond = std::numeric_limits<Coord>::max();
    const std::size_t places = ends.size() + arrays_.chroms.size() - 1;
    arrays_.spans.resize(places);
    if (with_ids) arrays_.ids.resize(places);
    std::size_t next = 0;
    for (Chrom& chrom : arrays_.chroms) {
      if (&chrom == &arrays_.chroms.back()) break;
      const std::size_t count = chrom.last - chrom.first;
      Span<Coord>* const spans = arrays_.spans.data() + chrom.first;
      std::uint32_t* const ids = with_ids ? arrays_.ids.data() + chrom.first : nullptr;
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
    std::uint32_t* const bucket = arrays_.buckets.data() + chrom.bucket;
    const Coord inside = static_cast<Coord>((Coord{1} << chrom.shift) - 1);
    Coord furthest = 0;
    const std::uint32_t shift = chrom.shift;
    for (const Span<Coord>*at = arrays_.spans.data() + chrom.first,
               *last = arrays_.spans.data() + chrom.last;
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
    const std::uint32_t* const bucket = arrays_.buckets.data() + chrom.bucket;
    std::uint64_t total = 0;
    double area = 0;
    const std::uint64_t count = chrom.last - chrom.first;
    Coord before = 0;
    for (std::uint32_t k = chrom.first; k < chrom.last && before < chrom.max_end; ++k) {
      const std::uint32_t from = bucket[before >> chrom.shift];
      const std::uint64_t looked_at = k - std::min(k, from);
      total += looked_at;
      if (looked_at > looked_at_at_worst || total > looked_at_on_average * count) return true;
      area += static_cast<double>(looked_at) * static_cast<double>(arrays_.spans[k].start - before);
      before = arrays_.spans[k].start;
    }
    const std::uint64_t behind = chrom.last - bucket[before >> chrom.shift];
    area += static_cast<double>(behind) * static_cast<double>(chrom.max_end - before);
    return behind > looked_at_at_worst ||
           area > static_cast<double>(looked_at_anywhere) * static_cast<double>(chrom.max_end);
  }

  /// Lists what is live at checkpoints. Buckets then lead to the last checkpoint at or before their
  /// start. There are fewer of them than before, so they find room where the others were.
  void deepen(Chrom& chrom) {
    const std::size_t first = arrays_.checkpoints.size();
    CheckpointBuilder<Coord>(arrays_).add(chrom.first, chrom.last, chrom.max_end);
    const std::uint64_t count = arrays_.checkpoints.size() - first;
    chrom.layout = Layout::deep;
    const auto last = static_cast<std::uint64_t>(chrom.max_end - 1);
    while ((last >> chrom.shift) >= count && chrom.shift < widest) ++chrom.shift;
    std::size_t at = first;
    const std::size_t buckets = buckets_of(chrom);
    for (std::size_t b = 0; b < buckets; ++b) {
      const std::uint64_t start = static_cast<std::uint64_t>(b) << chrom.shift;
      while (arrays_.checkpoints[at + 1].at <= start) ++at;
      arrays_.buckets[chrom.bucket + b] = static_cast<std::uint32_t>(at);
    }
    arrays_.buckets[chrom.bucket + buckets] =
        static_cast<std::uint32_t>(arrays_.checkpoints.size() - 1);
  }

  /// Buckets that deep chromosomes left unused go away.
  void close_gaps() {
    std::size_t to = 0;
    for (Chrom& chrom : arrays_.chroms) {
      const std::size_t count = &chrom == &arrays_.chroms.back() ? 0 : buckets_of(chrom) + 1;
      std::copy_n(arrays_.buckets.begin() + chrom.bucket, count,
                  arrays_.buckets.begin() + static_cast<std::ptrdiff_t>(to));
      chrom.bucket = static_cast<std::uint32_t>(to);
      to += count;
    }
    arrays_.buckets.resize(to);
    arrays_.buckets.shrink_to_fit();
    arrays_.checkpoints.shrink_to_fit();
    arrays_.carried.shrink_to_fit();
  }

  IndexArrays<Coord> arrays_;
};

}  // namespace bedtok::detail

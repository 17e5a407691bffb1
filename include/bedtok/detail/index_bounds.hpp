// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "../array.hpp"
#include "index_parts.hpp"

namespace bedtok::detail {

/// Whether arrays that come from a file are safe to search: no query leaves them, whatever they
/// hold, or gives an id of no region. That its answers are right, only the file's digest says.
template <class Coord>
struct IndexBounds {
  const Array<IndexedChrom<Coord>>& chroms;     ///< As in IndexArrays, and so are the others.
  const Array<Span<Coord>>& spans;              ///< By place.
  const Array<std::uint32_t>& ids;              ///< By place, or none.
  const Array<std::uint32_t>& buckets;          ///< Of all chromosomes.
  const Array<Checkpoint<Coord>>& checkpoints;  ///< Of deep ones.
  const Array<Carried<Coord>>& carried;         ///< Of the checkpoints.

  /// Whether they are those of so many regions and chromosomes. O(regions).
  bool hold(std::size_t regions, std::size_t number_of_chroms) const {
    if (chroms.size() != number_of_chroms + 1 || chroms.back().max_end != 0) return false;
    if (spans.size() != regions + number_of_chroms) return false;
    if (!ids.empty() &&
        (ids.size() != spans.size() || largest(ids) >= std::max<std::size_t>(regions, 1))) {
      return false;
    }
    for (std::size_t i = 1; i < checkpoints.size(); ++i) {
      if (checkpoints[i].carried < checkpoints[i - 1].carried) return false;
    }
    if (!checkpoints.empty() && checkpoints.back().carried > carried.size()) return false;
    std::size_t place = 0;
    for (std::size_t c = 0; c <= number_of_chroms; ++c) {
      const IndexedChrom<Coord>& chrom = chroms[c];
      if (chrom.shift >= std::numeric_limits<Coord>::digits) return false;
      if (c == number_of_chroms) break;
      // As the places of all chromosomes follow one another, they end at that of the last array.
      if (chrom.first != place || chrom.last < chrom.first || chrom.last >= spans.size()) {
        return false;
      }
      place = std::size_t{chrom.last} + 1;
      if (ids.empty() && chrom.id_offset != c) return false;
      if (!holds(chrom)) return false;
    }
    return place == spans.size();
  }

 private:
  using Chrom = IndexedChrom<Coord>;

  static std::uint32_t largest(const Array<std::uint32_t>& values) {
    std::uint32_t result = 0;
    for (const std::uint32_t value : values) result = std::max(result, value);
    return result;
  }

  bool holds(const Chrom& chrom) const {
    constexpr Coord beyond = std::numeric_limits<Coord>::max();
    const Span<Coord>& behind = spans[chrom.last];  // which stops every search
    if (behind.start != beyond || behind.end != beyond) return false;
    if (chrom.max_end == 0) return true;  // no query gets further
    const auto count = (static_cast<std::uint64_t>(chrom.max_end - 1) >> chrom.shift) + 1;
    if (chrom.bucket > buckets.size() || count >= buckets.size() - chrom.bucket) return false;
    const std::uint32_t* const bucket = buckets.data() + chrom.bucket;
    std::uint32_t decreases = 0;  // without a branch, so that compilers take several at a time
    for (std::uint64_t b = 0; b < count; ++b) decreases |= bucket[b + 1] < bucket[b] ? 1u : 0u;
    if (decreases != 0) return false;
    switch (chrom.layout) {
      case IndexLayout::disjoint:
      case IndexLayout::shallow:
        return bucket[0] >= chrom.first && bucket[count] <= chrom.last &&
               finds_an_interval(chrom, bucket[count - 1]);
      case IndexLayout::deep:
        return finds_a_checkpoint(chrom, bucket, count);
    }
    return false;  // another number
  }

  /// Whether a search from `place` or before ends at an interval, and not behind the last.
  bool finds_an_interval(const Chrom& chrom, std::uint32_t place) const {
    if (chrom.layout == IndexLayout::disjoint) {
      std::uint32_t decreases = 0;
      for (std::uint32_t k = chrom.first + 1; k < chrom.last; ++k) {
        decreases |= spans[k].end < spans[k - 1].end ? 1u : 0u;
      }
      return decreases == 0 && place < chrom.last && spans[chrom.last - 1].end >= chrom.max_end;
    }
    for (std::uint32_t k = chrom.last; k > place; --k) {
      if (spans[k - 1].end >= chrom.max_end) return true;
    }
    return false;
  }

  bool finds_a_checkpoint(const Chrom& chrom, const std::uint32_t* bucket,
                          std::uint64_t count) const {
    const std::uint32_t first = bucket[0];
    const std::uint32_t end = bucket[count];
    if (end >= checkpoints.size() || bucket[count - 1] >= end) return false;
    if (checkpoints[end].at < chrom.max_end) return false;
    for (std::uint64_t b = 0; b < count; ++b) {
      if (checkpoints[bucket[b]].at > b << chrom.shift) return false;
    }
    for (std::uint32_t i = first; i < end; ++i) {
      const Coord place = checkpoints[i].place;
      if (place < chrom.first || place > chrom.last) return false;
    }
    for (std::uint64_t i = checkpoints[first].carried; i < checkpoints[end].carried; ++i) {
      const Coord place = carried[i].place;
      if (place < chrom.first || place >= chrom.last) return false;
    }
    return true;
  }
};

}  // namespace bedtok::detail

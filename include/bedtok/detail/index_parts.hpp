// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>

// What an OverlapIndex consists of: flat arrays of these, and of 32-bit numbers. Plain data of
// fixed layout, which may be copied byte by byte.
namespace bedtok::detail {

/// An interval in the order of the index.
template <class Coord>
struct Span {
  Coord start;
  Coord end;
};

/// How a chromosome is searched.
enum class IndexLayout : std::uint32_t {
  disjoint,  ///< ends never decrease: from the first live interval on, all hits stand together
  shallow,   ///< few intervals that ended stand between those that have not
  deep,      ///< checkpoints list what is live there
};

/// Where the parts of a chromosome lie.
template <class Coord>
struct alignas(32) IndexedChrom {
  std::uint32_t first = 0;      ///< intervals [first, last), then one past every coordinate
  std::uint32_t last = 0;       ///< behind the last interval
  std::uint32_t bucket = 0;     ///< its first bucket; one more follows the last
  std::uint32_t id_offset = 0;  ///< place of an interval minus its id, where ids are implicit
  std::uint32_t shift = 0;      ///< buckets are 2^shift base pairs wide
  IndexLayout layout = IndexLayout::disjoint;
  Coord max_end = 0;  ///< no interval ends behind it
};

/// A position at which the live intervals of a deep chromosome are listed.
template <class Coord>
struct Checkpoint {
  Coord at;
  std::uint32_t place;    ///< the first interval that starts at `at` or behind
  std::uint64_t carried;  ///< its list: from here to that of the next checkpoint
};

/// An interval that starts before a checkpoint and ends behind it.
template <class Coord>
struct Carried {
  Coord end;
  std::uint32_t place;
};

}  // namespace bedtok::detail

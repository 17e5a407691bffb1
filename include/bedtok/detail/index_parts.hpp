// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <vector>

// What an OverlapIndex consists of: flat arrays of these, and of 32-bit numbers. Plain data of
// fixed layout and without padding, which may be copied byte by byte.
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
struct IndexedChrom {
  std::uint32_t first = 0;      ///< intervals [first, last), then one past every coordinate
  std::uint32_t last = 0;       ///< behind the last interval
  std::uint32_t bucket = 0;     ///< its first bucket; one more follows the last
  std::uint32_t id_offset = 0;  ///< place of an interval minus its id, where ids are implicit
  std::uint32_t shift = 0;      ///< buckets are 2^shift base pairs wide
  IndexLayout layout = IndexLayout::disjoint;
  Coord max_end = 0;  ///< no interval ends behind it
  Coord unused = 0;   ///< 32 bytes are found by a shift
};

/// A position at which the live intervals of a deep chromosome are listed.
template <class Coord>
struct Checkpoint {
  Coord at;
  Coord place;            ///< the first interval that starts at `at` or behind
  std::uint64_t carried;  ///< its list: from here to that of the next checkpoint
};

/// An interval that starts before a checkpoint and ends behind it.
template <class Coord>
struct Carried {
  Coord end;
  Coord place;
};

/// The whole of it.
template <class Coord>
struct IndexArrays {
  std::vector<IndexedChrom<Coord>> chroms;  ///< by id, and an empty one for those not known
  std::vector<Span<Coord>> spans;  ///< by chromosome, start, end, id; one more behind each of them
  std::vector<std::uint32_t> ids;  ///< by place; empty where the ids are in the order of the spans
  std::vector<std::uint32_t> buckets;          ///< to places; on deep chromosomes to checkpoints
  std::vector<Checkpoint<Coord>> checkpoints;  ///< one more behind those of each deep chromosome
  std::vector<Carried<Coord>> carried;         ///< the lists of the checkpoints
};

}  // namespace bedtok::detail

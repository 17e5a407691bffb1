// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "../chrom_table.hpp"
#include "../detail/covered_bases.hpp"
#include "../detail/gallop.hpp"
#include "../interruption.hpp"
#include "../region_set.hpp"

// How much two sets share, in base pairs. What several regions of one set cover counts once.
namespace bedtok::algebra {

/// Base pairs that two sets cover.
struct SharedBases {
  std::uint64_t a = 0;     ///< covered by the first
  std::uint64_t b = 0;     ///< covered by the second
  std::uint64_t both = 0;  ///< covered by both

  /// Covered by one of them at least.
  std::uint64_t either() const noexcept { return a + b - both; }
};

/// What each set covers, and what both do. O(n log n), O(n) on sorted input.
template <class Coord, class PayloadA, class PayloadB>
SharedBases shared_bases(const RegionSet<Coord, PayloadA>& a, const RegionSet<Coord, PayloadB>& b) {
  const detail::CoveredBases<Coord> in_a(a);
  const detail::CoveredBases<Coord> in_b(b);
  SharedBases bases{in_a.count(), in_b.count(), 0};
  detail::for_each_common(
      in_a, a.chroms(), in_b, b.chroms(),
      [&](ChromTable::Id, Coord start, Coord end) { bases.both += end - start; });
  return bases;
}

/// What both cover as a share of what either covers; 0 when neither covers anything.
template <class Coord, class PayloadA, class PayloadB>
double jaccard(const RegionSet<Coord, PayloadA>& a, const RegionSet<Coord, PayloadB>& b) {
  const SharedBases bases = shared_bases(a, b);
  if (bases.either() == 0) return 0.0;
  return static_cast<double>(bases.both) / static_cast<double>(bases.either());
}

/// What both cover as a share of what the smaller one covers; 0 when one covers nothing.
template <class Coord, class PayloadA, class PayloadB>
double overlap_coefficient(const RegionSet<Coord, PayloadA>& a,
                           const RegionSet<Coord, PayloadB>& b) {
  const SharedBases bases = shared_bases(a, b);
  const std::uint64_t smaller = std::min(bases.a, bases.b);
  return smaller == 0 ? 0.0 : static_cast<double>(bases.both) / static_cast<double>(smaller);
}

/// What both cover as a share of what `a` covers; 0 when it covers nothing.
template <class Coord, class PayloadA, class PayloadB>
double coverage(const RegionSet<Coord, PayloadA>& a, const RegionSet<Coord, PayloadB>& b) {
  const SharedBases bases = shared_bases(a, b);
  return bases.a == 0 ? 0.0 : static_cast<double>(bases.both) / static_cast<double>(bases.a);
}

/// For each region of `a` how many of its base pairs `b` covers. O((n + m) log m), O(n + m) where
/// both are sorted.
template <class Coord, class PayloadA, class PayloadB>
std::vector<std::int64_t> covered_bases(const RegionSet<Coord, PayloadA>& a,
                                        const RegionSet<Coord, PayloadB>& b) {
  const detail::CoveredBases<Coord> covered(b);
  const auto range_of = covered.chroms_of(a.chroms(), b.chroms());
  std::vector<std::uint64_t> before{0};  // base pairs in front of each interval
  before.reserve(covered.starts.size() + 1);
  for (std::size_t k = 0; k < covered.starts.size(); ++k) {
    before.push_back(before.back() + (covered.ends[k] - covered.starts[k]));
  }
  std::vector<std::int64_t> bases(a.size(), 0);
  std::size_t hint = 0;
  constexpr std::size_t block = std::size_t{1} << 16;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (i % block == 0) check_interruption();
    const auto& range = range_of[a.chrom_ids()[i]];
    const std::size_t from =
        detail::first_above(covered.ends, range.first, range.last, a.starts()[i], hint);
    const std::size_t to = detail::first_above(covered.ends, from, range.last, a.ends()[i], from);
    hint = from;
    std::uint64_t sum = before[to] - before[from];
    const auto cut_at = [&](std::size_t k, Coord at) {
      return k < range.last && covered.starts[k] < at ? at - covered.starts[k] : Coord{0};
    };
    sum += cut_at(to, a.ends()[i]);
    sum -= cut_at(from, a.starts()[i]);
    bases[i] = static_cast<std::int64_t>(sum);
  }
  return bases;
}

}  // namespace bedtok::algebra

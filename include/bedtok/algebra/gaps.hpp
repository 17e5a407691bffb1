// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "../assembly.hpp"
#include "../chrom_table.hpp"
#include "../detail/coordinate_bounds.hpp"
#include "../detail/covered_bases.hpp"
#include "../detail/region_columns.hpp"
#include "../error.hpp"
#include "../interruption.hpp"
#include "../region_set.hpp"

namespace bedtok::algebra {

/// The base pairs of the chromosomes in `sizes` that no region covers, merged: also those of
/// chromosomes without regions. Regions of chromosomes that are not listed, and what lies past the
/// end of its chromosome, count for nothing.
template <class Coord, class Payload>
RegionSet<Coord> gaps(const RegionSet<Coord, Payload>& regions, const ChromSizes& sizes) {
  const detail::CoveredBases<Coord> covered(regions);
  ChromTable chroms;
  for (const auto& [name, size] : sizes) chroms.add(name);
  const auto covered_of = covered.chroms_of(chroms, regions.chroms());
  detail::RegionColumns<Coord> uncovered;
  ChromTable::Id chrom = 0;
  for (const auto& [name, size] : sizes) {
    check_interruption();
    const Coord last = detail::checked_size<Coord>(name, size);
    Coord at = 0;
    for (std::size_t k = covered_of[chrom].first; k < covered_of[chrom].last && at < last; ++k) {
      const Coord next = std::min(covered.starts[k], last);
      if (at < next) uncovered.add(chrom, at, next);
      at = covered.ends[k];
    }
    if (at < last) uncovered.add(chrom, at, last);
    ++chrom;
  }
  return std::move(uncovered).over(std::move(chroms));
}

/// `gaps`, under the name of bedtools and bioframe.
template <class Coord, class Payload>
RegionSet<Coord> complement(const RegionSet<Coord, Payload>& regions, const ChromSizes& sizes) {
  return gaps(regions, sizes);
}

/// Bins of `width` base pairs from the start of each chromosome on, the last one shorter where the
/// size is no multiple; chromosomes by name as bytes. Throws Error when `width` is 0.
template <class Coord = std::uint32_t>
RegionSet<Coord> tile(const ChromSizes& sizes, std::uint64_t width) {
  if (width == 0) throw Error("width is 0, expected 1 or more base pairs");
  ChromTable chroms;
  detail::RegionColumns<Coord> bins;
  for (const auto& [name, size] : sizes) {
    check_interruption();
    const ChromTable::Id chrom = chroms.add(name);
    const Coord last = detail::checked_size<Coord>(name, size);
    for (Coord at = 0; at < last;) {
      const Coord next = last - at <= width ? last : static_cast<Coord>(at + width);
      bins.add(chrom, at, next);
      at = next;
    }
  }
  return std::move(bins).over(std::move(chroms));
}

}  // namespace bedtok::algebra

// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <bedtok/region.hpp>
#include <bedtok/region_set.hpp>
#include <cstddef>
#include <cstdint>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "support.hpp"

// Interval algebra base by base: what the sweeps are compared with.
namespace naive {

using Regions = bedtok::RegionSet<>;

constexpr std::uint32_t span = 48;  // more bases than a chromosome of the random sets has
inline const std::vector<std::string> names = {"chr0", "chr1", "chr2"};

/// The regions of a text such as `chr1:2-5 chr2:1-9`. An initializer list of as many regions takes
/// the compiler much longer.
inline Regions of(const std::string& text) {
  std::vector<bedtok::Region<>> regions;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    const auto region = bedtok::parse_region_text(word).value();
    regions.push_back({std::string(region.chrom), region.start, region.end, {}});
  }
  return Regions(regions);
}

/// Unsorted, nested, touching and repeated regions, zero lengths among them.
inline Regions random_set(std::mt19937_64& random) {
  return support::random_regions<std::uint32_t>(random, support::pick(random, 0, 12), names.size(),
                                                span - 9, support::pick(random, 0, 8));
}

/// How many regions of a set cover a base.
inline std::uint32_t depth(const Regions& set, const std::string& chrom, std::uint32_t base) {
  std::uint32_t count = 0;
  for (std::size_t i = 0; i < set.size(); ++i) {
    if (set.chrom(i) == chrom && set.starts()[i] <= base && base < set.ends()[i]) ++count;
  }
  return count;
}

inline bool covers(const Regions& set, const std::string& chrom, std::uint32_t base) {
  return depth(set, chrom, base) != 0;
}

/// The maximal runs of bases for which `holds(chrom, base)` is true.
template <class Holds>
Regions runs_where(Holds&& holds) {
  std::vector<bedtok::Region<>> runs;
  for (const std::string& chrom : names) {
    bool inside = false;
    for (std::uint32_t base = 0; base < span; ++base) {
      const bool here = holds(chrom, base);
      if (here && !inside) runs.push_back({chrom, base, base, {}});
      if (here) ++runs.back().end;
      inside = here;
    }
  }
  return Regions(runs);
}

/// How many bases satisfy it.
template <class Holds>
std::uint64_t count_where(Holds&& holds) {
  std::uint64_t count = 0;
  for (const std::string& chrom : names) {
    for (std::uint32_t base = 0; base < span; ++base) count += holds(chrom, base) ? 1 : 0;
  }
  return count;
}

}  // namespace naive

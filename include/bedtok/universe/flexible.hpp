// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <vector>

#include "coverage.hpp"
#include "detail/flexible_cutoffs.hpp"

namespace bedtok::universe {

/// Regions and, of flexible ones, their cores: region i holds core i.
///
///     region        |-----------------------|
///     core               |============|
///                   starts lie    ends lie
///                   before it     behind it
struct FlexibleIntervals {
  Intervals regions;  ///< the regions
  Intervals cores;    ///< none of regions that are not flexible
};

/// The flexible cut-off universe of a chromosome: regions of the bases whose coverage is 0.2
/// quantiles below the likelihood cut-off or more, with a core where it is 0.2 above. Cores that
/// lie less than `joined` apart are one; between others a region is split where the coverage is
/// least. Regions without a core are left out. `mean` is the mean coverage of the chromosome.
///
/// Source: `ccf` of geniml 0.8.4, whose paper is Rymuza et al., Nucleic Acids Research 2024.
inline FlexibleIntervals flexible_regions(const std::vector<Segment>& coverage, double mean) {
  FlexibleIntervals result;
  if (coverage.empty()) return result;
  constexpr Coord joined = 50;
  const detail::FlexibleCutoffs cutoffs = detail::flexible_cutoffs(coverage, mean);
  bool open = false;      // a region
  bool has_core = false;  // in it
  Coord start = 0;
  Coord end = 0;
  Coord core_start = 0;
  Coord core_end = 0;
  Segment least{};  // the first of the least depth behind the core
  const auto finish = [&](Coord at) {
    if (!has_core) return;
    result.regions.push_back(start, at);
    result.cores.push_back(core_start, core_end);
  };
  for (const Segment& segment : coverage) {
    const auto depth = static_cast<double>(segment.depth);
    if (depth < cutoffs.region) continue;
    if (open && segment.start != end) {
      finish(end);
      open = false;
    }
    if (!open) {
      open = true;
      has_core = false;
      start = segment.start;
    }
    end = segment.end;
    if (depth > cutoffs.core) {
      if (has_core && segment.start - core_end + 1 >= joined) {
        // The base of least coverage is the last of the region before.
        finish(least.start + 1);
        start = least.start + 1;
        has_core = false;
      }
      if (!has_core) core_start = segment.start;
      has_core = true;
      core_end = segment.end;
      // What the next core is split off from begins with this core's last base.
      least = {segment.end - 1, segment.end, segment.depth};
    } else if (has_core && segment.depth < least.depth) {
      least = segment;
    }
  }
  if (open) finish(end);
  return result;
}

}  // namespace bedtok::universe

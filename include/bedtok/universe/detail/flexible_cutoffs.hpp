// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <vector>

#include "../coverage.hpp"

namespace bedtok::universe::detail {

/// The number of bases by depth, of depths above 0.
using DepthCounts = std::map<std::uint32_t, std::uint64_t>;

/// The value at quantile `q` of depths, interpolated as numpy.quantile does.
inline double depth_quantile(const DepthCounts& counts, std::uint64_t total, double q) {
  const double place = q * static_cast<double>(total - 1);
  const auto below = static_cast<std::uint64_t>(std::floor(place));
  const double part = place - static_cast<double>(below);
  const auto at = [&](std::uint64_t rank) {
    for (const auto& [depth, bases] : counts) {
      if (rank < bases) return static_cast<double>(depth);
      rank -= bases;
    }
    return static_cast<double>(counts.rbegin()->first);
  };
  const double low = at(below);
  const double high = at(std::min(below + 1, total - 1));
  return part < 0.5 ? low + (high - low) * part : high - (high - low) * (1 - part);
}

/// Depths that make a base part of a region, and of a core.
struct FlexibleCutoffs {
  double region;  ///< this depth or more
  double core;    ///< more than this depth
};

/// The likelihood cut-off lies at some quantile of the covered bases' depths; regions and cores
/// begin 0.2 below and above it.
inline FlexibleCutoffs flexible_cutoffs(const std::vector<Segment>& coverage, double mean) {
  DepthCounts counts;
  std::uint64_t total = 0;
  for (const Segment& segment : coverage) {
    counts[segment.depth] += segment.end - segment.start;
    total += segment.end - segment.start;
  }
  // Rounded half to even, as numpy.round does.
  const double floor = std::floor(mean);
  double rounded = mean - floor > 0.5 ? floor + 1 : floor;
  if (mean - floor == 0.5 && std::fmod(floor, 2) != 0) rounded = floor + 1;
  const double wanted = std::max(1.0, rounded);
  std::uint64_t before = 0;
  std::uint64_t rank = 0;
  std::uint64_t bases = 0;
  double nearest = std::numeric_limits<double>::infinity();
  for (const auto& [depth, count] : counts) {
    const double distance = std::abs(static_cast<double>(depth) - wanted);
    if (distance < nearest) {
      nearest = distance;
      rank = before;
      bases = count;
    }
    before += count;
  }
  const auto all = static_cast<double>(total);
  const double first = static_cast<double>(rank) / all;
  const double last = static_cast<double>(rank + bases - 1) / all;
  const double quantile = (first + last) / 2;
  constexpr double flank = 0.2;
  return {depth_quantile(counts, total, std::max(0.0, quantile - flank)),
          depth_quantile(counts, total, std::min(1.0, quantile + flank))};
}

}  // namespace bedtok::universe::detail

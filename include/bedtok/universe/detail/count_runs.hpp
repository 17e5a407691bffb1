// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "../coverage.hpp"

namespace bedtok::universe::detail {

/// Starts, coverage and ends.
inline constexpr std::size_t count_tracks = 3;

/// Bases whose three counts are equal.
struct CountRun {
  Coord start;
  Coord end;
  std::array<std::uint32_t, count_tracks> counts;
};

/// The number of borders within `smoothing` of each base.
inline std::vector<Segment> border_density(const std::vector<Coord>& borders, Coord smoothing,
                                           Coord last) {
  std::vector<Coord> starts;
  std::vector<Coord> ends;
  for (const Coord border : borders) {
    const Coord first = border < smoothing ? 0 : border - smoothing;
    const std::uint64_t past = std::uint64_t{border} + smoothing + 1;
    starts.push_back(std::min(first, last));
    ends.push_back(static_cast<Coord>(std::min<std::uint64_t>(past, last)));
  }
  std::vector<Segment> density;
  const auto emit = [&](const Segment& segment) { density.push_back(segment); };
  sweep(starts, ends, emit);
  return density;
}

/// The value of each count after normalization; 0 stays.
inline std::map<std::uint32_t, std::uint32_t> to_geometric(const std::vector<Segment>& track,
                                                           double success) {
  std::map<std::uint32_t, std::uint64_t> bases;
  double total = 0;
  for (const Segment& segment : track) {
    bases[segment.depth] += segment.end - segment.start;
    total += segment.end - segment.start;
  }
  std::map<std::uint32_t, std::uint32_t> values = {{0, 0}};
  double below = 0;  // share of the bases with lower counts
  for (const auto& [count, number] : bases) {
    const double half = static_cast<double>(number) / total / 2;
    const double quantile = below + half;
    const double value = std::ceil(std::log1p(-quantile) / std::log1p(-success)) - 1;
    values[count] = static_cast<std::uint32_t>(std::max(0.0, value));
    below += 2 * half;
  }
  return values;
}

/// The runs of equal counts of [0, last), from three tracks.
inline std::vector<CountRun> count_runs(
    const std::array<std::vector<Segment>, count_tracks>& tracks, Coord last) {
  std::vector<Coord> borders = {0, last};
  for (const std::vector<Segment>& track : tracks) {
    for (const Segment& segment : track) {
      borders.push_back(segment.start);
      borders.push_back(segment.end);
    }
  }
  std::sort(borders.begin(), borders.end());
  borders.erase(std::unique(borders.begin(), borders.end()), borders.end());
  std::vector<CountRun> runs;
  std::array<std::size_t, count_tracks> at{};
  for (std::size_t i = 0; i + 1 < borders.size(); ++i) {
    CountRun run{borders[i], borders[i + 1], {}};
    for (std::size_t t = 0; t < tracks.size(); ++t) {
      const std::vector<Segment>& track = tracks[t];
      while (at[t] < track.size() && track[at[t]].end <= run.start) ++at[t];
      if (at[t] < track.size() && track[at[t]].start <= run.start) {
        run.counts[t] = track[at[t]].depth;
      }
    }
    runs.push_back(run);
  }
  return runs;
}

}  // namespace bedtok::universe::detail

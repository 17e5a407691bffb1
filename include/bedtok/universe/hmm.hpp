// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <vector>

#include "coverage.hpp"
#include "detail/count_runs.hpp"
#include "detail/run_viterbi.hpp"
#include "flexible.hpp"

namespace bedtok::universe {

/// The hidden Markov model of a flexible universe.
///
///     state          background | start | core | end | background
///     starts         ...........|  ^^^  |      |     |...........
///     coverage       ...........|   /---------------\|...........
///     ends           ...........|       |      | ^^^ |...........
///
/// Each base is in one of four states, and a base's three counts (starts within 25 bp, coverage,
/// ends within 25 bp) are Poisson distributed with the state's means. A region is start, core and
/// end, in this order; its core is the state core. Counts are first mapped by their quantile, among
/// the bases of the chromosome where they are not 0, to a geometric distribution, so that the means
/// fit any number of samples.
///
/// Source: means, transitions and normalization of `hmm` of geniml 0.8.4, whose paper is Rymuza et
/// al., Nucleic Acids Research 2024. What differs: the model begins in the background (there with
/// probability 0.97 in the end of a region), whole chromosomes are decoded rather than the
/// neighbourhood of peaks, and no chromosome is held base by base.
struct HiddenMarkovModel {
  static constexpr std::size_t states = 4;                     ///< number of states
  static constexpr std::size_t tracks = detail::count_tracks;  ///< starts, coverage and ends
  /// The states, in the order of the tables.
  enum State : std::uint8_t { start, core, end, background };

  /// From a state (row) to another (column).
  std::array<std::array<double, states>, states> transition = {{{1 - 1e-10, 1e-10, 0, 0},
                                                                {0, 1 - 1e-6, 1e-6, 0},
                                                                {0, 0, 1 - 1e-10, 1e-10},
                                                                {0.1, 0, 0, 0.9}}};
  /// Before the first base.
  std::array<double, states> initial = {0.01, 0.01, 0.01, 0.97};
  /// Of starts, coverage and ends.
  std::array<std::array<double, tracks>, states> means = {
      {{5, 3, 0.0001}, {0.05, 5, 0.05}, {0.0001, 3, 5}, {0.0001, 0.001, 0.0001}}};
  /// Success probabilities of the geometric distributions.
  std::array<double, tracks> geometric = {0.1, 0.2, 0.1};
  /// Base pairs on both sides in which starts and ends count.
  Coord smoothing = 25;
};

/// The regions of a chromosome that the model finds in intervals whose starts and ends are given,
/// each column ordered by itself; `size` is the length of the chromosome, 0 where it is not known.
/// O(n log n), whatever the length of the chromosome.
inline FlexibleIntervals hmm_regions(const Intervals& borders, std::uint64_t size = 0,
                                     const HiddenMarkovModel& model = {}) {
  using Model = HiddenMarkovModel;
  FlexibleIntervals result;
  if (borders.size() == 0) return result;
  // Background follows the last interval, so that its region ends.
  const std::uint64_t reach = std::uint64_t{borders.ends.back()} + model.smoothing + 1;
  const std::uint64_t limit = size == 0 ? std::numeric_limits<Coord>::max() : size;
  const auto last = static_cast<Coord>(std::min(reach, limit));
  std::array<std::vector<Segment>, Model::tracks> tracks;
  tracks[0] = detail::border_density(borders.starts, model.smoothing, last);
  const auto emit = [&](const Segment& segment) { tracks[1].push_back(segment); };
  sweep(borders.starts, borders.ends, emit);
  tracks[2] = detail::border_density(borders.ends, model.smoothing, last);

  std::array<std::map<std::uint32_t, std::uint32_t>, Model::tracks> values;
  for (std::size_t t = 0; t < Model::tracks; ++t) {
    values[t] = detail::to_geometric(tracks[t], model.geometric[t]);
  }
  using Viterbi = detail::RunViterbi<Model::states>;
  Viterbi::Matrix transition;
  Viterbi::Row initial;
  std::array<std::array<double, Model::tracks>, Model::states> log_means;
  for (std::size_t i = 0; i < Model::states; ++i) {
    initial[i] = std::log(model.initial[i]);
    for (std::size_t j = 0; j < Model::states; ++j) {
      transition[i][j] = std::log(model.transition[i][j]);
    }
    for (std::size_t t = 0; t < Model::tracks; ++t) log_means[i][t] = std::log(model.means[i][t]);
  }
  Viterbi viterbi(transition, initial);
  for (const detail::CountRun& run : detail::count_runs(tracks, last)) {
    Viterbi::Row emission;
    for (std::size_t i = 0; i < Model::states; ++i) {
      // Without the factorials, which are the same for all states.
      emission[i] = 0;
      for (std::size_t t = 0; t < Model::tracks; ++t) {
        const double value = values[t].at(run.counts[t]);
        emission[i] += value * log_means[i][t] - model.means[i][t];
      }
    }
    viterbi.add(run.end - run.start, emission);
  }

  std::uint64_t at = 0;
  bool open = false;
  bool has_core = false;
  for (const Viterbi::Stretch& stretch : viterbi.path()) {
    const auto from = static_cast<Coord>(at);
    at += stretch.length;
    if (stretch.state == Model::background) {
      open = false;
      continue;
    }
    const auto to = static_cast<Coord>(at);
    if (!open) {
      open = true;
      has_core = false;
      result.regions.push_back(from, to);
      result.cores.push_back(from, to);
    }
    result.regions.ends.back() = to;
    if (stretch.state == Model::core) {
      if (!has_core) result.cores.starts.back() = from;
      has_core = true;
      result.cores.ends.back() = to;
    }
  }
  return result;
}

}  // namespace bedtok::universe

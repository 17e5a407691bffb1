// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>
#include <array>
#include <bedtok/universe/detail/count_runs.hpp>
#include <bedtok/universe/detail/run_viterbi.hpp>
#include <bedtok/universe/hmm.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "catch.hpp"
#include "support.hpp"

using bedtok::universe::Coord;
using bedtok::universe::FlexibleIntervals;
using bedtok::universe::hmm_regions;
using bedtok::universe::Intervals;
using bedtok::universe::Segment;
using Viterbi = bedtok::universe::detail::RunViterbi<3>;

namespace {

double random_log(std::mt19937_64& random) {
  const std::uint64_t n = support::pick(random, 0, 20);
  return n == 0 ? -std::numeric_limits<double>::infinity() : -static_cast<double>(n) / 3;
}

}  // namespace

TEST_CASE("runs have the best path of a decoding base by base") {
  std::mt19937_64 random(1);
  for (int round = 0; round < support::rounds(300); ++round) {
    Viterbi::Matrix transition;
    Viterbi::Row initial;
    for (auto& row : transition) {
      for (double& value : row) value = random_log(random);
    }
    for (std::size_t i = 0; i < 3; ++i) {
      transition[i][i] = -0.1;  // so that there is a path
      initial[i] = -static_cast<double>(i);
    }
    Viterbi viterbi(transition, initial);
    std::vector<Viterbi::Row> bases;
    for (std::uint64_t runs = support::pick(random, 1, 5); runs != 0; --runs) {
      Viterbi::Row emission;
      for (double& value : emission) value = -static_cast<double>(support::pick(random, 0, 30)) / 7;
      const std::uint64_t length = support::pick(random, 1, 40);
      viterbi.add(length, emission);
      bases.insert(bases.end(), length, emission);
    }
    Viterbi::Row best = initial;
    for (const Viterbi::Row& emission : bases) {
      Viterbi::Row next;
      for (std::size_t j = 0; j < 3; ++j) {
        next[j] = -std::numeric_limits<double>::infinity();
        for (std::size_t i = 0; i < 3; ++i) {
          next[j] = std::max(next[j], best[i] + transition[i][j] + emission[j]);
        }
      }
      best = next;
    }
    const double expected = *std::max_element(best.begin(), best.end());
    CHECK(viterbi.score() == Approx(expected));

    // The states are those of a path with this score.
    double found = -std::numeric_limits<double>::infinity();
    const std::vector<Viterbi::Stretch> path = viterbi.path();
    for (std::size_t first = 0; first < 3; ++first) {
      double score = initial[first];
      std::size_t state = first;
      std::size_t at = 0;
      for (const Viterbi::Stretch& stretch : path) {
        for (std::uint64_t n = stretch.length; n != 0; --n, ++at) {
          REQUIRE(at < bases.size());
          score += transition[state][stretch.state] + bases[at][stretch.state];
          state = stretch.state;
        }
      }
      REQUIRE(at == bases.size());
      found = std::max(found, score);
    }
    CHECK(found == Approx(expected));
    for (std::size_t i = 1; i < path.size(); ++i) CHECK(path[i - 1].state != path[i].state);
  }
}

TEST_CASE("counts become quantiles of a geometric distribution") {
  // scipy.stats.nbinom.ppf(q, 1, 0.2) at the middles of the values' shares: 0.3, 0.8.
  const auto values = bedtok::universe::detail::to_geometric({{0, 6, 1}, {10, 14, 5}}, 0.2);
  CHECK(values.at(0) == 0);
  CHECK(values.at(1) == 1);
  CHECK(values.at(5) == 7);
}

TEST_CASE("runs hold the counts of all tracks") {
  const auto runs = bedtok::universe::detail::count_runs(
      {std::vector<Segment>{{0, 4, 1}}, {{2, 8, 3}}, {{8, 9, 2}}}, 10);
  REQUIRE(runs.size() == 5);
  CHECK(runs[1].start == 2);
  CHECK(runs[1].counts == std::array<std::uint32_t, 3>{1, 3, 0});
  CHECK(runs[2].counts == std::array<std::uint32_t, 3>{0, 3, 0});
  CHECK(runs[3].counts == std::array<std::uint32_t, 3>{0, 0, 2});
  CHECK(runs[4].counts == std::array<std::uint32_t, 3>{0, 0, 0});
  const auto density = bedtok::universe::detail::border_density({3, 10}, 5, 14);
  CHECK(density == std::vector<Segment>{{0, 5, 1}, {5, 9, 2}, {9, 14, 1}});
}

TEST_CASE("regions begin where starts lie and end where ends lie, with the core between") {
  Intervals borders;  // two places, ten samples each
  for (const Coord place : {10000u, 50000u}) {
    for (Coord i = 0; i < 10; ++i) borders.push_back(place + 3 * i, place + 500 + 3 * i);
  }
  std::sort(borders.ends.begin(), borders.ends.end());
  const FlexibleIntervals found = hmm_regions(borders, 100000);
  REQUIRE(found.regions.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    const Coord place = i == 0 ? 10000 : 50000;
    CHECK(found.regions.starts[i] >= place - 25);
    CHECK(found.regions.starts[i] <= place);
    CHECK(found.cores.starts[i] >= place);
    CHECK(found.cores.starts[i] <= place + 60);
    CHECK(found.cores.ends[i] >= place + 460);
    CHECK(found.cores.ends[i] <= place + 530);
    CHECK(found.regions.ends[i] >= place + 527);
    CHECK(found.regions.ends[i] <= place + 553);
  }
  // The length of the chromosome changes nothing, nor does a region at its end.
  CHECK(hmm_regions(borders).regions.starts == found.regions.starts);
  CHECK(hmm_regions(borders, 50527).regions.ends.back() == 50527);
  CHECK(hmm_regions({}).regions.size() == 0);
}

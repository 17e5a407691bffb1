// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>
#include <bedtok/error.hpp>
#include <bedtok/universe/build.hpp>
#include <bedtok/universe/detail/chromosomes.hpp>
#include <bedtok/universe/sample_store.hpp>
#include <bedtok/universe/summits.hpp>
#include <bedtok/universe/universe.hpp>
#include <cstdint>
#include <random>
#include <vector>

#include "catch.hpp"
#include "support.hpp"

using bedtok::ConfigError;
using bedtok::RegionSet;
using bedtok::universe::best_windows;
using bedtok::universe::Coord;
using bedtok::universe::Intervals;
using bedtok::universe::make_sample;
using bedtok::universe::SampleOptions;
using bedtok::universe::SampleStore;
using bedtok::universe::Universe;
using bedtok::universe::UniverseOptions;
using bedtok::universe::Window;
using Counts = std::vector<std::uint32_t>;

namespace {

SampleStore store_of(const std::vector<RegionSet<>>& samples, const SampleOptions& options = {}) {
  SampleStore store;
  for (const RegionSet<>& sample : samples) store.add(make_sample(sample, options));
  return store;
}

const std::vector<RegionSet<>> samples = {
    RegionSet<>({{"chr1", 0, 100}, {"chr2", 10, 20}}),
    RegionSet<>({{"chr1", 50, 150}, {"chr1", 155, 180}}),
    RegionSet<>({{"chr1", 60, 120}, {"chr10", 5, 9}}),
};

}  // namespace

TEST_CASE("a union has all covered bases, and the number of samples that overlap each region") {
  const SampleStore store = store_of(samples);
  const Universe universe = bedtok::universe::build_union(store);
  CHECK(universe.regions ==
        RegionSet<>({{"chr1", 0, 150}, {"chr1", 155, 180}, {"chr10", 5, 9}, {"chr2", 10, 20}}));
  CHECK(universe.support == Counts{3, 1, 1, 1});
  CHECK(universe.cores.size() == 0);
  UniverseOptions options;
  options.max_gap = 5;
  CHECK(bedtok::universe::build_union(store, options).support == Counts{3, 1, 1});
  options.min_samples = 2;
  CHECK(bedtok::universe::build_union(store, options).regions == RegionSet<>({{"chr1", 0, 180}}));
  CHECK(bedtok::universe::build_union(SampleStore()).regions.empty());
}

TEST_CASE("coverage keeps the bases that enough samples cover") {
  const SampleStore store = store_of(samples);
  UniverseOptions options;
  options.min_samples = 2;
  Universe universe = bedtok::universe::build_coverage(store, options);
  CHECK(universe.regions == RegionSet<>({{"chr1", 50, 120}}));
  CHECK(universe.support == Counts{3});
  options.min_samples.reset();
  options.min_fraction = 0.9;  // of 3: all
  CHECK(bedtok::universe::build_coverage(store, options).regions ==
        RegionSet<>({{"chr1", 60, 100}}));
  // The mean of chr1 is (100 + 125 + 60) / 180 up to its last base, 285 / 1000 with its length.
  options = {};
  CHECK(bedtok::universe::build_coverage(store, options).regions[0].start == 50);
  options.chrom_sizes = {{"chr1", 1000}};
  CHECK(bedtok::universe::build_coverage(store, options).regions[0].start == 0);
}

TEST_CASE("a share of the samples is rounded up, whatever the last bit") {
  UniverseOptions options;
  options.min_fraction = 0.1;
  CHECK(options.least_samples(30) == 3u);
  CHECK(options.least_samples(31) == 4u);
  CHECK(options.least_samples(1) == 1u);
}

TEST_CASE("regions of other widths, and those that overlap an excluded one, are left out") {
  const SampleStore store = store_of(samples);
  UniverseOptions options;
  options.min_width = 10;
  options.max_width = 25;
  CHECK(bedtok::universe::build_union(store, options).regions ==
        RegionSet<>({{"chr1", 155, 180}, {"chr2", 10, 20}}));
  const RegionSet<> excluded({{"chr2", 20, 30}, {"chr1", 170, 171}, {"chr7", 0, 1000}});
  options.exclude = &excluded;
  CHECK(bedtok::universe::build_union(store, options).regions == RegionSet<>({{"chr2", 10, 20}}));
}

TEST_CASE("tiles are the bins of the chromosomes, with the samples that overlap them") {
  const SampleStore store = store_of(samples);
  UniverseOptions options;
  options.chrom_sizes = {{"chr2", 25}, {"chr1", 200}};
  Universe universe = bedtok::universe::build_tiles(store, 100, options);
  CHECK(universe.regions == RegionSet<>({{"chr1", 0, 100}, {"chr1", 100, 200}, {"chr2", 0, 25}}));
  CHECK(universe.support == Counts{3, 2, 1});
  CHECK(support::message_of<ConfigError>([&] {
          bedtok::universe::build_tiles(store, 0, options);
        }).find("width is 0") == 0);
  options.chrom_sizes = {{"chr1", std::uint64_t{1} << 32}};
  CHECK(support::message_of<ConfigError>([&] {
          bedtok::universe::build_tiles(store, 100, options);
        }).find("chromosome 'chr1' has 4294967296 bases") == 0);
  options.chrom_sizes = {{"chr1", 4000000000}};
  CHECK(support::message_of<ConfigError>([&] {
          bedtok::universe::build_tiles(store, 1, options);
        }).find("width 1 makes 4000000001 tiles") == 0);
  options.chrom_sizes.clear();
  CHECK(support::message_of<ConfigError>([&] {
          bedtok::universe::build_tiles(store, 9, options);
        }).find("tiles need the sizes") == 0);
}

TEST_CASE("the best windows are those of a greedy choice among all") {
  std::mt19937_64 random(3);
  for (int round = 0; round < support::rounds(300); ++round) {
    const auto width = static_cast<Coord>(support::pick(random, 1, 8));
    std::vector<Window> windows(support::pick(random, 0, 25));
    for (Window& window : windows) {
      window.start = static_cast<Coord>(support::pick(random, 0, 60));
      window.score = static_cast<double>(support::pick(random, 0, 5));
    }
    std::vector<Window> rest = windows;
    std::vector<Coord> expected;
    while (!rest.empty()) {
      const Window best =
          *std::min_element(rest.begin(), rest.end(), [](const Window& a, const Window& b) {
            return a.score != b.score ? a.score > b.score : a.start < b.start;
          });
      expected.push_back(best.start);
      rest.erase(std::remove_if(rest.begin(), rest.end(),
                                [&](const Window& window) {
                                  return window.start < best.start + width &&
                                         best.start < window.start + width;
                                }),
                 rest.end());
    }
    std::sort(expected.begin(), expected.end());
    CHECK(best_windows(windows, width).starts == expected);
    std::shuffle(windows.begin(), windows.end(), random);
    CHECK(best_windows(windows, width).starts == expected);
  }
}

TEST_CASE("summits are reproducible windows, and isolated ones stay") {
  SampleOptions options;
  options.summits = true;
  options.width = 20;
  const SampleStore store = store_of(
      {RegionSet<>({{"chr1", 100, 110}, {"chr1", 500, 510}}), RegionSet<>({{"chr1", 112, 114}})},
      options);
  Universe universe = bedtok::universe::build_summits(store, 20);
  CHECK(universe.regions == RegionSet<>({{"chr1", 103, 123}, {"chr1", 495, 515}}));
  CHECK(universe.support == Counts{2, 1});
  UniverseOptions reproducible;
  reproducible.min_samples = 2;
  universe = bedtok::universe::build_summits(store, 20, reproducible);
  CHECK(universe.support == Counts{2});
}

TEST_CASE("flexible regions and those of the model hold their cores") {
  std::vector<RegionSet<>> nested;  // depths from 1 to 14
  for (Coord i = 0; i < 14; ++i) nested.push_back({{"chr1", 10 * i, 300 - 10 * i}});
  const SampleStore store = store_of(nested);
  for (const Universe& universe :
       {bedtok::universe::build_flexible(store), bedtok::universe::build_hmm(store)}) {
    REQUIRE(universe.cores.size() == universe.regions.size());
    for (std::size_t i = 0; i < universe.regions.size(); ++i) {
      CHECK(universe.regions.starts()[i] <= universe.cores.starts[i]);
      CHECK(universe.cores.starts[i] < universe.cores.ends[i]);
      CHECK(universe.cores.ends[i] <= universe.regions.ends()[i]);
    }
  }
  CHECK_FALSE(bedtok::universe::build_flexible(store).regions.empty());
}

TEST_CASE("the result depends on neither threads nor the order of samples") {
  std::mt19937_64 random(4);
  std::vector<RegionSet<>> many;
  for (int sample = 0; sample < 6; ++sample) {
    std::vector<bedtok::Region<>> regions;
    for (int i = 0; i < 40; ++i) {
      const auto start = static_cast<Coord>(support::pick(random, 0, 5000));
      regions.push_back({"chr" + std::to_string(support::pick(random, 1, 5)),
                         start,
                         start + static_cast<Coord>(support::pick(random, 1, 300)),
                         {}});
    }
    many.emplace_back(regions);
  }
  std::vector<RegionSet<>> reversed(many.rbegin(), many.rend());
  const auto all = [](const SampleStore& store, const SampleStore& windows, std::size_t threads) {
    UniverseOptions options;
    options.num_threads = threads;
    return std::vector<Universe>{bedtok::universe::build_union(store, options),
                                 bedtok::universe::build_coverage(store, options),
                                 bedtok::universe::build_flexible(store, options),
                                 bedtok::universe::build_hmm(store, options),
                                 bedtok::universe::build_summits(windows, 101, options)};
  };
  SampleOptions summits;
  summits.summits = true;
  summits.width = 101;
  const auto expected = all(store_of(many), store_of(many, summits), 1);
  const auto others = all(store_of(reversed), store_of(reversed, summits), 4);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(expected[i].regions == others[i].regions);
    CHECK(expected[i].support == others[i].support);
    CHECK(expected[i].cores.starts == others[i].cores.starts);
  }
}

TEST_CASE("options that are not allowed are refused") {
  const auto message = [](auto&& change) {
    UniverseOptions options;
    change(options);
    return support::message_of<ConfigError>([&] { options.check(); });
  };
  CHECK(message([](UniverseOptions& o) { o.min_samples = 0; }) ==
        "min_samples is 0, expected 1 or more");
  CHECK(message([](UniverseOptions& o) { o.min_fraction = 1.5; }).find("min_fraction is 1.5") == 0);
  CHECK(message([](UniverseOptions& o) {
          o.min_samples = 1;
          o.min_fraction = 0.5;
        }).find("min_samples and min_fraction are both given") == 0);
  CHECK(message([](UniverseOptions& o) {
          o.min_width = 9;
          o.max_width = 8;
        }).find("min_width is 9 and max_width 8") == 0);
}

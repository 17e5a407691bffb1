// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/error.hpp>
#include <bedtok/region_set.hpp>
#include <bedtok/universe/sample.hpp>
#include <bedtok/universe/sample_store.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "catch.hpp"
#include "support.hpp"

using bedtok::RegionSet;
using bedtok::universe::Coord;
using bedtok::universe::make_sample;
using bedtok::universe::Sample;
using bedtok::universe::SampleBuilder;
using bedtok::universe::SampleOptions;
using bedtok::universe::SampleStore;
using bedtok::universe::Segment;

namespace {

const RegionSet<> regions({{"chr2", 5, 9},
                           {"chr10", 20, 30},
                           {"chr10", 10, 15},
                           {"chr10", 12, 18},
                           {"chr10", 18, 19},
                           {"chr10", 40, 40}});

}  // namespace

TEST_CASE("a sample covers disjoint stretches, by name as bytes and start") {
  const Sample sample = make_sample(regions);
  CHECK(sample.chroms == std::vector<std::string>{"chr10", "chr2"});
  CHECK(sample.first == std::vector<std::size_t>{0, 2, 3});
  CHECK(sample.starts == std::vector<Coord>{10, 20, 5});
  CHECK(sample.ends == std::vector<Coord>{19, 30, 9});
  CHECK(sample.regions == 6);
  CHECK(sample.left_out == 1);  // that of no length
  CHECK(sample.scores.empty());
}

TEST_CASE("chromosomes that are not wanted are left out, and regions are cut at the end") {
  SampleOptions options;
  options.chroms = {"chr10", "chr3"};
  options.chrom_sizes = {{"chr10", 25}, {"chr2", 100}};
  const Sample sample = make_sample(regions, options);
  CHECK(sample.chroms == std::vector<std::string>{"chr10"});
  CHECK(sample.starts == std::vector<Coord>{10, 20});
  CHECK(sample.ends == std::vector<Coord>{19, 25});
  CHECK(sample.left_out == 2);
}

TEST_CASE("windows have one width, inside of the chromosome, and ranks of their scores") {
  SampleOptions options;
  options.summits = true;
  options.width = 11;
  options.chrom_sizes = {{"chr1", 100}, {"chr2", 10}};
  SampleBuilder builder(options);
  bedtok::ChromTable chroms;
  const auto chr1 = chroms.add("chr1");
  const auto chr2 = chroms.add("chr2");
  builder.add(chroms, chr1, 40, 60, 50, 7);
  builder.add(chroms, chr1, 0, 8, 2, 7);
  builder.add(chroms, chr1, 90, 100, 99, -1);
  builder.add(chroms, chr2, 0, 8, 4, 100);     // shorter than a window
  builder.add(chroms, chr1, 95, 120, 110, 9);  // the summit is past the end
  const Sample sample = builder.finish();
  CHECK(sample.starts == std::vector<Coord>{0, 45, 89});
  CHECK(sample.ends == std::vector<Coord>{11, 56, 100});
  // Ranks 2 and 3 of three are shared: their mean, 2.5, is rounded down.
  CHECK(sample.scores == std::vector<double>{2 / 3.0, 2 / 3.0, 1 / 3.0});
  CHECK(sample.left_out == 2);
}

TEST_CASE("excluded windows are left out") {
  const RegionSet<> excluded({{"chr2", 100, 200}});
  SampleOptions options;
  options.summits = true;
  options.width = 10;
  options.exclude = &excluded;
  const RegionSet<> peaks({{"chr1", 150, 160}, {"chr2", 90, 102}, {"chr2", 80, 110}});
  const Sample sample = make_sample(peaks, options);
  CHECK(sample.starts == std::vector<Coord>{150, 90});  // [91, 101) overlaps, [90, 100) touches
  CHECK(sample.left_out == 1);
}

TEST_CASE("a width of 0 is refused") {
  SampleOptions options;
  options.width = 0;
  CHECK(support::message_of<bedtok::ConfigError>([&] { SampleBuilder builder(options); }) ==
        "width is 0, expected 1 or more base pairs");
}

TEST_CASE("a store gives coverage, borders and support of each chromosome") {
  SampleStore store;
  store.add(make_sample(regions));
  store.add(make_sample(RegionSet<>({{"chr10", 0, 12}})));
  store.add({});
  CHECK(store.size() == 3);
  CHECK(store.bytes() == 8 * 4);
  CHECK(store.chroms() == std::vector<std::string>{"chr10", "chr2"});
  std::vector<Segment> segments;
  store.segments("chr10", [&](const Segment& segment) { segments.push_back(segment); });
  CHECK(segments == std::vector<Segment>{{0, 10, 1}, {10, 12, 2}, {12, 19, 1}, {20, 30, 1}});
  CHECK(store.borders("chr10").ends == std::vector<Coord>{12, 19, 30});
  CHECK(store.support("chr10", {{0, 15, 19}, {15, 19, 20}}) == std::vector<std::uint32_t>{2, 1, 0});
  CHECK(store.support("chr3", {{0}, {9}}) == std::vector<std::uint32_t>{0});
  // Positions that need all 32 bits.
  const Coord far = Coord{3} << 30;
  store.add(make_sample(RegionSet<>({{"chr10", 5, far}})));
  segments.clear();
  store.segments("chr10", [&](const Segment& segment) { segments.push_back(segment); });
  CHECK(segments.back() == Segment{30, far, 1});
  CHECK(store.support("chr10", {{far - 1, far}, {far, far + 9}}) ==
        std::vector<std::uint32_t>{1, 0});
}

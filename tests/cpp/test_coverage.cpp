// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>
#include <bedtok/universe/coverage.hpp>
#include <bedtok/universe/detail/sort_coordinates.hpp>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "support.hpp"

using bedtok::universe::Coord;
using bedtok::universe::Intervals;
using bedtok::universe::RegionCollector;
using bedtok::universe::Segment;
using bedtok::universe::StreamSweep;
using bedtok::universe::SupportCounter;

namespace {

constexpr Coord size = 60;  // of the chromosome of the random tests

using Pairs = std::vector<std::pair<Coord, Coord>>;

Pairs random_pairs(std::mt19937_64& random) {
  Pairs pairs;
  for (std::uint64_t n = support::pick(random, 0, 12); n != 0; --n) {
    const auto start = static_cast<Coord>(support::pick(random, 0, size - 2));
    pairs.emplace_back(start, static_cast<Coord>(support::pick(random, start + 1, size - 1)));
  }
  std::sort(pairs.begin(), pairs.end());
  return pairs;
}

/// The segments of a base by base count.
std::vector<Segment> naive_segments(const Pairs& pairs) {
  std::vector<Segment> segments;
  std::uint32_t before = 0;
  for (Coord base = 0; base < size; ++base) {
    std::uint32_t depth = 0;
    for (const auto& [start, end] : pairs) depth += start <= base && base < end;
    if (depth != 0 && depth == before) {
      segments.back().end = base + 1;
    } else if (depth != 0) {
      segments.push_back({base, base + 1, depth});
    }
    before = depth;
  }
  return segments;
}

}  // namespace

TEST_CASE("numbers are sorted by radix, few and many, small and large") {
  const std::size_t n = GENERATE(as<std::size_t>{}, 0, 1, 2047, 2049, 20000);
  std::mt19937_64 random(n);
  for (const std::uint64_t most : {std::uint64_t{9}, std::uint64_t{1} << 20, ~std::uint64_t{0}}) {
    std::vector<std::uint32_t> values(n);
    for (std::uint32_t& value : values) {
      value = static_cast<std::uint32_t>(support::pick(random, 0, most));
    }
    std::vector<std::uint32_t> expected = values;
    std::sort(expected.begin(), expected.end());
    std::vector<std::uint32_t> spare;
    bedtok::universe::detail::sort_coordinates(values, spare);
    CHECK(values == expected);
  }
}

TEST_CASE("all sweeps give the segments of a count base by base") {
  std::mt19937_64 random(1);
  for (int round = 0; round < support::rounds(400); ++round) {
    const Pairs pairs = random_pairs(random);
    const std::vector<Segment> expected = naive_segments(pairs);
    std::vector<Segment> segments;
    const auto emit = [&](const Segment& segment) { segments.push_back(segment); };
    Intervals columns;
    for (const auto& [start, end] : pairs) columns.push_back(start, end);
    std::sort(columns.ends.begin(), columns.ends.end());
    bedtok::universe::sweep(columns.starts, columns.ends, emit);
    CHECK(segments == expected);

    segments.clear();
    std::vector<std::uint32_t> borders;
    for (const auto& [start, end] : pairs) {
      borders.push_back(start << 1);
      borders.push_back(end << 1 | 1);
    }
    std::sort(borders.begin(), borders.end());
    bedtok::universe::sweep_borders(borders, emit);
    CHECK(segments == expected);

    segments.clear();
    StreamSweep<decltype(emit)> stream(emit);
    for (const auto& [start, end] : pairs) stream.add(start, end);
    stream.finish();
    CHECK(segments == expected);
  }
}

TEST_CASE("regions are joined over gaps of at most max_gap") {
  const std::vector<Segment> segments = {{0, 5, 1}, {5, 9, 2}, {9, 12, 1}, {15, 20, 2}};
  const auto collected = [&](std::uint32_t least, Coord max_gap) {
    RegionCollector collector(least, max_gap);
    for (const Segment& segment : segments) collector(segment);
    Pairs pairs;
    for (std::size_t i = 0; i < collector.regions.size(); ++i) {
      pairs.emplace_back(collector.regions.starts[i], collector.regions.ends[i]);
    }
    return pairs;
  };
  CHECK(collected(1, 0) == Pairs{{0, 12}, {15, 20}});
  CHECK(collected(1, 2) == Pairs{{0, 12}, {15, 20}});
  CHECK(collected(1, 3) == Pairs{{0, 20}});
  CHECK(collected(2, 0) == Pairs{{5, 9}, {15, 20}});
  CHECK(collected(2, 6) == Pairs{{5, 20}});
  CHECK(collected(3, 0).empty());
}

TEST_CASE("a sample supports each region once that one of its intervals overlaps") {
  std::mt19937_64 random(2);
  for (int round = 0; round < support::rounds(400); ++round) {
    Intervals regions;
    for (Coord at = 0; at < size;) {
      at += static_cast<Coord>(support::pick(random, 0, 6));
      const Coord end = at + static_cast<Coord>(support::pick(random, 1, 6));
      regions.push_back(at, end);
      at = end;
    }
    SupportCounter counter(regions);
    std::vector<std::uint32_t> expected(regions.size(), 0);
    for (int sample = 0; sample < 3; ++sample) {
      const Pairs pairs = random_pairs(random);
      std::size_t next = 0;
      for (const auto& [start, end] : pairs) counter.add(next, start, end);
      for (std::size_t i = 0; i < regions.size(); ++i) {
        expected[i] += std::any_of(pairs.begin(), pairs.end(), [&](const auto& pair) {
          return pair.first < regions.ends[i] && regions.starts[i] < pair.second;
        });
      }
    }
    CHECK(counter.counts == expected);
  }
}

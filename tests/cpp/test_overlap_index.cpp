// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>
#include <bedtok/detail/checkpoints.hpp>
#include <bedtok/detail/hot_code.hpp>
#include <bedtok/detail/id_block.hpp>
#include <bedtok/detail/index_builder.hpp>
#include <bedtok/detail/index_parts.hpp>
#include <bedtok/overlap_index.hpp>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "catch.hpp"
#include "support.hpp"

using bedtok::ChromTable;
using bedtok::OverlapIndex;
using bedtok::Region;
using bedtok::RegionSet;
using support::Hit;
using support::pick;

namespace {

template <class Coord>
struct Query {
  ChromTable::Id chrom;  // of the vocabulary, or one that it does not have
  Coord start;
  Coord end;
};

template <class Coord>
std::vector<Hit> found(const OverlapIndex<Coord>& index, ChromTable::Id chrom, Coord start,
                       Coord end) {
  std::vector<Hit> hits;
  index.find(chrom, start, end, [&](std::uint32_t id, Coord hit_start, Coord hit_end) {
    hits.push_back({hit_start, hit_end, id});
  });
  return hits;
}

// find, any_of, count and find_all against the double loop.
template <class Coord>
void check(const RegionSet<Coord>& set, const std::vector<Query<Coord>>& queries,
           std::mt19937_64& random) {
  const OverlapIndex<Coord> index(set);
  std::vector<std::vector<std::uint32_t>> expected;
  for (const Query<Coord>& query : queries) {
    const std::vector<Hit> hits =
        query.chrom < set.chroms().size()
            ? support::overlaps_by_scan(set, set.chroms().name(query.chrom), query.start, query.end)
            : std::vector<Hit>{};
    INFO("query " << query.chrom << ":" << query.start << "-" << query.end);
    REQUIRE(found(index, query.chrom, query.start, query.end) == hits);
    REQUIRE(index.count(query.chrom, query.start, query.end) == hits.size());
    // Asks until the predicate holds: here for the hit in the middle, or never.
    for (const std::size_t wanted : {hits.size() / 2, hits.size()}) {
      std::size_t asked = 0;
      const bool any = index.any_of(query.chrom, query.start, query.end,
                                    [&](std::uint32_t, Coord, Coord) { return asked++ == wanted; });
      REQUIRE(any == (wanted < hits.size()));
      REQUIRE(asked == std::min(wanted + 1, hits.size()));
    }
    expected.emplace_back();
    for (const Hit& hit : hits) expected.back().push_back(hit.id);
  }

  // The queries' chromosomes have numbers of their own, which chrom_of leads back.
  std::vector<ChromTable::Id> chrom_of;
  std::vector<ChromTable::Id> ids;
  std::vector<Coord> starts;
  std::vector<Coord> ends;
  for (const Query<Coord>& query : queries) {
    auto known = std::find(chrom_of.begin(), chrom_of.end(), query.chrom);
    if (known == chrom_of.end()) known = chrom_of.insert(chrom_of.end(), query.chrom);
    ids.push_back(static_cast<ChromTable::Id>(known - chrom_of.begin()));
    starts.push_back(query.start);
    ends.push_back(query.end);
  }
  for (int round = 0; round < 4; ++round) {
    const std::size_t last = round == 0 ? queries.size() : pick(random, 0, queries.size());
    const std::size_t first = round == 0 ? 0 : pick(random, 0, last);
    std::vector<std::uint32_t> all;
    const std::size_t hits =
        index.find_all(chrom_of, ids, starts, ends, first, last,
                       [&](const std::uint32_t* from, const std::uint32_t* to) {
                         all.insert(all.end(), from, to);
                       });
    std::vector<std::uint32_t> together;
    std::size_t with_hits = 0;
    for (std::size_t i = first; i < last; ++i) {
      with_hits += expected[i].empty() ? 0 : 1;
      together.insert(together.end(), expected[i].begin(), expected[i].end());
    }
    REQUIRE(all == together);
    REQUIRE(hits == with_hits);
  }
}

// Queries at random places, at the regions' own borders, and on chromosomes that are not there.
template <class Coord>
std::vector<Query<Coord>> queries_for(const RegionSet<Coord>& set, std::size_t count,
                                      std::uint64_t span, std::uint64_t longest,
                                      std::mt19937_64& random) {
  constexpr std::uint64_t top = std::numeric_limits<Coord>::max();
  std::vector<Query<Coord>> queries;
  for (std::size_t i = 0; i < count; ++i) {
    std::uint64_t start = pick(random, 0, span);
    if (!set.empty() && pick(random, 0, 1) == 0) {
      const std::size_t region = pick(random, 0, set.size() - 1);
      const std::uint64_t border = pick(random, 0, 1) ? set.starts()[region] : set.ends()[region];
      const std::uint64_t up = std::min<std::uint64_t>(pick(random, 0, 2), top - border);
      start = border + up - std::min<std::uint64_t>(pick(random, 0, 2), border + up);
    }
    const std::uint64_t end = start + std::min(pick(random, 0, longest), top - start);
    ChromTable::Id chrom =
        static_cast<ChromTable::Id>(pick(random, 0, set.chroms().size()));  // one past is unknown
    if (pick(random, 0, 20) == 0) chrom = ChromTable::none;
    queries.push_back({chrom, static_cast<Coord>(start), static_cast<Coord>(end)});
  }
  return queries;
}

template <class Coord>
void check_random(const RegionSet<Coord>& set, std::uint64_t span, std::uint64_t longest,
                  std::mt19937_64& random, std::size_t count = 300) {
  check(set, queries_for(set, count, span, longest, random), random);
}

}  // namespace

TEMPLATE_TEST_CASE("the index finds what a double loop finds in random unsorted regions",
                   "[differential]", std::uint32_t, std::uint64_t) {
  auto random = support::random_source(21);
  const int rounds = support::cases(250);
  for (int round = 0; round < rounds; ++round) {
    const std::uint64_t span = std::uint64_t{1} << pick(random, 1, 20);
    const std::uint64_t longest = std::uint64_t{1} << pick(random, 0, 18);
    const std::size_t count = pick(random, 0, round % 10 == 0 ? 600 : 40);
    const auto set =
        support::random_regions<TestType>(random, count, pick(random, 1, 5), span, longest);
    check_random(set, 2 * span, longest, random, 60);
  }
}

TEMPLATE_TEST_CASE("the index finds what a double loop finds in sorted disjoint regions", "",
                   std::uint32_t, std::uint64_t) {
  // The usual vocabulary, which is held in the smallest form; some regions touch or are empty.
  std::mt19937_64 random(22);
  for (int round = 0; round < 60; ++round) {
    std::vector<Region<TestType>> regions;
    for (const char* chrom : {"chr1", "chr10", "chr2"}) {
      std::uint64_t at = 0;
      for (std::uint64_t n = pick(random, 0, 60); n > 0; --n) {
        at += pick(random, 0, 3) == 0 ? 0 : pick(random, 0, 500);
        const std::uint64_t end = at + pick(random, 0, 4) * pick(random, 0, 100);
        regions.push_back({chrom, static_cast<TestType>(at), static_cast<TestType>(end), {}});
        at = end;
      }
    }
    const RegionSet<TestType> set(regions);
    check_random(set, 40000, 600, random, 100);
  }
}

TEMPLATE_TEST_CASE("regions at the largest coordinate are found", "", std::uint32_t,
                   std::uint64_t) {
  constexpr TestType top = std::numeric_limits<TestType>::max();
  std::mt19937_64 random(23);
  SECTION("alone") {
    const RegionSet<TestType> set{{"chr1", top - 1, top, {}}};
    check(set,
          std::vector<Query<TestType>>{{0, top - 1, top},
                                       {0, top, top},
                                       {0, 0, top},
                                       {0, 0, top - 1},
                                       {0, top - 1, top - 1},
                                       {0, 0, 0},
                                       {1, 0, top},
                                       {ChromTable::none, 0, top}},
          random);
  }
  SECTION("beside others, in order and out of it") {
    std::vector<Region<TestType>> regions = {{"chr1", 0, 0, {}},
                                             {"chr1", 0, 1, {}},
                                             {"chr1", 5, static_cast<TestType>(top / 2), {}},
                                             {"chr1", top - 3, top, {}},
                                             {"chr1", top - 1, top, {}},
                                             {"chr1", top, top, {}}};
    check_random(RegionSet<TestType>(regions), top, top, random);
    std::reverse(regions.begin(), regions.end());
    check_random(RegionSet<TestType>(regions), top, top, random);
    regions.push_back({"chr1", 0, top, {}});
    check_random(RegionSet<TestType>(regions), top, top, random);
  }
}

TEMPLATE_TEST_CASE("one very long region over many short ones is found by all", "", std::uint32_t,
                   std::uint64_t) {
  // Its end holds the running maximum up, which is what the tree is for.
  std::mt19937_64 random(24);
  const std::size_t count = GENERATE(as<std::size_t>{}, 3, 30, 3000);
  std::vector<Region<TestType>> regions;
  regions.push_back({"chr1", 0, static_cast<TestType>(count * 100 + 50), {}});
  for (std::size_t i = 0; i < count; ++i) {
    regions.push_back(
        {"chr1", static_cast<TestType>(i * 100), static_cast<TestType>(i * 100 + 60), {}});
    regions.push_back(
        {"chr2", static_cast<TestType>(i * 100), static_cast<TestType>(i * 100 + 60), {}});
  }
  check_random(RegionSet<TestType>(regions), count * 110, 400, random);
  check_random(RegionSet<TestType>(regions).sorted(), count * 110, 400, random);
}

TEST_CASE("behind a pile of regions only the long one over it is found") {
  // All of the pile starts before any of it ends: the pile is in the way of later queries only.
  std::mt19937_64 random(30);
  const std::uint32_t count = GENERATE(10u, 60u, 900u);
  std::vector<Region<>> regions = {{"chr1", 0, 100000, {}}};
  for (std::uint32_t i = 0; i < count; ++i) regions.push_back({"chr1", i, 2000 + i, {}});
  std::shuffle(regions.begin(), regions.end(), random);
  check_random(RegionSet<>(regions), 4000, 50, random);
  check_random(RegionSet<>(regions), 101000, 300, random);
}

TEST_CASE("regions nested like dolls are found") {
  std::mt19937_64 random(25);
  std::vector<Region<>> regions;
  for (std::uint32_t i = 0; i < 800; ++i) regions.push_back({"chr1", i, 2000 - i, {}});
  check_random(RegionSet<>(regions), 2200, 50, random);
  std::shuffle(regions.begin(), regions.end(), random);
  check_random(RegionSet<>(regions), 2200, 50, random);
}

TEST_CASE("dense clusters on a sparse chromosome are found") {
  // Many intervals in one bucket: binary search.
  std::mt19937_64 random(26);
  std::vector<Region<>> regions;
  for (const std::uint32_t centre : {1000u, 2000000u, 4000000000u}) {
    for (std::uint32_t i = 0; i < 300; ++i) {
      regions.push_back({"chr1", centre + 3 * i, centre + 3 * i + i % 4, {}});
    }
  }
  const RegionSet<> set(regions);
  std::vector<Query<std::uint32_t>> queries;
  for (const std::uint32_t centre : {1000u, 2000000u, 4000000000u}) {
    for (std::uint32_t i = 0; i < 300; ++i) {
      const auto start = static_cast<std::uint32_t>(centre - 50 + pick(random, 0, 1000));
      queries.push_back({0, start, start + static_cast<std::uint32_t>(pick(random, 0, 40))});
    }
  }
  check(set, queries, random);
  for (auto& region : regions) region.end += 7;  // no longer disjoint
  check(RegionSet<>(regions), queries, random);
}

TEST_CASE("repeated regions are all found, by id") {
  std::vector<Region<>> regions(50, Region<>{"chr1", 10, 20, {}});
  regions.push_back({"chr1", 5, 30, {}});
  std::mt19937_64 random(27);
  check_random(RegionSet<>(regions), 40, 30, random);
}

TEST_CASE("a query with more hits than one block of results has all of them in order") {
  std::vector<Region<>> regions;
  for (std::uint32_t i = 0; i < 5000; ++i) regions.push_back({"chr1", i, i + 1, {}});
  std::mt19937_64 random(28);
  const bool nested = GENERATE(false, true);
  if (nested) regions.push_back({"chr1", 0, 5000, {}});
  std::vector<Query<std::uint32_t>> queries = {
      {0, 0, 5000}, {0, 0, 1023}, {0, 0, 1024}, {0, 0, 1025}};
  for (std::uint32_t i = 0; i < 100; ++i) queries.push_back({0, i * 10, i * 10 + 33});
  check(RegionSet<>(regions), queries, random);
}

TEST_CASE("many chromosomes, some without regions, are kept apart") {
  std::mt19937_64 random(29);
  ChromTable chroms;
  for (int i = 0; i < 3000; ++i) chroms.add("contig" + std::to_string(i));
  std::vector<ChromTable::Id> ids;
  std::vector<std::uint32_t> starts;
  std::vector<std::uint32_t> ends;
  for (int i = 0; i < 2000; ++i) {
    ids.push_back(static_cast<ChromTable::Id>(pick(random, 0, 2999)));
    starts.push_back(static_cast<std::uint32_t>(pick(random, 0, 100)));
    ends.push_back(starts.back() + static_cast<std::uint32_t>(pick(random, 0, 30)));
  }
  check_random(RegionSet<>::from_columns(chroms, ids, starts, ends), 120, 50, random, 500);
}

TEST_CASE("an index over nothing finds nothing") {
  std::mt19937_64 random(30);
  check_random(RegionSet<>(), 100, 10, random, 40);
  ChromTable chroms;
  chroms.add("chr1");
  check_random(RegionSet<>::from_columns(chroms, {}, {}, {}), 100, 10, random, 40);
}

TEST_CASE("a zero-length region and a zero-length query are found only strictly inside") {
  const OverlapIndex<> index(RegionSet<>{{"chr1", 10, 20, {}}, {"chr1", 15, 15, {}}});
  CHECK(found<std::uint32_t>(index, 0, 15, 15) == std::vector<Hit>{{10, 20, 0}});
  CHECK(found<std::uint32_t>(index, 0, 10, 10).empty());
  CHECK(found<std::uint32_t>(index, 0, 20, 20).empty());
  CHECK(found<std::uint32_t>(index, 0, 14, 16) == std::vector<Hit>{{10, 20, 0}, {15, 15, 1}});
}

// The workloads of bench/engine at a size that a double loop can do, sorted and not.
TEMPLATE_TEST_CASE("what the bench measures is found", "[differential]", std::uint32_t,
                   std::uint64_t) {
  auto random = support::random_source(32);
  const auto workload = GENERATE(as<std::string>{}, "5 % overlaps", "nested", "one long", "piled",
                                 "piled deep", "contigs", "tiles", "clusters");
  const auto coord = [](std::uint64_t value) { return static_cast<TestType>(value); };
  std::vector<Region<TestType>> regions;
  const auto add = [&](const std::string& chrom, std::uint64_t start, std::uint64_t end) {
    regions.push_back({chrom, coord(start), coord(end), {}});
  };
  std::uint64_t span = 100000;
  if (workload == "5 % overlaps") {
    for (std::uint64_t at = 0; at < span; at += pick(random, 0, 19) == 0 ? 50 : 300) {
      add("chr1", at, at + pick(random, 80, 200));
    }
  } else if (workload == "nested") {
    for (int i = 0; i < 600; ++i) {
      const std::uint64_t start = pick(random, 0, span);
      add("chr1", start, start + (std::uint64_t{1} << pick(random, 3, 15)) + pick(random, 0, 7));
    }
  } else if (workload == "one long") {
    add("chr1", 0, span);
    for (std::uint64_t at = 0; at < span; at += 200) add("chr1", at, at + pick(random, 1, 150));
  } else if (workload == "piled" || workload == "piled deep") {
    const std::uint64_t deep = workload == "piled" ? 30 : 1500;  // more than a flat walk may take
    for (std::uint64_t at = 0; at < span; at += workload == "piled" ? 4000 : 50000) {
      for (std::uint64_t i = 0; i < deep; ++i) {
        const std::uint64_t start = at + pick(random, 0, 100);
        add("chr1", start, start + pick(random, 300, 700));
      }
    }
    add("chr1", span / 3, span / 2);
  } else if (workload == "contigs") {
    span = 2000;
    for (int c = 0; c < 500; ++c) {
      for (std::uint64_t at = 0; at < 2000; at += 500) {
        add("contig" + std::to_string(c), at + pick(random, 0, 99), at + pick(random, 100, 550));
      }
    }
  } else if (workload == "tiles") {
    for (std::uint64_t at = 0; at < span; at += 50) add("chr1", at, at + 50);
  } else {
    span = std::uint64_t{1} << 31;
    for (int i = 0; i < 900; ++i) {  // many in one bucket, and long ones over them
      const std::uint64_t start = (pick(random, 0, 2) << 30) + pick(random, 0, 3000);
      add("chr1", start, start + (i % 50 == 0 ? span / 2 : pick(random, 0, 100)));
    }
  }
  std::shuffle(regions.begin(), regions.end(), random);
  const RegionSet<TestType> unsorted(regions);
  const RegionSet<TestType> sorted = unsorted.sorted();
  for (const RegionSet<TestType>* set : {&unsorted, &sorted}) {
    check_random(*set, span, 300, random, 120);
    check_random(*set, span, 30000, random, 60);  // a hundred times as wide
  }
  // All queries in one place, and in order.
  std::vector<Query<TestType>> queries;
  for (std::uint64_t i = 0; i < 100; ++i) {
    queries.push_back({0, coord(span / 2 + 7 * i), coord(span / 2 + 7 * i + 300)});
  }
  check(sorted, queries, random);
  check(unsorted, queries, random);
}

TEST_CASE("intervals that end together behind a long list are not read for ever") {
  // Where nothing starts any more, checkpoints follow the ends.
  std::mt19937_64 random(33);
  std::vector<Region<>> regions = {{"chr1", 0, 1000000, {}}};
  for (std::uint32_t i = 0; i < 2000; ++i) {
    regions.push_back({"chr1", i, 10000 + i * i % 90001, {}});
    regions.push_back({"chr1", 500000, 500000, {}});  // of length zero, at one place
  }
  check_random(RegionSet<>(regions), 110000, 5, random, 150);
  check_random(RegionSet<>(regions).sorted(), 1100000, 5, random, 150);
}

TEMPLATE_TEST_CASE("the parts of an index have no padding", "", std::uint32_t, std::uint64_t) {
  using namespace bedtok::detail;
  constexpr std::size_t width = sizeof(TestType);
  STATIC_REQUIRE(sizeof(Span<TestType>) == 2 * width);
  STATIC_REQUIRE(sizeof(Carried<TestType>) == 2 * width);
  STATIC_REQUIRE(sizeof(Checkpoint<TestType>) == 2 * width + 8);
  STATIC_REQUIRE(sizeof(IndexedChrom<TestType>) == 6 * 4 + 2 * width);
}

TEST_CASE("an index is built over regions that carry a payload") {
  const RegionSet<std::uint32_t, int> set{{"chr1", 1, 5, 7}, {"chr1", 3, 9, 8}};
  const OverlapIndex<> index(set);
  CHECK(found<std::uint32_t>(index, 0, 4, 5) == std::vector<Hit>{{1, 5, 0}, {3, 9, 1}});
}

TEST_CASE("a copy of an index finds what the index found") {
  std::mt19937_64 random(31);
  const auto set = support::random_regions<std::uint32_t>(random, 200, 3, 1000, 100);
  const auto original = std::make_unique<OverlapIndex<>>(set);
  const auto expected = found<std::uint32_t>(*original, 1, 100, 500);
  const OverlapIndex<> copy = *original;
  const OverlapIndex<> moved = std::move(*original);
  CHECK(found<std::uint32_t>(copy, 1, 100, 500) == expected);
  CHECK(found<std::uint32_t>(moved, 1, 100, 500) == expected);
}

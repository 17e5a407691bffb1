// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/hit_finder.hpp>
#include <bedtok/overlap_index.hpp>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "catch.hpp"
#include "naive_tokenizer.hpp"
#include "support.hpp"

using bedtok::ChromTable;
using bedtok::HitFinder;
using bedtok::MappingOptions;
using bedtok::OverlapIndex;
using Ids = std::vector<std::uint32_t>;

TEST_CASE("hits are those of the double loop, for every option", "[differential]") {
  auto random = support::random_source(141);
  const int rounds = support::cases(1000);
  for (int round = 0; round < rounds; ++round) {
    const auto vocabulary = support::random_naive_regions(random, 30, {"chr1", "chr2"}, 200, 60);
    const support::NaiveTokenizer naive(vocabulary);
    std::vector<support::NaiveRegion> distinct;
    for (const auto& region : vocabulary) {
      if (std::find(distinct.begin(), distinct.end(), region) == distinct.end()) {
        distinct.push_back(region);
      }
    }
    const auto regions = support::region_set<std::uint32_t>(distinct);
    const OverlapIndex<> index(regions);
    const MappingOptions options = support::random_options(random);
    const HitFinder<OverlapIndex<>> finder(index, options);
    for (const auto& query : support::random_naive_regions(random, 40, {"chr1", "chr2"}, 220, 60)) {
      Ids found;
      finder.find(regions.chroms().find(query.chrom), static_cast<std::uint32_t>(query.start),
                  static_cast<std::uint32_t>(query.end),
                  [&](std::uint32_t id) { found.push_back(id); });
      REQUIRE(found == naive.hits(query, options));
      const auto chrom = regions.chroms().find(query.chrom);
      const auto start = static_cast<std::uint32_t>(query.start);
      const auto end = static_cast<std::uint32_t>(query.end);
      REQUIRE(finder.any(chrom, start, end) == !found.empty());
      REQUIRE(finder.count(chrom, start, end) == found.size());
    }
  }
}

TEST_CASE("a chromosome that the vocabulary does not have has no hits") {
  const bedtok::RegionSet<> regions{{"chr1", 10, 20, {}}};
  const OverlapIndex<> index(regions);
  const MappingOptions options;
  const HitFinder<OverlapIndex<>> finder(index, options);
  finder.find(ChromTable::none, 0, 100, [](std::uint32_t) { FAIL("a hit"); });
  CHECK(!finder.any(ChromTable::none, 0, 100));
  CHECK(finder.count(ChromTable::none, 0, 100) == 0);
  MappingOptions best;
  best.best_overlap = true;
  const HitFinder<OverlapIndex<>> best_finder(index, best);
  best_finder.find(ChromTable::none, 0, 100, [](std::uint32_t) { FAIL("a hit"); });
}

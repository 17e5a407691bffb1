// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/mapper.hpp>
#include <bedtok/overlap_index.hpp>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "catch.hpp"
#include "naive_tokenizer.hpp"
#include "support.hpp"

using bedtok::ChromAliases;
using bedtok::Encoding;
using bedtok::FractionOf;
using bedtok::InlineToken;
using bedtok::Mapper;
using bedtok::MappingOptions;
using bedtok::MappingReport;
using bedtok::OnMiss;
using bedtok::OverlapIndex;
using bedtok::RegionSet;
using bedtok::TokenOrder;
using bedtok::Vocabulary;
using support::message_of;
using support::NaiveRegion;
using support::pick;
using Ids = std::vector<bedtok::TokenId>;
using Positions = std::vector<std::int64_t>;

namespace {

// A vocabulary and its index; the tokenizer has its own tests.
struct Mapping {
  explicit Mapping(RegionSet<> regions)
      : vocabulary(std::move(regions)), index(vocabulary.regions()) {}

  Encoding encode(const RegionSet<>& regions, const MappingOptions& options,
                  const std::vector<InlineToken>& placed = {}, bool with_index = true) const {
    return Mapper<OverlapIndex<>, RegionSet<>>(vocabulary, index, regions, options)
        .encode(placed, with_index);
  }
  MappingReport report(const RegionSet<>& regions, const MappingOptions& options = {}) const {
    return Mapper<OverlapIndex<>, RegionSet<>>(vocabulary, index, regions, options).report();
  }

  Vocabulary<> vocabulary;
  OverlapIndex<> index;
};

// ids:                          0             1              2             3
const RegionSet<> four{
    {"chr1", 100, 200, {}}, {"chr1", 150, 160, {}}, {"chr1", 300, 400, {}}, {"chr2", 0, 50, {}}};
constexpr bedtok::TokenId unk = 4;

MappingOptions with(void (*change)(MappingOptions&)) {
  MappingOptions options;
  change(options);
  return options;
}

}  // namespace

TEST_CASE("by default every overlap comes by start, end and id, and misses are left out") {
  const Mapping mapping(four);
  const auto encoding = mapping.encode(
      RegionSet<>{
          {"chr2", 49, 60, {}}, {"chr9", 0, 9, {}}, {"chr1", 155, 301, {}}, {"chr1", 200, 300, {}}},
      {});
  CHECK(encoding.input_ids == Ids{3, 0, 1, 2});
  CHECK(encoding.region_index == Positions{0, 2, 2, 2});
  CHECK(encoding.attention_mask == std::vector<std::int64_t>(4, 1));
  CHECK(encoding.warning.empty());
}

TEST_CASE("the region index is left empty unless it is asked for") {
  CHECK(Mapping(four).encode(four, {}, {}, false).region_index.empty());
}

TEST_CASE("an input without any hit, or without regions, is one unk that no region gave") {
  const Mapping mapping(four);
  for (const auto& regions :
       {RegionSet<>(), RegionSet<>{{"chr1", 0, 5, {}}, {"chr2", 50, 51, {}}}}) {
    const auto encoding = mapping.encode(regions, {});
    CHECK(encoding.input_ids == Ids{unk});
    CHECK(encoding.region_index == Positions{-1});
    CHECK(encoding.attention_mask == std::vector<std::int64_t>{1});
  }
}

TEST_CASE("min_overlap asks for so many shared bases") {
  const RegionSet<> query{{"chr1", 155, 200, {}}};
  const Mapping mapping(four);
  const auto ids = [&](std::uint64_t bases) {
    MappingOptions options;
    options.min_overlap = bases;
    return mapping.encode(query, options).input_ids;
  };
  CHECK(ids(5) == Ids{0, 1});
  CHECK(ids(6) == Ids{0});
  CHECK(ids(45) == Ids{0});
  CHECK(ids(46) == Ids{unk});
  CHECK(ids(std::uint64_t{1} << 40) == Ids{unk});
}

TEST_CASE("min_fraction is of the query, the vocabulary region, or either") {
  const RegionSet<> query{{"chr1", 155, 175, {}}};  // shares 20 with id 0 (100), 5 with id 1 (10)
  const Mapping mapping(four);
  const auto ids = [&](double fraction, FractionOf of) {
    MappingOptions options;
    options.min_fraction = fraction;
    options.fraction_of = of;
    return mapping.encode(query, options).input_ids;
  };
  CHECK(ids(1.0, FractionOf::query) == Ids{0});
  CHECK(ids(0.25, FractionOf::query) == Ids{0, 1});
  CHECK(ids(0.5, FractionOf::vocabulary) == Ids{1});
  CHECK(ids(0.51, FractionOf::vocabulary) == Ids{unk});
  CHECK(ids(0.5, FractionOf::either) == Ids{0, 1});
}

TEST_CASE("a zero-length region that overlaps is covered whole, but shares no base") {
  const RegionSet<> query{{"chr1", 155, 155, {}}};
  const Mapping mapping(four);
  CHECK(mapping.encode(query, {}).input_ids == Ids{0, 1});
  CHECK(mapping.encode(query, with([](MappingOptions& o) { o.min_fraction = 1; })).input_ids ==
        Ids{0, 1});
  CHECK(mapping.encode(query, with([](MappingOptions& o) { o.min_overlap = 1; })).input_ids ==
        Ids{unk});
}

TEST_CASE("best_overlap keeps the one that shares most, the first on a tie") {
  const auto best = with([](MappingOptions& o) { o.best_overlap = true; });
  const Mapping mapping(four);
  CHECK(
      mapping.encode(RegionSet<>{{"chr1", 150, 400, {}}, {"chr1", 152, 158, {}}}, best).input_ids ==
      Ids{2, 0});
  CHECK(mapping.encode(RegionSet<>{{"chr1", 155, 155, {}}}, best).input_ids == Ids{0});
}

TEST_CASE("unique keeps first occurrences, across the whole input") {
  auto options = with([](MappingOptions& o) { o.unique = true; });
  const Mapping mapping(four);
  const RegionSet<> regions{
      {"chr1", 150, 151, {}}, {"chr9", 0, 1, {}}, {"chr1", 110, 155, {}}, {"chr9", 0, 1, {}}};
  CHECK(mapping.encode(regions, options).input_ids == Ids{0, 1});
  options.on_miss = OnMiss::unk;
  const auto encoding = mapping.encode(regions, options);
  CHECK(encoding.input_ids == Ids{0, 1, unk});
  CHECK(encoding.region_index == Positions{0, 0, 1});
}

TEST_CASE("order vocabulary sorts by id, and the region index goes along") {
  const auto options = with([](MappingOptions& o) { o.order = TokenOrder::vocabulary; });
  const RegionSet<> regions{
      {"chr2", 1, 2, {}}, {"chr1", 350, 351, {}}, {"chr1", 155, 156, {}}, {"chr1", 350, 352, {}}};
  const auto encoding = Mapping(four).encode(regions, options);
  CHECK(encoding.input_ids == Ids{0, 1, 2, 2, 3});
  CHECK(encoding.region_index == Positions{2, 2, 1, 3, 0});
  CHECK(Mapping(four).encode(regions, options, {}, false).input_ids == encoding.input_ids);
}

TEST_CASE("on_miss gives unk for a miss, or names it") {
  auto options = with([](MappingOptions& o) { o.on_miss = OnMiss::unk; });
  const Mapping mapping(four);
  const RegionSet<> regions{{"chr1", 0, 5, {}}, {"chr2", 1, 2, {}}, {"other", 3, 4, {}}};
  const auto encoding = mapping.encode(regions, options);
  CHECK(encoding.input_ids == Ids{unk, 3, unk});
  CHECK(encoding.region_index == Positions{0, 1, 2});
  options.on_miss = OnMiss::error;
  CHECK(message_of<bedtok::VocabularyError>([&] { mapping.encode(regions, options); }) ==
        "region 0: chr1:0-5 hits nothing in the vocabulary, and on_miss is 'error'");
  CHECK(mapping.encode(RegionSet<>(), options).input_ids == Ids{unk});
}

TEST_CASE("aliases are asked only for names that the vocabulary does not know") {
  const RegionSet<> regions{{"2", 1, 2, {}}, {"chr1", 310, 320, {}}, {"MT", 1, 2, {}}};
  MappingOptions options;
  const Mapping mapping(four);
  CHECK(mapping.encode(regions, options).input_ids == Ids{2});
  options.chrom_aliases = ChromAliases::to_style("ucsc");
  CHECK(mapping.encode(regions, options).input_ids == Ids{3, 2});
  options.chrom_aliases = ChromAliases::from_map({{"chr1", "chr2"}, {"MT", "chr2"}});
  CHECK(mapping.encode(regions, options).input_ids == Ids{2, 3});
}

TEST_CASE("special tokens stand where they are placed, and sorting stays between them") {
  auto options = with([](MappingOptions& o) { o.order = TokenOrder::vocabulary; });
  const RegionSet<> regions{{"chr2", 1, 2, {}}, {"chr1", 350, 351, {}}, {"chr1", 101, 102, {}}};
  const std::vector<InlineToken> placed = {{0, 7}, {2, 8}, {2, 9}, {3, 10}};
  const bool with_index = GENERATE(false, true);
  const auto encoding = Mapping(four).encode(regions, options, placed, with_index);
  CHECK(encoding.input_ids == Ids{7, 2, 3, 8, 9, 0, 10});
  CHECK(encoding.attention_mask.size() == 7);
  if (with_index) CHECK(encoding.region_index == Positions{-1, 1, 0, -1, -1, 2, -1});
  CHECK(Mapping(four).encode(RegionSet<>(), options, {{0, 7}}).input_ids == Ids{7});
}

TEST_CASE("special tokens that are placed out of order, or outside the vocabulary, are refused") {
  const Mapping mapping(four);
  const MappingOptions options;
  CHECK(message_of<bedtok::Error>([&] {
          mapping.encode(four, options, {{5, 7}});
        }) == "a special token is placed before region 5, expected 0..4");
  CHECK(message_of<bedtok::Error>([&] {
          mapping.encode(four, options, {{2, 7}, {1, 7}});
        }) == "a special token is placed before region 1, expected 2..4");
  CHECK(message_of<bedtok::VocabularyError>([&] {
          mapping.encode(four, options, {{0, 11}});
        }) == "id 11 is outside the vocabulary (0..10)");
}

TEST_CASE("illegal options are refused before anything is mapped") {
  const auto options = with([](MappingOptions& o) { o.min_fraction = -1; });
  CHECK_THROWS_AS(Mapping(four).encode(four, options), bedtok::ConfigError);
  CHECK_THROWS_AS(Mapping(four).report(four, options), bedtok::ConfigError);
}

TEST_CASE(
    "an input of which no chromosome is known warns once, with the remedy where there is one") {
  const Mapping mapping(four);
  CHECK(mapping.encode(RegionSet<>{{"1", 1, 2, {}}, {"KI27", 1, 2, {}}}, {}).warning ==
        "no chromosome of the input is known to the vocabulary (input: 1, vocabulary: chr1); the "
        "vocabulary calls '1' 'chr1': set the option chrom_aliases to ucsc");
  CHECK(
      mapping.encode(RegionSet<>{{"scaffold", 1, 2, {}}}, {}).warning ==
      "no chromosome of the input is known to the vocabulary (input: scaffold, vocabulary: chr1)");
  CHECK(mapping.encode(RegionSet<>{{"scaffold", 1, 2, {}}, {"chr2", 99, 99, {}}}, {})
            .warning.empty());
  CHECK(mapping.encode(RegionSet<>(), {}).warning.empty());
  const Mapping ensembl(RegionSet<>{{"MT", 1, 2, {}}});
  CHECK(ensembl.encode(RegionSet<>{{"chrM", 1, 2, {}}}, {}).warning ==
        "no chromosome of the input is known to the vocabulary (input: chrM, vocabulary: MT); the "
        "vocabulary calls 'chrM' 'MT': set the option chrom_aliases to ensembl");
}

TEST_CASE("a name in the table that no region uses does not silence the warning") {
  bedtok::ChromTable chroms;
  chroms.add("chr1");
  chroms.add("1");
  const auto regions = RegionSet<>::from_columns(chroms, {1}, {1}, {2});
  CHECK_FALSE(Mapping(four).encode(regions, {}).warning.empty());
}

TEST_CASE("the report counts hits by chromosome and lists misses") {
  const auto report = Mapping(four).report(RegionSet<>{{"chr1", 150, 151, {}},
                                                       {"1", 5, 6, {}},
                                                       {"chr1", 0, 5, {}},
                                                       {"chr1", 150, 310, {}},
                                                       {"chr2", 50, 60, {}}});
  CHECK(report.regions == 5);
  CHECK(report.hits == 2);
  CHECK(report.tokens == 5);
  CHECK(report.distinct_tokens == 3);
  CHECK(report.hit_rate() == 0.4);
  CHECK(report.misses == Positions{1, 2, 4});
  CHECK(report.unknown_chroms == std::vector<std::string>{"1"});
  REQUIRE(report.chroms.size() == 3);
  CHECK(report.chroms[0].chrom == "chr1");
  CHECK(report.chroms[0].known);
  CHECK(report.chroms[0].regions == 3);
  CHECK(report.chroms[0].hits == 2);
  CHECK(report.chroms[0].past_end == 0);
  CHECK(report.chroms[1].chrom == "1");
  CHECK_FALSE(report.chroms[1].known);
  CHECK(report.chroms[2].past_end == 1);
  CHECK(report.likely_cause ==
        "the vocabulary calls '1' 'chr1': set the option chrom_aliases to ucsc");
}

TEST_CASE("the report distinguishes another assembly from another naming") {
  const Mapping mapping(four);
  CHECK(
      mapping
          .report(
              RegionSet<>{{"chr2", 90, 91, {}}, {"chr1", 900, 901, {}}, {"chr1", 999, 1001, {}}})
          .likely_cause ==
      "3 regions start past the last vocabulary region of their chromosome (most on chr1): another "
      "assembly, or a vocabulary that does not reach there");
  CHECK(mapping.report(RegionSet<>{{"scaffold_1", 1, 2, {}}}).likely_cause ==
        "the vocabulary has none of the input's chromosomes: another naming or another species");
  CHECK(mapping.report(RegionSet<>{{"scaffold_1", 1, 2, {}}, {"chr1", 1, 2, {}}})
            .likely_cause.empty());
  CHECK(mapping.report(RegionSet<>{{"chr1", 101, 102, {}}}).likely_cause.empty());
  CHECK(mapping.report(RegionSet<>()).likely_cause.empty());
  CHECK(mapping.report(RegionSet<>()).hit_rate() == 0.0);
}

namespace {

/// Regions of chr1 with these starts, ten bases long.
RegionSet<> at(const std::vector<std::uint32_t>& starts, const std::string& rest = "") {
  std::vector<bedtok::Region<>> regions;
  for (const std::uint32_t start : starts) {
    regions.push_back({"chr1", start, start + 10, rest.empty() ? bedtok::Rest() : rest});
  }
  return RegionSet<>(regions);
}

/// `count` starts from `first` on, `step` apart.
std::vector<std::uint32_t> starts(std::uint32_t first, std::uint32_t step, std::size_t count) {
  std::vector<std::uint32_t> starts;
  for (std::size_t i = 0; i < count; ++i) {
    starts.push_back(first + static_cast<std::uint32_t>(i) * step);
  }
  return starts;
}

}  // namespace

TEST_CASE("calls warn of what a report warns of") {
  const Mapping mapping(at(starts(100, 20, 300)));
  const auto check = [&](const RegionSet<>& regions, const std::string& begin) {
    CAPTURE(begin);
    const auto report = mapping.report(regions);
    CHECK(report.warning.rfind(begin, 0) == 0);
    CHECK(mapping.encode(regions, {}).warning == report.warning);
    CHECK(mapping.encode(regions, {}, {}, false).warning == report.warning);
  };
  check(at(starts(110, 20, 200)), "0 of 200 regions hit the vocabulary (0 %");
  check(at(starts(101, 20, 300)), "nearly all starts lie one base behind");
  check(at(starts(109, 1, 49)), "");  // too few
  check(at(starts(101, 20, 49)), "");
  check(at(starts(100, 20, 320)), "20 regions start past the last vocabulary region");
  check(at(starts(100, 20, 310)), "");
  check(at(starts(100, 20, 60), "AAACGAAAGCGCAATG-1\t1"),
        "the lines look like those of a fragment");
  check(at(starts(100, 20, 60), "peak\t1"), "");
}

TEST_CASE("regions that begin where vocabulary regions do are not 1-based, whatever lies before") {
  const Mapping dense(at(starts(100, 1, 300)));
  CHECK_FALSE(dense.report(at(starts(101, 1, 200))).one_based);
  const Mapping sparse(at(starts(100, 20, 300)));
  std::vector<std::uint32_t> mixed = starts(101, 20, 100);
  for (std::size_t i = 0; i < mixed.size(); i += 10) mixed[i] += 3;
  CHECK(sparse.report(at(mixed)).one_based);
  for (std::size_t i = 5; i < mixed.size(); i += 10) mixed[i] += 3;
  CHECK_FALSE(sparse.report(at(mixed)).one_based);
  CHECK_FALSE(sparse.report(at(std::vector<std::uint32_t>(60, 0))).one_based);
  CHECK_FALSE(sparse.report(at(std::vector<std::uint32_t>(60, 101))).one_based);
}

TEST_CASE("regions past the end of a chromosome are counted by the assembly's sizes") {
  const Mapping mapping(four);
  bedtok::Assembly assembly;
  assembly.chrom_sizes = {{"chr1", 500}, {"2", 60}, {"other", 10}};
  MappingOptions options;
  options.chrom_aliases = ChromAliases::from_map({{"2", "chr2"}, {"one", "chr1"}});
  const RegionSet<> regions{{"chr1", 100, 501, {}}, {"one", 100, 501, {}}, {"one", 100, 500, {}},
                            {"2", 0, 61, {}},       {"other", 0, 11, {}},  {"chr2", 0, 99999, {}}};
  const Mapper<OverlapIndex<>, RegionSet<>> mapper(mapping.vocabulary, mapping.index, regions,
                                                   options, &assembly);
  const MappingReport report = mapper.report();
  CHECK(report.past_size == 4);
  CHECK(report.chroms[0].past_size == 1);
  CHECK(report.warning.rfind("4 regions end past the end of their chromosome", 0) == 0);
  CHECK(mapper.encode({}, false).warning == report.warning);
}

TEST_CASE("a few regions past the end, as any genome has them, are no sign of another assembly") {
  const auto cause = [](std::size_t regions, std::size_t past_end) {
    std::vector<bedtok::Region<>> input(regions, {"chr1", 150, 151, {}});
    std::fill_n(input.begin(), past_end, bedtok::Region<>{"chr1", 400, 500, {}});
    return Mapping(four).report(RegionSet<>(input)).likely_cause;
  };
  CHECK(cause(4000, 1).empty());
  CHECK_FALSE(cause(4000, 2).empty());
}

TEST_CASE("random inputs under random options agree with the double loop, and so do reports",
          "[differential]") {
  auto random = support::random_source(51);
  const std::vector<std::string> vocabulary_chroms = {"chr1", "chr2", "X"};
  const std::vector<std::string> input_chroms = {"chr1", "chr2", "1", "chrX", "X", "one", "two"};
  const int rounds = support::cases(5000);
  for (int round = 0; round < rounds; ++round) {
    const auto vocabulary =
        support::random_naive_regions(random, pick(random, 1, 30), vocabulary_chroms, 100, 25);
    const auto queries =
        support::random_naive_regions(random, pick(random, 0, 40), input_chroms, 110, 25);
    const MappingOptions options = support::random_options(random);
    const support::NaiveTokenizer naive(vocabulary);
    const Mapping mapping(support::region_set<std::uint32_t>(vocabulary));
    REQUIRE(mapping.vocabulary.regions().size() == naive.regions());
    const RegionSet<> regions = support::region_set<std::uint32_t>(queries);

    std::vector<InlineToken> placed;
    for (std::size_t i = 0; pick(random, 0, 1) == 0 && i <= queries.size();) {
      placed.push_back({i, naive.unk() + static_cast<bedtok::TokenId>(pick(random, 0, 6))});
      i += pick(random, 0, 4);
    }
    const auto expected = naive.encode(queries, options, placed);
    if (expected.missed) {
      REQUIRE_THROWS_AS(mapping.encode(regions, options, placed), bedtok::VocabularyError);
    } else {
      const auto encoding = mapping.encode(regions, options, placed, true);
      REQUIRE(encoding.input_ids == expected.ids);
      REQUIRE(encoding.region_index == expected.region_index);
      REQUIRE(mapping.encode(regions, options, placed, false).input_ids == expected.ids);
    }

    const MappingReport report = mapping.report(regions, options);
    std::uint64_t tokens = 0;
    std::set<std::uint32_t> distinct;
    Positions misses;
    std::map<std::string, std::uint64_t> hits;
    for (std::size_t i = 0; i < queries.size(); ++i) {
      const auto ids = naive.hits(queries[i], options);
      tokens += ids.size();
      distinct.insert(ids.begin(), ids.end());
      hits[queries[i].chrom] += ids.empty() ? 0 : 1;
      if (ids.empty()) misses.push_back(static_cast<std::int64_t>(i));
    }
    if (!expected.missed) {
      const auto [encoding, sums] =
          Mapper<OverlapIndex<>, RegionSet<>>(mapping.vocabulary, mapping.index, regions, options)
              .encode_with_report();
      const auto alone = mapping.encode(regions, options, {}, false);
      REQUIRE(encoding.input_ids == alone.input_ids);
      REQUIRE(encoding.attention_mask == alone.attention_mask);
      REQUIRE(encoding.regions == queries.size());
      REQUIRE(encoding.hits == report.hits);
      REQUIRE(encoding.warning == report.warning);
      REQUIRE(alone.warning == report.warning);
      REQUIRE(sums.regions == report.regions);
      REQUIRE(sums.hits == report.hits);
      REQUIRE(sums.tokens == report.tokens);
      REQUIRE(sums.past_end == report.past_end);
      REQUIRE(sums.chroms.size() == report.chroms.size());
      for (std::size_t c = 0; c < sums.chroms.size(); ++c) {
        REQUIRE(sums.chroms[c].chrom == report.chroms[c].chrom);
        REQUIRE(sums.chroms[c].hits == report.chroms[c].hits);
        REQUIRE(sums.chroms[c].regions == report.chroms[c].regions);
      }
    }
    REQUIRE(report.tokens == tokens);
    REQUIRE(report.distinct_tokens == distinct.size());
    REQUIRE(report.misses == misses);
    REQUIRE(report.hits == queries.size() - misses.size());
    REQUIRE(report.chroms.size() == hits.size());
    for (const auto& chrom : report.chroms) REQUIRE(chrom.hits == hits[chrom.chrom]);
  }
}

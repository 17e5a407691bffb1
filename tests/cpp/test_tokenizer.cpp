// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>
#include <bedtok/tokenizer.hpp>
#include <cstdint>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "naive_tokenizer.hpp"
#include "support.hpp"

using bedtok::ChromTable;
using bedtok::Encoding;
using bedtok::MappingOptions;
using bedtok::Region;
using bedtok::RegionSet;
using bedtok::SpecialRole;
using bedtok::Tokenizer;
using bedtok::VocabularyError;
using support::message_of;
using Ids = std::vector<bedtok::TokenId>;
using Tokens = std::vector<std::string>;

namespace {

// An index as a user would write it: no find_all, and order by sorting each time.
template <class Coord>
class ScanIndex {
 public:
  using coord_type = Coord;

  explicit ScanIndex(const RegionSet<Coord>& regions) : regions_(regions) {}

  template <class Visit>
  void find(ChromTable::Id chrom, Coord start, Coord end, Visit&& visit) const {
    std::vector<support::Hit> hits;
    for (std::size_t i = 0; i < regions_.size(); ++i) {
      if (regions_.chrom_ids()[i] == chrom && regions_.starts()[i] < end &&
          start < regions_.ends()[i]) {
        hits.push_back({regions_.starts()[i], regions_.ends()[i], static_cast<std::uint32_t>(i)});
      }
    }
    std::sort(hits.begin(), hits.end());
    for (const auto& hit : hits) {
      visit(hit.id, static_cast<Coord>(hit.start), static_cast<Coord>(hit.end));
    }
  }

 private:
  RegionSet<Coord> regions_;
};

const RegionSet<> three{{"chr1", 10, 20, {}}, {"chr1", 15, 30, {}}, {"chr2", 0, 5, {}}};

}  // namespace

TEST_CASE("a tokenizer knows its size, its special tokens and its options") {
  MappingOptions options;
  options.unique = true;
  const Tokenizer<> tokenizer(three, {}, options);
  CHECK(tokenizer.vocab_size() == 10);
  CHECK(tokenizer.token_id(SpecialRole::unk) == 3);
  CHECK(tokenizer.token_id(SpecialRole::sep) == 9);
  CHECK(tokenizer.special_tokens()[SpecialRole::pad] == "<pad>");
  CHECK(tokenizer.options() == options);
  CHECK(tokenizer.vocabulary().regions() == three);
  CHECK(tokenizer.warning().empty());
}

TEST_CASE("a tokenizer is made of legal things or not at all") {
  MappingOptions options;
  options.min_fraction = 2;
  CHECK_THROWS_AS(Tokenizer<>(three, {}, options), bedtok::ConfigError);
  CHECK_THROWS_AS(Tokenizer<>(RegionSet<>()), VocabularyError);
}

TEST_CASE("a vocabulary that repeats regions says so in one line") {
  const Tokenizer<> tokenizer(
      RegionSet<>{{"chr1", 1, 2, {}}, {"chr1", 1, 2, {}}, {"chr1", 5, 6, {}}, {"chr1", 1, 2, {}}});
  CHECK(tokenizer.warning() ==
        "the vocabulary repeats 2 of its regions (the first is chr1:1-2); each keeps its first id, "
        "and later ids move up");
  CHECK(tokenizer(RegionSet<>{{"chr1", 0, 9, {}}}).input_ids == Ids{0, 1});
}

TEST_CASE("a call uses the tokenizer's options unless it brings its own") {
  MappingOptions best;
  best.best_overlap = true;
  const Tokenizer<> tokenizer(three, {}, best);
  const RegionSet<> query{{"chr1", 16, 19, {}}};
  CHECK(tokenizer(query).input_ids == Ids{0});
  CHECK(tokenizer(query, {}).input_ids == Ids{0, 1});
  CHECK(tokenizer.encode(query, {}).input_ids == Ids{0, 1});
  CHECK(tokenizer.tokenize(query) == Tokens{"chr1:10-20"});
  CHECK(tokenizer.report(query).tokens == 1);
  CHECK(tokenizer.report(query, {}).tokens == 2);
}

TEST_CASE("ids decode to texts and to regions") {
  const Tokenizer<> tokenizer(three);
  CHECK(tokenizer.decode({2, 3, 0, 9}) == Tokens{"chr2:0-5", "<unk>", "chr1:10-20", "<sep>"});
  CHECK(tokenizer.decode({2, 3, 0, 9}, true) == Tokens{"chr2:0-5", "chr1:10-20"});
  CHECK(tokenizer.decode({}).empty());
  CHECK(tokenizer.decode_regions({2, 3, 0, 0}) ==
        RegionSet<>{{"chr2", 0, 5, {}}, {"chr1", 10, 20, {}}, {"chr1", 10, 20, {}}});
  CHECK(tokenizer.convert_id_to_token(4) == "<pad>");
  CHECK(tokenizer.get_special_tokens_mask({0, 3, 9, 2}) == std::vector<std::int64_t>{0, 1, 1, 0});
}

TEST_CASE("an id outside the vocabulary is an error that names it, everywhere") {
  const Tokenizer<> tokenizer(three);
  const std::string message = "id 10 is outside the vocabulary (0..9)";
  CHECK(message_of<VocabularyError>([&] { tokenizer.decode({0, 10}); }) == message);
  CHECK(message_of<VocabularyError>([&] { tokenizer.decode_regions({0, 10}); }) == message);
  CHECK(message_of<VocabularyError>([&] { tokenizer.convert_id_to_token(10); }) == message);
  CHECK(message_of<VocabularyError>([&] { tokenizer.get_special_tokens_mask({10}); }) == message);
  CHECK(message_of<VocabularyError>([&] { tokenizer.decode({-100}, true); }) ==
        "id -100 is outside the vocabulary (0..9)");
}

TEST_CASE("tokens become ids, and unk stands for what is not known") {
  const Tokenizer<> tokenizer(three);
  CHECK(tokenizer.convert_tokens_to_ids({"chr1:15-30", "<cls>", "chr1:15-31", ""}) ==
        Ids{1, 6, 3, 3});
  CHECK(tokenizer.convert_token_to_id("chr2:0-5") == 2);
  for (bedtok::TokenId id = 0; id < 10; ++id) {
    CHECK(tokenizer.convert_token_to_id(tokenizer.convert_id_to_token(id)) == id);
  }
}

TEST_CASE("tokenizers are equal when vocabulary and options are") {
  MappingOptions options;
  options.unique = true;
  CHECK(Tokenizer<>(three) == Tokenizer<>(three));
  CHECK(Tokenizer<>(three) != Tokenizer<>(three, {}, options));
  CHECK(Tokenizer<>(three) != Tokenizer<>(RegionSet<>{{"chr1", 10, 20, {}}}));
}

TEST_CASE("regions that carry a type of the user's own tokenize like others") {
  struct Score {
    double value;
  };
  const RegionSet<std::uint32_t, Score> scored(
      std::vector<Region<std::uint32_t, Score>>{{"chr2", 1, 2, {0.5}}, {"chr1", 16, 17, {0.7}}});
  const Tokenizer<> tokenizer(three);
  CHECK(tokenizer(scored).input_ids == Ids{2, 0, 1});
  CHECK(tokenizer.report(scored).hits == 2);
  CHECK(tokenizer.encode(scored, {}, {}, true).region_index == std::vector<std::int64_t>{0, 1, 1});
  CHECK(tokenizer.tokenize(scored) == Tokens{"chr2:0-5", "chr1:10-20", "chr1:15-30"});
}

TEMPLATE_TEST_CASE("any index gives the tokens of the double loop, whatever the options", "",
                   bedtok::OverlapIndex<std::uint32_t>, bedtok::OverlapIndex<std::uint64_t>,
                   ScanIndex<std::uint32_t>, ScanIndex<std::uint64_t>) {
  using Coord = typename TestType::coord_type;
  std::mt19937_64 random(61);
  for (int round = 0; round < 400; ++round) {
    const std::uint64_t base = sizeof(Coord) == 8 && round % 2 ? std::uint64_t{1} << 40 : 0;
    auto vocabulary = support::random_naive_regions(random, support::pick(random, 1, 25),
                                                    {"chr1", "chr2"}, 80, 20);
    auto queries = support::random_naive_regions(random, support::pick(random, 0, 30),
                                                 {"chr1", "chr2", "2"}, 90, 20);
    for (auto* regions : {&vocabulary, &queries}) {
      for (auto& region : *regions) region.start += base, region.end += base;
    }
    const MappingOptions options = support::random_options(random);
    const Tokenizer<TestType> tokenizer(support::region_set<Coord>(vocabulary), {}, options);
    const auto regions = support::region_set<Coord>(queries);
    const auto expected = support::NaiveTokenizer(vocabulary).encode(queries, options);
    if (expected.missed) {
      REQUIRE_THROWS_AS(tokenizer(regions), VocabularyError);
      continue;
    }
    REQUIRE(tokenizer(regions).input_ids == expected.ids);
    REQUIRE(tokenizer.encode(regions, options, {}, true).region_index == expected.region_index);
    // Every token decodes to a region that shares the input's chromosome, and encodes to itself.
    const auto tokens = tokenizer.decode(expected.ids);
    REQUIRE(tokenizer.convert_tokens_to_ids(tokens) == expected.ids);
  }
}

TEST_CASE("an index with find_all is told from one without") {
  STATIC_REQUIRE(bedtok::detail::has_find_all<bedtok::OverlapIndex<>>::value);
  STATIC_REQUIRE(bedtok::detail::has_find_all<bedtok::OverlapIndex<std::uint64_t>>::value);
  STATIC_REQUIRE_FALSE(bedtok::detail::has_find_all<ScanIndex<std::uint32_t>>::value);
}

TEST_CASE("a copied or moved tokenizer is whole") {
  auto original = std::make_unique<Tokenizer<>>(three);
  const Tokenizer<> copy = *original;
  const Tokenizer<> moved = std::move(*original);
  original.reset();
  const RegionSet<> query{{"chr1", 16, 17, {}}};
  CHECK(copy(query).input_ids == Ids{0, 1});
  CHECK(moved(query).input_ids == Ids{0, 1});
}

TEST_CASE("one tokenizer in many threads gives what it gives in one") {
  std::mt19937_64 random(62);
  const Tokenizer<> tokenizer(support::random_regions<std::uint32_t>(random, 3000, 5, 100000, 300));
  std::vector<RegionSet<>> inputs;
  for (int i = 0; i < 16; ++i) {
    inputs.push_back(support::random_regions<std::uint32_t>(random, 2000, 6, 110000, 500));
  }
  MappingOptions options;
  options.unique = true;
  options.chrom_aliases = bedtok::ChromAliases::to_style("ucsc");
  struct Result {
    Encoding plain, indexed;
    Tokens tokens;
    std::uint64_t hits = 0;
    Ids back;
  };
  const auto work = [&](std::size_t i) {
    Result result;
    result.plain = tokenizer(inputs[i]);
    result.indexed = tokenizer.encode(inputs[i], options, {}, true);
    result.tokens = tokenizer.decode(result.plain.input_ids);
    result.hits = tokenizer.report(inputs[i]).hits;
    result.back = tokenizer.convert_tokens_to_ids(result.tokens);
    return result;
  };
  std::vector<Result> expected(inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) expected[i] = work(i);

  std::vector<Result> results(inputs.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    threads.emplace_back([&, i] { results[i] = work(i); });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    CHECK(results[i].plain.input_ids == expected[i].plain.input_ids);
    CHECK(results[i].indexed.input_ids == expected[i].indexed.input_ids);
    CHECK(results[i].indexed.region_index == expected[i].indexed.region_index);
    CHECK(results[i].tokens == expected[i].tokens);
    CHECK(results[i].hits == expected[i].hits);
    CHECK(results[i].back == results[i].plain.input_ids);
  }
}

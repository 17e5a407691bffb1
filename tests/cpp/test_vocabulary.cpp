// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/vocabulary.hpp>
#include <cstdint>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "catch.hpp"
#include "support.hpp"

using bedtok::ConfigError;
using bedtok::Region;
using bedtok::RegionSet;
using bedtok::SpecialRole;
using bedtok::SpecialTokens;
using bedtok::TokenId;
using bedtok::Vocabulary;
using bedtok::VocabularyError;
using support::message_of;

namespace {

template <class Coord>
std::string token_of(const Vocabulary<Coord>& vocabulary, TokenId id) {
  std::string token;
  vocabulary.append_token(token, id);
  return token;
}

}  // namespace

TEST_CASE("ids count up in the regions' order and special tokens follow") {
  const Vocabulary<> vocabulary(
      RegionSet<>{{"chr2", 5, 9, "x"}, {"chr1", 0, 4, {}}, {"chr1", 0, 3, {}}});
  CHECK(vocabulary.size() == 10);
  CHECK(vocabulary.repeated() == 0);
  CHECK(vocabulary.first_repeated().empty());
  CHECK(token_of(vocabulary, 0) == "chr2:5-9");
  CHECK(token_of(vocabulary, 2) == "chr1:0-3");
  const std::vector<std::string> spellings = {"<unk>", "<pad>", "<mask>", "<cls>",
                                              "<eos>", "<bos>", "<sep>"};
  for (std::size_t i = 0; i < spellings.size(); ++i) {
    const auto id = static_cast<TokenId>(3 + i);
    CHECK(vocabulary.id(static_cast<SpecialRole>(i)) == id);
    CHECK(token_of(vocabulary, id) == spellings[i]);
    CHECK(vocabulary.find(spellings[i]) == id);
    CHECK(vocabulary.is_special(id));
  }
  CHECK_FALSE(vocabulary.is_special(2));
}

TEST_CASE("added special tokens follow the roles', and no id of before changes") {
  const RegionSet<> regions{{"chr1", 0, 4, {}}, {"chr1", 0, 3, {}}};
  SpecialTokens tokens;
  const Vocabulary<> before(regions, tokens);
  tokens.add("<first>");
  tokens.assign(SpecialRole::cls, "<second>");
  tokens.assign(SpecialRole::bos, "<eos>");
  const Vocabulary<> after(regions, tokens);
  CHECK(after.size() == before.size() + 2);
  for (TokenId id = 0; id < static_cast<TokenId>(before.size()); ++id) {
    CHECK(token_of(after, id) == token_of(before, id));
    CHECK(after.find(token_of(before, id)) == id);
  }
  CHECK(token_of(after, 9) == "<first>");
  CHECK(after.find("<first>") == 9);
  CHECK(after.id(SpecialRole::cls) == 10);
  CHECK(after.id(SpecialRole::bos) == after.id(SpecialRole::eos));
  CHECK(after.is_special(10));
  CHECK(message_of<VocabularyError>([&] { after.check(11); }) ==
        "id 11 is outside the vocabulary (0..10)");
  CHECK_FALSE(after == before);
}

TEST_CASE("a token is found by its text and every other text is not") {
  const Vocabulary<> vocabulary(RegionSet<>{
      {"HLA-A*01:01:01:01", 1, 2, {}}, {"chr1", 7, 7, {}}, {"chr1", 7, 4294967295, {}}});
  CHECK(vocabulary.find("HLA-A*01:01:01:01:1-2") == 0);
  CHECK(vocabulary.find("chr1:7-7") == 1);
  CHECK(vocabulary.find("chr1:7-4294967295") == 2);
  for (const char* text : {"", "chr1", "chr1:7-8", "chr1:6-7", "chr2:7-7", "chr1:7-4294967296",
                           "chr1:7-7 ", "unk", "<UNK>"}) {
    INFO(text);
    CHECK_FALSE(vocabulary.find(text).has_value());
  }
}

TEST_CASE("a region that comes again keeps its first id and is counted") {
  const Vocabulary<> vocabulary(RegionSet<>{{"chr1", 5, 9, {}},
                                            {"chr2", 5, 9, {}},
                                            {"chr1", 5, 9, {}},
                                            {"chr1", 1, 2, {}},
                                            {"chr2", 5, 9, {}},
                                            {"chr1", 5, 9, {}}});
  CHECK(vocabulary.regions() ==
        RegionSet<>{{"chr1", 5, 9, {}}, {"chr2", 5, 9, {}}, {"chr1", 1, 2, {}}});
  CHECK(vocabulary.repeated() == 3);
  CHECK(vocabulary.first_repeated() == "chr1:5-9");
  CHECK(vocabulary.find("chr1:1-2") == 2);
  CHECK(vocabulary.id(SpecialRole::unk) == 3);
}

TEMPLATE_TEST_CASE("random vocabularies agree with a std::map from texts to ids", "", std::uint32_t,
                   std::uint64_t) {
  std::mt19937_64 random(41);
  for (int round = 0; round < 100; ++round) {
    const auto count = support::pick(random, 1, round < 90 ? 40 : 1500);
    auto set = support::random_regions<TestType>(random, count, 4, round % 2 ? 20 : 100000, 5);
    if (round % 3 == 0) set = std::move(set).sorted();
    std::map<std::string, TokenId> ids;
    std::vector<std::string> order;
    for (const auto& region : set) {
      std::string text;
      bedtok::append_text(text, region.chrom, region.start, region.end);
      if (ids.emplace(text, static_cast<TokenId>(order.size())).second) order.push_back(text);
    }
    const Vocabulary<TestType> vocabulary(set);
    REQUIRE(vocabulary.size() == order.size() + 7);
    REQUIRE(vocabulary.repeated() == set.size() - order.size());
    for (const auto& [text, id] : ids) REQUIRE(vocabulary.find(text) == id);
    for (std::size_t id = 0; id < order.size(); ++id) {
      REQUIRE(token_of(vocabulary, static_cast<TokenId>(id)) == order[id]);
    }
    for (int i = 0; i < 30; ++i) {
      const std::string text = "chr" + std::to_string(support::pick(random, 0, 5)) + ":" +
                               std::to_string(support::pick(random, 0, 20)) + "-" +
                               std::to_string(support::pick(random, 0, 25));
      const auto known = ids.find(text);
      REQUIRE(vocabulary.find(text) ==
              (known == ids.end() ? std::nullopt : std::optional<TokenId>(known->second)));
    }
  }
}

TEST_CASE("a vocabulary without regions is refused") {
  CHECK(message_of<VocabularyError>([] { Vocabulary<>{RegionSet<>()}; }) ==
        "the vocabulary has no regions, expected at least one");
}

TEST_CASE("special tokens must be distinct and unlike any region") {
  const RegionSet<> regions{{"chr1", 1, 2, {}}};
  SpecialTokens tokens;
  tokens.set(SpecialRole::mask, "chr1:1-2");
  CHECK(message_of<ConfigError>([&] { Vocabulary<>(regions, tokens); }) ==
        "special token 'chr1:1-2' is spelled like a region of the vocabulary, choose another "
        "spelling");
  tokens.set(SpecialRole::mask, "chr1:1-3");
  CHECK(Vocabulary<>(regions, tokens).find("chr1:1-3") == 3);
  tokens.add("chr1:1-2");
  CHECK_THROWS_AS(Vocabulary<>(regions, tokens), ConfigError);
  tokens.set(SpecialRole::mask, "<pad>");
  CHECK(message_of<ConfigError>([&] { Vocabulary<>(regions, tokens); }) ==
        "special tokens 'pad' and 'mask' are both spelled '<pad>', each needs a spelling of its "
        "own");
}

TEST_CASE("an id outside the vocabulary is refused with the range") {
  std::vector<Region<>> regions;
  for (std::uint32_t i = 0; i < 25; ++i) regions.push_back({"chr1", i, i + 1, {}});
  const Vocabulary<> vocabulary{RegionSet<>(regions)};
  CHECK_NOTHROW(vocabulary.check(0));
  CHECK_NOTHROW(vocabulary.check(31));
  CHECK(message_of<VocabularyError>([&] { vocabulary.check(40); }) ==
        "id 40 is outside the vocabulary (0..31)");
  CHECK(message_of<VocabularyError>([&] { vocabulary.check(32); }) ==
        "id 32 is outside the vocabulary (0..31)");
  CHECK(message_of<VocabularyError>([&] { vocabulary.check(-1); }) ==
        "id -1 is outside the vocabulary (0..31)");
  CHECK_THROWS_AS(vocabulary.check(std::numeric_limits<TokenId>::min()), VocabularyError);
  CHECK_THROWS_AS(vocabulary.check(std::numeric_limits<TokenId>::max()), VocabularyError);
}

TEST_CASE("vocabularies are equal when regions and special tokens are") {
  const RegionSet<> regions{{"chr1", 1, 2, {}}};
  SpecialTokens tokens;
  tokens.set(SpecialRole::unk, "[UNK]");
  CHECK(Vocabulary<>(regions) == Vocabulary<>(RegionSet<>{{"chr1", 1, 2, "rest"}}));
  CHECK_FALSE(Vocabulary<>(regions) == Vocabulary<>(regions, tokens));
  CHECK_FALSE(Vocabulary<>(regions) == Vocabulary<>(RegionSet<>{{"chr1", 1, 3, {}}}));
}

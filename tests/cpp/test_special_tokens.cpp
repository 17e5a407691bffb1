// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>
#include <bedtok/special_tokens.hpp>
#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include "catch.hpp"
#include "support.hpp"

using bedtok::ConfigError;
using bedtok::SpecialRole;
using bedtok::SpecialTokens;
using support::message_of;
using Spellings = std::vector<std::string>;

TEST_CASE("special tokens come as unk pad mask cls eos bos sep, in angle brackets by default") {
  const SpecialTokens tokens;
  CHECK(tokens.spellings() ==
        Spellings{"<unk>", "<pad>", "<mask>", "<cls>", "<eos>", "<bos>", "<sep>"});
  CHECK(tokens.size() == 7);
  for (std::size_t i = 0; i < 7; ++i) {
    CHECK(tokens.position(static_cast<SpecialRole>(i)) == i);
    CHECK(tokens[static_cast<SpecialRole>(i)] == tokens.spellings()[i]);
  }
}

TEST_CASE("a role is known by its name, with or without _token") {
  CHECK(SpecialTokens::role("mask") == SpecialRole::mask);
  CHECK(SpecialTokens::role("mask_token") == SpecialRole::mask);
  CHECK_FALSE(SpecialTokens::role("Mask").has_value());
  CHECK_FALSE(SpecialTokens::role("_token").has_value());
  CHECK_FALSE(SpecialTokens::role("").has_value());
  CHECK_FALSE(SpecialTokens::role("mask_token_token").has_value());
}

TEST_CASE("a spelling is found at its role's place") {
  SpecialTokens tokens;
  tokens.set(SpecialRole::pad, "[PAD]");
  CHECK(tokens[SpecialRole::pad] == "[PAD]");
  CHECK(tokens.find("[PAD]") == 1);
  CHECK_FALSE(tokens.find("<pad>").has_value());
  CHECK(tokens.find("<sep>") == 6);
}

TEST_CASE("an added token stands behind the others, and one that is there stays where it is") {
  SpecialTokens tokens;
  CHECK(tokens.add("<a>") == 7);
  CHECK(tokens.add("<b>") == 8);
  CHECK(tokens.add("<a>") == 7);
  CHECK(tokens.add("<mask>") == 2);
  CHECK(tokens.spellings() ==
        Spellings{"<unk>", "<pad>", "<mask>", "<cls>", "<eos>", "<bos>", "<sep>", "<a>", "<b>"});
  CHECK(tokens.size() == 9);
  CHECK(tokens.find("<b>") == 8);
  CHECK(tokens[SpecialRole::sep] == "<sep>");
}

TEST_CASE("a role passes to another token, and its first token stays without it") {
  SpecialTokens tokens;
  tokens.assign(SpecialRole::cls, "<new>");
  CHECK(tokens.position(SpecialRole::cls) == 7);
  CHECK(tokens[SpecialRole::cls] == "<new>");
  CHECK(tokens.find("<cls>") == 3);
  tokens.set(SpecialRole::cls, "<newer>");
  CHECK(tokens.spellings() ==
        Spellings{"<unk>", "<pad>", "<mask>", "<cls>", "<eos>", "<bos>", "<sep>", "<newer>"});
  tokens.assign(SpecialRole::cls, "<cls>");
  CHECK(tokens.position(SpecialRole::cls) == 3);
  CHECK(tokens.size() == 8);
}

TEST_CASE("two roles may share a token, and a new spelling is then that of both") {
  SpecialTokens tokens;
  tokens.assign(SpecialRole::bos, "<cls>");
  CHECK(tokens.position(SpecialRole::bos) == 3);
  CHECK(tokens.position(SpecialRole::cls) == 3);
  CHECK(tokens.size() == 7);
  CHECK_NOTHROW(tokens.check());
  tokens.set(SpecialRole::bos, "[CLS]");
  CHECK(tokens[SpecialRole::cls] == "[CLS]");
  CHECK(tokens[SpecialRole::bos] == "[CLS]");
  CHECK(tokens.find("<bos>") == 5);
}

TEST_CASE("whatever is added and assigned, no token changes its place") {
  std::mt19937_64 random(31);
  for (int round = 0; round < 100; ++round) {
    SpecialTokens tokens;
    for (int step = 0; step < 30; ++step) {
      const Spellings before = tokens.spellings();
      const auto role = static_cast<SpecialRole>(support::pick(random, 0, 6));
      const std::string spelling = "<" + std::to_string(support::pick(random, 0, 15)) + ">";
      const bool known = tokens.find(spelling).has_value();
      if (support::pick(random, 0, 1) == 0) {
        REQUIRE(tokens.spellings()[tokens.add(spelling)] == spelling);
      } else {
        tokens.assign(role, spelling);
        REQUIRE(tokens[role] == spelling);
      }
      REQUIRE(tokens.size() == before.size() + (known ? 0 : 1));
      REQUIRE(std::equal(before.begin(), before.end(), tokens.spellings().begin()));
      REQUIRE_NOTHROW(tokens.check());
    }
  }
}

TEST_CASE("an empty spelling is refused and nothing changes") {
  SpecialTokens tokens;
  CHECK(message_of<ConfigError>([&] { tokens.set(SpecialRole::cls, ""); }) ==
        "special token 'cls' has an empty spelling, expected a text like <cls>");
  const std::string nameless = "a special token has an empty spelling, expected a text like <new>";
  CHECK(message_of<ConfigError>([&] { tokens.add(""); }) == nameless);
  CHECK(message_of<ConfigError>([&] { tokens.assign(SpecialRole::cls, ""); }) == nameless);
  CHECK(tokens == SpecialTokens());
}

TEST_CASE("two tokens with one spelling are refused by check, by role or by number") {
  const auto refused = [](const SpecialTokens& tokens) {
    return message_of<ConfigError>([&] { tokens.check(); });
  };
  SpecialTokens tokens;
  CHECK(refused(tokens) == "nothing was thrown");
  tokens.set(SpecialRole::eos, "<sep>");
  CHECK(
      refused(tokens) ==
      "special tokens 'eos' and 'sep' are both spelled '<sep>', each needs a spelling of its own");
  tokens.set(SpecialRole::eos, "<new>");
  tokens.assign(SpecialRole::eos, "<a>");
  tokens.assign(SpecialRole::bos, "<b>");
  CHECK(refused(tokens) == "nothing was thrown");
  tokens.set(SpecialRole::bos, "<new>");
  CHECK(refused(tokens) ==
        "special tokens 'eos' and number 8 are both spelled '<new>', each needs a spelling of its "
        "own");
  tokens.set(SpecialRole::bos, "<a>");
  CHECK(refused(tokens) ==
        "special tokens number 7 and number 8 are both spelled '<a>', each needs a spelling of its "
        "own");
}

TEST_CASE("special tokens differ by a spelling, by an added one and by whose a role is") {
  std::vector<SpecialTokens> different(4);
  different[0].set(SpecialRole::cls, "[CLS]");
  different[1].add("<new>");
  different[2].assign(SpecialRole::cls, "<new>");
  for (std::size_t i = 0; i < different.size(); ++i) {
    for (std::size_t j = 0; j < different.size(); ++j) {
      CHECK((different[i] == different[j]) == (i == j));
      CHECK((different[i] != different[j]) == (i != j));
    }
  }
}

TEST_CASE("many added tokens are found by their spellings") {
  SpecialTokens tokens;
  for (std::size_t i = 0; i < 50000; ++i) {
    REQUIRE(tokens.add("<x" + std::to_string(i) + ">") == SpecialTokens::role_count + i);
  }
  CHECK(tokens.add("<x49999>") == SpecialTokens::role_count + 49999);
  CHECK(tokens.size() == SpecialTokens::role_count + 50000);
  tokens.check();
  tokens.set(SpecialRole::pad, "<x7>");
  CHECK_THROWS_AS(tokens.check(), bedtok::ConfigError);
  CHECK_FALSE(tokens.find("<pad>"));
  tokens.set(SpecialRole::pad, "[pad]");
  tokens.check();
  CHECK(tokens.find("[pad]") == 1u);
  CHECK(tokens.find("<x7>") == SpecialTokens::role_count + 7);
}

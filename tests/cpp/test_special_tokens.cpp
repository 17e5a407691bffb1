// SPDX-License-Identifier: BSD-2-Clause
#include <array>
#include <bedtok/special_tokens.hpp>
#include <string>

#include "catch.hpp"
#include "support.hpp"

using bedtok::ConfigError;
using bedtok::SpecialRole;
using bedtok::SpecialTokens;

TEST_CASE("special tokens come as unk pad mask cls eos bos sep, in angle brackets by default") {
  const std::array<std::string, 7> expected = {"<unk>", "<pad>", "<mask>", "<cls>",
                                               "<eos>", "<bos>", "<sep>"};
  CHECK(SpecialTokens().spellings() == expected);
  CHECK(SpecialTokens()[SpecialRole::unk] == "<unk>");
  CHECK(SpecialTokens()[SpecialRole::sep] == "<sep>");
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
  CHECK_FALSE(tokens == SpecialTokens());
}

TEST_CASE("an empty spelling is refused and nothing changes") {
  SpecialTokens tokens;
  CHECK(support::message_of<ConfigError>([&] { tokens.set(SpecialRole::cls, ""); }) ==
        "special token 'cls' has an empty spelling, expected a text like <cls>");
  CHECK(tokens == SpecialTokens());
}

TEST_CASE("two roles with one spelling are refused by check") {
  SpecialTokens tokens;
  tokens.check();
  tokens.set(SpecialRole::eos, "<sep>");
  CHECK(
      support::message_of<ConfigError>([&] { tokens.check(); }) ==
      "special tokens 'eos' and 'sep' are both spelled '<sep>', each needs a spelling of its own");
}

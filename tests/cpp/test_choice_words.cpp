// SPDX-License-Identifier: BSD-2-Clause
#include <array>
#include <bedtok/choice_words.hpp>
#include <string_view>

#include "catch.hpp"
#include "support.hpp"

using bedtok::from_word;
using bedtok::to_word;
using support::message_of;

namespace {

enum class Taste { sweet, sour, salty };

}  // namespace

template <>
struct bedtok::ChoiceWords<Taste> {
  static constexpr std::string_view option = "taste";
  static constexpr std::array<std::string_view, 3> words = {"sweet", "sour", "salty"};
};

TEST_CASE("a choice has its word, and the word reads back") {
  STATIC_REQUIRE(to_word(Taste::sweet) == "sweet");
  STATIC_REQUIRE(to_word(Taste::salty) == "salty");
  for (const auto taste : {Taste::sweet, Taste::sour, Taste::salty}) {
    CHECK(from_word<Taste>(to_word(taste)) == taste);
  }
}

TEST_CASE("a word that is not known is refused with the words that are, and the option's name") {
  const std::string expected = "expected one of: sweet, sour, salty";
  const auto refused = [](auto... arguments) {
    return message_of<bedtok::ConfigError>([&] { from_word<Taste>(arguments...); });
  };
  CHECK(refused("bitter") == "taste is 'bitter', " + expected);
  CHECK(refused("Sour") == "taste is 'Sour', " + expected);
  CHECK(refused("sour ") == "taste is 'sour ', " + expected);
  CHECK(refused("") == "taste is '', " + expected);
  CHECK(refused("salt", "c.json: taste of it") == "c.json: taste of it is 'salt', " + expected);
}

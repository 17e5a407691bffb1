// SPDX-License-Identifier: BSD-2-Clause
#include <array>
#include <bedtok/enum_names.hpp>
#include <string_view>

#include "catch.hpp"
#include "support.hpp"

using bedtok::enum_name;
using bedtok::parse_enum;
using support::message_of;

namespace {

enum class Taste { sweet, sour, salty };

}  // namespace

template <>
struct bedtok::EnumNames<Taste> {
  static constexpr std::string_view option = "taste";
  static constexpr std::array<std::string_view, 3> names = {"sweet", "sour", "salty"};
};

TEST_CASE("a choice has its word, and the word reads back") {
  STATIC_REQUIRE(enum_name(Taste::sweet) == "sweet");
  STATIC_REQUIRE(enum_name(Taste::salty) == "salty");
  for (const auto taste : {Taste::sweet, Taste::sour, Taste::salty}) {
    CHECK(parse_enum<Taste>(enum_name(taste)) == taste);
  }
}

TEST_CASE("a word that is not known is refused with the words that are, and the option's name") {
  const std::string expected = "expected one of: sweet, sour, salty";
  const auto refused = [](auto... arguments) {
    return message_of<bedtok::ConfigError>([&] { parse_enum<Taste>(arguments...); });
  };
  CHECK(refused("bitter") == "taste is 'bitter', " + expected);
  CHECK(refused("Sour") == "taste is 'Sour', " + expected);
  CHECK(refused("sour ") == "taste is 'sour ', " + expected);
  CHECK(refused("") == "taste is '', " + expected);
  CHECK(refused("salt", "c.json: taste of it") == "c.json: taste of it is 'salt', " + expected);
}

// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/detail/parse_int.hpp>
#include <cstdint>
#include <random>
#include <string>

#include "catch.hpp"
#include "support.hpp"

using bedtok::detail::parse_coord;
using bedtok::detail::parse_digits;

namespace {

// The result of parse_digits for `text` between other bytes, as in a line.
std::uint32_t digits_of(const std::string& text, std::uint64_t& wrong, char around) {
  const std::string line(16, around);
  const std::string padded = line + text + line;
  const char* const first = padded.data() + line.size();
  return parse_digits(first, first + text.size(), wrong);
}

}  // namespace

TEST_CASE("parse_digits reads one to nine digits, whatever stands around them") {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20000; ++i) {
    std::string text;
    for (auto width = support::pick(random, 1, 9); width > 0; --width) {
      text.push_back(static_cast<char>('0' + support::pick(random, 0, 9)));
    }
    for (const char around : {'0', '9', '\t', '\xff', 'x'}) {
      std::uint64_t wrong = 0;
      REQUIRE(digits_of(text, wrong, around) == std::stoul(text));
      REQUIRE(wrong == 0);
    }
  }
}

TEST_CASE("parse_digits notices every byte that is no digit at every place") {
  for (std::size_t width = 1; width <= 9; ++width) {
    for (std::size_t at = 0; at < width; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        const bool digit = byte >= '0' && byte <= '9';
        for (const char other : {'0', '9'}) {
          std::string text(width, other);
          text[at] = static_cast<char>(byte);
          std::uint64_t wrong = 0;
          digits_of(text, wrong, '0');
          REQUIRE((wrong == 0) == digit);
        }
      }
    }
  }
}

TEMPLATE_TEST_CASE("parse_coord takes decimal digits that fit and nothing else", "", std::uint32_t,
                   std::uint64_t) {
  TestType value = 7;
  for (const char* bad : {"", "-1", "+1", "1.0", "1e3", "0x10", " 1", "1 ", "a", "1\t", "\xd9\xa1",
                          "18446744073709551616", "99999999999999999999", "00000000000-1"}) {
    INFO(bad);
    CHECK_FALSE(parse_coord(bad, value));
    CHECK(value == 7);
  }
  CHECK(parse_coord("0", value));
  CHECK(value == 0);
  CHECK(parse_coord("000000000000000000000000042", value));
  CHECK(value == 42);
  CHECK(parse_coord("0000", value));
  CHECK(value == 0);
  CHECK(parse_coord("4294967295", value));
  CHECK(value == 4294967295u);
}

TEST_CASE("parse_coord stops at the largest number of its type") {
  std::uint32_t narrow = 0;
  CHECK_FALSE(parse_coord("4294967296", narrow));
  CHECK_FALSE(parse_coord("4294967300", narrow));
  CHECK_FALSE(parse_coord("9999999999", narrow));
  std::uint64_t wide = 0;
  CHECK(parse_coord("18446744073709551615", wide));
  CHECK(wide == 18446744073709551615u);
  CHECK_FALSE(parse_coord("18446744073709551620", wide));
}

TEST_CASE("parse_coord reads back random numbers of both types") {
  std::mt19937_64 random(2);
  for (int i = 0; i < 20000; ++i) {
    const std::uint64_t number = random() >> support::pick(random, 0, 63);
    std::uint64_t wide = 0;
    REQUIRE(parse_coord(std::to_string(number), wide));
    REQUIRE(wide == number);
    std::uint32_t narrow = 0;
    REQUIRE(parse_coord(std::to_string(number), narrow) == (number <= 0xFFFFFFFFu));
    if (number <= 0xFFFFFFFFu) REQUIRE(narrow == number);
  }
}

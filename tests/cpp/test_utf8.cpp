// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/detail/utf8.hpp>
#include <cstdint>
#include <string>

#include "catch.hpp"

using bedtok::detail::excerpt;
using bedtok::detail::is_utf8;

namespace {

// UTF-8 by its definition: the bytes of one code point.
std::string encoded(std::uint32_t code) {
  const auto byte = [](std::uint32_t value) { return static_cast<char>(value); };
  if (code < 0x80) return {byte(code)};
  if (code < 0x800) return {byte(0xC0 | (code >> 6)), byte(0x80 | (code & 63))};
  if (code < 0x10000) {
    return {byte(0xE0 | (code >> 12)), byte(0x80 | ((code >> 6) & 63)), byte(0x80 | (code & 63))};
  }
  return {byte(0xF0 | (code >> 18)), byte(0x80 | ((code >> 12) & 63)),
          byte(0x80 | ((code >> 6) & 63)), byte(0x80 | (code & 63))};
}

}  // namespace

TEST_CASE("every code point but the surrogates is UTF-8") {
  for (std::uint32_t code = 0; code <= 0x10FFFF; code += (code < 0x3000 ? 1 : 37)) {
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    REQUIRE(is_utf8("a" + encoded(code) + "b") == !surrogate);
  }
  CHECK(is_utf8(""));
}

TEST_CASE("stray, missing and overlong bytes are not UTF-8") {
  const std::string text = GENERATE(
      as<std::string>{}, "\x80", "\xBF", "\xC3", "\xC3(", "\xE2\x82", "\xF0\x9F\x92", "\xC0\xAF",
      "\xC1\xBF", "\xE0\x80\xAF", "\xE0\x9F\xBF", "\xF0\x80\x80\xAF", "\xF0\x8F\xBF\xBF",
      "\xED\xA0\x80", "\xED\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFE", "\xFF");
  CHECK_FALSE(is_utf8(text));
  CHECK_FALSE(is_utf8("chr" + text + "1"));
}

TEST_CASE("an excerpt is printable and on one line") {
  CHECK(excerpt("chr1\t5") == "chr1\\t5");
  CHECK(excerpt(std::string("a\0b\r\n\x7f", 6)) == "a\\x00b\\x0d\\x0a\\x7f");
  CHECK(excerpt("\xC3\xA4") == "\xC3\xA4");
  CHECK(excerpt("\xE4") == "\\xe4");
}

TEST_CASE("what a terminal would act on is escaped, letters of any script are not") {
  using bedtok::detail::printable;
  CHECK(printable("\x1b[31mred\r") == "\\x1b[31mred\\x0d");
  CHECK(printable("\xC2\x9B\x33\x31m") == "\\x9b31m");
  CHECK(printable("a\xE2\x80\xAE\x62\xE2\x81\xA6\x63\xD8\x9C") == "a\\u202eb\\u2066c\\u061c");
  CHECK(printable("\xEF\xBB\xBFx\xE2\x80\xA8") == "\\ufeffx\\u2028");
  const std::string letters = "chr1 \xC3\xA4\xC2\xA0 \xD7\x90 \xE2\x82\xAC \xF0\x9F\xA7\xAC";
  CHECK(printable(letters) == letters);
  // Not UTF-8: as they are, for a name of a file that is decoded later.
  for (const char* bytes : {"a\xE9", "\xE2\x80", "\x9B", "\xC2", "\xFF\xFE"}) {
    CHECK(printable(bytes) == bytes);
  }
  CHECK(excerpt("\xC2\x9B"
                "1m\xE2\x80\xAE") == "\\x9b1m\\u202e");
}

TEST_CASE("an excerpt is cut after 60 bytes, never inside a character") {
  CHECK(excerpt(std::string(60, 'x')) == std::string(60, 'x'));
  CHECK(excerpt(std::string(61, 'x')) == std::string(60, 'x') + "...");
  std::string text(59, 'x');
  for (int i = 0; i < 5; ++i) text += "\xC3\xA4";
  CHECK(excerpt(text) == std::string(59, 'x') + "...");
}

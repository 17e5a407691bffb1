// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/error.hpp>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "catch.hpp"
#include "support.hpp"

using bedtok::ConfigError;
using bedtok::Error;
using bedtok::ParseError;
using bedtok::VocabularyError;

TEST_CASE("every error of ours is an Error and a std::invalid_argument") {
  STATIC_REQUIRE(std::is_base_of_v<std::invalid_argument, Error>);
  STATIC_REQUIRE(std::is_base_of_v<Error, ParseError>);
  STATIC_REQUIRE(std::is_base_of_v<Error, ConfigError>);
  STATIC_REQUIRE(std::is_base_of_v<Error, VocabularyError>);
}

TEST_CASE("a parse error names file and line in front of its message") {
  const ParseError error("peaks.bed", 3, "end 5 is before start 9");
  CHECK(std::string(error.what()) == "peaks.bed:3: end 5 is before start 9");
  CHECK(error.path() == "peaks.bed");
  REQUIRE(error.line().has_value());
  CHECK(*error.line() == 3);
}

TEST_CASE("a parse error without a line names only the file") {
  const ParseError error("peaks.bed.gz", std::nullopt, "damaged");
  CHECK(std::string(error.what()) == "peaks.bed.gz: damaged");
  CHECK_FALSE(error.line().has_value());
}

TEST_CASE("a message is printable and on one line, whatever is named in it") {
  CHECK(std::string(bedtok::Error("'\x1b[2J'\n").what()) == "'\\x1b[2J'\\x0a");
  const ParseError error("a\xC2\x9B.bed", 3, "\xE2\x80\xAE");
  CHECK(std::string(error.what()) == "a\\x9b.bed:3: \\u202e");
  CHECK(error.path() == "a\xC2\x9B.bed");
}

TEST_CASE("a copied error keeps what it says") {
  const ParseError error("a.bed", 1, "x");
  const ParseError copy = error;
  CHECK(std::string(copy.what()) == "a.bed:1: x");
  CHECK(copy.path() == "a.bed");
}

// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/detail/separators.hpp>
#include <cstdint>
#include <random>
#include <string>

#include "catch.hpp"
#include "support.hpp"

TEST_CASE("separators marks the tabs and line ends among 32 bytes") {
  std::mt19937_64 random(3);
  for (int i = 0; i < 5000; ++i) {
    std::string bytes(40, '\0');
    for (char& byte : bytes) {
      byte = support::pick(random, 0, 3) == 0 ? "\t\n"[support::pick(random, 0, 1)]
                                              : static_cast<char>(support::pick(random, 0, 255));
    }
    const std::size_t offset = support::pick(random, 0, 8);
    std::uint32_t expected = 0;
    for (std::size_t k = 0; k < 32; ++k) {
      const char byte = bytes[offset + k];
      if (byte == '\t' || byte == '\n') expected |= std::uint32_t{1} << k;
    }
    REQUIRE(bedtok::detail::separators(bytes.data() + offset) == expected);
  }
}

TEST_CASE("line_marks marks tabs and line ends among 64 bytes, each for itself") {
  std::mt19937_64 random(4);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes(72, '\0');
    for (char& byte : bytes) {
      byte = support::pick(random, 0, 3) == 0 ? "\t\n"[support::pick(random, 0, 1)]
                                              : static_cast<char>(support::pick(random, 0, 255));
    }
    const std::size_t offset = support::pick(random, 0, 8);
    std::uint64_t tabs = 0;
    std::uint64_t line_ends = 0;
    for (std::size_t k = 0; k < 64; ++k) {
      if (bytes[offset + k] == '\t') tabs |= std::uint64_t{1} << k;
      if (bytes[offset + k] == '\n') line_ends |= std::uint64_t{1} << k;
    }
    const auto marks = bedtok::detail::line_marks(bytes.data() + offset);
    REQUIRE(marks.tabs == tabs);
    REQUIRE(marks.line_ends == line_ends);
  }
}

TEST_CASE("lowest_bit is the place of the lowest set bit") {
  for (unsigned bit = 0; bit < 64; ++bit) {
    CHECK(bedtok::detail::lowest_bit(std::uint64_t{1} << bit) == bit);
    CHECK(bedtok::detail::lowest_bit(~std::uint64_t{0} << bit) == bit);
  }
}

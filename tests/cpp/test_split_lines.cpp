// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/io/detail/split_lines.hpp>
#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include "catch.hpp"
#include "support.hpp"

using bedtok::io::TextBlock;
using bedtok::io::detail::split_lines;
using Texts = std::vector<std::string>;

namespace {

Texts split(const std::string& text, std::size_t count) {
  Texts parts;
  for (const TextBlock& part : split_lines({text.data(), text.data() + text.size()}, count)) {
    parts.emplace_back(part.first, part.last);
  }
  return parts;
}

}  // namespace

TEST_CASE("a block is split at line ends, and no line is lost") {
  CHECK(split("a\nb\nc\nd\n", 2) == Texts{"a\nb\n", "c\nd\n"});
  CHECK(split("a\nb\n", 5) == Texts{"a\n", "b\n"});
  CHECK(split("a long line\nb\n", 2) == Texts{"a long line\n", "b\n"});
  CHECK(split("a\nb", 1) == Texts{"a\nb"});
  CHECK(split("", 3).empty());
}

TEST_CASE("random blocks split into parts of about one size") {
  std::mt19937_64 random(131);
  for (int round = 0; round < 300; ++round) {
    std::string text;
    std::size_t longest = 0;
    for (std::size_t lines = support::pick(random, 0, 40); lines != 0; --lines) {
      const std::size_t width = support::pick(random, 0, 20);
      longest = std::max(longest, width + 1);
      text.append(width, 'x').push_back('\n');
    }
    const std::size_t count = support::pick(random, 1, 8);
    const Texts parts = split(text, count);
    std::string joined;
    for (const std::string& part : parts) {
      REQUIRE(part.back() == '\n');
      REQUIRE(part.size() <= text.size() / count + longest + 1);
      joined += part;
    }
    REQUIRE(joined == text);
    REQUIRE(parts.size() <= count);
  }
}

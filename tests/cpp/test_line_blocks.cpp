// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/io/line_blocks.hpp>
#include <random>
#include <string>

#include "catch.hpp"
#include "support_io.hpp"

using bedtok::io::LineBlocks;
using bedtok::io::TextBlock;

TEST_CASE("blocks hold whole lines and all of the text, whatever its pieces and their size") {
  std::mt19937_64 random(91);
  for (int round = 0; round < 300; ++round) {
    std::string text;
    const auto lines = support::pick(random, 0, 40);
    for (std::uint64_t i = 0; i < lines; ++i) {
      text += std::string(support::pick(random, 0, 30), 'a') +
              (i + 1 == lines && round % 2 ? "" : "\n");
    }
    support::TrickleSource source(text, 1 + support::pick(random, 0, 20), random());
    LineBlocks blocks(source, 1 + support::pick(random, 0, 60));
    std::string all;
    for (TextBlock block; !(block = blocks.next()).empty();) {
      REQUIRE_FALSE(block.endless_line);
      all.append(block.first, block.last);
      // Only the text's last line may lack its end, and one stands behind it then.
      if (all.size() < text.size()) REQUIRE(all.back() == '\n');
      if (all.back() != '\n') REQUIRE(*block.last == '\n');
      // Readers by words may touch what lies around.
      volatile char around = block.first[-64];
      around = block.last[63];
      static_cast<void>(around);
    }
    REQUIRE(all == text);
    REQUIRE(blocks.next().empty());
  }
}

TEST_CASE("a byte-order mark is passed over at the beginning and nowhere else") {
  const std::string mark = "\xEF\xBB\xBF";
  for (const std::string& text :
       {mark + "a\nb\n", "a\n" + mark + "b\n", mark, mark + "a", mark.substr(0, 2)}) {
    support::TrickleSource source(text, 1, 5);
    LineBlocks blocks(source, 16);
    std::string all;
    for (TextBlock block; !(block = blocks.next()).empty();) all.append(block.first, block.last);
    CHECK(all == (text.rfind(mark, 0) == 0 ? text.substr(3) : text));
  }
}

TEST_CASE("an endless line is marked") {
  const std::string text = "a\n" + std::string((std::size_t{65} << 20), 'b');
  const auto source = support::memory(text);
  LineBlocks blocks(*source);
  CHECK_FALSE(blocks.next().endless_line);
  CHECK(blocks.next().endless_line);
}

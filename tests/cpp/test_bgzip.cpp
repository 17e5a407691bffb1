// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/error.hpp>
#include <bedtok/io/bgzip.hpp>
#include <memory>
#include <random>
#include <string>
#include <string_view>

#include "catch.hpp"
#include "support_io.hpp"

using bedtok::ParseError;
using bedtok::io::BgzipSource;
using bedtok::io::InflateSource;
using support::message_of;

namespace {

std::string text_of(std::string_view bytes, std::size_t threads, std::size_t room = 4096) {
  BgzipSource source(support::memory(bytes), threads);
  return support::read_all(source, room);
}

std::string random_text(std::mt19937_64& random, std::size_t size) {
  std::string text;
  while (text.size() < size) text.push_back("ACGT\t\n0123"[support::pick(random, 0, 9)]);
  return text;
}

}  // namespace

TEST_CASE("the size of a block stands in its header") {
  const std::string block = support::bgzip_block("some text");
  CHECK(bedtok::io::bgzip_block_size(block) == block.size());
  CHECK(bedtok::io::bgzip_block_size(support::gzip("some text")) == 0);
  CHECK(bedtok::io::bgzip_block_size(std::string(20, 'x')) == 0);
}

TEST_CASE("blocks of all sizes are inflated, by any number of threads") {
  std::mt19937_64 random(51);
  for (const std::size_t size : support::Sizes{0, 1, 100, 65280, 65536, 300000, 3000000}) {
    const std::string text = random_text(random, size);
    for (const std::size_t block : support::Sizes{1000, 65280}) {
      const std::string bytes = support::bgzip(text, block);
      for (const std::size_t threads : support::Sizes{1, 2, 3, 8}) {
        REQUIRE(text_of(bytes, threads) == text);
      }
    }
    REQUIRE(text_of(support::bgzip(text, 65280), 2, 7) == text);
  }
  // Empty blocks within, as some writers leave them.
  const std::string a = support::bgzip_block("a\n");
  CHECK(text_of(support::bgzip_end() + a + support::bgzip_end() + a + support::bgzip_end(), 2) ==
        "a\na\n");
}

TEST_CASE("sources that give little at a time do not matter") {
  std::mt19937_64 random(52);
  const std::string text = random_text(random, 200000);
  BgzipSource source(std::make_unique<support::TrickleSource>(support::bgzip(text, 3000), 777, 1),
                     3);
  CHECK(support::read_all(source) == text);
}

TEST_CASE("what is no block of bgzip is left to the reader of gzip") {
  std::mt19937_64 random(53);
  const std::string text = random_text(random, 100000);
  const std::string blocks = support::bgzip(text, 5000);
  CHECK(text_of(blocks + support::gzip("more\n"), 2) == text + "more\n");
  CHECK(text_of(blocks + support::gzip("more\n") + blocks, 2) == text + "more\n" + text);
  CHECK(text_of(blocks + std::string(1000, '\0'), 2) == text);
  CHECK(message_of<ParseError>([&] {
          text_of(blocks + "rubbish that is no gzip", 2);
        }).find("other bytes follow the gzip stream") != std::string::npos);
}

TEST_CASE("a bgzip file that is cut off anywhere is refused, by any number of threads") {
  std::mt19937_64 random(54);
  const std::string text = random_text(random, 20000);
  const std::string bytes = support::bgzip(text, 4000);
  for (std::size_t size = 1; size < bytes.size(); size += 1 + size / 50) {
    CAPTURE(size);
    CHECK_THROWS_AS(text_of(std::string_view(bytes).substr(0, size), 2), ParseError);
  }
  const std::string without_end = bytes.substr(0, bytes.size() - support::bgzip_end().size());
  CHECK(message_of<ParseError>([&] { text_of(without_end, 2); }) ==
        "memory: the bgzip end-of-file block is missing after 20000 bytes of text: the file is cut "
        "off, copy or download it again");
}

TEST_CASE("a flipped bit of a block is refused or changes nothing") {
  std::mt19937_64 random(55);
  const std::string text = random_text(random, 9000);
  const std::string bytes = support::bgzip(text, 3000);
  const auto every = static_cast<std::size_t>(56 / support::rounds(56));
  for (std::size_t at = 0; at < bytes.size(); at += every * (1 + at % 7)) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << (at / every % 8)));
    CAPTURE(at);
    std::string got;
    try {
      got = text_of(damaged, 3);
    } catch (const ParseError&) {
      continue;
    }
    CHECK(got == text);  // times and flags of a header may differ
  }
}

TEST_CASE("a size that no block has is damage") {
  std::string block = support::bgzip_block("text\n");
  block[block.size() - 2] = '\x7f';  // of the text: 8 MiB
  CHECK(
      message_of<ParseError>([&] { text_of(block + support::bgzip_end(), 2); }) ==
      "memory: the gzip stream is damaged after 0 bytes of text: copy or download the file again");
}

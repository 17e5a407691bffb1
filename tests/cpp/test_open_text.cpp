// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/io/open_text.hpp>
#include <memory>
#include <random>
#include <string>

#include "catch.hpp"
#include "support_io.hpp"

using bedtok::io::open_text;

TEST_CASE("text, gzip and bgzip are recognised by their first bytes, with any number of threads") {
  std::mt19937_64 random(61);
  std::string text;
  for (int i = 0; i < 200000; ++i) text.push_back("ACGT\n"[support::pick(random, 0, 4)]);
  for (const std::string& plain : {std::string(), std::string("a"), text}) {
    for (const std::string& bytes :
         {plain, support::gzip(plain), support::gzip(plain) + support::gzip(""),
          support::bgzip(plain, 6000)}) {
      for (const std::size_t threads : support::Sizes{1, 2, 4}) {
        const auto source = open_text(support::memory(bytes, "x.bed"), threads);
        CHECK(source->name() == "x.bed");
        REQUIRE(support::read_all(*source, 3001) == plain);
        REQUIRE(support::read_all(*open_text(
                    std::make_unique<support::TrickleSource>(bytes, 500, threads), threads)) ==
                plain);
      }
    }
  }
}

TEST_CASE("a stream that is cut off is refused, with any number of threads") {
  for (const std::string& whole :
       {support::gzip(std::string(100000, 'a')), support::bgzip(std::string(100000, 'a'), 9000)}) {
    for (const std::size_t threads : support::Sizes{1, 2}) {
      const std::string half = whole.substr(0, whole.size() / 2);
      CHECK_THROWS_AS(support::read_all(*open_text(support::memory(half), threads)),
                      bedtok::ParseError);
    }
  }
}

// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/region.hpp>
#include <cstdint>
#include <string>

#include "catch.hpp"

using bedtok::overlaps;
using bedtok::parse_region_text;
using bedtok::Region;

TEST_CASE("touching regions do not overlap") {
  CHECK_FALSE(overlaps(10u, 20u, 20u, 30u));
  CHECK_FALSE(overlaps(20u, 30u, 10u, 20u));
  CHECK(overlaps(10u, 21u, 20u, 30u));
}

TEST_CASE("a zero-length region overlaps what it lies strictly inside of") {
  CHECK(overlaps(15u, 15u, 10u, 20u));
  CHECK(overlaps(10u, 20u, 15u, 15u));
  CHECK_FALSE(overlaps(10u, 10u, 10u, 20u));
  CHECK_FALSE(overlaps(20u, 20u, 10u, 20u));
  CHECK_FALSE(overlaps(15u, 15u, 15u, 15u));
}

TEST_CASE("overlap is symmetric and agrees with a look at every base for regions that have bases") {
  for (unsigned a = 0; a < 6; ++a) {
    for (unsigned b = a; b < 6; ++b) {
      for (unsigned c = 0; c < 6; ++c) {
        for (unsigned d = c; d < 6; ++d) {
          REQUIRE(overlaps(a, b, c, d) == overlaps(c, d, a, b));
          if (a == b || c == d) continue;
          bool shared = false;
          for (unsigned base = a; base < b; ++base) shared = shared || (base >= c && base < d);
          REQUIRE(overlaps(a, b, c, d) == shared);
        }
      }
    }
  }
}

TEST_CASE("regions are equal when name, start and end are, whatever they carry") {
  const Region<> region{"chr1", 1, 5, "peak"};
  CHECK(region == Region<>{"chr1", 1, 5, {}});
  CHECK(region != Region<>{"chr2", 1, 5, "peak"});
  CHECK(region != Region<>{"chr1", 2, 5, "peak"});
  CHECK(region != Region<>{"chr1", 1, 6, "peak"});
}

TEST_CASE("a region's text is name:start-end and reads back") {
  std::string text;
  bedtok::append_text(text, "chr1", std::uint64_t{18446744073709551614u},
                      std::uint64_t{18446744073709551615u});
  CHECK(text == "chr1:18446744073709551614-18446744073709551615");
  const auto region = parse_region_text<std::uint64_t>(text);
  REQUIRE(region);
  CHECK(region->chrom == "chr1");
  CHECK(region->start == 18446744073709551614u);
  CHECK(region->end == 18446744073709551615u);
}

TEST_CASE("a name may hold colons and hyphens, because text is read from the right") {
  const auto region = parse_region_text("HLA-A*01:01:01:01:100-200");
  REQUIRE(region);
  CHECK(region->chrom == "HLA-A*01:01:01:01");
  CHECK(region->start == 100);
  CHECK(region->end == 200);
}

TEST_CASE("text of another form is no region") {
  const std::string text = GENERATE(
      as<std::string>{}, "", "chr1", "chr1:", "chr1:1", "chr1:1-", "chr1:-2", "chr1-1-2", ":1-2",
      "chr1:2-1", "chr1:1-4294967296", "chr1:4294967296-4294967296", "chr1:+1-2", "chr1:1-2 ",
      "chr1: 1-2", "chr1:1.0-2", "chr1:1e1-20", "chr1:0x1-2", "-", ":", ":-", "chr1:1--2", "<unk>");
  INFO(text);
  CHECK_FALSE(parse_region_text(text).has_value());
}

TEST_CASE("the largest coordinate reads, one more does not") {
  CHECK(parse_region_text("c:4294967295-4294967295").has_value());
  CHECK_FALSE(parse_region_text("c:0-4294967296").has_value());
  CHECK(parse_region_text<std::uint64_t>("c:0-18446744073709551615").has_value());
  CHECK_FALSE(parse_region_text<std::uint64_t>("c:0-18446744073709551616").has_value());
}

// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/algebra/gaps.hpp>
#include <cstdint>
#include <string>

#include "catch.hpp"
#include "naive_algebra.hpp"
#include "support.hpp"

using bedtok::ChromSizes;
using bedtok::RegionSet;
using naive::of;
using naive::Regions;
namespace algebra = bedtok::algebra;

TEST_CASE("gaps are what no region covers, on every chromosome that is listed") {
  const Regions set = of("chr2:5-9 chr1:20-30 chr1:0-5 chr1:12-12 chrX:0-3 chr1:4-8");
  CHECK(algebra::gaps(set, {{"chr1", 40}, {"chr2", 9}, {"chr3", 7}, {"chr4", 0}}) ==
        of("chr1:8-20 chr1:30-40 chr2:0-5 chr3:0-7"));
  CHECK(algebra::complement(Regions(), {{"chr1", 4}}) == of("chr1:0-4"));
}

TEST_CASE("gaps end with the chromosome, however far the regions reach") {
  const Regions set = of("chr1:3-5 chr1:8-20 chr1:30-40");
  CHECK(algebra::gaps(set, {{"chr1", 25}}) == of("chr1:0-3 chr1:5-8 chr1:20-25"));
  CHECK(algebra::gaps(set, {{"chr1", 6}}) == of("chr1:0-3 chr1:5-6"));
  CHECK(algebra::gaps(set, {{"chr1", 2}}) == of("chr1:0-2"));
}

TEST_CASE("gaps agree with loops over bases", "[differential]") {
  auto random = support::random_source(34);
  for (int left = support::cases(200); left > 0; --left) {
    const Regions set = naive::random_set(random);
    ChromSizes sizes;
    for (const std::string& name : naive::names) {
      if (support::pick(random, 0, 4) != 0) sizes[name] = support::pick(random, 0, naive::span);
    }
    REQUIRE(algebra::gaps(set, sizes) ==
            naive::runs_where([&](const std::string& chrom, std::uint32_t base) {
              const auto size = sizes.find(chrom);
              return size != sizes.end() && base < size->second && !naive::covers(set, chrom, base);
            }));
  }
}

TEST_CASE("tile cuts chromosomes into bins") {
  CHECK(algebra::tile({{"chr2", 10}, {"chr1", 25}, {"chr3", 0}}, 10) ==
        of("chr1:0-10 chr1:10-20 chr1:20-25 chr2:0-10"));
  CHECK(algebra::tile({{"chr1", 4294967295}}, 4294967290).size() == 2);
  CHECK(algebra::tile({{"chr1", 9}}, 18446744073709551615u).size() == 1);
  CHECK(algebra::tile<std::uint64_t>({{"chr1", 5000000000}}, 4000000000).ends()[1] == 5000000000);
  CHECK(support::message_of<bedtok::Error>([] {
          algebra::tile({{"chr1", 9}}, 0);
        }) == "width is 0, expected 1 or more base pairs");
  CHECK(support::message_of<bedtok::Error>([] {
          algebra::tile({{"chr1", 5000000000}}, 9);
        }) == "chrom_sizes: chr1 is 5000000000, expected at most 4294967295");
}

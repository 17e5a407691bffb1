// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>
#include <bedtok/algebra/set_operations.hpp>
#include <bedtok/detail/covered_bases.hpp>
#include <cstdint>
#include <string>

#include "catch.hpp"
#include "naive_algebra.hpp"
#include "support.hpp"

using bedtok::RegionSet;
using naive::covers;
using naive::of;
using naive::Regions;
namespace algebra = bedtok::algebra;

TEST_CASE("set operations agree with loops over bases", "[differential]") {
  auto random = support::random_source(33);
  for (int left = support::cases(400); left > 0; --left) {
    const Regions a = naive::random_set(random);
    const Regions b = naive::random_set(random);
    REQUIRE((a & b) == naive::runs_where([&](const std::string& chrom, std::uint32_t base) {
              return covers(a, chrom, base) && covers(b, chrom, base);
            }));
    REQUIRE((a - b) == naive::runs_where([&](const std::string& chrom, std::uint32_t base) {
              return covers(a, chrom, base) && !covers(b, chrom, base);
            }));
    REQUIRE((a | b) == algebra::reduce(algebra::concat(a, b)));
  }
}

TEST_CASE("zero-length regions cover nothing, and a union keeps those that touch nothing") {
  const Regions a = of("chr1:0-10 chr1:20-20");
  const Regions points = of("chr1:5-5 chr1:20-20");
  CHECK(algebra::setdiff(a, points) == of("chr1:0-10"));
  CHECK(algebra::intersect_all(a, points).empty());
  CHECK(algebra::union_(a, points) == a);
}

TEST_CASE("chromosomes are the same when their names are, and others are no trouble") {
  const Regions a = of("chr2:0-10 chr1:0-10 chrA:0-4");
  const Regions b = of("chrB:0-9 chr1:5-6 chr2:8-20");
  CHECK((a & b) == of("chr1:5-6 chr2:8-10"));
  CHECK((a - b) == of("chr1:0-5 chr1:6-10 chr2:0-8 chrA:0-4"));
  CHECK((a | b).size() == 4);
  CHECK((Regions() & a).empty());
  CHECK((a - Regions()) == algebra::reduce(a));
}

TEST_CASE("concat keeps order, repeats and the rest of both") {
  const Regions a = of("chr2:0-10 chr1:1-2");
  const Regions b{{"chr1", 1, 2, "name"}, {"chr3", 4, 4, {}}};
  const Regions both = algebra::concat(a, b);
  CHECK(both == of("chr2:0-10 chr1:1-2 chr1:1-2 chr3:4-4"));
  CHECK(both.rest().view(2) == "name");
  CHECK(both.rest().view(1).empty());
  CHECK(algebra::concat(b, a).rest().size() == 4);
  CHECK(algebra::concat(a, a).rest().empty());
  using Scored = RegionSet<std::uint32_t, double>;
  CHECK(algebra::concat(Scored{{"chr1", 1, 2, 0.5}}, Scored{{"chr1", 3, 4, 1.5}})[1].rest == 1.5);
}

TEST_CASE("pintersect goes region by region") {
  const Regions a{{"chr1", 0, 10, "a"}, {"chr1", 5, 9, {}}, {"chr1", 2, 4, {}}, {"chr2", 3, 9, {}}};
  const Regions b = of("chr1:5-20 chr1:9-12 chr1:0-1 chr1:3-9");
  const Regions shared = algebra::pintersect(a, b);
  CHECK(shared == of("chr1:5-10 chr1:9-9 chr1:2-2 chr2:3-3"));
  CHECK(shared.rest().view(0) == "a");
  CHECK(support::message_of<bedtok::Error>([&] { algebra::pintersect(a, Regions()); }) ==
        "pintersect takes sets of one size, region by region, got 4 and 0 regions; intersect_all "
        "compares all with all");
}

// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>
#include <bedtok/algebra/similarity.hpp>
#include <cstdint>
#include <string>

#include "catch.hpp"
#include "naive_algebra.hpp"
#include "support.hpp"

using naive::count_where;
using naive::covers;
using naive::Regions;
namespace algebra = bedtok::algebra;

TEST_CASE("shares of base pairs agree with loops over bases", "[differential]") {
  auto random = support::random_source(37);
  for (int left = support::cases(200); left > 0; --left) {
    const Regions a = naive::random_set(random);
    const Regions b = naive::random_set(random);
    const auto in_a = [&](const std::string& chrom, std::uint32_t base) {
      return covers(a, chrom, base);
    };
    const auto in_b = [&](const std::string& chrom, std::uint32_t base) {
      return covers(b, chrom, base);
    };
    const auto both = static_cast<double>(count_where(
        [&](const std::string& c, std::uint32_t x) { return in_a(c, x) && in_b(c, x); }));
    const auto either = static_cast<double>(count_where(
        [&](const std::string& c, std::uint32_t x) { return in_a(c, x) || in_b(c, x); }));
    const auto of_a = static_cast<double>(count_where(in_a));
    const auto of_b = static_cast<double>(count_where(in_b));
    const auto share = [&](double of) { return of == 0 ? 0.0 : both / of; };
    REQUIRE(algebra::jaccard(a, b) == share(either));
    REQUIRE(algebra::coverage(a, b) == share(of_a));
    REQUIRE(algebra::overlap_coefficient(a, b) == share(std::min(of_a, of_b)));

    const auto bases = algebra::covered_bases(a, b);
    for (std::size_t i = 0; i < a.size(); ++i) {
      std::int64_t expected = 0;
      for (std::uint32_t base = a.starts()[i]; base < a.ends()[i]; ++base) {
        expected += covers(b, a.chrom(i), base) ? 1 : 0;
      }
      REQUIRE(bases[i] == expected);
    }
  }
}

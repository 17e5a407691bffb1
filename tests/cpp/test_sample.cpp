// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>
#include <bedtok/algebra/sample.hpp>
#include <cstdint>
#include <vector>

#include "catch.hpp"
#include "naive_algebra.hpp"
#include "support.hpp"

using naive::Regions;
namespace algebra = bedtok::algebra;

TEST_CASE("a sample holds distinct regions in their order, the same for one seed") {
  std::vector<bedtok::Region<>> regions;
  for (std::uint32_t i = 0; i < 1000; ++i) regions.push_back({"chr1", i, i + 1, {}});
  const Regions set(regions);
  const Regions chosen = algebra::sample(set, 100, 7);
  CHECK(chosen.size() == 100);
  CHECK(std::is_sorted(chosen.starts().begin(), chosen.starts().end()));
  CHECK(std::adjacent_find(chosen.starts().begin(), chosen.starts().end()) ==
        chosen.starts().end());
  CHECK(algebra::sample(set, 100, 7) == chosen);
  CHECK(algebra::sample(set, 100, 8) != chosen);
  CHECK(algebra::sample(set, 1000, 7) == set);
  CHECK(algebra::sample(set, 0, 7).empty());
  CHECK(support::message_of<bedtok::Error>([&] { algebra::sample(set, 1001, 7); }) ==
        "n is 1001, expected at most the 1000 regions of the set");
}

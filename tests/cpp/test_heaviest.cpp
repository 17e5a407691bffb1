// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>
#include <bedtok/detail/heaviest.hpp>
#include <cstddef>
#include <limits>
#include <random>
#include <vector>

#include "catch.hpp"
#include "support.hpp"

using bedtok::TokenId;
using bedtok::detail::heaviest;
using Positions = std::vector<std::size_t>;

namespace {

/// Takes the first position of the largest weight that is left, `count` times.
Positions one_by_one(const std::vector<float>& of_positions, std::size_t count) {
  std::vector<bool> taken(of_positions.size());
  for (std::size_t round = 0; round < count; ++round) {
    std::size_t best = of_positions.size();
    for (std::size_t i = 0; i < of_positions.size(); ++i) {
      if (taken[i]) continue;
      if (best == of_positions.size() || of_positions[i] > of_positions[best]) best = i;
    }
    taken[best] = true;
  }
  Positions chosen;
  for (std::size_t i = 0; i < taken.size(); ++i) {
    if (taken[i]) chosen.push_back(i);
  }
  return chosen;
}

}  // namespace

TEST_CASE("the heaviest positions are those that a search one by one finds") {
  std::mt19937_64 random(17);
  for (int round = 0; round < 2000; ++round) {
    std::vector<float> weights(support::pick(random, 0, 12));
    for (float& weight : weights) weight = static_cast<float>(support::pick(random, 0, 4)) - 2;
    std::vector<TokenId> ids(support::pick(random, 0, 40));
    std::vector<float> of_positions;
    for (TokenId& id : ids) {
      id = static_cast<TokenId>(support::pick(random, 0, 14));
      const auto at = static_cast<std::size_t>(id);
      of_positions.push_back(at < weights.size() ? weights[at]
                                                 : std::numeric_limits<float>::infinity());
    }
    const std::size_t count = support::pick(random, 0, ids.size());
    REQUIRE(heaviest(ids, weights, count) == one_by_one(of_positions, count));
  }
}

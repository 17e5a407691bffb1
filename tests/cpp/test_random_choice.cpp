// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>
#include <bedtok/detail/random_choice.hpp>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <random>
#include <set>
#include <vector>

#include "catch.hpp"
#include "support.hpp"

using bedtok::detail::random_choice;
using bedtok::detail::sample_seed;
using Positions = std::vector<std::size_t>;

TEST_CASE("a choice is as many different positions as were asked for, in their order") {
  std::mt19937_64 random(71);
  for (int round = 0; round < 2000; ++round) {
    const std::size_t size = support::pick(random, 0, 40);
    const std::size_t count = support::pick(random, 0, size);
    const Positions chosen = random_choice(size, count, random());
    REQUIRE(chosen.size() == count);
    REQUIRE(std::is_sorted(chosen.begin(), chosen.end()));
    REQUIRE(std::adjacent_find(chosen.begin(), chosen.end()) == chosen.end());
    REQUIRE((chosen.empty() || chosen.back() < size));
  }
}

// The results of an independent program, with its own Mersenne Twister, for these seeds.
TEST_CASE("one seed gives the same choice on every platform") {
  CHECK(random_choice(20, 6, 0) == Positions{3, 8, 11, 17, 18, 19});
  CHECK(random_choice(20, 6, 1) == Positions{1, 2, 13, 14, 16, 17});
  CHECK(random_choice(1000000, 3, std::numeric_limits<std::uint64_t>::max()) ==
        Positions{332582, 510601, 608576});
}

TEST_CASE("different seeds choose differently") {
  std::set<Positions> choices;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) choices.insert(random_choice(200, 50, seed));
  CHECK(choices.size() == 1000);
}

TEST_CASE("the samples of a batch share no seed with those of the next seed") {
  std::set<std::uint64_t> seeds;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    CHECK(sample_seed(seed, 0) == seed);
    for (std::size_t position = 0; position < 50; ++position) {
      seeds.insert(sample_seed(seed, position));
    }
  }
  CHECK(seeds.size() == 20 * 50);
}

TEST_CASE("every choice is as likely as another") {
  std::map<Positions, int> times;
  constexpr int rounds = 20000;
  for (std::uint64_t seed = 0; seed < rounds; ++seed) ++times[random_choice(6, 3, seed)];
  CHECK(times.size() == 20);
  double chi_square = 0;
  for (const auto& [choice, seen] : times) {
    const double expected = rounds / 20.0;
    chi_square += (seen - expected) * (seen - expected) / expected;
  }
  CHECK(chi_square < 60);  // 19 degrees of freedom: above that once in 250,000 times
}

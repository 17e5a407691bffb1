// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/detail/token_lists.hpp>
#include <cstdint>
#include <random>
#include <vector>

#include "catch.hpp"
#include "support.hpp"

using bedtok::detail::TokenLists;

namespace {

std::vector<std::uint32_t> ids_of(const TokenLists& lists, std::size_t list) {
  std::vector<std::uint32_t> ids;
  lists.visit(list, [&](const std::uint32_t* from, const std::uint32_t* to) {
    CHECK(from != to);
    ids.insert(ids.end(), from, to);
  });
  return ids;
}

}  // namespace

TEST_CASE("lists that grow in turns hold what was appended, in order") {
  std::mt19937_64 random(81);
  TokenLists lists;
  std::vector<std::vector<std::uint32_t>> expected;
  for (int i = 0; i < 300000; ++i) {
    if (expected.size() < 50 && support::pick(random, 0, 999) == 0) {
      expected.emplace_back();
      lists.grow_to(expected.size());
    }
    if (expected.empty()) continue;
    // Some lists become much longer than others.
    const std::size_t list =
        support::pick(random, 0, support::pick(random, 0, expected.size() - 1));
    const auto id = static_cast<std::uint32_t>(random());
    lists.append(list, id);
    expected[list].push_back(id);
  }
  lists.grow_to(60);
  lists.grow_to(10);  // never fewer
  REQUIRE(lists.size() == 60);
  for (std::size_t list = 0; list < 60; ++list) {
    const auto& ids = list < expected.size() ? expected[list] : std::vector<std::uint32_t>();
    REQUIRE(lists.size(list) == ids.size());
    REQUIRE(ids_of(lists, list) == ids);
  }
}

TEST_CASE("a list of every length up to some blocks is whole") {
  TokenLists lists;
  lists.grow_to(1);
  std::vector<std::uint32_t> expected;
  for (std::uint32_t i = 0; i < 3000; ++i) {
    lists.append(0, i);
    expected.push_back(i);
    if (i < 70 || i % 97 == 0) REQUIRE(ids_of(lists, 0) == expected);
  }
}

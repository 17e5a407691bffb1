// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>
#include <bedtok/detail/gallop.hpp>
#include <cstdint>
#include <vector>

#include "catch.hpp"
#include "support.hpp"

TEST_CASE("a search that begins anywhere finds the first value above", "[differential]") {
  auto random = support::random_source(39);
  for (int left = support::cases(3000); left > 0; --left) {
    std::vector<std::uint32_t> values(
        support::pick(random, 0, support::pick(random, 0, 3) == 0 ? 600 : 40));
    for (auto& value : values) value = static_cast<std::uint32_t>(support::pick(random, 0, 20));
    const std::size_t last = support::pick(random, 0, values.size());
    const std::size_t first = support::pick(random, 0, last);
    const auto from = values.begin() + static_cast<std::ptrdiff_t>(first);
    const auto to = values.begin() + static_cast<std::ptrdiff_t>(last);
    std::sort(from, to);
    const auto at = static_cast<std::uint32_t>(support::pick(random, 0, 21));
    const std::size_t hint = support::pick(random, 0, values.size() + 2);
    REQUIRE(bedtok::detail::first_above(values, first, last, at, hint) ==
            static_cast<std::size_t>(std::upper_bound(from, to, at) - values.begin()));
  }
}

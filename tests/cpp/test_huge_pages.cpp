// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/detail/huge_pages.hpp>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include "catch.hpp"

TEST_CASE("prefer_huge_pages changes no contents, wherever the memory begins and ends") {
  std::vector<std::uint32_t> values(std::size_t{3} << 20);
  std::iota(values.begin(), values.end(), 0u);
  const std::vector<std::uint32_t> expected = values;
  for (const std::size_t skipped : {0, 1, 1023, 1024, 524288}) {
    bedtok::detail::prefer_huge_pages(values.data() + skipped,
                                      (values.size() - 2 * skipped) * sizeof values[0]);
  }
  bedtok::detail::prefer_huge_pages(nullptr, 0);
  CHECK(values == expected);
}

TEST_CASE("reserve_huge reserves at least as much as asked, and keeps what is there") {
  std::vector<std::uint32_t> values = {1, 2, 3};
  for (const std::size_t count : {0, 3, 100, 1 << 20}) {
    bedtok::detail::reserve_huge(values, count);
    CHECK(values.capacity() >= count);
    CHECK(values == std::vector<std::uint32_t>{1, 2, 3});
  }
}

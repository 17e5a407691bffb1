// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/batch.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "catch.hpp"

using bedtok::PadOptions;
using bedtok::Side;
using Numbers = std::vector<std::int64_t>;

TEST_CASE("the padded length is that of the longest row or the one asked for, rounded up") {
  const auto length = [](std::size_t longest, std::optional<std::size_t> wanted,
                         std::size_t multiple) {
    PadOptions options;
    options.length = wanted;
    options.pad_to_multiple_of = multiple;
    return bedtok::padded_length(longest, options);
  };
  CHECK(length(5, {}, 0) == 5);
  CHECK(length(5, 9, 0) == 9);
  CHECK(length(5, 4, 1) == 5);
  CHECK(length(5, {}, 8) == 8);
  CHECK(length(8, {}, 8) == 8);
  CHECK(length(3, 9, 8) == 16);
  CHECK(length(0, {}, 8) == 0);
  CHECK(length(0, 1, 8) == 8);
}

TEST_CASE("a row is padded at its right or left end, and what lies behind is left alone") {
  const Numbers values = {7, 8};
  const auto padded = [&](std::size_t size, std::size_t length, Side side) {
    Numbers out(6, 0);
    std::int64_t* end = bedtok::pad_row(values.data(), size, length, -1, side, out.data());
    REQUIRE(end == out.data() + length);
    return out;
  };
  CHECK(padded(2, 4, Side::right) == Numbers{7, 8, -1, -1, 0, 0});
  CHECK(padded(2, 4, Side::left) == Numbers{-1, -1, 7, 8, 0, 0});
  CHECK(padded(2, 2, Side::left) == Numbers{7, 8, 0, 0, 0, 0});
  CHECK(padded(0, 3, Side::right) == Numbers{-1, -1, -1, 0, 0, 0});
  CHECK(padded(0, 0, Side::left) == Numbers(6, 0));
}

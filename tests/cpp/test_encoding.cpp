// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/encoding.hpp>
#include <cstdint>
#include <type_traits>

#include "catch.hpp"

TEST_CASE("ids are 64-bit, as models take them") {
  STATIC_REQUIRE(std::is_same_v<bedtok::TokenId, std::int64_t>);
  STATIC_REQUIRE(std::is_same_v<decltype(bedtok::Encoding::input_ids), std::vector<std::int64_t>>);
}

TEST_CASE("a new encoding is empty and has no warning") {
  const bedtok::Encoding encoding;
  CHECK(encoding.input_ids.empty());
  CHECK(encoding.attention_mask.empty());
  CHECK(encoding.region_index.empty());
  CHECK(encoding.warning.empty());
}

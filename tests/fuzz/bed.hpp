// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>

#include "fuzz.hpp"

namespace fuzz {

/// BED text. 32 and 64 bits agree; sorting keeps what is there; what is written reads back; lines
/// that are left out are the bad ones.
inline void bed(std::string_view bytes) {
  const ReadResult plain = read(bytes);
  const ReadResult sorted = read(bytes, true);
  REQUIRE_TRUE(plain.error == sorted.error);

  bedtok::SkippedLines skipped;
  std::optional<bedtok::RegionSet<>> good;
  try {
    good = bedtok::RegionSet<>::from_bytes(bytes, "input", false, &skipped);
  } catch (const bedtok::ParseError&) {
    REQUIRE_TRUE(!plain.set);
  }
  REQUIRE_TRUE(!good || (skipped.count == 0) == plain.set.has_value());
  if (!plain.set) return;

  const std::vector<Row> rows = rows_of(*plain.set);
  REQUIRE_TRUE(rows_of(*good) == rows);
  REQUIRE_TRUE(rows_of(bedtok::RegionSet<std::uint64_t>::from_bytes(bytes, "input", false)) ==
               rows);
  for (const auto& [chrom, start, end, rest] : rows) {
    REQUIRE_TRUE(!chrom.empty() && start <= end);
    REQUIRE_TRUE(rest.find('\n') == std::string::npos);
  }

  std::vector<Row> expected = rows;
  std::stable_sort(expected.begin(), expected.end(), [](const Row& a, const Row& b) {
    return std::tie(std::get<0>(a), std::get<1>(a)) < std::tie(std::get<0>(b), std::get<1>(b));
  });
  REQUIRE_TRUE(sorted.set->is_sorted());
  REQUIRE_TRUE(rows_of(*sorted.set) == expected);

  std::string written;
  bedtok::io::write_bed(*plain.set, [&](std::string_view lines) { written.append(lines); });
  const ReadResult again = read(written);
  REQUIRE_TRUE(again.set.has_value());
  REQUIRE_TRUE(rows_of(*again.set) == rows);
}

}  // namespace fuzz

// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include "fuzz.hpp"
#include "naive_tokenizer.hpp"

namespace fuzz {

inline std::vector<support::NaiveRegion> regions_of(Input& in, unsigned scale) {
  std::vector<support::NaiveRegion> regions;
  constexpr std::uint64_t top = std::numeric_limits<std::uint32_t>::max();
  for (std::size_t count = 1 + in.byte() % 64; count != 0; --count) {
    const std::uint8_t kind = in.byte();
    std::uint64_t start = in.number(1) << (3 * scale);
    std::uint64_t width = in.number(1) << ((kind & 8) != 0 ? 3 * scale : 0);
    if (kind >> 4 == 15) start = top - start;
    if (kind >> 4 == 14) width = top;
    regions.push_back(
        {"chr" + std::to_string(kind & 3), start, start + std::min(width, top - start)});
  }
  return regions;
}

/// A vocabulary, a sample and mapping options against the double loop over all pairs; the same with
/// and without the regions of the tokens, and one by one.
inline void map(std::string_view bytes) {
  Input in(bytes);
  const std::uint8_t flags = in.byte();
  bedtok::MappingOptions options;
  options.unique = (flags & 1) != 0;
  options.best_overlap = (flags & 2) != 0;
  if ((flags & 4) != 0) options.order = bedtok::TokenOrder::vocabulary;
  if ((flags & 8) != 0) options.min_overlap = in.byte();
  if ((flags & 16) != 0) options.min_fraction = in.byte() / 255.0;
  options.fraction_of = static_cast<bedtok::FractionOf>((flags >> 5) % 3);
  const std::uint8_t more = in.byte();
  options.on_miss = static_cast<bedtok::OnMiss>(more % 3);
  const unsigned scale = more / 3 % 8;
  const auto vocabulary = regions_of(in, scale);
  const auto sample = regions_of(in, scale);

  const support::NaiveTokenizer naive(vocabulary);
  const support::NaiveEncoding expected = naive.encode(sample, options);
  const bedtok::Tokenizer<> tokenizer(support::region_set<std::uint32_t>(vocabulary));
  const auto set = support::region_set<std::uint32_t>(sample);
  try {
    REQUIRE_TRUE(tokenizer.encode(set, options).input_ids == expected.ids);
    const bedtok::Encoding indexed = tokenizer.encode(set, options, {}, true);
    REQUIRE_TRUE(indexed.input_ids == expected.ids);
    REQUIRE_TRUE(indexed.region_index == expected.region_index);
    REQUIRE_TRUE(!expected.missed);
  } catch (const bedtok::VocabularyError&) {
    REQUIRE_TRUE(expected.missed.has_value());
    options.on_miss = bedtok::OnMiss::drop;
  }
  std::size_t hits = 0;
  for (const support::NaiveRegion& region : sample) hits += !naive.hits(region, options).empty();
  const bedtok::MappingReport report = tokenizer.report(set, options);
  REQUIRE_TRUE(report.regions == sample.size() && report.hits == hits);
}

}  // namespace fuzz

// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include "fuzz.hpp"
#include "support_io.hpp"

namespace fuzz {

/// The fragments of cells, plain, gzip or bgzip, with all options: the same on one thread and on
/// several, the text of the error included.
inline void fragments(std::string_view bytes) {
  using bedtok::io::FragmentTokens;
  static const bedtok::Tokenizer<> tokenizer(bedtok::RegionSet<>{{"chr1", 0, 10, {}},
                                                                 {"chr1", 5, 20, {}},
                                                                 {"chr1", 5, 5, {}},
                                                                 {"chr1", 2, 100, {}},
                                                                 {"chr1", 30, 40, {}},
                                                                 {"chr2", 0, 4294967295u, {}},
                                                                 {"a", 1, 2, {}}});
  Input in(bytes);
  bedtok::MappingOptions mapping;
  const std::uint8_t flags = in.byte();
  mapping.unique = (flags & 1) != 0;
  if ((flags & 2) != 0) mapping.order = bedtok::TokenOrder::vocabulary;
  bedtok::io::FragmentOptions options;
  options.mapping = mapping;
  if ((flags & 4) != 0) options.counting_strategy = bedtok::io::CountingStrategy::insertion;
  options.skip_bad_lines = (flags & 8) != 0;
  options.on_miss = static_cast<bedtok::OnMiss>((flags >> 4) % 3);
  const std::uint8_t filters = in.byte();
  if ((filters & 1) != 0) options.barcodes = {"A", "B", "", std::string(30, 'C')};
  if ((filters & 2) != 0) options.chroms = {"chr1", "a"};
  if ((filters & 4) != 0) options.region = bedtok::Region<std::uint64_t>{"chr1", 3, 9, {}};
  if ((filters & 8) != 0) options.min_fragments = 2;
  if ((filters & 16) != 0) options.max_tokens = 5;
  std::string text(in.left());
  if (filters >> 6 == 1) text = support::gzip(text, 1);
  if (filters >> 6 == 2) text = support::bgzip(text, 1 + flags);

  struct Result {
    std::optional<FragmentTokens> tokens;
    std::string error;
  };
  const auto encode = [&](std::size_t threads) -> Result {
    options.num_threads = threads;
    try {
      return {bedtok::io::encode_fragments(support::memory(text), tokenizer, options), {}};
    } catch (const bedtok::Error& error) {
      return {std::nullopt, error.what()};
    }
  };
  const Result one = encode(1);
  if (one.tokens) {
    const FragmentTokens& tokens = *one.tokens;
    const bedtok::RaggedIds& ids = tokens.ids;
    REQUIRE_TRUE(ids.offsets.size() == tokens.cells.size() + 1);
    REQUIRE_TRUE(tokens.fragments.size() == tokens.barcodes.size());
    REQUIRE_TRUE(tokens.hits.size() == tokens.barcodes.size());
    for (const std::int32_t id : values_of(ids)) {
      REQUIRE_TRUE(id >= 0 && static_cast<std::size_t>(id) < tokenizer.vocab_size());
    }
  }
  // Threads cost as much as a hundred of these texts: one input in sixteen.
  if ((filters >> 2) % 16 != 0) return;
  const Result many = encode((filters & 1) != 0 ? 4 : 2);
  REQUIRE_TRUE(one.tokens.has_value() == many.tokens.has_value());
  // Blocks of bgzip that are inflated side by side are damaged at another byte.
  if (!one.tokens) {
    REQUIRE_TRUE(filters >> 6 != 0 || one.error == many.error);
    return;
  }
  const FragmentTokens& a = *one.tokens;
  const FragmentTokens& b = *many.tokens;
  REQUIRE_TRUE(a.barcodes == b.barcodes && a.fragments == b.fragments && a.hits == b.hits);
  REQUIRE_TRUE(a.cells == b.cells && a.ids.offsets == b.ids.offsets);
  REQUIRE_TRUE(a.skipped.count == b.skipped.count);
  REQUIRE_TRUE(values_of(a.ids) == values_of(b.ids));
}

}  // namespace fuzz

// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <limits>

#include "fuzz.hpp"

namespace fuzz {

/// Ids, inline tokens, lengths and matrices that nobody should give: an error of bedtok, or a
/// result within its bounds.
inline void ids(std::string_view bytes) {
  using bedtok::TokenId;
  static const bedtok::RegionSet<> regions{{"chr1", 0, 10, {}},
                                           {"chr1", 5, 20, {}},
                                           {"chr2", 5, 5, {}},
                                           {"chr2", 2, 100, {}},
                                           {"\xC3\xA9", 1, 2, {}}};
  Input in(bytes);
  const std::uint8_t flags = in.byte();
  bedtok::SequenceOptions sequence;
  if ((flags & 1) != 0) sequence.before = {"<cls>", "<bos>"};
  if ((flags & 2) != 0) sequence.after = {"<eos>"};
  if ((flags & 4) != 0) sequence.padding_side = bedtok::Side::left;
  const bedtok::Tokenizer<> tokenizer(regions, {}, {}, sequence);
  const auto size = static_cast<TokenId>(tokenizer.vocab_size());

  std::vector<TokenId> given;
  for (unsigned left = in.byte() % 32; left != 0; --left) {
    const std::uint8_t kind = in.byte();
    if (kind < 200) given.push_back(kind % size);
    if (kind >= 200) given.push_back(static_cast<TokenId>(in.number(kind < 230 ? 8 : 4)));
    if (kind >= 230) given.back() = -given.back();
  }
  const bool known =
      std::all_of(given.begin(), given.end(), [&](TokenId id) { return id >= 0 && id < size; });
  try {
    const std::vector<std::string> tokens = tokenizer.decode(given);
    REQUIRE_TRUE(known);
    REQUIRE_TRUE(tokenizer.convert_tokens_to_ids(tokens) == given);
    REQUIRE_TRUE(tokenizer.get_special_tokens_mask(given).size() == given.size());
    REQUIRE_TRUE(tokenizer.decode_regions(given).size() <= given.size());
  } catch (const bedtok::VocabularyError&) {
    REQUIRE_TRUE(!known);
  }
  tokenizer.convert_token_to_id(in.left());

  bedtok::BatchOptions options;
  const std::uint8_t more = in.byte();
  options.add_special_tokens = (flags & 8) != 0;
  if ((flags & 16) != 0) options.max_length = in.number((flags & 32) != 0 ? 4 : 1);
  if ((flags & 64) != 0) options.truncation_strategy = bedtok::TruncationStrategy::random;
  options.return_overflowing_tokens = (flags & 128) != 0;
  if ((more & 1) != 0) options.truncation_side = bedtok::Side::left;
  options.return_region_index = (more & 2) != 0;
  options.num_threads = 1;
  options.stride = in.byte();
  options.seed = in.number(4);
  std::vector<bedtok::InlineToken> inline_tokens;
  for (unsigned left = in.byte() % 4; left != 0; --left) {
    const std::size_t before = in.byte();
    inline_tokens.push_back({before == 255 ? std::numeric_limits<std::size_t>::max() : before % 8,
                             static_cast<TokenId>(in.byte()) - 2});
  }
  const auto encoding_of = [&](std::size_t sample) {
    if (sample != 0) {
      return tokenizer.encode(regions, tokenizer.options(),
                              sample == 1 ? inline_tokens : std::vector<bedtok::InlineToken>{},
                              options.return_region_index);
    }
    bedtok::Encoding encoding;
    encoding.input_ids = given;
    encoding.attention_mask.assign(given.size(), 1);
    if (options.return_region_index) encoding.region_index.assign(given.size(), -1);
    return encoding;
  };
  try {
    const bedtok::Batch batch = tokenizer.encode_batch(3, 1, encoding_of, options);
    for (const bedtok::Encoding& row : batch.rows) {
      REQUIRE_TRUE(row.attention_mask.size() == row.input_ids.size());
      REQUIRE_TRUE(!options.max_length || row.input_ids.size() <= *options.max_length);
      REQUIRE_TRUE(!options.return_region_index || row.region_index.size() == row.input_ids.size());
    }
    bedtok::PadOptions pad;
    pad.pad_to_multiple_of = more % 9;
    const bedtok::PaddedBatch padded = tokenizer.pad(batch, pad);
    REQUIRE_TRUE(padded.rows == batch.rows.size());
    REQUIRE_TRUE(padded.input_ids.size() == padded.rows * padded.length);
  } catch (const bedtok::Error&) {
  }

  // Offsets that do not decrease, as the bindings check; columns of any value.
  const std::size_t cells = in.byte() % 6;
  std::vector<std::int64_t> offsets = {0};
  for (std::size_t i = 0; i < cells; ++i) offsets.push_back(offsets.back() + in.byte() % 5);
  std::vector<std::int32_t> columns;
  std::vector<float> values;
  for (std::int64_t k = 0; k < offsets.back(); ++k) {
    const std::uint8_t byte = in.byte();
    columns.push_back(byte < 240 ? byte % 6 : static_cast<std::int32_t>(in.number(4)));
    values.push_back((byte & 1) != 0 ? 1.0F : 0.0F);
  }
  bedtok::MappingOptions mapping;
  mapping.unique = (flags & 1) != 0;
  if ((flags & 2) != 0) mapping.order = bedtok::TokenOrder::vocabulary;
  mapping.on_miss = static_cast<bedtok::OnMiss>(more % 3);
  static const bedtok::RegionSet<> peaks{{"chr1", 0, 6, {}},
                                         {"chr9", 5, 20, {}},
                                         {"chr2", 5, 5, {}},
                                         {"chr2", 2, 100, {}},
                                         {"chr1", 5, 6, {}}};
  const auto check = [&](const bedtok::RaggedIds& found) {
    for (const std::int32_t id : values_of(found)) REQUIRE_TRUE(id >= 0 && id < size);
  };
  try {
    const bedtok::PeakTokens tokens(tokenizer, peaks, mapping);
    std::vector<std::int64_t> chosen;
    for (unsigned left = in.byte() % 4; left != 0 && cells != 0; --left) {
      chosen.push_back(static_cast<std::int64_t>(in.byte() % cells));
    }
    using Csr = bedtok::CsrView<std::int64_t, std::int32_t, float>;
    using Csc = bedtok::CscView<std::int64_t, std::int32_t, float>;
    check(bedtok::gather_cells(Csr{offsets.data(), columns.data(), values.data(), cells}, tokens,
                               (more & 4) != 0 ? &chosen : nullptr, 0.5, 1));
    offsets.resize(peaks.size() + 1, offsets.back());
    if (static_cast<std::size_t>(offsets.back()) > columns.size()) return;
    check(bedtok::gather_cells(Csc{offsets.data(), columns.data(), values.data(), 6, peaks.size()},
                               tokens, nullptr, 0.5, 1));
  } catch (const bedtok::Error&) {
  }
}

}  // namespace fuzz

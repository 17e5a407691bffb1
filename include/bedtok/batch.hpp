// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "encoding.hpp"
#include "enum_names.hpp"
#include "sequence_options.hpp"

// Many samples: tokenized on several threads, truncated, padded. Options and results are those of
// Hugging Face tokenizers.
namespace bedtok {

/// How a sequence that is too long is shortened: cut at one end, as Hugging Face's `longest_first`
/// does, to a random subset of its tokens in their order, or to those of the largest weights in
/// their order. The first tokens of a sample all lie on its first chromosomes, so models of sets of
/// regions are trained on random subsets.
enum class TruncationStrategy { longest_first, random, weight };

template <>
struct EnumNames<TruncationStrategy> {
  static constexpr std::string_view option = "truncation";
  static constexpr std::array<std::string_view, 3> names = {"longest_first", "random", "weight"};
};

/// How samples become rows.
struct BatchOptions {
  /// The tokenizer's template around every row.
  bool add_special_tokens = true;
  /// Longest row, the template's tokens included. None: no truncation.
  std::optional<std::size_t> max_length = std::nullopt;
  /// What is kept of rows that are too long.
  TruncationStrategy truncation_strategy = TruncationStrategy::longest_first;
  /// None: the tokenizer's.
  std::optional<Side> truncation_side = std::nullopt;
  /// The tokens that are cut off become further rows, each with `stride` tokens of the row before.
  bool return_overflowing_tokens = false;
  std::size_t stride = 0;  ///< tokens that a row of overflow shares with the row before it
  /// Seed of TruncationStrategy::random. The subset also depends on the sample's position in the
  /// batch.
  std::uint64_t seed = 0;
  /// The weights of TruncationStrategy::weight: that of id i at position i, no NaN. An id past the
  /// end outranks every other. Of equal weights the earlier token of the sample is kept.
  std::shared_ptr<const std::vector<float>> token_weights = nullptr;
  /// Fills Encoding::region_index.
  bool return_region_index = false;
  /// 0: all processors that the process may use. The result does not depend on it.
  std::size_t num_threads = 0;
};

/// Rows of different lengths, and for each the position of the sample that it comes from.
struct Batch {
  std::vector<Encoding> rows;                            ///< one a sample, or more with overflow
  std::vector<std::int64_t> overflow_to_sample_mapping;  ///< the sample of each row

  /// The length of the longest row in tokens; 0 without rows. O(rows).
  std::size_t longest() const noexcept {
    std::size_t length = 0;
    for (const Encoding& row : rows) length = std::max(length, row.input_ids.size());
    return length;
  }
};

/// How rows become one array.
struct PadOptions {
  /// Tokens of each row. Where a row is longer, or for none: those of the longest row.
  std::optional<std::size_t> length = std::nullopt;
  /// Rounds the length up to a multiple; 0 and 1 do nothing.
  std::size_t pad_to_multiple_of = 0;
  /// None: the tokenizer's.
  std::optional<Side> padding_side = std::nullopt;
};

/// Rows of one length, one behind the other: `rows * length` values each.
struct PaddedBatch {
  std::size_t rows = 0;            ///< number of rows
  std::size_t length = 0;          ///< tokens of each row, padding included
  std::vector<TokenId> input_ids;  ///< row by row, rows * length
  /// 1 for a token, 0 for padding.
  std::vector<std::int64_t> attention_mask;
};

/// The length of padded rows of which the longest has `longest` tokens.
inline std::size_t padded_length(std::size_t longest, const PadOptions& options) noexcept {
  const std::size_t length = std::max(longest, options.length.value_or(0));
  const std::size_t multiple = std::max<std::size_t>(options.pad_to_multiple_of, 1);
  return (length + multiple - 1) / multiple * multiple;
}

/// Writes `size` values to `out`, and `filler` on `side` until there are `length`. `size` must not
/// be above `length`. Returns the end of what was written.
inline std::int64_t* pad_row(const std::int64_t* values, std::size_t size, std::size_t length,
                             std::int64_t filler, Side side, std::int64_t* out) {
  if (side == Side::left) out = std::fill_n(out, length - size, filler);
  out = std::copy_n(values, size, out);
  if (side == Side::right) out = std::fill_n(out, length - size, filler);
  return out;
}

}  // namespace bedtok

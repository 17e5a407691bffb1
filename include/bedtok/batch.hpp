// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "detail/parallel_for.hpp"
#include "detail/random_choice.hpp"
#include "encoding.hpp"
#include "error.hpp"
#include "sequence_options.hpp"

// Many samples: tokenized on several threads, cut to a length, padded to one. The words and the
// results are Hugging Face's.
namespace bedtok {

/// What is done with a sequence that is too long: cut at an end, or thinned to a random choice of
/// its tokens in their order. The first tokens of a genome are those of its first chromosome alone,
/// so models of sets of regions are trained on the random choice.
enum class Truncation { cut, random };

/// How samples become rows.
struct BatchOptions {
  /// The tokenizer's template around every row.
  bool add_special_tokens = true;
  /// Longest row, the template's tokens included. None: nothing is cut.
  std::optional<std::size_t> max_length = std::nullopt;
  Truncation truncation = Truncation::cut;
  /// None: the tokenizer's.
  std::optional<Side> truncation_side = std::nullopt;
  /// What is cut off follows as rows of its own, each with `stride` tokens of the row before.
  bool return_overflowing_tokens = false;
  std::size_t stride = 0;
  /// Of the random choice, which depends on this and on the sample's place in the batch.
  std::uint64_t seed = 0;
  /// Fills Encoding::region_index.
  bool return_region_index = false;
  /// 0: as many as the processor has. The result does not depend on it.
  std::size_t num_threads = 0;
};

/// Rows of different lengths, and for each the position of the sample that it comes from.
struct Batch {
  std::vector<Encoding> rows;
  std::vector<std::int64_t> overflow_to_sample_mapping;

  std::size_t longest() const noexcept {
    std::size_t length = 0;
    for (const Encoding& row : rows) length = std::max(length, row.input_ids.size());
    return length;
  }
};

/// How rows become one array.
struct PadOptions {
  /// Tokens of each row; a longer row stays as it is and makes all of them as long. None: those of
  /// the longest.
  std::optional<std::size_t> length = std::nullopt;
  /// Rounds the length up to a multiple; 0 and 1 do nothing.
  std::size_t pad_to_multiple_of = 0;
  /// None: the tokenizer's.
  std::optional<Side> padding_side = std::nullopt;
};

/// Rows of one length, one behind the other: `rows * length` values each.
struct PaddedBatch {
  std::size_t rows = 0;
  std::size_t length = 0;
  std::vector<TokenId> input_ids;
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

namespace detail {

/// Threads for `work` regions: a thread costs what some thousands of regions do.
inline std::size_t threads_for(std::size_t wanted, std::size_t work) noexcept {
  constexpr std::size_t regions_of_a_thread = 1 << 13;
  if (wanted == 0) wanted = std::max(1u, std::thread::hardware_concurrency());
  return std::min(wanted, 1 + work / regions_of_a_thread);
}

/// Cuts sequences to a length and puts the template's tokens around them.
class Fitter {
 public:
  /// Throws ConfigError where a row has no room for a token, or rows would share all they have.
  Fitter(std::vector<TokenId> before, std::vector<TokenId> after, Side side,
         const BatchOptions& options)
      : before_(std::move(before)), after_(std::move(after)), side_(side), options_(options) {
    if (!options.max_length) return;
    const std::size_t around = before_.size() + after_.size();
    if (*options.max_length <= around) {
      throw ConfigError("max_length is " + std::to_string(*options.max_length) + ", expected " +
                        (around == 0 ? "1 or more"
                                     : "more than the " + std::to_string(around) +
                                           " special tokens around a sequence"));
    }
    room_ = *options.max_length - around;
    if (!options.return_overflowing_tokens) return;
    if (options.truncation == Truncation::random) {
      throw ConfigError(
          "truncation is random and return_overflowing_tokens is set: a random choice has no "
          "overflow");
    }
    if (options.stride >= room_) {
      throw ConfigError("stride is " + std::to_string(options.stride) +
                        ", expected fewer than the " + std::to_string(room_) +
                        " tokens that a row has room for");
    }
  }

  /// The rows of the sample at position `i`: one, or as many as its overflow needs.
  std::vector<Encoding> rows(Encoding sample, std::size_t i) const {
    std::vector<Encoding> rows;
    const std::size_t size = sample.input_ids.size();
    if (size <= room_ && before_.empty() && after_.empty()) {
      rows.push_back(std::move(sample));
    } else if (size <= room_) {
      rows.push_back(window(sample, 0, size));
    } else if (options_.truncation == Truncation::random) {
      rows.push_back(thinned(sample, i));
    } else {
      // The first window is the sequence, the others are its overflow.
      const std::size_t step = options_.return_overflowing_tokens ? room_ - options_.stride : size;
      for (std::size_t gone = 0; gone < size; gone += step) {
        const std::size_t length = std::min(room_, size - gone);
        const std::size_t first = side_ == Side::right ? gone : size - gone - length;
        rows.push_back(window(sample, first, length));
        if (gone + length == size) break;
      }
    }
    return rows;
  }

 private:
  Encoding window(const Encoding& sample, std::size_t first, std::size_t length) const {
    return row(sample, length,
               [&](const std::vector<std::int64_t>& from, std::vector<std::int64_t>& to) {
                 const auto begin = from.begin() + static_cast<std::ptrdiff_t>(first);
                 to.insert(to.end(), begin, begin + static_cast<std::ptrdiff_t>(length));
               });
  }

  Encoding thinned(const Encoding& sample, std::size_t i) const {
    const std::vector<std::size_t> chosen =
        random_choice(sample.input_ids.size(), room_, sample_seed(options_.seed, i));
    return row(sample, room_,
               [&](const std::vector<std::int64_t>& from, std::vector<std::int64_t>& to) {
                 for (const std::size_t at : chosen) to.push_back(from[at]);
               });
  }

  template <class Append>
  Encoding row(const Encoding& sample, std::size_t length, Append&& append) const {
    Encoding row;
    const std::size_t size = before_.size() + length + after_.size();
    row.input_ids.reserve(size);
    row.input_ids = before_;
    append(sample.input_ids, row.input_ids);
    row.input_ids.insert(row.input_ids.end(), after_.begin(), after_.end());
    row.attention_mask.assign(size, 1);
    if (!sample.region_index.empty()) {
      row.region_index.reserve(size);
      row.region_index.assign(before_.size(), -1);
      append(sample.region_index, row.region_index);
      row.region_index.resize(size, -1);
    }
    row.hits = sample.hits;
    row.warning = sample.warning;
    return row;
  }

  std::vector<TokenId> before_;
  std::vector<TokenId> after_;
  Side side_;
  BatchOptions options_;
  std::size_t room_ = std::numeric_limits<std::size_t>::max();
};

/// The rows of `count` samples; `encode(i)` gives the i-th. Throws what the first sample that fails
/// throws; a VocabularyError says which one it is.
template <class Encode>
Batch make_batch(std::size_t count, std::size_t threads, const Fitter& fitter, Encode&& encode) {
  std::vector<std::vector<Encoding>> rows(count);
  parallel_for(count, threads, [&](std::size_t i) {
    try {
      rows[i] = fitter.rows(encode(i), i);
    } catch (const VocabularyError& error) {
      if (count == 1) throw;
      throw VocabularyError("sample " + std::to_string(i) + ": " + error.what());
    }
  });
  Batch batch;
  batch.rows.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    batch.overflow_to_sample_mapping.insert(batch.overflow_to_sample_mapping.end(), rows[i].size(),
                                            static_cast<std::int64_t>(i));
    std::move(rows[i].begin(), rows[i].end(), std::back_inserter(batch.rows));
  }
  return batch;
}

}  // namespace detail

}  // namespace bedtok

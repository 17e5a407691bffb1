// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "../batch.hpp"
#include "../encoding.hpp"
#include "../error.hpp"
#include "../sequence_options.hpp"
#include "heaviest.hpp"
#include "parallel_for.hpp"
#include "processors.hpp"
#include "random_choice.hpp"

namespace bedtok::detail {

/// The number of threads for `work` regions; `num_threads` as in BatchOptions. Starting a thread
/// costs as much as mapping some thousands of regions.
inline std::size_t threads_for(std::size_t num_threads, std::size_t work) noexcept {
  constexpr std::size_t regions_per_thread = 1 << 13;
  return std::min(threads_or_all(num_threads), 1 + work / regions_per_thread);
}

/// Makes the rows of a batch from samples: truncates, and puts the template's tokens around them.
class RowBuilder {
 public:
  /// Throws ConfigError where a row has no room for a token, or rows would share all they have.
  RowBuilder(std::vector<TokenId> before, std::vector<TokenId> after, Side side,
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
    if (options.truncation_strategy == TruncationStrategy::weight && !options.token_weights) {
      throw ConfigError("truncation is weight, but there are no token_weights");
    }
    if (!options.return_overflowing_tokens) return;
    if (options.truncation_strategy != TruncationStrategy::longest_first) {
      const bool random = options.truncation_strategy == TruncationStrategy::random;
      throw ConfigError(std::string("truncation is ") + (random ? "random" : "weight") +
                        " and return_overflowing_tokens is set: a " +
                        (random ? "random choice" : "choice by weight") + " has no overflow");
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
    } else if (options_.truncation_strategy != TruncationStrategy::longest_first) {
      rows.push_back(subsample(sample, i));
    } else {
      // The first window is the sequence, the others are its overflow.
      const std::size_t step = options_.return_overflowing_tokens ? room_ - options_.stride : size;
      for (std::size_t offset = 0; offset < size; offset += step) {
        const std::size_t length = std::min(room_, size - offset);
        const std::size_t first = side_ == Side::right ? offset : size - offset - length;
        rows.push_back(window(sample, first, length));
        if (offset + length == size) break;
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

  Encoding subsample(const Encoding& sample, std::size_t i) const {
    const std::vector<std::size_t> chosen =
        options_.truncation_strategy == TruncationStrategy::weight
            ? heaviest(sample.input_ids, *options_.token_weights, room_)
            : random_choice(sample.input_ids.size(), room_, sample_seed(options_.seed, i));
    return row(sample, room_,
               [&](const std::vector<std::int64_t>& from, std::vector<std::int64_t>& to) {
                 for (const std::size_t index : chosen) to.push_back(from[index]);
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
    // Of a sample without tokens the index is empty; that of its template is not.
    if ((options_.return_region_index || !sample.region_index.empty()) &&
        sample.region_index.size() == sample.input_ids.size()) {
      row.region_index.reserve(size);
      row.region_index.assign(before_.size(), -1);
      append(sample.region_index, row.region_index);
      row.region_index.resize(size, -1);
    }
    row.regions = sample.regions;
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

/// The rows of `count` samples; `encode(i)` returns the i-th. Throws what the first sample that
/// fails throws; a VocabularyError names the sample.
template <class Encode>
Batch make_batch(std::size_t count, std::size_t threads, const RowBuilder& builder,
                 Encode&& encode) {
  std::vector<std::vector<Encoding>> rows(count);
  parallel_for(count, threads, [&](std::size_t i) {
    try {
      rows[i] = builder.rows(encode(i), i);
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

}  // namespace bedtok::detail

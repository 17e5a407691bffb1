// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "encoding.hpp"
#include "error.hpp"
#include "mapping_options.hpp"
#include "region_set.hpp"
#include "special_tokens.hpp"
#include "tokenizer.hpp"

namespace bedtok {

/// The tokens of each peak of a matrix. Immutable.
class PeakTokens {
 public:
  /// Maps the peaks by the options. Throws VocabularyError for a vocabulary whose ids do not fit 32
  /// bits; a peak that misses where on_miss is error is an error once a cell has it.
  template <class Index, class Payload>
  PeakTokens(const Tokenizer<Index>& tokenizer,
             const RegionSet<typename Index::coord_type, Payload>& peaks,
             const MappingOptions& options)
      : size_(peaks.size()),
        vocab_size_(tokenizer.vocab_size()),
        unk_(static_cast<std::int32_t>(tokenizer.token_id(SpecialRole::unk))),
        unique_(options.unique),
        in_vocabulary_order_(options.order == TokenOrder::vocabulary),
        error_(options.on_miss == OnMiss::error) {
    options.check();
    if (vocab_size_ > std::numeric_limits<std::int32_t>::max()) {
      throw VocabularyError("ids of cells have 32 bits, expected a vocabulary below 2^31");
    }
    // Each peak by itself: options of whole cells apply when cells are gathered.
    MappingOptions by_peak = options;
    by_peak.unique = false;
    by_peak.order = TokenOrder::input;
    by_peak.on_miss = OnMiss::drop;
    by_peak.low_hit_rate = std::nullopt;  // the report of the peaks judges them
    if (by_peak.every_overlap() && maps_to_itself(tokenizer.vocabulary().regions(), peaks)) {
      identity_ = true;
      return;
    }
    const Encoding encoding = tokenizer.encode(peaks, by_peak, {}, true);
    first_.reserve(size_);
    offsets_.reserve(size_ + 1);
    std::size_t token = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      const std::size_t begin = ids_.size();
      offsets_.push_back(static_cast<std::uint32_t>(begin));
      for (; token < encoding.region_index.size() &&
             encoding.region_index[token] == static_cast<std::int64_t>(i);
           ++token) {
        ids_.push_back(static_cast<std::int32_t>(encoding.input_ids[token]));
      }
      if (ids_.size() == offsets_.back() && options.on_miss == OnMiss::unk) ids_.push_back(unk_);
      if (ids_.size() > std::numeric_limits<std::uint32_t>::max()) {
        throw Error("the peaks have more than 2^32 tokens, expected fewer");
      }
      const std::size_t count = ids_.size() - begin;
      first_.push_back({count == 0 ? unk_ : ids_[begin], static_cast<std::uint32_t>(count)});
    }
    offsets_.push_back(static_cast<std::uint32_t>(ids_.size()));
  }

  /// Number of peaks.
  std::size_t size() const noexcept { return size_; }
  /// Whether the peaks are the vocabulary's regions, so that the i-th has only token i.
  bool identity() const noexcept { return identity_; }

  /// Whether a cell has each token once.
  bool unique() const noexcept { return unique_; }
  /// Whether the tokens of a cell are in the order of their ids.
  bool in_vocabulary_order() const noexcept { return in_vocabulary_order_; }
  /// The id of a cell without tokens.
  std::int32_t unk() const noexcept { return unk_; }
  /// Number of tokens in the vocabulary.
  std::size_t vocab_size() const noexcept { return vocab_size_; }

  /// Number of tokens of a peak. Throws VocabularyError for none where on_miss is error.
  std::size_t count(std::size_t peak) const {
    if (identity_) return 1;
    const std::size_t count = first_[peak].count;
    if (count == 0 && error_) {
      throw VocabularyError("peak " + std::to_string(peak) +
                            " hits nothing in the vocabulary, and on_miss is 'error'");
    }
    return count;
  }

  /// Writes the tokens of a peak to `out` and returns the end.
  std::int32_t* copy(std::size_t peak, std::int32_t* out) const noexcept {
    const FirstToken first = first_token(peak);
    if (first.count == 0) return out;
    *out = first.id;
    copy_others(peak, first, out);
    return out + first.count;
  }

  /// The same within a row that ends at `limit`. Null where the tokens do not fit.
  std::int32_t* copy(std::size_t peak, std::int32_t* out,
                     const std::int32_t* limit) const noexcept {
    const FirstToken first = first_token(peak);
    if (static_cast<std::ptrdiff_t>(first.count) > limit - out) return nullptr;
    // Written where there is none, too: whether a peak has a token cannot be foretold, whether the
    // row has ended can.
    if (out != limit) *out = first.id;
    copy_others(peak, first, out);
    return out + first.count;
  }

 private:
  /// Whether both hold the same regions, and none overlaps another or nothing at all.
  template <class Coord, class Payload>
  static bool maps_to_itself(const RegionSet<Coord>& vocabulary,
                             const RegionSet<Coord, Payload>& peaks) {
    if (vocabulary.size() != peaks.size() || vocabulary.starts() != peaks.starts() ||
        vocabulary.ends() != peaks.ends()) {
      return false;
    }
    std::vector<bool> left(vocabulary.chroms().size());
    for (std::size_t i = 0; i < peaks.size(); ++i) {
      const auto chrom = vocabulary.chrom_ids()[i];
      if (vocabulary.starts()[i] >= vocabulary.ends()[i]) return false;
      const bool follows = i != 0 && vocabulary.chrom_ids()[i - 1] == chrom;
      if (follows) {
        if (vocabulary.starts()[i] < vocabulary.ends()[i - 1]) return false;
        if (peaks.chrom_ids()[i] != peaks.chrom_ids()[i - 1]) return false;
        continue;
      }
      if (left[chrom] || vocabulary.chrom(i) != peaks.chrom(i)) return false;
      left[chrom] = true;
    }
    return true;
  }

  /// All that most peaks have, in one place.
  struct FirstToken {
    std::int32_t id;  // of none: any
    std::uint32_t count;
  };

  FirstToken first_token(std::size_t peak) const noexcept {
    if (identity_) return {static_cast<std::int32_t>(peak), 1};
    return first_[peak];
  }

  void copy_others(std::size_t peak, FirstToken first, std::int32_t* out) const noexcept {
    for (std::uint32_t k = 1; k < first.count; ++k) out[k] = ids_[offsets_[peak] + k];
  }

  std::size_t size_;
  std::size_t vocab_size_;
  std::int32_t unk_;
  bool unique_;
  bool in_vocabulary_order_;
  bool error_;
  bool identity_ = false;
  std::vector<FirstToken> first_;
  std::vector<std::uint32_t> offsets_;
  std::vector<std::int32_t> ids_;
};

}  // namespace bedtok

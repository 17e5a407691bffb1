// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "detail/parallel_for.hpp"
#include "encoding.hpp"
#include "error.hpp"
#include "mapping_options.hpp"
#include "region_set.hpp"
#include "special_tokens.hpp"
#include "tokenizer.hpp"

// A matrix of cells x peaks becomes tokens: the peaks are mapped once, and a cell's ids are
// gathered from the peaks that it has.
namespace bedtok {

/// The ids of cells, one behind the other: those of cell i are values[offsets[i]] to
/// values[offsets[i + 1]].
struct RaggedIds {
  std::vector<std::int64_t> offsets;
  /// Not filled with zeros beforehand, which would touch all of it once more.
  std::unique_ptr<std::int32_t[]> values;
};

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
    // Each peak by itself: what concerns a whole cell comes when cells are gathered.
    MappingOptions each = options;
    each.unique = false;
    each.order = TokenOrder::input;
    each.on_miss = OnMiss::drop;
    if (each.every_overlap() && maps_to_itself(tokenizer.vocabulary().regions(), peaks)) {
      identity_ = true;
      return;
    }
    const Encoding encoding = tokenizer.encode(peaks, each, {}, true);
    offsets_.reserve(size_ + 1);
    std::size_t at = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      offsets_.push_back(static_cast<std::uint32_t>(ids_.size()));
      for (; at < encoding.region_index.size() &&
             encoding.region_index[at] == static_cast<std::int64_t>(i);
           ++at) {
        ids_.push_back(static_cast<std::int32_t>(encoding.input_ids[at]));
      }
      if (ids_.size() == offsets_.back() && options.on_miss == OnMiss::unk) ids_.push_back(unk_);
      if (ids_.size() > std::numeric_limits<std::uint32_t>::max()) {
        throw Error("the peaks have more than 2^32 tokens, expected fewer");
      }
    }
    offsets_.push_back(static_cast<std::uint32_t>(ids_.size()));
  }

  std::size_t size() const noexcept { return size_; }
  /// Whether the peaks are the vocabulary's regions: the i-th has token i alone.
  bool identity() const noexcept { return identity_; }

  bool unique() const noexcept { return unique_; }
  bool in_vocabulary_order() const noexcept { return in_vocabulary_order_; }
  std::int32_t unk() const noexcept { return unk_; }
  std::size_t vocab_size() const noexcept { return vocab_size_; }

  std::size_t count(std::size_t peak) const {
    if (identity_) return 1;
    const std::size_t count = offsets_[peak + 1] - offsets_[peak];
    if (count == 0 && error_) {
      throw VocabularyError("peak " + std::to_string(peak) +
                            " hits nothing in the vocabulary, and on_miss is 'error'");
    }
    return count;
  }

  /// Writes the tokens of a peak to `out` and returns the end.
  std::int32_t* copy(std::size_t peak, std::int32_t* out) const noexcept {
    if (identity_) {
      *out = static_cast<std::int32_t>(peak);
      return out + 1;
    }
    const std::int32_t* at = ids_.data() + offsets_[peak];
    const std::int32_t* const last = ids_.data() + offsets_[peak + 1];
    while (at != last) *out++ = *at++;
    return out;
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

  std::size_t size_;
  std::size_t vocab_size_;
  std::int32_t unk_;
  bool unique_;
  bool in_vocabulary_order_;
  bool error_;
  bool identity_ = false;
  std::vector<std::uint32_t> offsets_;
  std::vector<std::int32_t> ids_;
};

/// A sparse matrix of cells x peaks whose rows are compressed: the peaks of cell i are
/// indices[indptr[i]] to indices[indptr[i + 1]], in their order. Views, as SciPy has them.
template <class Offset, class Column, class Value>
struct CsrView {
  const Offset* indptr;
  const Column* indices;
  const Value* data;
  std::size_t rows;
};

/// The same with columns compressed: indices are cells.
template <class Offset, class Row, class Value>
struct CscView {
  const Offset* indptr;
  const Row* indices;
  const Value* data;
  std::size_t rows;
  std::size_t columns;
};

namespace detail {

/// Turns counts into where each begins.
inline void counts_to_offsets(std::vector<std::int64_t>& counts) {
  std::int64_t sum = 0;
  for (std::int64_t& count : counts) {
    const std::int64_t here = count;
    count = sum;
    sum += here;
  }
}

/// Sorts a cell's ids, or drops those that came before, as the options say. `seen` says for which
/// cell an id came last. Returns the new end.
inline std::int32_t* settle_cell(const PeakTokens& peaks, std::int32_t* first, std::int32_t* last,
                                 std::vector<std::uint32_t>& seen, std::uint32_t stamp) {
  if (peaks.unique()) {
    std::int32_t* to = first;
    for (const std::int32_t* at = first; at != last; ++at) {
      std::uint32_t& mark = seen[static_cast<std::size_t>(*at)];
      if (mark == stamp) continue;
      mark = stamp;
      *to++ = *at;
    }
    last = to;
  }
  if (peaks.in_vocabulary_order()) std::sort(first, last);
  return last;
}

constexpr std::size_t rows_of_a_task = 64;

}  // namespace detail

/// The ids of the cells `rows` (null: all), whose values are above `threshold`; a cell without any
/// is
/// `[unk]`. Cells are gathered on up to `threads` threads. Throws Error for a peak that `peaks`
/// does not have.
template <class Offset, class Column, class Value>
RaggedIds gather_cells(const CsrView<Offset, Column, Value>& matrix, const PeakTokens& peaks,
                       const std::vector<std::int64_t>* rows, double threshold,
                       std::size_t threads) {
  const std::size_t cells = rows == nullptr ? matrix.rows : rows->size();
  const std::size_t tasks = (cells + detail::rows_of_a_task - 1) / detail::rows_of_a_task;
  const auto each_cell = [&](std::size_t task, auto&& work) {
    const std::size_t last = std::min(cells, (task + 1) * detail::rows_of_a_task);
    for (std::size_t cell = task * detail::rows_of_a_task; cell < last; ++cell) {
      const std::size_t row = rows == nullptr ? cell : static_cast<std::size_t>((*rows)[cell]);
      work(cell, static_cast<std::size_t>(matrix.indptr[row]),
           static_cast<std::size_t>(matrix.indptr[row + 1]));
    }
  };
  const auto present = [&](std::size_t at) {
    return static_cast<double>(matrix.data[at]) > threshold;
  };

  RaggedIds result;
  result.offsets.assign(cells + 1, 0);
  // What a cell needs at most; fewer are left where repeated ids are dropped.
  detail::parallel_for(tasks, threads, [&](std::size_t task) {
    each_cell(task, [&](std::size_t cell, std::size_t first, std::size_t last) {
      std::int64_t count = 0;
      for (std::size_t at = first; at < last; ++at) {
        const auto peak = static_cast<std::size_t>(matrix.indices[at]);
        if (peak >= peaks.size()) {
          throw Error("a cell has peak " + std::to_string(peak) + ", expected 0.." +
                      std::to_string(peaks.size() - 1));
        }
        if (present(at)) count += static_cast<std::int64_t>(peaks.count(peak));
      }
      result.offsets[cell] = std::max<std::int64_t>(count, 1);
    });
  });
  detail::counts_to_offsets(result.offsets);
  result.values.reset(new std::int32_t[static_cast<std::size_t>(result.offsets.back())]);

  std::vector<std::int64_t> kept(peaks.unique() ? cells + 1 : 0);
  detail::parallel_for(tasks, threads, [&](std::size_t task) {
    std::vector<std::uint32_t> seen(peaks.unique() ? peaks.vocab_size() : 0);
    std::uint32_t stamp = 0;
    each_cell(task, [&](std::size_t cell, std::size_t first, std::size_t last) {
      std::int32_t* const begin = result.values.get() + result.offsets[cell];
      std::int32_t* end = begin;
      for (std::size_t at = first; at < last; ++at) {
        if (present(at)) end = peaks.copy(static_cast<std::size_t>(matrix.indices[at]), end);
      }
      if (end == begin) *end++ = peaks.unk();
      end = detail::settle_cell(peaks, begin, end, seen, ++stamp);
      if (peaks.unique()) kept[cell] = end - begin;
    });
  });
  if (peaks.unique()) {
    // Close the gaps, from the first cell on: nothing is overwritten that is still needed.
    detail::counts_to_offsets(kept);
    for (std::size_t cell = 0; cell < cells; ++cell) {
      std::copy_n(result.values.get() + result.offsets[cell], kept[cell + 1] - kept[cell],
                  result.values.get() + kept[cell]);
    }
    result.offsets = std::move(kept);
  }
  return result;
}

/// The same from compressed columns, where no cell may be chosen twice (Error). Each thread takes a
/// share of the peaks.
template <class Offset, class Row, class Value>
RaggedIds gather_cells(const CscView<Offset, Row, Value>& matrix, const PeakTokens& peaks,
                       const std::vector<std::int64_t>* rows, double threshold,
                       std::size_t threads) {
  if (matrix.columns != peaks.size()) {
    throw Error("the matrix has " + std::to_string(matrix.columns) + " peaks, expected " +
                std::to_string(peaks.size()));
  }
  constexpr std::int64_t left_out = -1;
  const std::size_t cells = rows == nullptr ? matrix.rows : rows->size();
  std::vector<std::int64_t> cell_of(matrix.rows, rows == nullptr ? 0 : left_out);
  for (std::size_t cell = 0; cell < cells; ++cell) {
    std::int64_t& here = cell_of[rows == nullptr ? cell : static_cast<std::size_t>((*rows)[cell])];
    if (rows != nullptr && here != left_out) {
      throw Error("cell " + std::to_string((*rows)[cell]) +
                  " is chosen twice, which compressed columns do not give");
    }
    here = static_cast<std::int64_t>(cell);
  }
  const std::size_t parts =
      std::max<std::size_t>(1, std::min<std::size_t>({threads, 4, peaks.size()}));
  const auto each_value = [&](std::size_t part, auto&& work) {
    for (std::size_t peak = peaks.size() * part / parts; peak < peaks.size() * (part + 1) / parts;
         ++peak) {
      const auto last = static_cast<std::size_t>(matrix.indptr[peak + 1]);
      for (auto at = static_cast<std::size_t>(matrix.indptr[peak]); at < last; ++at) {
        const auto row = static_cast<std::size_t>(matrix.indices[at]);
        if (row >= matrix.rows) {
          throw Error("a peak has cell " + std::to_string(row) + ", expected 0.." +
                      std::to_string(matrix.rows - 1));
        }
        if (cell_of[row] == left_out || !(static_cast<double>(matrix.data[at]) > threshold))
          continue;
        work(static_cast<std::size_t>(cell_of[row]), peak);
      }
    }
  };
  // How many ids each cell has from each part, then where they begin.
  std::vector<std::vector<std::int64_t>> at(parts, std::vector<std::int64_t>(cells));
  detail::parallel_for(parts, threads, [&](std::size_t part) {
    each_value(part, [&](std::size_t cell, std::size_t peak) {
      at[part][cell] += static_cast<std::int64_t>(peaks.count(peak));
    });
  });
  RaggedIds result;
  std::vector<bool> empty(cells);
  result.offsets.reserve(cells + 1);
  std::int64_t sum = 0;
  for (std::size_t cell = 0; cell < cells; ++cell) {
    result.offsets.push_back(sum);
    for (std::size_t part = 0; part < parts; ++part) {
      const std::int64_t count = at[part][cell];
      at[part][cell] = sum;
      sum += count;
    }
    if (sum == result.offsets.back()) {
      empty[cell] = true;
      ++sum;
    }
  }
  result.offsets.push_back(sum);
  result.values.reset(new std::int32_t[static_cast<std::size_t>(sum)]);
  detail::parallel_for(parts, threads, [&](std::size_t part) {
    each_value(part, [&](std::size_t cell, std::size_t peak) {
      std::int32_t* const to = result.values.get() + at[part][cell];
      at[part][cell] += peaks.copy(peak, to) - to;
    });
  });
  std::vector<std::uint32_t> seen(peaks.unique() ? peaks.vocab_size() : 0);
  std::int64_t end = 0;
  for (std::size_t cell = 0; cell < cells; ++cell) {
    std::int32_t* first = result.values.get() + result.offsets[cell];
    std::int32_t* last = result.values.get() + result.offsets[cell + 1];
    if (empty[cell]) *first = peaks.unk();
    if (peaks.unique() || peaks.in_vocabulary_order()) {
      last = detail::settle_cell(peaks, first, last, seen, static_cast<std::uint32_t>(cell + 1));
      if (end != result.offsets[cell]) std::copy(first, last, result.values.get() + end);
    }
    result.offsets[cell] = end;
    end += last - first;
  }
  result.offsets[cells] = end;
  return result;
}

}  // namespace bedtok

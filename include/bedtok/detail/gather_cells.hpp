// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "../error.hpp"
#include "../peak_tokens.hpp"
#include "../ragged_ids.hpp"
#include "huge_pages.hpp"
#include "parallel_for.hpp"

// A matrix of either form is gathered in four steps: count the ids of each cell, turn the counts
// into offsets, fill in the ids, finish the cells.
namespace bedtok::detail {

/// The cells to gather, and the threads to do it on.
struct GatherOptions {
  const std::vector<std::int64_t>* rows;  ///< null: all
  double threshold;                       ///< values above it are present
  std::size_t threads;
};

/// Turns counts, followed by a 0, into offsets.
inline void counts_to_offsets(std::vector<std::int64_t>& counts) {
  std::int64_t sum = 0;
  for (std::int64_t& count : counts) sum += std::exchange(count, sum);
}

/// Finishes cells whose ids have been filled in: a cell without an id becomes `[unk]`, ids are
/// sorted and repeated ones dropped as the options say. Cells may be finished on several threads.
class CellFinisher {
 public:
  /// For each id the last cell that had it, plus 1. One for each thread, made by `marks`.
  using Marks = std::vector<std::uint32_t>;

  CellFinisher(const PeakTokens& peaks, RaggedIds& ids)
      : peaks_(peaks), ids_(ids), sizes_(peaks.unique() ? ids.offsets.size() : 0) {}

  Marks marks() const { return Marks(peaks_.unique() ? peaks_.vocab_size() : 0); }

  /// `end` is the end of the cell's ids so far.
  void finish_cell(std::size_t cell, std::int32_t* end, Marks& marks) {
    std::int32_t* const begin = ids_.values.get() + ids_.offsets[cell];
    if (end == begin) *end++ = peaks_.unk();
    if (peaks_.unique()) {
      end = drop_repeated(begin, end, marks, static_cast<std::uint32_t>(cell + 1));
      sizes_[cell] = end - begin;
    }
    if (peaks_.in_vocabulary_order()) std::sort(begin, end);
  }

  /// Closes the gaps that dropped ids left. To be called once, after all cells are finished.
  void close_gaps() {
    if (!peaks_.unique()) return;
    counts_to_offsets(sizes_);
    // From the first cell on: nothing is overwritten that is still needed.
    for (std::size_t cell = 0; cell + 1 < sizes_.size(); ++cell) {
      std::copy_n(ids_.values.get() + ids_.offsets[cell], sizes_[cell + 1] - sizes_[cell],
                  ids_.values.get() + sizes_[cell]);
    }
    ids_.offsets = std::move(sizes_);
  }

 private:
  static std::int32_t* drop_repeated(std::int32_t* begin, const std::int32_t* end, Marks& marks,
                                     std::uint32_t mark) {
    std::int32_t* out = begin;
    for (const std::int32_t* id = begin; id != end; ++id) {
      if (std::exchange(marks[static_cast<std::size_t>(*id)], mark) != mark) *out++ = *id;
    }
    return out;
  }

  const PeakTokens& peaks_;
  RaggedIds& ids_;
  std::vector<std::int64_t> sizes_;  // of the finished cells, where ids are dropped
};

/// One stored value of a row or column: the peak (or cell) and its value.
using Entry = std::pair<std::size_t, double>;

/// Puts the entries [first, last) into the order of their indices; an index that is stored several
/// times becomes one entry with the sum, as SciPy's `sum_duplicates` has it.
template <class Matrix>
void canonical_entries(const Matrix& matrix, std::size_t first, std::size_t last,
                       std::vector<Entry>& entries) {
  entries.clear();
  for (std::size_t k = first; k < last; ++k) {
    entries.emplace_back(static_cast<std::size_t>(matrix.indices[k]),
                         static_cast<double>(matrix.data[k]));
  }
  std::stable_sort(entries.begin(), entries.end(),
                   [](const Entry& a, const Entry& b) { return a.first < b.first; });
  std::size_t size = 0;
  for (const Entry& entry : entries) {
    if (size != 0 && entries[size - 1].first == entry.first) {
      entries[size - 1].second += entry.second;
    } else {
      entries[size++] = entry;
    }
  }
  entries.resize(size);
}

/// The memory of the matrix belongs to the caller, who may write to it between counting and
/// filling. The result may be wrong then, but nothing is written where it does not belong.
inline void check_room(bool fits) {
  if (!fits) throw Error("the matrix changed while it was read");
}

/// The cells of a matrix with compressed rows. Each task takes some rows. The ids of a cell are in
/// the order of the peaks, however the row is stored.
template <class Matrix>
class RowGather {
 public:
  RowGather(const Matrix& matrix, const PeakTokens& peaks, const GatherOptions& options)
      : matrix_(matrix),
        peaks_(peaks),
        options_(options),
        cells_(options.rows == nullptr ? matrix.rows : options.rows->size()),
        sizes_(cells_),
        ascending_(cells_) {}

  /// The number of ids of each cell, at least 1, and a 0. Fewer are left where repeated ids are
  /// dropped. Throws Error for a peak that `peaks` does not have.
  std::vector<std::int64_t> count() {
    std::vector<std::int64_t> counts(cells_ + 1);
    parallel_for(tasks(), options_.threads, [&](std::size_t task) {
      std::vector<Entry> entries;
      for_each_cell(task, [&](std::size_t cell, std::size_t first, std::size_t last) {
        std::int64_t size = 0;
        bool ascending = true;
        std::size_t next = 0;  // the least peak that may follow
        for (std::size_t k = first; k < last; ++k) {
          const std::size_t peak = checked(static_cast<std::size_t>(matrix_.indices[k]));
          ascending &= peak >= next;
          next = peak + 1;
          if (present(k)) size += static_cast<std::int64_t>(peaks_.count(peak));
        }
        if (!ascending) {
          size = 0;
          canonical_entries(matrix_, first, last, entries);
          for (const Entry& entry : entries) {
            if (entry.second > options_.threshold) {
              size += static_cast<std::int64_t>(peaks_.count(checked(entry.first)));
            }
          }
        }
        ascending_[cell] = ascending ? 1 : 0;
        sizes_[cell] = size;
        counts[cell] = std::max<std::int64_t>(size, 1);
      });
    });
    return counts;
  }

  /// Fills in the ids and finishes the cells.
  void fill(RaggedIds& ids, CellFinisher& finisher) {
    parallel_for(tasks(), options_.threads, [&](std::size_t task) {
      CellFinisher::Marks marks = finisher.marks();
      std::vector<Entry> entries;
      for_each_cell(task, [&](std::size_t cell, std::size_t first, std::size_t last) {
        std::int32_t* end = ids.values.get() + ids.offsets[cell];
        const std::int32_t* const limit = end + sizes_[cell];
        const auto append = [&](std::size_t peak) {
          end = peaks_.copy(checked(peak), end, limit);
          check_room(end != nullptr);
        };
        if (ascending_[cell] != 0) {
          for (std::size_t k = first; k < last; ++k) {
            if (present(k)) append(static_cast<std::size_t>(matrix_.indices[k]));
          }
        } else {
          canonical_entries(matrix_, first, last, entries);
          for (const Entry& entry : entries) {
            if (entry.second > options_.threshold) append(entry.first);
          }
        }
        check_room(end == limit);
        finisher.finish_cell(cell, end, marks);
      });
    });
  }

 private:
  static constexpr std::size_t rows_per_task = 64;

  std::size_t tasks() const noexcept { return (cells_ + rows_per_task - 1) / rows_per_task; }

  /// Calls `work(cell, first, last)` for the cells of a task, whose values are [first, last).
  template <class Work>
  void for_each_cell(std::size_t task, Work&& work) const {
    const std::size_t last = std::min(cells_, (task + 1) * rows_per_task);
    for (std::size_t cell = task * rows_per_task; cell < last; ++cell) {
      const std::size_t row =
          options_.rows == nullptr ? cell : static_cast<std::size_t>((*options_.rows)[cell]);
      work(cell, static_cast<std::size_t>(matrix_.indptr[row]),
           static_cast<std::size_t>(matrix_.indptr[row + 1]));
    }
  }

  bool present(std::size_t k) const {
    return static_cast<double>(matrix_.data[k]) > options_.threshold;
  }

  std::size_t checked(std::size_t peak) const {
    if (peak >= peaks_.size()) throw_unknown(peak);
    return peak;
  }

  [[noreturn]] void throw_unknown(std::size_t peak) const {
    throw Error("a cell has peak " + std::to_string(peak) + ", expected 0.." +
                std::to_string(peaks_.size() - 1));
  }

  const Matrix& matrix_;
  const PeakTokens& peaks_;
  const GatherOptions& options_;
  std::size_t cells_;
  std::vector<std::int64_t> sizes_;  // ids of each cell
  std::vector<char> ascending_;      // whether each cell's peaks ascend, as they do nearly always
};

/// The cells of a matrix with compressed columns. Each part takes a share of the peaks, in their
/// order, and writes to its own places in every cell.
template <class Matrix>
class ColumnGather {
 public:
  /// Throws Error where a cell is chosen twice.
  ColumnGather(const Matrix& matrix, const PeakTokens& peaks, const GatherOptions& options)
      : matrix_(matrix),
        peaks_(peaks),
        options_(options),
        cells_(options.rows == nullptr ? matrix.rows : options.rows->size()),
        parts_(std::max<std::size_t>(1, std::min<std::size_t>({options.threads, 4, peaks.size()}))),
        cell_of_(matrix.rows, left_out),
        starts_(parts_ + 1, std::vector<std::int64_t>(cells_)) {
    if (matrix.columns != peaks.size()) {
      throw Error("the matrix has " + std::to_string(matrix.columns) + " peaks, expected " +
                  std::to_string(peaks.size()));
    }
    for (std::size_t cell = 0; cell < cells_; ++cell) {
      const std::size_t row =
          options.rows == nullptr ? cell : static_cast<std::size_t>((*options.rows)[cell]);
      if (std::exchange(cell_of_[row], static_cast<std::int64_t>(cell)) != left_out) {
        throw Error("cell " + std::to_string(row) +
                    " is chosen twice, which compressed columns do not give");
      }
    }
  }

  /// The number of ids of each cell, at least 1, and a 0. Throws Error for a cell that the matrix
  /// does not have.
  std::vector<std::int64_t> count() {
    parallel_for(parts_, options_.threads, [&](std::size_t part) {
      std::vector<std::int64_t>& counts = starts_[part];
      for_each_value(part, [&](std::size_t cell, std::size_t peak) {
        counts[cell] += static_cast<std::int64_t>(peaks_.count(peak));
      });
    });
    std::vector<std::int64_t> counts(cells_ + 1);
    for (std::size_t cell = 0; cell < cells_; ++cell) {
      std::int64_t count = 0;
      // From here on where each part's ids begin in the cell, and where the last one's end.
      for (auto& starts : starts_) count += std::exchange(starts[cell], count);
      counts[cell] = std::max<std::int64_t>(count, 1);
    }
    return counts;
  }

  /// Fills in the ids and finishes the cells.
  void fill(RaggedIds& ids, CellFinisher& finisher) {
    parallel_for(parts_, options_.threads, [&](std::size_t part) {
      std::vector<std::int64_t> places = starts_[part];
      const std::vector<std::int64_t>& limits = starts_[part + 1];
      for_each_value(part, [&](std::size_t cell, std::size_t peak) {
        const auto count = static_cast<std::int64_t>(peaks_.count(peak));
        check_room(count <= limits[cell] - places[cell]);
        peaks_.copy(peak, ids.values.get() + ids.offsets[cell] + places[cell]);
        places[cell] += count;
      });
      check_room(places == limits);
    });
    const std::vector<std::int64_t>& ends = starts_.back();
    parallel_for(parts_, options_.threads, [&](std::size_t part) {
      CellFinisher::Marks marks = finisher.marks();
      for (std::size_t cell = cells_ * part / parts_; cell < cells_ * (part + 1) / parts_; ++cell) {
        finisher.finish_cell(cell, ids.values.get() + ids.offsets[cell] + ends[cell], marks);
      }
    });
  }

 private:
  static constexpr std::int64_t left_out = -1;

  /// Calls `work(cell, peak)` for the values of a part's peaks that are present in chosen cells.
  template <class Work>
  void for_each_value(std::size_t part, Work&& work) const {
    std::vector<Entry> entries;
    const std::size_t last_peak = peaks_.size() * (part + 1) / parts_;
    for (std::size_t peak = peaks_.size() * part / parts_; peak < last_peak; ++peak) {
      const auto first = static_cast<std::size_t>(matrix_.indptr[peak]);
      const auto last = static_cast<std::size_t>(matrix_.indptr[peak + 1]);
      if (ascends(first, last)) {
        for (std::size_t k = first; k < last; ++k) {
          const std::int64_t cell = cell_of(static_cast<std::size_t>(matrix_.indices[k]));
          if (cell == left_out || !(static_cast<double>(matrix_.data[k]) > options_.threshold)) {
            continue;
          }
          work(static_cast<std::size_t>(cell), peak);
        }
      } else {
        canonical_entries(matrix_, first, last, entries);
        for (const Entry& entry : entries) {
          const std::int64_t cell = cell_of(entry.first);
          if (cell != left_out && entry.second > options_.threshold) {
            work(static_cast<std::size_t>(cell), peak);
          }
        }
      }
    }
  }

  /// Whether the cells [first, last) ascend, each of them once. Without a branch, so that the
  /// compiler compares several at a time.
  bool ascends(std::size_t first, std::size_t last) const {
    unsigned descents = 0;
    for (std::size_t k = first + 1; k < last; ++k) {
      descents += matrix_.indices[k - 1] < matrix_.indices[k] ? 0u : 1u;
    }
    return descents == 0;
  }

  std::int64_t cell_of(std::size_t row) const {
    if (row >= matrix_.rows) {
      throw Error("a peak has cell " + std::to_string(row) + ", expected 0.." +
                  std::to_string(matrix_.rows - 1));
    }
    return cell_of_[row];
  }

  const Matrix& matrix_;
  const PeakTokens& peaks_;
  const GatherOptions& options_;
  std::size_t cells_;
  std::size_t parts_;
  std::vector<std::int64_t> cell_of_;              // for each row of the matrix
  std::vector<std::vector<std::int64_t>> starts_;  // for each part and cell, and the ends
};

/// Gathers by a RowGather or a ColumnGather.
template <class Gather>
RaggedIds gather_by(Gather gather, const PeakTokens& peaks) {
  RaggedIds ids;
  ids.offsets = gather.count();
  counts_to_offsets(ids.offsets);
  const auto size = static_cast<std::size_t>(ids.offsets.back());
  ids.values.reset(new std::int32_t[size]);
  prefer_huge_pages(ids.values.get(), size * sizeof(std::int32_t));
  CellFinisher finisher(peaks, ids);
  gather.fill(ids, finisher);
  finisher.close_gaps();
  return ids;
}

}  // namespace bedtok::detail

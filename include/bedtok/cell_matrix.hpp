// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "detail/gather_cells.hpp"
#include "peak_tokens.hpp"
#include "ragged_ids.hpp"

// A matrix of cells x peaks becomes tokens: the peaks are mapped once, and a cell's ids are
// gathered from the peaks that it has.
namespace bedtok {

/// A sparse matrix of cells x peaks with compressed rows: the peaks of cell i are
/// indices[indptr[i]] to indices[indptr[i + 1] - 1], in any order. A view of SciPy's arrays.
template <class Offset, class Column, class Value>
struct CsrView {
  const Offset* indptr;   ///< rows + 1 positions in `indices`
  const Column* indices;  ///< the column of each entry
  const Value* data;      ///< the value of each entry
  std::size_t rows;       ///< number of cells
};

/// The same with compressed columns: indices are cells.
template <class Offset, class Row, class Value>
struct CscView {
  const Offset* indptr;  ///< columns + 1 positions in `indices`
  const Row* indices;    ///< the row of each entry
  const Value* data;     ///< the value of each entry
  std::size_t rows;      ///< number of cells
  std::size_t columns;   ///< number of peaks
};

/// The ids of the cells `rows` (null: all), gathered from the peaks whose values are above
/// `threshold`, in the order of the peaks; a cell without any is `[unk]`. A peak that is stored
/// several times in a cell counts once, by the sum of its values. Uses up to `threads` threads.
/// Throws Error for a peak that `peaks` does not have, and where the matrix changes meanwhile.
template <class Offset, class Column, class Value>
RaggedIds gather_cells(const CsrView<Offset, Column, Value>& matrix, const PeakTokens& peaks,
                       const std::vector<std::int64_t>* rows, double threshold,
                       std::size_t threads) {
  const detail::GatherOptions options{rows, threshold, threads};
  return detail::gather_by(detail::RowGather(matrix, peaks, options), peaks);
}

/// The same from compressed columns, where no cell may be chosen twice (Error). Uses up to 4
/// threads, each with a share of the peaks.
template <class Offset, class Row, class Value>
RaggedIds gather_cells(const CscView<Offset, Row, Value>& matrix, const PeakTokens& peaks,
                       const std::vector<std::int64_t>* rows, double threshold,
                       std::size_t threads) {
  const detail::GatherOptions options{rows, threshold, threads};
  return detail::gather_by(detail::ColumnGather(matrix, peaks, options), peaks);
}

}  // namespace bedtok

// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/cell_matrix.hpp>
#include <bedtok/detail/gather_cells.hpp>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "naive_tokenizer.hpp"
#include "support.hpp"

using bedtok::CscView;
using bedtok::CsrView;
using bedtok::gather_cells;
using bedtok::MappingOptions;
using bedtok::OnMiss;
using bedtok::PeakTokens;
using bedtok::RaggedIds;
using bedtok::RegionSet;
using bedtok::Tokenizer;
using support::message_of;
using Cells = std::vector<std::vector<bedtok::TokenId>>;

namespace {

Cells cells_of(const RaggedIds& ids) {
  Cells cells;
  for (std::size_t i = 0; i + 1 < ids.offsets.size(); ++i) {
    cells.emplace_back(ids.values.get() + ids.offsets[i], ids.values.get() + ids.offsets[i + 1]);
  }
  return cells;
}

/// A matrix as both of its compressed forms.
template <class Index, class Value>
struct Matrix {
  std::size_t rows;
  std::size_t columns;
  std::vector<Value> dense;  // row by row
  std::vector<Index> csr_indptr{0}, csr_indices, csc_indptr{0}, csc_indices;
  std::vector<Value> csr_data, csc_data;

  /// Zeros among `stored` are stored, too.
  Matrix(std::size_t rows_, std::size_t columns_, const std::vector<Value>& values,
         const std::vector<bool>& stored)
      : rows(rows_), columns(columns_), dense(values) {
    for (std::size_t r = 0; r < rows; ++r) {
      for (std::size_t c = 0; c < columns; ++c) {
        if (!stored[r * columns + c]) continue;
        csr_indices.push_back(static_cast<Index>(c));
        csr_data.push_back(values[r * columns + c]);
      }
      csr_indptr.push_back(static_cast<Index>(csr_indices.size()));
    }
    for (std::size_t c = 0; c < columns; ++c) {
      for (std::size_t r = 0; r < rows; ++r) {
        if (!stored[r * columns + c]) continue;
        csc_indices.push_back(static_cast<Index>(r));
        csc_data.push_back(values[r * columns + c]);
      }
      csc_indptr.push_back(static_cast<Index>(csc_indices.size()));
    }
  }

  CsrView<Index, Index, Value> csr() const {
    return {csr_indptr.data(), csr_indices.data(), csr_data.data(), rows};
  }
  CscView<Index, Index, Value> csc() const {
    return {csc_indptr.data(), csc_indices.data(), csc_data.data(), rows, columns};
  }
};

template <class Index, class Value>
void check_against_calls(std::uint64_t seed) {
  auto random = support::random_source(seed);
  const int rounds = support::cases(60);
  for (int round = 0; round < rounds; ++round) {
    const auto vocabulary = support::random_naive_regions(random, 25, {"chr1", "chr2"}, 200, 50);
    const Tokenizer<> tokenizer(support::region_set<std::uint32_t>(vocabulary));
    const std::size_t columns = support::pick(random, 1, 30);
    const auto named = support::random_naive_regions(random, columns, {"chr1", "chr2"}, 220, 50);
    const auto peaks = support::region_set<std::uint32_t>(named);
    MappingOptions options = support::random_options(random);
    if (options.on_miss == OnMiss::error) options.on_miss = OnMiss::drop;
    options.chrom_aliases = {};

    const std::size_t rows = support::pick(random, 0, 150);
    std::vector<Value> values(rows * peaks.size());
    std::vector<bool> stored(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      stored[i] = support::pick(random, 0, 3) == 0;
      if (stored[i]) values[i] = static_cast<Value>(support::pick(random, 0, 3));
    }
    const Matrix<Index, Value> matrix(rows, peaks.size(), values, stored);
    const double threshold = static_cast<double>(support::pick(random, 0, 2));

    // The oracle: a call of the tokenizer for each cell.
    const auto call = [&](std::size_t row) {
      std::vector<bedtok::Region<>> present;
      for (std::size_t c = 0; c < peaks.size(); ++c) {
        if (static_cast<double>(values[row * peaks.size() + c]) > threshold) {
          present.push_back(peaks[c]);
        }
      }
      return tokenizer.encode(RegionSet<>(present), options).input_ids;
    };
    std::vector<std::int64_t> all;
    std::vector<std::int64_t> some;
    for (std::size_t row = 0; row < rows; ++row) all.push_back(static_cast<std::int64_t>(row));
    for (const std::int64_t row : all) {
      if (support::pick(random, 0, 2) == 0) some.insert(some.begin(), row);
    }
    const PeakTokens tokens(tokenizer, peaks, options);
    CHECK(tokens.size() == peaks.size());
    for (const std::size_t threads : support::Sizes{1, 2, 4}) {
      for (const auto* chosen : {&all, &some}) {
        Cells expected;
        for (const std::int64_t row : *chosen)
          expected.push_back(call(static_cast<std::size_t>(row)));
        const auto* picked = chosen == &all && threads == 2 ? nullptr : chosen;
        REQUIRE(cells_of(gather_cells(matrix.csr(), tokens, picked, threshold, threads)) ==
                expected);
        REQUIRE(cells_of(gather_cells(matrix.csc(), tokens, picked, threshold, threads)) ==
                expected);
      }
    }
  }
}

const RegionSet<> disjoint{{"chr1", 0, 10, {}}, {"chr1", 10, 20, {}}, {"chr2", 5, 6, {}}};

}  // namespace

TEST_CASE("cells of either form get what a call of the tokenizer gives each", "[differential]") {
  check_against_calls<std::int32_t, float>(301);
  check_against_calls<std::int64_t, double>(302);
  check_against_calls<std::int32_t, std::uint8_t>(303);
}

TEST_CASE("a peak that misses is an error once a cell has it, where on_miss says so") {
  const Tokenizer<> tokenizer(disjoint);
  MappingOptions options;
  options.on_miss = OnMiss::error;
  const PeakTokens peaks(tokenizer, RegionSet<>{{"chr1", 0, 5, {}}, {"chr9", 0, 5, {}}}, options);
  const Matrix<std::int32_t, float> first(2, 2, {1, 0, 1, 0}, {true, false, true, true});
  CHECK(cells_of(gather_cells(first.csr(), peaks, nullptr, 0, 2)) == Cells{{0}, {0}});
  const Matrix<std::int32_t, float> both(1, 2, {1, 1}, {true, true});
  const std::string message = "peak 1 hits nothing in the vocabulary, and on_miss is 'error'";
  CHECK(message_of<bedtok::VocabularyError>(
            [&] { gather_cells(both.csr(), peaks, nullptr, 0, 2); }) == message);
  CHECK(message_of<bedtok::VocabularyError>(
            [&] { gather_cells(both.csc(), peaks, nullptr, 0, 2); }) == message);
}

TEST_CASE("rows may repeat by rows, and are refused by columns") {
  const Tokenizer<> tokenizer(disjoint);
  const PeakTokens peaks(tokenizer, disjoint, {});
  const Matrix<std::int32_t, float> matrix(2, 3, {1, 0, 1, 0, 1, 0},
                                           {true, false, true, false, true, false});
  const std::vector<std::int64_t> rows{1, 0, 1};
  CHECK(cells_of(gather_cells(matrix.csr(), peaks, &rows, 0, 2)) == Cells{{1}, {0, 2}, {1}});
  CHECK(message_of<bedtok::Error>([&] { gather_cells(matrix.csc(), peaks, &rows, 0, 2); }) ==
        "cell 1 is chosen twice, which compressed columns do not give");
}

TEST_CASE("indices beyond the matrix are errors") {
  const Tokenizer<> tokenizer(disjoint);
  const PeakTokens peaks(tokenizer, disjoint, {});
  const std::vector<std::int32_t> indptr{0, 1}, indices{3};
  const std::vector<float> data{1};
  CHECK(message_of<bedtok::Error>([&] {
          gather_cells(CsrView<std::int32_t, std::int32_t, float>{indptr.data(), indices.data(),
                                                                  data.data(), 1},
                       peaks, nullptr, 0, 1);
        }) == "a cell has peak 3, expected 0..2");
  const std::vector<std::int32_t> by_column{0, 1, 1, 1};
  CHECK(message_of<bedtok::Error>([&] {
          gather_cells(CscView<std::int32_t, std::int32_t, float>{by_column.data(), indices.data(),
                                                                  data.data(), 2, 3},
                       peaks, nullptr, 0, 1);
        }) == "a peak has cell 3, expected 0..1");
  CHECK(message_of<bedtok::Error>([&] {
          gather_cells(CscView<std::int32_t, std::int32_t, float>{by_column.data(), indices.data(),
                                                                  data.data(), 2, 2},
                       peaks, nullptr, 0, 1);
        }) == "the matrix has 2 peaks, expected 3");
}

// SPDX-License-Identifier: BSD-2-Clause
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <bedtok/bedtok.hpp>
#include <bedtok/io/detail/path_text.hpp>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "initialized.hpp"
#include "register.hpp"
#include "text_or_none.hpp"

namespace bedtok::python {

namespace {

using Tok = Tokenizer<>;
using Regions = RegionSet<std::uint32_t>;
using Int64s = Column<std::int64_t>;

/// Offsets and values as arrays that take the memory over.
std::pair<py::array, py::array> into_arrays(RaggedIds&& ids) {
  const auto size = static_cast<py::ssize_t>(ids.offsets.back());
  std::int32_t* const values = ids.values.get();
  py::capsule owner(values, [](void* p) { delete[] static_cast<std::int32_t*>(p); });
  ids.values.release();
  py::array_t<std::int32_t> array({size}, {sizeof(std::int32_t)}, values, owner);
  return {into_array(std::move(ids.offsets)), std::move(array)};
}

struct Matrix {
  bool by_rows;
  const std::int64_t* indptr;
  std::size_t rows;
  std::size_t columns;
};

template <class Index, class Value>
RaggedIds gather_as(const Matrix& matrix, const void* indices, const void* data,
                    const PeakTokens& peaks, const std::vector<std::int64_t>* rows,
                    double threshold, std::size_t threads) {
  const auto* at = static_cast<const Index*>(indices);
  const auto* values = static_cast<const Value*>(data);
  if (matrix.by_rows) {
    return gather_cells(CsrView<std::int64_t, Index, Value>{matrix.indptr, at, values, matrix.rows},
                        peaks, rows, threshold, threads);
  }
  return gather_cells(
      CscView<std::int64_t, Index, Value>{matrix.indptr, at, values, matrix.rows, matrix.columns},
      peaks, rows, threshold, threads);
}

template <class Index, class... Arguments>
RaggedIds gather_values(const py::array& data, const Matrix& matrix, const void* indices,
                        Arguments&&... arguments) {
  const void* const values = data.data();
  const char kind = data.dtype().kind();
  const auto size = data.dtype().itemsize();
  const py::gil_scoped_release release;
  if (kind == 'f' && size == 4)
    return gather_as<Index, float>(matrix, indices, values, arguments...);
  if (kind == 'f' && size == 8)
    return gather_as<Index, double>(matrix, indices, values, arguments...);
  if (kind == 'i' && size == 4) {
    return gather_as<Index, std::int32_t>(matrix, indices, values, arguments...);
  }
  if (kind == 'i' && size == 8) {
    return gather_as<Index, std::int64_t>(matrix, indices, values, arguments...);
  }
  if ((kind == 'u' || kind == 'b') && size == 1) {
    return gather_as<Index, std::uint8_t>(matrix, indices, values, arguments...);
  }
  if (kind == 'u' && size == 2) {
    return gather_as<Index, std::uint16_t>(matrix, indices, values, arguments...);
  }
  throw Error("the matrix has values of a type that is not supported");
}

/// `indptr` has rows + 1 entries for compressed rows, else columns + 1.
std::pair<py::array, py::array> gather(const PeakTokens& peaks, bool by_rows, const Int64s& indptr,
                                       const py::array& indices, const py::array& data,
                                       std::size_t rows, std::size_t columns,
                                       const std::optional<Int64s>& chosen, double threshold,
                                       std::size_t num_threads) {
  // A copy, which nobody changes after it has been checked.
  const std::vector<std::int64_t> bounds = to_vector(indptr);
  const Matrix matrix{by_rows, bounds.data(), rows, columns};
  const std::size_t entries = bounds.size();
  if (columns != peaks.size() || entries != (by_rows ? rows : columns) + 1) {
    throw Error("a matrix of " + std::to_string(rows) + " cells x " + std::to_string(columns) +
                " peaks, expected " + std::to_string(peaks.size()) + " peaks, and indptr to fit");
  }
  const std::int64_t stored = bounds.back();
  if (bounds.front() != 0) {
    throw Error("indptr begins with " + std::to_string(bounds.front()) +
                ", expected 0: the matrix is damaged");
  }
  for (std::size_t i = 0; i + 1 < entries; ++i) {
    if (bounds[i] > bounds[i + 1]) throw Error("indptr decreases, the matrix is damaged");
  }
  if (stored > indices.size() || stored > data.size() || indices.ndim() != 1 || data.ndim() != 1 ||
      (indices.flags() & data.flags() & py::array::c_style) == 0) {
    throw Error("indices and data do not fit indptr, the matrix is damaged");
  }
  std::optional<std::vector<std::int64_t>> picked;
  if (chosen) {
    picked = to_vector(*chosen);
    for (const std::int64_t row : *picked) {
      if (row < 0 || static_cast<std::size_t>(row) >= rows) {
        throw Error("cell " + std::to_string(row) + " is chosen, expected 0.." +
                    std::to_string(rows) + " - 1");
      }
    }
  }
  const std::vector<std::int64_t>* const these = picked ? &*picked : nullptr;
  const char kind = indices.dtype().kind();
  if (kind == 'i' && indices.dtype().itemsize() == 4) {
    return into_arrays(gather_values<std::int32_t>(data, matrix, indices.data(), peaks, these,
                                                   threshold, num_threads));
  }
  if (kind == 'i' && indices.dtype().itemsize() == 8) {
    return into_arrays(gather_values<std::int64_t>(data, matrix, indices.data(), peaks, these,
                                                   threshold, num_threads));
  }
  throw Error("indices must have 32 or 64 bits");
}

/// A text in memory that lives as long as the source.
class BytesSource final : public io::ByteSource {
 public:
  BytesSource(std::string bytes, std::string name)
      : bytes_(std::move(bytes)), source_(bytes_, std::move(name)) {}
  std::size_t read(char* to, std::size_t room) override { return source_.read(to, room); }
  const std::string& name() const noexcept override { return source_.name(); }
  std::uint64_t size_hint() const noexcept override { return source_.size_hint(); }

 private:
  std::string bytes_;
  io::MemorySource source_;
};

py::dict encode_fragments(const Tok& tokenizer, const std::filesystem::path& path,
                          const MappingOptions& options, const std::string& counting_strategy,
                          const std::optional<std::vector<std::string>>& barcodes,
                          const std::optional<std::vector<std::string>>& chroms,
                          const std::optional<std::string>& region, const RegionSet<>* exclude,
                          std::uint64_t min_fragments, std::uint64_t min_tokens,
                          std::optional<std::uint64_t> max_tokens, bool skip_bad_lines,
                          std::size_t num_threads, const std::optional<py::bytes>& text) {
  io::FragmentOptions choice;
  choice.mapping = options;
  choice.on_miss = options.on_miss;
  choice.counting_strategy = parse_enum<io::CountingStrategy>(counting_strategy);
  choice.barcodes = barcodes;
  choice.chroms = chroms;
  if (region) {
    const auto parsed = parse_region_text<std::uint64_t>(*region);
    if (!parsed) {
      throw ConfigError("region is '" + *region + "', expected a text like chr1:1000-2000");
    }
    choice.region =
        Region<std::uint64_t>{std::string(parsed->chrom), parsed->start, parsed->end, {}};
  }
  if (exclude != nullptr) choice.exclude = {exclude, [](const auto*) {}};  // the caller's
  choice.min_fragments = min_fragments;
  choice.min_tokens = min_tokens;
  choice.max_tokens = max_tokens.value_or(std::numeric_limits<std::uint64_t>::max());
  choice.skip_bad_lines = skip_bad_lines;
  choice.num_threads = num_threads;
  std::unique_ptr<io::ByteSource> source;
  if (text)
    source =
        std::make_unique<BytesSource>(static_cast<std::string>(*text), io::detail::path_text(path));
  io::FragmentTokens cells;
  {
    const py::gil_scoped_release release;
    if (source == nullptr) source = std::make_unique<io::FileSource>(path);
    cells = io::encode_fragments(std::move(source), tokenizer, choice);
  }
  py::dict result;
  result["skipped_lines"] = cells.skipped.count;
  result["skipped_text"] = text_or_none(to_text(cells.skipped));
  result["barcodes"] = std::move(cells.barcodes);
  result["fragments"] = into_array(std::move(cells.fragments));
  result["hits"] = into_array(std::move(cells.hits));
  result["cells"] = into_array(std::move(cells.cells));
  result["report"] = std::move(cells.report);
  result["unlisted"] = cells.unlisted;
  result["unlisted_barcodes"] = std::move(cells.unlisted_barcodes);
  auto [offsets, values] = into_arrays(std::move(cells.ids));
  result["offsets"] = std::move(offsets);
  result["values"] = std::move(values);
  return result;
}

}  // namespace

void register_cells(py::module_& module) {
  using py::literals::operator""_a;
  py::class_<PeakTokens>(module, "PeakTokens", py::is_final(),
                         "The tokens of each peak of a matrix; immutable.")
      .def(py::init([](const Tok& tokenizer, const Regions& peaks, const MappingOptions& options) {
             return std::make_unique<PeakTokens>(tokenizer, peaks, options);
           }),
           "tokenizer"_a, "peaks"_a, "options"_a, py::call_guard<py::gil_scoped_release>())
      .def("__len__", &PeakTokens::size)
      .def_property_readonly("identity", &PeakTokens::identity)
      .def("gather", &gather, "by_rows"_a, "indptr"_a, "indices"_a, "data"_a, "rows"_a, "columns"_a,
           "chosen"_a = py::none(), "threshold"_a = 0.0, "num_threads"_a = 1);
  module.def("encode_fragments", &encode_fragments, "tokenizer"_a, "path"_a, "options"_a,
             py::kw_only(), "counting_strategy"_a = "fragment", "barcodes"_a = py::none(),
             "chroms"_a = py::none(), "region"_a = py::none(), "exclude"_a = py::none(),
             "min_fragments"_a = 0, "min_tokens"_a = 0, "max_tokens"_a = py::none(),
             "skip_bad_lines"_a = false, "num_threads"_a = 0, "text"_a = py::none());
}

}  // namespace bedtok::python

// SPDX-License-Identifier: BSD-2-Clause
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <atomic>
#include <bedtok/detail/abandon_scope.hpp>
#include <bedtok/io/sample_reader.hpp>
#include <bedtok/io/spilling_store.hpp>
#include <bedtok/io/universe_bed.hpp>
#include <bedtok/universe/build.hpp>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
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

using universe::Coord;
using Regions = RegionSet<Coord>;
using Sizes = std::map<std::string, std::uint64_t>;

universe::ChromSizes to_sizes(const Sizes& sizes) { return {sizes.begin(), sizes.end()}; }

/// The options of samples, with the regions that they point to.
struct SampleChoice {
  universe::SampleOptions options;
  std::shared_ptr<const Regions> exclude;
  /// Ends the reading on all threads.
  std::shared_ptr<std::atomic<bool>> abandoned = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace

template <>
inline constexpr bool must_be_initialized<SampleChoice> = true;
template <>
inline constexpr bool must_be_initialized<universe::Sample> = true;
template <>
inline constexpr bool must_be_initialized<io::SpillingStore> = true;

namespace {

/// The sample of a file, or of `data` under the file's name; how many lines were left out, and a
/// text about them or None.
py::tuple read_sample(const std::filesystem::path& path, const SampleChoice& choice,
                      bool skip_bad_lines, const std::optional<py::bytes>& data) {
  SkippedLines skipped;
  universe::Sample sample;
  {
    const std::optional<std::string_view> bytes =
        data ? std::optional<std::string_view>(*data) : std::nullopt;
    const py::gil_scoped_release release;
    const bedtok::detail::AbandonScope scope(*choice.abandoned);
    std::unique_ptr<io::ByteSource> source;
    if (bytes) {
      source = std::make_unique<io::MemorySource>(*bytes, path.string());
    } else {
      source = std::make_unique<io::FileSource>(path);
    }
    sample =
        io::read_sample(std::move(source), choice.options, skip_bad_lines ? &skipped : nullptr);
  }
  return py::make_tuple(std::move(sample), skipped.count, text_or_none(to_text(skipped)));
}

universe::Universe build_universe(const io::SpillingStore& store, const std::string& method,
                                  Coord width, const universe::UniverseOptions& options) {
  if (method == "union") return universe::build_union(store, options);
  if (method == "coverage") return universe::build_coverage(store, options);
  if (method == "flexible") return universe::build_flexible(store, options);
  if (method == "hmm") return universe::build_hmm(store, options);
  if (method == "summits") return universe::build_summits(store, width, options);
  if (method == "tiles") return universe::build_tiles(store, width, options);
  throw ConfigError("method is '" + method + "'");
}

/// The regions, those as lines of a BED file, and their support.
py::tuple build(const io::SpillingStore& store, const std::string& method, Coord width,
                Coord max_gap, Coord min_width, Coord max_width,
                std::optional<std::uint32_t> min_samples, std::optional<double> min_fraction,
                const Sizes& chrom_sizes, const std::optional<Regions>& exclude,
                std::size_t num_threads) {
  universe::UniverseOptions options;
  options.max_gap = max_gap;
  options.min_width = min_width;
  options.max_width = max_width;
  options.min_samples = min_samples;
  options.min_fraction = min_fraction;
  options.chrom_sizes = to_sizes(chrom_sizes);
  options.exclude = exclude ? &*exclude : nullptr;
  options.num_threads = num_threads;
  universe::Universe built;
  Regions lines;
  {
    const py::gil_scoped_release release;
    built = build_universe(store, method, width, options);
    lines = io::universe_lines(built);
  }
  return py::make_tuple(std::move(built.regions), std::move(lines),
                        into_array(std::move(built.support)));
}

}  // namespace

void register_universe(py::module_& module) {
  using py::literals::operator""_a;
  py::class_<SampleChoice>(module, "SampleOptions", py::is_final(),
                           "What is taken of the regions of a sample; immutable.")
      .def(py::init([](const std::optional<std::set<std::string>>& chroms, const Sizes& chrom_sizes,
                       bool summits, Coord width, unsigned score_column,
                       const std::optional<Regions>& exclude) {
             SampleChoice choice;
             if (chroms) choice.options.chroms.emplace(chroms->begin(), chroms->end());
             choice.options.chrom_sizes = to_sizes(chrom_sizes);
             choice.options.summits = summits;
             choice.options.width = width;
             choice.options.score_column = score_column;
             if (exclude) choice.exclude = std::make_shared<const Regions>(*exclude);
             choice.options.exclude = choice.exclude.get();
             return choice;
           }),
           py::kw_only(), "chroms"_a = py::none(), "chrom_sizes"_a = Sizes(), "summits"_a = false,
           "width"_a = 501, "score_column"_a = 0, "exclude"_a = py::none())
      .def("abandon", [](const SampleChoice& choice) { choice.abandoned->store(true); });
  py::class_<universe::Sample>(module, "Sample", py::is_final(),
                               "What a sample contributes to a universe; immutable.")
      .def("__len__", &universe::Sample::size)
      .def_property_readonly("regions", [](const universe::Sample& s) { return s.regions; })
      .def_property_readonly("left_out", [](const universe::Sample& s) { return s.left_out; });
  module.def("read_sample", &read_sample, "path"_a, "options"_a, "skip_bad_lines"_a = false,
             "data"_a = py::none());
  module.def(
      "make_sample",
      [](const Regions& regions, const SampleChoice& choice) {
        return universe::make_sample(regions, choice.options);
      },
      "regions"_a, "options"_a, py::call_guard<py::gil_scoped_release>());
  py::class_<io::SpillingStore>(module, "SampleStore", py::is_final(),
                                "Samples in memory and, above a limit, in temporary files.")
      .def(py::init<std::uint64_t, std::filesystem::path>(), "max_memory"_a = 0,
           "folder"_a = std::filesystem::path())
      .def("__len__", &io::SpillingStore::size)
      .def_property_readonly("runs", &io::SpillingStore::runs)
      .def_property_readonly("chroms", &io::SpillingStore::chroms)
      .def(
          "add", [](io::SpillingStore& store, const universe::Sample& s) { store.add(s); },
          "sample"_a, py::call_guard<py::gil_scoped_release>())
      .def("build", &build, "method"_a, py::kw_only(), "width"_a, "max_gap"_a, "min_width"_a,
           "max_width"_a, "min_samples"_a, "min_fraction"_a, "chrom_sizes"_a, "exclude"_a,
           "num_threads"_a);
}

}  // namespace bedtok::python

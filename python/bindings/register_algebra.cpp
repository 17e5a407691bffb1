// SPDX-License-Identifier: BSD-2-Clause
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <bedtok/algebra/closest.hpp>
#include <bedtok/algebra/gaps.hpp>
#include <bedtok/algebra/merge.hpp>
#include <bedtok/algebra/overlaps.hpp>
#include <bedtok/algebra/resize.hpp>
#include <bedtok/algebra/sample.hpp>
#include <bedtok/algebra/set_operations.hpp>
#include <bedtok/algebra/similarity.hpp>
#include <bedtok/algebra/statistics.hpp>
#include <bedtok/region_set.hpp>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "initialized.hpp"
#include "register.hpp"

namespace bedtok::python {

namespace {

using py::literals::operator""_a;
using Regions = RegionSet<std::uint32_t>;
using release_gil = py::call_guard<py::gil_scoped_release>;

/// The result of C++ that runs without the GIL.
template <class Call>
auto without_gil(Call&& call) {
  const py::gil_scoped_release release;
  return call();
}

/// Counts that the caller may subtract from one another: signed.
template <class T>
py::array_t<std::int64_t> into_signed(const std::vector<T>& values) {
  return into_array(std::vector<std::int64_t>(values.begin(), values.end()));
}

py::tuple with_counts(algebra::CountedRegions<>&& counted) {
  py::array_t<std::int64_t> counts = into_signed(counted.counts);
  return py::make_tuple(std::move(counted.regions), std::move(counts));
}

void register_merging(py::class_<Regions>& regions) {
  regions
      .def(
          "reduce",
          [](const Regions& a, std::uint64_t max_gap) { return algebra::reduce(a, max_gap); },
          "max_gap"_a, release_gil())
      .def(
          "reduce_with_counts",
          [](const Regions& a, std::uint64_t max_gap) {
            return with_counts(
                without_gil([&] { return algebra::reduce_with_counts(a, max_gap); }));
          },
          "max_gap"_a)
      .def("disjoin",
           [](const Regions& a) {
             return with_counts(without_gil([&] { return algebra::disjoin(a); }));
           })
      .def(
          "cluster",
          [](const Regions& a, std::uint64_t max_gap) {
            return into_signed(without_gil([&] { return algebra::cluster(a, max_gap); }));
          },
          "max_gap"_a)
      .def(
          "gaps", [](const Regions& a, const ChromSizes& sizes) { return algebra::gaps(a, sizes); },
          "chrom_sizes"_a, release_gil())
      .def_static(
          "tile",
          [](const ChromSizes& sizes, std::uint64_t width) { return algebra::tile(sizes, width); },
          "chrom_sizes"_a, "width"_a, release_gil());
}

void register_resizing(py::class_<Regions>& regions) {
  regions
      .def(
          "trim", [](const Regions& a, const ChromSizes& sizes) { return algebra::trim(a, sizes); },
          "chrom_sizes"_a, release_gil())
      .def(
          "slop",
          [](const Regions& a, std::uint64_t left, std::uint64_t right, const ChromSizes& sizes) {
            return algebra::slop(a, left, right, sizes);
          },
          "left"_a, "right"_a, "chrom_sizes"_a, release_gil())
      .def(
          "flank",
          [](const Regions& a, std::uint64_t left, std::uint64_t right, const ChromSizes& sizes) {
            return algebra::flank(a, left, right, sizes);
          },
          "left"_a, "right"_a, "chrom_sizes"_a, release_gil())
      .def(
          "shift",
          [](const Regions& a, std::int64_t offset, const ChromSizes& sizes) {
            return algebra::shift(a, offset, sizes);
          },
          "offset"_a, "chrom_sizes"_a, release_gil())
      .def(
          "resize",
          [](const Regions& a, std::uint64_t width, const std::string& fix,
             const ChromSizes& sizes) {
            return algebra::resize(a, width, parse_enum<algebra::ResizeFix>(fix), sizes);
          },
          "width"_a, "fix"_a, "chrom_sizes"_a, release_gil())
      .def(
          "promoters",
          [](const Regions& a, std::uint64_t upstream, std::uint64_t downstream,
             const ChromSizes& sizes) {
            return algebra::promoters(a, upstream, downstream, sizes);
          },
          "upstream"_a, "downstream"_a, "chrom_sizes"_a, release_gil())
      .def(
          "sample",
          [](const Regions& a, std::uint64_t n, std::uint64_t seed) {
            return algebra::sample(a, n, seed);
          },
          "n"_a, "seed"_a, release_gil());
}

/// One tuple a chromosome: name, regions, first start, furthest end, then the shortest, longest,
/// mean and median length.
py::list statistics_by_chromosome(const Regions& regions) {
  py::list rows;
  for (const auto& one : without_gil([&] { return algebra::chromosome_statistics(regions); })) {
    rows.append(py::make_tuple(one.chromosome, one.number_of_regions, one.start_nucleotide_position,
                               one.end_nucleotide_position, one.minimum_region_length,
                               one.maximum_region_length, one.mean_region_length,
                               one.median_region_length));
  }
  return rows;
}

void register_statistics(py::class_<Regions>& regions) {
  regions
      .def(
          "nucleotide_length", [](const Regions& a) { return algebra::nucleotide_length(a); },
          release_gil())
      .def(
          "max_end_per_chrom", [](const Regions& a) { return algebra::max_end_per_chrom(a); },
          release_gil())
      .def("chromosome_statistics", &statistics_by_chromosome)
      .def("neighbor_distances",
           [](const Regions& a) {
             return into_array(without_gil([&] { return algebra::neighbor_distances(a); }));
           })
      .def("nearest_neighbors",
           [](const Regions& a) {
             return into_array(without_gil([&] { return algebra::nearest_neighbors(a); }));
           })
      .def(
          "distribution",
          [](const Regions& a, std::uint64_t n_bins, const ChromSizes& sizes) {
            auto result = without_gil([&] { return algebra::distribution(a, n_bins, sizes); });
            py::array_t<std::int64_t> counts = into_signed(result.counts);
            py::array_t<std::int64_t> numbers = into_signed(result.numbers);
            return py::make_tuple(std::move(result.bins), std::move(counts), std::move(numbers));
          },
          "n_bins"_a, "chrom_sizes"_a);
}

void register_set_operations(py::class_<Regions>& regions) {
  regions
      .def(
          "concat", [](const Regions& a, const Regions& b) { return algebra::concat(a, b); },
          "other"_a, release_gil())
      .def(
          "union", [](const Regions& a, const Regions& b) { return algebra::union_(a, b); },
          "other"_a, release_gil())
      .def(
          "intersect_all",
          [](const Regions& a, const Regions& b) { return algebra::intersect_all(a, b); },
          "other"_a, release_gil())
      .def(
          "pintersect",
          [](const Regions& a, const Regions& b) { return algebra::pintersect(a, b); }, "other"_a,
          release_gil())
      .def(
          "setdiff", [](const Regions& a, const Regions& b) { return algebra::setdiff(a, b); },
          "other"_a, release_gil());
}

void register_overlaps(py::class_<Regions>& regions) {
  regions
      .def(
          "find_overlaps",
          [](const Regions& a, const Regions& b, std::uint64_t min_overlap, double min_fraction) {
            algebra::Overlaps pairs = without_gil(
                [&] { return algebra::find_overlaps(a, b, min_overlap, min_fraction); });
            return py::make_tuple(into_array(std::move(pairs.left)),
                                  into_array(std::move(pairs.right)));
          },
          "other"_a, "min_overlap"_a, "min_fraction"_a)
      .def(
          "count_overlaps",
          [](const Regions& a, const Regions& b, std::uint64_t min_overlap, double min_fraction) {
            return into_array(without_gil(
                [&] { return algebra::count_overlaps(a, b, min_overlap, min_fraction); }));
          },
          "other"_a, "min_overlap"_a, "min_fraction"_a)
      .def(
          "any_overlaps",
          [](const Regions& a, const Regions& b, std::uint64_t min_overlap, double min_fraction) {
            const std::vector<bool> any =
                without_gil([&] { return algebra::any_overlaps(a, b, min_overlap, min_fraction); });
            py::array_t<bool> result(static_cast<py::ssize_t>(any.size()));
            std::copy(any.begin(), any.end(), result.mutable_data());
            return result;
          },
          "other"_a, "min_overlap"_a, "min_fraction"_a)
      .def(
          "subset_by_overlaps",
          [](const Regions& a, const Regions& b, std::uint64_t min_overlap, double min_fraction) {
            return algebra::subset_by_overlaps(a, b, min_overlap, min_fraction);
          },
          "other"_a, "min_overlap"_a, "min_fraction"_a, release_gil())
      .def(
          "closest",
          [](const Regions& a, const Regions& b) {
            algebra::Closest nearest = without_gil([&] { return algebra::closest(a, b); });
            return py::make_tuple(into_array(std::move(nearest.index)),
                                  into_array(std::move(nearest.distance)));
          },
          "other"_a);
}

void register_similarity(py::class_<Regions>& regions) {
  regions
      .def(
          "covered_bases",
          [](const Regions& a, const Regions& b) {
            return into_array(without_gil([&] { return algebra::covered_bases(a, b); }));
          },
          "other"_a)
      .def(
          "coverage", [](const Regions& a, const Regions& b) { return algebra::coverage(a, b); },
          "other"_a, release_gil())
      .def(
          "jaccard", [](const Regions& a, const Regions& b) { return algebra::jaccard(a, b); },
          "other"_a, release_gil())
      .def(
          "overlap_coefficient",
          [](const Regions& a, const Regions& b) { return algebra::overlap_coefficient(a, b); },
          "other"_a, release_gil());
}

}  // namespace

void register_algebra(py::module_& module) {
  // The class is registered by register_regions, which comes first.
  auto regions = py::reinterpret_borrow<py::class_<Regions>>(module.attr("RegionSet"));
  register_merging(regions);
  register_resizing(regions);
  register_statistics(regions);
  register_set_operations(regions);
  register_overlaps(regions);
  register_similarity(regions);
}

}  // namespace bedtok::python

// SPDX-License-Identifier: BSD-2-Clause
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <algorithm>
#include <bedtok/io/bed.hpp>
#include <bedtok/io/detail/path_text.hpp>
#include <bedtok/region_set.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arrays.hpp"
#include "initialized.hpp"
#include "register.hpp"
#include "text_or_none.hpp"

namespace bedtok::python {

namespace {

using Regions = RegionSet<std::uint32_t>;
using release_gil = py::call_guard<py::gil_scoped_release>;

/// Bytes of a rest need not be UTF-8; those that are not come back when the text is encoded again.
py::object rest_text(const Regions& regions, std::size_t i) {
  if (i >= regions.size()) throw py::index_error();
  const std::string_view text = regions.rest().view(i);
  if (text.empty()) return py::none();
  return py::reinterpret_steal<py::object>(
      PyUnicode_DecodeUTF8(text.data(), static_cast<py::ssize_t>(text.size()), "surrogateescape"));
}

Regions from_columns(const std::vector<std::string>& names, const Column<std::uint32_t>& chrom_ids,
                     const Column<std::uint32_t>& starts, const Column<std::uint32_t>& ends,
                     const std::optional<std::vector<py::object>>& rest) {
  ChromTable chroms;
  std::vector<ChromTable::Id> id_of;  // a name may be in the list twice
  for (const std::string& name : names) id_of.push_back(chroms.add(name));
  std::vector<ChromTable::Id> ids = to_vector(chrom_ids);
  for (ChromTable::Id& id : ids) {
    if (id < id_of.size()) id = id_of[id];
  }
  Regions::Column texts;
  if (rest) {
    for (const py::object& text : *rest) {
      if (text.is_none()) {
        texts.push_back(std::string_view());
        continue;
      }
      const auto bytes = py::reinterpret_steal<py::bytes>(
          PyUnicode_AsEncodedString(text.ptr(), "utf-8", "surrogateescape"));
      if (!bytes) throw py::error_already_set();
      const std::string_view view(bytes);
      Regions::check_rest(texts.size(), view);
      texts.push_back(view);
    }
    if (texts.empty()) texts = {};
  }
  return Regions::from_columns(std::move(chroms), std::move(ids), to_vector(starts),
                               to_vector(ends), std::move(texts));
}

Regions from_bed(const std::filesystem::path& path, bool sort) {
  const py::gil_scoped_release release;
  return Regions::from_bed(path, sort);
}

/// The regions of a file, or of `data` under the file's name; how many lines were left out, and a
/// text about them or None.
py::tuple read_skipping(const std::filesystem::path& path, bool sort,
                        const std::optional<py::bytes>& data) {
  SkippedLines skipped;
  Regions regions;
  {
    const std::optional<std::string_view> bytes =
        data ? std::optional<std::string_view>(*data) : std::nullopt;
    const py::gil_scoped_release release;
    regions = bytes ? Regions::from_bytes(*bytes, io::detail::path_text(path), sort, &skipped)
                    : Regions::from_bed(path, sort, &skipped);
  }
  return py::make_tuple(std::move(regions), skipped.count, text_or_none(to_text(skipped)));
}

py::list tokens(const Regions& regions) {
  RegionTexts texts(regions.chroms());
  py::list list(regions.size());
  for (std::size_t i = 0; i < regions.size(); ++i) {
    PyList_SET_ITEM(list.ptr(), static_cast<py::ssize_t>(i),
                    texts.make(regions.chrom_ids()[i], regions.starts()[i], regions.ends()[i]));
  }
  return list;
}

py::bytes to_bytes(const Regions& regions) {
  std::string text;
  {
    py::gil_scoped_release release;
    io::write_bed(regions, [&](std::string_view lines) { text.append(lines); });
  }
  return py::bytes(text);
}

/// Each column as text joined by commas: what digests of region sets are made from.
py::tuple column_texts(const Regions& regions) {
  std::string chroms;
  std::string starts;
  std::string ends;
  {
    py::gil_scoped_release release;
    for (std::size_t i = 0; i < regions.size(); ++i) {
      if (i != 0) {
        chroms.push_back(',');
        starts.push_back(',');
        ends.push_back(',');
      }
      chroms.append(regions.chrom(i));
      starts.append(std::to_string(regions.starts()[i]));
      ends.append(std::to_string(regions.ends()[i]));
    }
  }
  return py::make_tuple(py::bytes(chroms), py::bytes(starts), py::bytes(ends));
}

template <class T, const Array<T>& (Regions::*column)() const noexcept>
py::array_t<T> column_of(const py::object& self) {
  return read_only_view_of((self.cast<const Regions&>().*column)(), self);
}

}  // namespace

void register_regions(py::module_& module) {
  using py::literals::operator""_a;
  py::class_<Regions>(module, "RegionSet", py::is_final(), "Regions as columns; immutable.")
      .def_static("from_bed", &from_bed, "path"_a, "sort"_a = true)
      .def_static("read_skipping", &read_skipping, "path"_a, "sort"_a = true, "data"_a = py::none())
      .def_static(
          "from_bytes",
          [](const py::bytes& data, const std::string& name, bool sort) {
            const std::string_view bytes(data);
            py::gil_scoped_release release;
            return Regions::from_bytes(bytes, name, sort);
          },
          "data"_a, "name"_a, "sort"_a = true)
      .def_static("from_columns", &from_columns, "chrom_names"_a, "chrom_ids"_a.noconvert(),
                  "starts"_a.noconvert(), "ends"_a.noconvert(), "rest"_a = py::none())
      .def("__len__", &Regions::size)
      .def_property_readonly("chrom_names", [](const Regions& r) { return r.chroms().names(); })
      .def_property_readonly("chrom_ids", &column_of<ChromTable::Id, &Regions::chrom_ids>)
      .def_property_readonly("starts", &column_of<std::uint32_t, &Regions::starts>)
      .def_property_readonly("ends", &column_of<std::uint32_t, &Regions::ends>)
      .def_property_readonly("has_rest", [](const Regions& r) { return !r.rest().empty(); })
      .def_property_readonly(
          "header",
          [](const Regions& r) -> py::object {
            if (r.header().empty()) return py::none();
            return py::reinterpret_steal<py::object>(PyUnicode_DecodeUTF8(
                r.header().data(), static_cast<py::ssize_t>(r.header().size()), "surrogateescape"));
          })
      .def("rest", &rest_text, "index"_a)
      .def("tokens", &tokens)
      .def(
          "take",
          [](const Regions& regions, const Column<std::int64_t>& indices) {
            const std::vector<std::int64_t> positions = to_vector(indices);
            py::gil_scoped_release release;
            return regions.take(positions);
          },
          "indices"_a.noconvert())
      .def(
          "sorted", [](const Regions& r) { return r.sorted(); }, release_gil())
      .def("is_sorted", &Regions::is_sorted, release_gil())
      .def(
          "equals", [](const Regions& a, const Regions& b) { return a == b; }, "other"_a,
          release_gil())
      .def("to_bytes", &to_bytes)
      .def("column_texts", &column_texts)
      .def(
          "to_bed",
          [](const Regions& regions, const std::filesystem::path& path, bool compress) {
            regions.to_bed(path, compress ? Compression::gzip : Compression::none);
          },
          "path"_a, "compress"_a = false, release_gil());
}

}  // namespace bedtok::python

// SPDX-License-Identifier: BSD-2-Clause
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <bedtok/batch.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "register.hpp"

namespace bedtok::python {

namespace {

/// A list of Python integers as an array; None when an item is something else or does not fit, so
/// that the caller can say which.
py::object ids_of_list(const py::list& list) {
  std::vector<std::int64_t> ids;
  ids.reserve(list.size());
  for (const py::handle item : list) {
    if (!PyLong_CheckExact(item.ptr())) return py::none();
    const long long id = PyLong_AsLongLong(item.ptr());
    if (id == -1 && PyErr_Occurred() != nullptr) {
      PyErr_Clear();
      return py::none();
    }
    ids.push_back(id);
  }
  return into_array(std::move(ids));
}

/// An array of one or two dimensions as a list of integers, or of lists of them.
py::list to_lists(const Column<std::int64_t>& array) {
  RecentObjects recent;
  if (array.ndim() == 1) {
    return to_list(array.data(), static_cast<std::size_t>(array.size()), recent);
  }
  if (array.ndim() != 2) {
    throw py::value_error("expected an array of one or two dimensions, got " +
                          std::to_string(array.ndim()));
  }
  py::list rows;
  for (py::ssize_t row = 0; row < array.shape(0); ++row) {
    const std::int64_t* const first = array.data() + row * array.shape(1);
    rows.append(to_list(first, static_cast<std::size_t>(array.shape(1)), recent));
  }
  return rows;
}

/// Rows of different lengths as one array of shape (rows, length).
py::array_t<std::int64_t> pad_rows(const std::vector<Column<std::int64_t>>& rows,
                                   std::size_t length, std::int64_t filler,
                                   const std::string& side) {
  const Side padding_side = parse_enum<Side>(side, "padding_side");
  py::array_t<std::int64_t> array(
      {static_cast<py::ssize_t>(rows.size()), static_cast<py::ssize_t>(length)});
  std::int64_t* out = array.mutable_data();
  for (const Column<std::int64_t>& row : rows) {
    if (row.ndim() != 1 || static_cast<std::size_t>(row.size()) > length) {
      throw Error("a row of " + std::to_string(row.size()) + " values, expected one dimension of " +
                  "no more than " + std::to_string(length));
    }
    out = pad_row(row.data(), static_cast<std::size_t>(row.size()), length, filler, padding_side,
                  out);
  }
  return array;
}

}  // namespace

void register_arrays(py::module_& module) {
  using py::literals::operator""_a;
  module.def("ids_of_list", &ids_of_list, "ids"_a);
  module.def("to_lists", &to_lists, "array"_a);
  module.def("pad_rows", &pad_rows, "rows"_a, "length"_a, "filler"_a, "side"_a);
}

}  // namespace bedtok::python

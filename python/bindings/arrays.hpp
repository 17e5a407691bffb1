// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <algorithm>
#include <bedtok/chrom_table.hpp>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bedtok::python {

namespace py = pybind11;

/// A column from Python; anything but a C-contiguous array of this type is refused.
template <class T>
using Column = py::array_t<T, py::array::c_style>;

template <class T>
std::vector<T> to_vector(const Column<T>& column) {
  if (column.ndim() != 1) {
    throw py::value_error("expected an array of one dimension, got " +
                          std::to_string(column.ndim()));
  }
  return std::vector<T>(column.data(), column.data() + column.size());
}

/// The values of a C++ vector or array as an array that keeps `owner` alive; nothing is copied.
template <class Values>
py::array_t<typename Values::value_type> view_of(const Values& values, py::handle owner) {
  return py::array_t<typename Values::value_type>(static_cast<py::ssize_t>(values.size()),
                                                  values.data(), owner);
}
template <class Values>
py::array_t<typename Values::value_type> read_only_view_of(const Values& values, py::handle owner) {
  py::array_t<typename Values::value_type> view = view_of(values, owner);
  view.attr("flags").attr("writeable") = false;
  return view;
}

/// An array that takes a vector over.
template <class T>
py::array_t<T> into_array(std::vector<T>&& values) {
  auto owned = std::make_unique<std::vector<T>>(std::move(values));
  const std::vector<T>& data = *owned;
  py::capsule owner(owned.get(), [](void* p) { delete static_cast<std::vector<T>*>(p); });
  owned.release();
  return view_of(data, owner);
}

/// Makes Python texts `chrom:start-end`, one object each and no C++ string in between.
class RegionTexts {
 public:
  explicit RegionTexts(const ChromTable& chroms) : chroms_(chroms) {
    std::size_t longest = 0;
    for (const std::string& name : chroms.names()) {
      longest = std::max(longest, name.size());
      ascii_.push_back(std::all_of(name.begin(), name.end(),
                                   [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
    }
    constexpr std::size_t coordinates = 2 * 20 + 2;
    buffer_.resize(longest + coordinates);
  }

  template <class Coord>
  PyObject* make(ChromTable::Id chrom, Coord start, Coord end) {
    const std::string& name = chroms_.name(chrom);
    char* const first = buffer_.data();
    char* const last = first + buffer_.size();
    char* at = first + name.copy(first, name.size());
    *at++ = ':';
    at = std::to_chars(at, last, start).ptr;
    *at++ = '-';
    at = std::to_chars(at, last, end).ptr;
    PyObject* text = nullptr;
    if (ascii_[chrom]) {  // nothing to decode: the bytes are the characters
      text = PyUnicode_New(at - first, 127);
      if (text != nullptr)
        std::memcpy(PyUnicode_DATA(text), first, static_cast<std::size_t>(at - first));
    } else {
      text = PyUnicode_FromStringAndSize(first, at - first);
    }
    if (text == nullptr) throw py::error_already_set();
    return text;
  }

 private:
  const ChromTable& chroms_;
  std::vector<bool> ascii_;
  std::vector<char> buffer_;
};

}  // namespace bedtok::python

// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <algorithm>
#include <array>
#include <bedtok/chrom_table.hpp>
#include <bedtok/detail/huge_pages.hpp>
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

/// Python objects by id, made when they are not among the last that were asked for. Ids that come
/// again soon, as those of neighbouring regions do, share one object; others would take 32 bytes
/// for a number and 80 for a text each time. Borrowed: the caller keeps what it was given alive.
class RecentObjects {
 public:
  /// A new reference to the object of `id`, which `make()` returns.
  template <class Make>
  PyObject* get(std::int64_t id, Make&& make) {
    Slot& slot = slots_[static_cast<std::uint64_t>(id) % slots_.size()];
    if (slot.object == nullptr || slot.id != id) {
      slot.object = make();
      slot.id = id;
      return slot.object;
    }
    Py_INCREF(slot.object);
    return slot.object;
  }

 private:
  struct Slot {
    PyObject* object = nullptr;
    std::int64_t id = 0;
  };
  std::array<Slot, 512> slots_{};  // half of the first-level cache's size at most
};

/// A list of `count` items, which the caller sets.
inline py::list new_list(std::size_t count) {
  py::list list(count);
  if (count != 0) {
    detail::prefer_huge_pages(PySequence_Fast_ITEMS(list.ptr()), count * sizeof(PyObject*));
  }
  return list;
}

/// Integers as a Python list, of which `recent` knows those that came last.
inline py::list to_list(const std::int64_t* values, std::size_t count, RecentObjects& recent) {
  py::list list = new_list(count);
  for (std::size_t i = 0; i < count; ++i) {
    PyObject* const number = recent.get(values[i], [&] { return PyLong_FromLongLong(values[i]); });
    if (number == nullptr) throw py::error_already_set();
    PyList_SET_ITEM(list.ptr(), static_cast<py::ssize_t>(i), number);
  }
  return list;
}

/// How many decimal digits a number has.
inline std::size_t count_digits(std::uint32_t number) noexcept {
  std::size_t count = 1;
  for (std::uint32_t rest = number; rest >= 10; rest /= 10) ++count;
  return count;
}

/// The texts `chrom:start-end` of regions, whose length is known before they are written.
class RegionTexts {
 public:
  explicit RegionTexts(const ChromTable& chroms) {
    for (const std::string& name : chroms.names()) {
      names_.push_back({name + ':', std::all_of(name.begin(), name.end(), [](char c) {
                          return static_cast<unsigned char>(c) < 0x80;
                        })});
    }
  }

  /// The bytes of a text.
  std::size_t size(ChromTable::Id chrom, std::uint32_t start, std::uint32_t end) const {
    return names_[chrom].prefix.size() + count_digits(start) + 1 + count_digits(end);
  }

  /// Writes a text of `size` bytes, which is that of the region.
  void write(ChromTable::Id chrom, std::uint32_t start, std::uint32_t end, char* to,
             std::size_t size) const {
    const std::string& prefix = names_[chrom].prefix;
    std::memcpy(to, prefix.data(), prefix.size());
    char* at = write_digits(end, to + size);
    *--at = '-';
    write_digits(start, at);
  }

  /// A new Python text, without a C++ string in between.
  PyObject* make(ChromTable::Id chrom, std::uint32_t start, std::uint32_t end) {
    const std::size_t size = this->size(chrom, start, end);
    PyObject* text = nullptr;
    if (names_[chrom].ascii) {  // nothing to decode: the bytes are the characters
      text = PyUnicode_New(static_cast<py::ssize_t>(size), 127);
      if (text != nullptr) {
        write(chrom, start, end, reinterpret_cast<char*>(PyUnicode_1BYTE_DATA(text)), size);
      }
    } else {
      buffer_.resize(size);
      write(chrom, start, end, buffer_.data(), size);
      text = PyUnicode_FromStringAndSize(buffer_.data(), static_cast<py::ssize_t>(size));
    }
    if (text == nullptr) throw py::error_already_set();
    return text;
  }

 private:
  struct Name {
    std::string prefix;  // and the colon
    bool ascii;
  };

  /// Writes the digits in front of `last`; returns where they begin.
  static char* write_digits(std::uint32_t number, char* last) noexcept {
    while (number >= 100) {
      last = write_pair(number % 100, last);
      number /= 100;
    }
    if (number >= 10) return write_pair(number, last);
    *--last = static_cast<char>('0' + number);
    return last;
  }
  static char* write_pair(std::uint32_t pair, char* last) noexcept {
    static constexpr char pairs[] =
        "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243"
        "4445464748495051525354555657585960616263646566676869707172737475767778798081828384858687"
        "888990919293949596979899";
    std::memcpy(last - 2, pairs + 2 * pair, 2);
    return last - 2;
  }

  std::vector<Name> names_;  // by id
  std::string buffer_;
};

}  // namespace bedtok::python

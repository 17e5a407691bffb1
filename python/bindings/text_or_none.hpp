// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <pybind11/pybind11.h>

#include <string>
#include <string_view>

namespace bedtok::python {

/// A text as a str. Bytes that are not UTF-8, as names of files may hold them, come back when it is
/// encoded again with surrogateescape.
inline pybind11::object decode_text(std::string_view text) {
  auto decoded = pybind11::reinterpret_steal<pybind11::object>(PyUnicode_DecodeUTF8(
      text.data(), static_cast<pybind11::ssize_t>(text.size()), "surrogateescape"));
  if (!decoded) throw pybind11::error_already_set();
  return decoded;
}

/// The name of a file as a str, as os.fsdecode makes it.
inline pybind11::object to_file_name(std::string_view name) {
  auto decoded = pybind11::reinterpret_steal<pybind11::object>(
      PyUnicode_DecodeFSDefaultAndSize(name.data(), static_cast<pybind11::ssize_t>(name.size())));
  if (!decoded) throw pybind11::error_already_set();
  return decoded;
}

/// A text, None where it is empty.
inline pybind11::object text_or_none(const std::string& text) {
  if (text.empty()) return pybind11::none();
  return decode_text(text);
}

}  // namespace bedtok::python

// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <pybind11/pybind11.h>

#include <string>

namespace bedtok::python {

/// A text, None where it is empty.
inline pybind11::object text_or_none(const std::string& text) {
  if (text.empty()) return pybind11::none();
  return pybind11::str(text);
}

}  // namespace bedtok::python

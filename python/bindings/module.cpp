// SPDX-License-Identifier: BSD-2-Clause
#include <pybind11/pybind11.h>

#include <bedtok/io/inflate.hpp>
#include <bedtok/version.hpp>

#include "register.hpp"

#define BEDTOK_TEXT_OF(x) #x
#define BEDTOK_TEXT(x) BEDTOK_TEXT_OF(x)

PYBIND11_MODULE(_core, module) {
  module.doc() = "The compiled part of bedtok. Use bedtok.models and bedtok.tokenizers.";
  module.attr("__version__") = BEDTOK_TEXT(BEDTOK_VERSION_MAJOR) "." BEDTOK_TEXT(
      BEDTOK_VERSION_MINOR) "." BEDTOK_TEXT(BEDTOK_VERSION_PATCH);
  module.attr("inflate_backend") = bedtok::io::inflate_backend;

  bedtok::python::register_errors(module);
  bedtok::python::register_arrays(module);
  bedtok::python::register_files(module);
  bedtok::python::register_regions(module);
  bedtok::python::register_algebra(module);
  bedtok::python::register_options(module);
  bedtok::python::register_encoding(module);
  bedtok::python::register_report(module);
  bedtok::python::register_tokenizer(module);
  bedtok::python::register_cells(module);
  bedtok::python::register_sampling(module);
}

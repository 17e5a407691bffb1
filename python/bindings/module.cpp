// SPDX-License-Identifier: BSD-2-Clause
#include <pybind11/pybind11.h>

#include <zlib.h>

#include <bedtok/io/inflate.hpp>
#include <bedtok/version.hpp>

#include "register.hpp"

#define BEDTOK_TEXT_OF(x) #x
#define BEDTOK_TEXT(x) BEDTOK_TEXT_OF(x)

// How the module was built, for `bedtok --version`.
#if defined(__clang__)
#define BEDTOK_COMPILER "Clang " __clang_version__
#elif defined(__GNUC__)
#define BEDTOK_COMPILER "GCC " __VERSION__
#elif defined(_MSC_VER)
#define BEDTOK_COMPILER "MSVC " BEDTOK_TEXT(_MSC_FULL_VER)
#else
#define BEDTOK_COMPILER "an unknown compiler"
#endif
#if !defined(BEDTOK_ISAL_VERSION)  // set by CMake: not all of its headers tell
#define BEDTOK_ISAL_VERSION ""
#endif

PYBIND11_MODULE(_core, module) {
  module.doc() = "The compiled part of bedtok. Use bedtok.models and bedtok.tokenizers.";
  module.attr("__version__") = BEDTOK_TEXT(BEDTOK_VERSION_MAJOR) "." BEDTOK_TEXT(
      BEDTOK_VERSION_MINOR) "." BEDTOK_TEXT(BEDTOK_VERSION_PATCH);
  module.attr("inflate_backend") = bedtok::io::inflate_backend;
  module.attr("isal_version") = BEDTOK_ISAL_VERSION;
  module.attr("zlib_version") = zlibVersion();
  module.attr("compiler") = BEDTOK_COMPILER;

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
  bedtok::python::register_universe(module);
}

// SPDX-License-Identifier: BSD-2-Clause
#include <pybind11/pybind11.h>
#include <pybind11/stl/filesystem.h>

#include <bedtok/io/detail/temporary_name.hpp>
#include <bedtok/io/file_digest.hpp>

#include "register.hpp"

namespace bedtok::python {

namespace py = pybind11;
using namespace pybind11::literals;

void register_files(py::module_& module) {
  module.def("temporary_suffix", &io::detail::temporary_suffix);
  module.def("remove_abandoned", &io::detail::remove_abandoned, "folder"_a,
             py::call_guard<py::gil_scoped_release>());
  // The file is read without any Python object.
  module.def("file_digest", &io::file_digest, "path"_a, py::call_guard<py::gil_scoped_release>());
}

}  // namespace bedtok::python

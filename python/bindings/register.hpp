// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <pybind11/pybind11.h>

namespace bedtok::python {

void register_errors(pybind11::module_& module);
void register_arrays(pybind11::module_& module);
void register_files(pybind11::module_& module);
void register_regions(pybind11::module_& module);
void register_algebra(pybind11::module_& module);
void register_options(pybind11::module_& module);
void register_cells(pybind11::module_& module);
void register_encoding(pybind11::module_& module);
void register_report(pybind11::module_& module);
void register_sampling(pybind11::module_& module);
void register_tokenizer(pybind11::module_& module);
void register_universe(pybind11::module_& module);

}  // namespace bedtok::python

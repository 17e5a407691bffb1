// SPDX-License-Identifier: BSD-2-Clause
#include <pybind11/pybind11.h>

#include "arrays.hpp"
#include "encoding.hpp"
#include "register.hpp"

namespace bedtok::python {

namespace {

template <std::vector<std::int64_t> Encoding::*column>
py::array_t<std::int64_t> column_of(const py::object& self) {
  return view_of(self.cast<const SampleEncoding&>().*column, self);
}

py::array_t<std::int64_t> region_index(const py::object& self) {
  if (!self.cast<const SampleEncoding&>().with_region_index) {
    throw py::attribute_error("region_index was not asked for: pass return_region_index=True");
  }
  return column_of<&Encoding::region_index>(self);
}

py::array_t<std::int64_t> special_tokens_mask(const SampleEncoding& encoding) {
  std::vector<std::int64_t> mask;
  mask.reserve(encoding.input_ids.size());
  for (const TokenId id : encoding.input_ids) mask.push_back(id >= encoding.first_special ? 1 : 0);
  return into_array(std::move(mask));
}

}  // namespace

void register_encoding(py::module_& module) {
  py::class_<SampleEncoding>(module, "Encoding", py::is_final(),
                             "One tokenized sample. Each array has one entry a token.")
      .def("__len__", [](const SampleEncoding& e) { return e.input_ids.size(); })
      .def_property_readonly("input_ids", &column_of<&Encoding::input_ids>)
      .def_property_readonly("ids", &column_of<&Encoding::input_ids>)
      .def_property_readonly("attention_mask", &column_of<&Encoding::attention_mask>)
      .def_property_readonly("special_tokens_mask", &special_tokens_mask)
      .def_property_readonly("region_index", &region_index)
      .def_property_readonly("warning", [](const SampleEncoding& e) -> py::object {
        if (e.warning.empty()) return py::none();
        return py::str(e.warning);
      });
}

}  // namespace bedtok::python

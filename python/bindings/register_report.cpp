// SPDX-License-Identifier: BSD-2-Clause
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <bedtok/report.hpp>

#include "arrays.hpp"
#include "register.hpp"
#include "text_or_none.hpp"

namespace bedtok::python {

void register_report(py::module_& module) {
  py::class_<ChromReport>(module, "ChromReport", py::is_final(),
                          "Counts for the regions of one input chromosome.")
      .def_readonly("chrom", &ChromReport::chrom)
      .def_readonly("known", &ChromReport::known)
      .def_readonly("regions", &ChromReport::regions)
      .def_readonly("hits", &ChromReport::hits)
      .def_readonly("past_end", &ChromReport::past_end);
  py::class_<MappingReport>(module, "MappingReport", py::is_final(),
                            "How well an input fits a vocabulary.")
      .def_readonly("regions", &MappingReport::regions)
      .def_readonly("hits", &MappingReport::hits)
      .def_readonly("tokens", &MappingReport::tokens)
      .def_readonly("distinct_tokens", &MappingReport::distinct_tokens)
      .def_property_readonly("hit_rate", &MappingReport::hit_rate)
      .def_readonly("chroms", &MappingReport::chroms)
      .def_property_readonly("misses",
                             [](const py::object& self) {
                               return view_of(self.cast<const MappingReport&>().misses, self);
                             })
      .def_readonly("unknown_chroms", &MappingReport::unknown_chroms)
      .def_readonly("skipped_lines", &MappingReport::skipped_lines)
      .def_property_readonly("likely_cause",
                             [](const MappingReport& r) { return text_or_none(r.likely_cause); })
      .def("__str__", &to_text);
}

}  // namespace bedtok::python

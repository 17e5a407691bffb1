// SPDX-License-Identifier: BSD-2-Clause
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <bedtok/diagnosis.hpp>
#include <bedtok/encoding.hpp>
#include <bedtok/report.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>

#include "arrays.hpp"
#include "register.hpp"
#include "text_or_none.hpp"

namespace bedtok::python {

namespace {

py::tuple chrom_state(const ChromReport& c) {
  return py::make_tuple(c.chrom, c.known, c.regions, c.hits, c.past_end, c.past_size);
}
ChromReport chrom_from_state(const py::tuple& state) {
  return {state[0].cast<std::string>(),   state[1].cast<bool>(),
          state[2].cast<std::uint64_t>(), state[3].cast<std::uint64_t>(),
          state[4].cast<std::uint64_t>(), state[5].cast<std::uint64_t>()};
}

/// Calls `visit` for each member of a report but `chroms`, in one fixed order.
template <class Report, class Visit>
void visit_members(Report& report, Visit&& visit) {
  visit(report.regions);
  visit(report.hits);
  visit(report.tokens);
  visit(report.distinct_tokens);
  visit(report.past_end);
  visit(report.past_size);
  visit(report.misses);
  visit(report.unknown_chroms);
  visit(report.skipped_lines);
  visit(report.one_based);
  visit(report.like_fragments);
  visit(report.genome);
  visit(report.vocabulary_chrom);
  visit(report.naming_hint);
  visit(report.likely_cause);
  visit(report.warning);
}

py::tuple report_state(const MappingReport& report) {
  py::list state;
  for (const ChromReport& chrom : report.chroms) state.append(chrom_state(chrom));
  state = py::list(py::make_tuple(py::tuple(state)));
  visit_members(report, [&](const auto& member) { state.append(py::cast(member)); });
  return py::tuple(state);
}
MappingReport report_from_state(const py::tuple& state) {
  MappingReport report;
  for (const py::handle chrom : state[0]) {
    report.chroms.push_back(chrom_from_state(chrom.cast<py::tuple>()));
  }
  std::size_t at = 1;
  visit_members(report,
                [&](auto& member) { member = state[at++].cast<std::decay_t<decltype(member)>>(); });
  return report;
}

}  // namespace

void register_report(py::module_& module) {
  using py::literals::operator""_a;
  module.attr("fewest_judged") = fewest_judged;
  py::class_<ChromReport>(module, "ChromReport", py::is_final(),
                          R"(Counts for the regions of one input chromosome.

Attributes:
    chrom: Name in the input.
    known: Whether the vocabulary has it, under this name or its alias.
    regions: Number of regions on it.
    hits: Number of regions with at least one token.
    past_end: Number of regions that start past the vocabulary's last region.
    past_size: Number of regions that end past the chromosome, by the tokenizer's chrom_sizes.
)")
      .def_readonly("chrom", &ChromReport::chrom)
      .def_readonly("known", &ChromReport::known)
      .def_readonly("regions", &ChromReport::regions)
      .def_readonly("hits", &ChromReport::hits)
      .def_readonly("past_end", &ChromReport::past_end)
      .def_readonly("past_size", &ChromReport::past_size)
      .def(py::pickle(&chrom_state, &chrom_from_state));
  py::class_<MappingReport>(module, "MappingReport", py::is_final(),
                            R"(How well an input fits a vocabulary.

Attributes:
    regions: Number of regions of the input: peaks of an AnnData; fragments or insertions of cells.
    hits: Number of regions with at least one token.
    hit_rate: hits / regions, 0 for an empty input.
    tokens: Number of tokens of all hits.
    distinct_tokens: Number of different ones.
    past_end: Number of regions that start past the vocabulary's last one of their chromosome.
    past_size: Number of regions that end past their chromosome, by the tokenizer's chrom_sizes.
    chroms: A ChromReport for each chromosome, in the order of first sight.
    misses: Positions of the regions without a hit, int64; of one sample or an AnnData only.
    unknown_chroms: Chromosomes that the vocabulary does not have, in the order of first sight.
    skipped_lines: Number of lines of the file that its reader left out.
    likely_cause: Why few regions hit, and the remedy, on one line; None when nothing stands out.
    warning: The warning that a call gives, on one line; None when the input fits.
)")
      .def_readonly("regions", &MappingReport::regions)
      .def_readonly("hits", &MappingReport::hits)
      .def_readonly("tokens", &MappingReport::tokens)
      .def_readonly("distinct_tokens", &MappingReport::distinct_tokens)
      .def_property_readonly("hit_rate", &MappingReport::hit_rate)
      .def_readonly("past_end", &MappingReport::past_end)
      .def_readonly("past_size", &MappingReport::past_size)
      .def_readonly("chroms", &MappingReport::chroms)
      .def_property_readonly("misses",
                             [](const py::object& self) {
                               return view_of(self.cast<const MappingReport&>().misses, self);
                             })
      .def_readonly("unknown_chroms", &MappingReport::unknown_chroms)
      .def_readonly("skipped_lines", &MappingReport::skipped_lines)
      .def_property_readonly("likely_cause",
                             [](const MappingReport& r) { return text_or_none(r.likely_cause); })
      .def_property_readonly("warning",
                             [](const MappingReport& r) { return text_or_none(r.warning); })
      .def("__str__", [](const MappingReport& r) { return to_text(r); })
      .def(py::pickle(&report_state, &report_from_state));
  py::class_<ReportSum>(module, "ReportSum", py::is_final(),
                        "The reports of many samples together.")
      .def(py::init<std::size_t>(), "num_regions"_a)
      .def(
          "add",
          [](ReportSum& sum, const MappingReport& report, const Column<TokenId>& ids) {
            sum.add(report, to_vector(ids));
          },
          "report"_a, "ids"_a.noconvert())
      .def("report", &ReportSum::report, "low_hit_rate"_a);
}

}  // namespace bedtok::python

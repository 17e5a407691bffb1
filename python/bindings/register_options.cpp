// SPDX-License-Identifier: BSD-2-Clause
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <bedtok/mapping_options.hpp>
#include <bedtok/sequence_options.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "register.hpp"

namespace bedtok::python {

namespace py = pybind11;

namespace {

ChromAliases to_aliases(const py::object& value) {
  if (value.is_none()) return {};
  if (py::isinstance<py::str>(value)) return ChromAliases::to_style(value.cast<std::string>());
  if (py::isinstance<py::dict>(value)) {
    std::map<std::string, std::string, std::less<>> names;
    for (const auto& [from, to] : value.cast<py::dict>()) {
      names[from.cast<std::string>()] = to.cast<std::string>();
    }
    return ChromAliases::from_map(std::move(names));
  }
  throw py::type_error("chrom_aliases is a " +
                       py::type::of(value).attr("__name__").cast<std::string>() +
                       ", expected 'ucsc', 'ensembl', a dict of names, or None");
}

py::object from_aliases(const ChromAliases& aliases) {
  switch (aliases.style()) {
    case ChromAliases::Style::none:
      return py::none();
    case ChromAliases::Style::ucsc:
      return py::str("ucsc");
    case ChromAliases::Style::ensembl:
      return py::str("ensembl");
    case ChromAliases::Style::map:
      break;
  }
  py::dict names;
  for (const auto& [from, to] : aliases.names()) names[py::str(from)] = py::str(to);
  return names;
}

MappingOptions make_options(std::int64_t min_overlap, double min_fraction,
                            const std::string& fraction_of, bool best_overlap, bool unique,
                            const std::string& order, const std::string& on_miss,
                            const py::object& chrom_aliases) {
  if (min_overlap < 0) {
    throw ConfigError("min_overlap is " + std::to_string(min_overlap) +
                      ", expected a number of base pairs from 0 on");
  }
  MappingOptions options;
  options.min_overlap = static_cast<std::uint64_t>(min_overlap);
  options.min_fraction = min_fraction;
  options.fraction_of = from_word<FractionOf>(fraction_of);
  options.best_overlap = best_overlap;
  options.unique = unique;
  options.order = from_word<TokenOrder>(order);
  options.on_miss = from_word<OnMiss>(on_miss);
  options.chrom_aliases = to_aliases(chrom_aliases);
  options.check();
  return options;
}

py::tuple to_tuple(const MappingOptions& options) {
  py::object aliases = from_aliases(options.chrom_aliases);
  // A dict has no hash; its names are in order, so that equal ones make equal tuples.
  if (py::isinstance<py::dict>(aliases)) aliases = py::tuple(aliases.attr("items")());
  return py::make_tuple(options.min_overlap, options.min_fraction,
                        std::string(to_word(options.fraction_of)), options.best_overlap,
                        options.unique, std::string(to_word(options.order)),
                        std::string(to_word(options.on_miss)), aliases);
}

SequenceOptions make_sequence_options(std::vector<std::string> before,
                                      std::vector<std::string> after,
                                      std::optional<std::size_t> model_max_length,
                                      const std::string& padding_side,
                                      const std::string& truncation_side) {
  SequenceOptions options;
  options.before = std::move(before);
  options.after = std::move(after);
  options.model_max_length = model_max_length;
  options.padding_side = from_word<Side>(padding_side, "padding_side");
  options.truncation_side = from_word<Side>(truncation_side, "truncation_side");
  options.check();
  return options;
}

py::tuple to_tuple(const SequenceOptions& options) {
  return py::make_tuple(py::tuple(py::cast(options.before)), py::tuple(py::cast(options.after)),
                        options.model_max_length, std::string(to_word(options.padding_side)),
                        std::string(to_word(options.truncation_side)));
}

/// Comparison and hash by value.
template <class Options>
void def_by_value(py::class_<Options>& options_class) {
  using py::literals::operator""_a;
  options_class
      .def(
          "__eq__",
          [](const Options& options, const py::object& other) -> py::object {
            if (!py::isinstance<Options>(other)) {
              return py::reinterpret_borrow<py::object>(Py_NotImplemented);
            }
            return py::bool_(options == other.cast<const Options&>());
          },
          "other"_a, py::pos_only())
      .def("__hash__", [](const Options& options) { return py::hash(to_tuple(options)); });
}

}  // namespace

void register_options(py::module_& module) {
  using py::literals::operator""_a;
  const MappingOptions defaults;
  py::class_<MappingOptions> mapping(module, "MappingOptions", py::is_final(),
                                     "How regions become tokens; immutable.");
  mapping
      .def(py::init(&make_options), py::kw_only(), "min_overlap"_a = 0, "min_fraction"_a = 0.0,
           "fraction_of"_a = std::string(to_word(defaults.fraction_of)), "best_overlap"_a = false,
           "unique"_a = false, "order"_a = std::string(to_word(defaults.order)),
           "on_miss"_a = std::string(to_word(defaults.on_miss)), "chrom_aliases"_a = py::none())
      .def_readonly("min_overlap", &MappingOptions::min_overlap)
      .def_readonly("min_fraction", &MappingOptions::min_fraction)
      .def_property_readonly(
          "fraction_of",
          [](const MappingOptions& o) { return std::string(to_word(o.fraction_of)); })
      .def_readonly("best_overlap", &MappingOptions::best_overlap)
      .def_readonly("unique", &MappingOptions::unique)
      .def_property_readonly("order",
                             [](const MappingOptions& o) { return std::string(to_word(o.order)); })
      .def_property_readonly(
          "on_miss", [](const MappingOptions& o) { return std::string(to_word(o.on_miss)); })
      .def_property_readonly("chrom_aliases",
                             [](const MappingOptions& o) { return from_aliases(o.chrom_aliases); });
  def_by_value(mapping);

  py::class_<SequenceOptions> sequence(module, "SequenceOptions", py::is_final(),
                                       "What a model expects of its sequences; immutable.");
  sequence
      .def(py::init(&make_sequence_options), py::kw_only(), "before"_a = std::vector<std::string>(),
           "after"_a = std::vector<std::string>(), "model_max_length"_a = py::none(),
           "padding_side"_a = "right", "truncation_side"_a = "right")
      .def_readonly("before", &SequenceOptions::before)
      .def_readonly("after", &SequenceOptions::after)
      .def_readonly("model_max_length", &SequenceOptions::model_max_length)
      .def_property_readonly(
          "padding_side",
          [](const SequenceOptions& o) { return std::string(to_word(o.padding_side)); })
      .def_property_readonly("truncation_side", [](const SequenceOptions& o) {
        return std::string(to_word(o.truncation_side));
      });
  def_by_value(sequence);
}

}  // namespace bedtok::python

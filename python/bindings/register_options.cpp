// SPDX-License-Identifier: BSD-2-Clause
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <bedtok/mapping_options.hpp>
#include <bedtok/sequence_options.hpp>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "initialized.hpp"
#include "register.hpp"

namespace bedtok::python {

namespace py = pybind11;

namespace {

// ---- One option's value between Python and C++

template <class Option>
py::object to_python(const Option& option) {
  if constexpr (std::is_enum_v<Option>) {
    return py::str(std::string(enum_name(option)));
  } else {
    return py::cast(option);
  }
}
py::object to_python(const ChromAliases& aliases) {
  if (aliases.style() == ChromAliases::Style::none) return py::none();
  if (aliases.style() != ChromAliases::Style::map) {
    return py::str(std::string(aliases.style_name()));
  }
  py::dict names;
  for (const auto& [from, to] : aliases.names()) names[py::str(from)] = py::str(to);
  return names;
}

[[noreturn]] void wrong_type(const char* name, const py::handle& value, const char* expected) {
  throw py::type_error(std::string(name) + " is a " +
                       py::type::of(value).attr("__name__").cast<std::string>() + ", expected " +
                       expected);
}

/// Python objects come checked by the package; other types are a TypeError.
template <class Option>
void from_python(const char* name, const py::handle& value, Option& option) {
  try {
    if constexpr (std::is_enum_v<Option>) {
      option = parse_enum<Option>(value.cast<std::string>());
    } else if constexpr (std::is_same_v<Option, std::uint64_t>) {
      const auto number = value.cast<std::int64_t>();
      if (number < 0) {
        throw ConfigError(std::string(name) + " is " + std::to_string(number) +
                          ", expected a whole number from 0 on");
      }
      option = static_cast<Option>(number);
    } else {
      option = value.cast<Option>();  // None is allowed where the option may be without a value
    }
  } catch (const py::cast_error&) {
    wrong_type(name, value, std::is_enum_v<Option> ? "a str" : "a number or a bool");
  }
}
void from_python(const char* name, const py::handle& value, ChromAliases& aliases) {
  if (value.is_none()) {
    aliases = {};
  } else if (py::isinstance<py::str>(value)) {
    aliases = ChromAliases::to_style(value.cast<std::string>());
  } else if (py::isinstance<py::dict>(value)) {
    std::map<std::string, std::string, std::less<>> names;
    for (const auto& [from, to] : py::reinterpret_borrow<py::dict>(value)) {
      names[from.cast<std::string>()] = to.cast<std::string>();
    }
    aliases = ChromAliases::from_map(std::move(names));
  } else {
    wrong_type(name, value, "'ucsc', 'ensembl', a dict of names, or None");
  }
}

// ---- The options

MappingOptions make_mapping_options(const py::kwargs& keywords) {
  MappingOptions options;
  std::size_t known = 0;
  MappingOptions::visit([&](const char* name, auto member) {
    if (!keywords.contains(name)) return;
    from_python(name, keywords[name], options.*member);
    ++known;
  });
  if (known != keywords.size()) {
    throw py::type_error("MappingOptions() got an unexpected keyword argument");
  }
  options.check();
  return options;
}

py::tuple to_tuple(const MappingOptions& options) {
  py::list values;
  MappingOptions::visit([&](const char*, auto member) {
    py::object value = to_python(options.*member);
    // A dict has no hash; its names are in order, so that equal ones make equal tuples.
    if (py::isinstance<py::dict>(value)) value = py::tuple(value.attr("items")());
    values.append(std::move(value));
  });
  return py::tuple(values);
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
  options.padding_side = parse_enum<Side>(padding_side, "padding_side");
  options.truncation_side = parse_enum<Side>(truncation_side, "truncation_side");
  options.check();
  return options;
}

py::tuple to_tuple(const SequenceOptions& options) {
  return py::make_tuple(py::tuple(py::cast(options.before)), py::tuple(py::cast(options.after)),
                        options.model_max_length, std::string(enum_name(options.padding_side)),
                        std::string(enum_name(options.truncation_side)));
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
  py::class_<MappingOptions> mapping(module, "MappingOptions", py::is_final(),
                                     R"(How regions become tokens; immutable.

Its attributes are the keys of MappingKeywords: min_overlap, min_fraction, fraction_of,
best_overlap, unique, order, on_miss, chrom_aliases and low_hit_rate.
)");
  mapping.def(py::init(&make_mapping_options));
  MappingOptions::visit([&](const char* name, auto member) {
    mapping.def_property_readonly(
        name, [member](const MappingOptions& options) { return to_python(options.*member); });
  });
  def_by_value(mapping);

  py::class_<SequenceOptions> sequence(module, "SequenceOptions", py::is_final(),
                                       "The sequences that a model expects; immutable.");
  sequence
      .def(py::init(&make_sequence_options), py::kw_only(), "before"_a = std::vector<std::string>(),
           "after"_a = std::vector<std::string>(), "model_max_length"_a = py::none(),
           "padding_side"_a = "right", "truncation_side"_a = "right")
      .def_readonly("before", &SequenceOptions::before)
      .def_readonly("after", &SequenceOptions::after)
      .def_readonly("model_max_length", &SequenceOptions::model_max_length)
      .def_property_readonly(
          "padding_side",
          [](const SequenceOptions& o) { return std::string(enum_name(o.padding_side)); })
      .def_property_readonly("truncation_side", [](const SequenceOptions& o) {
        return std::string(enum_name(o.truncation_side));
      });
  def_by_value(sequence);
}

}  // namespace bedtok::python

// SPDX-License-Identifier: BSD-2-Clause
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <bedtok/batch.hpp>
#include <bedtok/diagnosis.hpp>
#include <bedtok/report.hpp>
#include <cstddef>
#include <string>
#include <vector>

#include "arrays.hpp"
#include "encoding.hpp"
#include "register.hpp"
#include "text_or_none.hpp"

namespace bedtok::python {

namespace {

using Values = std::vector<std::int64_t>;

template <Values Encoding::*column>
py::array_t<std::int64_t> column_of(const py::object& self) {
  return view_of(self.cast<const SampleEncoding&>().*column, self);
}

/// Made when it is asked for, where it was not kept.
py::array_t<std::int64_t> attention_mask(const py::object& self) {
  const auto& encoding = self.cast<const SampleEncoding&>();
  if (!encoding.attention_mask.empty()) return column_of<&Encoding::attention_mask>(self);
  return into_array(Values(encoding.input_ids.size(), 1));
}

void check_region_index(bool asked_for) {
  if (!asked_for) {
    throw py::attribute_error("region_index was not asked for: pass return_region_index=True");
  }
}

py::array_t<std::int64_t> region_index(const py::object& self) {
  check_region_index(self.cast<const SampleEncoding&>().with_region_index);
  return column_of<&Encoding::region_index>(self);
}

Values mask_of(const SampleEncoding& encoding) {
  Values mask;
  mask.reserve(encoding.input_ids.size());
  for (const TokenId id : encoding.input_ids) mask.push_back(id >= encoding.first_special ? 1 : 0);
  return mask;
}

/// A column that the rows of a batch have: where to find it, and what padding it takes.
struct BatchColumn {
  const Values Encoding::*values;  // none: the special tokens mask, which is made when asked for
  std::int64_t filler;
};

BatchColumn batch_column(const std::string& name, TokenId pad) {
  if (name == "input_ids") return {&Encoding::input_ids, pad};
  if (name == "attention_mask") return {&Encoding::attention_mask, 0};
  if (name == "region_index") return {&Encoding::region_index, -1};
  if (name == "special_tokens_mask") return {nullptr, 1};
  throw py::key_error(name);
}

/// One column of all rows as an array of shape (rows, length). A single row of that length is not
/// copied.
py::array_t<std::int64_t> batch_array(const py::object& self, const std::string& name,
                                      std::size_t length, TokenId pad, const std::string& side) {
  const auto& batch = self.cast<const SampleBatch&>();
  const BatchColumn column = batch_column(name, pad);
  const Side padding_side = parse_enum<Side>(side, "padding_side");
  for (const SampleEncoding& row : batch.rows) {
    if (name == "region_index") check_region_index(row.with_region_index);
    if (row.input_ids.size() > length) {
      throw Error("a row has " + std::to_string(row.input_ids.size()) +
                  " tokens, expected no more than " + std::to_string(length));
    }
  }
  const auto rows = static_cast<py::ssize_t>(batch.rows.size());
  const auto width = static_cast<py::ssize_t>(length);
  if (rows == 1 && column.values != nullptr && (batch.rows[0].*column.values).size() == length) {
    return py::array_t<std::int64_t>({rows, width}, (batch.rows[0].*column.values).data(), self);
  }
  py::array_t<std::int64_t> array({rows, width});
  std::int64_t* out = array.mutable_data();
  const py::gil_scoped_release release;
  for (const SampleEncoding& row : batch.rows) {
    const auto pad_one = [&](const Values& values) {
      out = pad_row(values.data(), values.size(), length, column.filler, padding_side, out);
    };
    if (column.values == &Encoding::attention_mask) {
      pad_one(Values(row.input_ids.size(), 1));
    } else if (column.values != nullptr) {
      pad_one(row.*column.values);
    } else {
      pad_one(mask_of(row));
    }
  }
  return array;
}

py::list encodings(const py::object& self) {
  py::list list;
  for (const SampleEncoding& row : self.cast<const SampleBatch&>().rows) {
    list.append(py::cast(&row, py::return_value_policy::reference_internal, self));
  }
  return list;
}

/// The warning of all samples together, each of which may be too small to be judged.
std::string warning_of_all(const SampleBatch& batch) {
  MappingReport sum;
  sum.genome = batch.genome;
  for (std::size_t i = 0; i < batch.rows.size(); ++i) {
    const auto& sample_of = batch.overflow_to_sample_mapping;
    if (i != 0 && sample_of[i] == sample_of[i - 1]) continue;
    sum.regions += batch.rows[i].regions;
    sum.hits += batch.rows[i].hits;
  }
  diagnose(sum, batch.low_hit_rate);
  return sum.warning;
}

}  // namespace

/// Of the first sample that has one; it says which and how many others have.
py::object batch_warning(const SampleBatch& batch) {
  std::int64_t first = -1;
  std::int64_t last = -1;
  std::size_t others = 0;
  const std::string* text = nullptr;
  for (std::size_t i = 0; i < batch.rows.size(); ++i) {
    const std::int64_t sample = batch.overflow_to_sample_mapping[i];
    if (batch.rows[i].warning.empty() || sample == last) continue;
    if (text == nullptr) {
      text = &batch.rows[i].warning;
      first = sample;
    } else {
      ++others;
    }
    last = sample;
  }
  if (text == nullptr) return text_or_none(warning_of_all(batch));
  if (batch.overflow_to_sample_mapping.back() == 0) return py::str(*text);
  return py::str("sample " + std::to_string(first) +
                 (others == 0 ? "" : " and " + std::to_string(others) + " more") + ": " + *text);
}

void register_encoding(py::module_& module) {
  using py::literals::operator""_a;
  py::class_<SampleEncoding>(module, "Encoding", py::is_final(),
                             R"(One tokenized sample, without padding.

Attributes:
    input_ids: The ids, int64 of shape (tokens,), with those of the template.
    ids: The same, under gtars' name.
    attention_mask: 1 for each token, int64 of shape (tokens,).
    special_tokens_mask: 1 for special tokens, else 0, int64 of shape (tokens,).
    region_index: For each token the position of the region that gave it, -1 where none did; int64
        of shape (tokens,), or empty if the call did not ask for it.
    regions: Number of regions of the whole sample.
    hits: Number of these with at least one token.
    warning: The warning for this sample, on one line; None when it fits the vocabulary.
)")
      .def("__len__", [](const SampleEncoding& e) { return e.input_ids.size(); })
      .def_property_readonly("input_ids", &column_of<&Encoding::input_ids>)
      .def_property_readonly("ids", &column_of<&Encoding::input_ids>)
      .def_property_readonly("attention_mask", &attention_mask)
      .def_property_readonly("special_tokens_mask",
                             [](const SampleEncoding& e) { return into_array(mask_of(e)); })
      .def_property_readonly("region_index", &region_index)
      .def_property_readonly("regions", [](const SampleEncoding& e) { return e.regions; })
      .def_property_readonly("hits", [](const SampleEncoding& e) { return e.hits; })
      .def_property_readonly("warning",
                             [](const SampleEncoding& e) { return text_or_none(e.warning); });
  py::class_<SampleBatch>(module, "Batch", py::is_final(), "Tokenized samples, cut into rows.")
      .def("__len__", [](const SampleBatch& b) { return b.rows.size(); })
      .def_property_readonly("encodings", &encodings)
      .def_property_readonly("lengths",
                             [](const SampleBatch& b) {
                               Values lengths;
                               for (const SampleEncoding& row : b.rows) {
                                 lengths.push_back(static_cast<std::int64_t>(row.input_ids.size()));
                               }
                               return into_array(std::move(lengths));
                             })
      .def_property_readonly(
          "overflow_to_sample_mapping",
          [](const py::object& self) {
            return view_of(self.cast<const SampleBatch&>().overflow_to_sample_mapping, self);
          })
      .def_property_readonly("warning", &batch_warning)
      .def("array", &batch_array, "name"_a, "length"_a, "pad"_a, "side"_a);
}

}  // namespace bedtok::python

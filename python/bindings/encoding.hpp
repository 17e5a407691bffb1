// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <pybind11/pybind11.h>

#include <bedtok/encoding.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace bedtok::python {

/// An encoding with what its special tokens mask follows from. Its attention mask may be empty:
/// without padding it is all ones, which need no memory.
struct SampleEncoding : Encoding {
  TokenId first_special = 0;
  bool with_region_index = false;
};

/// A batch whose rows Python may keep one by one.
struct SampleBatch {
  std::vector<SampleEncoding> rows;
  std::vector<std::int64_t> overflow_to_sample_mapping;
  std::optional<double> low_hit_rate;  // what its warning depends on
  std::string genome;
};

/// The warning of a batch as text, None where everything fits.
pybind11::object batch_warning(const SampleBatch& batch);

}  // namespace bedtok::python

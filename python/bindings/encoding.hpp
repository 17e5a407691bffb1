// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <bedtok/encoding.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace bedtok::python {

/// An encoding with what its special tokens mask follows from.
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

}  // namespace bedtok::python

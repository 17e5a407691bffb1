// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <bedtok/encoding.hpp>

namespace bedtok::python {

/// An encoding with what its special tokens mask follows from.
struct SampleEncoding : Encoding {
  TokenId first_special = 0;
  bool with_region_index = false;
};

}  // namespace bedtok::python

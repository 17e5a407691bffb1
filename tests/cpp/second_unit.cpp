// SPDX-License-Identifier: BSD-2-Clause
#include "second_unit.hpp"

namespace second_unit {

bedtok::Encoding encode(const bedtok::Tokenizer<>& tokenizer, const bedtok::RegionSet<>& regions) {
  return tokenizer(regions);
}

bedtok::RegionSet<> read(const std::string& text) {
  return bedtok::RegionSet<>::from_bytes(text, "text");
}

std::string default_unk() { return bedtok::SpecialTokens()[bedtok::SpecialRole::unk]; }

}  // namespace second_unit

// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <bedtok/bedtok.hpp>
#include <string>

// A translation unit of its own that includes everything.
namespace second_unit {

bedtok::Encoding encode(const bedtok::Tokenizer<>& tokenizer, const bedtok::RegionSet<>& regions);
bedtok::RegionSet<> read(const std::string& text);
std::string default_unk();

}  // namespace second_unit

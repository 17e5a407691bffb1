// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <bedtok/detail/barcode_table.hpp>
#include <map>

#include "fuzz.hpp"

namespace fuzz {

/// The table of barcodes against std::map, for names of any bytes and lengths.
inline void barcodes(std::string_view bytes) {
  using bedtok::detail::BarcodeTable;
  Input in(bytes);
  const std::string prefix(in.byte() % 64, 'p');
  BarcodeTable table;
  std::map<std::string, BarcodeTable::Id> expected;
  while (!in.left().empty()) {
    const std::string name = (in.flag() ? prefix : std::string()) + std::string(in.piece());
    const std::string padded = name + std::string(bedtok::detail::read_margin, '\x7f');
    const std::string_view barcode = std::string_view(padded).substr(0, name.size());
    const auto known = expected.find(name);
    const auto none = BarcodeTable::none;
    REQUIRE_TRUE(table.find(barcode) == (known == expected.end() ? none : known->second));
    const BarcodeTable::Id id = table.add(barcode);
    const auto next = static_cast<BarcodeTable::Id>(expected.size());
    REQUIRE_TRUE(id == expected.emplace(name, next).first->second);
  }
  REQUIRE_TRUE(table.size() == expected.size());
  for (const auto& [name, id] : expected) REQUIRE_TRUE(table.name(id) == name);
}

}  // namespace fuzz

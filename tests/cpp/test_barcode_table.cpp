// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/detail/barcode_table.hpp>
#include <random>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "catch.hpp"
#include "support.hpp"

using bedtok::detail::BarcodeTable;

namespace {

/// A barcode with the bytes behind it that may be read.
class Padded {
 public:
  explicit Padded(const std::string& text)
      : bytes_(text + std::string(64, 'x')), size_(text.size()) {}
  operator std::string_view() const { return std::string_view(bytes_).substr(0, size_); }

 private:
  std::string bytes_;
  std::size_t size_;
};

}  // namespace

TEST_CASE("barcodes get ids in the order of first sight") {
  BarcodeTable table;
  CHECK(table.size() == 0);
  CHECK(table.find(Padded("AAAC-1")) == BarcodeTable::none);
  CHECK(table.add(Padded("AAAC-1")) == 0);
  CHECK(table.add(Padded("CCGT-1")) == 1);
  CHECK(table.add(Padded("AAAC-1")) == 0);
  CHECK(table.find(Padded("CCGT-1")) == 1);
  CHECK(table.name(0) == "AAAC-1");
  CHECK(table.name(1) == "CCGT-1");
  CHECK(table.size() == 2);
}

TEST_CASE("barcodes of any length are distinguished, by every byte and by their length") {
  BarcodeTable table;
  std::vector<std::string> names;
  for (std::size_t size = 0; size <= 64; ++size) {
    names.push_back(std::string(size, 'A'));
    for (std::size_t at = 0; at < size; ++at) {
      names.push_back(std::string(size, 'A'));
      names.back()[at] = 'C';
    }
    names.push_back(std::string(size, '\0'));
  }
  std::unordered_map<std::string, BarcodeTable::Id> expected;
  for (const std::string& name : names) {
    const auto id = static_cast<BarcodeTable::Id>(expected.size());
    REQUIRE(table.add(Padded(name)) == expected.emplace(name, id).first->second);
  }
  REQUIRE(table.size() == expected.size());
  for (const auto& [name, id] : expected) {
    REQUIRE(table.find(Padded(name)) == id);
    REQUIRE(table.name(id) == name);
  }
}

TEST_CASE("many barcodes agree with a standard map") {
  std::mt19937_64 random(71);
  BarcodeTable table;
  std::unordered_map<std::string, BarcodeTable::Id> expected;
  for (int i = 0; i < 100000; ++i) {
    std::string name;
    for (int k = 0; k < 16; ++k)
      name.push_back("ACGT"[support::pick(random, 0, i % 2 == 0 ? 1 : 3)]);
    name += "-1";
    const auto id = static_cast<BarcodeTable::Id>(expected.size());
    REQUIRE(table.add(Padded(name)) == expected.emplace(name, id).first->second);
  }
  for (const auto& [name, id] : expected) REQUIRE(table.find(Padded(name)) == id);
}

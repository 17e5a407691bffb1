// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>
#include <bedtok/chrom_table.hpp>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "catch.hpp"
#include "support.hpp"

using bedtok::ChromTable;

TEST_CASE("chromosome ids count up from 0 in the order of first sight") {
  ChromTable table;
  CHECK(table.empty());
  CHECK(table.add("chr2") == 0);
  CHECK(table.add("chr1") == 1);
  CHECK(table.add("chr2") == 0);
  CHECK(table.size() == 2);
  CHECK(table.name(1) == "chr1");
  CHECK(table.names() == std::vector<std::string>{"chr2", "chr1"});
}

TEST_CASE("a name that was never added is none, also in an empty table") {
  ChromTable table;
  CHECK(table.find("chr1") == ChromTable::none);
  CHECK(table.find({}) == ChromTable::none);
  table.add("chr1");
  CHECK(table.find("chr") == ChromTable::none);
  CHECK(table.find("chr10") == ChromTable::none);
  CHECK(table.find(std::string_view()) == ChromTable::none);
}

TEST_CASE("an empty name is a name like others") {
  ChromTable table;
  CHECK(table.add("a") == 0);
  CHECK(table.add(std::string_view()) == 1);
  CHECK(table.find("") == 1);
}

TEST_CASE("names that agree in length, first and last eight bytes stay apart") {
  ChromTable table;
  const std::string head = "chrUn_KI", tail = "27v1_alt";
  CHECK(table.add(head + "0000" + tail) == 0);
  CHECK(table.add(head + "1111" + tail) == 1);
  CHECK(table.find(head + "0000" + tail) == 0);
  CHECK(table.find(head + "1111" + tail) == 1);
  CHECK(table.find(head + "2222" + tail) == ChromTable::none);
}

TEST_CASE("many random names are found as a std::map finds them") {
  std::mt19937_64 random(7);
  ChromTable table;
  std::map<std::string, ChromTable::Id> expected;
  for (int i = 0; i < 20000; ++i) {
    std::string name;
    for (auto length = support::pick(random, 0, 20); length > 0; --length) {
      name.push_back("ab1\0"[support::pick(random, 0, 3)]);
    }
    REQUIRE(table.find(name) == (expected.count(name) ? expected[name] : ChromTable::none));
    const auto id = static_cast<ChromTable::Id>(expected.size());
    REQUIRE(table.add(name) == expected.emplace(name, id).first->second);
  }
  REQUIRE(table.size() == expected.size());
  for (const auto& [name, id] : expected) REQUIRE(table.find(name) == id);
}

TEST_CASE("ranks are those of the names ordered as bytes") {
  ChromTable table;
  for (const char* name : {"chr2", "chr10", "chr1", "chrX", "\xC3\xA4", "CHR1"}) table.add(name);
  CHECK(table.ranks() == std::vector<ChromTable::Id>{3, 2, 1, 4, 5, 0});
  CHECK(ChromTable().ranks().empty());
}

TEST_CASE("tables are equal when names and their order are") {
  ChromTable a, b, c;
  a.add("x"), a.add("y");
  b.add("x"), b.add("y");
  c.add("y"), c.add("x");
  CHECK(a == b);
  CHECK(a != c);
}

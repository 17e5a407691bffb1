// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>
#include <bedtok/region_set.hpp>
#include <cstdint>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "catch.hpp"
#include "support.hpp"

using bedtok::ChromTable;
using bedtok::Error;
using bedtok::Region;
using bedtok::RegionSet;
using support::message_of;

namespace {

template <class Coord, class Payload>
std::vector<std::string> texts(const RegionSet<Coord, Payload>& set) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < set.size(); ++i) set.append_text(out.emplace_back(), i);
  return out;
}

ChromTable table_of(const std::vector<std::string>& names) {
  ChromTable table;
  for (const std::string& name : names) table.add(name);
  return table;
}

}  // namespace

TEST_CASE("an empty set is empty, sorted and equal to others") {
  const RegionSet<> set;
  CHECK(set.empty());
  CHECK(set.size() == 0);
  CHECK(set.begin() == set.end());
  CHECK(set.is_sorted());
  CHECK(set == RegionSet<>(std::vector<Region<>>{}));
  CHECK(set.sorted().empty());
  CHECK(set.take(std::vector<int>{}).empty());
}

TEST_CASE("regions keep the order given and become columns") {
  const RegionSet<> set{{"chr2", 5, 9, {}}, {"chr1", 0, 0, "peak\t7"}, {"chr2", 1, 4294967295, {}}};
  REQUIRE(set.size() == 3);
  CHECK(set.chroms().names() == std::vector<std::string>{"chr2", "chr1"});
  CHECK(set.chrom_ids() == std::vector<ChromTable::Id>{0, 1, 0});
  CHECK(set.starts() == std::vector<std::uint32_t>{5, 0, 1});
  CHECK(set.ends() == std::vector<std::uint32_t>{9, 0, 4294967295});
  CHECK(set.chrom(1) == "chr1");
  CHECK(set[1].rest == bedtok::Rest{"peak\t7"});
  CHECK_FALSE(set[0].rest.has_value());
  CHECK(texts(set) == std::vector<std::string>{"chr2:5-9", "chr1:0-0", "chr2:1-4294967295"});
}

TEST_CASE("a set is walked by a range-for loop and by iterators") {
  const RegionSet<> set{{"chr1", 1, 2, {}}, {"chr1", 3, 4, {}}};
  std::vector<Region<>> seen;
  for (const auto& region : set) seen.push_back(region);
  REQUIRE(seen.size() == 2);
  CHECK(seen[1] == Region<>{"chr1", 3, 4, {}});
  auto at = set.begin();
  CHECK(*at++ == seen[0]);
  CHECK(*at == seen[1]);
  CHECK(++at == set.end());
  CHECK(std::vector<Region<>>(set.begin(), set.end()) == seen);
}

TEST_CASE("regions that are not legal are refused by their position") {
  CHECK(message_of<Error>([] {
          RegionSet<>{{"chr1", 1, 2, {}}, {"chr1", 9, 5, {}}};
        }) == "region 1: end 5 is before start 9");
  CHECK(message_of<Error>([] {
          RegionSet<>{{"chr1", 1, 2, {}}, {"", 1, 2, {}}};
        }) == "region 1: the chromosome name is empty, expected a name");
  for (const char* name : {"a\tb", "a\nb", "a\r"}) {
    CHECK_THROWS_AS((RegionSet<>{{name, 1, 2, {}}}), Error);
  }
  CHECK(message_of<Error>([] {
          RegionSet<>{{std::string("a\0b", 3), 1, 2, {}}};
        }) ==
        "the chromosome name 'a\\x00b' holds a tab, a line end or a NUL, expected text on one "
        "line");
}

TEST_CASE("a rest may hold a carriage return, not end with one") {
  CHECK(RegionSet<>{{"chr1", 1, 2, "a\rb"}}[0].rest == std::string("a\rb"));
  for (const char* rest : {"a\r", "\r", "a\nb"}) {
    CHECK(message_of<Error>([&] {
            RegionSet<>{{"chr1", 1, 2, {}}, {"chr1", 1, 2, rest}};
          }) == "region 1: the rest holds a line end, expected text on one line");
  }
}

TEST_CASE("columns are taken as they are") {
  const auto set = RegionSet<>::from_columns(table_of({"chr1", "chr2"}), {1, 0}, {5, 6}, {7, 6});
  CHECK(texts(set) == std::vector<std::string>{"chr2:5-7", "chr1:6-6"});
}

TEST_CASE("columns that do not fit together are refused") {
  const auto table = table_of({"chr1"});
  CHECK(message_of<Error>([&] {
          RegionSet<>::from_columns(table, {0, 0}, {1}, {2});
        }) == "columns must have one length, got 2 chromosomes, 1 starts, 1 ends");
  CHECK(message_of<Error>([&] {
          RegionSet<>::from_columns(table, {0}, {1}, {2, 3});
        }) == "columns must have one length, got 1 chromosomes, 1 starts, 2 ends");
  RegionSet<>::Column rest;
  rest.push_back(std::string_view("x"));
  rest.push_back(std::string_view("y"));
  CHECK_THROWS_AS(RegionSet<>::from_columns(table, {0}, {1}, {2}, rest), Error);
  CHECK(message_of<Error>([&] {
          RegionSet<>::from_columns(table, {0, 1}, {1, 1}, {2, 2});
        }) == "region 1: chromosome id 1 is outside the table of 1 names");
  CHECK(message_of<Error>([&] {
          RegionSet<>::from_columns(table, {0, 0}, {1, 4}, {2, 3});
        }) == "region 1: end 3 is before start 4");
}

TEST_CASE("a bad name in the table is refused where a region uses it") {
  const auto table = table_of({"chr1", "", "x\ny"});
  CHECK(RegionSet<>::from_columns(table, {0}, {1}, {2}).size() == 1);
  CHECK(message_of<Error>([&] {
          RegionSet<>::from_columns(table, {0, 0, 1}, {1, 1, 1}, {2, 2, 2});
        }) == "region 2: the chromosome name is empty, expected a name");
  CHECK(
      message_of<Error>([&] { RegionSet<>::from_columns(table, {2}, {1}, {2}); }) ==
      "the chromosome name 'x\\x0ay' holds a tab, a line end or a NUL, expected text on one line");
}

TEST_CASE("a set of as many chromosomes as regions is made in linear time") {
  // 200,000 names: a search for each name's first use through all regions would take minutes.
  constexpr std::uint32_t n = 200000;
  ChromTable table;
  std::vector<ChromTable::Id> ids;
  for (std::uint32_t i = 0; i < n; ++i) ids.push_back(table.add("contig" + std::to_string(i)));
  const auto set = RegionSet<>::from_columns(table, ids, std::vector<std::uint32_t>(n, 1),
                                             std::vector<std::uint32_t>(n, 2));
  CHECK(set.size() == n);
}

TEMPLATE_TEST_CASE("sorted agrees with std::stable_sort by name and start", "", std::uint32_t,
                   std::uint64_t) {
  std::mt19937_64 random(11);
  for (const std::size_t n : support::Sizes{0, 1, 5, 100, 700, 6000}) {
    for (int round = 0; round < 4; ++round) {
      std::vector<Region<TestType>> regions;
      const bool carries = round % 2 == 0;
      const unsigned shift = round < 2 ? 0 : 8 * sizeof(TestType) - 8;
      for (std::size_t i = 0; i < n; ++i) {
        const auto start = static_cast<TestType>(support::pick(random, 0, 60) << shift);
        regions.push_back({"chr" + std::to_string(support::pick(random, 1, 12)), start,
                           static_cast<TestType>(start + support::pick(random, 0, 9)),
                           carries && support::pick(random, 0, 1) ? bedtok::Rest(std::to_string(i))
                                                                  : bedtok::Rest()});
      }
      const RegionSet<TestType> set(regions);
      std::stable_sort(regions.begin(), regions.end(), [](const auto& a, const auto& b) {
        return a.chrom != b.chrom ? a.chrom < b.chrom : a.start < b.start;
      });
      const auto sorted = set.sorted();
      REQUIRE(sorted.size() == n);
      REQUIRE(sorted.is_sorted());
      for (std::size_t i = 0; i < n; ++i) {
        REQUIRE(sorted[i] == regions[i]);
        REQUIRE(sorted[i].rest == regions[i].rest);
      }
      REQUIRE(sorted.sorted() == sorted);
      REQUIRE(RegionSet<TestType>(set).sorted() == sorted);
    }
  }
}

TEST_CASE("is_sorted looks at names as bytes and at starts, not at ends") {
  CHECK(RegionSet<>{{"chr10", 5, 6, {}}, {"chr2", 0, 1, {}}}.is_sorted());
  CHECK_FALSE(RegionSet<>{{"chr2", 0, 1, {}}, {"chr10", 5, 6, {}}}.is_sorted());
  CHECK(RegionSet<>{{"chr1", 5, 9, {}}, {"chr1", 5, 6, {}}}.is_sorted());
  CHECK_FALSE(RegionSet<>{{"chr1", 5, 9, {}}, {"chr1", 4, 6, {}}}.is_sorted());
}

TEST_CASE("take gives the regions at positions, again where they are asked for again") {
  const RegionSet<> set{{"chr1", 1, 2, "a"}, {"chr2", 3, 4, {}}, {"chr1", 5, 6, "c"}};
  const auto taken = set.take(std::vector<std::int64_t>{2, 0, 2});
  CHECK(texts(taken) == std::vector<std::string>{"chr1:5-6", "chr1:1-2", "chr1:5-6"});
  CHECK(taken[0].rest == bedtok::Rest{"c"});
  CHECK(taken[1].rest == bedtok::Rest{"a"});
}

TEST_CASE("take refuses a position outside the set") {
  const RegionSet<> set{{"chr1", 1, 2, {}}};
  CHECK(message_of<Error>([&] {
          set.take(std::vector<std::size_t>{0, 1});
        }) == "position 1 is outside the set of 1 regions");
  CHECK(message_of<Error>([&] { set.take(std::vector<int>{-1}); }) ==
        "position -1 is outside the set of 1 regions");
}

TEST_CASE("sets are equal when they have the same intervals in the same order") {
  const RegionSet<> set{{"chr1", 1, 2, "x"}, {"chr2", 3, 4, {}}};
  CHECK(set == RegionSet<>{{"chr1", 1, 2, {}}, {"chr2", 3, 4, {}}});
  CHECK(set != RegionSet<>{{"chr2", 3, 4, {}}, {"chr1", 1, 2, {}}});
  CHECK(set != RegionSet<>{{"chr1", 1, 2, {}}});
  CHECK(set != RegionSet<>{{"chr1", 1, 2, {}}, {"chr3", 3, 4, {}}});
  // The numbering of the names does not matter, nor do names that no region uses.
  CHECK(set ==
        RegionSet<>::from_columns(table_of({"chr9", "chr2", "chr1"}), {2, 1}, {1, 3}, {2, 4}));
}

TEST_CASE("regions can carry a type of the user's own, also one that only moves by copy") {
  struct Peak {
    double score = -1;
    std::string name;
  };
  const std::vector<Region<std::uint32_t, Peak>> peaks = {{"chr2", 5, 6, {2.5, "late"}},
                                                          {"chr1", 7, 8, {1.5, "middle"}},
                                                          {"chr1", 1, 2, {0.5, "early"}}};
  const RegionSet<std::uint32_t, Peak> set(peaks);
  CHECK(set[0].rest.score == 2.5);
  const auto sorted = set.sorted();
  CHECK(sorted[0].rest.name == "early");
  CHECK(sorted[1].rest.name == "middle");
  CHECK(sorted[2].rest.name == "late");
  CHECK(set.take(std::vector<int>{1})[0].rest.score == 1.5);
  CHECK(texts(RegionSet<std::uint32_t, Peak>(set).without_payload()) == texts(set));
}

TEST_CASE("a set without payload leaves intervals alone") {
  const RegionSet<> set{{"chr1", 1, 2, "x"}};
  const RegionSet<> bare = RegionSet<>(set).without_payload();
  CHECK(bare == set);
  CHECK(bare.rest().empty());
}

TEST_CASE("copies and moves of a set are whole") {
  RegionSet<> set{{"chr1", 1, 2, "x"}, {"chr2", 3, 4, {}}};
  const RegionSet<> copy = set;
  const RegionSet<> moved = std::move(set);
  CHECK(copy == moved);
  CHECK(moved[0].rest == bedtok::Rest{"x"});
}

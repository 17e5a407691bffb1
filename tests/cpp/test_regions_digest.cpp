// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/io/regions_digest.hpp>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "catch.hpp"

using bedtok::RegionSet;
using bedtok::io::regions_digest;

TEST_CASE("the digest depends on every region and their order") {
  std::set<std::string> digests;
  const auto add = [&](const RegionSet<>& regions) { digests.insert(regions_digest(regions)); };
  add({});
  add({{"chr1", 1, 2, {}}});
  add({{"chr1", 1, 3, {}}});
  add({{"chr1", 0, 2, {}}});
  add({{"chr2", 1, 2, {}}});
  add({{"chr1", 1, 2, {}}, {"chr1", 1, 2, {}}});
  add({{"chr1", 1, 2, {}}, {"chr2", 1, 2, {}}});
  add({{"chr2", 1, 2, {}}, {"chr1", 1, 2, {}}});
  CHECK(digests.size() == 8);
  for (const std::string& digest : digests) {
    CHECK(digest.size() == 16);
    CHECK(digest.find_first_not_of("0123456789abcdef") == std::string::npos);
  }
}

TEST_CASE("the digest does not depend on payloads, the type of coordinates or unused names") {
  const RegionSet<> plain{{"chr1", 1, 2, {}}, {"chr2", 3, 4, {}}};
  CHECK(regions_digest(plain) ==
        regions_digest(RegionSet<>{{"chr1", 1, 2, "a"}, {"chr2", 3, 4, {}}}));
  CHECK(regions_digest(plain) ==
        regions_digest(RegionSet<std::uint64_t>{{"chr1", 1, 2, {}}, {"chr2", 3, 4, {}}}));
  bedtok::ChromTable chroms;
  for (const char* name : {"unused", "chr2", "chr1"}) chroms.add(name);
  CHECK(regions_digest(plain) ==
        regions_digest(RegionSet<>::from_columns(chroms, {2, 1}, {1, 3}, {2, 4})));
}

TEST_CASE("the digest covers long sets") {
  std::vector<bedtok::Region<>> regions(40000, {"chr1", 1, 2, {}});
  const std::string before = regions_digest(RegionSet<>(regions));
  regions.back().end = 3;
  CHECK(regions_digest(RegionSet<>(regions)) != before);
}

// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>
#include <bedtok/io/bed.hpp>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "catch.hpp"
#include "support_io.hpp"

using bedtok::Compression;
using bedtok::ParseError;
using bedtok::Region;
using bedtok::RegionSet;
using support::message_of;
using support::pick;
namespace fs = std::filesystem;

namespace {

template <class Coord>
void check_same(const RegionSet<Coord>& a, const RegionSet<Coord>& b) {
  REQUIRE((a == b));
  for (std::size_t i = 0; i < a.size(); ++i) REQUIRE(a.rest().view(i) == b.rest().view(i));
}

// Regions with and without a rest, more than fit one piece of the reader's rows and bytes.
template <class Coord>
RegionSet<Coord> random_set(std::mt19937_64& random, std::size_t count, std::size_t rest_from) {
  std::vector<Region<Coord>> regions;
  for (std::size_t i = 0; i < count; ++i) {
    const auto start = static_cast<Coord>(random() >> pick(random, 8 * (8 - sizeof(Coord)), 63));
    const std::uint64_t room = std::numeric_limits<Coord>::max() - start;
    bedtok::Rest rest;
    if (i >= rest_from && pick(random, 0, 3))
      rest = "peak" + std::string(pick(random, 0, 40), 'p') + "\t.";
    regions.push_back({"chr" + std::to_string(pick(random, 1, 30)), start,
                       static_cast<Coord>(start + std::min(room, random() >> pick(random, 1, 63))),
                       rest});
  }
  return RegionSet<Coord>(regions);
}

}  // namespace

TEST_CASE("from_bed sorts by name and start, or keeps the file's order") {
  const support::TemporaryFolder folder;
  const auto path =
      folder.file("peaks.bed", "chr2\t5\t9\tb\nchr10\t7\t8\nchr2\t1\t2\nchr2\t5\t6\ta\n");
  check_same(
      RegionSet<>::from_bed(path),
      RegionSet<>{
          {"chr10", 7, 8, {}}, {"chr2", 1, 2, {}}, {"chr2", 5, 9, "b"}, {"chr2", 5, 6, "a"}});
  check_same(
      RegionSet<>::from_bed(path, false),
      RegionSet<>{
          {"chr2", 5, 9, "b"}, {"chr10", 7, 8, {}}, {"chr2", 1, 2, {}}, {"chr2", 5, 6, "a"}});
}

TEST_CASE("a file's name does not decide how it is read") {
  const support::TemporaryFolder folder;
  const std::string text = "chr1\t1\t2\tx\n";
  const RegionSet<> expected{{"chr1", 1, 2, "x"}};
  check_same(RegionSet<>::from_bed(folder.file("a.gz", text)), expected);
  check_same(RegionSet<>::from_bed(folder.file("b.bed", support::gzip(text))), expected);
  check_same(RegionSet<>::from_bed(folder.file("c.txt", support::bgzip(text, 5))), expected);
  check_same(RegionSet<>::from_bytes(support::gzip(text), "memory"), expected);
}

TEST_CASE("an empty file is an empty set, plain or compressed") {
  const support::TemporaryFolder folder;
  CHECK(RegionSet<>::from_bed(folder.file("a", "")).empty());
  CHECK(RegionSet<>::from_bed(folder.file("b", support::gzip(""))).empty());
  CHECK(RegionSet<>::from_bed(folder.file("c", support::bgzip_end())).empty());
  CHECK(RegionSet<>::from_bytes(std::string_view(), "d").empty());
}

TEST_CASE("a set keeps the header lines of its file") {
  CHECK(RegionSet<>::from_bytes("track name=x\n#c\nchr1\t1\t2\n", "x").header() ==
        "track name=x\n#c");
}

TEST_CASE("errors name the file as it was given, its line and the value") {
  const support::TemporaryFolder folder;
  const auto path = folder.file("peaks.bed", "chr1\t1\t2\nchr1\t9\t5\n");
  CHECK(message_of<ParseError>([&] { RegionSet<>::from_bed(path); }) ==
        path.string() + ":2: end 5 is before start 9");
  const auto gz = folder.file("peaks.bed.gz", support::gzip("chr1\t1\t2\nchr1\t-9\t5\n"));
  CHECK(message_of<ParseError>([&] { RegionSet<>::from_bed(gz); }) ==
        gz.string() +
            ":2: start '-9' is not a coordinate, expected decimal digits from 0 to 4294967295");
  CHECK(message_of<ParseError>([&] { RegionSet<>::from_bytes("x", "memory"); }) ==
        "memory:1: the line has 1 column ('x'), expected chromosome, start and end separated by "
        "tabs");
}

TEST_CASE("a missing file and a folder are errors of the file system") {
  const support::TemporaryFolder folder;
  const auto code = [](const fs::path& path) {
    try {
      RegionSet<>::from_bed(path);
    } catch (const fs::filesystem_error& error) {
      CHECK(error.path1() == path);
      return error.code();
    }
    return std::error_code();
  };
  CHECK(code(folder.path() / "missing.bed") == std::errc::no_such_file_or_directory);
  CHECK(code(folder.path()) == std::errc::is_a_directory);
}

TEST_CASE("a small compressed file that is cut off at any byte is refused") {
  const std::string text = "chr1\t100\t200\tpeak1\nchr1\t150\t300\nchr2\t5\t9\tpeak3\n";
  for (const std::string& bytes : {support::gzip(text), support::bgzip(text, 19)}) {
    for (std::size_t size = 1; size < bytes.size(); ++size) {
      INFO("cut to " << size << " of " << bytes.size() << " bytes");
      REQUIRE_THROWS_AS(RegionSet<>::from_bytes(std::string_view(bytes).substr(0, size), "x"),
                        ParseError);
    }
  }
}

TEST_CASE("a flipped bit in a compressed file is refused or changes nothing") {
  const std::string text = "chr1\t100\t200\tpeak1\nchr1\t150\t300\nchr2\t5\t9\tpeak3\n";
  const auto expected = RegionSet<>::from_bytes(text, "x");
  for (const std::string& bytes : {support::gzip(text), support::bgzip(text, 19)}) {
    for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
      std::string damaged = bytes;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
      try {
        check_same(RegionSet<>::from_bytes(damaged, "x"), expected);
      } catch (const ParseError&) {
        continue;
      }
    }
  }
}

TEMPLATE_TEST_CASE("what is written is read again, plain and compressed", "", std::uint32_t,
                   std::uint64_t) {
  std::mt19937_64 random(91);
  const support::TemporaryFolder folder;
  for (const std::size_t count : support::Sizes{0, 1, 1023, 1024, 1025, 30000}) {
    for (const std::size_t rest_from : {std::size_t{0}, count / 2, count}) {
      const auto set = random_set<TestType>(random, count, rest_from);
      for (const auto compression : {Compression::none, Compression::gzip}) {
        const auto path = folder.path() / "out.bed";
        set.to_bed(path, compression);
        check_same(RegionSet<TestType>::from_bed(path, false), set);
        check_same(RegionSet<TestType>::from_bed(path), set.sorted());
        CHECK(bedtok::io::is_gzip(support::bytes_of(path)) == (compression == Compression::gzip));
      }
    }
  }
  CHECK(folder.names() == std::vector<std::string>{"out.bed"});
}

TEST_CASE("a region is written as tab-separated columns and one line end") {
  const support::TemporaryFolder folder;
  const auto path = folder.path() / "out.bed";
  RegionSet<>{{"chr1", 0, 4294967295, {}}, {"chr2", 5, 5, "a\tb c"}}.to_bed(path);
  CHECK(support::bytes_of(path) == "chr1\t0\t4294967295\nchr2\t5\t5\ta\tb c\n");
}

TEST_CASE("a first name that begins like another format or a byte-order mark reads back") {
  const support::TemporaryFolder folder;
  const auto path = folder.path() / "names.bed";
  for (const char* name : {"BZhang", "BZh91AY", "PK\x03\x04",
                           "\xEF\xBB\xBF"
                           "chr1"}) {
    const RegionSet<> set{{name, 1, 2, {}}, {"chr1", 1, 2, {}}};
    set.to_bed(path);
    CHECK(RegionSet<>::from_bed(path, false) == set);
  }
}

TEST_CASE("bad lines can be left out, unless no other line is there") {
  const support::TemporaryFolder folder;
  const auto path = folder.file("peaks.bed", "chr1\t1\t2\nchr1\t7\t5\nchr1\t3\t4\n");
  bedtok::SkippedLines skipped;
  skipped.add(99, "of another file");
  CHECK(RegionSet<>::from_bed(path, true, &skipped).size() == 2);
  CHECK(to_text(skipped) == "1 line was skipped: line 2: end 5 is before start 7");
  CHECK(RegionSet<>::from_bytes("chr1\t1\t2\n", "x", true, &skipped).size() == 1);
  CHECK(skipped.count == 0);
  CHECK(message_of<ParseError>([&] {
          RegionSet<>::from_bytes("#\nchr1\t1\nchr1\t2\n", "x", true, &skipped);
        }).rfind("x:2: the line has 2 columns", 0) == 0);
}

TEST_CASE("equal sets make equal files, also compressed") {
  const support::TemporaryFolder folder;
  const RegionSet<> set{{"chr1", 1, 2, "x"}};
  set.to_bed(folder.path() / "a", Compression::gzip);
  set.to_bed(folder.path() / "b", Compression::gzip);
  CHECK(support::bytes_of(folder.path() / "a") == support::bytes_of(folder.path() / "b"));
}

TEST_CASE("a set with a payload of the user's own writes its intervals") {
  const support::TemporaryFolder folder;
  const RegionSet<std::uint32_t, double> set(
      std::vector<Region<std::uint32_t, double>>{{"chr1", 1, 2, 0.5}});
  set.to_bed(folder.path() / "out.bed");
  CHECK(support::bytes_of(folder.path() / "out.bed") == "chr1\t1\t2\n");
}

TEST_CASE("writing into a missing folder is an error and leaves nothing behind") {
  const support::TemporaryFolder folder;
  const RegionSet<> set{{"chr1", 1, 2, {}}};
  CHECK_THROWS_AS(set.to_bed(folder.path() / "missing" / "out.bed"), fs::filesystem_error);
  CHECK_THROWS_AS(set.to_bed(folder.path(), Compression::gzip), fs::filesystem_error);
  CHECK(folder.names().empty());
}

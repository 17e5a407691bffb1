// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/error.hpp>
#include <bedtok/io/detail/parse_number.hpp>
#include <bedtok/io/detail/peak_columns.hpp>
#include <bedtok/io/sample_reader.hpp>
#include <bedtok/io/universe_bed.hpp>
#include <bedtok/universe/build.hpp>
#include <bedtok/universe/sample_store.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "catch.hpp"
#include "support_io.hpp"

using bedtok::ParseError;
using bedtok::io::read_sample;
using bedtok::universe::Coord;
using bedtok::universe::Sample;
using bedtok::universe::SampleOptions;
using support::memory;
using support::message_of;

namespace {

SampleOptions summit_options(Coord width) {
  SampleOptions options;
  options.summits = true;
  options.width = width;
  return options;
}

}  // namespace

TEST_CASE("numbers are read whatever the locale") {
  const auto number = [](std::string_view text) {
    double value = -12345;
    return bedtok::io::detail::parse_number(text, value) ? value : -99.5;
  };
  CHECK(number("0") == 0);
  CHECK(number("12.5") == 12.5);
  CHECK(number("-3e2") == -300);
  CHECK(number("+.25") == 0.25);
  CHECK(number("7.") == 7);
  CHECK(number("1.5E-3") == Approx(0.0015));
  CHECK(number("123456789012345678901234") == Approx(1.2345678901234568e23));
  CHECK(number("1e999") == 1e300);
  CHECK(number("1e-999") == 0);
  for (const char* bad : {"", "-", ".", "e5", "1e", "1,5", "nan", "inf", "0x10", "1 "}) {
    CHECK(number(bad) == -99.5);
  }
}

TEST_CASE("a sample is read as a BED file is") {
  const Sample sample =
      read_sample(memory("track x\nchr1\t5\t9\nchr1\t1\t3\tname\n\nchr1 8 12\n"), {});
  CHECK(sample.starts == std::vector<Coord>{1, 5});
  CHECK(sample.ends == std::vector<Coord>{3, 12});
  CHECK(message_of<ParseError>([] { read_sample(memory("chr1\t1\t2\nchr1\t9\t5\n"), {}); }) ==
        "memory:2: end 5 is before start 9");
  bedtok::SkippedLines skipped;
  CHECK(read_sample(memory("chr1\t1\t2\nchr1\t9\t5\n"), {}, &skipped).size() == 1);
  CHECK(skipped.count == 1);
  CHECK(message_of<ParseError>([&] { read_sample(memory("chr1\t9\t5\n"), {}, &skipped); }) ==
        "memory:1: end 5 is before start 9");
  CHECK(read_sample(memory(""), {}).size() == 0);
}

TEST_CASE("narrowPeak has summits and signal values, other lines centres and scores") {
  const std::string narrow =
      "chr1\t100\t200\ta\t900\t.\t2.5\t-1\t-1\t10\n"
      "chr1\t300\t400\tb\t100\t.\t12\t-1\t-1\t-1\n";
  Sample sample = read_sample(memory(narrow), summit_options(21));
  CHECK(sample.starts == std::vector<Coord>{100, 340});
  CHECK(sample.scores == std::vector<double>{0.5, 1});
  SampleOptions by_score = summit_options(21);
  by_score.score_column = 5;
  CHECK(read_sample(memory(narrow), by_score).scores == std::vector<double>{1, 0.5});
  // BED12 has the number of its blocks in the tenth column.
  sample =
      read_sample(memory("chr1\t100\t200\ta\t.\t+\t100\t200\t0\t1\t100,\t0,\n"), summit_options(1));
  CHECK(sample.starts == std::vector<Coord>{150});
  CHECK(read_sample(memory("chr1\t100\t200\n"), summit_options(1)).scores ==
        std::vector<double>{1});
}

TEST_CASE("a summit outside of its peak, or a score that is no number, names its line") {
  CHECK(message_of<ParseError>([] {
          read_sample(memory("chr1\t0\t9\nchr1\t100\t200\ta\t1\t.\t2\t3\t4\t101\n"),
                      summit_options(9));
        }) ==
        "memory:2: the summit '101' in column 10 is not in the peak of 100 bp, expected an offset "
        "from its start or -1");
  CHECK(message_of<ParseError>([] {
          read_sample(memory("chr1\t0\t9\ta\tx1\n"), summit_options(9));
        }) == "memory:1: the score 'x1' in column 5 is not a number");
}

TEST_CASE("files are read in parallel and written as a universe") {
  const support::TemporaryFolder folder;
  std::vector<std::filesystem::path> paths;
  for (int i = 0; i < 40; ++i) {
    paths.push_back(folder.file(
        "s" + std::to_string(i) + ".bed",
        "chr1\t" + std::to_string(100 * i) + "\t" + std::to_string(100 * i + 120) + "\n"));
  }
  bedtok::universe::SampleStore store;
  bedtok::io::read_samples(paths, {}, store, 3);
  CHECK(store.size() == 40);
  bedtok::universe::Universe universe = bedtok::universe::build_union(store);
  const auto path = folder.path() / "universe.bed";
  bedtok::io::universe_lines(universe).to_bed(path);
  CHECK(support::bytes_of(path) == "chr1\t0\t4020\tchr1:0-4020\t40\n");
  universe.cores.push_back(50, 60);
  bedtok::io::universe_lines(universe).to_bed(path);
  CHECK(support::bytes_of(path) == "chr1\t0\t4020\tchr1:0-4020\t40\t.\t50\t60\n");
  paths.push_back(folder.file("bad.bed", "chr1\t1\n"));
  CHECK(message_of<ParseError>([&] {
          bedtok::io::read_samples(paths, {}, store, 2);
        }).find("bad.bed:1: the line has 2 columns") != std::string::npos);
}

// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/algebra/resize.hpp>
#include <bedtok/detail/coordinate_bounds.hpp>
#include <bedtok/detail/rest_column.hpp>
#include <cstdint>
#include <limits>
#include <string>

#include "catch.hpp"
#include "naive_algebra.hpp"
#include "support.hpp"

using bedtok::ChromSizes;
using bedtok::RegionSet;
using bedtok::algebra::ResizeFix;
using bedtok::detail::rest_column;
using naive::of;
using naive::Regions;
namespace algebra = bedtok::algebra;

namespace {

const Regions some{{"chr1", 100, 200, "kept"}, {"chr2", 3, 8, {}}, {"chr1", 5, 5, {}}};
const ChromSizes sizes = {{"chr1", 150}, {"chr2", 20}};

template <class Call>
std::string message(Call&& call) {
  return support::message_of<bedtok::Error>(call);
}

}  // namespace

TEST_CASE("slop makes regions longer and stops at 0 and at the chromosome's end") {
  const Regions longer = algebra::slop(some, 4, 15);
  CHECK(longer == of("chr1:96-215 chr2:0-23 chr1:1-20"));
  CHECK(longer.rest().view(0) == "kept");
  CHECK(algebra::slop(some, 4, 15, sizes) == of("chr1:96-150 chr2:0-20 chr1:1-20"));
}

TEST_CASE("trim cuts at the end and leaves out chromosomes that are not listed") {
  CHECK(algebra::trim(some, {{"chr1", 150}}) == of("chr1:100-150 chr1:5-5"));
  CHECK(algebra::trim(some, {{"chr1", 50}, {"chr2", 20}}) == of("chr1:50-50 chr2:3-8 chr1:5-5"));
  CHECK(algebra::trim(some, sizes).rest().view(0) == "kept");
  CHECK(algebra::trim(some, {}).empty());
}

TEST_CASE("flank gives what lies in front of and behind each region") {
  const Regions flanks = algebra::flank(some, 4, 2);
  CHECK(flanks == of("chr1:96-100 chr1:200-202 chr2:0-3 chr2:8-10 chr1:1-5 chr1:5-7"));
  CHECK(flanks.rest().view(1) == "kept");
  CHECK(algebra::flank(some, 0, 2, {{"chr1", 200}, {"chr2", 9}}) == of("chr2:8-9 chr1:5-7"));
  CHECK(algebra::flank(of("chr1:0-4"), 3, 0).empty());
}

TEST_CASE("shift moves regions both ways") {
  CHECK(algebra::shift(some, 7) == of("chr1:107-207 chr2:10-15 chr1:12-12"));
  CHECK(algebra::shift(some, -6) == of("chr1:94-194 chr2:0-2 chr1:0-0"));
  CHECK(algebra::shift(some, 60, sizes) == of("chr1:150-150 chr2:20-20 chr1:65-65"));
  CHECK(algebra::shift(some, std::numeric_limits<std::int64_t>::min()).ends()[0] == 0);
}

TEST_CASE("resize holds the start, the end or the middle") {
  const Regions set = of("chr1:100-200 chr1:2-7");
  CHECK(algebra::resize(set, 10, ResizeFix::start) == of("chr1:100-110 chr1:2-12"));
  CHECK(algebra::resize(set, 10, ResizeFix::end) == of("chr1:190-200 chr1:0-7"));
  CHECK(algebra::resize(set, 11) == of("chr1:145-156 chr1:0-11"));
  CHECK(algebra::resize(set, 0) == of("chr1:150-150 chr1:4-4"));
  CHECK(algebra::resize(set, 11, ResizeFix::center, {{"chr1", 150}}) ==
        of("chr1:145-150 chr1:0-11"));
}

TEST_CASE("resize finds the summit in column 10") {
  const Regions peaks{{"chr1", 100, 200, "n\t0\t.\t1\t2\t3\t20"},
                      {"chr1", 100, 200, "n\t0\t.\t1\t2\t3\t-1\tmore"},
                      {"chr1", 100, 200, "n  0  .  1 2 3  99"},
                      {"chr1", 100, 200, "n\t0\t.\t1\t2\t3\t100"}};
  CHECK(algebra::resize(peaks, 11, ResizeFix::summit) ==
        of("chr1:115-126 chr1:145-156 chr1:194-205 chr1:195-206"));
  CHECK(message([] { algebra::resize(some, 11, ResizeFix::summit); }) ==
        "region 0: there is no column 10 with a summit, expected narrowPeak; 'center' takes the "
        "middle");
  const Regions wrong{{"chr1", 100, 200, "n\t0\t.\t1\t2\t3\t101"}};
  CHECK(message([&] { algebra::resize(wrong, 11, ResizeFix::summit); }) ==
        "region 0: the summit, column 10, is '101', expected -1 or an offset from 0 to 100");
  const RegionSet<std::uint32_t, double> payload{{"chr1", 100, 200, 7.0}};
  CHECK_THROWS_AS(algebra::resize(payload, 11, ResizeFix::summit), bedtok::Error);
  CHECK(algebra::resize(payload, 11)[0].rest == 7);
}

TEST_CASE("promoters lie around the start on the strand") {
  const Regions genes{
      {"chr1", 100, 200, "g\t0\t+"}, {"chr1", 100, 200, "g\t0\t-"}, {"chr1", 3, 9, {}}};
  CHECK(algebra::promoters(genes, 20, 5) == of("chr1:80-105 chr1:195-220 chr1:0-8"));
  CHECK(algebra::promoters(RegionSet<std::uint32_t, double>{{"chr1", 9, 12, 7.0}}, 2, 1)
            .starts()[0] == 7);
}

TEST_CASE("what does not fit the coordinates or is not listed is an error that names the region") {
  constexpr std::uint32_t top = std::numeric_limits<std::uint32_t>::max();
  const Regions last{{"chr1", 0, 5, {}}, {"chr1", top - 3, top, {}}};
  CHECK(
      message([&] { algebra::slop(last, 0, 1); }) ==
      "region 1: 4294967295 + 1 is beyond 4294967295, the largest coordinate; with chrom_sizes it "
      "ends with its chromosome");
  CHECK(algebra::slop(last, 0, 9, {{"chr1", top}}).ends()[1] == top);
  CHECK(message([] {
          algebra::slop(some, 1, 1, {{"chr2", 9}});
        }) ==
        "region 0: chrom_sizes does not list chr1, expected the size of every chromosome; trim "
        "leaves out regions of others");
  CHECK(message([] {
          algebra::slop(some, 1, 1, {{"chr1", 5000000000}, {"chr2", 9}});
        }) == "chrom_sizes: chr1 is 5000000000, expected at most 4294967295");
  const RegionSet<std::uint64_t> wide{{"chr1", 5000000000, 5000000009, {}}};
  CHECK(algebra::shift(wide, -9).starts()[0] == 4999999991);
}

TEST_CASE("columns of the rest are counted from the fourth") {
  CHECK(rest_column("a\tb\tc", 4) == "a");
  CHECK(rest_column("a\tb\tc", 6) == "c");
  CHECK(rest_column("a\tb\tc", 7).empty());
  CHECK(rest_column("a\t\tc", 5).empty());
  CHECK(rest_column("a b\tc", 5) == "c");
  CHECK(rest_column("a   b c", 6) == "c");
  CHECK(rest_column("a   ", 5).empty());
  CHECK(rest_column("", 4).empty());
}

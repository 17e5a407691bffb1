// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/detail/report_texts.hpp>
#include <bedtok/diagnosis.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "catch.hpp"

using bedtok::ChromReport;
using bedtok::MappingReport;
using bedtok::ReportSum;

namespace {

/// A report of chr1 with these counts.
MappingReport report_of(std::uint64_t regions, std::uint64_t hits, std::uint64_t past_end = 0,
                        std::uint64_t past_size = 0) {
  MappingReport report;
  sum_chroms(report, {{"chr1", true, regions, hits, past_end, past_size}});
  report.vocabulary_chrom = "chr1";
  return report;
}

std::string warning_of(MappingReport report, std::optional<double> low_hit_rate = 0.2) {
  diagnose(report, low_hit_rate);
  return report.warning;
}

}  // namespace

TEST_CASE("rates are judged from 50 regions on, and not at all without a limit") {
  CHECK(bedtok::is_low(9, 50, 0.2));
  CHECK_FALSE(bedtok::is_low(10, 50, 0.2));
  CHECK_FALSE(bedtok::is_low(0, 49, 0.2));
  CHECK_FALSE(bedtok::is_low(0, 1000, std::nullopt));
  CHECK(bedtok::many_past_end(3, 50));
  CHECK_FALSE(bedtok::many_past_end(50, 1000));
  CHECK_FALSE(bedtok::many_past_end(49, 49));
}

TEST_CASE("a low hit rate is warned of with its likely cause and the remedy") {
  CHECK(warning_of(report_of(100, 19)) ==
        "19 of 100 regions hit the vocabulary (19 %, low_hit_rate is 20 %); likely cause: regions "
        "of another assembly, or of another assay; if this is expected, set the option "
        "low_hit_rate to a lower share or to None");
  MappingReport known = report_of(10000, 750, 44);
  known.genome = "hg38";
  CHECK(warning_of(known) ==
        "750 of 10000 regions hit the vocabulary (7.5 %, low_hit_rate is 20 %); likely cause: 44 "
        "regions start past the last vocabulary region of their chromosome (most on chr1): another "
        "assembly than hg38, or a vocabulary that does not reach there; if this is expected, set "
        "the option low_hit_rate to a lower share or to None");
  CHECK(warning_of(report_of(100, 20)).empty());
  CHECK(warning_of(report_of(100, 19), std::nullopt).empty());
  CHECK(warning_of(report_of(100, 19), 0.1).empty());
  CHECK(warning_of(report_of(49, 0)).empty());
  CHECK(warning_of(MappingReport()).empty());
}

TEST_CASE("regions past the end are warned of when they are many, or past the chromosome") {
  CHECK(warning_of(report_of(100, 94, 6)) ==
        "6 regions start past the last vocabulary region of their chromosome (most on chr1): "
        "another assembly, or a vocabulary that does not reach there; if this is expected, set the "
        "option low_hit_rate to None");
  CHECK(warning_of(report_of(100, 94, 6), std::nullopt).empty());
  CHECK(warning_of(report_of(100, 95, 5)).empty());
  CHECK(warning_of(report_of(2, 1, 1)).empty());
  CHECK(warning_of(report_of(2, 2, 0, 1)) ==
        "1 regions end past the end of their chromosome by chrom_sizes (most on chr1): another "
        "assembly, or damaged coordinates");
}

TEST_CASE("1-based starts and fragments are named whatever the hit rate") {
  MappingReport shifted = report_of(100, 100);
  shifted.one_based = true;
  CHECK(warning_of(shifted) ==
        "nearly all starts lie one base behind the start of a vocabulary region: 1-based "
        "coordinates, as of GFF or SAM; starts of BED count from 0, subtract 1 from them");
  MappingReport fragments = report_of(100, 1);
  fragments.like_fragments = true;
  CHECK(warning_of(fragments) ==
        "the lines look like those of a fragment file (column 4 a barcode, column 5 a count), "
        "which as BED is one sample of all cells: encode_fragments reads its cells");
}

TEST_CASE("chromosomes without a region are left out of a report") {
  MappingReport report;
  sum_chroms(report,
             {{"chr1", true, 2, 1, 1, 0}, {"chr2", true, 0, 0, 0, 0}, {"un", false, 3, 0, 0, 1}});
  REQUIRE(report.chroms.size() == 2);
  CHECK(report.regions == 5);
  CHECK(report.hits == 1);
  CHECK(report.past_end == 1);
  CHECK(report.past_size == 1);
  CHECK(report.unknown_chroms == std::vector<std::string>{"un"});
}

TEST_CASE("the reports of samples add up, and are judged together") {
  ReportSum sum(4);
  MappingReport first = report_of(30, 2, 1, 0);
  first.tokens = 2;
  MappingReport second;
  sum_chroms(second, {{"un", false, 20, 0, 0, 0}, {"chr1", true, 10, 1, 0, 0}});
  second.tokens = 3;
  sum.add(first, std::vector<std::int64_t>{0, 3, 4});  // 4 is a special token
  sum.add(second, std::vector<std::int64_t>{0, 1, 0});
  const MappingReport report = sum.report(0.2);
  CHECK(report.regions == 60);
  CHECK(report.hits == 3);
  CHECK(report.tokens == 5);
  CHECK(report.distinct_tokens == 3);
  CHECK(report.past_end == 1);
  CHECK(report.unknown_chroms == std::vector<std::string>{"un"});
  REQUIRE(report.chroms.size() == 2);
  CHECK(report.chroms[0].regions == 40);
  CHECK(report.warning.rfind("3 of 60 regions hit", 0) == 0);
  CHECK(sum.report(std::nullopt).warning.empty());
  CHECK(ReportSum(4).report(0.2).warning.empty());
}

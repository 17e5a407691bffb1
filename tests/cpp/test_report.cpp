// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/report.hpp>

#include "catch.hpp"

TEST_CASE("the hit rate is hits by regions, and 0 for an empty input") {
  bedtok::MappingReport report;
  CHECK(report.hit_rate() == 0.0);
  report.regions = 8;
  report.hits = 2;
  CHECK(report.hit_rate() == 0.25);
}

TEST_CASE("a report as text names totals, chromosomes and the likely cause") {
  bedtok::MappingReport report;
  CHECK(to_text(report) == "0 of 0 regions hit (0.0 %), 0 tokens, 0 distinct");
  report.regions = 3;
  report.hits = 2;
  report.tokens = 5;
  report.distinct_tokens = 4;
  report.chroms = {{"chr1", true, 2, 2, 0}, {"17", false, 1, 0, 0}};
  report.likely_cause = "another naming";
  CHECK(to_text(report) ==
        "2 of 3 regions hit (66.7 %), 5 tokens, 4 distinct\n"
        "  chr1: 2 of 2\n"
        "  17: 0 of 1, not in the vocabulary\n"
        "likely cause: another naming");
}

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

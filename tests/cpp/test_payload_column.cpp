// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/detail/payload_column.hpp>
#include <string>

#include "catch.hpp"

using bedtok::Rest;
using bedtok::detail::PayloadColumn;

TEST_CASE("a column without rows stands for a default in every row") {
  const PayloadColumn<Rest> rest;
  CHECK(rest.empty());
  CHECK_FALSE(rest.get(1000).has_value());
  CHECK(rest.view(1000).empty());
  CHECK(PayloadColumn<int>().get(5) == 0);
}

TEST_CASE("texts come back row by row, an empty one as none") {
  PayloadColumn<Rest> rest;
  rest.push_back(std::string_view("peak1\t5"));
  rest.push_back(Rest{});
  rest.push_back(Rest{"x"});
  REQUIRE(rest.size() == 3);
  CHECK(rest.get(0) == Rest{"peak1\t5"});
  CHECK(rest.get(1) == Rest{});
  CHECK(rest.view(2) == "x");
}

TEST_CASE("rows without a text can be put in front of the first one") {
  PayloadColumn<Rest> rest;
  rest.start_at(2);
  rest.push_back(std::string_view("late"));
  CHECK(rest.size() == 3);
  CHECK(rest.get(0) == Rest{});
  CHECK(rest.get(1) == Rest{});
  CHECK(rest.get(2) == Rest{"late"});
}

TEST_CASE("rows are copied from another column, whatever they hold") {
  PayloadColumn<double> scores;
  scores.push_back(1.5);
  PayloadColumn<double> others;
  others.push_back_from(scores, 0);
  others.push_back_from(PayloadColumn<double>(), 9);
  CHECK(others.get(0) == 1.5);
  CHECK(others.get(1) == 0.0);
  PayloadColumn<bool> flags;
  flags.push_back(true);
  CHECK(flags.get(0));
}

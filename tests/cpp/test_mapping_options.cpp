// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/mapping_options.hpp>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "catch.hpp"
#include "support.hpp"

using bedtok::ConfigError;
using bedtok::FractionOf;
using bedtok::MappingOptions;
using bedtok::OnMiss;
using bedtok::TokenOrder;

TEST_CASE("the default options are those of the pre-trained models") {
  const MappingOptions options;
  CHECK(options.min_overlap == 0);
  CHECK(options.min_fraction == 0.0);
  CHECK(options.fraction_of == FractionOf::query);
  CHECK_FALSE(options.best_overlap);
  CHECK_FALSE(options.unique);
  CHECK(options.order == TokenOrder::input);
  CHECK(options.on_miss == OnMiss::drop);
  CHECK(options.chrom_aliases == bedtok::ChromAliases());
  options.check();
}

TEST_CASE("min_fraction lies in 0 to 1") {
  MappingOptions options;
  for (const double good : {0.0, 0.5, 1.0}) {
    options.min_fraction = good;
    CHECK_NOTHROW(options.check());
  }
  options.min_fraction = 1.5;
  CHECK(support::message_of<ConfigError>([&] { options.check(); }) ==
        "min_fraction is 1.500000, expected a number from 0 to 1");
  for (const double bad : {-0.1, 1.0000001, std::numeric_limits<double>::quiet_NaN(),
                           std::numeric_limits<double>::infinity()}) {
    options.min_fraction = bad;
    CHECK_THROWS_AS(options.check(), ConfigError);
  }
}

TEST_CASE("low_hit_rate lies in 0 to 1, or is none") {
  MappingOptions options;
  CHECK(options.low_hit_rate == 0.2);
  options.low_hit_rate = std::nullopt;
  CHECK_NOTHROW(options.check());
  options.low_hit_rate = 1.5;
  CHECK(support::message_of<ConfigError>([&] { options.check(); }) ==
        "low_hit_rate is 1.500000, expected a number from 0 to 1");
}

TEST_CASE("each choice has its option's name and its words, in the order of the enumerators") {
  using bedtok::parse_enum;
  using support::message_of;
  CHECK(message_of<ConfigError>([] { parse_enum<OnMiss>("skip"); }) ==
        "on_miss is 'skip', expected one of: drop, unk, error");
  CHECK(message_of<ConfigError>([] { parse_enum<TokenOrder>("Input"); }) ==
        "order is 'Input', expected one of: input, vocabulary");
  CHECK(message_of<ConfigError>([] { parse_enum<FractionOf>(""); }) ==
        "fraction_of is '', expected one of: query, vocabulary, either");
  CHECK(bedtok::enum_name(OnMiss::error) == "error");
  CHECK(bedtok::enum_name(TokenOrder::vocabulary) == "vocabulary");
  CHECK(bedtok::enum_name(FractionOf::either) == "either");
}

TEST_CASE("options differ when any one of them does") {
  const MappingOptions defaults;
  CHECK(defaults == MappingOptions());
  std::vector<MappingOptions> changed(9);
  changed[0].min_overlap = 1;
  changed[1].min_fraction = 0.5;
  changed[2].fraction_of = FractionOf::either;
  changed[3].best_overlap = true;
  changed[4].unique = true;
  changed[5].order = TokenOrder::vocabulary;
  changed[6].on_miss = OnMiss::unk;
  changed[7].chrom_aliases = bedtok::ChromAliases::to_style("ucsc");
  changed[8].low_hit_rate = std::nullopt;
  for (const MappingOptions& options : changed) CHECK(options != defaults);
}

TEST_CASE("each option is visited once, under its name") {
  std::vector<std::string> names;
  MappingOptions options;
  options.unique = true;
  std::string changed;
  MappingOptions::visit([&](const char* name, auto member) {
    names.emplace_back(name);
    if (!(options.*member == MappingOptions().*member)) changed += name;
  });
  CHECK(names == std::vector<std::string>{"min_overlap", "min_fraction", "fraction_of",
                                          "best_overlap", "unique", "order", "on_miss",
                                          "chrom_aliases", "low_hit_rate"});
  CHECK(changed == "unique");
}

TEST_CASE("every overlap is a hit unless an option asks for more of it") {
  MappingOptions options;
  options.unique = true;
  options.fraction_of = FractionOf::either;
  options.on_miss = OnMiss::unk;
  CHECK(options.every_overlap());
  for (const int changed : {0, 1, 2}) {
    MappingOptions other = options;
    if (changed == 0) other.min_overlap = 1;
    if (changed == 1) other.min_fraction = 0.5;
    if (changed == 2) other.best_overlap = true;
    CHECK_FALSE(other.every_overlap());
  }
}

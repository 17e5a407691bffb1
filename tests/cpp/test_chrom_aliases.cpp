// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/chrom_aliases.hpp>
#include <string>
#include <utility>

#include "catch.hpp"
#include "support.hpp"

using bedtok::ChromAliases;

TEST_CASE("aliases are off by default") {
  const ChromAliases none;
  CHECK(none.style() == ChromAliases::Style::none);
  CHECK(none.translate("1").empty());
  CHECK(none.translate("chr1").empty());
}

TEST_CASE("ucsc puts chr in front of primary chromosomes, and MT is chrM") {
  const auto aliases = ChromAliases::to_style("ucsc");
  const auto pair = GENERATE(table<std::string, std::string>({
      {"1", "chr1"},
      {"17", "chr17"},
      {"X", "chrX"},
      {"Y", "chrY"},
      {"MT", "chrM"},
      {"M", "chrM"},
      {"2L", "chr2L"},
      {"XVI", "chrXVI"},
      {"chr1", ""},
      {"GL000192.1", ""},
      {"KI270728.1", ""},
      {"123456", ""},
      {"1_alt", ""},
      {"", ""},
  }));
  INFO(std::get<0>(pair));
  CHECK(aliases.translate(std::get<0>(pair)) == std::get<1>(pair));
}

TEST_CASE("ensembl takes chr away from primary chromosomes, and chrM is MT") {
  const auto aliases = ChromAliases::to_style("ensembl");
  const auto pair = GENERATE(table<std::string, std::string>({
      {"chr1", "1"},
      {"chr22", "22"},
      {"chrX", "X"},
      {"chrM", "MT"},
      {"chrMT", "MT"},
      {"chr3R", "3R"},
      {"1", ""},
      {"chr", ""},
      {"chrUn_GL000195v1", ""},
      {"", ""},
  }));
  INFO(std::get<0>(pair));
  CHECK(aliases.translate(std::get<0>(pair)) == std::get<1>(pair));
}

TEST_CASE("ucsc and ensembl undo each other") {
  const auto ucsc = ChromAliases::to_style("ucsc");
  const auto ensembl = ChromAliases::to_style("ensembl");
  for (const std::string name : {"1", "22", "X", "Y", "MT", "2R", "IV", "W", "Z"}) {
    CHECK(ensembl.translate(ucsc.translate(name)) == name);
  }
}

TEST_CASE("a map translates what it lists and nothing else") {
  const auto aliases = ChromAliases::from_map({{"NC_000001.11", "chr1"}});
  CHECK(aliases.translate("NC_000001.11") == "chr1");
  CHECK(aliases.translate("1").empty());
  CHECK(aliases.names().size() == 1);
}

TEST_CASE("a style that is not known is refused by name") {
  CHECK(support::message_of<bedtok::ConfigError>([] { ChromAliases::to_style("ncbi"); }) ==
        "chrom_aliases is 'ncbi', expected ucsc, ensembl, or a map from names to names");
}

TEST_CASE("aliases are equal when style and names are") {
  CHECK(ChromAliases::to_style("ucsc") == ChromAliases::to_style("ucsc"));
  CHECK_FALSE(ChromAliases::to_style("ucsc") == ChromAliases::to_style("ensembl"));
  CHECK_FALSE(ChromAliases::from_map({{"a", "b"}}) == ChromAliases::from_map({{"a", "c"}}));
}

// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/io/config.hpp>
#include <filesystem>
#include <random>
#include <string>
#include <system_error>

#include "catch.hpp"
#include "naive_tokenizer.hpp"
#include "support_io.hpp"

using bedtok::ConfigError;
using bedtok::MappingOptions;
using bedtok::SpecialRole;
using bedtok::SpecialTokens;
using bedtok::io::options_from_json;
using bedtok::io::options_to_json;
using bedtok::io::parse_json_object;
using bedtok::io::parse_universe_config;
using bedtok::io::toml_to_json;
using support::message_of;

namespace {

std::string refused_options(const std::string& text) {
  return message_of<ConfigError>(
      [&] { options_from_json(parse_json_object(text, "c.json"), "c.json"); });
}

std::string refused_config(const std::string& text) {
  return message_of<ConfigError>([&] { parse_universe_config(text, "dir/c.toml"); });
}

}  // namespace

TEST_CASE("the text of a file is read whole") {
  const support::TemporaryFolder folder;
  const std::string text(50000, 'x');
  CHECK(bedtok::io::read_text(folder.file("a", text)) == text);
  CHECK(bedtok::io::read_text(folder.file("b", "")).empty());
  CHECK_THROWS_AS(bedtok::io::read_text(folder.path() / "c"), std::filesystem::filesystem_error);
}

TEST_CASE("text that is no JSON object is refused with its place") {
  const auto refused = [](const std::string& text) {
    return message_of<ConfigError>([&] { parse_json_object(text, "c.json"); });
  };
  CHECK(refused("{\"a\": }") == "c.json: not JSON at byte 7, expected a JSON object");
  CHECK(refused("") == "c.json: not JSON at byte 1, expected a JSON object");
  CHECK(refused("[1]") == "c.json: holds a JSON array, expected a JSON object");
  CHECK(refused("3") == "c.json: holds a JSON number, expected a JSON object");
  for (const char* text :
       {"{\"a\": 1} x", "{\"a\": 1", "{'a': 1}", "{\"a\": \"\xE4\"}", "{\"a\": 1e9999}"}) {
    INFO(text);
    CHECK(refused(text).rfind("c.json: ", 0) == 0);
  }
  CHECK(refused("{\"a\": [1e9999]}") ==
        "c.json: holds a number beyond the largest double, expected smaller ones");
}

TEST_CASE("JSON that is nested without end is refused and crashes nothing") {
  for (const char* open : {"[", "{\"a\":"}) {
    std::string text = "{\"mapping\": ";
    for (int i = 0; i < 300000; ++i) text += open;
    CHECK_THROWS_AS(parse_json_object(text, "c.json"), ConfigError);
  }
  std::string text = "{\"mapping\": " + std::string(300000, '[') + std::string(300000, ']') + "}";
  CHECK(message_of<ConfigError>([&] { parse_json_object(text, "c.json"); }) ==
        "c.json: nested more than 100 levels deep, expected a tokenizer's settings");
}

TEST_CASE("options at their defaults are saved as nothing") {
  CHECK(options_to_json(MappingOptions()).empty());
  CHECK(options_from_json(parse_json_object("{}", "x"), "x") == MappingOptions());
}

TEST_CASE("options are saved under their names") {
  MappingOptions options;
  options.min_overlap = 5;
  options.min_fraction = 0.5;
  options.fraction_of = bedtok::FractionOf::either;
  options.best_overlap = true;
  options.unique = true;
  options.order = bedtok::TokenOrder::vocabulary;
  options.on_miss = bedtok::OnMiss::error;
  options.chrom_aliases = bedtok::ChromAliases::from_map({{"1", "chr1"}});
  CHECK(options_to_json(options).dump() ==
        R"({"min_overlap":5,"min_fraction":0.5,"fraction_of":"either","best_overlap":true,)"
        R"("unique":true,"order":"vocabulary","on_miss":"error","chrom_aliases":{"1":"chr1"}})");
}

TEST_CASE("random options read back as they were saved") {
  std::mt19937_64 random(101);
  for (int round = 0; round < 500; ++round) {
    const MappingOptions options = support::random_options(random);
    const std::string text = options_to_json(options).dump();
    REQUIRE(options_from_json(parse_json_object(text, "x"), "x") == options);
  }
}

TEST_CASE("an option that is not known, or has another type or value, is refused by name") {
  CHECK(refused_options(R"({"min_overlaps": 5})") ==
        "c.json: mapping has no option 'min_overlaps', expected min_overlap, min_fraction, "
        "fraction_of, best_overlap, unique, order, on_miss or chrom_aliases");
  CHECK(refused_options(R"({"min_overlap": -5})") ==
        "c.json: min_overlap is -5, expected a whole number from 0 on");
  CHECK(refused_options(R"({"min_overlap": 1.5})") ==
        "c.json: min_overlap is 1.5, expected a whole number from 0 on");
  CHECK(refused_options(R"({"min_fraction": "half"})") ==
        "c.json: min_fraction is \"half\", expected a number from 0 to 1");
  CHECK(refused_options(R"({"min_fraction": 2})") ==
        "c.json: min_fraction is 2.000000, expected a number from 0 to 1");
  CHECK(refused_options(R"({"fraction_of": "both"})") ==
        "c.json: fraction_of is 'both', expected one of: query, vocabulary, either");
  CHECK(refused_options(R"({"best_overlap": 1})") ==
        "c.json: best_overlap is 1, expected true or false");
  CHECK(refused_options(R"({"unique": null})") == "c.json: unique is null, expected true or false");
  CHECK(refused_options(R"({"order": "input "})") ==
        "c.json: order is 'input ', expected one of: input, vocabulary");
  CHECK(refused_options(R"({"on_miss": true})") == "c.json: on_miss is true, expected a text");
  CHECK(refused_options(R"({"chrom_aliases": "ncbi"})") ==
        "c.json: chrom_aliases is 'ncbi', expected ucsc, ensembl, or a map from names to names");
  CHECK(refused_options(R"({"chrom_aliases": {"1": 5}})") ==
        "c.json: chrom_aliases.1 is 5, expected a text");
  CHECK(message_of<ConfigError>([] { options_from_json(bedtok::io::Json(5), "c.json"); }) ==
        "c.json: mapping is 5, expected an object");
}

TEST_CASE("spellings are texts or Hugging Face's objects, and other keys belong to others") {
  SpecialTokens tokens;
  bedtok::io::read_spellings(
      parse_json_object(
          R"({"unk_token": "[UNK]", "pad_token": {"content": "[PAD]", "lstrip": false},
              "cls_token": null, "tokenizer_class": 5, "additional": []})",
          "c.json"),
      "c.json", tokens);
  CHECK(tokens[SpecialRole::unk] == "[UNK]");
  CHECK(tokens[SpecialRole::pad] == "[PAD]");
  CHECK(tokens[SpecialRole::cls] == "<cls>");
}

TEST_CASE("a spelling of another type is refused by name") {
  SpecialTokens tokens;
  const auto refused = [&](const std::string& text) {
    return message_of<ConfigError>(
        [&] { bedtok::io::read_spellings(parse_json_object(text, "c.json"), "c.json", tokens); });
  };
  CHECK(refused(R"({"mask_token": 5})") == "c.json: mask_token is 5, expected a text");
  CHECK(refused(R"({"mask_token": {"content": []}})") ==
        "c.json: mask_token.content is [], expected a text");
  CHECK(refused(R"({"mask_token": {"contents": "x"}})") ==
        "c.json: mask_token is {\"contents\":\"x\"}, expected a text");
}

TEST_CASE("a universe configuration names its BED file, special tokens and tokenizer type") {
  const auto config = parse_universe_config(
      R"({"universe": "universe.bed.gz", "tokenizer_type": "bits",
          "special_tokens": [{"name": "unk", "token": "[UNK]"},
                             {"name": "sep", "token": "[SEP]"}]})",
      "dir/config.toml");
  CHECK(config.universe == std::filesystem::path("dir") / "universe.bed.gz");
  CHECK(config.special_tokens[SpecialRole::unk] == "[UNK]");
  CHECK(config.special_tokens[SpecialRole::sep] == "[SEP]");
  CHECK(config.special_tokens[SpecialRole::pad] == "<pad>");
  CHECK(parse_universe_config(R"({"universe": "/x/u.bed", "tokenizer_type": "ailist"})", "dir/c")
            .universe == "/x/u.bed");
}

TEST_CASE("all else in a universe configuration is refused by name") {
  CHECK(refused_config("{}") == "dir/c.toml: universe is missing, expected the name of a BED file");
  CHECK(refused_config(R"({"universe": ["a.bed"]})") ==
        "dir/c.toml: universe is [\"a.bed\"], expected a text");
  CHECK(refused_config(R"({"universe": "u", "tokenizer_type": "bpe"})") ==
        "dir/c.toml: tokenizer_type is 'bpe', expected bits or ailist");
  CHECK(refused_config(R"({"universe": "u", "exclude_ranges": 1})") ==
        "dir/c.toml: the key 'exclude_ranges' is not known, expected universe, special_tokens or "
        "tokenizer_type");
  CHECK(
      refused_config(R"({"universe": "u", "special_tokens": {"unk": "x"}})") ==
      "dir/c.toml: special_tokens is {\"unk\":\"x\"}, expected a list like [{name = \"unk\", token "
      "= \"<unk>\"}]");
  CHECK(refused_config(R"({"universe": "u", "special_tokens": [{"name": "unk"}]})") ==
        "dir/c.toml: special_tokens has {\"name\":\"unk\"}, expected an entry with name and token");
  CHECK(refused_config(R"({"universe": "u", "special_tokens": [{"name": "foo", "token": "x"}]})") ==
        "dir/c.toml: special_tokens names 'foo', expected unk, pad, mask, cls, eos, bos or sep");
  CHECK(refused_config(R"({"universe": "u", "special_tokens": [{"name": "unk", "token": 1}]})") ==
        "dir/c.toml: special_tokens.token is 1, expected a text");
}

#if defined(BEDTOK_USE_TOMLPLUSPLUS)
TEST_CASE("a TOML file becomes JSON of the same content") {
  const support::TemporaryFolder folder;
  const auto path = folder.file("c.toml",
                                "universe = \"u.bed\"\ntokenizer_type = \"bits\"\n"
                                "[[special_tokens]]\nname = \"unk\"\ntoken = \"[U]\"\n");
  const auto config = parse_universe_config(toml_to_json(path), path);
  CHECK(config.universe == folder.path() / "u.bed");
  CHECK(config.special_tokens[SpecialRole::unk] == "[U]");
}

TEST_CASE("a file that is not TOML is refused with its line") {
  const support::TemporaryFolder folder;
  const auto refused = [&](const std::string& text) {
    const auto path = folder.file("c.toml", text);
    const std::string message = message_of<ConfigError>([&] { toml_to_json(path); });
    REQUIRE(message.rfind(path.string(), 0) == 0);
    return message.substr(path.string().size());
  };
  CHECK(refused("universe = \"u\"\nx = \n").rfind(":2: not TOML: ", 0) == 0);
  CHECK(refused("x = 1\nx = 2\n").rfind(":2: not TOML: ", 0) == 0);
  CHECK(refused("chr1\t1\t2\n").rfind(":1: not TOML: ", 0) == 0);
  CHECK(refused("x = " + std::string(100000, '[')).rfind(":1: not TOML: ", 0) == 0);
  CHECK(refused("x = \"\xE4\"\n").rfind(":1: not TOML: ", 0) == 0);
}
#else
TEST_CASE("without toml++ a TOML file is refused with the remedy") {
  CHECK(message_of<ConfigError>([] { toml_to_json("c.toml"); }) ==
        "c.toml: TOML needs toml++, which this program was built without: install it and configure "
        "again, or save the tokenizer by save_pretrained");
}
#endif

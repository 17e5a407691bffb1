// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/io/tokenizer_config.hpp>
#include <random>
#include <string>
#include <vector>

#include "catch.hpp"
#include "naive_tokenizer.hpp"
#include "random_settings.hpp"
#include "support_io.hpp"

using bedtok::ConfigError;
using bedtok::MappingOptions;
using bedtok::SequenceOptions;
using bedtok::Side;
using bedtok::SpecialRole;
using bedtok::SpecialTokens;
using bedtok::io::options_from_json;
using bedtok::io::options_to_json;
using bedtok::io::parse_json_object;
using bedtok::io::sequence_to_json;
using bedtok::io::special_tokens_to_json;
using support::message_of;
using Spellings = std::vector<std::string>;

namespace {

std::string refused_options(const std::string& text) {
  return message_of<ConfigError>(
      [&] { options_from_json(parse_json_object(text, "c.json"), "c.json"); });
}

SequenceOptions sequence_of(const std::string& text) {
  return bedtok::io::sequence_from_json(parse_json_object(text, "c.json"), "c.json");
}

/// The special tokens of a folder's files.
SpecialTokens tokens_of(const Spellings& files) {
  bedtok::io::SpecialTokensReader reader;
  for (const std::string& text : files) reader.read(text, "c.json");
  return reader.tokens();
}

}  // namespace

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
        "fraction_of, best_overlap, unique, order, on_miss, chrom_aliases or low_hit_rate");
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

TEST_CASE("sequence options at their defaults are saved as nothing") {
  CHECK(sequence_to_json(SequenceOptions()).dump() == "{}");
  CHECK(sequence_of("{}") == SequenceOptions());
}

TEST_CASE("sequence options are saved under Hugging Face's names") {
  SequenceOptions options;
  options.before = {"<cls>", "<mask>"};
  options.after = {"<eos>"};
  options.model_max_length = 512;
  options.padding_side = Side::left;
  options.truncation_side = Side::left;
  CHECK(sequence_to_json(options).dump() ==
        R"({"template":["<cls>","<mask>","$A","<eos>"],"model_max_length":512,)"
        R"("padding_side":"left","truncation_side":"left"})");
  options = SequenceOptions();
  options.after = {"<eos>"};
  CHECK(sequence_to_json(options).dump() == R"({"template":["$A","<eos>"]})");
}

TEST_CASE("random sequence options read back as they were saved") {
  std::mt19937_64 random(102);
  for (int round = 0; round < 300; ++round) {
    const SequenceOptions options = support::random_sequence_options(random, SpecialTokens());
    REQUIRE(sequence_of(sequence_to_json(options).dump()) == options);
  }
}

TEST_CASE("null is the default of sequence options, and other keys belong to others") {
  CHECK(sequence_of(R"({"template": null, "model_max_length": null, "padding_side": null,
                        "truncation_side": null, "max_length": "x", "mapping": 5})") ==
        SequenceOptions());
  CHECK(sequence_of(R"({"template": ["$A"], "padding_side": "right"})") == SequenceOptions());
}

TEST_CASE("a length of the model that is beyond all use is none") {
  const auto length = [](const std::string& number) {
    return sequence_of("{\"model_max_length\": " + number + "}").model_max_length;
  };
  CHECK(length("1") == 1);
  CHECK(length("8192") == 8192);
  CHECK(length("999999999999999") == 999999999999999);
  // The last two are Hugging Face's int(1e30), as Python and as JavaScript write it.
  for (const char* none : {"1000000000000000", "18446744073709551615", "1e15",
                           "1000000000000000019884624838656", "1e+30"}) {
    INFO(none);
    CHECK_FALSE(length(none).has_value());
  }
}

TEST_CASE("sequence options of another type or value are refused by name") {
  const auto refused = [](const std::string& text) {
    return message_of<ConfigError>([&] { sequence_of(text); });
  };
  const std::string list = ", expected a list like [\"<cls>\", \"$A\", \"<eos>\"]";
  for (const char* bad : {R"("<cls> $A")", "[]", R"(["<cls>"])", R"(["$A","$A"])", R"(["$A",5])",
                          R"({"$A":1})", R"([["$A"]])"}) {
    CHECK(refused("{\"template\": " + std::string(bad) + "}") ==
          "c.json: template is " + std::string(bad) + list);
  }
  for (const char* bad : {"0", "-1", "1.5", "512.0", "0.5", "-1e+30", "\"512\"", "true", "[512]"}) {
    CHECK(refused("{\"model_max_length\": " + std::string(bad) + "}") ==
          "c.json: model_max_length is " + std::string(bad) +
              ", expected a number of tokens from 1");
  }
  CHECK(refused(R"({"padding_side": "both"})") ==
        "c.json: padding_side is 'both', expected one of: right, left");
  CHECK(refused(R"({"truncation_side": "Left"})") ==
        "c.json: truncation_side is 'Left', expected one of: right, left");
  CHECK(refused(R"({"padding_side": 1})") == "c.json: padding_side is 1, expected a text");
  CHECK(refused(R"({"truncation_side": ["left"]})") ==
        "c.json: truncation_side is [\"left\"], expected a text");
}

TEST_CASE("special tokens in their own places are saved only by role, all others also as a list") {
  SpecialTokens tokens;
  tokens.set(SpecialRole::pad, "[PAD]");
  const std::string roles = R"({"unk_token":"<unk>","pad_token":"[PAD]","mask_token":"<mask>",)"
                            R"("cls_token":"<cls>","eos_token":"<eos>","bos_token":"<bos>",)"
                            R"("sep_token":"<sep>")";
  const std::string list =
      R"(,"special_tokens":["<unk>","[PAD]","<mask>","<cls>","<eos>","<bos>","<sep>")";
  CHECK(special_tokens_to_json(tokens).dump() == roles + "}");
  SpecialTokens added = tokens;
  added.add("<new>");
  CHECK(special_tokens_to_json(added).dump() == roles + list + R"(,"<new>"]})");
  SpecialTokens shared = tokens;
  shared.assign(SpecialRole::sep, "<eos>");
  const auto json = special_tokens_to_json(shared);
  CHECK(json["sep_token"] == "<eos>");
  CHECK(json["special_tokens"].size() == 7);
}

TEST_CASE("random special tokens read back as they were saved") {
  std::mt19937_64 random(103);
  for (int round = 0; round < 300; ++round) {
    const SpecialTokens tokens = support::random_special_tokens(random);
    const std::string text = special_tokens_to_json(tokens).dump();
    REQUIRE(tokens_of({text}) == tokens);
    // A folder says the roles twice, and may say all twice.
    auto roles = special_tokens_to_json(tokens);
    roles.erase("special_tokens");
    REQUIRE(tokens_of({text, roles.dump()}) == tokens);
    REQUIRE(tokens_of({text, text}) == tokens);
  }
}

TEST_CASE("spellings are texts or Hugging Face's objects, and other keys belong to others") {
  const SpecialTokens tokens =
      tokens_of({R"({"unk_token": "[UNK]", "pad_token": {"content": "[PAD]", "lstrip": false},
           "cls_token": null, "special_tokens": null, "additional_special_tokens": null,
           "extra_special_tokens": null, "tokenizer_class": 5, "additional": []})"});
  SpecialTokens expected;
  expected.set(SpecialRole::unk, "[UNK]");
  expected.set(SpecialRole::pad, "[PAD]");
  CHECK(tokens == expected);
}

TEST_CASE("the list of special tokens gives them their places, and roles are given from it") {
  const SpecialTokens tokens =
      tokens_of({R"({"cls_token": "i", "sep_token": {"content": "e"}, "bos_token": null,
           "special_tokens": ["a", "b", "c", "d", {"content": "e"}, "f", "g", "h", "i"]})"});
  CHECK(tokens.spellings() == Spellings{"a", "b", "c", "d", "e", "f", "g", "h", "i"});
  CHECK(tokens.position(SpecialRole::unk) == 0);
  CHECK(tokens.position(SpecialRole::cls) == 8);
  CHECK(tokens.position(SpecialRole::sep) == 4);
  CHECK(tokens.position(SpecialRole::eos) == 4);
  CHECK(tokens.position(SpecialRole::bos) == 5);
}

TEST_CASE("tokens beyond the roles are added under Hugging Face's older and newer name") {
  const auto added = [](const std::string& text) {
    Spellings spellings = tokens_of({text}).spellings();
    spellings.erase(spellings.begin(), spellings.begin() + 7);
    return spellings;
  };
  CHECK(added(R"({"additional_special_tokens": ["<a>", {"content": "<b>", "rstrip": true}]})") ==
        Spellings{"<a>", "<b>"});
  CHECK(added(R"({"extra_special_tokens": ["<a>", {"content": "<b>"}]})") ==
        Spellings{"<a>", "<b>"});
  CHECK(added(R"({"extra_special_tokens": {"image_token": "<b>", "celltype_token":
                  {"content": "<a>"}}})") == Spellings{"<b>", "<a>"});
  CHECK(
      added(R"({"extra_special_tokens": ["<c>"], "additional_special_tokens": ["<a>", "<c>"]})") ==
      Spellings{"<a>", "<c>"});
  CHECK(added(R"({"additional_special_tokens": []})").empty());
  // A role's token is one already. It keeps its place; so does what an earlier file added.
  CHECK(added(R"({"additional_special_tokens": ["[CLS]", "<a>"], "cls_token": "[CLS]"})") ==
        Spellings{"<a>"});
  CHECK(tokens_of({R"({"additional_special_tokens": ["<a>"]})",
                   R"({"additional_special_tokens": ["<b>", "<a>"]})"})
            .spellings()
            .size() == 9);
  // The list that bedtok writes has all of them.
  CHECK(tokens_of({R"({"special_tokens": ["a", "b", "c", "d", "e", "f", "g"]})",
                   R"({"additional_special_tokens": ["<a>"]})"})
            .size() == 7);
}

TEST_CASE("a later file has the last word on special tokens") {
  const std::string list = R"({"special_tokens": ["a", "b", "c", "d", "e", "f", "g", "h"],
                               "cls_token": "h"})";
  CHECK(tokens_of({R"({"cls_token": "x"})", R"({"cls_token": "y"})"})[SpecialRole::cls] == "y");
  CHECK(tokens_of({list, R"({"cls_token": "d"})"}).position(SpecialRole::cls) == 3);
  CHECK(tokens_of({R"({"additional_special_tokens": ["x"]})", list}) == tokens_of({list}));
}

TEST_CASE("special tokens of another type or value are refused by name") {
  const auto refused = [&](const std::string& text) {
    return message_of<ConfigError>([&] { tokens_of({text}); });
  };
  CHECK(refused(R"({"mask_token": 5})") == "c.json: mask_token is 5, expected a text");
  CHECK(refused(R"({"mask_token": {"content": []}})") ==
        "c.json: mask_token.content is [], expected a text");
  CHECK(refused(R"({"mask_token": {"contents": "x"}})") ==
        "c.json: mask_token is {\"contents\":\"x\"}, expected a text");
  CHECK(refused(R"({"mask_token": ""})") ==
        "c.json: mask_token has an empty spelling, expected a text like <new>");

  CHECK(refused(R"({"special_tokens": "<a>"})") ==
        "c.json: special_tokens is \"<a>\", expected a list of 7 texts or more");
  const std::string object = R"({"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7})";
  CHECK(refused("{\"special_tokens\": " + object + "}") ==
        "c.json: special_tokens is " + object + ", expected a list of 7 texts or more");
  CHECK(
      refused(R"({"special_tokens": ["a", "b", "c", "d", "e", "f"]})") ==
      R"(c.json: special_tokens is ["a","b","c","d","e","f"], expected a list of 7 texts or more)");
  CHECK(refused(R"({"special_tokens": ["a", "b", "c", "d", "e", "f", 7]})") ==
        "c.json: special_tokens is 7, expected a text");
  CHECK(refused(R"({"special_tokens": ["a", "b", "c", "d", "e", "f", {"content": null}]})") ==
        "c.json: special_tokens.content is null, expected a text");
  CHECK(refused(R"({"special_tokens": ["a", "b", "c", "d", "e", "f", "g", ""]})") ==
        "c.json: special_tokens has an empty spelling, expected a text like <new>");
  CHECK(refused(R"({"special_tokens": ["a", "b", "c", "d", "e", "f", "g", "h", "b"]})") ==
        "c.json: special_tokens has 'b' twice, each token needs an id of its own");
  CHECK(refused(R"({"special_tokens": ["a", "b", "c", "d", "e", "f", "g"], "pad_token": "h"})") ==
        "c.json: pad_token is 'h', expected one of the list special_tokens");

  for (const std::string key : {"additional_special_tokens", "extra_special_tokens"}) {
    const auto refused_extra = [&](const std::string& value) {
      return refused("{\"" + key + "\": " + value + "}");
    };
    CHECK(refused_extra("[5]") == "c.json: " + key + " is 5, expected a text");
    CHECK(refused_extra("{\"a\": [\"<a>\"]}") ==
          "c.json: " + key + " is [\"<a>\"], expected a text");
    CHECK(refused_extra("[{\"content\": 1}]") ==
          "c.json: " + key + ".content is 1, expected a text");
    CHECK(refused_extra("[\"\"]") ==
          "c.json: " + key + " has an empty spelling, expected a text like <new>");
  }
}

TEST_CASE("an assembly is read with the place of what is wrong") {
  using bedtok::io::assembly_from_json;
  const auto read = [](const char* text) {
    return assembly_from_json(parse_json_object(text, "x"), "x");
  };
  CHECK(read("{}") == bedtok::Assembly());
  CHECK(read(R"({"genome": null, "chrom_sizes": null})") == bedtok::Assembly());
  const auto assembly = read(R"({"genome": "hg38", "chrom_sizes": {"chr1": 5}})");
  CHECK(assembly.genome == "hg38");
  CHECK(assembly.chrom_sizes.at("chr1") == 5);
  CHECK(bedtok::io::assembly_to_json(assembly).dump() ==
        R"({"genome":"hg38","chrom_sizes":{"chr1":5}})");
  CHECK(bedtok::io::assembly_to_json({}).dump() == "{}");
  CHECK(message_of<ConfigError>([&] { read(R"({"genome": 5})"); }) ==
        "x: genome is 5, expected a text");
  CHECK(message_of<ConfigError>([&] { read(R"({"chrom_sizes": [5]})"); }) ==
        "x: chrom_sizes is [5], expected an object of lengths by chromosome");
  CHECK(message_of<ConfigError>([&] { read(R"({"chrom_sizes": {"chr1": -5}})"); }) ==
        "x: chrom_sizes.chr1 is -5, expected a whole number from 0 on");
}

TEST_CASE("low_hit_rate is a number or null") {
  const auto rate = [](const char* text) {
    return options_from_json(parse_json_object(text, "x"), "x").low_hit_rate;
  };
  CHECK(rate("{}") == 0.2);
  CHECK(rate(R"({"low_hit_rate": null})") == std::nullopt);
  CHECK(rate(R"({"low_hit_rate": 0.5})") == 0.5);
  CHECK(message_of<ConfigError>([&] { rate(R"({"low_hit_rate": "x"})"); }) ==
        "x: low_hit_rate is \"x\", expected a number from 0 to 1, or null");
  MappingOptions options;
  options.low_hit_rate = std::nullopt;
  CHECK(options_to_json(options).dump() == R"({"low_hit_rate":null})");
}

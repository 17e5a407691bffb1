// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/io/pretrained.hpp>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <random>
#include <string>
#include <system_error>
#include <vector>

#include "catch.hpp"
#include "naive_tokenizer.hpp"
#include "random_settings.hpp"
#include "support_io.hpp"

using bedtok::ConfigError;
using bedtok::MappingOptions;
using bedtok::RegionSet;
using bedtok::SequenceOptions;
using bedtok::Side;
using bedtok::SpecialRole;
using bedtok::SpecialTokens;
using bedtok::Tokenizer;
using bedtok::VocabularyError;
using support::message_of;
namespace fs = std::filesystem;

namespace {

const std::string universe = "chr2\t5\t9\tname\nchr1\t0\t4\nchr1\t0\t3\n";
const RegionSet<> regions{{"chr2", 5, 9, {}}, {"chr1", 0, 4, {}}, {"chr1", 0, 3, {}}};

template <class Call>
std::error_code refusal(Call&& call) {
  try {
    call();
  } catch (const fs::filesystem_error& error) {
    return error.code();
  }
  return {};
}

}  // namespace

TEST_CASE("a vocabulary file keeps its order") {
  const support::TemporaryFolder folder;
  CHECK(Tokenizer<>::from_bed(folder.file("u.bed", universe)).vocabulary().regions() == regions);
  CHECK(Tokenizer<>::from_bed(folder.file("u", support::bgzip(universe, 10)))
            .vocabulary()
            .regions() == regions);
  MappingOptions options;
  options.unique = true;
  bedtok::SpecialTokens tokens;
  tokens.set(bedtok::SpecialRole::mask, "[MASK]");
  const auto tokenizer = Tokenizer<>::from_bed(folder.file("u.bed", universe), tokens, options);
  CHECK(tokenizer.options() == options);
  CHECK(tokenizer.special_tokens() == tokens);
}

TEST_CASE("a vocabulary file without regions is refused by name") {
  const support::TemporaryFolder folder;
  const auto path = folder.file("u.bed", "# nothing\n");
  CHECK(message_of<VocabularyError>([&] { Tokenizer<>::from_bed(path); }) ==
        path.string() +
            ": the vocabulary has no regions, expected at least one line of chromosome, start and "
            "end");
}

TEST_CASE("a folder with only universe.bed.gz or universe.bed loads, the former first") {
  const support::TemporaryFolder folder;
  folder.file("universe.bed", universe);
  CHECK(Tokenizer<>::from_pretrained(folder.path()) == Tokenizer<>(regions));
  folder.file("universe.bed.gz", support::gzip("chr1\t1\t2\n"));
  CHECK(Tokenizer<>::from_pretrained(folder.path()).vocab_size() == 8);
}

TEST_CASE("a saved tokenizer loads as it was") {
  const support::TemporaryFolder folder;
  SpecialTokens tokens;
  tokens.set(SpecialRole::unk, "[UNK] \xC3\xA4");
  MappingOptions options;
  options.best_overlap = true;
  options.chrom_aliases = bedtok::ChromAliases::from_map({{"1", "chr1"}});
  const Tokenizer<> tokenizer(regions, tokens, options);
  const auto target = folder.path() / "new" / "folder";
  CHECK(tokenizer.save_pretrained(target) ==
        std::vector<fs::path>{target / "universe.bed.gz", target / "tokenizer_config.json",
                              target / "special_tokens_map.json"});
  CHECK(Tokenizer<>::from_pretrained(target) == tokenizer);
  CHECK(Tokenizer<>::from_pretrained(target, MappingOptions()).options() == MappingOptions());
  CHECK(RegionSet<>::from_bed(target / "universe.bed.gz", false) == regions);

  const Tokenizer<> other(regions);
  other.save_pretrained(target);
  CHECK(Tokenizer<>::from_pretrained(target) == other);
}

TEST_CASE("a saved tokenizer keeps the ids of added tokens, moved roles, template and sides") {
  const support::TemporaryFolder folder;
  SpecialTokens tokens;
  tokens.add("<celltype>");
  tokens.assign(SpecialRole::cls, "<start>");
  tokens.assign(SpecialRole::sep, "<eos>");
  SequenceOptions sequence;
  sequence.before = {"<start>"};
  sequence.after = {"<eos>", "<celltype>"};
  sequence.model_max_length = 512;
  sequence.padding_side = Side::left;
  sequence.truncation_side = Side::left;
  MappingOptions options;
  options.unique = true;
  const Tokenizer<> tokenizer(regions, tokens, options, sequence);
  tokenizer.save_pretrained(folder.path());
  CHECK(support::bytes_of(folder.path() / "tokenizer_config.json") == R"({
  "tokenizer_class": "AtacformerTokenizer",
  "universe_digest": "00b1615235c90e23",
  "unk_token": "<unk>",
  "pad_token": "<pad>",
  "mask_token": "<mask>",
  "cls_token": "<start>",
  "eos_token": "<eos>",
  "bos_token": "<bos>",
  "sep_token": "<eos>",
  "special_tokens": [
    "<unk>",
    "<pad>",
    "<mask>",
    "<cls>",
    "<eos>",
    "<bos>",
    "<sep>",
    "<celltype>",
    "<start>"
  ],
  "template": [
    "<start>",
    "$A",
    "<eos>",
    "<celltype>"
  ],
  "model_max_length": 512,
  "padding_side": "left",
  "truncation_side": "left",
  "mapping": {
    "unique": true
  }
}
)");
  const auto roles = bedtok::io::parse_json_object(
      support::bytes_of(folder.path() / "special_tokens_map.json"), "roles");
  CHECK(roles.size() == 7);
  CHECK(roles["cls_token"] == "<start>");
  const auto loaded = Tokenizer<>::from_pretrained(folder.path());
  CHECK(loaded == tokenizer);
  CHECK(loaded.token_id(SpecialRole::cls) == 11);
  CHECK(loaded(RegionSet<>{{"chr1", 1, 2, {}}}).input_ids ==
        std::vector<bedtok::TokenId>{11, 2, 1, 7, 10});

  // Mapping options of the call replace those saved, and nothing else.
  const auto other = Tokenizer<>::from_pretrained(folder.path(), MappingOptions());
  CHECK(other == tokenizer.with_options({}, sequence));
}

TEST_CASE("a folder that Hugging Face wrote loads with its tokens, sides and length") {
  const support::TemporaryFolder folder;
  folder.file("universe.bed", universe);
  folder.file("tokenizer_config.json", R"({
    "added_tokens_decoder": {"3": {"content": "<unk>", "special": true}},
    "additional_special_tokens": ["<celltype>"],
    "clean_up_tokenization_spaces": true,
    "cls_token": "[CLS]",
    "extra_special_tokens": {},
    "mapping": {"best_overlap": true},
    "model_max_length": 1000000000000000019884624838656,
    "pad_token": null,
    "padding_side": "left",
    "tokenizer_class": "AtacformerTokenizer"})");
  folder.file("special_tokens_map.json", R"({
    "additional_special_tokens": [{"content": "<celltype>", "lstrip": false}],
    "cls_token": {"content": "[CLS]", "lstrip": false, "normalized": true}})");
  SpecialTokens tokens;
  tokens.set(SpecialRole::cls, "[CLS]");
  tokens.add("<celltype>");
  MappingOptions options;
  options.best_overlap = true;
  SequenceOptions sequence;
  sequence.padding_side = Side::left;
  CHECK(Tokenizer<>::from_pretrained(folder.path()) ==
        Tokenizer<>(regions, tokens, options, sequence));
}

TEST_CASE("the saved files are what Hugging Face and people read") {
  const support::TemporaryFolder folder;
  Tokenizer<>(regions).save_pretrained(folder.path());
  CHECK(folder.names() == std::vector<std::string>{"special_tokens_map.json",
                                                   "tokenizer_config.json", "universe.bed.gz"});
  CHECK(
      support::bytes_of(folder.path() / "special_tokens_map.json") ==
      "{\n  \"unk_token\": \"<unk>\",\n  \"pad_token\": \"<pad>\",\n  \"mask_token\": \"<mask>\",\n"
      "  \"cls_token\": \"<cls>\",\n  \"eos_token\": \"<eos>\",\n  \"bos_token\": \"<bos>\",\n"
      "  \"sep_token\": \"<sep>\"\n}\n");
  const auto config = bedtok::io::parse_json_object(
      support::bytes_of(folder.path() / "tokenizer_config.json"), "config");
  CHECK(config["tokenizer_class"] == "AtacformerTokenizer");
  CHECK(config["mask_token"] == "<mask>");
  CHECK_FALSE(config.contains("mapping"));
}

TEMPLATE_TEST_CASE("random tokenizers survive a round trip with their ids", "",
                   bedtok::OverlapIndex<std::uint32_t>, bedtok::OverlapIndex<std::uint64_t>) {
  using Coord = typename TestType::coord_type;
  std::mt19937_64 random(111);
  for (int round = 0; round < 20; ++round) {
    const support::TemporaryFolder folder;
    const auto tokens = support::random_special_tokens(random);
    const Tokenizer<TestType> tokenizer(support::random_regions<Coord>(random, 60, 4, 500, 40),
                                        tokens, support::random_options(random),
                                        support::random_sequence_options(random, tokens));
    tokenizer.save_pretrained(folder.path());
    const auto loaded = Tokenizer<TestType>::from_pretrained(folder.path());
    REQUIRE(loaded == tokenizer);
    REQUIRE(loaded.warning().empty());
    const auto input = support::random_regions<Coord>(random, 60, 4, 500, 40);
    REQUIRE(loaded(input, {}).input_ids == tokenizer(input, {}).input_ids);
  }
}

TEST_CASE("what is missing is named") {
  const support::TemporaryFolder folder;
  CHECK(refusal([&] { Tokenizer<>::from_pretrained(folder.path() / "missing"); }) ==
        std::errc::no_such_file_or_directory);
  CHECK(refusal([&] { Tokenizer<>::from_pretrained(folder.path()); }) ==
        std::errc::no_such_file_or_directory);
  CHECK(refusal([&] { Tokenizer<>::from_pretrained(folder.file("file", "")); }) ==
        std::errc::not_a_directory);
  CHECK(refusal([&] { Tokenizer<>::from_bed(folder.path() / "u.bed"); }) ==
        std::errc::no_such_file_or_directory);
  CHECK(refusal([&] { Tokenizer<>::from_bed(folder.path()); }) == std::errc::is_a_directory);
}

TEST_CASE("a folder's settings that are wrong are refused with file and value") {
  const support::TemporaryFolder folder;
  folder.file("universe.bed", universe);
  const auto load = [&] { Tokenizer<>::from_pretrained(folder.path()); };
  const std::string config = folder.file("tokenizer_config.json", "{").string();
  CHECK(message_of<ConfigError>(load) == config + ": not JSON at byte 2, expected a JSON object");
  folder.file("tokenizer_config.json", R"({"mapping": {"unik": true}})");
  CHECK(message_of<ConfigError>(load).rfind(config + ": mapping has no option 'unik'", 0) == 0);
  folder.file("tokenizer_config.json", R"({"pad_token": "<unk>"})");
  const std::string name = folder.path().string();
  CHECK(message_of<ConfigError>(load) == name +
                                             ": special tokens 'unk' and 'pad' are both spelled "
                                             "'<unk>', each needs a spelling of its own");
  folder.file("tokenizer_config.json", R"({"template": ["<start>", "$A"]})");
  CHECK(message_of<ConfigError>(load) ==
        name + ": the template has '<start>', which is not a special token of this tokenizer");
  folder.file("tokenizer_config.json", R"({"padding_side": "top"})");
  CHECK(message_of<ConfigError>(load) ==
        config + ": padding_side is 'top', expected one of: right, left");
  folder.file("tokenizer_config.json", "{}");
  const std::string map = folder.file("special_tokens_map.json", R"({"pad_token": 7})").string();
  CHECK(message_of<ConfigError>(load) == map + ": pad_token is 7, expected a text");
}

TEST_CASE(
    "saving over a file, or into a place that is not a folder, is an error of the file system") {
  const support::TemporaryFolder folder;
  const auto file = folder.file("file", "x");
  CHECK_THROWS_AS(Tokenizer<>(regions).save_pretrained(file), fs::filesystem_error);
  CHECK(support::bytes_of(file) == "x");
}

TEST_CASE("an assembly is saved, loaded and checked") {
  const support::TemporaryFolder folder;
  bedtok::Assembly assembly;
  assembly.genome = "hg38";
  assembly.chrom_sizes = {{"chr1", 4}, {"chr2", 10}};
  const Tokenizer<> tokenizer = Tokenizer<>(regions).with_assembly(assembly);
  CHECK(tokenizer.assembly() == assembly);
  CHECK(tokenizer != Tokenizer<>(regions));
  CHECK(tokenizer.with_options({}, {}).assembly() == assembly);
  CHECK(tokenizer.with_special_tokens({}).assembly() == assembly);
  tokenizer.save_pretrained(folder.path() / "saved");
  CHECK(Tokenizer<>::from_pretrained(folder.path() / "saved") == tokenizer);

  assembly.chrom_sizes["chr2"] = 8;
  CHECK(
      message_of<ConfigError>([&] { tokenizer.with_assembly(assembly); }) ==
      "chrom_sizes: chr2 is 8, but the vocabulary has a region that ends at 9; expected the sizes "
      "of the vocabulary's assembly");
}

TEST_CASE("a mixture of the files of two tokenizers is refused") {
  const support::TemporaryFolder folder;
  SpecialTokens other_tokens;
  other_tokens.set(SpecialRole::mask, "[M]");
  const Tokenizer<> old(RegionSet<>{{"chr1", 1, 2, {}}});
  const Tokenizer<> both(regions, other_tokens);
  const Tokenizer<> tokens(RegionSet<>{{"chr1", 1, 2, {}}}, other_tokens);
  // Whatever a save over `old` has written when it is interrupted: the config is the first.
  const auto load_after = [&](const Tokenizer<>& next, std::size_t written) {
    const fs::path at = folder.path() / "mixed";
    old.save_pretrained(at);
    next.save_pretrained(folder.path() / "next");
    const auto order = {"tokenizer_config.json", "universe.bed.gz", "special_tokens_map.json"};
    for (std::size_t i = 0; i < written; ++i) {
      fs::copy_file(folder.path() / "next" / order.begin()[i], at / order.begin()[i],
                    fs::copy_options::overwrite_existing);
    }
    return Tokenizer<>::from_pretrained(at);
  };
  const std::string remedy =
      " is not the one that tokenizer_config.json was saved with, expected the files of one "
      "tokenizer; was a save interrupted? Save it again, or remove tokenizer_config.json to load "
      "the regions only";
  const std::string at = (folder.path() / "mixed").string() + ": ";
  CHECK(load_after(both, 0) == old);
  CHECK(message_of<ConfigError>([&] { load_after(Tokenizer<>(regions), 1); }) ==
        at + "universe.bed.gz" + remedy);
  for (const std::size_t written : {1, 2}) {
    CHECK(message_of<ConfigError>([&] { load_after(both, written); }) ==
          at + "special_tokens_map.json" + remedy);
    CHECK(message_of<ConfigError>([&] { load_after(tokens, written); }) ==
          at + "special_tokens_map.json" + remedy);
  }
  CHECK(load_after(both, 3) == both);

  // Without the config the regions load, and an older config without a digest loads as before.
  load_after(both, 3);
  fs::remove(folder.path() / "mixed" / "tokenizer_config.json");
  CHECK(Tokenizer<>::from_pretrained(folder.path() / "mixed").vocabulary().regions() == regions);
  folder.file("mixed/tokenizer_config.json", R"({"mask_token": "<m>"})");
  CHECK(Tokenizer<>::from_pretrained(folder.path() / "mixed").special_tokens() == other_tokens);
}

TEST_CASE("a universe that was packed anew belongs to its config") {
  const support::TemporaryFolder folder;
  const Tokenizer<> tokenizer(regions);
  tokenizer.save_pretrained(folder.path());
  fs::remove(folder.path() / "universe.bed.gz");
  folder.file("universe.bed", universe);
  CHECK(Tokenizer<>::from_pretrained(folder.path()) == tokenizer);
}

#if !defined(_WIN32)
TEST_CASE("the next save removes the temporary files of processes that are gone, and no others") {
  const support::TemporaryFolder folder;
  const std::string own = bedtok::io::detail::temporary_suffix();
  const std::string machine = own.substr(0, 1 + 8);
  const std::vector<std::string> kept = {"a" + own, "b.01234567-999999999-1.tmp", "c.tmp",
                                         "d" + machine + "-x-1.tmp", "e" + machine + "-9.tmp"};
  for (const std::string& name : kept) folder.file(name, "x");
  folder.file("f" + machine + "-999999999-1.tmp", "x");
  folder.file("universe.bed.gz" + machine + "-999999999-1.tmp", "x");
  Tokenizer<>(regions).save_pretrained(folder.path());
  std::vector<std::string> left;
  for (const std::string& name : folder.names()) {
    if (name.find(".tmp") != std::string::npos) left.push_back(name);
  }
  CHECK(left == kept);
}
#endif

#if defined(__linux__)
TEST_CASE("a save that finds no room leaves every file as it was") {
  const support::TemporaryFolder folder;
  const auto model = folder.path() / "model";
  Tokenizer<>(regions).save_pretrained(model);
  const auto content = [&](const char* name) { return bedtok::io::read_text(model / name); };
  const std::string config = content("tokenizer_config.json");
  const std::string saved = content("universe.bed.gz");
  // The last of the three finds none.
  fs::remove(model / "special_tokens_map.json");
  fs::create_symlink("/dev/full", model / "special_tokens_map.json");
  CHECK_THROWS_AS(Tokenizer<>(RegionSet<>{{"chr9", 1, 2, {}}}).save_pretrained(model),
                  fs::filesystem_error);
  CHECK(content("tokenizer_config.json") == config);
  CHECK(content("universe.bed.gz") == saved);
  CHECK(std::distance(fs::directory_iterator(model), fs::directory_iterator()) == 3);
}
#endif

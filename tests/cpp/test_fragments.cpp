// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/io/fragments.hpp>
#include <cstdint>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "catch.hpp"
#include "naive_tokenizer.hpp"
#include "support_io.hpp"

using bedtok::MappingOptions;
using bedtok::OnMiss;
using bedtok::RegionSet;
using bedtok::Tokenizer;
using bedtok::io::tokenize_fragments;
using support::message_of;
using Ids = std::vector<bedtok::TokenId>;

namespace {

const RegionSet<> three{{"chr1", 10, 20, {}}, {"chr1", 15, 30, {}}, {"chr2", 0, 5, {}}};
constexpr bedtok::TokenId unk = 3;

}  // namespace

TEST_CASE("fragments gather by barcode in the order of first sight") {
  const support::TemporaryFolder folder;
  const std::string text =
      "# header\n"
      "chr1\t16\t17\tBBB-1\t2\n"
      "chr2\t1\t2\tAAA-1\t1\n"
      "chr1\t0\t5\tBBB-1\t1\n"
      "chr1\t29\t40\tBBB-1\n";
  for (const std::string& bytes : {text, support::gzip(text), support::bgzip(text, 13)}) {
    const auto path = folder.file("fragments.tsv.gz", bytes);
    const auto tokens = tokenize_fragments(path, Tokenizer<>(three));
    CHECK(tokens.barcodes == std::vector<std::string>{"BBB-1", "AAA-1"});
    CHECK(tokens.input_ids == std::vector<Ids>{{0, 1, unk, 1}, {2}});
  }
}

TEST_CASE("a fragment that hits nothing is unk, left out, or an error that names it") {
  const support::TemporaryFolder folder;
  const auto path = folder.file("f.tsv", "chr1\t0\t5\tA\t1\nchr9\t0\t5\tB\t1\nchr2\t1\t2\tB\t1\n");
  const Tokenizer<> tokenizer(three);
  CHECK(tokenize_fragments(path, tokenizer).input_ids == std::vector<Ids>{{unk}, {unk, 2}});
  const auto dropped = tokenize_fragments(path, tokenizer, OnMiss::drop);
  CHECK(dropped.barcodes == std::vector<std::string>{"A", "B"});
  CHECK(dropped.input_ids == std::vector<Ids>{{}, {2}});
  CHECK(message_of<bedtok::VocabularyError>(
            [&] { tokenize_fragments(path, tokenizer, OnMiss::error); }) ==
        path.string() + ":1: chr1:0-5 hits nothing in the vocabulary, and on_miss is 'error'");
}

TEST_CASE("the tokenizer's chromosome aliases hold for fragments") {
  const support::TemporaryFolder folder;
  const auto path = folder.file("f.tsv", "1\t16\t17\tA\t1\n");
  MappingOptions options;
  options.chrom_aliases = bedtok::ChromAliases::to_style("ucsc");
  CHECK(tokenize_fragments(path, Tokenizer<>(three, {}, options)).input_ids ==
        std::vector<Ids>{{0, 1}});
}

TEST_CASE("a line without a barcode and a line that is no region are refused") {
  const support::TemporaryFolder folder;
  const Tokenizer<> tokenizer(three);
  const auto refused = [&](const std::string& text) {
    const auto path = folder.file("f.tsv", text);
    const std::string message =
        message_of<bedtok::ParseError>([&] { tokenize_fragments(path, tokenizer); });
    REQUIRE(message.rfind(path.string() + ":2: ", 0) == 0);
    return message.substr(path.string().size() + 4);
  };
  const std::string first = "chr1\t1\t2\tA\t1\n";
  CHECK(refused(first + "chr1\t1\t2\n") ==
        "the line has no barcode, expected one in the fourth column");
  CHECK(refused(first + "chr1\t1\t2\t\t1\n") ==
        "the line has no barcode, expected one in the fourth column");
  CHECK(refused(first + "chr1\t3\t2\tA\t1\n") == "end 2 is before start 3");
}

TEST_CASE("a file without fragments has no barcodes, and a missing one is an error") {
  const support::TemporaryFolder folder;
  CHECK(tokenize_fragments(folder.file("f.tsv", "# none\n"), Tokenizer<>(three)).barcodes.empty());
  CHECK_THROWS_AS(tokenize_fragments(folder.path() / "missing", Tokenizer<>(three)),
                  std::filesystem::filesystem_error);
}

TEST_CASE("random fragments agree with the double loop, of a large file with many barcodes") {
  std::mt19937_64 random(121);
  const support::TemporaryFolder folder;
  for (const std::size_t count : support::Sizes{50, 500, 30000}) {
    const auto vocabulary = support::random_naive_regions(random, 20, {"chr1", "chr2"}, 300, 50);
    const support::NaiveTokenizer naive(vocabulary);
    const auto queries =
        support::random_naive_regions(random, count, {"chr1", "chr2", "chr3"}, 320, 60);
    std::string text;
    std::map<std::string, Ids> expected;
    for (const auto& query : queries) {
      const std::string barcode = "CELL" + std::to_string(support::pick(random, 0, count / 5));
      text += query.chrom + "\t" + std::to_string(query.start) + "\t" + std::to_string(query.end) +
              "\t" + barcode + "\t1\n";
      Ids& ids = expected[barcode];
      const auto hits = naive.hits(query, {});
      ids.insert(ids.end(), hits.begin(), hits.end());
      if (hits.empty()) ids.push_back(naive.unk());
    }
    const Tokenizer<> tokenizer(support::region_set<std::uint32_t>(vocabulary));
    const auto tokens = tokenize_fragments(folder.file("f.tsv", text), tokenizer);
    REQUIRE(tokens.barcodes.size() == expected.size());
    for (std::size_t i = 0; i < tokens.barcodes.size(); ++i) {
      REQUIRE(tokens.input_ids[i] == expected[tokens.barcodes[i]]);
    }
  }
}

// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>
#include <bedtok/io/detail/fragment_cells.hpp>
#include <bedtok/io/detail/fragment_mapper.hpp>
#include <bedtok/io/fragments.hpp>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "catch.hpp"
#include "naive_tokenizer.hpp"
#include "support_io.hpp"

using bedtok::MappingOptions;
using bedtok::OnMiss;
using bedtok::ParseError;
using bedtok::RegionSet;
using bedtok::Tokenizer;
using bedtok::io::CountingStrategy;
using bedtok::io::encode_fragments;
using bedtok::io::FragmentOptions;
using bedtok::io::FragmentTokens;
using support::message_of;
using Ids = std::vector<bedtok::TokenId>;
using Cells = std::vector<std::pair<std::string, Ids>>;

namespace {

const RegionSet<> three{{"chr1", 10, 20, {}}, {"chr1", 15, 30, {}}, {"chr2", 0, 5, {}}};
constexpr bedtok::TokenId unk = 3;

Cells cells_of(const FragmentTokens& tokens) {
  Cells cells;
  for (std::size_t i = 0; i < tokens.cells.size(); ++i) {
    cells.emplace_back(tokens.barcodes[static_cast<std::size_t>(tokens.cells[i])],
                       Ids(tokens.ids.values.get() + tokens.ids.offsets[i],
                           tokens.ids.values.get() + tokens.ids.offsets[i + 1]));
  }
  return cells;
}

Cells encode(const std::string& bytes, const FragmentOptions& options = {},
             const Tokenizer<>& tokenizer = Tokenizer<>(three)) {
  return cells_of(encode_fragments(support::memory(bytes, "f.tsv"), tokenizer, options));
}

struct Fragment {
  support::NaiveRegion region;
  std::string barcode;
};

std::string text_of(const std::vector<Fragment>& fragments, const std::string& more) {
  std::string text;
  for (const Fragment& f : fragments) {
    text += f.region.chrom + "\t" + std::to_string(f.region.start) + "\t" +
            std::to_string(f.region.end) + "\t" + f.barcode + more + "\n";
  }
  return text;
}

bool any_overlaps(const support::NaiveRegion& region, const RegionSet<>& others) {
  return std::any_of(others.begin(), others.end(), [&region](const auto& other) {
    return region.chrom == other.chrom && region.start < other.end && other.start < region.end;
  });
}

/// Line by line, as one would write it without the library.
Cells naive_cells(const support::NaiveTokenizer& naive, const std::vector<Fragment>& fragments,
                  const FragmentOptions& options) {
  const MappingOptions mapping = options.mapping.value_or(MappingOptions());
  std::vector<std::string> order;
  std::map<std::string, Ids> ids;
  std::map<std::string, std::uint64_t> counts;
  for (const Fragment& f : fragments) {
    const auto& chroms = options.chroms;
    if (chroms && std::count(chroms->begin(), chroms->end(), f.region.chrom) == 0) continue;
    const auto& part = options.region;
    if (part && !(part->chrom == f.region.chrom && f.region.start < part->end &&
                  part->start < f.region.end)) {
      continue;
    }
    if (options.exclude && any_overlaps(f.region, *options.exclude)) continue;
    if (counts[f.barcode]++ == 0) order.push_back(f.barcode);
    std::vector<support::NaiveRegion> pieces{f.region};
    if (options.counting_strategy == CountingStrategy::insertion) {
      pieces.clear();
      if (f.region.start < f.region.end) {
        pieces = {{f.region.chrom, f.region.start, f.region.start + 1},
                  {f.region.chrom, f.region.end - 1, f.region.end}};
      }
    }
    for (const auto& piece : pieces) {
      const auto hits = naive.hits(piece, mapping);
      ids[f.barcode].insert(ids[f.barcode].end(), hits.begin(), hits.end());
      if (hits.empty() && options.on_miss == OnMiss::unk) ids[f.barcode].push_back(naive.unk());
    }
  }
  if (options.barcodes) order = *options.barcodes;
  Cells cells;
  for (const std::string& barcode : order) {
    if (counts[barcode] == 0) continue;
    Ids cell;
    std::set<bedtok::TokenId> seen;
    for (const bedtok::TokenId id : ids[barcode]) {
      if (!mapping.unique || seen.insert(id).second) cell.push_back(id);
    }
    if (counts[barcode] < options.min_fragments || cell.size() < options.min_tokens ||
        cell.size() > options.max_tokens) {
      continue;
    }
    if (cell.empty()) cell.push_back(naive.unk());
    if (mapping.order == bedtok::TokenOrder::vocabulary) std::sort(cell.begin(), cell.end());
    cells.emplace_back(barcode, cell);
  }
  return cells;
}

}  // namespace

TEST_CASE("cells come in the order of first sight, from text, gzip and bgzip") {
  const std::string text =
      "# header\n"
      "chr1\t16\t17\tBBB-1\t2\n"
      "chr2\t1\t2\tAAA-1\t1\n"
      "chr1\t0\t5\tBBB-1\t1\n"
      "chr1\t29\t40\tBBB-1\n"
      "chr9\t29\t40\tCCC-1\n";
  const support::TemporaryFolder folder;
  for (const std::string& bytes : {text, support::gzip(text), support::bgzip(text, 13)}) {
    const auto path = folder.file("fragments.tsv.gz", bytes);
    const auto tokens = encode_fragments(path, Tokenizer<>(three));
    CHECK(cells_of(tokens) == Cells{{"BBB-1", {0, 1, 1}}, {"AAA-1", {2}}, {"CCC-1", {unk}}});
    CHECK(tokens.fragments == std::vector<std::int64_t>{3, 1, 1});
    CHECK(tokens.hits == std::vector<std::int64_t>{2, 1, 0});
  }
}

TEST_CASE("a fragment that hits nothing is left out, unk, or an error that names it") {
  const std::string text = "chr1\t0\t5\tA\t1\nchr9\t0\t5\tB\t1\nchr2\t1\t2\tB\t1\n";
  FragmentOptions options;
  CHECK(encode(text, options) == Cells{{"A", {unk}}, {"B", {2}}});
  options.on_miss = OnMiss::unk;
  CHECK(encode(text, options) == Cells{{"A", {unk}}, {"B", {unk, 2}}});
  options.on_miss = OnMiss::error;
  CHECK(message_of<bedtok::VocabularyError>([&] { encode(text, options); }) ==
        "f.tsv:1: chr1:0-5 hits nothing in the vocabulary, and on_miss is 'error'");
}

TEST_CASE("spaces, line ends of Windows and a byte-order mark are taken") {
  CHECK(encode("\xEF\xBB\xBF"
               "chr1 16 17 A 1\r\nchr2  1  2  A\r\n") == Cells{{"A", {0, 1, 2}}});
}

TEST_CASE("the tokenizer's mapping options hold unless others are given") {
  MappingOptions aliases;
  aliases.chrom_aliases = bedtok::ChromAliases::to_style("ucsc");
  const Tokenizer<> tokenizer(three, {}, aliases);
  CHECK(encode("1\t16\t17\tA\t1\n", {}, tokenizer) == Cells{{"A", {0, 1}}});
  FragmentOptions options;
  options.mapping = MappingOptions();
  CHECK(encode("1\t16\t17\tA\t1\n", options, tokenizer) == Cells{{"A", {unk}}});
}

TEST_CASE("random fragments and options agree with the line-by-line loop, for any threads",
          "[differential]") {
  auto random = support::random_source(121);
  const int rounds = support::cases(150);
  for (int round = 0; round < rounds; ++round) {
    const auto vocabulary = support::random_naive_regions(random, 20, {"chr1", "chr2"}, 300, 50);
    const support::NaiveTokenizer naive(vocabulary);
    const Tokenizer<> tokenizer(support::region_set<std::uint32_t>(vocabulary));
    std::vector<Fragment> fragments;
    const auto count = support::pick(random, 0, 60);
    for (auto& region :
         support::random_naive_regions(random, count, {"chr1", "chr2", "chr3"}, 320, 60)) {
      std::string barcode = "CELL" + std::to_string(support::pick(random, 0, 8));
      if (barcode == "CELL3") barcode += std::string(30, 'x');
      fragments.push_back({region, barcode});
    }
    FragmentOptions options;
    const auto change = [&] { return support::pick(random, 0, 2) == 0; };
    if (change()) {
      options.mapping = support::random_options(random);
      options.mapping->chrom_aliases = {};
    }
    if (change()) options.on_miss = OnMiss::unk;
    if (change()) options.counting_strategy = CountingStrategy::insertion;
    if (change()) options.barcodes = {{"CELL5", "nobody", "CELL0"}};
    if (change()) options.chroms = {{"chr2", "chr7"}};
    if (change()) options.region = bedtok::Region<std::uint64_t>{"chr2", 100, 250, {}};
    if (change()) {
      options.exclude = std::make_shared<const RegionSet<>>(support::region_set<std::uint32_t>(
          support::random_naive_regions(random, 6, {"chr1", "chr2", "chr4"}, 320, 30)));
    }
    if (change()) options.min_fragments = support::pick(random, 0, 10);
    if (change()) options.min_tokens = support::pick(random, 0, 8);
    if (change()) options.max_tokens = support::pick(random, 0, 20);
    const std::string text = "#\n" + text_of(fragments, round % 2 ? "\t1" : "");
    const Cells expected = naive_cells(naive, fragments, options);
    for (const std::size_t threads : support::Sizes{1, 2, 4}) {
      options.num_threads = threads;
      REQUIRE(encode(text, options, tokenizer) == expected);
    }
  }
}

TEST_CASE("a file of many blocks is the same for any threads and any packing") {
  std::mt19937_64 random(122);
  const auto vocabulary = support::random_naive_regions(random, 200, {"chr1", "chr2"}, 30000, 90);
  const support::NaiveTokenizer naive(vocabulary);
  const Tokenizer<> tokenizer(support::region_set<std::uint32_t>(vocabulary));
  std::vector<Fragment> some;
  for (auto& region : support::random_naive_regions(random, 3000, {"chr1", "chr2"}, 30000, 90)) {
    some.push_back({region, "ACGTACGTACGT" + std::to_string(support::pick(random, 0, 700)) + "-1"});
  }
  std::vector<Fragment> fragments;
  while (fragments.size() < 150000) fragments.insert(fragments.end(), some.begin(), some.end());
  const std::string text = text_of(fragments, "\t1");
  REQUIRE(text.size() > (std::size_t{5} << 20));
  // The same lines again and again: so are the ids of a cell.
  Cells expected = naive_cells(naive, some, {});
  for (auto& [barcode, ids] : expected) {
    const bool none = ids == Ids{naive.unk()};
    const Ids once = ids;
    for (std::size_t i = some.size(); !none && i < fragments.size(); i += some.size()) {
      ids.insert(ids.end(), once.begin(), once.end());
    }
  }
  FragmentOptions options;
  for (const std::string& bytes : {text, support::gzip(text, 1), support::bgzip(text, 60000)}) {
    for (const std::size_t threads : support::Sizes{1, 2, 3}) {
      options.num_threads = threads;
      REQUIRE(encode(bytes, options, tokenizer) == expected);
    }
  }

  // The first bad line is named, wherever it lies and whoever meets it.
  const auto refused = [&](const std::string& bytes) {
    const std::string message = message_of<ParseError>([&] { encode(bytes, options, tokenizer); });
    REQUIRE(message.rfind("f.tsv:", 0) == 0);
    return message.substr(6);
  };
  for (const std::size_t at : support::Sizes{0, 1, 40000, 90000, 149999}) {
    std::vector<Fragment> bad = fragments;
    bad[at].region.end = 0;
    bad[at].region.start = 7;
    bad.back().barcode = "";
    const std::string bytes = text_of(bad, "");
    for (const std::size_t threads : support::Sizes{1, 2, 4}) {
      options.num_threads = threads;
      REQUIRE(refused(bytes) == std::to_string(at + 1) + ": end 0 is before start 7");
    }
  }
}

TEST_CASE("a line without a barcode and a line that is no region are refused") {
  const auto refused = [&](const std::string& text) {
    const std::string message = message_of<ParseError>([&] { encode(text); });
    REQUIRE(message.rfind("f.tsv:2: ", 0) == 0);
    return message.substr(9);
  };
  const std::string first = "chr1\t1\t2\tA\t1\n";
  CHECK(refused(first + "chr1\t1\t2\n") ==
        "the line has no barcode, expected one in the fourth column");
  CHECK(refused(first + "chr1\t1\t2\t\t1\n") ==
        "the line has no barcode, expected one in the fourth column");
  CHECK(refused(first + "chr1\t3\t2\tA\t1\n") == "end 2 is before start 3");
  CHECK(refused(first + "chr1\t1\t2\tA\xFF\t1\n") ==
        "the barcode 'A\\xff' is not UTF-8, expected text");
  CHECK(refused(first + "chrom\tstart\tend\tbarcode\n").rfind("start 'start' is not a", 0) == 0);
}

TEST_CASE("behind column names an error has its line and its kind, for any threads") {
  const std::string names = "chrom\tstart\tend\tbarcode\n";
  FragmentOptions options;
  for (const std::size_t threads : support::Sizes{1, 2, 4}) {
    options.num_threads = threads;
    CHECK(message_of<ParseError>([&] {
            encode(names + "chr1\t1\t5\tA\nchr1\tx\t5\tA\n", options);
          }).rfind("f.tsv:3: start 'x'", 0) == 0);
    CHECK(message_of<ParseError>([&] {
            encode(names + names, options);
          }).rfind("f.tsv:2: start 'start'", 0) == 0);
    options.on_miss = OnMiss::error;
    CHECK(message_of<bedtok::VocabularyError>([&] {
            encode(names + "chr9\t1\t5\tA\n", options);
          }).rfind("f.tsv:2: chr9:1-5 hits nothing", 0) == 0);
    options.on_miss = OnMiss::drop;
  }
}

TEST_CASE("bad lines are left out where that is asked for, the same for any threads") {
  const std::string good = "chr1\t16\t17\tA\t1\n";
  const std::string text = "#1\n#2\n#3\n#4\nchrom\tstart\tend\tbarcode\n" + good +
                           "chr1\t9\t5\tA\n" + good + "chr1\t16\t17\n" + good +
                           "chr1\t16\t17\tB\xFF\n" + "chrom\tstart\tend\tbarcode\n" + good +
                           "chr2\t1\t2\tC\n";
  FragmentOptions options;
  options.skip_bad_lines = true;
  for (const std::size_t threads : support::Sizes{1, 2, 3, 4, 8}) {
    options.num_threads = threads;
    const auto tokens =
        bedtok::io::encode_fragments(support::memory(text, "f.tsv"), Tokenizer<>(three), options);
    CHECK(tokens.barcodes == std::vector<std::string>{"A", "C"});
    CHECK(tokens.fragments == std::vector<std::int64_t>{4, 1});
    CHECK(tokens.skipped.count == 4);
    std::vector<std::uint64_t> lines;
    for (const auto& line : tokens.skipped.first) lines.push_back(line.line);
    CHECK(lines == std::vector<std::uint64_t>{7, 9, 11, 12});
  }
  CHECK(message_of<ParseError>([&] {
          encode("chr1\t1\t2\nchr1\t1\t2\n", options);
        }).rfind("f.tsv:1: the line has no barcode", 0) == 0);
}

TEST_CASE("a file without fragments has no barcodes, and a missing one is an error") {
  CHECK(encode("# none\n").empty());
  CHECK(encode("").empty());
  CHECK(encode("chrom\tstart\tend\tbarcode\nchr1\t16\t17\tA\n") == Cells{{"A", {0, 1}}});
  CHECK_THROWS_AS(encode_fragments(std::filesystem::path("missing"), Tokenizer<>(three)),
                  std::filesystem::filesystem_error);
}

TEST_CASE("a stream that is cut off is refused") {
  const std::string text = "chr1\t16\t17\tA\t1\n";
  std::string many;
  for (int i = 0; i < 5000; ++i) many += text;
  FragmentOptions options;
  for (const std::string& whole : {support::gzip(many), support::bgzip(many, 3000)}) {
    for (const std::size_t threads : support::Sizes{1, 2}) {
      options.num_threads = threads;
      CHECK_THROWS_AS(encode(whole.substr(0, whole.size() / 2), options), ParseError);
    }
  }
}

TEST_CASE("the report counts fragments by chromosome, whatever the number of threads") {
  std::string text;
  for (int i = 0; i < 60000; ++i) {
    const std::string barcode = "CELL" + std::to_string(i % 7);
    text += (i < 20000   ? "chr1\t12\t18\t"
             : i < 50000 ? "chr2\t90\t99\t"
                         : "un\t1\t2\t") +
            barcode + "\t1\n";
  }
  for (const std::size_t threads : {1, 3}) {
    FragmentOptions options;
    options.num_threads = threads;
    const auto result =
        encode_fragments(support::memory(text, "f.tsv"), Tokenizer<>(three), options);
    const bedtok::MappingReport& report = result.report;
    CHECK(report.regions == 60000);
    CHECK(report.hits == 20000);
    CHECK(report.tokens == 40000);
    CHECK(report.distinct_tokens == 2);
    CHECK(report.past_end == 30000);
    CHECK(report.unknown_chroms == std::vector<std::string>{"un"});
    REQUIRE(report.chroms.size() == 3);
    CHECK(report.chroms[0].chrom == "chr1");
    CHECK(report.chroms[1].chrom == "chr2");
    CHECK(report.chroms[2].regions == 10000);
    CHECK(report.warning.rfind("30000 regions start past the last", 0) == 0);

    options.mapping = MappingOptions();
    options.mapping->low_hit_rate = 0.5;
    options.counting_strategy = CountingStrategy::insertion;
    const auto ends = encode_fragments(support::memory(text, "f.tsv"), Tokenizer<>(three), options);
    CHECK(ends.report.regions == 120000);
    CHECK(ends.report.hits == 40000);
    CHECK(ends.report.warning.rfind("40000 of 120000 regions hit the vocabulary (33.3 %", 0) == 0);
  }
}

TEST_CASE("fragments are checked against the sizes of chromosomes") {
  bedtok::Assembly assembly;
  assembly.chrom_sizes["chr1"] = 40;
  const auto tokenizer = Tokenizer<>(three).with_assembly(assembly);
  const auto result =
      encode_fragments(support::memory("chr1\t12\t40\tA\nchr1\t12\t41\tA\n", "f.tsv"), tokenizer);
  CHECK(result.report.past_size == 1);
  CHECK(result.report.warning.rfind("1 regions end past the end of their chromosome", 0) == 0);
}

TEST_CASE("fragments of barcodes that are not wanted are counted, with the first as examples") {
  FragmentOptions options;
  options.barcodes = {"A", "B"};
  const auto result = encode_fragments(
      support::memory("chr1\t1\t2\tA-1\nchr1\t1\t2\tB-1\nchr1\t1\t2\tA-1\nchr1\t1\t2\tB\n"
                      "chr1\t1\t2\tC-1\nchr1\t1\t2\tD-1\n",
                      "f.tsv"),
      Tokenizer<>(three), options);
  CHECK(result.unlisted == 5);
  CHECK(result.unlisted_barcodes == std::vector<std::string>{"A-1", "B-1", "C-1"});
  CHECK(result.report.regions == 1);
}

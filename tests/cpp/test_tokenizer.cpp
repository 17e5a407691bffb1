// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>
#include <bedtok/detail/has_find_all.hpp>
#include <bedtok/tokenizer.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "naive_tokenizer.hpp"
#include "support.hpp"

using bedtok::Batch;
using bedtok::BatchOptions;
using bedtok::ChromTable;
using bedtok::ConfigError;
using bedtok::Encoding;
using bedtok::MappingOptions;
using bedtok::PaddedBatch;
using bedtok::PadOptions;
using bedtok::Region;
using bedtok::RegionSet;
using bedtok::SequenceOptions;
using bedtok::Side;
using bedtok::SpecialRole;
using bedtok::SpecialTokens;
using bedtok::Tokenizer;
using bedtok::TruncationStrategy;
using bedtok::VocabularyError;
using support::message_of;
using Ids = std::vector<bedtok::TokenId>;
using Tokens = std::vector<std::string>;

namespace {

// An index as a user would write it: no find_all, and order by sorting each time.
template <class Coord>
class ScanIndex {
 public:
  using coord_type = Coord;

  explicit ScanIndex(const RegionSet<Coord>& regions) : regions_(regions) {}

  template <class Visit>
  void find(ChromTable::Id chrom, Coord start, Coord end, Visit&& visit) const {
    std::vector<support::Hit> hits;
    for (std::size_t i = 0; i < regions_.size(); ++i) {
      if (regions_.chrom_ids()[i] == chrom && regions_.starts()[i] < end &&
          start < regions_.ends()[i]) {
        hits.push_back({regions_.starts()[i], regions_.ends()[i], static_cast<std::uint32_t>(i)});
      }
    }
    std::sort(hits.begin(), hits.end());
    for (const auto& hit : hits) {
      visit(hit.id, static_cast<Coord>(hit.start), static_cast<Coord>(hit.end));
    }
  }

 private:
  RegionSet<Coord> regions_;
};

const RegionSet<> three{{"chr1", 10, 20, {}}, {"chr1", 15, 30, {}}, {"chr2", 0, 5, {}}};

SequenceOptions framed(Tokens before, Tokens after) {
  SequenceOptions options;
  options.before = std::move(before);
  options.after = std::move(after);
  return options;
}

bool same(const Encoding& a, const Encoding& b) {
  return a.input_ids == b.input_ids && a.attention_mask == b.attention_mask &&
         a.region_index == b.region_index && a.warning == b.warning;
}

bool same(const Batch& a, const Batch& b) {
  return a.overflow_to_sample_mapping == b.overflow_to_sample_mapping &&
         std::equal(a.rows.begin(), a.rows.end(), b.rows.begin(), b.rows.end(),
                    [](const Encoding& x, const Encoding& y) { return same(x, y); });
}

std::vector<Ids> ids_of(const Batch& batch) {
  std::vector<Ids> ids;
  for (const Encoding& row : batch.rows) ids.push_back(row.input_ids);
  return ids;
}

/// The batch on as many threads as in the options: small samples would not be worth them.
template <class Index, class Samples>
Batch on_threads(const Tokenizer<Index>& tokenizer, const Samples& samples,
                 const BatchOptions& options) {
  const auto encode = [&](std::size_t i) {
    return tokenizer.encode(samples[i], tokenizer.options(), {}, options.return_region_index);
  };
  return tokenizer.encode_batch(samples.size(), 1000000, encode, options);
}

/// Each option at its default about half the time; no error comes of them.
BatchOptions random_batch_options(std::mt19937_64& random) {
  const auto change = [&] { return support::pick(random, 0, 1) == 1; };
  BatchOptions options;
  options.add_special_tokens = change();
  if (change()) options.max_length = support::pick(random, 8, 12);
  if (change()) options.truncation_strategy = TruncationStrategy::random;
  if (change()) options.truncation_side = change() ? Side::left : Side::right;
  options.return_overflowing_tokens =
      options.truncation_strategy == TruncationStrategy::longest_first && change();
  options.stride = support::pick(random, 0, 3);
  options.seed = support::pick(random, 0, 3);
  options.return_region_index = change();
  return options;
}

}  // namespace

TEST_CASE("a tokenizer knows its size, its special tokens and its options") {
  MappingOptions options;
  options.unique = true;
  const Tokenizer<> tokenizer(three, {}, options);
  CHECK(tokenizer.vocab_size() == 10);
  CHECK(tokenizer.token_id(SpecialRole::unk) == 3);
  CHECK(tokenizer.token_id(SpecialRole::sep) == 9);
  CHECK(tokenizer.special_tokens()[SpecialRole::pad] == "<pad>");
  CHECK(tokenizer.options() == options);
  CHECK(tokenizer.vocabulary().regions() == three);
  CHECK(tokenizer.warning().empty());
}

TEST_CASE("a tokenizer is made of legal things or not at all") {
  MappingOptions options;
  options.min_fraction = 2;
  CHECK_THROWS_AS(Tokenizer<>(three, {}, options), ConfigError);
  CHECK_THROWS_AS(Tokenizer<>(RegionSet<>()), VocabularyError);
  SequenceOptions sequence;
  sequence.model_max_length = 0;
  CHECK_THROWS_AS(Tokenizer<>(three, {}, {}, sequence), ConfigError);
  const auto refused = [](Tokens before, Tokens after) {
    return message_of<ConfigError>([&] { Tokenizer<>(three, {}, {}, framed(before, after)); });
  };
  CHECK(refused({"<cls>", "chr1:10-20"}, {}) ==
        "the template has 'chr1:10-20', which is not a special token of this tokenizer");
  CHECK(refused({}, {"<end>"}) ==
        "the template has '<end>', which is not a special token of this tokenizer");
}

TEST_CASE("a vocabulary that repeats regions says so in one line") {
  const Tokenizer<> tokenizer(
      RegionSet<>{{"chr1", 1, 2, {}}, {"chr1", 1, 2, {}}, {"chr1", 5, 6, {}}, {"chr1", 1, 2, {}}});
  CHECK(tokenizer.warning() ==
        "the vocabulary repeats 2 of its regions (the first is chr1:1-2); each keeps its first id, "
        "and later ids move up");
  CHECK(tokenizer(RegionSet<>{{"chr1", 0, 9, {}}}).input_ids == Ids{0, 1});
}

TEST_CASE("a call uses the tokenizer's options unless it brings its own") {
  MappingOptions best;
  best.best_overlap = true;
  const Tokenizer<> tokenizer(three, {}, best);
  const RegionSet<> query{{"chr1", 16, 19, {}}};
  CHECK(tokenizer(query).input_ids == Ids{0});
  CHECK(tokenizer(query, {}).input_ids == Ids{0, 1});
  CHECK(tokenizer.encode(query, {}).input_ids == Ids{0, 1});
  CHECK(tokenizer.tokenize(query) == Tokens{"chr1:10-20"});
  CHECK(tokenizer.report(query).tokens == 1);
  CHECK(tokenizer.report(query, {}).tokens == 2);
}

TEST_CASE("a template stands around every sample, and encode leaves it out") {
  const Tokenizer<> tokenizer(three, {}, {}, framed({"<cls>"}, {"<sep>", "<eos>"}));
  const RegionSet<> query{{"chr1", 16, 19, {}}};
  CHECK(tokenizer(query).input_ids == Ids{6, 0, 1, 9, 7});
  CHECK(tokenizer(query).attention_mask == std::vector<std::int64_t>(5, 1));
  CHECK(tokenizer(RegionSet<>()).input_ids == Ids{6, 3, 9, 7});
  CHECK(tokenizer.tokenize(query) == Tokens{"<cls>", "chr1:10-20", "chr1:15-30", "<sep>", "<eos>"});
  CHECK(tokenizer.encode(query, {}).input_ids == Ids{0, 1});
  BatchOptions options;
  options.return_region_index = true;
  CHECK(tokenizer.encode_batch(std::vector{query}, options).rows[0].region_index ==
        std::vector<std::int64_t>{-1, 0, 0, -1, -1});
  options.add_special_tokens = false;
  CHECK(tokenizer.encode_batch(std::vector{query}, options).rows[0].input_ids == Ids{0, 1});
}

TEST_CASE("other options make another tokenizer of the same vocabulary") {
  const Tokenizer<> tokenizer(three, {}, {}, framed({"<cls>"}, {}));
  MappingOptions best;
  best.best_overlap = true;
  const Tokenizer<> other = tokenizer.with_options(best, framed({}, {"<eos>"}));
  const RegionSet<> query{{"chr1", 16, 19, {}}};
  CHECK(other(query).input_ids == Ids{0, 7});
  CHECK(other.options() == best);
  CHECK(other.sequence_options() == framed({}, {"<eos>"}));
  CHECK(&other.vocabulary() == &tokenizer.vocabulary());
  CHECK(&other.index() == &tokenizer.index());
  CHECK(tokenizer(query).input_ids == Ids{6, 0, 1});
  CHECK(tokenizer.sequence_options() == framed({"<cls>"}, {}));

  CHECK_THROWS_AS(tokenizer.with_options({}, framed({"<new>"}, {})), ConfigError);
  best.min_fraction = -1;
  CHECK_THROWS_AS(tokenizer.with_options(best, {}), ConfigError);
}

TEST_CASE("other special tokens keep the ids of before, the options and the template") {
  MappingOptions options;
  options.on_miss = bedtok::OnMiss::unk;
  const Tokenizer<> before(three, {}, options, framed({"<cls>"}, {"<eos>"}));
  SpecialTokens tokens = before.special_tokens();
  tokens.add("<celltype>");
  tokens.assign(SpecialRole::unk, "<other>");
  tokens.assign(SpecialRole::cls, "<new>");
  const Tokenizer<> after = before.with_special_tokens(tokens);
  CHECK(after.vocab_size() == 13);
  for (bedtok::TokenId id = 0; id < 10; ++id) {
    CHECK(after.convert_id_to_token(id) == before.convert_id_to_token(id));
  }
  CHECK(after.convert_tokens_to_ids({"<celltype>", "<other>", "<new>"}) == Ids{10, 11, 12});
  CHECK(after.options() == options);
  CHECK(after.sequence_options() == before.sequence_options());
  // The template has a text, whose role may pass on; a miss gives what has the role now.
  CHECK(after(RegionSet<>{{"chr2", 1, 2, {}}, {"chr2", 6, 7, {}}}).input_ids == Ids{6, 2, 11, 7});
  CHECK(after.encode(RegionSet<>(), {}).input_ids == Ids{11});
  CHECK(after.convert_token_to_id("chr3:1-2") == 11);
  CHECK(after.get_special_tokens_mask({2, 3, 12}) == std::vector<std::int64_t>{0, 1, 1});
  CHECK(before.convert_token_to_id("chr3:1-2") == 3);

  tokens.set(SpecialRole::eos, "[EOS]");
  CHECK(message_of<ConfigError>([&] { before.with_special_tokens(tokens); }) ==
        "the template has '<eos>', which is not a special token of this tokenizer");
}

TEST_CASE("ids decode to texts and to regions") {
  const Tokenizer<> tokenizer(three);
  CHECK(tokenizer.decode({2, 3, 0, 9}) == Tokens{"chr2:0-5", "<unk>", "chr1:10-20", "<sep>"});
  CHECK(tokenizer.decode({2, 3, 0, 9}, true) == Tokens{"chr2:0-5", "chr1:10-20"});
  CHECK(tokenizer.decode({}).empty());
  CHECK(tokenizer.decode_regions({2, 3, 0, 0}) ==
        RegionSet<>{{"chr2", 0, 5, {}}, {"chr1", 10, 20, {}}, {"chr1", 10, 20, {}}});
  CHECK(tokenizer.convert_id_to_token(4) == "<pad>");
  CHECK(tokenizer.get_special_tokens_mask({0, 3, 9, 2}) == std::vector<std::int64_t>{0, 1, 1, 0});
}

TEST_CASE("an id outside the vocabulary is an error that names it, everywhere") {
  const Tokenizer<> tokenizer(three);
  const std::string message = "id 10 is outside the vocabulary (0..9)";
  CHECK(message_of<VocabularyError>([&] { tokenizer.decode({0, 10}); }) == message);
  CHECK(message_of<VocabularyError>([&] { tokenizer.decode_regions({0, 10}); }) == message);
  CHECK(message_of<VocabularyError>([&] { tokenizer.convert_id_to_token(10); }) == message);
  CHECK(message_of<VocabularyError>([&] { tokenizer.get_special_tokens_mask({10}); }) == message);
  CHECK(message_of<VocabularyError>([&] { tokenizer.decode({-100}, true); }) ==
        "id -100 is outside the vocabulary (0..9)");
}

TEST_CASE("tokens become ids, and unk stands for what is not known") {
  const Tokenizer<> tokenizer(three);
  CHECK(tokenizer.convert_tokens_to_ids({"chr1:15-30", "<cls>", "chr1:15-31", ""}) ==
        Ids{1, 6, 3, 3});
  CHECK(tokenizer.convert_token_to_id("chr2:0-5") == 2);
  for (bedtok::TokenId id = 0; id < 10; ++id) {
    CHECK(tokenizer.convert_token_to_id(tokenizer.convert_id_to_token(id)) == id);
  }
}

TEST_CASE("tokenizers are equal when vocabulary and options are") {
  MappingOptions options;
  options.unique = true;
  CHECK(Tokenizer<>(three) == Tokenizer<>(three));
  CHECK(Tokenizer<>(three) != Tokenizer<>(three, {}, options));
  CHECK(Tokenizer<>(three) != Tokenizer<>(three, {}, {}, framed({"<cls>"}, {})));
  CHECK(Tokenizer<>(three) == Tokenizer<>(three, {}, options).with_options({}, {}));
  CHECK(Tokenizer<>(three) != Tokenizer<>(RegionSet<>{{"chr1", 10, 20, {}}}));
}

TEST_CASE("regions that carry a type of the user's own tokenize like others") {
  struct Score {
    double value;
  };
  const RegionSet<std::uint32_t, Score> scored(
      std::vector<Region<std::uint32_t, Score>>{{"chr2", 1, 2, {0.5}}, {"chr1", 16, 17, {0.7}}});
  const Tokenizer<> tokenizer(three);
  CHECK(tokenizer(scored).input_ids == Ids{2, 0, 1});
  CHECK(tokenizer.report(scored).hits == 2);
  CHECK(tokenizer.encode(scored, {}, {}, true).region_index == std::vector<std::int64_t>{0, 1, 1});
  CHECK(tokenizer.tokenize(scored) == Tokens{"chr2:0-5", "chr1:10-20", "chr1:15-30"});
  CHECK(ids_of(tokenizer.encode_batch(std::vector{scored, scored})) ==
        std::vector<Ids>(2, Ids{2, 0, 1}));
}

TEMPLATE_TEST_CASE("any index gives the tokens of the double loop, whatever the options",
                   "[differential]", bedtok::OverlapIndex<std::uint32_t>,
                   bedtok::OverlapIndex<std::uint64_t>, ScanIndex<std::uint32_t>,
                   ScanIndex<std::uint64_t>) {
  using Coord = typename TestType::coord_type;
  auto random = support::random_source(61);
  const int rounds = support::cases(800);
  for (int round = 0; round < rounds; ++round) {
    const std::uint64_t base = sizeof(Coord) == 8 && round % 2 ? std::uint64_t{1} << 40 : 0;
    auto vocabulary = support::random_naive_regions(random, support::pick(random, 1, 25),
                                                    {"chr1", "chr2"}, 80, 20);
    auto queries = support::random_naive_regions(random, support::pick(random, 0, 30),
                                                 {"chr1", "chr2", "2"}, 90, 20);
    for (auto* regions : {&vocabulary, &queries}) {
      for (auto& region : *regions) region.start += base, region.end += base;
    }
    const MappingOptions options = support::random_options(random);
    const Tokenizer<TestType> tokenizer(support::region_set<Coord>(vocabulary), {}, options);
    const auto regions = support::region_set<Coord>(queries);
    const auto expected = support::NaiveTokenizer(vocabulary).encode(queries, options);
    if (expected.missed) {
      REQUIRE_THROWS_AS(tokenizer(regions), VocabularyError);
      continue;
    }
    REQUIRE(tokenizer(regions).input_ids == expected.ids);
    REQUIRE(tokenizer.encode(regions, options, {}, true).region_index == expected.region_index);
    REQUIRE(tokenizer(regions).hits == tokenizer.report(regions).hits);
    REQUIRE(tokenizer.encode(regions, options, {}, true).hits == tokenizer(regions).hits);
    // Every token decodes to a region that shares the input's chromosome, and encodes to itself.
    const auto tokens = tokenizer.decode(expected.ids);
    REQUIRE(tokenizer.convert_tokens_to_ids(tokens) == expected.ids);
  }
}

TEMPLATE_TEST_CASE("a batch is its samples one by one, on any number of threads", "[differential]",
                   bedtok::OverlapIndex<std::uint32_t>, ScanIndex<std::uint64_t>) {
  using Coord = typename TestType::coord_type;
  auto random = support::random_source(63);
  int failures = 0;
  const int rounds = support::cases(100);
  for (int round = 0; round < rounds; ++round) {
    SequenceOptions sequence;
    if (round % 2 == 0) sequence = framed({"<cls>", "<mask>"}, {"<eos>"});
    if (round % 3 == 0) sequence.truncation_side = Side::left;
    const Tokenizer<TestType> tokenizer(support::random_regions<Coord>(random, 20, 3, 200, 40), {},
                                        support::random_options(random), sequence);
    std::vector<RegionSet<Coord>> samples(support::pick(random, 0, 12));
    for (auto& sample : samples) {
      sample = support::random_regions<Coord>(random, support::pick(random, 0, 9), 4, 220, 20);
    }
    BatchOptions options = random_batch_options(random);

    Batch expected;
    std::string failure;
    for (std::size_t i = 0; i < samples.size() && failure.empty(); ++i) {
      try {
        const Encoding whole =
            tokenizer.encode(samples[i], tokenizer.options(), {}, options.return_region_index);
        const bool framing = options.add_special_tokens;
        const auto rows = bedtok::detail::RowBuilder(
                              tokenizer.convert_tokens_to_ids(framing ? sequence.before : Tokens()),
                              tokenizer.convert_tokens_to_ids(framing ? sequence.after : Tokens()),
                              options.truncation_side.value_or(sequence.truncation_side), options)
                              .rows(whole, i);
        for (const Encoding& row : rows) {
          expected.rows.push_back(row);
          expected.overflow_to_sample_mapping.push_back(static_cast<std::int64_t>(i));
        }
      } catch (const VocabularyError& error) {
        failure = (samples.size() == 1 ? "" : "sample " + std::to_string(i) + ": ") + error.what();
      }
    }
    if (!failure.empty()) {
      ++failures;
      REQUIRE(message_of<VocabularyError>([&] { tokenizer.encode_batch(samples, options); }) ==
              failure);
    } else {
      REQUIRE(same(tokenizer.encode_batch(samples, options), expected));
    }
    for (options.num_threads = 1; options.num_threads <= 8; ++options.num_threads) {
      if (!failure.empty()) {
        REQUIRE(message_of<VocabularyError>([&] { on_threads(tokenizer, samples, options); }) ==
                failure);
      } else {
        REQUIRE(same(on_threads(tokenizer, samples, options), expected));
      }
    }
  }
  CHECK(failures >= rounds / 25);
  CHECK(failures <= rounds / 2);
}

TEST_CASE("each row of a batch has the number of hits of its sample") {
  const Tokenizer<> tokenizer(three);
  const RegionSet<> sample{
      {"chr1", 16, 18, {}}, {"chr1", 50, 60, {}}, {"chr2", 1, 2, {}}, {"chr7", 1, 2, {}}};
  BatchOptions options;
  options.max_length = 2;
  options.return_overflowing_tokens = true;
  const Batch batch = tokenizer.encode_batch(std::vector{sample}, options);
  REQUIRE(batch.rows.size() == 2);
  CHECK(batch.rows[0].hits == 2);
  CHECK(batch.rows[1].hits == 2);
}

TEST_CASE("a batch without options is what the calls give") {
  const Tokenizer<> tokenizer(three, {}, {}, framed({"<cls>"}, {}));
  const std::vector<RegionSet<>> samples = {
      {{"chr1", 16, 19, {}}}, {}, {{"chr2", 0, 1, {}}, {"chr1", 11, 12, {}}}, {{"2", 0, 1, {}}}};
  const Batch batch = tokenizer.encode_batch(samples);
  REQUIRE(batch.rows.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) CHECK(same(batch.rows[i], tokenizer(samples[i])));
  CHECK(batch.rows[2].input_ids == Ids{6, 2, 0});
  CHECK_FALSE(batch.rows[3].warning.empty());
}

TEST_CASE("samples of a batch may be made when their turn comes, with tokens placed in them") {
  const Tokenizer<> tokenizer(three, {}, {}, framed({"<cls>"}, {}));
  const auto make = [&](std::size_t i) {
    const auto at = static_cast<std::uint32_t>(i);
    return tokenizer.encode(RegionSet<>{{"chr1", 10 + at, 11 + at, {}}}, {}, {{1, 9}}, true);
  };
  const Batch batch = tokenizer.encode_batch(7, 1000000, make, {});
  CHECK(ids_of(batch) ==
        std::vector<Ids>{
            {6, 0, 9}, {6, 0, 9}, {6, 0, 9}, {6, 0, 9}, {6, 0, 9}, {6, 0, 1, 9}, {6, 0, 1, 9}});
  CHECK(batch.rows[6].region_index == std::vector<std::int64_t>{-1, 0, 0, -1});
}

TEST_CASE("a batch cuts on the tokenizer's side unless it brings its own") {
  SequenceOptions sequence = framed({}, {"<eos>"});
  sequence.truncation_side = Side::left;
  const Tokenizer<> tokenizer(three, {}, {}, sequence);
  const std::vector<RegionSet<>> samples = {{{"chr1", 16, 19, {}}, {"chr2", 0, 1, {}}}};
  BatchOptions options;
  options.max_length = 3;
  CHECK(ids_of(tokenizer.encode_batch(samples, options)) == std::vector<Ids>{{1, 2, 7}});
  options.truncation_side = Side::right;
  CHECK(ids_of(tokenizer.encode_batch(samples, options)) == std::vector<Ids>{{0, 1, 7}});
  options.add_special_tokens = false;
  CHECK(ids_of(tokenizer.encode_batch(samples, options)) == std::vector<Ids>{{0, 1, 2}});
}

TEST_CASE("a batch that cannot fit is refused, samples or not") {
  const Tokenizer<> tokenizer(three, {}, {}, framed({"<cls>"}, {"<eos>"}));
  BatchOptions options;
  options.max_length = 2;
  CHECK(message_of<ConfigError>([&] {
          tokenizer.encode_batch(std::vector<RegionSet<>>(), options);
        }) == "max_length is 2, expected more than the 2 special tokens around a sequence");
  options.add_special_tokens = false;
  CHECK(tokenizer.encode_batch(std::vector<RegionSet<>>(), options).rows.empty());
}

TEST_CASE("a large batch is the same on any number of threads, whatever is done with its rows") {
  std::mt19937_64 random(64);
  const Tokenizer<> tokenizer(support::random_regions<std::uint32_t>(random, 500, 3, 20000, 300));
  std::vector<RegionSet<>> samples(64);  // enough for each of 8 threads
  for (auto& sample : samples) {
    sample = support::random_regions<std::uint32_t>(random, 1100, 3, 22000, 50);
  }
  std::vector<BatchOptions> all(3);
  all[0].max_length = all[1].max_length = 100;
  all[0].truncation_strategy = TruncationStrategy::random;
  all[1].return_overflowing_tokens = true;
  all[1].stride = 20;
  for (BatchOptions options : all) {
    options.num_threads = 1;
    const Batch expected = tokenizer.encode_batch(samples, options);
    for (const std::size_t threads : support::Sizes{0, 2, 5, 8}) {
      options.num_threads = threads;
      CHECK(same(tokenizer.encode_batch(samples, options), expected));
    }
  }
}

TEST_CASE("rows are padded with the pad token on the tokenizer's side or the call's") {
  SequenceOptions left;
  left.padding_side = Side::left;
  const Tokenizer<> right_padding(three);
  const Tokenizer<> left_padding(three, {}, {}, left);
  const Batch batch = right_padding.encode_batch(
      std::vector<RegionSet<>>{{{"chr1", 16, 19, {}}}, {{"chr2", 0, 1, {}}}});
  PadOptions options;

  const PaddedBatch right = right_padding.pad(batch);
  CHECK(right.rows == 2);
  CHECK(right.length == 2);
  CHECK(right.input_ids == Ids{0, 1, 2, 4});
  CHECK(right.attention_mask == Ids{1, 1, 1, 0});
  CHECK(left_padding.pad(batch).input_ids == Ids{0, 1, 4, 2});
  CHECK(left_padding.pad(batch).attention_mask == Ids{1, 1, 0, 1});

  options.padding_side = Side::right;
  CHECK(left_padding.pad(batch, options).input_ids == right.input_ids);
  options.padding_side = Side::left;
  options.length = 3;
  CHECK(right_padding.pad(batch, options).input_ids == Ids{4, 0, 1, 4, 4, 2});
  CHECK(right_padding.pad(batch, options).attention_mask == Ids{0, 1, 1, 0, 0, 1});
  options.length = 1;
  CHECK(right_padding.pad(batch, options).length == 2);
  options.pad_to_multiple_of = 3;
  CHECK(right_padding.pad(batch, options).input_ids == Ids{4, 0, 1, 4, 4, 2});

  SpecialTokens tokens;
  tokens.assign(SpecialRole::pad, "<filler>");
  CHECK(right_padding.with_special_tokens(tokens).pad(batch).input_ids == Ids{0, 1, 2, 10});
}

TEST_CASE("a batch without samples is padded to nothing") {
  const Tokenizer<> tokenizer(three);
  PadOptions options;
  options.length = 5;
  for (const PaddedBatch& padded : {tokenizer.pad({}), tokenizer.pad({}, options)}) {
    CHECK(padded.rows == 0);
    CHECK(padded.input_ids.empty());
    CHECK(padded.attention_mask.empty());
  }
  CHECK(tokenizer.pad({}).length == 0);
  CHECK(tokenizer.pad({}, options).length == 5);
}

TEST_CASE("an index with find_all is distinguished from one without") {
  STATIC_REQUIRE(bedtok::detail::has_find_all<bedtok::OverlapIndex<>>::value);
  STATIC_REQUIRE(bedtok::detail::has_find_all<bedtok::OverlapIndex<std::uint64_t>>::value);
  STATIC_REQUIRE_FALSE(bedtok::detail::has_find_all<ScanIndex<std::uint32_t>>::value);
}

TEST_CASE("a copied or moved tokenizer is whole") {
  auto original = std::make_unique<Tokenizer<>>(three);
  const Tokenizer<> copy = *original;
  const Tokenizer<> moved = std::move(*original);
  original.reset();
  const RegionSet<> query{{"chr1", 16, 17, {}}};
  CHECK(copy(query).input_ids == Ids{0, 1});
  CHECK(moved(query).input_ids == Ids{0, 1});
}

TEST_CASE("one tokenizer in many threads gives what it gives in one") {
  std::mt19937_64 random(62);
  const Tokenizer<> tokenizer(support::random_regions<std::uint32_t>(random, 3000, 5, 100000, 300));
  std::vector<RegionSet<>> inputs;
  for (int i = 0; i < 16; ++i) {
    inputs.push_back(support::random_regions<std::uint32_t>(random, 2000, 6, 110000, 500));
  }
  MappingOptions options;
  options.unique = true;
  options.chrom_aliases = bedtok::ChromAliases::to_style("ucsc");
  struct Result {
    Encoding plain, indexed;
    Tokens tokens;
    std::uint64_t hits = 0;
    Ids back;
  };
  const auto work = [&](std::size_t i) {
    Result result;
    result.plain = tokenizer(inputs[i]);
    result.indexed = tokenizer.encode(inputs[i], options, {}, true);
    result.tokens = tokenizer.decode(result.plain.input_ids);
    result.hits = tokenizer.report(inputs[i]).hits;
    result.back = tokenizer.convert_tokens_to_ids(result.tokens);
    return result;
  };
  std::vector<Result> expected(inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) expected[i] = work(i);

  std::vector<Result> results(inputs.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    threads.emplace_back([&, i] { results[i] = work(i); });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    CHECK(results[i].plain.input_ids == expected[i].plain.input_ids);
    CHECK(results[i].indexed.input_ids == expected[i].indexed.input_ids);
    CHECK(results[i].indexed.region_index == expected[i].indexed.region_index);
    CHECK(results[i].tokens == expected[i].tokens);
    CHECK(results[i].hits == expected[i].hits);
    CHECK(results[i].back == results[i].plain.input_ids);
  }
}

TEST_CASE("many threads may make batches with one tokenizer at once") {
  std::mt19937_64 random(65);
  const Tokenizer<> tokenizer(support::random_regions<std::uint32_t>(random, 500, 5, 9000, 300), {},
                              {}, framed({"<cls>"}, {"<eos>"}));
  std::vector<RegionSet<>> samples(12);
  for (auto& sample : samples) {
    sample = support::random_regions<std::uint32_t>(random, 200, 6, 11000, 50);
  }
  BatchOptions options;
  options.max_length = 50;
  options.truncation_strategy = TruncationStrategy::random;
  options.num_threads = 3;
  MappingOptions best;
  best.best_overlap = true;
  const auto work = [&] {
    const Tokenizer<> other = tokenizer.with_options(best, {});
    Ids all = tokenizer.pad(on_threads(tokenizer, samples, options)).input_ids;
    const Ids of_other = other.pad(on_threads(other, samples, {})).input_ids;
    all.insert(all.end(), of_other.begin(), of_other.end());
    return all;
  };
  const Ids expected = work();
  std::vector<Ids> results(6);
  std::vector<std::thread> threads;
  for (Ids& result : results) threads.emplace_back([&] { result = work(); });
  for (std::thread& thread : threads) thread.join();
  for (const Ids& result : results) CHECK(result == expected);
}

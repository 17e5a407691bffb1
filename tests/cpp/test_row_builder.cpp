// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>
#include <bedtok/detail/row_builder.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "support.hpp"

using bedtok::Batch;
using bedtok::BatchOptions;
using bedtok::ConfigError;
using bedtok::Encoding;
using bedtok::Side;
using bedtok::TruncationStrategy;
using bedtok::VocabularyError;
using bedtok::detail::make_batch;
using bedtok::detail::RowBuilder;
using support::message_of;
using Numbers = std::vector<std::int64_t>;

namespace {

/// Tokens 100, 101, ... of regions 0, 10, ...
Encoding sample_of(std::size_t size, bool with_region_index = false) {
  Encoding sample;
  for (std::size_t i = 0; i < size; ++i) {
    sample.input_ids.push_back(static_cast<std::int64_t>(100 + i));
    if (with_region_index) sample.region_index.push_back(static_cast<std::int64_t>(10 * i));
  }
  sample.attention_mask.assign(size, 1);
  sample.warning = "of the sample";
  return sample;
}

/// A sequence as its rows, as Hugging Face cuts: the first `room` tokens, and what is then left
/// with `stride` of those before. Cutting left is cutting right in a mirror.
std::vector<Numbers> cut_by_hand(Numbers rest, std::size_t room, std::size_t stride, Side side,
                                 bool overflow) {
  const auto mirror = [side](Numbers& numbers) {
    if (side == Side::left) std::reverse(numbers.begin(), numbers.end());
  };
  std::vector<Numbers> rows;
  mirror(rest);
  for (bool more = true; more;) {
    more = overflow && rest.size() > room;
    rows.emplace_back(rest.begin(), rest.begin() + std::ptrdiff_t(std::min(room, rest.size())));
    if (more) rest.erase(rest.begin(), rest.begin() + std::ptrdiff_t(room - stride));
  }
  for (Numbers& row : rows) mirror(row);
  return rows;
}

Numbers around(const Numbers& before, Numbers row, const Numbers& after) {
  row.insert(row.begin(), before.begin(), before.end());
  row.insert(row.end(), after.begin(), after.end());
  return row;
}

BatchOptions limit(std::size_t max_length) {
  BatchOptions options;
  options.max_length = max_length;
  return options;
}

BatchOptions windows(std::size_t max_length, std::size_t stride) {
  BatchOptions options = limit(max_length);
  options.return_overflowing_tokens = true;
  options.stride = stride;
  return options;
}

BatchOptions random_choice(std::size_t max_length, std::uint64_t seed = 0) {
  BatchOptions options = limit(max_length);
  options.truncation_strategy = TruncationStrategy::random;
  options.seed = seed;
  return options;
}

/// The weights are those of the ids 0, 1, ...
BatchOptions by_weight(std::size_t max_length, std::vector<float> weights) {
  BatchOptions options = limit(max_length);
  options.truncation_strategy = TruncationStrategy::weight;
  options.token_weights = std::make_shared<const std::vector<float>>(std::move(weights));
  return options;
}

/// The ids of the one row that a sample of `size` tokens gives at place `i`.
Numbers chosen(const BatchOptions& options, std::size_t size, std::size_t i) {
  const auto rows = RowBuilder({}, {}, Side::right, options).rows(sample_of(size), i);
  REQUIRE(rows.size() == 1);
  return rows[0].input_ids;
}

std::string refused(const BatchOptions& options, const Numbers& before = {},
                    const Numbers& after = {}) {
  return message_of<ConfigError>([&] { RowBuilder(before, after, Side::right, options); });
}

}  // namespace

TEST_CASE("without options a sample is its row, the template around it") {
  const auto plain = RowBuilder({}, {}, Side::right, {}).rows(sample_of(1000), 0);
  REQUIRE(plain.size() == 1);
  CHECK(plain[0].input_ids == sample_of(1000).input_ids);
  CHECK(plain[0].region_index.empty());
  CHECK(plain[0].warning == "of the sample");
  const auto framed = RowBuilder({1, 2}, {3}, Side::left, {}).rows(sample_of(2), 0);
  REQUIRE(framed.size() == 1);
  CHECK(framed[0].input_ids == Numbers{1, 2, 100, 101, 3});
  CHECK(framed[0].attention_mask == Numbers(5, 1));
}

TEST_CASE("small samples of every size are cut as by hand, whatever room, stride, side, template") {
  const std::vector<std::pair<Numbers, Numbers>> templates = {
      {{}, {}}, {{1}, {}}, {{}, {2}}, {{1, 3}, {2}}};
  for (const auto& [before, after] : templates) {
    const Numbers none_before(before.size(), -1);
    const Numbers none_after(after.size(), -1);
    for (std::size_t code = 0; code < 13 * 5 * 5 * 2 * 2; ++code) {
      const std::size_t size = code % 13;
      const std::size_t room = 1 + code / 13 % 5;
      const std::size_t stride = code / (13 * 5) % 5;
      const Side side = code / (13 * 5 * 5) % 2 == 0 ? Side::right : Side::left;
      const bool overflow = code / (13 * 5 * 5 * 2) == 1;
      if (stride >= room) continue;
      CAPTURE(size, room, stride, overflow, bedtok::enum_name(side), before, after);
      BatchOptions options = windows(room + before.size() + after.size(), stride);
      options.return_overflowing_tokens = overflow;
      const Encoding sample = sample_of(size, true);
      const auto ids = cut_by_hand(sample.input_ids, room, stride, side, overflow);
      const auto places = cut_by_hand(sample.region_index, room, stride, side, overflow);
      const auto rows = RowBuilder(before, after, side, options).rows(sample, 0);
      REQUIRE(rows.size() == ids.size());
      for (std::size_t k = 0; k < rows.size(); ++k) {
        REQUIRE(rows[k].input_ids == around(before, ids[k], after));
        REQUIRE(rows[k].attention_mask == Numbers(rows[k].input_ids.size(), 1));
        if (size != 0) {
          REQUIRE(rows[k].region_index == around(none_before, places[k], none_after));
        }
        REQUIRE(rows[k].warning == "of the sample");
      }
    }
  }
}

TEST_CASE("windows hold every token, all but the last are full, and neighbours share the stride") {
  for (std::size_t room = 1; room <= 6; ++room) {
    for (std::size_t stride = 0; stride < room; ++stride) {
      for (std::size_t size = 1; size <= 25; ++size) {
        for (const Side side : {Side::right, Side::left}) {
          CAPTURE(size, room, stride, bedtok::enum_name(side));
          const RowBuilder builder({}, {}, side, windows(room, stride));
          const auto rows = builder.rows(sample_of(size), 0);
          std::set<std::int64_t> seen;
          for (std::size_t k = 0; k < rows.size(); ++k) {
            const Numbers& ids = rows[k].input_ids;
            std::size_t shared = 0;
            for (const std::int64_t id : ids) shared += seen.insert(id).second ? 0 : 1;
            REQUIRE(shared == (k == 0 ? 0 : stride));
            REQUIRE(ids.size() > shared);
            REQUIRE(std::is_sorted(ids.begin(), ids.end()));
            REQUIRE((k + 1 == rows.size() ? ids.size() <= room : ids.size() == room));
          }
          REQUIRE(seen.size() == size);
        }
      }
    }
  }
}

TEST_CASE("the random choice keeps the order, fills the row, and carries the regions along") {
  std::mt19937_64 random(91);
  for (int round = 0; round < 500; ++round) {
    const std::size_t room = support::pick(random, 1, 12);
    const std::size_t size = support::pick(random, 1, 30);
    const RowBuilder builder({1, 2}, {3}, Side::left, random_choice(room + 3, random()));
    const auto rows = builder.rows(sample_of(size, true), support::pick(random, 0, 5));
    REQUIRE(rows.size() == 1);
    const Numbers& ids = rows[0].input_ids;
    REQUIRE(ids.size() == std::min(room, size) + 3);
    REQUIRE(rows[0].attention_mask == Numbers(ids.size(), 1));
    REQUIRE(Numbers(ids.begin(), ids.begin() + 2) == Numbers{1, 2});
    REQUIRE(ids.back() == 3);
    const Numbers tokens(ids.begin() + 2, ids.end() - 1);
    REQUIRE(std::adjacent_find(tokens.begin(), tokens.end(), std::greater_equal<>()) ==
            tokens.end());
    Numbers places = {-1, -1};
    for (const std::int64_t token : tokens) places.push_back(10 * (token - 100));
    places.push_back(-1);
    REQUIRE(rows[0].region_index == places);
    REQUIRE(rows[0].warning == "of the sample");
  }
}

TEST_CASE("the random choice depends on the seed and on the place in the batch") {
  std::set<Numbers> choices;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    for (std::size_t i = 0; i < 30; ++i) {
      const Numbers choice = chosen(random_choice(50, seed), 200, i);
      REQUIRE(choice == chosen(random_choice(50, seed), 200, i));
      choices.insert(choice);
    }
  }
  CHECK(choices.size() == 900);
}

TEST_CASE("over the samples of a batch the random choice takes each token equally often") {
  constexpr std::size_t samples = 6000;
  std::vector<int> taken(12);
  for (std::size_t i = 0; i < samples; ++i) {
    for (const std::int64_t id : chosen(random_choice(5, 7), 12, i)) ++taken[std::size_t(id - 100)];
  }
  double chi_square = 0;
  for (const int times : taken) {
    const double expected = samples * 5 / 12.0;
    chi_square += (times - expected) * (times - expected) / (expected * 7 / 12) * 11 / 12;
  }
  CHECK(chi_square < 45);  // 11 degrees of freedom: above that once in 200,000 times
}

TEST_CASE("a row needs room for a token beside the template's") {
  CHECK(refused(limit(0)) == "max_length is 0, expected 1 or more");
  CHECK(refused(limit(3), {1, 2}, {3}) ==
        "max_length is 3, expected more than the 3 special tokens around a sequence");
  CHECK(refused(limit(4), {1, 2}, {3}) == "nothing was thrown");
  CHECK(refused(limit(std::numeric_limits<std::size_t>::max()), {1}) == "nothing was thrown");
}

TEST_CASE("a stride must leave a window something of its own") {
  CHECK(refused(windows(3, 3)) ==
        "stride is 3, expected fewer than the 3 tokens that a row has room for");
  CHECK(refused(windows(5, 4), {1}, {2}) ==
        "stride is 4, expected fewer than the 3 tokens that a row has room for");
  CHECK(refused(windows(5, 2), {1}, {2}) == "nothing was thrown");
  BatchOptions without_windows = limit(3);
  without_windows.stride = 3;
  CHECK(refused(without_windows) == "nothing was thrown");
}

TEST_CASE("a random choice has no overflow") {
  BatchOptions options = random_choice(5);
  options.return_overflowing_tokens = true;
  CHECK(refused(options) ==
        "truncation is random and return_overflowing_tokens is set: a random choice has no "
        "overflow");
}

TEST_CASE("by weight the largest are kept, in their order, with their regions") {
  std::vector<float> weights(106, 0.0F);
  weights[101] = 2;
  weights[104] = 5;
  weights[105] = -1;
  const RowBuilder builder({1}, {2}, Side::left, by_weight(5, weights));
  const auto rows = builder.rows(sample_of(6, true), 3);
  REQUIRE(rows.size() == 1);
  // 100 has the weight of 102 and 103, and comes before them.
  CHECK(rows[0].input_ids == Numbers{1, 100, 101, 104, 2});
  CHECK(rows[0].region_index == Numbers{-1, 0, 10, 40, -1});
}

TEST_CASE("a choice by weight needs weights and has no overflow") {
  BatchOptions options = by_weight(5, {});
  options.token_weights = nullptr;
  CHECK(refused(options) == "truncation is weight, but there are no token_weights");
  options = by_weight(5, {1});
  options.return_overflowing_tokens = true;
  CHECK(refused(options) ==
        "truncation is weight and return_overflowing_tokens is set: a choice by weight has no "
        "overflow");
}

TEST_CASE("a batch has the rows of its samples in their order, and knows whose they are") {
  const RowBuilder builder({}, {9}, Side::right, windows(3, 1));
  const support::Sizes sizes = {3, 1, 0, 2, 4};
  for (std::size_t threads = 1; threads <= 6; ++threads) {
    const Batch batch = make_batch(sizes.size(), threads, builder,
                                   [&](std::size_t i) { return sample_of(sizes.begin()[i]); });
    std::vector<Numbers> ids;
    for (const Encoding& row : batch.rows) ids.push_back(row.input_ids);
    CHECK(ids == std::vector<Numbers>{{100, 101, 9},
                                      {101, 102, 9},
                                      {100, 9},
                                      {9},
                                      {100, 101, 9},
                                      {100, 101, 9},
                                      {101, 102, 9},
                                      {102, 103, 9}});
    CHECK(batch.overflow_to_sample_mapping == Numbers{0, 0, 1, 2, 3, 4, 4, 4});
    CHECK(batch.longest() == 3);
  }
  const Batch empty = make_batch(0, 4, builder, [](std::size_t) { return Encoding(); });
  CHECK(empty.rows.empty());
  CHECK(empty.overflow_to_sample_mapping.empty());
  CHECK(empty.longest() == 0);
}

TEST_CASE("of the samples that fail the first is named, whatever the number of threads") {
  const RowBuilder builder({}, {}, Side::right, {});
  const auto fail = [](std::size_t i) -> Encoding {
    if (i == 11) throw ConfigError("another error");
    if (i >= 5) throw VocabularyError("no token");
    return {};
  };
  for (std::size_t threads = 1; threads <= 8; ++threads) {
    CHECK(message_of<VocabularyError>([&] { make_batch(30, threads, builder, fail); }) ==
          "sample 5: no token");
    const auto from_11 = [&](std::size_t i) { return fail(i == 0 ? 0 : i + 10); };
    CHECK(message_of<ConfigError>([&] { make_batch(30, threads, builder, from_11); }) ==
          "another error");
  }
}

TEST_CASE("the template of a sample without tokens belongs to no region") {
  BatchOptions options;
  options.return_region_index = true;
  const RowBuilder builder({1, 2}, {3}, Side::right, options);
  const std::vector<Encoding> rows = builder.rows(sample_of(0, true), 0);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].input_ids == Numbers{1, 2, 3});
  CHECK(rows[0].region_index == Numbers{-1, -1, -1});
}

TEST_CASE("a sample that comes alone needs no name") {
  const RowBuilder builder({}, {}, Side::right, {});
  const auto fail = [](std::size_t) -> Encoding { throw VocabularyError("no token"); };
  CHECK(message_of<VocabularyError>([&] { make_batch(1, 1, builder, fail); }) == "no token");
}

TEST_CASE("work is given the threads that it is worth") {
  using bedtok::detail::threads_for;
  constexpr std::size_t much = std::numeric_limits<std::size_t>::max();
  CHECK(threads_for(8, 0) == 1);
  CHECK(threads_for(8, 8191) == 1);
  CHECK(threads_for(8, 8192) == 2);
  CHECK(threads_for(8, 1000000) == 8);
  CHECK(threads_for(1, much) == 1);
  CHECK(threads_for(0, 100) == 1);
  CHECK(threads_for(0, much) == bedtok::detail::processors());
}

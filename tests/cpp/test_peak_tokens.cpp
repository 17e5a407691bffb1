// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/peak_tokens.hpp>
#include <cstdint>
#include <vector>

#include "catch.hpp"
#include "support.hpp"

using bedtok::MappingOptions;
using bedtok::OnMiss;
using bedtok::PeakTokens;
using bedtok::RegionSet;
using bedtok::Tokenizer;
using Ids = std::vector<std::int32_t>;

namespace {

const RegionSet<> disjoint{{"chr1", 0, 10, {}}, {"chr1", 10, 20, {}}, {"chr2", 5, 6, {}}};

Ids tokens_of(const PeakTokens& peaks, std::size_t peak) {
  Ids ids(peaks.count(peak));
  REQUIRE(peaks.copy(peak, ids.data()) == ids.data() + ids.size());
  return ids;
}

}  // namespace

TEST_CASE("a peak has the tokens of its region") {
  const Tokenizer<> tokenizer(disjoint);
  const RegionSet<> regions{{"chr1", 5, 15, {}}, {"chr2", 0, 5, {}}, {"chr2", 0, 9, {}}};
  MappingOptions options;
  const PeakTokens peaks(tokenizer, regions, options);
  CHECK(peaks.size() == 3);
  CHECK(tokens_of(peaks, 0) == Ids{0, 1});
  CHECK(tokens_of(peaks, 1).empty());
  CHECK(tokens_of(peaks, 2) == Ids{2});
  options.on_miss = OnMiss::unk;
  CHECK(tokens_of(PeakTokens(tokenizer, regions, options), 1) == Ids{3});
  options.on_miss = OnMiss::error;
  const PeakTokens strict(tokenizer, regions, options);
  CHECK(tokens_of(strict, 0) == Ids{0, 1});
  CHECK(support::message_of<bedtok::VocabularyError>([&] { strict.count(1); }) ==
        "peak 1 hits nothing in the vocabulary, and on_miss is 'error'");
}

TEST_CASE("peaks that are the vocabulary's regions keep their numbers") {
  const Tokenizer<> tokenizer(disjoint);
  CHECK(PeakTokens(tokenizer, disjoint, {}).identity());
  // The same regions under another order of names; what is carried does not matter.
  const RegionSet<std::uint32_t, double> with_payload{
      {"chr1", 0, 10, 1.5}, {"chr1", 10, 20, 2.5}, {"chr2", 5, 6, 0}};
  CHECK(PeakTokens(tokenizer, with_payload, {}).identity());
  MappingOptions narrow;
  narrow.min_overlap = 3;
  CHECK_FALSE(PeakTokens(tokenizer, disjoint, narrow).identity());
  const auto differs = [&](const RegionSet<>& peaks) {
    return !PeakTokens(tokenizer, peaks, {}).identity();
  };
  CHECK(differs({{"chr1", 0, 10, {}}, {"chr1", 10, 20, {}}}));
  CHECK(differs({{"chr1", 0, 10, {}}, {"chr1", 10, 20, {}}, {"chr3", 5, 6, {}}}));
  CHECK(differs({{"chr1", 0, 10, {}}, {"chr2", 10, 20, {}}, {"chr2", 5, 6, {}}}));
  CHECK(differs({{"chr1", 0, 10, {}}, {"chr1", 10, 21, {}}, {"chr2", 5, 6, {}}}));
}

TEST_CASE("an overlapping, an empty or an unsorted region is mapped, equal or not") {
  for (const RegionSet<>& regions :
       {RegionSet<>{{"chr1", 0, 10, {}}, {"chr1", 9, 20, {}}},
        RegionSet<>{{"chr1", 0, 10, {}}, {"chr1", 12, 12, {}}},
        RegionSet<>{{"chr1", 10, 20, {}}, {"chr1", 0, 5, {}}},
        RegionSet<>{{"chr1", 0, 10, {}}, {"chr2", 0, 5, {}}, {"chr1", 5, 8, {}}}}) {
    CHECK_FALSE(PeakTokens(Tokenizer<>(regions), regions, {}).identity());
  }
}

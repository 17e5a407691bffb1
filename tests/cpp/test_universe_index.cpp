// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/detail/index_bounds.hpp>
#include <bedtok/io/detail/index_reader.hpp>
#include <bedtok/io/detail/section_file.hpp>
#include <bedtok/io/pretrained.hpp>
#include <bedtok/io/universe_index.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "random_settings.hpp"
#include "support_io.hpp"

using bedtok::Error;
using bedtok::IndexFile;
using bedtok::OverlapIndex;
using bedtok::ParseError;
using bedtok::RegionSet;
using bedtok::SpecialTokens;
using bedtok::Tokenizer;
using bedtok::io::detail::SectionEntry;
using bedtok::io::detail::SectionHead;
using support::message_of;
using support::pick;
namespace fs = std::filesystem;

namespace {

/// What an index finds for many queries, and what its vocabulary knows.
template <class Tokens>
std::string answers(const Tokens& tokenizer, std::mt19937_64 random) {
  using Coord = typename Tokens::coord_type;
  const auto& regions = tokenizer.vocabulary().regions();
  std::string text;
  for (std::size_t i = 0; i < regions.size(); ++i) {
    regions.append_text(text, i);
    text.append(" ");
  }
  for (const std::string& name : regions.chroms().names()) {
    const auto chrom = regions.chroms().find(name);
    text.append(std::to_string(tokenizer.vocabulary().last_end(chrom)) + "|");
  }
  for (int query = 0; query < 40; ++query) {
    const auto chrom =
        static_cast<bedtok::ChromTable::Id>(pick(random, 0, regions.chroms().size()));
    const auto start = static_cast<Coord>(pick(random, 0, 1200));
    const auto end = static_cast<Coord>(start + pick(random, 0, 300));
    tokenizer.index().find(chrom, start, end, [&](std::uint32_t id, Coord from, Coord to) {
      text.append(std::to_string(id) + ":" + std::to_string(from) + "-" + std::to_string(to) + " ");
    });
    text.append(";");
  }
  for (std::size_t i = 0; i < regions.size(); ++i) {
    std::string token;
    regions.append_text(token, i);
    text.append(std::to_string(tokenizer.convert_token_to_id(token)) + ",");
  }
  return text + tokenizer.warning();
}

/// A folder with a saved tokenizer and its index.
struct Saved {
  explicit Saved(const RegionSet<>& regions) : tokenizer(regions) {
    tokenizer.save_pretrained(folder.path(), true);
    bytes = support::bytes_of(path());
  }
  fs::path path() const { return folder.path() / "universe.index"; }
  void put(const std::string& content) const { folder.file("universe.index", content); }
  Tokenizer<> load() const { return Tokenizer<>::from_pretrained(folder.path()); }
  /// The part of loading that reads the index.
  auto open() const {
    std::string warning;
    return bedtok::io::open_universe_index<OverlapIndex<>>(
        path(), folder.path() / "universe.bed.gz", warning);
  }

  support::TemporaryFolder folder;
  Tokenizer<> tokenizer;
  std::string bytes;
};

const RegionSet<> few{{"chr2", 5, 90, {}}, {"chr1", 0, 4, {}}, {"chr1", 0, 3, {}}};
const RegionSet<> ordered{{"chr1", 0, 4, {}}, {"chr1", 3, 9, {}}, {"chr2", 100, 2000, {}}};

/// The same file with a changed head, whose digest is right.
std::string with_head(std::string bytes, const std::function<void(SectionHead&)>& change) {
  SectionHead head;
  std::memcpy(&head, bytes.data(), sizeof head);
  change(head);
  head.head_digest = bedtok::io::detail::head_digest(head);
  std::memcpy(bytes.data(), &head, sizeof head);
  return bytes;
}

/// The same file with one changed value in a section, all of whose digests are right: what only
/// somebody makes who means harm.
template <class T>
std::string forged(std::string bytes, std::uint32_t number, std::size_t place, T value) {
  SectionHead head;
  std::memcpy(&head, bytes.data(), sizeof head);
  for (std::uint32_t i = 0; i < head.sections; ++i) {
    char* const at = bytes.data() + sizeof head + i * sizeof(SectionEntry);
    SectionEntry entry;
    std::memcpy(&entry, at, sizeof entry);
    if (entry.number != number) continue;
    const std::size_t size = entry.count * entry.element_size;
    if ((place + 1) * sizeof value > size) return {};
    std::memcpy(bytes.data() + entry.offset + place * sizeof value, &value, sizeof value);
    entry.digest =
        bedtok::io::detail::digest_of(std::string_view(bytes).substr(entry.offset, size));
    std::memcpy(at, &entry, sizeof entry);
    return with_head(bytes, [&](SectionHead& changed) {
      changed.table_digest = bedtok::io::detail::digest_of(
          std::string_view(bytes).substr(sizeof head, head.sections * sizeof(SectionEntry)));
    });
  }
  return {};
}

}  // namespace

TEST_CASE("a mapped index answers as one that was built", "[differential]") {
  auto random = support::random_source(715);
  for (int round = 0; round < support::cases(150); ++round) {
    const support::TemporaryFolder folder;
    auto regions =
        support::random_regions<std::uint32_t>(random, pick(random, 1, 60), pick(random, 1, 5),
                                               pick(random, 1, 1000), pick(random, 0, 300));
    if (pick(random, 0, 1) == 0) regions = std::move(regions).sorted();
    const Tokenizer<> built(regions, support::random_special_tokens(random));
    built.save_pretrained(folder.path(), true);
    const auto mapped = Tokenizer<>::from_pretrained(folder.path());
    REQUIRE(mapped.index_file() != nullptr);
    REQUIRE(mapped.vocabulary().regions().starts().is_view());
    REQUIRE(mapped == Tokenizer<>(built.vocabulary().regions(), built.special_tokens()));
    const std::mt19937_64 queries(random());
    REQUIRE(answers(mapped, queries) ==
            answers(Tokenizer<>(built.vocabulary().regions()), queries));
    REQUIRE(mapped(regions).input_ids == built(regions).input_ids);
    const auto again = Tokenizer<>::from_index_file(*mapped.index_file(), built.special_tokens());
    REQUIRE(again.has_value());
    REQUIRE(*again == mapped);
    REQUIRE(answers(*again, queries) == answers(mapped, queries));
  }
}

TEST_CASE("trees, piles and many chromosomes survive being saved") {
  std::vector<bedtok::Region<>> regions;
  for (std::uint32_t i = 0; i < 3000; ++i) {
    regions.push_back({"nested", i, 100000 - i, {}});
    regions.push_back({"contig_" + std::to_string(i), i, i + 1, {}});
  }
  regions.push_back({"name with spaces \xC3\xA4 \xFF;|", 0, 0xFFFFFFFF, {}});
  const Saved saved{RegionSet<>(regions)};
  const auto mapped = saved.load();
  CHECK(mapped.index_file() != nullptr);
  CHECK(mapped == saved.tokenizer);
  const std::mt19937_64 queries(1);
  CHECK(answers(mapped, queries) == answers(saved.tokenizer, queries));
  CHECK(mapped(saved.tokenizer.vocabulary().regions()).input_ids ==
        saved.tokenizer(saved.tokenizer.vocabulary().regions()).input_ids);
  CHECK(mapped(mapped.vocabulary().regions()).input_ids ==
        saved.tokenizer(saved.tokenizer.vocabulary().regions()).input_ids);
}

TEST_CASE("64-bit coordinates have an index of their own") {
  using Wide = Tokenizer<OverlapIndex<std::uint64_t>>;
  const support::TemporaryFolder folder;
  const Wide built(RegionSet<std::uint64_t>{
      {"chr1", 7, std::uint64_t{1} << 40, {}}, {"chr1", 3, 9, {}}, {"chr2", 1, 2, {}}});
  built.save_pretrained(folder.path(), true);
  const auto mapped = Wide::from_pretrained(folder.path());
  CHECK(mapped.index_file() != nullptr);
  CHECK(mapped == built);
  const std::mt19937_64 queries(2);
  CHECK(answers(mapped, queries) == answers(built, queries));
}

TEST_CASE("an index of wider coordinates is not used") {
  const support::TemporaryFolder folder;
  Tokenizer<OverlapIndex<std::uint64_t>>(RegionSet<std::uint64_t>{{"chr1", 3, 9, {}}})
      .save_pretrained(folder.path(), true);
  const auto loaded = Tokenizer<>::from_pretrained(folder.path());
  CHECK(loaded.index_file() == nullptr);
  CHECK(loaded.warning() ==
        (folder.path() / "universe.index").string() +
            ": has coordinates of 64 bits, expected 32, and is not used: loading takes longer; "
            "save the tokenizer with its index again, or remove the file");
}

TEST_CASE("the index is written only where it is asked for, and equal bytes each time") {
  const Saved a(few);
  const Saved b(few);
  CHECK(a.bytes == b.bytes);
  CHECK(a.tokenizer.save_pretrained(a.folder.path()).size() == 3);  // removes the earlier one
  CHECK_FALSE(fs::exists(a.path()));
  CHECK(a.load().index_file() == nullptr);
  CHECK(bedtok::io::index_pretrained(a.folder.path()) == a.path());
  CHECK(support::bytes_of(a.path()) == b.bytes);
  const auto written = a.tokenizer.save_pretrained(a.folder.path(), true);
  CHECK(written.back() == a.path());
  CHECK(a.folder.names() == std::vector<std::string>{"special_tokens_map.json",
                                                     "tokenizer_config.json", "universe.bed.gz",
                                                     "universe.index"});
}

TEST_CASE("a folder with only a universe can get an index") {
  const support::TemporaryFolder folder;
  folder.file("universe.bed", "chr1\t5\t9\tname\nchr1\t1\t4\nchr1\t5\t9\n");
  bedtok::io::index_pretrained(folder.path());
  const auto mapped = Tokenizer<>::from_pretrained(folder.path());
  CHECK(mapped.index_file() != nullptr);
  CHECK(mapped.vocabulary().repeated() == 1);
  CHECK(mapped.warning() ==
        "the vocabulary repeats 1 of its regions (the first is chr1:5-9); each keeps its first id, "
        "and later ids move up");
}

TEST_CASE("every damaged byte and every length is refused") {
  const Saved saved(few);
  for (std::size_t i = 0; i < saved.bytes.size(); ++i) {
    std::string damaged = saved.bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ (1 << (i % 8)));
    saved.put(damaged);
    REQUIRE_THROWS_AS(saved.open(), ParseError);
  }
  for (std::size_t size = 0; size < saved.bytes.size(); ++size) {
    saved.put(saved.bytes.substr(0, size));
    REQUIRE_THROWS_AS(saved.open(), ParseError);
  }
  saved.put(saved.bytes + "x");
  CHECK_THROWS_AS(saved.load(), ParseError);
  saved.put(saved.bytes);
  CHECK(saved.load() == saved.tokenizer);
}

TEST_CASE("a damaged index is refused with what is wrong and what to do") {
  const Saved saved(few);
  const auto message = [&](const std::string& content) {
    saved.put(content);
    return message_of<ParseError>([&] { saved.load(); });
  };
  const auto expected = [&](const std::string& what) {
    return saved.path().string() + ": is a damaged index: it " + what +
           "; save the tokenizer with its index again, or remove the file";
  };
  CHECK(message("chr1\t5\t9\n") == expected("does not begin like a saved index"));
  CHECK(message(saved.bytes.substr(0, 20)) == expected("has 20 bytes, expected 64 or more"));
  CHECK(message(saved.bytes + "x") ==
        expected("has " + std::to_string(saved.bytes.size() + 1) + " bytes, expected " +
                 std::to_string(saved.bytes.size())));
  SectionEntry facts;
  std::memcpy(&facts, saved.bytes.data() + sizeof(SectionHead), sizeof facts);
  std::string damaged = saved.bytes;
  damaged[facts.offset] = static_cast<char>(damaged[facts.offset] ^ 1);
  CHECK(message(damaged) == expected("has damaged bytes in section 1"));
  CHECK(message(forged<std::uint64_t>(saved.bytes, 8, 0, 1)) == expected("does not hold an index"));
}

TEST_CASE("no value in a forged index leads outside of its arrays") {
  std::vector<bedtok::Region<>> nested;  // which has checkpoints
  for (std::uint32_t i = 0; i < 200; ++i) nested.push_back({"chr1", i, 1000 - i, {}});
  for (const RegionSet<>& regions : {few, ordered, RegionSet<>(nested)}) {
    const Saved saved(regions);
    int refused = 0;
    for (std::uint32_t number = 1; number < 40; ++number) {
      for (std::size_t place = 0; place < 16; ++place) {
        for (const std::uint32_t value : {0u, 2u, 100u, 0xffffffffu}) {
          const std::string content = forged(saved.bytes, number, place, value);
          if (content.empty()) continue;
          saved.put(content);
          try {
            auto opened = saved.open();
            const Tokenizer<> mapped(
                std::make_shared<const bedtok::Vocabulary<>>(
                    std::move(opened->regions), std::move(opened->tables), SpecialTokens()),
                std::move(opened->index));
            answers(mapped, std::mt19937_64(4));
            mapped(regions);
            mapped.report(regions);
          } catch (const Error&) {
            ++refused;
          }
        }
      }
    }
    CHECK(refused > 100);
  }
}

TEST_CASE("an index of another version or byte order is not used") {
  const Saved saved(few);
  const auto warning = [&](const std::function<void(SectionHead&)>& change) {
    saved.put(with_head(saved.bytes, change));
    const auto loaded = saved.load();
    CHECK(loaded == saved.tokenizer);
    CHECK(loaded.index_file() == nullptr);
    return loaded.warning();
  };
  const auto expected = [&](const std::string& what) {
    return saved.path().string() + ": " + what +
           ", and is not used: loading takes longer; save the tokenizer with its index again, or "
           "remove the file";
  };
  CHECK(warning([](SectionHead& head) { ++head.version; }) ==
        expected("is of another version of bedtok"));
  CHECK(warning([](SectionHead& head) { ++head.layout; }) ==
        expected("is of another version of bedtok"));
  CHECK(warning([](SectionHead& head) { head.byte_order = 0x04030201; }) ==
        expected("is of a machine of the other byte order"));
}

TEST_CASE("an index of another universe is not used") {
  const Saved saved(few);
  bedtok::io::AtomicFile universe(saved.folder.path() / "universe.bed.gz");
  bedtok::io::write_bed(few, universe, bedtok::Compression::none);  // the same regions
  universe.commit();
  const auto loaded = saved.load();
  CHECK(loaded == saved.tokenizer);
  CHECK(loaded.index_file() == nullptr);
  CHECK(loaded.warning() ==
        saved.path().string() +
            ": is not the index of universe.bed.gz, and is not used: loading takes longer; save "
            "the tokenizer with its index again, or remove the file");
}

TEST_CASE("an index does not hide that the files belong to different tokenizers") {
  const Saved saved(few);
  const Saved other(ordered);
  for (const char* name : {"universe.bed.gz", "universe.index"}) {
    fs::copy_file(other.folder.path() / name, saved.folder.path() / name,
                  fs::copy_options::overwrite_existing);
  }
  CHECK(message_of<bedtok::ConfigError>([&] {
          saved.load();
        }).find("universe.bed.gz is not the one that tokenizer_config.json was saved with") !=
        std::string::npos);
}

TEST_CASE("the index of an opened tokenizer is found again only as it was") {
  const Saved saved(few);
  const IndexFile file = *saved.load().index_file();
  CHECK(file.path.is_absolute());
  CHECK(Tokenizer<>::from_index_file(file).has_value());
  CHECK_FALSE(Tokenizer<>::from_index_file({file.path, "0123456789abcdef"}).has_value());
  saved.put(saved.bytes.substr(0, saved.bytes.size() - 1));
  CHECK_FALSE(Tokenizer<>::from_index_file(file).has_value());
  fs::remove(saved.path());
  CHECK_FALSE(Tokenizer<>::from_index_file(file).has_value());
}

TEST_CASE("other special tokens and options keep the mapped memory") {
  const Saved saved(few);
  const auto mapped = saved.load();
  SpecialTokens tokens;
  tokens.add("<donor>");
  const auto other = mapped.with_special_tokens(tokens);
  CHECK(other.vocabulary().regions().starts().data() ==
        mapped.vocabulary().regions().starts().data());
  CHECK(other.index_file() != nullptr);
  CHECK(&other.index() == &mapped.index());
  CHECK(other == saved.tokenizer.with_special_tokens(tokens));
}

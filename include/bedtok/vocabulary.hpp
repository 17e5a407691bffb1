// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "array.hpp"
#include "assembly.hpp"
#include "chrom_aliases.hpp"
#include "chrom_table.hpp"
#include "encoding.hpp"
#include "error.hpp"
#include "region_set.hpp"
#include "special_tokens.hpp"

namespace bedtok {

/// What a vocabulary knows of its regions beyond their columns; a saved index holds it, too.
template <class Coord = std::uint32_t>
struct VocabularyTables {
  Array<std::uint32_t> order;        ///< Ids by (chromosome, start, end); empty when ids are so.
  std::vector<std::uint64_t> block;  ///< Where each chromosome begins in that order; one more.
  std::vector<Coord> last_end;       ///< The end of each chromosome's last region; 0: none.
  std::uint64_t repeated = 0;        ///< How many repeated regions were left out.
  std::string first_repeated;        ///< The first of them as text.
};

/// The tokens of a model: distinct regions with ids from 0 in their order, then the special tokens.
/// Immutable; may be used from many threads.
template <class Coord = std::uint32_t>
class Vocabulary {
 public:
  /// The type of a coordinate.
  using coord_type = Coord;

  /// A repeated region keeps its first id and is counted by `repeated()`; payloads are dropped.
  /// Throws VocabularyError when there is no region, ConfigError when the special tokens are not
  /// distinct or one is spelled like a region of the vocabulary.
  template <class Payload>
  explicit Vocabulary(RegionSet<Coord, Payload> regions, SpecialTokens special_tokens = {})
      : special_tokens_(std::move(special_tokens)) {
    if (regions.empty()) {
      throw VocabularyError("the vocabulary has no regions, expected at least one");
    }
    if (regions.size() >= std::numeric_limits<std::uint32_t>::max() - special_tokens_.size()) {
      throw VocabularyError("the vocabulary has " + std::to_string(regions.size()) +
                            " regions, expected fewer than 2^32");
    }
    keep_distinct(std::move(regions));
    check_special_tokens();
  }

  /// Takes regions that are distinct, with the tables of a vocabulary of them. Throws ConfigError
  /// as above.
  Vocabulary(RegionSet<Coord> regions, VocabularyTables<Coord> tables, SpecialTokens special_tokens)
      : regions_(std::move(regions)),
        special_tokens_(std::move(special_tokens)),
        tables_(std::move(tables)) {
    check_special_tokens();
  }

  /// Regions and special tokens.
  std::size_t size() const noexcept { return regions_.size() + special_tokens_.size(); }
  /// The distinct regions; a region's id is its position.
  const RegionSet<Coord>& regions() const noexcept { return regions_; }
  /// The special tokens, whose ids follow those of the regions.
  const SpecialTokens& special_tokens() const noexcept { return special_tokens_; }
  /// The number of regions that were left out because they repeat earlier ones.
  std::size_t repeated() const noexcept { return static_cast<std::size_t>(tables_.repeated); }
  /// The first repeated region as text; empty when there is none.
  const std::string& first_repeated() const noexcept { return tables_.first_repeated; }
  /// What else is known of the regions.
  const VocabularyTables<Coord>& tables() const noexcept { return tables_; }

  /// The id of a role's token.
  TokenId id(SpecialRole role) const noexcept {
    return static_cast<TokenId>(regions_.size() + special_tokens_.position(role));
  }
  /// Whether an id, which is not checked, is that of a special token.
  bool is_special(TokenId id) const noexcept { return id >= static_cast<TokenId>(regions_.size()); }

  /// The vocabulary's chromosome for an input's name: the name itself where it is known, else its
  /// alias; ChromTable::none when it has neither.
  ChromTable::Id find_chrom(std::string_view name, const ChromAliases& aliases) const {
    const ChromTable& known = regions_.chroms();
    const ChromTable::Id id = known.find(name);
    return id != ChromTable::none ? id : known.find(aliases.translate(name));
  }

  /// The end of a chromosome's last region; 0 where it has none.
  Coord last_end(ChromTable::Id chrom) const noexcept {
    return chrom < tables_.last_end.size() ? tables_.last_end[chrom] : 0;
  }

  /// The size of an input's chromosome by the assembly's sizes: under its own name, else under the
  /// one that the vocabulary has for it, `known`. The largest number where neither is listed.
  std::uint64_t size_of(const Assembly& assembly, std::string_view name,
                        ChromTable::Id known) const {
    const auto& sizes = assembly.chrom_sizes;
    auto size = sizes.find(name);
    if (size == sizes.end() && known != ChromTable::none) {
      size = sizes.find(regions_.chroms().name(known));
    }
    return size == sizes.end() ? std::numeric_limits<std::uint64_t>::max() : size->second;
  }

  /// The remedy when a naming style would make one of `chroms` known; empty when none does.
  std::string naming_hint(const std::vector<std::string>& chroms) const {
    for (const char* style : {"ucsc", "ensembl"}) {
      const ChromAliases aliases = ChromAliases::to_style(style);
      for (const std::string& chrom : chroms) {
        const std::string other = aliases.translate(chrom);
        if (other.empty() || regions_.chroms().find(other) == ChromTable::none) continue;
        return "the vocabulary calls '" + chrom + "' '" + other +
               "': set the option chrom_aliases to " + style;
      }
    }
    return {};
  }

  /// The id of a token's text, `chrom:start-end` or a special token. None when it is not a token.
  std::optional<TokenId> find(std::string_view token) const {
    if (const auto special = special_tokens_.find(token)) {
      return static_cast<TokenId>(regions_.size() + *special);
    }
    return find_region(token);
  }

  /// Throws VocabularyError that names an id outside 0 .. size() - 1.
  void check(TokenId id) const {
    if (id < 0 || static_cast<std::uint64_t>(id) >= size()) {
      throw VocabularyError("id " + std::to_string(id) + " is outside the vocabulary (0.." +
                            std::to_string(size() - 1) + ")");
    }
  }

  /// Appends the token's text; the id is not checked.
  void append_token(std::string& out, TokenId id) const {
    const auto i = static_cast<std::size_t>(id);
    if (i < regions_.size()) {
      regions_.append_text(out, i);
    } else {
      out.append(special_tokens_.spellings()[i - regions_.size()]);
    }
  }

  friend bool operator==(const Vocabulary& a, const Vocabulary& b) {
    return a.special_tokens_ == b.special_tokens_ && a.regions_ == b.regions_;
  }

 private:
  void check_special_tokens() const {
    special_tokens_.check();
    for (const std::string& spelling : special_tokens_.spellings()) {
      if (find_region(spelling)) {
        throw ConfigError("special token '" + spelling +
                          "' is spelled like a region of the vocabulary, choose another spelling");
      }
    }
  }

  template <class Payload>
  void keep_distinct(RegionSet<Coord, Payload> regions) {
    const auto& ids = regions.chrom_ids();
    const auto& starts = regions.starts();
    const auto& ends = regions.ends();
    tables_.order = detail::interval_order(ids, regions.chroms().size(), starts, ends);
    const auto same = [&](std::size_t a, std::size_t b) {
      return ids[a] == ids[b] && starts[a] == starts[b] && ends[a] == ends[b];
    };
    // Regions that are the same lie side by side in that order, the first of the file in front.
    std::vector<bool> again;
    for (std::size_t k = 1; k < regions.size(); ++k) {
      if (!same(ordered(k - 1), ordered(k))) continue;
      if (again.empty()) again.resize(regions.size());
      again[ordered(k)] = true;
      ++tables_.repeated;
    }
    if (tables_.repeated == 0) {
      regions_ = std::move(regions).without_payload();
    } else {
      keep_first(regions, again);
    }
    find_blocks();
    find_last_ends();
  }

  template <class Payload>
  void keep_first(const RegionSet<Coord, Payload>& regions, const std::vector<bool>& again) {
    std::vector<ChromTable::Id> ids;
    std::vector<Coord> starts;
    std::vector<Coord> ends;
    for (std::size_t i = 0; i < regions.size(); ++i) {
      if (again[i]) {
        if (tables_.first_repeated.empty()) regions.append_text(tables_.first_repeated, i);
        continue;
      }
      ids.push_back(regions.chrom_ids()[i]);
      starts.push_back(regions.starts()[i]);
      ends.push_back(regions.ends()[i]);
    }
    tables_.order = detail::interval_order(ids, regions.chroms().size(), starts, ends);
    regions_ = RegionSet<Coord>::from_checked_columns(regions.chroms(), std::move(ids),
                                                      std::move(starts), std::move(ends));
  }

  void find_blocks() {
    std::vector<std::uint64_t>& block = tables_.block;
    block.assign(regions_.chroms().size() + 1, 0);
    for (const ChromTable::Id id : regions_.chrom_ids()) ++block[id + 1];
    for (std::size_t c = 1; c < block.size(); ++c) block[c] += block[c - 1];
  }

  void find_last_ends() {
    tables_.last_end.assign(regions_.chroms().size(), 0);
    for (std::size_t i = 0; i < regions_.size(); ++i) {
      Coord& last = tables_.last_end[regions_.chrom_ids()[i]];
      last = std::max(last, regions_.ends()[i]);
    }
  }

  std::size_t ordered(std::size_t k) const noexcept {
    return tables_.order.empty() ? k : tables_.order[k];
  }

  /// Binary search among the regions of the chromosome, ordered by (start, end).
  std::optional<TokenId> find_region(std::string_view token) const {
    const auto region = parse_region_text<Coord>(token);
    if (!region) return std::nullopt;
    const ChromTable::Id chrom = regions_.chroms().find(region->chrom);
    if (chrom == ChromTable::none) return std::nullopt;
    const auto key = std::make_pair(region->start, region->end);
    const auto last = static_cast<std::size_t>(tables_.block[chrom + 1]);
    auto low = static_cast<std::size_t>(tables_.block[chrom]);
    std::size_t high = last;
    while (low < high) {
      const std::size_t middle = low + (high - low) / 2;
      const std::size_t i = ordered(middle);
      if (std::make_pair(regions_.starts()[i], regions_.ends()[i]) < key) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    if (low == last) return std::nullopt;
    const std::size_t i = ordered(low);
    if (regions_.starts()[i] != key.first || regions_.ends()[i] != key.second) return std::nullopt;
    return static_cast<TokenId>(i);
  }

  RegionSet<Coord> regions_;
  SpecialTokens special_tokens_;
  VocabularyTables<Coord> tables_;
};

}  // namespace bedtok

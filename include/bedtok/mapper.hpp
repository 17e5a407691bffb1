// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "chrom_aliases.hpp"
#include "chrom_table.hpp"
#include "detail/has_find_all.hpp"
#include "encoding.hpp"
#include "error.hpp"
#include "hit_finder.hpp"
#include "mapping_options.hpp"
#include "report.hpp"
#include "special_tokens.hpp"
#include "vocabulary.hpp"

namespace bedtok {

/// Maps one input to one vocabulary, for the duration of a call.
template <class Index, class Regions>
class Mapper {
 public:
  using Coord = typename Index::coord_type;

  /// Throws ConfigError for illegal options.
  Mapper(const Vocabulary<Coord>& vocabulary, const Index& index, const Regions& regions,
         const MappingOptions& options)
      : vocabulary_(vocabulary),
        index_(index),
        finder_(index, options),
        regions_(regions),
        options_(options) {
    options.check();
    for (const std::string& name : regions.chroms().names()) {
      chrom_of_.push_back(vocabulary.find_chrom(name, options.chrom_aliases));
    }
  }

  Encoding encode(const std::vector<InlineToken>& inline_tokens, bool with_region_index) const {
    Encoding encoding;
    encoding.input_ids.reserve(regions_.size() + inline_tokens.size() + 1);
    std::size_t first = 0;
    IdSet ids_so_far(options_.unique ? vocabulary_.size() : 0);
    for (const InlineToken& token : inline_tokens) {
      if (token.before < first || token.before > regions_.size()) {
        throw Error("a special token is placed before region " + std::to_string(token.before) +
                    ", expected " + std::to_string(first) + ".." + std::to_string(regions_.size()));
      }
      vocabulary_.check(token.id);
      map(first, token.before, encoding, with_region_index, ids_so_far);
      encoding.input_ids.push_back(token.id);
      if (with_region_index) encoding.region_index.push_back(-1);
      first = token.before;
    }
    map(first, regions_.size(), encoding, with_region_index, ids_so_far);
    if (encoding.input_ids.empty()) {
      encoding.input_ids.push_back(vocabulary_.id(SpecialRole::unk));
      if (with_region_index) encoding.region_index.push_back(-1);
    }
    encoding.attention_mask.assign(encoding.input_ids.size(), 1);
    encoding.warning = warning();
    return encoding;
  }

  MappingReport report() const {
    MappingReport report;
    report.regions = regions_.size();
    const std::vector<Coord> last_end = last_ends();
    report.chroms.resize(chrom_of_.size());
    for (std::size_t c = 0; c < chrom_of_.size(); ++c) {
      report.chroms[c].chrom = regions_.chroms().name(static_cast<ChromTable::Id>(c));
      report.chroms[c].known = chrom_of_[c] != ChromTable::none;
    }
    IdSet distinct(vocabulary_.size());
    for (std::size_t i = 0; i < regions_.size(); ++i) {
      ChromReport& chrom = report.chroms[regions_.chrom_ids()[i]];
      ++chrom.regions;
      if (chrom.known && regions_.starts()[i] >= last_end[chrom_at(i)]) ++chrom.past_end;
      std::uint64_t tokens = 0;
      finder_.find(chrom_at(i), regions_.starts()[i], regions_.ends()[i], [&](std::uint32_t id) {
        ++tokens;
        if (distinct.insert(id)) ++report.distinct_tokens;
      });
      report.tokens += tokens;
      if (tokens != 0) {
        ++chrom.hits;
      } else {
        report.misses.push_back(static_cast<std::int64_t>(i));
      }
    }
    const auto unused = [](const ChromReport& chrom) { return chrom.regions == 0; };
    report.chroms.erase(std::remove_if(report.chroms.begin(), report.chroms.end(), unused),
                        report.chroms.end());
    for (const ChromReport& chrom : report.chroms) {
      report.hits += chrom.hits;
      if (!chrom.known) report.unknown_chroms.push_back(chrom.chrom);
    }
    report.likely_cause = likely_cause(report);
    return report;
  }

 private:
  /// A set of ids below a bound.
  class IdSet {
   public:
    explicit IdSet(std::size_t bound) : has_(bound) {}
    /// Whether `id` is new to the set.
    bool insert(std::uint32_t id) {
      if (has_[id]) return false;
      return has_[id] = true;
    }

   private:
    std::vector<bool> has_;
  };

  ChromTable::Id chrom_at(std::size_t i) const { return chrom_of_[regions_.chrom_ids()[i]]; }

  /// Appends the tokens of regions [first, last).
  void map(std::size_t first, std::size_t last, Encoding& encoding, bool with_region_index,
           IdSet& ids_so_far) const {
    if (first == last) return;
    std::vector<TokenId>& ids = encoding.input_ids;
    const std::size_t begin = ids.size();
    if constexpr (detail::has_find_all<Index>::value) {
      if (options_.every_overlap() && !with_region_index && options_.on_miss == OnMiss::drop &&
          !options_.unique) {
        encoding.hits += index_.find_all(
            chrom_of_, regions_.chrom_ids(), regions_.starts(), regions_.ends(), first, last,
            [&ids](const std::uint32_t* from, const std::uint32_t* to) {
              ids.insert(ids.end(), from, to);
            });
        if (options_.order == TokenOrder::vocabulary) {
          std::sort(ids.begin() + static_cast<std::ptrdiff_t>(begin), ids.end());
        }
        return;
      }
    }
    const auto unk = static_cast<std::uint32_t>(vocabulary_.id(SpecialRole::unk));
    for (std::size_t i = first; i < last; ++i) {
      const auto add = [&](std::uint32_t id) {
        if (options_.unique && !ids_so_far.insert(id)) return;
        ids.push_back(id);
        if (with_region_index) encoding.region_index.push_back(static_cast<std::int64_t>(i));
      };
      bool hit = false;
      finder_.find(chrom_at(i), regions_.starts()[i], regions_.ends()[i], [&](std::uint32_t id) {
        hit = true;
        add(id);
      });
      if (hit) ++encoding.hits;
      if (!hit && options_.on_miss == OnMiss::error) throw missed(i);
      if (!hit && options_.on_miss == OnMiss::unk) add(unk);
    }
    if (options_.order == TokenOrder::vocabulary) sort_by_id(encoding, begin, with_region_index);
  }

  void sort_by_id(Encoding& encoding, std::size_t begin, bool with_region_index) const {
    const auto from = static_cast<std::ptrdiff_t>(begin);
    if (!with_region_index) {
      std::sort(encoding.input_ids.begin() + from, encoding.input_ids.end());
      return;
    }
    std::vector<std::pair<TokenId, std::int64_t>> tokens;
    for (std::size_t k = begin; k < encoding.input_ids.size(); ++k) {
      tokens.emplace_back(encoding.input_ids[k], encoding.region_index[k]);
    }
    std::sort(tokens.begin(), tokens.end());
    for (std::size_t k = begin; k < encoding.input_ids.size(); ++k) {
      std::tie(encoding.input_ids[k], encoding.region_index[k]) = tokens[k - begin];
    }
  }

  VocabularyError missed(std::size_t i) const {
    std::string region;
    regions_.append_text(region, i);
    return VocabularyError("region " + std::to_string(i) + ": " + region +
                           " hits nothing in the vocabulary, and on_miss is 'error'");
  }

  /// For each vocabulary chromosome the end of its last region: what starts later is past it.
  std::vector<Coord> last_ends() const {
    const RegionSet<Coord>& known = vocabulary_.regions();
    std::vector<Coord> last(known.chroms().size(), 0);
    for (std::size_t i = 0; i < known.size(); ++i) {
      last[known.chrom_ids()[i]] = std::max(last[known.chrom_ids()[i]], known.ends()[i]);
    }
    return last;
  }

  std::string warning() const {
    if (regions_.empty()) return {};
    // Not by the table, which may have names that no region uses. Most inputs return at once.
    for (const ChromTable::Id id : regions_.chrom_ids()) {
      if (chrom_of_[id] != ChromTable::none) return {};
    }
    const std::string hint = naming_hint(regions_.chroms().names());
    return "no chromosome of the input is known to the vocabulary (input: " + regions_.chrom(0) +
           ", vocabulary: " + vocabulary_.regions().chroms().name(0) + ")" +
           (hint.empty() ? "" : "; " + hint);
  }

  /// The remedy when a naming style would make one of `chroms` known; empty when none does.
  std::string naming_hint(const std::vector<std::string>& chroms) const {
    for (const char* style : {"ucsc", "ensembl"}) {
      const ChromAliases aliases = ChromAliases::to_style(style);
      for (const std::string& chrom : chroms) {
        const std::string other = aliases.translate(chrom);
        if (other.empty() || vocabulary_.regions().chroms().find(other) == ChromTable::none)
          continue;
        return "the vocabulary calls '" + chrom + "' '" + other +
               "': set the option chrom_aliases to " + style;
      }
    }
    return {};
  }

  std::string likely_cause(const MappingReport& report) const {
    if (report.misses.empty()) return {};
    const std::string hint = naming_hint(report.unknown_chroms);
    if (!hint.empty()) return hint;
    std::uint64_t past_end = 0;
    const ChromReport* worst = nullptr;
    for (const ChromReport& chrom : report.chroms) {
      past_end += chrom.past_end;
      if (worst == nullptr || chrom.past_end > worst->past_end) worst = &chrom;
    }
    // In any genome a few regions lie past the last peak; on a longer chromosome of another
    // assembly it is about one in a thousand.
    if (past_end != 0 && past_end * 2000 >= report.regions) {
      return std::to_string(past_end) +
             " regions start past the last vocabulary region of their chromosome (most on " +
             worst->chrom + "): another assembly, or a vocabulary that does not reach there";
    }
    if (report.unknown_chroms.size() == report.chroms.size()) {
      return "the vocabulary has none of the input's chromosomes: another naming or another "
             "species";
    }
    return {};
  }

  const Vocabulary<Coord>& vocabulary_;
  const Index& index_;
  HitFinder<Index> finder_;
  const Regions& regions_;
  const MappingOptions& options_;
  std::vector<ChromTable::Id> chrom_of_;  // input chromosome -> vocabulary chromosome
};

}  // namespace bedtok

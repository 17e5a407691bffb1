// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "assembly.hpp"
#include "chrom_table.hpp"
#include "detail/barcode_probe.hpp"
#include "detail/has_find_all.hpp"
#include "detail/huge_pages.hpp"
#include "diagnosis.hpp"
#include "encoding.hpp"
#include "error.hpp"
#include "hit_finder.hpp"
#include "mapping_options.hpp"
#include "region.hpp"
#include "report.hpp"
#include "special_tokens.hpp"
#include "vocabulary.hpp"

namespace bedtok {

/// Maps one input to one vocabulary, for the duration of a call.
template <class Index, class Regions>
class Mapper {
 public:
  /// The coordinates of the index.
  using Coord = typename Index::coord_type;

  /// Throws ConfigError for illegal options.
  Mapper(const Vocabulary<Coord>& vocabulary, const Index& index, const Regions& regions,
         const MappingOptions& options, const Assembly* assembly = nullptr)
      : vocabulary_(vocabulary),
        index_(index),
        finder_(index, options),
        regions_(regions),
        options_(options),
        assembly_(assembly) {
    options.check();
    for (const std::string& name : regions.chroms().names()) {
      chrom_of_.push_back(vocabulary.find_chrom(name, options.chrom_aliases));
    }
    if (assembly == nullptr || assembly->chrom_sizes.empty()) return;
    for (std::size_t c = 0; c < chrom_of_.size(); ++c) {
      size_of_.push_back(vocabulary.size_of(*assembly, regions.chroms().names()[c], chrom_of_[c]));
    }
  }

  /// The tokens of the sample, without the template. Throws as Tokenizer::encode does. O(regions +
  /// hits) in the mean.
  Encoding encode(const std::vector<InlineToken>& inline_tokens, bool with_region_index) const {
    Encoding encoding;
    detail::reserve_huge(encoding.input_ids, regions_.size() + inline_tokens.size() + 1);
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
    complete(encoding, with_region_index);
    encoding.warning = warning(encoding.hits);
    return encoding;
  }

  /// The tokens and the report, which has no `misses` and no `distinct_tokens`. Costs little more
  /// than the tokens where regions of one chromosome stand together.
  std::pair<Encoding, MappingReport> encode_with_report() const {
    if (!finds_all(false)) {
      MappingReport report = this->report();
      report.misses.clear();
      report.distinct_tokens = 0;
      return {encode({}, false), std::move(report)};
    }
    Encoding encoding;
    encoding.input_ids.reserve(regions_.size() + 1);
    MappingReport report = describe();
    std::vector<ChromReport> chroms = list_chroms();
    IdSet none(0);
    const auto& chrom_ids = regions_.chrom_ids();
    for (std::size_t first = 0, last = 0; first < regions_.size(); first = last) {
      ChromReport& chrom = chroms[chrom_ids[first]];
      const std::size_t hits = encoding.hits;
      for (; last < regions_.size() && chrom_ids[last] == chrom_ids[first]; ++last) {
        count_place(last, chrom);
      }
      append(first, last, encoding, false, none);
      chrom.regions += last - first;
      chrom.hits += encoding.hits - hits;
    }
    report.tokens = encoding.input_ids.size();
    if (options_.order == TokenOrder::vocabulary) sort_by_id(encoding, 0, false);
    complete(encoding, false);
    finish(report, chroms);
    encoding.warning = report.warning;
    return {std::move(encoding), std::move(report)};
  }

  /// How well the regions fit, with everything that a report holds.
  MappingReport report() const {
    MappingReport report = describe();
    IdSet distinct(vocabulary_.size());
    const auto visit = [&](std::size_t i, bool hit) {
      if (!hit) report.misses.push_back(static_cast<std::int64_t>(i));
    };
    const auto add = [&](std::uint32_t id) {
      ++report.tokens;
      if (distinct.insert(id)) ++report.distinct_tokens;
    };
    finish(report, count(visit, add));
    return report;
  }

 private:
  static constexpr std::size_t most_looked_at = 256;

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

  /// Whether the tokens are all that the index finds.
  bool finds_all(bool with_region_index) const {
    return detail::has_find_all<Index>::value && options_.every_overlap() && !with_region_index &&
           options_.on_miss == OnMiss::drop && !options_.unique;
  }

  /// Appends the tokens of regions [first, last), in the order of the options.
  void map(std::size_t first, std::size_t last, Encoding& encoding, bool with_region_index,
           IdSet& ids_so_far) const {
    if (first == last) return;
    const std::size_t begin = encoding.input_ids.size();
    append(first, last, encoding, with_region_index, ids_so_far);
    if (options_.order == TokenOrder::vocabulary) sort_by_id(encoding, begin, with_region_index);
  }

  /// Appends the tokens of regions [first, last), in their order.
  void append(std::size_t first, std::size_t last, Encoding& encoding, bool with_region_index,
              IdSet& ids_so_far) const {
    std::vector<TokenId>& ids = encoding.input_ids;
    if constexpr (detail::has_find_all<Index>::value) {
      if (finds_all(with_region_index)) {
        encoding.hits += index_.find_all(
            chrom_of_, regions_.chrom_ids(), regions_.starts(), regions_.ends(), first, last,
            [&ids](const std::uint32_t* from, const std::uint32_t* to) {
              ids.insert(ids.end(), from, to);
            });
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
  }

  /// Puts unk into an empty encoding, and fills what follows from the ids.
  void complete(Encoding& encoding, bool with_region_index) const {
    if (encoding.input_ids.empty()) {
      encoding.input_ids.push_back(vocabulary_.id(SpecialRole::unk));
      if (with_region_index) encoding.region_index.push_back(-1);
    }
    detail::reserve_huge(encoding.attention_mask, encoding.input_ids.size());
    encoding.attention_mask.assign(encoding.input_ids.size(), 1);
    encoding.regions = regions_.size();
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

  // ---- How well the regions fit

  /// A report without counts.
  MappingReport describe() const {
    MappingReport report;
    report.vocabulary_chrom = vocabulary_.regions().chroms().name(0);
    if (assembly_ != nullptr) report.genome = assembly_->genome;
    report.one_based = is_one_based();
    report.like_fragments = is_like_fragments();
    return report;
  }

  /// The chromosomes of the input's table without counts.
  std::vector<ChromReport> list_chroms() const {
    std::vector<ChromReport> chroms(chrom_of_.size());
    for (std::size_t c = 0; c < chroms.size(); ++c) {
      chroms[c].chrom = regions_.chroms().name(static_cast<ChromTable::Id>(c));
      chroms[c].known = chrom_of_[c] != ChromTable::none;
    }
    return chroms;
  }

  /// Counts all regions by chromosome; calls `visit(position, hit)` for each, and `add(id)` for
  /// each of its ids before.
  template <class Visit, class Add>
  std::vector<ChromReport> count(Visit&& visit, Add&& add) const {
    std::vector<ChromReport> chroms = list_chroms();
    for (std::size_t i = 0; i < regions_.size(); ++i) {
      ChromReport& chrom = chroms[regions_.chrom_ids()[i]];
      bool hit = false;
      finder_.find(chrom_at(i), regions_.starts()[i], regions_.ends()[i], [&](std::uint32_t id) {
        hit = true;
        add(id);
      });
      ++chrom.regions;
      if (hit) ++chrom.hits;
      count_place(i, chrom);
      visit(i, hit);
    }
    return chroms;
  }

  void count_place(std::size_t i, ChromReport& chrom) const {
    if (is_past_end(i)) ++chrom.past_end;
    if (is_past_size(i)) ++chrom.past_size;
  }

  void finish(MappingReport& report, const std::vector<ChromReport>& chroms) const {
    sum_chroms(report, chroms);
    report.naming_hint = vocabulary_.naming_hint(report.unknown_chroms);
    diagnose(report, options_.low_hit_rate);
  }

  /// The report's warning. An input that fits is recognized without counting.
  std::string warning(std::size_t hits) const {
    if (!is_suspicious(hits)) return {};
    MappingReport report = describe();
    finish(report, count([](std::size_t, bool) {}, [](std::uint32_t) {}));
    return report.warning;
  }

  /// Whether a warning is possible. Costs less than a microsecond where it is not: at most
  /// `most_looked_at` regions are looked at, unless the sizes of chromosomes are known.
  bool is_suspicious(std::size_t hits) const {
    if (regions_.empty()) return false;
    if (hits == 0 && !knows_a_chrom()) return true;
    if (!size_of_.empty()) {
      for (std::size_t i = 0; i < regions_.size(); ++i) {
        if (is_past_size(i)) return true;
      }
    }
    return is_low(hits, regions_.size(), options_.low_hit_rate) || may_be_past_end(hits) ||
           is_like_fragments() || is_one_based();
  }

  /// Whether a region is on a known chromosome. Not by the table, which may have names that no
  /// region uses.
  bool knows_a_chrom() const {
    return std::any_of(regions_.chrom_ids().begin(), regions_.chrom_ids().end(),
                       [this](ChromTable::Id id) { return chrom_of_[id] != ChromTable::none; });
  }

  bool is_past_end(std::size_t i) const {
    const ChromTable::Id chrom = chrom_at(i);
    return chrom != ChromTable::none && regions_.starts()[i] >= vocabulary_.last_end(chrom);
  }
  bool is_past_size(std::size_t i) const {
    return !size_of_.empty() && regions_.ends()[i] > size_of_[regions_.chrom_ids()[i]];
  }

  /// Calls `visit(position)` for evenly spaced regions until it returns false. Returns how many
  /// there are; 0 where the regions are too few to be judged.
  template <class Visit>
  std::size_t look_at_some(Visit&& visit) const {
    const std::size_t size = regions_.size();
    if (size < fewest_judged) return 0;
    const std::size_t count = std::min(size, most_looked_at);
    for (std::size_t k = 0; k < count; ++k) {
      if (!visit(k * size / count)) break;
    }
    return count;
  }

  bool may_be_past_end(std::size_t hits) const {
    // What lies there hits nothing.
    if (!options_.low_hit_rate || !many_past_end(regions_.size() - hits, regions_.size()))
      return false;
    std::size_t past_end = 0;
    const std::size_t count = look_at_some([&](std::size_t i) {
      past_end += is_past_end(i) ? 1 : 0;
      return true;
    });
    return many_past_end(past_end, count);
  }

  /// Whether nine in ten starts lie one base behind the start of a vocabulary region, and not at
  /// one. A start that comes again counts once.
  bool is_one_based() const {
    std::size_t others = 0;
    Coord last = 0;  // no start that can lie behind another
    const std::size_t most_others = std::min(regions_.size(), most_looked_at) / 10;
    const std::size_t count = look_at_some([&](std::size_t i) {
      const Coord start = regions_.starts()[i];
      bool before = false;
      bool exact = false;
      if (start != std::exchange(last, start) && start != 0 &&
          start != std::numeric_limits<Coord>::max() && chrom_at(i) != ChromTable::none) {
        index_.find(chrom_at(i), start - 1, start + 1,
                    [&](std::uint32_t, Coord vocabulary_start, Coord) {
                      before = before || vocabulary_start == start - 1;
                      exact = exact || vocabulary_start == start;
                    });
      }
      if (!before || exact) ++others;
      return others <= most_others;
    });
    return count != 0 && others <= most_others;
  }

  /// Whether the regions carry a barcode and a count. Only barcodes made of bases are recognized,
  /// and those with a number behind a dash that come again: peaks have names, too.
  bool is_like_fragments() const {
    if constexpr (std::is_same_v<typename Regions::payload_type, Rest>) {
      if (regions_.rest().empty()) return false;
      detail::BarcodeProbe probe;
      const std::size_t count =
          look_at_some([&](std::size_t i) { return probe.add(regions_.rest().view(i)); });
      return count != 0 && probe.is_likely();
    } else {
      return false;
    }
  }

  const Vocabulary<Coord>& vocabulary_;
  const Index& index_;
  HitFinder<Index> finder_;
  const Regions& regions_;
  const MappingOptions& options_;
  const Assembly* assembly_;              // none: not known
  std::vector<ChromTable::Id> chrom_of_;  // input chromosome -> vocabulary chromosome
  std::vector<std::uint64_t> size_of_;    // input chromosome -> its size; empty: not known
};

}  // namespace bedtok

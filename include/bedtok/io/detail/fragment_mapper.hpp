// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "../../chrom_table.hpp"
#include "../../detail/barcode_table.hpp"
#include "../../detail/utf8.hpp"
#include "../../error.hpp"
#include "../../hit_finder.hpp"
#include "../../mapping_options.hpp"
#include "../../overlap_index.hpp"
#include "../../region.hpp"
#include "../../report.hpp"
#include "../../skipped_lines.hpp"
#include "../../tokenizer.hpp"
#include "../fragment_tokens.hpp"
#include "../line_blocks.hpp"
#include "../region_lines.hpp"

namespace bedtok::io::detail {

/// Maps blocks of fragments to ids. One for each thread; they share no state that changes.
template <class Index>
class FragmentMapper {
 public:
  using Coord = typename Index::coord_type;
  using Id = bedtok::detail::BarcodeTable::Id;

  /// The barcodes of fragments whose barcode is not wanted: as examples, three are enough.
  static constexpr std::size_t most_examples = 3;

  struct MappedFragment {
    Id cell;
    std::uint32_t ids;   ///< how many of the block's ids are its own
    std::uint32_t hits;  ///< 1 or, of an insertion's two lookups, how many hit something
  };

  /// `excluded` is the index of `options.exclude`, and null where that is.
  FragmentMapper(const Tokenizer<Index>& tokenizer, const MappingOptions& mapping,
                 const FragmentOptions& options, const OverlapIndex<>* excluded,
                 const std::string& name)
      : tokenizer_(tokenizer),
        finder_(tokenizer.index(), mapping),
        mapping_(mapping),
        options_(options),
        excluded_(excluded),
        name_(name),
        parser_(name, chroms_, options.skip_bad_lines ? &skipped : nullptr) {}

  /// Maps a block. Barcodes that `known` does not have go into `new_barcodes`, with ids that follow
  /// those of `known`, unless the options name the barcodes. `line` is the number of lines before
  /// the block, `past_names` whether they had a fragment or column names. Throws at the first bad
  /// line, unless the options leave them out.
  void map(const TextBlock& block, std::uint64_t line, bool past_names,
           const bedtok::detail::BarcodeTable& known) {
    fragments.clear();
    ids.clear();
    new_barcodes = {};
    skipped = {};
    any_good = false;
    unlisted = 0;
    unlisted_barcodes.clear();
    for (ChromReport& chrom : chroms) chrom.clear_counts();
    parser_.start_behind(line, past_names);
    parser_.parse(block, [&](ChromTable::Id chrom, Coord start, Coord end, std::string_view rest,
                             std::uint64_t) { add(chrom, start, end, rest, known); });
    lines = parser_.line() - line;
  }

  bool past_names() const noexcept { return parser_.past_names(); }
  bool took_names() const noexcept { return parser_.took_names(); }

  // The last block's.
  std::vector<MappedFragment> fragments;
  std::vector<std::uint32_t> ids;
  bedtok::detail::BarcodeTable new_barcodes;
  SkippedLines skipped;
  std::uint64_t lines = 0;
  bool any_good = false;  ///< a line was a fragment, wanted or not
  std::uint64_t unlisted = 0;
  std::vector<std::string> unlisted_barcodes;
  /// Of each chromosome that was seen in any block; the counts are the last block's.
  std::vector<ChromReport> chroms;

 private:
  struct Chrom {
    ChromTable::Id vocabulary;
    std::uint64_t last_end;   // of the vocabulary's regions
    std::uint64_t size;       // by the assembly
    bool wanted;              // by FragmentOptions::chroms
    bool of_region;           // that of FragmentOptions::region
    ChromTable::Id excluded;  // among FragmentOptions::exclude
  };

  void add(ChromTable::Id chrom_id, Coord start, Coord end, std::string_view rest,
           const bedtok::detail::BarcodeTable& known) {
    std::size_t barcode_end = rest.find('\t');
    if (barcode_end == std::string_view::npos) barcode_end = rest.find(' ');
    const std::string_view barcode = rest.substr(0, barcode_end);
    if (barcode.empty()) {
      parser_.fail("the line has no barcode, expected one in the fourth column");
    }
    any_good = true;
    while (chrom_info_.size() < chroms_.size()) register_chrom();
    const Chrom& chrom = chrom_info_[chrom_id];
    if (!chrom.wanted) return;
    if (options_.region &&
        !(chrom.of_region &&
          overlaps<std::uint64_t>(start, end, options_.region->start, options_.region->end))) {
      return;
    }
    if (is_excluded(chrom, start, end)) return;
    Id cell = known.find(barcode);
    if (cell == bedtok::detail::BarcodeTable::none) {
      if (options_.barcodes) {
        skip_unlisted(barcode);
        return;
      }
      Id of_block = new_barcodes.find(barcode);
      if (of_block == bedtok::detail::BarcodeTable::none) {
        if (!bedtok::detail::is_utf8(barcode)) {
          parser_.fail("the barcode '" + bedtok::detail::excerpt(barcode) +
                       "' is not UTF-8, expected text");
        }
        of_block = new_barcodes.add(barcode);
      }
      cell = static_cast<Id>(known.size()) + of_block;
    }
    const std::size_t before = ids.size();
    std::uint32_t hits = 0;
    if (options_.counting_strategy == CountingStrategy::fragment) {
      hits = look_up(chrom_id, start, end);
    } else if (start < end) {
      hits = look_up(chrom_id, start, start + 1);
      hits += look_up(chrom_id, end - 1, end);
    }
    fragments.push_back({cell, static_cast<std::uint32_t>(ids.size() - before), hits});
  }

  bool is_excluded(const Chrom& chrom, Coord start, Coord end) const {
    if (chrom.excluded == ChromTable::none) return false;
    // Excluded regions have 32 bits: none of them reaches what is cut off here.
    const auto at = [](Coord position) {
      constexpr std::uint64_t last = std::numeric_limits<std::uint32_t>::max();
      return static_cast<std::uint32_t>(std::min<std::uint64_t>(position, last));
    };
    return excluded_->any_of(chrom.excluded, at(start), at(end),
                             [](std::uint32_t, std::uint32_t, std::uint32_t) { return true; });
  }

  void skip_unlisted(std::string_view barcode) {
    ++unlisted;
    if (unlisted_barcodes.size() < most_examples &&
        std::find(unlisted_barcodes.begin(), unlisted_barcodes.end(), barcode) ==
            unlisted_barcodes.end()) {
      unlisted_barcodes.emplace_back(barcode);
    }
  }

  std::uint32_t look_up(ChromTable::Id chrom_id, Coord start, Coord end) {
    const Chrom& chrom = chrom_info_[chrom_id];
    ChromReport& counts = chroms[chrom_id];
    ++counts.regions;
    if (end > chrom.size) ++counts.past_size;
    const std::size_t before = ids.size();
    finder_.find(chrom.vocabulary, start, end, [this](std::uint32_t id) { ids.push_back(id); });
    if (ids.size() != before) {
      ++counts.hits;
      return 1;
    }
    if (start >= chrom.last_end) ++counts.past_end;  // what lies there hits nothing
    if (options_.on_miss == OnMiss::unk) {
      ids.push_back(static_cast<std::uint32_t>(tokenizer_.token_id(SpecialRole::unk)));
    } else if (options_.on_miss == OnMiss::error) {
      std::string region;
      append_text(region, chroms_.name(chrom_id), start, end);
      throw VocabularyError(name_ + ":" + std::to_string(parser_.line()) + ": " + region +
                            " hits nothing in the vocabulary, and on_miss is 'error'");
    }
    return 0;
  }

  void register_chrom() {
    const std::string& name = chroms_.name(static_cast<ChromTable::Id>(chrom_info_.size()));
    const auto& wanted = options_.chroms;
    const auto& vocabulary = tokenizer_.vocabulary();
    const ChromTable::Id id = vocabulary.find_chrom(name, mapping_.chrom_aliases);
    const bool known = id != ChromTable::none;
    chroms.push_back({name, known, 0, 0, 0, 0});
    constexpr auto no_limit = std::numeric_limits<std::uint64_t>::max();
    chrom_info_.push_back(
        {id, known ? vocabulary.last_end(id) : no_limit,
         vocabulary.size_of(tokenizer_.assembly(), name, id),
         !wanted || std::find(wanted->begin(), wanted->end(), name) != wanted->end(),
         options_.region && options_.region->chrom == name,
         options_.exclude ? options_.exclude->chroms().find(name) : ChromTable::none});
  }

  const Tokenizer<Index>& tokenizer_;
  HitFinder<Index> finder_;
  const MappingOptions& mapping_;
  const FragmentOptions& options_;
  const OverlapIndex<>* excluded_;
  const std::string& name_;
  ChromTable chroms_;
  std::vector<Chrom> chrom_info_;  // by the file's chromosome
  RegionLineParser<Coord> parser_;
};

}  // namespace bedtok::io::detail

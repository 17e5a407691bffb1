// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../../detail/barcode_table.hpp"
#include "../../detail/token_lists.hpp"
#include "../../diagnosis.hpp"
#include "../../encoding.hpp"
#include "../../mapping_options.hpp"
#include "../../report.hpp"
#include "../../special_tokens.hpp"
#include "../fragment_tokens.hpp"

namespace bedtok::io::detail {

/// The cells of a fragment file, collected block by block.
class FragmentCells {
 public:
  explicit FragmentCells(const FragmentOptions& options) : options_(options) {
    if (!options.barcodes) return;
    for (const std::string& barcode : *options.barcodes) {
      padded_.assign(barcode).append(bedtok::detail::read_margin, '\0');
      barcodes_.add(std::string_view(padded_).substr(0, barcode.size()));
    }
    grow();
  }

  const bedtok::detail::BarcodeTable& barcodes() const noexcept { return barcodes_; }

  /// Adds the block that a FragmentMapper mapped last, when there were `known` barcodes.
  template <class Mapper>
  void add(const Mapper& block, std::size_t known) {
    // A barcode that is new to this block may be in another one that was mapped at the same time.
    renamed_.clear();
    for (std::uint32_t i = 0; i < block.new_barcodes.size(); ++i) {
      const std::string_view barcode = block.new_barcodes.name(i);
      padded_.assign(barcode).append(bedtok::detail::read_margin, '\0');
      renamed_.push_back(barcodes_.add(std::string_view(padded_).substr(0, barcode.size())));
    }
    grow();
    add_counts(block);
    const std::uint32_t* id = block.ids.data();
    for (const auto& fragment : block.fragments) {
      const std::size_t cell =
          fragment.cell < known ? fragment.cell : renamed_[fragment.cell - known];
      ++counts_[cell].fragments;
      counts_[cell].hits += fragment.hits;
      for (std::uint32_t i = 0; i < fragment.ids; ++i) tokens_.append(cell, *id++);
    }
  }

  /// The result. Cells that the options leave out have counts only.
  template <class Tokenizer>
  FragmentTokens finish(const MappingOptions& mapping, const Tokenizer& tokenizer) const {
    const std::size_t vocab_size = tokenizer.vocab_size();
    const TokenId unk = tokenizer.token_id(SpecialRole::unk);
    FragmentTokens result;
    TokenCount tokens(tokenizer.vocabulary().regions().size());
    result.unlisted = unlisted_;
    result.unlisted_barcodes = unlisted_barcodes_;
    result.ids.offsets.push_back(0);
    std::uint64_t room = 0;  // a cell without an id becomes [unk]
    for (std::size_t cell = 0; cell < counts_.size(); ++cell) {
      room += std::max<std::uint64_t>(tokens_.size(cell), 1);
    }
    result.ids.values.reset(new std::int32_t[room]);
    std::int32_t* end = result.ids.values.get();
    // For each id the last cell that had it, plus 1: no table has to be cleared between cells.
    std::vector<std::uint32_t> last_cell(mapping.unique ? vocab_size : 0);
    for (std::size_t cell = 0; cell < counts_.size(); ++cell) {
      if (counts_[cell].fragments == 0) continue;  // named, and not in the file
      std::int32_t* const begin = end;
      end = copy_ids(cell, begin, last_cell, tokens);
      const auto count = static_cast<std::uint64_t>(end - begin);
      if (counts_[cell].fragments < options_.min_fragments || count < options_.min_tokens ||
          count > options_.max_tokens) {
        end = begin;
      } else {
        if (count == 0) *end++ = static_cast<std::int32_t>(unk);
        if (mapping.order == TokenOrder::vocabulary) std::sort(begin, end);
        result.cells.push_back(static_cast<std::int64_t>(result.barcodes.size()));
        result.ids.offsets.push_back(end - result.ids.values.get());
      }
      result.barcodes.emplace_back(barcodes_.name(static_cast<std::uint32_t>(cell)));
      result.fragments.push_back(static_cast<std::int64_t>(counts_[cell].fragments));
      result.hits.push_back(static_cast<std::int64_t>(counts_[cell].hits));
    }
    result.report = make_report(mapping, tokenizer, tokens);
    return result;
  }

 private:
  struct Counts {
    std::uint64_t fragments = 0;
    std::uint64_t hits = 0;
  };

  /// Counts the ids of regions.
  class TokenCount {
   public:
    explicit TokenCount(std::size_t num_regions) : seen_(num_regions) {}
    void add(std::uint32_t id) {
      if (id >= seen_.size()) return;  // unk
      ++total;
      distinct += seen_[id] == 0 ? 1 : 0;
      seen_[id] = 1;
    }
    std::uint64_t total = 0;
    std::uint64_t distinct = 0;

   private:
    std::vector<char> seen_;
  };

  /// Blocks come in the order of the text, so that chromosomes do, too.
  template <class Mapper>
  void add_counts(const Mapper& block) {
    chroms_.add(block.chroms);
    unlisted_ += block.unlisted;
    for (const std::string& barcode : block.unlisted_barcodes) {
      if (unlisted_barcodes_.size() == Mapper::most_examples) break;
      if (std::find(unlisted_barcodes_.begin(), unlisted_barcodes_.end(), barcode) ==
          unlisted_barcodes_.end()) {
        unlisted_barcodes_.push_back(barcode);
      }
    }
  }

  template <class Tokenizer>
  MappingReport make_report(const MappingOptions& mapping, const Tokenizer& tokenizer,
                            const TokenCount& tokens) const {
    const auto& vocabulary = tokenizer.vocabulary();
    MappingReport report;
    sum_chroms(report, chroms_.chroms());
    report.tokens = tokens.total;
    report.distinct_tokens = tokens.distinct;
    report.genome = tokenizer.assembly().genome;
    report.vocabulary_chrom = vocabulary.regions().chroms().name(0);
    report.naming_hint = vocabulary.naming_hint(report.unknown_chroms);
    diagnose(report, mapping.low_hit_rate);
    return report;
  }

  void grow() {
    counts_.resize(barcodes_.size());
    tokens_.grow_to(barcodes_.size());
  }

  /// Copies a cell's ids to `out`, each only once where `last_cell` is not empty. Returns the end.
  std::int32_t* copy_ids(std::size_t cell, std::int32_t* out, std::vector<std::uint32_t>& last_cell,
                         TokenCount& tokens) const {
    const auto mark = static_cast<std::uint32_t>(cell + 1);
    tokens_.visit(cell, [&](const std::uint32_t* id, const std::uint32_t* last) {
      for (; id != last; ++id) {
        tokens.add(*id);
        if (!last_cell.empty() && std::exchange(last_cell[*id], mark) == mark) continue;
        *out++ = static_cast<std::int32_t>(*id);
      }
    });
    return out;
  }

  const FragmentOptions& options_;
  bedtok::detail::BarcodeTable barcodes_;
  std::vector<Counts> counts_;  // by barcode
  bedtok::detail::TokenLists tokens_;
  ChromSum chroms_;
  std::uint64_t unlisted_ = 0;  // fragments of barcodes that are not wanted
  std::vector<std::string> unlisted_barcodes_;
  std::vector<std::uint32_t> renamed_;  // ids of a block's new barcodes among all
  std::string padded_;                  // a barcode and its read_margin
};

}  // namespace bedtok::io::detail

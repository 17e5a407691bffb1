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
#include "../../encoding.hpp"
#include "../../mapping_options.hpp"
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
  FragmentTokens finish(const MappingOptions& mapping, std::size_t vocab_size, TokenId unk) const {
    FragmentTokens result;
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
      end = copy_ids(cell, begin, last_cell);
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
    return result;
  }

 private:
  struct Counts {
    std::uint64_t fragments = 0;
    std::uint64_t hits = 0;
  };

  void grow() {
    counts_.resize(barcodes_.size());
    tokens_.grow_to(barcodes_.size());
  }

  /// Copies a cell's ids to `out`, each only once where `last_cell` is not empty. Returns the end.
  std::int32_t* copy_ids(std::size_t cell, std::int32_t* out,
                         std::vector<std::uint32_t>& last_cell) const {
    const auto mark = static_cast<std::uint32_t>(cell + 1);
    tokens_.visit(cell, [&](const std::uint32_t* id, const std::uint32_t* last) {
      for (; id != last; ++id) {
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
  std::vector<std::uint32_t> renamed_;  // ids of a block's new barcodes among all
  std::string padded_;                  // a barcode and its read_margin
};

}  // namespace bedtok::io::detail

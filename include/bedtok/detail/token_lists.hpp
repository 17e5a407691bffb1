// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

namespace bedtok::detail {

/// Many lists of ids that grow in turns. A list is a chain of blocks, each twice as long as the one
/// before up to 4 KiB, so that nothing is ever moved and a long list wastes little: 4 bytes an id,
/// and up to as much again for a list that is still short.
class TokenLists {
 public:
  std::size_t size() const noexcept { return lists_.size(); }
  /// Adds empty lists until there are `count`.
  void grow_to(std::size_t count) {
    if (count > lists_.size()) lists_.resize(count);
  }

  void append(std::size_t list, std::uint32_t id) {
    List& to = lists_[list];
    if (to.at == to.end) add_block(to);
    *to.at++ = id;
    ++to.size;
  }
  std::uint64_t size(std::size_t list) const noexcept { return lists_[list].size; }

  /// Calls `visit(first, last)` for the ids of a list, piece by piece.
  template <class Visit>
  void visit(std::size_t list, Visit&& visit) const {
    std::uint64_t left = lists_[list].size;
    const std::uint32_t* block = lists_[list].first;
    for (std::size_t words = first_words; left != 0; words = next_words(words)) {
      const auto count =
          static_cast<std::size_t>(std::min<std::uint64_t>(left, words - link_words));
      visit(block + link_words, block + link_words + count);
      left -= count;
      if (left != 0) std::memcpy(&block, block, sizeof(void*));
    }
  }

 private:
  /// A block begins with the address of the next one.
  static constexpr std::size_t link_words = sizeof(void*) / sizeof(std::uint32_t);
  static constexpr std::size_t first_words = 8;
  static constexpr std::size_t most_words = 1024;
  static constexpr std::size_t slab_words = std::size_t{1} << 18;
  static constexpr std::size_t next_words(std::size_t words) noexcept {
    return std::min(2 * words, most_words);
  }

  struct List {
    std::uint32_t* at = nullptr;
    std::uint32_t* end = nullptr;
    std::uint32_t* first = nullptr;
    std::uint32_t* last = nullptr;
    std::uint64_t size = 0;
  };

  void add_block(List& list) {
    const std::size_t words = list.last == nullptr
                                  ? first_words
                                  : next_words(static_cast<std::size_t>(list.end - list.last));
    if (slabs_.empty() || slab_words - used_ < words) {
      slabs_.emplace_back(new std::uint32_t[slab_words]);  // not filled with zeros
      used_ = 0;
    }
    std::uint32_t* const block = slabs_.back().get() + used_;
    used_ += words;
    if (list.last == nullptr) {
      list.first = block;
    } else {
      std::memcpy(list.last, &block, sizeof block);
    }
    list.last = block;
    list.at = block + link_words;
    list.end = block + words;
  }

  std::vector<List> lists_;
  std::vector<std::unique_ptr<std::uint32_t[]>> slabs_;
  std::size_t used_ = 0;  // words of the last slab
};

}  // namespace bedtok::detail

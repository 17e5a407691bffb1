// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "hash_bytes.hpp"
#include "parse_int.hpp"

namespace bedtok::detail {

/// Cells' barcodes and their small integers: ids count up from 0 in the order of first sight. A
/// barcode of up to 24 bytes lies in its slot, so that a look-up touches one cache line.
class BarcodeTable {
 public:
  using Id = std::uint32_t;
  static constexpr Id none = std::numeric_limits<Id>::max();

  std::size_t size() const noexcept { return ends_.size(); }
  std::string_view name(Id id) const noexcept {
    const std::size_t first = id == 0 ? 0 : ends_[id - 1];
    return std::string_view(names_).substr(first, ends_[id] - first);
  }

  /// The id of a barcode, or `none`. read_margin bytes must be readable behind it.
  Id find(std::string_view barcode) const noexcept {
    if (slots_.empty()) return none;
    const Slot key = slot_of(barcode, none);
    for (std::size_t at = key.hash() & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1)) {
      const Slot& slot = slots_[at];
      if (slot.id == none || same(slot, key, barcode)) return slot.id;
    }
  }

  /// The id of a barcode, which is added when it is new. read_margin bytes must be readable behind
  /// it.
  Id add(std::string_view barcode) {
    const Id known = find(barcode);
    if (known != none) return known;
    const auto id = static_cast<Id>(size());
    names_.append(barcode);
    ends_.push_back(names_.size());
    // At most two of three slots are taken, so that a search meets an empty one soon.
    if (3 * size() > 2 * slots_.size()) {
      grow();
    } else {
      place(slot_of(barcode, id));
    }
    return id;
  }

 private:
  static constexpr std::size_t inline_bytes = 24;

  /// Half a cache line.
  struct Slot {
    // The barcode's first bytes, zeros behind the last one. The third word of a longer one is the
    // hash of all its bytes: merged samples share long prefixes.
    std::uint64_t word[3] = {0, 0, 0};
    std::uint32_t size = 0;
    Id id = none;

    std::size_t hash() const noexcept {
      std::uint64_t mixed = (word[0] + size) * 0x9E3779B97F4A7C15u;
      mixed = (mixed ^ (mixed >> 32) ^ word[1]) * 0xD6E8FEB86659FD93u;
      mixed = (mixed ^ (mixed >> 32) ^ word[2]) * 0x9E3779B97F4A7C15u;
      return static_cast<std::size_t>(mixed >> 16);
    }
  };

  static Slot slot_of(std::string_view barcode, Id id) noexcept {
    Slot key;
    key.size = static_cast<std::uint32_t>(barcode.size());
    key.id = id;
#if BEDTOK_LITTLE_ENDIAN
    // Whole words, of which the bytes behind the barcode are cut off.
    std::size_t left = barcode.size();
    for (std::size_t i = 0; i < 3; ++i) {
      const std::uint64_t word = load_word(barcode.data() + 8 * i);
      key.word[i] = left >= 8   ? word
                    : left == 0 ? 0
                                : word & (~std::uint64_t{0} >> (64 - 8 * left));
      left -= left < 8 ? left : 8;
    }
#else
    std::memcpy(key.word, barcode.data(), barcode.size() < 24 ? barcode.size() : 24);
#endif
    if (barcode.size() > inline_bytes) key.word[2] = hash_bytes(barcode.data(), barcode.size());
    return key;
  }

  bool same(const Slot& slot, const Slot& key, std::string_view barcode) const noexcept {
    return slot.word[0] == key.word[0] && slot.word[1] == key.word[1] &&
           slot.word[2] == key.word[2] && slot.size == key.size &&
           (key.size <= inline_bytes || name(slot.id) == barcode);
  }

  void place(const Slot& slot) {
    std::size_t at = slot.hash() & (slots_.size() - 1);
    while (slots_[at].id != none) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = slot;
  }

  void grow() {
    names_.reserve(names_.size() + read_margin);  // names at the end are read by words, too
    slots_.assign(slots_.empty() ? 64 : 2 * slots_.size(), Slot{});
    for (Id id = 0; id < size(); ++id) place(slot_of(name(id), id));
  }

  std::string names_;              // one behind the other
  std::vector<std::size_t> ends_;  // of each name
  std::vector<Slot> slots_;        // open addressing; the size is a power of two
};

}  // namespace bedtok::detail

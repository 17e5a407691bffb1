// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "detail/hash_bytes.hpp"

namespace bedtok {

/// Chromosome names and their small integers: ids count up from 0 in the order of first sight.
class ChromTable {
 public:
  /// The id of a name: its position in the table.
  using Id = std::uint32_t;
  /// No id: the result for a name that the table does not have.
  static constexpr Id none = std::numeric_limits<Id>::max();

  /// Number of names.
  std::size_t size() const noexcept { return names_.size(); }
  /// Whether there is no name.
  bool empty() const noexcept { return names_.empty(); }
  /// The name of an id, which is not checked.
  const std::string& name(Id id) const { return names_[id]; }
  /// All names, by id.
  const std::vector<std::string>& names() const noexcept { return names_; }

  /// The id of `name`, or `none`.
  Id find(std::string_view name) const noexcept {
    if (slots_.empty()) return none;
    for (std::size_t at = hash(name) & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1)) {
      const Id id = slots_[at];
      if (id == none || names_[id] == name) return id;
    }
  }

  /// The id of `name`, which is added when it is new.
  Id add(std::string_view name) {
    const Id known = find(name);
    if (known != none) return known;
    // At most half of the slots are taken, so that a search always meets an empty one soon.
    if (2 * (names_.size() + 1) > slots_.size()) grow();
    const auto id = static_cast<Id>(names_.size());
    names_.emplace_back(name);
    place(id);
    return id;
  }

  /// For each id its rank when names are ordered as bytes.
  std::vector<Id> ranks() const {
    std::vector<Id> order(size());
    for (Id id = 0; id < order.size(); ++id) order[id] = id;
    std::sort(order.begin(), order.end(), [this](Id a, Id b) { return names_[a] < names_[b]; });
    std::vector<Id> rank(size());
    for (Id r = 0; r < order.size(); ++r) rank[order[r]] = r;
    return rank;
  }

  friend bool operator==(const ChromTable& a, const ChromTable& b) { return a.names_ == b.names_; }
  friend bool operator!=(const ChromTable& a, const ChromTable& b) { return !(a == b); }

 private:
  // Of names up to 16 bytes, nearly all, the first and last eight bytes are every byte.
  static std::size_t hash(std::string_view name) noexcept {
    if (name.size() > 16) return detail::hash_bytes(name.data(), name.size());
    std::uint64_t head = 0;
    std::uint64_t tail = 0;
    const std::size_t part = std::min<std::size_t>(name.size(), 8);
    if (part != 0) {  // no bytes may have no address, which memcpy must not see
      std::memcpy(&head, name.data(), part);
      std::memcpy(&tail, name.data() + (name.size() - part), part);
    }
    std::uint64_t mixed = (head ^ (tail << 1) ^ name.size()) * 0x9E3779B97F4A7C15u;
    mixed ^= mixed >> 32;
    return static_cast<std::size_t>(mixed * 0xD6E8FEB86659FD93u >> 20);
  }

  void place(Id id) {
    std::size_t at = hash(names_[id]) & (slots_.size() - 1);
    while (slots_[at] != none) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = id;
  }

  void grow() {
    slots_.assign(slots_.empty() ? 64 : 2 * slots_.size(), none);
    for (Id id = 0; id < names_.size(); ++id) place(id);
  }

  std::vector<std::string> names_;
  std::vector<Id> slots_;  // open addressing; the size is a power of two
};

}  // namespace bedtok

// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "error.hpp"

namespace bedtok {

/// The roles in the order of their ids, which follow those of the regions. Published models were
/// trained with this order.
enum class SpecialRole : std::size_t { unk, pad, mask, cls, eos, bos, sep };

/// The special tokens of a vocabulary in the order of their ids: one for each role, then those that
/// were added. A role that is passed to an added token leaves its first token in place, so that no
/// id ever changes.
class SpecialTokens {
 public:
  /// Number of roles.
  static constexpr std::size_t role_count = 7;
  /// The names of the roles, in the order of the ids.
  static constexpr std::array<std::string_view, role_count> role_names = {
      "unk", "pad", "mask", "cls", "eos", "bos", "sep"};

  /// `<unk>`, `<pad>` ... `<sep>`.
  SpecialTokens() : spellings_(role_count) {
    for (std::size_t i = 0; i < role_count; ++i) {
      spellings_[i].append("<").append(role_names[i]).append(">");
      places_.emplace(spellings_[i], i);
      position_[i] = i;
    }
  }

  /// The role called `name`: `unk` or `unk_token`. None when there is no such role.
  static std::optional<SpecialRole> role(std::string_view name) {
    constexpr std::string_view suffix = "_token";
    if (name.size() > suffix.size() && name.substr(name.size() - suffix.size()) == suffix) {
      name.remove_suffix(suffix.size());
    }
    for (std::size_t i = 0; i < role_count; ++i) {
      if (role_names[i] == name) return static_cast<SpecialRole>(i);
    }
    return std::nullopt;
  }

  /// Number of special tokens, with and without a role.
  std::size_t size() const noexcept { return spellings_.size(); }
  /// In the order of the ids.
  const std::vector<std::string>& spellings() const noexcept { return spellings_; }
  /// The place of a role's token among the special tokens.
  std::size_t position(SpecialRole role) const noexcept {
    return position_[static_cast<std::size_t>(role)];
  }
  /// The spelling of a role.
  const std::string& operator[](SpecialRole role) const { return spellings_[position(role)]; }

  /// Changes the spelling of a role's token; its id stays. Throws ConfigError for an empty
  /// spelling.
  void set(SpecialRole role, std::string spelling) {
    const std::string name(role_names[static_cast<std::size_t>(role)]);
    check_spelling(spelling, "special token '" + name + "'", name);
    spellings_[position(role)] = std::move(spelling);
    places_.clear();
    for (std::size_t i = 0; i < size(); ++i) places_.emplace(spellings_[i], i);
  }

  /// The place of the token `spelling`, which is added behind the others when it is not there.
  /// Throws ConfigError for an empty spelling.
  std::size_t add(std::string spelling) {
    check_spelling(spelling, "a special token", "new");
    const std::size_t place = places_.emplace(spelling, size()).first->second;
    if (place == size()) spellings_.push_back(std::move(spelling));
    return place;
  }

  /// Passes a role to the token `spelling`, as `add` makes it. Two roles may share a token.
  void assign(SpecialRole role, std::string spelling) {
    position_[static_cast<std::size_t>(role)] = add(std::move(spelling));
  }

  /// Throws ConfigError when two tokens are spelled the same: one of them would have no id.
  void check() const {
    for (std::size_t i = 0; i < size(); ++i) {
      const std::size_t first = places_.find(spellings_[i])->second;
      if (first == i) continue;
      throw ConfigError("special tokens " + name_of(first) + " and " + name_of(i) +
                        " are both spelled '" + spellings_[i] +
                        "', each needs a spelling of its own");
    }
  }

  /// The place of `spelling` among the special tokens, none when it is not one of them.
  std::optional<std::size_t> find(std::string_view spelling) const noexcept {
    const auto found = places_.find(spelling);
    if (found == places_.end()) return std::nullopt;
    return found->second;
  }

  friend bool operator==(const SpecialTokens& a, const SpecialTokens& b) {
    return a.spellings_ == b.spellings_ && a.position_ == b.position_;
  }
  friend bool operator!=(const SpecialTokens& a, const SpecialTokens& b) { return !(a == b); }

 private:
  static void check_spelling(const std::string& spelling, const std::string& what,
                             const std::string& example) {
    if (!spelling.empty()) return;
    throw ConfigError(what + " has an empty spelling, expected a text like <" + example + ">");
  }

  std::string name_of(std::size_t i) const {
    return i < role_count ? "'" + std::string(role_names[i]) + "'" : "number " + std::to_string(i);
  }

  std::vector<std::string> spellings_;
  std::map<std::string, std::size_t, std::less<>> places_;  // the first that is spelled so
  std::array<std::size_t, role_count> position_{};
};

}  // namespace bedtok

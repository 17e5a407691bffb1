// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "error.hpp"

namespace bedtok {

/// The roles in the order of their ids, which follow those of the regions. Nobody else writes this
/// order: published models were trained with it.
enum class SpecialRole : std::size_t { unk, pad, mask, cls, eos, bos, sep };

/// The special tokens of a vocabulary: one spelling for each role.
class SpecialTokens {
 public:
  static constexpr std::size_t count = 7;
  static constexpr std::array<std::string_view, count> role_names = {"unk", "pad", "mask", "cls",
                                                                     "eos", "bos", "sep"};

  /// `<unk>`, `<pad>` ... `<sep>`.
  SpecialTokens() {
    for (std::size_t i = 0; i < count; ++i) {
      spellings_[i].append("<").append(role_names[i]).append(">");
    }
  }

  /// The role called `name`: `unk` or `unk_token`. None when there is no such role.
  static std::optional<SpecialRole> role(std::string_view name) {
    constexpr std::string_view suffix = "_token";
    if (name.size() > suffix.size() && name.substr(name.size() - suffix.size()) == suffix) {
      name.remove_suffix(suffix.size());
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (role_names[i] == name) return static_cast<SpecialRole>(i);
    }
    return std::nullopt;
  }

  const std::string& operator[](SpecialRole role) const {
    return spellings_[static_cast<std::size_t>(role)];
  }
  const std::array<std::string, count>& spellings() const noexcept { return spellings_; }

  /// Throws ConfigError for an empty spelling.
  void set(SpecialRole role, std::string spelling) {
    const auto i = static_cast<std::size_t>(role);
    if (spelling.empty()) {
      throw ConfigError("special token '" + std::string(role_names[i]) +
                        "' has an empty spelling, expected a text like <" +
                        std::string(role_names[i]) + ">");
    }
    spellings_[i] = std::move(spelling);
  }

  /// Throws ConfigError when two roles are spelled the same: one of them would have no id.
  void check() const {
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t j = i + 1; j < count; ++j) {
        if (spellings_[i] == spellings_[j]) {
          throw ConfigError("special tokens '" + std::string(role_names[i]) + "' and '" +
                            std::string(role_names[j]) + "' are both spelled '" + spellings_[i] +
                            "', each needs a spelling of its own");
        }
      }
    }
  }

  /// The position of `spelling` among the special tokens, none when it is not one of them.
  std::optional<std::size_t> find(std::string_view spelling) const noexcept {
    for (std::size_t i = 0; i < count; ++i) {
      if (spellings_[i] == spelling) return i;
    }
    return std::nullopt;
  }

  friend bool operator==(const SpecialTokens& a, const SpecialTokens& b) {
    return a.spellings_ == b.spellings_;
  }

 private:
  std::array<std::string, count> spellings_;
};

}  // namespace bedtok

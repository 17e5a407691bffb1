// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "enum_names.hpp"
#include "error.hpp"

namespace bedtok {

/// The end of a sequence that is padded or truncated.
enum class Side { right, left };

template <>
struct EnumNames<Side> {
  static constexpr std::string_view option = "side";
  static constexpr std::array<std::string_view, 2> names = {"right", "left"};
};

/// The sequences that a model expects, under Hugging Face's names. Published models were trained
/// with the defaults: no token around a sequence.
struct SequenceOptions {
  /// The template: spellings of the special tokens before and after every sequence.
  std::vector<std::string> before = {};
  std::vector<std::string> after = {};  ///< special tokens behind the sample
  /// The longest sequence that the model takes. None: not known.
  std::optional<std::size_t> model_max_length = std::nullopt;
  Side padding_side = Side::right;     ///< where padding goes
  Side truncation_side = Side::right;  ///< which end truncation removes

  /// Throws ConfigError for a model that takes no token at all.
  void check() const {
    if (model_max_length && *model_max_length == 0) {
      throw ConfigError("model_max_length is 0, expected a number of tokens from 1");
    }
  }

  friend bool operator==(const SequenceOptions& a, const SequenceOptions& b) {
    return a.before == b.before && a.after == b.after && a.model_max_length == b.model_max_length &&
           a.padding_side == b.padding_side && a.truncation_side == b.truncation_side;
  }
  friend bool operator!=(const SequenceOptions& a, const SequenceOptions& b) { return !(a == b); }
};

}  // namespace bedtok

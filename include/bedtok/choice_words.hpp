// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "error.hpp"

namespace bedtok {

/// The words of each choice, in the order of its enumerators: the same in C++, Python, the command
/// line and saved files. A choice specializes it with its `option`, the name in messages, and
/// `words`.
template <class Choice>
struct ChoiceWords;

template <class Choice>
constexpr std::string_view to_word(Choice choice) {
  return ChoiceWords<Choice>::words[static_cast<std::size_t>(choice)];
}

/// Throws ConfigError that lists the words when `word` is none of them. `option` is what the
/// message calls the choice.
template <class Choice>
Choice from_word(std::string_view word, std::string_view option = ChoiceWords<Choice>::option) {
  constexpr const auto& words = ChoiceWords<Choice>::words;
  std::string known;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == word) return static_cast<Choice>(i);
    known.append(i == 0 ? "" : ", ").append(words[i]);
  }
  throw ConfigError(std::string(option) + " is '" + std::string(word) +
                    "', expected one of: " + known);
}

}  // namespace bedtok

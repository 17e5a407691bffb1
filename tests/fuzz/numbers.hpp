// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <bedtok/detail/parse_int.hpp>
#include <bedtok/detail/utf8.hpp>
#include <limits>

#include "fuzz.hpp"

namespace fuzz {

/// A number digit by digit; none when a byte is not a digit or T is too small.
template <class T>
std::optional<T> number_of(std::string_view text) {
  T value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<T>(c - '0');
    if (value > (std::numeric_limits<T>::max() - digit) / 10) return std::nullopt;
    value = static_cast<T>(10 * value + digit);
  }
  return text.empty() ? std::nullopt : std::optional<T>(value);
}

template <class T>
void numbers_of(std::string_view text) {
  T value = 0;
  const bool fits = bedtok::detail::parse_coord(text, value);
  REQUIRE_TRUE((fits ? std::optional<T>(value) : std::nullopt) == number_of<T>(text));

  const std::size_t dash = text.rfind('-');
  const std::size_t colon = dash == 0 ? text.npos : text.rfind(':', dash - 1);
  std::optional<T> start;
  std::optional<T> end;
  if (dash != text.npos && colon != text.npos && colon != 0) {
    start = number_of<T>(text.substr(colon + 1, dash - colon - 1));
    end = number_of<T>(text.substr(dash + 1));
  }
  const auto region = bedtok::parse_region_text<T>(text);
  REQUIRE_TRUE(region.has_value() == (start && end && *start <= *end));
  if (!region) return;
  REQUIRE_TRUE(region->chrom == text.substr(0, colon));
  REQUIRE_TRUE(region->start == *start && region->end == *end);
}

/// Coordinates and regions as texts, by words and digit by digit; texts as messages show them.
inline void numbers(std::string_view text) {
  numbers_of<std::uint32_t>(text);
  numbers_of<std::uint64_t>(text);
  const std::string margin(bedtok::detail::read_margin, '7');
  const std::string padded = margin + std::string(text) + margin;
  for (std::size_t size = 1; size <= bedtok::detail::usual_digits && size <= text.size(); ++size) {
    const char* first = padded.data() + margin.size();
    std::uint64_t wrong = 0;
    const std::uint32_t value = bedtok::detail::parse_digits(first, first + size, wrong);
    const auto expected = number_of<std::uint32_t>(text.substr(0, size));
    REQUIRE_TRUE((wrong == 0) == expected.has_value());
    REQUIRE_TRUE(!expected || value == *expected);
  }
  REQUIRE_TRUE(bedtok::detail::is_utf8(bedtok::detail::excerpt(text)));
}

}  // namespace fuzz

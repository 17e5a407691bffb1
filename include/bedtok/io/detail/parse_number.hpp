// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bedtok::io::detail {

/// Parses a decimal number such as `-12.5e3`, whatever the locale; false for anything else. Of more
/// than 18 digits the rest is not looked at, and the last bit may differ from the nearest number:
/// for scores, which are compared with each other.
inline bool parse_number(std::string_view text, double& value) {
  std::size_t at = 0;
  const auto peek = [&] { return at < text.size() ? text[at] : '\0'; };
  const auto is_digit = [&] { return peek() >= '0' && peek() <= '9'; };
  const bool negative = peek() == '-';
  if (negative || peek() == '+') ++at;
  std::uint64_t digits = 0;
  int count = 0;
  int exponent = 0;
  bool any = false;
  const auto take = [&](bool fraction) {
    for (; is_digit(); ++at) {
      any = true;
      if (count < 18) {
        digits = digits * 10 + static_cast<std::uint64_t>(peek() - '0');
        if (digits != 0) ++count;
        if (fraction) --exponent;
      } else if (!fraction) {
        ++exponent;
      }
    }
  };
  take(false);
  if (peek() == '.') {
    ++at;
    take(true);
  }
  if (!any) return false;
  if (peek() == 'e' || peek() == 'E') {
    ++at;
    const bool below = peek() == '-';
    if (below || peek() == '+') ++at;
    if (!is_digit()) return false;
    int power = 0;
    for (; is_digit(); ++at) {
      if (power < 10000) power = power * 10 + (peek() - '0');
    }
    exponent += below ? -power : power;
  }
  if (at != text.size()) return false;
  value = static_cast<double>(digits);
  for (; exponent > 0 && value < 1e300; --exponent) value *= 10;
  for (; exponent < 0 && value > 0; ++exponent) value /= 10;
  if (exponent > 0 && value > 0) value = 1e300;
  if (negative) value = -value;
  return true;
}

}  // namespace bedtok::io::detail

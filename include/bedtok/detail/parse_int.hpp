// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>

namespace bedtok::detail {

#if !defined(__BYTE_ORDER__) || __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define BEDTOK_LITTLE_ENDIAN 1
#else
#define BEDTOK_LITTLE_ENDIAN 0
#endif

/// Bytes that must be readable in front of and behind a text whose lines are read by words.
inline constexpr std::size_t read_margin = 64;

inline std::uint64_t load_word(const char* at) noexcept {
  std::uint64_t word;
  std::memcpy(&word, at, 8);
  return word;
}

/// Digits that `parse_digits` takes: those of every coordinate of a usual genome, and few enough to
/// fit 32 bits whatever they are.
inline constexpr std::ptrdiff_t usual_digits = 9;

/// The number that the 1 to `usual_digits` decimal digits [first, last) make; `wrong` becomes
/// non-zero when one of those bytes is no digit. Reads 8 bytes in front of `last`.
///
/// No branch depends on the number of digits, which changes from line to line. The last eight make
/// a number inside one 64-bit word, by the well-known three multiplications (neighbouring digits,
/// then pairs, then fours), with zeros for the bytes that belong to something else.
inline std::uint32_t parse_digits(const char* first, const char* last,
                                  std::uint64_t& wrong) noexcept {
  const auto count = static_cast<std::size_t>(last - first);
#if BEDTOK_LITTLE_ENDIAN
  constexpr std::uint64_t all = ~std::uint64_t{0};
  static constexpr std::uint64_t keep_last[usual_digits + 1] = {
      0, all << 56, all << 48, all << 40, all << 32, all << 24, all << 16, all << 8, all, all};
  std::uint64_t digits = (load_word(last - 8) ^ 0x3030303030303030u) & keep_last[count];
  const unsigned ninth =
      count == usual_digits ? static_cast<unsigned char>(*first) - unsigned{'0'} : 0;
  wrong |= (((digits + 0x7676767676767676u) | digits) & 0x8080808080808080u) | (ninth > 9 ? 1 : 0);
  digits = digits * 10 + (digits >> 8);
  const std::uint64_t eight = (((digits & 0x000000FF000000FFu) * 0x000F424000000064u) +
                               (((digits >> 16) & 0x000000FF000000FFu) * 0x0000271000000001u)) >>
                              32;
  return ninth * 100000000u + static_cast<std::uint32_t>(eight);
#else
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const unsigned digit = static_cast<unsigned char>(first[i]) - unsigned{'0'};
    wrong |= digit > 9 ? 1u : 0u;
    value = value * 10 + digit;
  }
  return value;
#endif
}

/// The whole of `text` as a coordinate; false unless it is 1 or more decimal digits that fit.
template <class Coord>
bool parse_coord(std::string_view text, Coord& value) {
  std::size_t zeros = 0;
  while (zeros + 1 < text.size() && text[zeros] == '0') ++zeros;
  text.remove_prefix(zeros);
  constexpr std::size_t max_digits = std::numeric_limits<Coord>::digits10 + 1;
  if (text.empty() || text.size() > max_digits) return false;
  Coord result = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    const auto digit = static_cast<Coord>(c - '0');
    if (result > (std::numeric_limits<Coord>::max() - digit) / 10) return false;
    result = static_cast<Coord>(result * 10 + digit);
  }
  value = result;
  return true;
}

}  // namespace bedtok::detail

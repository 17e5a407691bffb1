// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace bedtok::detail {

/// Whether `text` is well-formed UTF-8: no stray or missing continuation bytes, nothing longer than
/// it need be, no surrogates, nothing past U+10FFFF.
inline bool is_utf8(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    std::size_t more = 0;
    unsigned low = 0x80;
    unsigned high = 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF) {
      more = 1;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
      more = 2;
      if (lead == 0xE0) low = 0xA0;
      if (lead == 0xED) high = 0x9F;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
      more = 3;
      if (lead == 0xF0) low = 0x90;
      if (lead == 0xF4) high = 0x8F;
    } else {
      return false;
    }
    if (text.size() - i <= more) return false;
    for (std::size_t k = 1; k <= more; ++k) {
      const auto byte = static_cast<unsigned char>(text[i + k]);
      if (byte < low || byte > high) return false;
      low = 0x80;
      high = 0xBF;
    }
    i += more + 1;
  }
  return true;
}

/// The code point that a text begins with and its bytes, as far as `is_control` has to know it:
/// longer sequences, and bytes that are not UTF-8, go by one past the last code point.
struct CodePoint {
  unsigned value;
  std::size_t size;
};
inline CodePoint first_code_point(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto continues = [&](std::size_t i) {
    return i < text.size() && (byte(i) & 0xC0u) == 0x80;
  };
  if (byte(0) < 0x80) return {byte(0), 1};
  if ((byte(0) & 0xE0u) == 0xC0 && continues(1)) {
    return {(byte(0) & 0x1Fu) << 6 | (byte(1) & 0x3Fu), 2};
  }
  if ((byte(0) & 0xF0u) == 0xE0 && continues(1) && continues(2)) {
    return {(byte(0) & 0x0Fu) << 12 | (byte(1) & 0x3Fu) << 6 | (byte(2) & 0x3Fu), 3};
  }
  return {0x110000, 1};
}

/// Whether a terminal may act on a code point in place of showing it: C0 and C1 controls, marks of
/// direction, line and paragraph separators, byte-order marks.
inline bool is_control(unsigned c) {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x61C || c == 0x200E || c == 0x200F ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

/// The text with control codes as `\x1b` or `\u202e`, on one line. Other bytes stay, also those
/// that are not UTF-8.
inline std::string printable(std::string_view text) {
  constexpr const char* hex = "0123456789abcdef";
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const CodePoint c = first_code_point(text);
    if (c.value == '\t') {
      out.append("\\t");
    } else if (is_control(c.value)) {
      const unsigned digits = c.value < 0x100 ? 2 : 4;
      out.append(digits == 2 ? "\\x" : "\\u");
      for (unsigned i = digits; i-- > 0;) out.push_back(hex[c.value >> (4 * i) & 15]);
    } else {
      out.append(text.substr(0, c.size));
    }
    text.remove_prefix(c.size);
  }
  return out;
}

/// A piece of input for a message: on one line, printable, at most 60 bytes of it.
inline std::string excerpt(std::string_view text) {
  constexpr std::size_t longest = 60;
  constexpr const char* hex = "0123456789abcdef";
  const bool whole = text.size() <= longest;
  const bool readable = is_utf8(text);
  if (!whole) {
    text = text.substr(0, longest);
    // Not through the middle of a character.
    while (readable && !text.empty() && !is_utf8(text)) text.remove_suffix(1);
  }
  std::string out;
  if (readable) {
    out = printable(text);
  } else {
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 0x80) {
        out.append(printable({&c, 1}));
      } else {
        out.append("\\x");
        out.push_back(hex[byte >> 4]);
        out.push_back(hex[byte & 15]);
      }
    }
  }
  if (!whole) out.append("...");
  return out;
}

}  // namespace bedtok::detail

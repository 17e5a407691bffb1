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
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\t') {
      out.append("\\t");
    } else if (byte < 0x20 || byte == 0x7F || (byte >= 0x80 && !readable)) {
      out.append("\\x");
      out.push_back(hex[byte >> 4]);
      out.push_back(hex[byte & 15]);
    } else {
      out.push_back(c);
    }
  }
  if (!whole) out.append("...");
  return out;
}

}  // namespace bedtok::detail

// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <vector>

#include "../line_blocks.hpp"

namespace bedtok::io::detail {

/// Splits a block at line ends into up to `count` of about the same size.
inline std::vector<TextBlock> split_lines(const TextBlock& block, std::size_t count) {
  std::vector<TextBlock> parts;
  const char* first = block.first;
  for (std::size_t i = 1; first != block.last; ++i) {
    const auto size = static_cast<std::size_t>(block.last - block.first);
    const char* end = i >= count ? block.last : block.first + size * i / count;
    if (end <= first) continue;
    while (end != block.last && end[-1] != '\n') ++end;
    parts.push_back({first, end, false});
    first = end;
  }
  return parts;
}

}  // namespace bedtok::io::detail

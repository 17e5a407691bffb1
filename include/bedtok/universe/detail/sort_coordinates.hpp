// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace bedtok::universe::detail {

/// Sorts numbers of 32 bits by radix passes over eleven bits each: O(n). `spare` is memory that
/// calls may share.
inline void sort_coordinates(std::vector<std::uint32_t>& values,
                             std::vector<std::uint32_t>& spare) {
  constexpr std::size_t small = 2048;  // a comparison sort wins below
  if (values.size() <= small) {
    std::sort(values.begin(), values.end());
    return;
  }
  if (std::is_sorted(values.begin(), values.end())) return;
  constexpr unsigned digit_bits = 11;
  constexpr std::size_t digits = std::size_t{1} << digit_bits;
  spare.resize(values.size());
  for (unsigned shift = 0; shift < 32; shift += digit_bits) {
    std::array<std::size_t, digits> next{};
    for (const std::uint32_t value : values) ++next[(value >> shift) & (digits - 1)];
    if (*std::max_element(next.begin(), next.end()) == values.size()) continue;  // all are equal
    std::size_t sum = 0;
    for (std::size_t& slot : next) sum += std::exchange(slot, sum);
    for (const std::uint32_t value : values) {
      spare[next[(value >> shift) & (digits - 1)]++] = value;
    }
    std::swap(values, spare);
  }
}

}  // namespace bedtok::universe::detail

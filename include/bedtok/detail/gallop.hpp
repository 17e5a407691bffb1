// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace bedtok::detail {

/// The first position in [first, last) whose value is above `at`, `last` where none is; the values
/// there never decrease. The search goes out from `hint` by doubling steps, which for queries in
/// order are one or two; beyond `nearby` positions it is a binary search of the rest.
template <class Value>
std::size_t first_above(const std::vector<Value>& values, std::size_t first, std::size_t last,
                        Value at, std::size_t hint) {
  constexpr std::size_t nearby = 64;
  hint = std::min(std::max(hint, first), last);
  std::size_t low = first;
  std::size_t high = last;
  std::size_t step = 1;
  if (hint < last && values[hint] <= at) {
    low = hint + 1;
    for (; step <= nearby && low + step < last && values[low + step] <= at; step *= 2) {
      low += step + 1;
    }
    if (step <= nearby) high = std::min(low + step, last);
  } else {
    high = hint;
    for (; step <= nearby && high - first >= step && values[high - step] > at; step *= 2) {
      high -= step;
    }
    if (step <= nearby && high - first >= step) low = high - step;
  }
  const auto begin = values.begin();
  return static_cast<std::size_t>(std::upper_bound(begin + static_cast<std::ptrdiff_t>(low),
                                                   begin + static_cast<std::ptrdiff_t>(high), at) -
                                  begin);
}

}  // namespace bedtok::detail

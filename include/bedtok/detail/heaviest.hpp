// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <numeric>
#include <vector>

#include "../encoding.hpp"

namespace bedtok::detail {

/// The positions of the `count` ids of the largest weights, ascending. `weights` has that of id i
/// at position i; an id past its end outranks every other. Of equal weights the earlier position is
/// chosen. `count` must not be above the number of ids. O(n) on average, and O(count log count).
inline std::vector<std::size_t> heaviest(const std::vector<TokenId>& ids,
                                         const std::vector<float>& weights, std::size_t count) {
  const auto weight = [&](std::size_t position) {
    const auto id = static_cast<std::size_t>(ids[position]);
    return id < weights.size() ? weights[id] : std::numeric_limits<float>::infinity();
  };
  std::vector<std::size_t> chosen(ids.size());
  std::iota(chosen.begin(), chosen.end(), std::size_t{0});
  const auto end = chosen.begin() + static_cast<std::ptrdiff_t>(count);
  if (end != chosen.end()) {
    std::nth_element(chosen.begin(), end, chosen.end(), [&](std::size_t a, std::size_t b) {
      const float x = weight(a);
      const float y = weight(b);
      return x != y ? x > y : a < b;
    });
  }
  chosen.resize(count);
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

}  // namespace bedtok::detail

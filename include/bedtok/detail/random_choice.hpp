// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace bedtok::detail {

/// The seed for the sample at a position of a batch. An odd factor far from 1: the samples of one
/// batch share no seed with those of seed + 1.
inline std::uint64_t sample_seed(std::uint64_t seed, std::size_t position) noexcept {
  return seed + position * 0x9E3779B97F4A7C15u;
}

/// `count` of the positions 0 .. size - 1 in their order, every choice as likely as another. One
/// seed gives the same choice on every platform: the standard defines its generators to the bit,
/// but not its distributions. `count` must not be above `size`.
inline std::vector<std::size_t> random_choice(std::size_t size, std::size_t count,
                                              std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<std::size_t> chosen;
  chosen.reserve(count);
  for (std::size_t i = 0; chosen.size() < count; ++i) {
    // A position is taken with the chance (still wanted) / (still left). The remainder favours
    // small values by less than size / 2^64, which no number of samples would show.
    if (random() % (size - i) < count - chosen.size()) chosen.push_back(i);
  }
  return chosen;
}

}  // namespace bedtok::detail

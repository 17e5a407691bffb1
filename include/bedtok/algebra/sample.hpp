// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "../detail/random_choice.hpp"
#include "../error.hpp"
#include "../region_set.hpp"

namespace bedtok::algebra {

/// `n` of the regions in their order, drawn without replacement, every choice as likely as another.
/// One seed gives the same choice on every platform. Throws Error when there are fewer.
template <class Coord, class Payload>
RegionSet<Coord, Payload> sample(const RegionSet<Coord, Payload>& regions, std::uint64_t n,
                                 std::uint64_t seed) {
  if (n > regions.size()) {
    throw Error("n is " + std::to_string(n) + ", expected at most the " +
                std::to_string(regions.size()) + " regions of the set");
  }
  return regions.take(detail::random_choice(regions.size(), static_cast<std::size_t>(n), seed));
}

}  // namespace bedtok::algebra

// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "../error.hpp"
#include "../region_set.hpp"
#include "coverage.hpp"
#include "sample.hpp"

namespace bedtok::universe {

/// How samples become a universe.
struct UniverseOptions {
  /// Regions with a gap of at most so many base pairs between them are joined.
  Coord max_gap = 0;
  /// Regions of other widths are left out.
  Coord min_width = 0;
  /// The widest that is kept.
  Coord max_width = std::numeric_limits<Coord>::max();
  /// At least so many samples: of `coverage`, that cover a base; of the others, that overlap a
  /// region.
  std::optional<std::uint32_t> min_samples = std::nullopt;
  /// The same as a share of the samples, above 0 to 1.
  std::optional<double> min_fraction = std::nullopt;
  /// Lengths of chromosomes, for their mean coverage; of others the last covered base is the end.
  ChromSizes chrom_sizes = {};
  /// Regions that overlap one of these are left out. May be null; must outlive the call.
  const RegionSet<Coord>* exclude = nullptr;
  /// 0: all processors that the process may use. The result does not depend on it.
  std::size_t num_threads = 0;

  /// Throws ConfigError for a value that is not allowed.
  void check() const {
    if (min_samples && min_fraction) {
      throw ConfigError("min_samples and min_fraction are both given, expected one of them");
    }
    if (min_samples && *min_samples == 0) {
      throw ConfigError("min_samples is 0, expected 1 or more");
    }
    if (min_fraction && !(*min_fraction > 0 && *min_fraction <= 1)) {
      throw ConfigError("min_fraction is " + std::to_string(*min_fraction) +
                        ", expected a number above 0, at most 1");
    }
    if (min_width > max_width) {
      throw ConfigError("min_width is " + std::to_string(min_width) + " and max_width " +
                        std::to_string(max_width) + ", expected no more than that");
    }
  }

  /// The number of samples that `min_samples` or `min_fraction` asks for; none: neither is given.
  std::optional<std::uint32_t> least_samples(std::size_t samples) const {
    if (min_samples) return min_samples;
    if (!min_fraction) return std::nullopt;
    // 0.1 * 30 is a little more than 3.
    const double least = std::ceil(*min_fraction * static_cast<double>(samples) - 1e-9);
    return std::max(1u, static_cast<std::uint32_t>(least));
  }
};

/// A vocabulary made from samples.
struct Universe {
  /// Disjoint, by (chromosome name as bytes, start).
  RegionSet<Coord> regions;
  /// For each region the number of samples that overlap it.
  std::vector<std::uint32_t> support;
  /// For each region its core; empty unless the method makes flexible regions.
  Intervals cores;
};

}  // namespace bedtok::universe

// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../error.hpp"
#include "coverage.hpp"
#include "detail/chromosomes.hpp"
#include "flexible.hpp"
#include "hmm.hpp"
#include "sample.hpp"
#include "summits.hpp"
#include "universe.hpp"

// Samples to a universe. Each function works on one chromosome after the other, on several threads.
// `Store` is a SampleStore, or io::SpillingStore, which keeps a part of the samples on disk.
namespace bedtok::universe {

/// All bases that any sample covers, joined over gaps of at most `max_gap`: what `bedtools merge
/// -d` makes of all files together.
template <class Store>
Universe build_union(const Store& store, const UniverseOptions& options = {}) {
  options.check();
  return detail::build(store, store.chroms(), options, [&](const std::string& chrom) {
    RegionCollector collector(1, options.max_gap);
    store.segments(chrom, collector);
    return FlexibleIntervals{std::move(collector.regions), {}};
  });
}

/// The bases that at least `min_samples` or `min_fraction` of the samples cover; where neither is
/// given, those whose coverage is at least the mean of their chromosome, which maximizes the
/// likelihood. Then regions are joined over gaps of at most `max_gap`.
///
/// Source: `cc` of geniml 0.8.4, whose paper is Rymuza et al., Nucleic Acids Research 2024.
template <class Store>
Universe build_coverage(const Store& store, const UniverseOptions& options = {}) {
  options.check();
  const std::optional<std::uint32_t> least = options.least_samples(store.size());
  return detail::build(store, store.chroms(), options, [&](const std::string& chrom) {
    if (least) {
      RegionCollector collector(*least, options.max_gap);
      store.segments(chrom, collector);
      return FlexibleIntervals{std::move(collector.regions), {}};
    }
    const std::vector<Segment> coverage = detail::segments_of(store, chrom);
    const detail::Mean mean(coverage, chrom, options.chrom_sizes);
    RegionCollector collector(std::max(1u, static_cast<std::uint32_t>(std::ceil(mean.value))),
                              options.max_gap);
    for (const Segment& segment : coverage) collector(segment);
    return FlexibleIntervals{std::move(collector.regions), {}};
  });
}

/// Regions with cores; see flexible_regions.
template <class Store>
Universe build_flexible(const Store& store, const UniverseOptions& options = {}) {
  options.check();
  return detail::build(store, store.chroms(), options, [&](const std::string& chrom) {
    const std::vector<Segment> coverage = detail::segments_of(store, chrom);
    return flexible_regions(coverage, detail::Mean(coverage, chrom, options.chrom_sizes).value);
  });
}

/// Regions with cores by a hidden Markov model; see HiddenMarkovModel.
template <class Store>
Universe build_hmm(const Store& store, const UniverseOptions& options = {}) {
  options.check();
  return detail::build(store, store.chroms(), options, [&](const std::string& chrom) {
    const auto size = options.chrom_sizes.find(chrom);
    return hmm_regions(store.borders(chrom), size == options.chrom_sizes.end() ? 0 : size->second);
  });
}

/// Windows of one width around summits, the best first; see best_windows. The samples must hold
/// windows of `width`.
template <class Store>
Universe build_summits(const Store& store, Coord width, const UniverseOptions& options = {}) {
  options.check();
  return detail::build(store, store.chroms(), options, [&](const std::string& chrom) {
    return FlexibleIntervals{best_windows(store.windows(chrom), width), {}};
  });
}

/// Each chromosome of `chrom_sizes` in bins of `width` base pairs, the last of which may be
/// shorter. Throws ConfigError when there are no sizes, or more bins than a vocabulary holds.
template <class Store>
Universe build_tiles(const Store& store, Coord width, const UniverseOptions& options) {
  options.check();
  if (width == 0) throw ConfigError("width is 0, expected 1 or more base pairs");
  if (options.chrom_sizes.empty()) {
    throw ConfigError("tiles need the sizes of the chromosomes, expected chrom_sizes");
  }
  std::vector<std::string> names;
  std::uint64_t tiles = 0;
  for (const auto& [name, size] : options.chrom_sizes) {
    if (size > std::numeric_limits<Coord>::max()) {
      throw ConfigError("chromosome '" + name + "' has " + std::to_string(size) +
                        " bases, expected fewer than 2^32");
    }
    names.push_back(name);
    tiles += size / width + 1;
  }
  if (tiles > std::numeric_limits<std::int32_t>::max()) {
    throw ConfigError("width " + std::to_string(width) + " makes " + std::to_string(tiles) +
                      " tiles, expected fewer than 2^31: choose a larger width");
  }
  return detail::build(store, names, options, [&](const std::string& chrom) {
    FlexibleIntervals found;
    const std::uint64_t size = options.chrom_sizes.find(chrom)->second;
    for (std::uint64_t start = 0; start < size; start += width) {
      found.regions.push_back(static_cast<Coord>(start),
                              static_cast<Coord>(std::min(start + width, size)));
    }
    return found;
  });
}

}  // namespace bedtok::universe

// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../../chrom_table.hpp"
#include "../../detail/parallel_for.hpp"
#include "../../detail/processors.hpp"
#include "../../overlap_index.hpp"
#include "../../region_set.hpp"
#include "../coverage.hpp"
#include "../flexible.hpp"
#include "../sample.hpp"
#include "../universe.hpp"

namespace bedtok::universe::detail {

/// Leaves out the regions for which `keeps(start, end, i)` is false.
template <class Keeps>
void filter(FlexibleIntervals& found, Keeps&& keeps) {
  Intervals& regions = found.regions;
  Intervals& cores = found.cores;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < regions.size(); ++i) {
    if (!keeps(regions.starts[i], regions.ends[i], i)) continue;
    regions.starts[kept] = regions.starts[i];
    regions.ends[kept] = regions.ends[i];
    if (cores.size() != 0) {
      cores.starts[kept] = cores.starts[i];
      cores.ends[kept] = cores.ends[i];
    }
    ++kept;
  }
  regions.starts.resize(kept);
  regions.ends.resize(kept);
  if (cores.size() != 0) {
    cores.starts.resize(kept);
    cores.ends.resize(kept);
  }
}

/// Joins the regions of chromosomes, which are in their order.
inline Universe joined(const std::vector<std::string>& names, std::vector<FlexibleIntervals>& found,
                       const std::vector<std::vector<std::uint32_t>>& support) {
  ChromTable chroms;
  std::vector<ChromTable::Id> ids;
  Intervals all;
  Universe universe;
  const auto append = [](auto& to, const auto& from) {
    to.insert(to.end(), from.begin(), from.end());
  };
  for (std::size_t c = 0; c < names.size(); ++c) {
    const Intervals& regions = found[c].regions;
    if (regions.size() == 0) continue;
    ids.insert(ids.end(), regions.size(), chroms.add(names[c]));
    append(all.starts, regions.starts);
    append(all.ends, regions.ends);
    append(universe.support, support[c]);
    append(universe.cores.starts, found[c].cores.starts);
    append(universe.cores.ends, found[c].cores.ends);
    found[c] = {};
  }
  universe.regions = RegionSet<Coord>::from_columns(std::move(chroms), std::move(ids),
                                                    std::move(all.starts), std::move(all.ends));
  return universe;
}

/// The universe of the regions that `find(name)` gives for each chromosome, without those that the
/// options leave out.
template <class Store, class Find>
Universe build(const Store& store, const std::vector<std::string>& names,
               const UniverseOptions& options, Find&& find) {
  const std::uint32_t least = options.least_samples(store.size()).value_or(0);
  std::optional<OverlapIndex<Coord>> excluded;
  if (options.exclude != nullptr) excluded.emplace(*options.exclude);
  std::vector<FlexibleIntervals> found(names.size());
  std::vector<std::vector<std::uint32_t>> support(names.size());
  const std::size_t threads =
      store.parallel() ? bedtok::detail::threads_or_all(options.num_threads) : 1;
  bedtok::detail::parallel_for(names.size(), threads, [&](std::size_t c) {
    found[c] = find(names[c]);
    const ChromTable::Id id =
        excluded ? options.exclude->chroms().find(names[c]) : ChromTable::none;
    filter(found[c], [&](Coord start, Coord end, std::size_t) {
      if (end - start < options.min_width || end - start > options.max_width) return false;
      bool keeps = true;
      if (id != ChromTable::none) {
        keeps = !excluded->any_of(id, start, end, [](std::uint32_t, Coord, Coord) { return true; });
      }
      return keeps;
    });
    support[c] = store.support(names[c], found[c].regions);
    if (least > 0) {
      const std::vector<std::uint32_t>& counts = support[c];
      filter(found[c], [&](Coord, Coord, std::size_t i) { return counts[i] >= least; });
      support[c].erase(std::remove_if(support[c].begin(), support[c].end(),
                                      [&](std::uint32_t count) { return count < least; }),
                       support[c].end());
    }
  });
  return joined(names, found, support);
}

/// The mean coverage of the bases of a chromosome.
struct Mean {
  double value;

  Mean(const std::vector<Segment>& coverage, std::string_view chrom, const ChromSizes& sizes) {
    std::uint64_t covered = 0;
    for (const Segment& segment : coverage) {
      covered += std::uint64_t{segment.depth} * (segment.end - segment.start);
    }
    const auto found = sizes.find(chrom);
    const std::uint64_t size = found != sizes.end() ? found->second
                               : coverage.empty()   ? 1
                                                    : coverage.back().end;
    value = static_cast<double>(covered) / static_cast<double>(size);
  }
};

template <class Store>
std::vector<Segment> segments_of(const Store& store, std::string_view chrom) {
  std::vector<Segment> coverage;
  store.segments(chrom, [&](const Segment& segment) { coverage.push_back(segment); });
  return coverage;
}

}  // namespace bedtok::universe::detail

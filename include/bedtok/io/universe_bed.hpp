// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "../region_set.hpp"
#include "../universe/universe.hpp"
#include "bed.hpp"

namespace bedtok::io {

/// The regions of a universe with the columns of its BED file after the third: the name, which is
/// the region's text, and the number of samples that support it, as the score; of flexible regions
/// also a strand `.` and the core, as thickStart and thickEnd. `to_bed` writes them.
inline RegionSet<universe::Coord> universe_lines(const universe::Universe& universe) {
  const RegionSet<universe::Coord>& regions = universe.regions;
  RegionSet<universe::Coord>::Column rest;
  std::string line;
  for (std::size_t i = 0; i < regions.size(); ++i) {
    line.clear();
    regions.append_text(line, i);
    line.append("\t").append(std::to_string(universe.support[i]));
    if (universe.cores.size() != 0) {
      line.append("\t.\t").append(std::to_string(universe.cores.starts[i]));
      line.append("\t").append(std::to_string(universe.cores.ends[i]));
    }
    rest.push_back(std::string_view(line));
  }
  return RegionSet<universe::Coord>::from_checked_columns(
      regions.chroms(), regions.chrom_ids(), regions.starts(), regions.ends(), std::move(rest));
}

}  // namespace bedtok::io

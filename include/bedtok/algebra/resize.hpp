// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../assembly.hpp"
#include "../chrom_table.hpp"
#include "../detail/coordinate_bounds.hpp"
#include "../detail/parse_int.hpp"
#include "../detail/region_columns.hpp"
#include "../detail/rest_column.hpp"
#include "../enum_names.hpp"
#include "../error.hpp"
#include "../region_set.hpp"

// Regions moved and resized one by one. They keep their order, payload and header; coordinates
// inside the payload, such as a summit or blocks, stay as they are. `sizes` are the lengths of the
// chromosomes: what would be past the end is cut off, and a chromosome that is not listed is an
// Error. Without sizes what would be past the largest coordinate is an Error. What would be below 0
// is cut off. O(n).
namespace bedtok::algebra {

/// Where `resize` holds a region: at its first base, behind its last one, in the middle, or at its
/// peak, which column 10 of a narrowPeak file tells.
enum class ResizeFix { start, end, center, summit };

/// Cuts regions to [0, size) of their chromosome. Those of chromosomes that are not listed are left
/// out; of those past the end a zero-length region at the end stays.
template <class Coord, class Payload>
RegionSet<Coord, Payload> trim(const RegionSet<Coord, Payload>& regions, const ChromSizes& sizes);

/// Makes regions longer by `left` and `right` base pairs.
template <class Coord, class Payload>
RegionSet<Coord, Payload> slop(const RegionSet<Coord, Payload>& regions, std::uint64_t left,
                               std::uint64_t right, const ChromSizes& sizes = {});

/// The `left` base pairs in front of each region, then the `right` ones behind it, then those of
/// the next region; what is empty is left out.
template <class Coord, class Payload>
RegionSet<Coord, Payload> flank(const RegionSet<Coord, Payload>& regions, std::uint64_t left,
                                std::uint64_t right, const ChromSizes& sizes = {});

/// Moves regions by `offset` base pairs.
template <class Coord, class Payload>
RegionSet<Coord, Payload> shift(const RegionSet<Coord, Payload>& regions, std::int64_t offset,
                                const ChromSizes& sizes = {});

/// Gives every region `width` base pairs. With `center` and `summit` base `width / 2` of the result
/// is the middle, start + length / 2, or the summit; a region that would begin below 0 begins at 0
/// and keeps its width. Throws Error where column 10 is no offset within the region; with -1, no
/// summit, the middle is taken.
template <class Coord, class Payload>
RegionSet<Coord, Payload> resize(const RegionSet<Coord, Payload>& regions, std::uint64_t width,
                                 ResizeFix fix = ResizeFix::center, const ChromSizes& sizes = {});

/// From `upstream` base pairs in front of where each region begins on its strand to `downstream`
/// behind: [start - upstream, start + downstream), or [end - downstream, end + upstream) where
/// column 6 is `-`.
template <class Coord, class Payload>
RegionSet<Coord, Payload> promoters(const RegionSet<Coord, Payload>& regions,
                                    std::uint64_t upstream, std::uint64_t downstream,
                                    const ChromSizes& sizes = {});

// ---- Definitions ------------------------------------------------------------------------------

template <class Coord, class Payload>
RegionSet<Coord, Payload> trim(const RegionSet<Coord, Payload>& regions, const ChromSizes& sizes) {
  std::vector<bool> listed;
  for (const std::string& name : regions.chroms().names()) {
    listed.push_back(sizes.find(name) != sizes.end());
  }
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < regions.size(); ++i) {
    if (listed[regions.chrom_ids()[i]]) kept.push_back(i);
  }
  if (kept.size() == regions.size()) return slop(regions, 0, 0, sizes);
  return slop(regions.take(kept), 0, 0, sizes);
}

template <class Coord, class Payload>
RegionSet<Coord, Payload> slop(const RegionSet<Coord, Payload>& regions, std::uint64_t left,
                               std::uint64_t right, const ChromSizes& sizes) {
  const detail::CoordinateBounds<Coord> bounds(regions.chroms(), sizes);
  return detail::with_coordinates(
      regions, [&](std::size_t i, ChromTable::Id chrom, Coord& start, Coord& end) {
        bounds.check(i, chrom);
        start = bounds.down(chrom, start, left);
        end = bounds.up(i, chrom, end, right);
      });
}

template <class Coord, class Payload>
RegionSet<Coord, Payload> flank(const RegionSet<Coord, Payload>& regions, std::uint64_t left,
                                std::uint64_t right, const ChromSizes& sizes) {
  const detail::CoordinateBounds<Coord> bounds(regions.chroms(), sizes);
  std::vector<std::size_t> of;
  std::vector<Coord> starts;
  std::vector<Coord> ends;
  const auto add = [&](std::size_t i, Coord start, Coord end) {
    if (start == end) return;
    of.push_back(i);
    starts.push_back(start);
    ends.push_back(end);
  };
  for (std::size_t i = 0; i < regions.size(); ++i) {
    const ChromTable::Id chrom = regions.chrom_ids()[i];
    bounds.check(i, chrom);
    const Coord start = bounds.down(chrom, regions.starts()[i], 0);
    const Coord end = bounds.down(chrom, regions.ends()[i], 0);
    add(i, std::min(start, bounds.down(chrom, regions.starts()[i], left)), start);
    add(i, end, bounds.up(i, chrom, end, right));
  }
  return detail::with_coordinates(regions.take(of),
                                  [&](std::size_t i, ChromTable::Id, Coord& start, Coord& end) {
                                    start = starts[i];
                                    end = ends[i];
                                  });
}

template <class Coord, class Payload>
RegionSet<Coord, Payload> shift(const RegionSet<Coord, Payload>& regions, std::int64_t offset,
                                const ChromSizes& sizes) {
  const detail::CoordinateBounds<Coord> bounds(regions.chroms(), sizes);
  const std::uint64_t by = offset < 0 ? std::uint64_t{0} - static_cast<std::uint64_t>(offset)
                                      : static_cast<std::uint64_t>(offset);
  return detail::with_coordinates(
      regions, [&](std::size_t i, ChromTable::Id chrom, Coord& start, Coord& end) {
        bounds.check(i, chrom);
        start = offset < 0 ? bounds.down(chrom, start, by) : bounds.up(i, chrom, start, by);
        end = offset < 0 ? bounds.down(chrom, end, by) : bounds.up(i, chrom, end, by);
      });
}

template <class Coord, class Payload>
RegionSet<Coord, Payload> resize(const RegionSet<Coord, Payload>& regions, std::uint64_t width,
                                 ResizeFix fix, const ChromSizes& sizes) {
  const detail::CoordinateBounds<Coord> bounds(regions.chroms(), sizes);
  return detail::with_coordinates(
      regions, [&](std::size_t i, ChromTable::Id chrom, Coord& start, Coord& end) {
        bounds.check(i, chrom);
        if (fix == ResizeFix::end) {
          end = bounds.down(chrom, end, 0);
          start = bounds.down(chrom, end, width);
          return;
        }
        Coord from = start;
        if (fix != ResizeFix::start) {
          Coord middle = static_cast<Coord>(start + (end - start) / 2);
          if (fix == ResizeFix::summit) {
            middle = detail::summit_of(regions, i).value_or(middle);
          }
          from = middle > width / 2 ? static_cast<Coord>(middle - width / 2) : Coord{0};
        }
        start = bounds.down(chrom, from, 0);
        end = bounds.up(i, chrom, from, width);
      });
}

template <class Coord, class Payload>
RegionSet<Coord, Payload> promoters(const RegionSet<Coord, Payload>& regions,
                                    std::uint64_t upstream, std::uint64_t downstream,
                                    const ChromSizes& sizes) {
  const detail::CoordinateBounds<Coord> bounds(regions.chroms(), sizes);
  return detail::with_coordinates(
      regions, [&](std::size_t i, ChromTable::Id chrom, Coord& start, Coord& end) {
        bounds.check(i, chrom);
        const bool reverse = detail::is_reverse(regions, i);
        const Coord from = reverse ? end : start;
        start = bounds.down(chrom, from, reverse ? downstream : upstream);
        end = bounds.up(i, chrom, from, reverse ? upstream : downstream);
      });
}

}  // namespace bedtok::algebra

namespace bedtok {

template <>
struct EnumNames<algebra::ResizeFix> {
  static constexpr std::string_view option = "fix";
  static constexpr std::array<std::string_view, 4> names = {"start", "end", "center", "summit"};
};

}  // namespace bedtok

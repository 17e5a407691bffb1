// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "detail/parse_int.hpp"

/// One coordinate system everywhere: 0-based, half-open `[start, end)`, in base pairs. Zero length
/// is legal, `start > end` is not.
namespace bedtok {

/// The other columns of a BED line as text (tabs included), or none.
using Rest = std::optional<std::string>;

/// A genomic interval and its payload: the rest of its BED line, or a type of the user's.
template <class Coord = std::uint32_t, class Payload = Rest>
struct Region {
  static_assert(std::is_unsigned_v<Coord>, "coordinates are unsigned integers of 32 or 64 bits");

  std::string chrom;  ///< name of the chromosome
  Coord start = 0;    ///< first base, 0-based
  Coord end = 0;      ///< one past the last base
  Payload rest = {};  ///< what the region carries
};

/// The same interval; payloads are not compared.
template <class Coord, class Payload>
bool operator==(const Region<Coord, Payload>& a, const Region<Coord, Payload>& b) {
  return a.start == b.start && a.end == b.end && a.chrom == b.chrom;
}
template <class Coord, class Payload>
bool operator!=(const Region<Coord, Payload>& a, const Region<Coord, Payload>& b) {
  return !(a == b);
}

/// The definition of overlap, for two intervals of the same chromosome. Touching intervals do not
/// overlap; a zero-length interval overlaps what it lies strictly inside of.
template <class Coord>
constexpr bool overlaps(Coord a_start, Coord a_end, Coord b_start, Coord b_end) noexcept {
  return a_start < b_end && b_start < a_end;
}

/// Appends `chrom:start-end`, the text form of a region and of its token.
template <class Coord>
void append_text(std::string& out, std::string_view chrom, Coord start, Coord end) {
  out.append(chrom);
  out.push_back(':');
  out.append(std::to_string(start));
  out.push_back('-');
  out.append(std::to_string(end));
}

/// A region's text form in parts; `chrom` points into the text that was parsed.
template <class Coord>
struct RegionText {
  std::string_view chrom;  ///< name of the chromosome
  Coord start;             ///< first base, 0-based
  Coord end;               ///< one past the last base
};

/// Reads `chrom:start-end`, from the right, because a name may itself hold `:` and `-`. None when
/// the text has another form, a coordinate does not fit, or start > end.
template <class Coord = std::uint32_t>
std::optional<RegionText<Coord>> parse_region_text(std::string_view text) {
  const auto dash = text.rfind('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto colon = text.rfind(':', dash);
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  RegionText<Coord> region{text.substr(0, colon), 0, 0};
  if (!detail::parse_coord(text.substr(colon + 1, dash - colon - 1), region.start) ||
      !detail::parse_coord(text.substr(dash + 1), region.end) || region.start > region.end) {
    return std::nullopt;
  }
  return region;
}

}  // namespace bedtok

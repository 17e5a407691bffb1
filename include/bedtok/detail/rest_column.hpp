// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "../error.hpp"
#include "../region.hpp"
#include "../region_set.hpp"
#include "parse_int.hpp"

namespace bedtok::detail {

/// Column `number` of a BED line, 4 or more, given its rest; empty where there is none. Tabs
/// separate; in a rest without tabs runs of spaces do.
inline std::string_view rest_column(std::string_view rest, std::size_t number) noexcept {
  const bool tabs = rest.find('\t') != std::string_view::npos;
  for (std::size_t column = 4; !rest.empty(); ++column) {
    const std::size_t cut = rest.find(tabs ? '\t' : ' ');
    if (column == number) return rest.substr(0, cut);
    if (cut == std::string_view::npos) break;
    rest.remove_prefix(tabs ? cut + 1 : std::min(rest.find_first_not_of(' ', cut), rest.size()));
  }
  return {};
}

/// Whether region `i` lies on the reverse strand: column 6 is `-`. A payload of another type has no
/// strand.
template <class Coord, class Payload>
bool is_reverse(const RegionSet<Coord, Payload>& regions, std::size_t i) noexcept {
  if constexpr (std::is_same_v<Payload, Rest>) {
    return rest_column(regions.rest().view(i), 6) == "-";
  } else {
    return false;
  }
}

/// The summit of region `i` by column 10 of narrowPeak, an offset from its start; none where that
/// is -1. Throws Error where there is no such column, or no offset within the region in it.
template <class Coord, class Payload>
std::optional<Coord> summit_of(const RegionSet<Coord, Payload>& regions, std::size_t i) {
  std::string_view text;
  if constexpr (std::is_same_v<Payload, Rest>) text = rest_column(regions.rest().view(i), 10);
  if (text == "-1") return std::nullopt;
  const Coord start = regions.starts()[i];
  const Coord width = static_cast<Coord>(regions.ends()[i] - start);
  Coord offset = 0;
  if (parse_coord(text, offset) && offset <= width) {
    return static_cast<Coord>(start + offset);
  }
  const std::string where = "region " + std::to_string(i) + ": ";
  if (text.empty()) {
    throw Error(where +
                "there is no column 10 with a summit, expected narrowPeak; 'center' takes "
                "the middle");
  }
  throw Error(where + "the summit, column 10, is '" + excerpt(std::string(text)) +
              "', expected -1 or an offset from 0 to " + std::to_string(width));
}

}  // namespace bedtok::detail

// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "../chrom_table.hpp"
#include "../detail/hash_bytes.hpp"
#include "../region_set.hpp"

namespace bedtok::io {

/// Returns 16 hexadecimal digits that depend on every region and on their order, not on payloads,
/// on the type of coordinates, or on how a file is compressed. Not cryptographic.
template <class Coord, class Payload>
std::string regions_digest(const RegionSet<Coord, Payload>& regions) {
  constexpr std::size_t block = std::size_t{1} << 14;
  constexpr auto new_chrom = std::numeric_limits<std::uint64_t>::max();
  std::vector<std::uint64_t> words;
  words.reserve(block + 4);
  std::uint64_t hash = regions.size();
  const auto flush = [&] {
    hash = bedtok::detail::hash_bytes(reinterpret_cast<const char*>(words.data()),
                                      words.size() * sizeof words[0], hash);
    words.clear();
  };
  ChromTable::Id chrom = ChromTable::none;
  for (std::size_t i = 0; i < regions.size(); ++i) {
    if (regions.chrom_ids()[i] != chrom) {
      chrom = regions.chrom_ids()[i];
      const std::string& name = regions.chroms().name(chrom);
      words.push_back(new_chrom);
      words.push_back(bedtok::detail::hash_bytes(name.data(), name.size()));
    }
    words.push_back(regions.starts()[i]);
    words.push_back(regions.ends()[i]);
    if (words.size() >= block) flush();
  }
  flush();
  return bedtok::detail::hex_digits(hash);
}

}  // namespace bedtok::io

// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "../assembly.hpp"
#include "../chrom_table.hpp"
#include "../error.hpp"

namespace bedtok::detail {

/// A chromosome's size as a coordinate. Throws Error when it is none.
template <class Coord>
Coord checked_size(const std::string& chrom, std::uint64_t size) {
  if (size <= std::numeric_limits<Coord>::max()) return static_cast<Coord>(size);
  throw Error("chrom_sizes: " + chrom + " is " + std::to_string(size) + ", expected at most " +
              std::to_string(std::numeric_limits<Coord>::max()));
}

/// Moves coordinates and keeps them within the chromosome: below 0 they become 0, and beyond the
/// chromosome's size its size. Without sizes what is past the largest coordinate is an Error.
template <class Coord>
class CoordinateBounds {
 public:
  /// Without sizes (`sizes` is empty) the largest coordinate is the bound. `chroms` must outlive
  /// this.
  CoordinateBounds(const ChromTable& chroms, const ChromSizes& sizes)
      : chroms_(chroms), limited_(!sizes.empty()) {
    if (!limited_) return;
    for (const std::string& name : chroms.names()) {
      const auto size = sizes.find(name);
      known_.push_back(size != sizes.end());
      size_.push_back(known_.back() ? checked_size<Coord>(name, size->second) : 0);
    }
  }

  /// Throws Error that names region `i` unless the size of its chromosome is known.
  void check(std::size_t i, ChromTable::Id chrom) const {
    if (!limited_ || known_[chrom]) return;
    throw Error("region " + std::to_string(i) + ": chrom_sizes does not list " +
                chroms_.name(chrom) +
                ", expected the size of every chromosome; trim leaves out regions of others");
  }

  Coord down(ChromTable::Id chrom, Coord at, std::uint64_t by) const noexcept {
    return clipped(chrom, at > by ? static_cast<Coord>(at - by) : Coord{0});
  }

  /// `i` is the region of the message.
  Coord up(std::size_t i, ChromTable::Id chrom, Coord at, std::uint64_t by) const {
    constexpr Coord most = std::numeric_limits<Coord>::max();
    if (by <= most - at) return clipped(chrom, static_cast<Coord>(at + by));
    if (limited_) return size_[chrom];
    throw Error("region " + std::to_string(i) + ": " + std::to_string(at) + " + " +
                std::to_string(by) + " is beyond " + std::to_string(most) +
                ", the largest coordinate; with chrom_sizes it ends with its chromosome");
  }

 private:
  Coord clipped(ChromTable::Id chrom, Coord at) const noexcept {
    return limited_ ? std::min(at, size_[chrom]) : at;
  }

  const ChromTable& chroms_;
  bool limited_;
  std::vector<bool> known_;  // by chromosome id
  std::vector<Coord> size_;
};

}  // namespace bedtok::detail

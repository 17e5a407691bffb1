// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace bedtok {

/// Lengths of chromosomes in base pairs, by name.
using ChromSizes = std::map<std::string, std::uint64_t, std::less<>>;

/// The genome assembly of a vocabulary, as far as it is known. It changes no token: inputs are
/// checked against it.
struct Assembly {
  /// Its name, such as hg38; empty: not known.
  std::string genome;
  /// Empty: not known.
  ChromSizes chrom_sizes;

  friend bool operator==(const Assembly& a, const Assembly& b) {
    return a.genome == b.genome && a.chrom_sizes == b.chrom_sizes;
  }
  friend bool operator!=(const Assembly& a, const Assembly& b) { return !(a == b); }
};

}  // namespace bedtok

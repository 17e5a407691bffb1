// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "chrom_aliases.hpp"
#include "enum_names.hpp"
#include "error.hpp"

namespace bedtok {

/// The region whose length `min_fraction` refers to.
enum class FractionOf { query, vocabulary, either };
/// The order of the tokens: that of the input regions, or that of the ids.
enum class TokenOrder { input, vocabulary };
/// The result for an input region that hits nothing: no token, `<unk>`, or a VocabularyError.
enum class OnMiss { drop, unk, error };

/// How input regions become tokens. Pre-trained models were trained with the defaults: every
/// vocabulary region that overlaps, in input order, nothing merged, misses left out.
struct MappingOptions {
  /// Bases that a pair must share. 0: any overlap, zero-length regions included.
  std::uint64_t min_overlap = 0;
  /// Share of the region's length that must be covered, 0 to 1. A zero-length region that overlaps
  /// counts as covered whole.
  double min_fraction = 0.0;
  FractionOf fraction_of = FractionOf::query;  ///< whose length `min_fraction` means
  /// Only one token a region: the one that shares most bases, the first by (start, end, id) where
  /// several do.
  bool best_overlap = false;
  /// Only the first occurrence of a token.
  bool unique = false;
  TokenOrder order = TokenOrder::input;  ///< the order of the tokens
  OnMiss on_miss = OnMiss::drop;         ///< what a region without a hit gives
  /// Translates chromosome names of the input that the vocabulary does not know.
  ChromAliases chrom_aliases = {};
  /// Inputs of which a smaller share of the regions hits are warned of; no token depends on it.
  /// None: no input is, nor one with regions past the vocabulary's last. The default is the share
  /// of reads in peaks that ENCODE accepts at least.
  std::optional<double> low_hit_rate = 0.2;

  /// Throws ConfigError unless min_fraction and low_hit_rate lie in 0..1.
  void check() const {
    check_share("min_fraction", min_fraction);
    if (low_hit_rate) check_share("low_hit_rate", *low_hit_rate);
  }

  /// Calls `visit(name, member)` for each option in turn; `member` is a pointer to the member.
  /// Comparison, the saved form and the Python binding follow from it.
  template <class Visit>
  static void visit(Visit&& visit) {
    visit("min_overlap", &MappingOptions::min_overlap);
    visit("min_fraction", &MappingOptions::min_fraction);
    visit("fraction_of", &MappingOptions::fraction_of);
    visit("best_overlap", &MappingOptions::best_overlap);
    visit("unique", &MappingOptions::unique);
    visit("order", &MappingOptions::order);
    visit("on_miss", &MappingOptions::on_miss);
    visit("chrom_aliases", &MappingOptions::chrom_aliases);
    visit("low_hit_rate", &MappingOptions::low_hit_rate);
  }

  /// Whether every overlap is a hit.
  bool every_overlap() const noexcept {
    return min_overlap == 0 && min_fraction == 0.0 && !best_overlap;
  }

  friend bool operator==(const MappingOptions& a, const MappingOptions& b) {
    bool equal = true;
    visit([&](const char*, auto member) { equal = equal && a.*member == b.*member; });
    return equal;
  }
  friend bool operator!=(const MappingOptions& a, const MappingOptions& b) { return !(a == b); }

 private:
  static void check_share(const char* name, double share) {
    if (share >= 0.0 && share <= 1.0) return;
    throw ConfigError(std::string(name) + " is " + std::to_string(share) +
                      ", expected a number from 0 to 1");
  }
};

template <>
struct EnumNames<FractionOf> {
  static constexpr std::string_view option = "fraction_of";
  static constexpr std::array<std::string_view, 3> names = {"query", "vocabulary", "either"};
};
template <>
struct EnumNames<TokenOrder> {
  static constexpr std::string_view option = "order";
  static constexpr std::array<std::string_view, 2> names = {"input", "vocabulary"};
};
template <>
struct EnumNames<OnMiss> {
  static constexpr std::string_view option = "on_miss";
  static constexpr std::array<std::string_view, 3> names = {"drop", "unk", "error"};
};

}  // namespace bedtok

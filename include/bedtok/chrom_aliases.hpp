// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "error.hpp"

namespace bedtok {

/// Translates chromosome names of the input that the vocabulary does not know. Off by default.
///
/// `ucsc` writes `17`, `X`, `MT` as `chr17`, `chrX`, `chrM`; `ensembl` does the reverse; a map
/// gives each name. Only primary chromosomes are translated by rule: the names of unplaced and
/// unlocalised contigs follow from no rule and need a map.
class ChromAliases {
 public:
  /// No aliases, one of the two rules, or names that were given.
  enum class Style { none, ucsc, ensembl, map };

  ChromAliases() = default;

  /// Throws ConfigError unless `style` is `ucsc` or `ensembl`.
  static ChromAliases to_style(std::string_view style) {
    ChromAliases aliases;
    if (style == "ucsc") {
      aliases.style_ = Style::ucsc;
    } else if (style == "ensembl") {
      aliases.style_ = Style::ensembl;
    } else {
      throw ConfigError("chrom_aliases is '" + std::string(style) +
                        "', expected ucsc, ensembl, or a map from names to names");
    }
    return aliases;
  }

  /// `names`: name in the input -> name in the vocabulary.
  static ChromAliases from_map(std::map<std::string, std::string, std::less<>> names) {
    ChromAliases aliases;
    aliases.style_ = Style::map;
    aliases.names_ = std::move(names);
    return aliases;
  }

  /// Where the other names come from.
  Style style() const noexcept { return style_; }
  /// `ucsc` or `ensembl`; empty for the others.
  std::string_view style_name() const noexcept {
    return style_ == Style::ucsc ? "ucsc" : style_ == Style::ensembl ? "ensembl" : "";
  }
  /// The names that were given; empty for the built-in rules.
  const std::map<std::string, std::string, std::less<>>& names() const noexcept { return names_; }

  /// The other name of `chrom`; empty when there is none.
  std::string translate(std::string_view chrom) const {
    switch (style_) {
      case Style::none:
        return {};
      case Style::ucsc:
        if (chrom == "MT" || chrom == "M") return "chrM";
        return is_primary(chrom) ? "chr" + std::string(chrom) : std::string();
      case Style::ensembl: {
        if (chrom == "chrM" || chrom == "chrMT") return "MT";
        if (chrom.substr(0, 3) != "chr") return {};
        const std::string_view bare = chrom.substr(3);
        return is_primary(bare) ? std::string(bare) : std::string();
      }
      case Style::map: {
        const auto found = names_.find(chrom);
        return found == names_.end() ? std::string() : found->second;
      }
    }
    return {};
  }

  friend bool operator==(const ChromAliases& a, const ChromAliases& b) {
    return a.style_ == b.style_ && a.names_ == b.names_;
  }

 private:
  // Numbers with an optional arm (2, 2L, 2a), sex chromosomes, and Roman numerals of yeast and
  // worm.
  static bool is_primary(std::string_view name) {
    if (name.empty() || name.size() > 5) return false;
    std::size_t digits = 0;
    while (digits < name.size() && name[digits] >= '0' && name[digits] <= '9') ++digits;
    if (digits > 0) {
      const std::string_view arm = name.substr(digits);
      return arm.empty() || arm == "L" || arm == "R" || arm == "a" || arm == "b" || arm == "A" ||
             arm == "B";
    }
    return name.find_first_not_of("IVX") == std::string_view::npos || name == "Y" || name == "W" ||
           name == "Z";
  }

  Style style_ = Style::none;
  std::map<std::string, std::string, std::less<>> names_;
};

}  // namespace bedtok

// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace bedtok::detail {

/// Tells fragments from BED lines with a name and a score by what stands behind the coordinates.
class BarcodeProbe {
 public:
  /// Adds the rest of a line. Returns whether fragments are still possible.
  bool add(std::string_view rest) {
    const std::size_t tab = rest.find('\t');
    const std::string_view name = rest.substr(0, tab);
    possible_ = possible_ && tab != std::string_view::npos && is_count(rest.substr(tab + 1)) &&
                (has_bases(name) || ends_in_number(name));
    if (!possible_) return false;
    ++seen_;
    if (has_bases(name)) {
      ++with_bases_;
    } else {
      others_.emplace_back(name);
    }
    return true;
  }

  /// Whether the lines that were added are fragments: names made of bases are barcodes, others such
  /// as CELL4-1 are if they come again.
  bool is_likely() const {
    if (!possible_ || seen_ == 0) return false;
    if (with_bases_ == seen_) return true;
    std::vector<std::string> names = others_;
    std::sort(names.begin(), names.end());
    const auto distinct =
        static_cast<std::size_t>(std::unique(names.begin(), names.end()) - names.begin());
    return with_bases_ + distinct <= seen_ / 2;
  }

 private:
  /// A positive number and nothing behind it.
  static bool is_count(std::string_view text) {
    return !text.empty() && text != "0" &&
           text.find_first_not_of("0123456789") == std::string_view::npos;
  }
  /// Eight bases in a row, as in AAACGAAAGCGCAATG-1 and donor1#AAACGAAAGCGCAATG-1.
  static bool has_bases(std::string_view name) {
    constexpr std::size_t fewest = 8;
    std::size_t run = 0;
    for (const char c : name) {
      run = c == 'A' || c == 'C' || c == 'G' || c == 'T' || c == 'N' ? run + 1 : 0;
      if (run == fewest) return true;
    }
    return false;
  }
  static bool ends_in_number(std::string_view name) {
    const std::size_t dash = name.rfind('-');
    return dash != std::string_view::npos && dash != 0 && is_count(name.substr(dash + 1));
  }

  bool possible_ = true;
  std::size_t seen_ = 0;
  std::size_t with_bases_ = 0;
  std::vector<std::string> others_;
};

}  // namespace bedtok::detail

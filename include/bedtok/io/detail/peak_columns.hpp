// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace bedtok::io::detail {

/// Summit and score of a line, from the columns after the third.
class PeakColumns {
 public:
  /// Column numbers begin with 1. Views into `rest`.
  void split(std::string_view rest) {
    columns_.clear();
    while (!rest.empty()) {
      const std::size_t tab = rest.find('\t');
      columns_.push_back(rest.substr(0, tab));
      if (tab == std::string_view::npos) break;
      rest.remove_prefix(tab + 1);
    }
  }
  /// A column; empty where the line has no such one.
  std::string_view column(unsigned number) const noexcept {
    return number - 4 < columns_.size() ? columns_[number - 4] : std::string_view();
  }
  /// Ten columns are narrowPeak. BED12, broadPeak and gappedPeak have other numbers of them.
  bool is_narrow_peak() const noexcept { return columns_.size() == 10 - 3; }

 private:
  std::vector<std::string_view> columns_;
};

}  // namespace bedtok::io::detail

// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../region.hpp"

namespace bedtok::detail {

/// The payload of a set, one value a region. A column without rows has the default value in every
/// row, so that sets without payload pay nothing.
template <class Payload>
class PayloadColumn {
 public:
  bool empty() const noexcept { return values_.empty(); }
  std::size_t size() const noexcept { return values_.size(); }
  Payload get(std::size_t row) const { return values_.empty() ? Payload{} : values_[row]; }
  void push_back(Payload value) { values_.push_back(std::move(value)); }
  void push_back_from(const PayloadColumn& other, std::size_t row) { push_back(other.get(row)); }

 private:
  std::vector<Payload> values_;
};

/// The rest of BED lines: all texts behind one another, one allocation for the whole file. An empty
/// text is none: a line that ends after its third column and one that ends in a tab are the same.
template <>
class PayloadColumn<Rest> {
 public:
  bool empty() const noexcept { return ends_.empty(); }
  std::size_t size() const noexcept { return ends_.size(); }

  Rest get(std::size_t row) const {
    const std::string_view text = view(row);
    return text.empty() ? Rest{} : Rest{std::string(text)};
  }

  /// The text of a row, empty where it has none; valid as long as the column.
  std::string_view view(std::size_t row) const noexcept {
    if (ends_.empty()) return {};
    const std::size_t begin = row == 0 ? 0 : ends_[row - 1];
    return std::string_view(texts_).substr(begin, ends_[row] - begin);
  }

  void push_back(std::string_view text) {
    texts_.append(text);
    ends_.push_back(texts_.size());
  }
  void push_back_from(const PayloadColumn& other, std::size_t row) { push_back(other.view(row)); }
  void push_back(const Rest& text) {
    push_back(text ? std::string_view(*text) : std::string_view());
  }

  /// Puts `rows` rows without a text in front of the first one.
  void start_at(std::size_t rows) { ends_.assign(rows, 0); }

 private:
  std::string texts_;
  std::vector<std::size_t> ends_;
};

}  // namespace bedtok::detail

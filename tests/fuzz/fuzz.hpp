// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <bedtok/bedtok.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

// What the fuzz targets share. A target is a function of one input; it ends the process when a
// promise is broken, and lets through every exception that the library does not promise.
namespace fuzz {

/// Ends the process, and says where, unless `holds`.
inline void require(bool holds, const char* what, int line) {
  if (holds) return;
  std::fprintf(stderr, "line %d: not true: %s\n", line, what);
  std::abort();
}
#define REQUIRE_TRUE(...) ::fuzz::require((__VA_ARGS__), #__VA_ARGS__, __LINE__)

/// An input, from which bytes are taken at the front; zeros follow its end.
class Input {
 public:
  explicit Input(std::string_view bytes) : left_(bytes) {}

  std::string_view left() const { return left_; }
  std::uint8_t byte() {
    if (left_.empty()) return 0;
    const auto first = static_cast<std::uint8_t>(left_.front());
    left_.remove_prefix(1);
    return first;
  }
  /// A number of `bytes` bytes.
  std::uint64_t number(int bytes) {
    std::uint64_t value = 0;
    for (; bytes > 0; --bytes) value = value << 8 | byte();
    return value;
  }
  bool flag() { return (byte() & 1) != 0; }
  /// The bytes up to the next 0xFF, which is dropped.
  std::string_view piece() {
    const std::size_t size = left_.find('\xFF');
    const std::string_view found = left_.substr(0, size);
    left_.remove_prefix(size == std::string_view::npos ? left_.size() : size + 1);
    return found;
  }

 private:
  std::string_view left_;
};

using Row = std::tuple<std::string, std::uint64_t, std::uint64_t, std::string>;

template <class Coord>
std::vector<Row> rows_of(const bedtok::RegionSet<Coord>& set) {
  std::vector<Row> rows;
  for (std::size_t i = 0; i < set.size(); ++i) {
    rows.emplace_back(set.chrom(i), set.starts()[i], set.ends()[i], set.rest().view(i));
  }
  return rows;
}

/// What reading gives: regions, or the error's text.
struct ReadResult {
  std::optional<bedtok::RegionSet<>> set;
  std::string error;
};

inline ReadResult read(std::string_view bytes, bool sort = false) {
  try {
    return {bedtok::RegionSet<>::from_bytes(bytes, "input", sort), {}};
  } catch (const bedtok::ParseError& error) {
    return {std::nullopt, error.what()};
  }
}

inline bool same(const ReadResult& a, const ReadResult& b) {
  return a.error == b.error && a.set.has_value() == b.set.has_value() &&
         (!a.set || rows_of(*a.set) == rows_of(*b.set));
}

/// The ids of all rows, one behind the other.
inline std::vector<std::int32_t> values_of(const bedtok::RaggedIds& ids) {
  return {ids.values.get(), ids.values.get() + ids.offsets.back()};
}

}  // namespace fuzz

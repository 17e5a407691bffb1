// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace bedtok {

/// The lines that a reader was asked to leave out because they are not what the format says.
struct SkippedLines {
  /// A line and what is wrong with it.
  struct Line {
    std::uint64_t line;   ///< 1-based
    std::string message;  ///< what a ParseError says behind file and line
  };
  /// So many of them are kept.
  static constexpr std::size_t most = 5;

  std::uint64_t count = 0;  ///< how many
  std::vector<Line> first;  ///< the first of them

  /// Counts a line, and keeps it if it is among the first.
  void add(std::uint64_t line, std::string message) {
    ++count;
    if (first.size() < most) first.push_back({line, std::move(message)});
  }
  /// Adds those of a part of the text that begins after `lines` lines.
  void add(const SkippedLines& part, std::uint64_t lines) {
    count += part.count;
    for (const Line& skipped : part.first) {
      if (first.size() < most) first.push_back({skipped.line + lines, skipped.message});
    }
  }
};

/// One line of text about them; empty when there are none.
inline std::string to_text(const SkippedLines& skipped) {
  if (skipped.count == 0) return {};
  std::string text = std::to_string(skipped.count) +
                     (skipped.count == 1 ? " line was skipped" : " lines were skipped");
  const char* separator = ": ";
  for (const SkippedLines::Line& line : skipped.first) {
    text.append(separator).append("line ").append(std::to_string(line.line)).append(": ");
    text.append(line.message);
    separator = "; ";
  }
  if (skipped.count > skipped.first.size()) {
    text.append("; and ").append(std::to_string(skipped.count - skipped.first.size()));
    text.append(" more");
  }
  return text;
}

}  // namespace bedtok

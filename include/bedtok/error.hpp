// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "detail/utf8.hpp"

/// The errors that bedtok throws. A message is one line: where, what with
/// its value, what was expected, and the remedy if there is one. Control codes and marks of
/// direction in it are escaped, whatever name or value they come from. Files that are missing,
/// folders given for files and full disks are `std::filesystem::filesystem_error`; memory stays
/// `std::bad_alloc`.
namespace bedtok {

/// Base class: an argument or a file has a value that cannot be used.
class Error : public std::invalid_argument {
 public:
  /// An error with this message.
  explicit Error(const std::string& message) : std::invalid_argument(detail::printable(message)) {}
};

/// A file, or a text in memory, is not what its format says.
class ParseError : public Error {
 public:
  /// `line` is 1-based; none where the place is not a line, as in a damaged gzip stream.
  ParseError(std::string path, std::optional<std::uint64_t> line, const std::string& message)
      : Error(compose(path, line, message)), path_(std::move(path)), line_(line) {}

  /// The file, as it was given.
  const std::string& path() const noexcept { return path_; }
  /// The line, counted from 1; none where the place is not a line.
  std::optional<std::uint64_t> line() const noexcept { return line_; }

 private:
  static std::string compose(const std::string& path, std::optional<std::uint64_t> line,
                             const std::string& message) {
    return line ? path + ":" + std::to_string(*line) + ": " + message : path + ": " + message;
  }

  std::string path_;
  std::optional<std::uint64_t> line_;
};

/// An option or a configuration file has a value that is not allowed.
class ConfigError : public Error {
 public:
  /// An error with this message.
  using Error::Error;
};

/// The vocabulary is empty, or lacks the id or region that was asked for.
class VocabularyError : public Error {
 public:
  /// An error with this message.
  using Error::Error;
};

}  // namespace bedtok

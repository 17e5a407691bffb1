// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "../chrom_table.hpp"
#include "../detail/parse_int.hpp"
#include "../detail/separators.hpp"
#include "../detail/utf8.hpp"
#include "../error.hpp"
#include "../skipped_lines.hpp"
#include "byte_source.hpp"
#include "line_blocks.hpp"

namespace bedtok::io {

/// Parses the lines of a BED-like text: chromosome, start, end, and a rest, separated by tabs or,
/// where a line has no tab, by runs of spaces. Blank lines, `#`, `track` and `browser` lines and
/// one line of column names before the first region are skipped; CRLF and a missing last line end
/// are accepted. Other lines are a ParseError, or left out where that is asked for.
/// docs/guarantees.md, section 2, has the full rules.
template <class Coord>
class RegionLineParser {
 public:
  /// `name` is the name of the text in messages. New chromosome names are added to `chroms`. Bad
  /// lines are added to `skipped`; null: they are a ParseError. Both must outlive the parser.
  RegionLineParser(std::string name, ChromTable& chroms, SkippedLines* skipped = nullptr)
      : name_(std::move(name)), chroms_(chroms), skipped_(skipped) {}

  /// Calls `on_region(chrom_id, start, end, rest, line)` for each region of a block. `rest` is the
  /// text after the third column, valid during the call; `line` is 1-based. It may call `fail`.
  /// Lines are read by words: detail::read_margin bytes must be readable on both sides of the
  /// block.
  template <class OnRegion>
  void parse(const TextBlock& block, OnRegion&& on_region) {
    if (block.endless_line) {
      throw ParseError(name_, ++line_,
                       "the line is longer than 64 MiB, expected BED text: is the file binary?");
    }
    const char* at = block.first;
    for (;;) {
      const std::uint64_t before = line_;
      try {
        parse_lines(at, block.last, on_region);
        return;
      } catch (const BadLine& bad) {
        skipped_->add(line_, bad.message);
        for (std::uint64_t n = line_ - before; n != 0; --n) {
          at = find(at, block.last, '\n');
          if (at != block.last) ++at;
        }
      }
    }
  }

  /// The `#`, `track`, `browser` and column-name lines, joined by line ends.
  const std::string& header() const noexcept { return header_; }
  /// The number of lines read.
  std::uint64_t line() const noexcept { return line_; }
  /// Continues after the first `line` lines of the text, whose header it forgets; `past_names` says
  /// whether they had a region or column names.
  void start_behind(std::uint64_t line, bool past_names) noexcept {
    line_ = line;
    header_.clear();
    past_names_ = past_names;
    took_names_ = false;
  }
  /// Whether a region or column names were read: from then on column names are an error.
  bool past_names() const noexcept { return past_names_; }
  /// Whether a line of column names was skipped since `start_behind`.
  bool took_names() const noexcept { return took_names_; }

  /// The current line is bad: throws ParseError that names the text and the line, or ends the line
  /// where bad lines are left out.
  [[noreturn]] void fail(const std::string& message) const {
    if (skipped_ != nullptr) throw BadLine{message};
    throw ParseError(name_, line_, message);
  }

 private:
  struct BadLine {
    std::string message;
  };

  template <class OnRegion>
  void parse_lines(const char* at, const char* last, OnRegion&& on_region) {
    while (at != last) {
      if (pairs_) {
        const char* behind = parse_pair(at, last, on_region);
        pairs_ = behind != at;
        at = behind;
        if (pairs_) continue;
      }
      ++line_;
      const char* next = parse_fast(at, last, on_region);
      at = next != nullptr ? next : parse_general(at, last, on_region);
    }
  }

  /// Parses the usual line: `name TAB digits TAB digits`, then a line end or TAB and more. Returns
  /// the beginning of the next line, or null for any other line, which parse_general takes.
  template <class OnRegion>
  const char* parse_fast(const char* at, const char* last, OnRegion&& on_region) {
    using bedtok::detail::lowest_bit;
    std::uint64_t marks = bedtok::detail::separators(at);
    std::uint64_t second = marks & (marks - 1);
    std::uint64_t third = second & (second - 1);
    if (third == 0) {  // long names
      marks |= std::uint64_t{bedtok::detail::separators(at + 32)} << 32;
      second = marks & (marks - 1);
      third = second & (second - 1);
      if (third == 0) return nullptr;
    }
    const char* const name_end = at + lowest_bit(marks);
    const char* const start_end = at + lowest_bit(second);
    const char* stop = at + lowest_bit(third);
    const char* const end_end = *stop == '\n' && stop[-1] == '\r' ? stop - 1 : stop;
    if (stop > last || *name_end != '\t' || *start_end != '\t') return nullptr;

    Fields fields;
    if (!parse_fields(at, name_end, start_end, end_end, fields)) return nullptr;
    std::string_view rest;
    if (*stop == '\t') {
      const char* begin = stop + 1;
      stop = find(begin, last, '\n');
      const char* cut = stop;
      while (cut != begin && cut[-1] == '\r') --cut;
      rest = std::string_view(begin, static_cast<std::size_t>(cut - begin));
      if (std::memchr(rest.data(), 0, rest.size()) != nullptr) return nullptr;
    }
    past_names_ = true;
    pairs_ = *stop == '\n' && stop - at < 32;
    on_region(fields.chrom, fields.start, fields.end, rest, line_);
    return stop == last ? last : stop + 1;
  }

  /// Parses the next two lines where both have three columns and fit 64 bytes, as nearly all of a
  /// BED3 file do. Returns the beginning of the first line that is not parsed.
  ///
  /// A line begins where the one before ends, so that of lines one by one each waits until the end
  /// of the last one is found. Here two wait once.
  template <class OnRegion>
  const char* parse_pair(const char* at, const char* last, OnRegion&& on_region) {
    using bedtok::detail::lowest_bit;
    const bedtok::detail::LineMarks marks = bedtok::detail::line_marks(at);
    const std::uint64_t second_end = marks.line_ends & (marks.line_ends - 1);
    if (second_end == 0) return at;
    const char* const window = at;
    std::uint64_t tabs = marks.tabs;
    for (const std::uint64_t line_ends : {marks.line_ends, second_end}) {
      const char* const stop = window + lowest_bit(line_ends);
      const std::uint64_t second = tabs & (tabs - 1);
      if (second == 0 || stop >= last) return at;
      const char* const name_end = window + lowest_bit(tabs);
      const char* const start_end = window + lowest_bit(second);
      tabs = second & (second - 1);
      // Two tabs within the line, and no third: then its first two were looked at here.
      if (start_end >= stop || (tabs != 0 && window + lowest_bit(tabs) < stop)) return at;
      Fields fields;
      const char* const end_end = stop[-1] == '\r' ? stop - 1 : stop;
      if (!parse_fields(at, name_end, start_end, end_end, fields)) return at;
      ++line_;
      past_names_ = true;
      at = stop + 1;
      on_region(fields.chrom, fields.start, fields.end, std::string_view(), line_);
    }
    return at;
  }

  struct Fields {
    ChromTable::Id chrom;
    std::uint32_t start, end;
  };

  /// The three columns of a usual line; false for any other.
  bool parse_fields(const char* at, const char* name_end, const char* start_end,
                    const char* end_end, Fields& fields) {
    fields.chrom = find_chrom(at, name_end);
    if (fields.chrom == ChromTable::none) return false;  // parse_general checks new names
    const std::ptrdiff_t start_digits = start_end - name_end - 1;
    const std::ptrdiff_t end_digits = end_end - start_end - 1;
    const auto usual = [](std::ptrdiff_t digits) {
      return static_cast<std::size_t>(digits - 1) < bedtok::detail::usual_digits;
    };
    if (!usual(start_digits) || !usual(end_digits)) return false;
    std::uint64_t wrong = 0;
    fields.start = bedtok::detail::parse_digits(name_end + 1, start_end, wrong);
    fields.end = bedtok::detail::parse_digits(start_end + 1, end_end, wrong);
    return wrong == 0 && fields.start <= fields.end;
  }

  /// The id of the name [at, end), none when it is new.
  ChromTable::Id find_chrom(const char* at, const char* end) {
    const auto width = static_cast<std::size_t>(end - at);
    if (width == 0) return ChromTable::none;
#if BEDTOK_LITTLE_ENDIAN
    // Names of up to seven bytes, those of all primary chromosomes, are one word.
    if (width < 8) {
      // The width in the last byte keeps `chr1` apart from `chr1` and a NUL.
      const std::uint64_t name =
          (bedtok::detail::load_word(at) & ((std::uint64_t{1} << (8 * width)) - 1)) |
          (std::uint64_t{width} << 56);
      Short& slot = short_names_[(name * 0x9E3779B97F4A7C15u) >> (64 - short_bits)];
      if (slot.name != name) {
        const ChromTable::Id id = chroms_.find({at, width});
        if (id == ChromTable::none) return id;
        slot = {name, id};
      }
      return slot.id;
    }
#endif
    return chroms_.find({at, width});
  }

  template <class OnRegion>
  const char* parse_general(const char* at, const char* last, OnRegion&& on_region) {
    const char* line_end = find(at, last, '\n');
    const char* next = line_end == last ? last : line_end + 1;
    std::string_view line(at, static_cast<std::size_t>(line_end - at));
    // One, or more where a text was converted more than once.
    while (!line.empty() && line.back() == '\r') line.remove_suffix(1);

    if (line.find_first_not_of(" \t") == std::string_view::npos) return next;
    const auto nul = line.find('\0');
    if (nul != std::string_view::npos) {
      fail("a NUL byte stands at column " + std::to_string(nul + 1) +
           ", expected BED text: is the file binary or UTF-16?");
    }
    if (is_comment(line)) {
      add_header(line);
      return next;
    }

    const Columns columns = split(line);
    if (columns.count < 3) {
      fail("the line has " + std::to_string(columns.count) + " column" +
           (columns.count == 1 ? "" : "s") + " ('" + bedtok::detail::excerpt(line) +
           "'), expected chromosome, start and end separated by tabs");
    }
    Coord start = 0;
    Coord end = 0;
    const bool start_fits = bedtok::detail::parse_coord(columns.start, start);
    const bool end_fits = bedtok::detail::parse_coord(columns.end, end);
    if (!start_fits && !end_fits && !past_names_ && is_word(columns.start) &&
        is_word(columns.end)) {
      past_names_ = true;
      took_names_ = true;
      add_header(line);
      return next;
    }
    if (columns.chrom.empty()) {
      fail("the chromosome name is empty, expected a name in the first column");
    }
    if (!start_fits) fail_coordinate("start", columns.start);
    if (!end_fits) fail_coordinate("end", columns.end);
    if (start > end) {
      fail("end " + std::to_string(end) + " is before start " + std::to_string(start));
    }
    ChromTable::Id chrom = chroms_.find(columns.chrom);
    if (chrom == ChromTable::none) {
      if (!bedtok::detail::is_utf8(columns.chrom)) {
        fail("the chromosome name '" + bedtok::detail::excerpt(columns.chrom) +
             "' is not UTF-8, expected text");
      }
      if (columns.chrom.find('\r') != std::string_view::npos) {
        fail("the chromosome name '" + bedtok::detail::excerpt(columns.chrom) +
             "' holds a carriage return, expected line ends of one kind");
      }
      chrom = chroms_.add(columns.chrom);
    }
    past_names_ = true;
    on_region(chrom, start, end, columns.rest, line_);
    return next;
  }

  struct Columns {
    std::size_t count = 0;  // counted up to three
    std::string_view chrom, start, end, rest;
  };

  static Columns split(std::string_view line) {
    Columns columns;
    std::string_view* const parts[] = {&columns.chrom, &columns.start, &columns.end};
    if (line.find('\t') != std::string_view::npos) {
      for (std::string_view* part : parts) {
        const auto tab = line.find('\t');
        *part = line.substr(0, tab);
        ++columns.count;
        if (tab == std::string_view::npos) return columns;
        line.remove_prefix(tab + 1);
      }
      columns.rest = line;
      return columns;
    }
    for (std::string_view* part : parts) {
      const auto begin = line.find_first_not_of(' ');
      if (begin == std::string_view::npos) return columns;
      line.remove_prefix(begin);
      const auto space = line.find(' ');
      *part = line.substr(0, space);
      ++columns.count;
      if (space == std::string_view::npos) return columns;
      line.remove_prefix(space);
    }
    const auto begin = line.find_first_not_of(' ');
    if (begin != std::string_view::npos) {
      columns.rest = line.substr(begin, line.find_last_not_of(' ') - begin + 1);
    }
    return columns;
  }

  static bool is_comment(std::string_view line) {
    if (line.front() == '#') return true;
    for (const std::string_view word : {std::string_view("track"), std::string_view("browser")}) {
      if (line.substr(0, word.size()) == word &&
          (line.size() == word.size() || line[word.size()] == ' ' || line[word.size()] == '\t')) {
        return true;
      }
    }
    return false;
  }

  /// Whether `text` can be a column's name: letters, digits, `_`, `.`, `-` and spaces, from a
  /// letter or `_` on. `nan` and `inf` are bad numbers instead.
  static bool is_word(std::string_view text) {
    const auto letter = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    };
    if (text.empty() || !letter(text.front())) return false;
    std::string lower;
    for (const char c : text) {
      if (!letter(c) && !(c >= '0' && c <= '9') && c != '.' && c != ' ' && c != '-') return false;
      lower.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    }
    return lower != "nan" && lower != "inf" && lower != "infinity" && lower != "na" &&
           lower != "null" && lower != "none";
  }

  void add_header(std::string_view line) {
    if (header_.size() + line.size() > longest_header) {
      throw ParseError(name_, line_,
                       "lines of comments and names are longer than 64 MiB together, expected BED "
                       "text: leave them out");
    }
    if (!header_.empty()) header_.push_back('\n');
    header_.append(line);
  }

  [[noreturn]] void fail_coordinate(const char* column, std::string_view value) const {
    fail(std::string(column) + " '" + bedtok::detail::excerpt(value) +
         "' is not a coordinate, expected decimal digits from 0 to " +
         std::to_string(std::numeric_limits<Coord>::max()));
  }

  static const char* find(const char* at, const char* last, char what) {
    const void* found = std::memchr(at, what, static_cast<std::size_t>(last - at));
    return found == nullptr ? last : static_cast<const char*>(found);
  }

  static constexpr std::size_t longest_header = std::size_t{1} << 26;

  std::string name_;
  ChromTable& chroms_;
  std::string header_;
  struct Short {
    std::uint64_t name = 0;
    ChromTable::Id id = ChromTable::none;
  };
  static constexpr unsigned short_bits = 8;
  // By hash; a name may replace another.
  std::array<Short, std::size_t{1} << short_bits> short_names_{};
  std::uint64_t line_ = 0;
  bool pairs_ = true;  // whether the lines look as if two could be parsed at once
  bool past_names_ = false;
  bool took_names_ = false;
  SkippedLines* skipped_;
};

/// Reads the regions of a whole source and skips a UTF-8 byte-order mark.
template <class Coord>
class RegionLineReader {
 public:
  /// All must outlive the reader. New chromosome names are added to `chroms`, bad lines to
  /// `skipped`; null: they are a ParseError.
  RegionLineReader(ByteSource& source, ChromTable& chroms, SkippedLines* skipped = nullptr)
      : blocks_(source), parser_(source.name(), chroms, skipped) {}

  /// Calls `on_region(chrom_id, start, end, rest, line)` for each region; see RegionLineParser.
  template <class OnRegion>
  void read(OnRegion&& on_region) {
    for (TextBlock block; !(block = blocks_.next()).empty();) {
      parser_.parse(block, on_region);
    }
  }

  /// The `#`, `track`, `browser` and column-name lines, joined by line ends.
  const std::string& header() const noexcept { return parser_.header(); }

 private:
  LineBlocks blocks_;
  RegionLineParser<Coord> parser_;
};

}  // namespace bedtok::io

// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "../detail/huge_pages.hpp"
#include "../region_set.hpp"
#include "../skipped_lines.hpp"
#include "atomic_file.hpp"
#include "byte_source.hpp"
#include "gzip_writer.hpp"
#include "open_text.hpp"
#include "region_lines.hpp"

namespace bedtok::io {

/// The regions of a BED-like text in its order. Bad lines are added to `skipped`; null: the first
/// is a ParseError, as it is where no line is left.
template <class Coord>
RegionSet<Coord> read_bed(std::unique_ptr<ByteSource> source, SkippedLines* skipped = nullptr) {
  const std::unique_ptr<ByteSource> text = open_text(std::move(source));
  ChromTable chroms;
  std::vector<ChromTable::Id> chrom_ids;
  std::vector<Coord> starts;
  std::vector<Coord> ends;
  typename RegionSet<Coord>::Column rest;

  // A BED3 line of a usual genome takes 22 to 24 bytes. Memory that is reserved and not used costs
  // an address, not a page; columns that turn out too short are copied as a whole.
  const auto lines = static_cast<std::size_t>(text->size_hint() / 20);
  bedtok::detail::reserve_huge(chrom_ids, lines);
  bedtok::detail::reserve_huge(starts, lines);
  bedtok::detail::reserve_huge(ends, lines);

  // Rows gather in the first-level cache and go to the columns in pieces.
  constexpr std::size_t piece = 1024;
  struct {
    ChromTable::Id chrom_ids[piece];
    Coord starts[piece];
    Coord ends[piece];
    std::size_t rows = 0;
  } row;
  const auto flush = [&] {
    chrom_ids.insert(chrom_ids.end(), row.chrom_ids, row.chrom_ids + row.rows);
    starts.insert(starts.end(), row.starts, row.starts + row.rows);
    ends.insert(ends.end(), row.ends, row.ends + row.rows);
    row.rows = 0;
  };
  SkippedLines bad;
  RegionLineReader<Coord> reader(*text, chroms, skipped == nullptr ? nullptr : &bad);
  reader.read(
      [&](ChromTable::Id chrom, Coord start, Coord end, std::string_view more, std::uint64_t) {
        if (!more.empty() || !rest.empty()) {
          if (rest.empty()) rest.start_at(starts.size() + row.rows);
          rest.push_back(more);
        }
        const std::size_t k = row.rows;
        row.chrom_ids[k] = chrom;
        row.starts[k] = start;
        row.ends[k] = end;
        row.rows = k + 1;
        if (row.rows == piece) flush();
      });
  flush();
  if (starts.empty() && bad.count != 0) {
    throw ParseError(text->name(), bad.first[0].line, bad.first[0].message);
  }
  if (skipped != nullptr) *skipped = std::move(bad);
  return RegionSet<Coord>::from_checked_columns(std::move(chroms), std::move(chrom_ids),
                                                std::move(starts), std::move(ends), std::move(rest),
                                                reader.header());
}

/// The regions of a BED-like text as a set with the default payload, in the order of the text or
/// sorted. Other payloads do not compile.
template <class Coord, class Payload>
RegionSet<Coord, Payload> read_regions(std::unique_ptr<ByteSource> source, bool sort,
                                       SkippedLines* skipped = nullptr) {
  static_assert(std::is_same_v<Payload, Rest>,
                "a BED file gives the rest of each line as text: read into RegionSet<Coord> and "
                "make your payload from its rest");
  RegionSet<Coord> regions = read_bed<Coord>(std::move(source), skipped);
  return sort ? std::move(regions).sorted() : std::move(regions);
}

/// Writes the BED lines of a set to `write(bytes)` in pieces of about 64 KiB.
template <class Coord, class Payload, class Write>
void write_bed(const RegionSet<Coord, Payload>& regions, Write&& write) {
  constexpr std::size_t piece = std::size_t{1} << 16;
  std::string lines;
  char digits[24];
  const auto number = [&](Coord value) {
    lines.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
  };
  // A reader skips one byte-order mark: a first name that begins with one is written behind it.
  constexpr std::string_view mark = "\xEF\xBB\xBF";
  if (!regions.empty() && regions.chrom(0).compare(0, mark.size(), mark) == 0) lines.append(mark);
  for (std::size_t i = 0; i < regions.size(); ++i) {
    lines.append(regions.chrom(i));
    lines.push_back('\t');
    number(regions.starts()[i]);
    lines.push_back('\t');
    number(regions.ends()[i]);
    if constexpr (std::is_same_v<Payload, Rest>) {
      const std::string_view more = regions.rest().view(i);
      if (!more.empty()) lines.append("\t").append(more);
    }
    lines.push_back('\n');
    if (lines.size() >= piece) {
      write(std::string_view(lines));
      lines.clear();
    }
  }
  write(std::string_view(lines));
}

/// Writes a set to a file, which the caller commits.
template <class Coord, class Payload>
void write_bed(const RegionSet<Coord, Payload>& regions, AtomicFile& file,
               Compression compression) {
  if (compression == Compression::gzip) {
    GzipWriter gzip(file);
    write_bed(regions, [&](std::string_view bytes) { gzip.write(bytes); });
    gzip.finish();
  } else {
    write_bed(regions, [&](std::string_view bytes) { file.write(bytes); });
  }
}

}  // namespace bedtok::io

namespace bedtok {

template <class Coord, class Payload>
RegionSet<Coord, Payload> RegionSet<Coord, Payload>::from_bed(const std::filesystem::path& path,
                                                              bool sort, SkippedLines* skipped) {
  return io::read_regions<Coord, Payload>(std::make_unique<io::FileSource>(path), sort, skipped);
}

template <class Coord, class Payload>
RegionSet<Coord, Payload> RegionSet<Coord, Payload>::from_bytes(std::string_view bytes,
                                                                const std::string& name, bool sort,
                                                                SkippedLines* skipped) {
  return io::read_regions<Coord, Payload>(std::make_unique<io::MemorySource>(bytes, name), sort,
                                          skipped);
}

template <class Coord, class Payload>
void RegionSet<Coord, Payload>::to_bed(const std::filesystem::path& path,
                                       Compression compression) const {
  io::AtomicFile file(path);
  io::write_bed(*this, file, compression);
  file.commit();
}

}  // namespace bedtok

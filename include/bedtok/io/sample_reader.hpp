// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../chrom_table.hpp"
#include "../detail/parallel_for.hpp"
#include "../detail/parse_int.hpp"
#include "../detail/processors.hpp"
#include "../detail/utf8.hpp"
#include "../error.hpp"
#include "../skipped_lines.hpp"
#include "../universe/sample.hpp"
#include "byte_source.hpp"
#include "detail/parse_number.hpp"
#include "detail/peak_columns.hpp"
#include "line_blocks.hpp"
#include "open_text.hpp"
#include "region_lines.hpp"

namespace bedtok::io {

/// Reads a sample: the lines of BED, narrowPeak, broadPeak or a fragment file, plain, gzip or
/// bgzip. Peaks have their summit in the tenth column of narrowPeak (-1: none), else in the centre;
/// a score of `.`, or none, is 0. Bad lines are added to `skipped`; null: the first is a
/// ParseError, as it is where no line is left. Throws std::filesystem::filesystem_error when it
/// cannot be read.
inline universe::Sample read_sample(std::unique_ptr<ByteSource> source,
                                    const universe::SampleOptions& options,
                                    SkippedLines* skipped = nullptr) {
  using universe::Coord;
  const std::unique_ptr<ByteSource> text = open_text(std::move(source));
  ChromTable chroms;
  SkippedLines bad;
  LineBlocks blocks(*text);
  RegionLineParser<Coord> parser(text->name(), chroms, skipped == nullptr ? nullptr : &bad);
  universe::SampleBuilder builder(options);
  detail::PeakColumns columns;
  bool any = false;
  const auto add_peak = [&](ChromTable::Id chrom, Coord start, Coord end, std::string_view rest) {
    columns.split(rest);
    Coord summit = start + (end - start) / 2;
    if (columns.is_narrow_peak() && columns.column(10) != "-1") {
      Coord offset = 0;
      // Published peaks of ENCODE's pipelines have summits at the end itself.
      if (!bedtok::detail::parse_coord(columns.column(10), offset) || offset > end - start) {
        parser.fail("the summit '" + bedtok::detail::excerpt(columns.column(10)) +
                    "' in column 10 is not in the peak of " + std::to_string(end - start) +
                    " bp, expected an offset from its start or -1");
      }
      summit = start + offset;
    }
    const unsigned score_column =
        options.score_column != 0 ? options.score_column : (columns.is_narrow_peak() ? 7 : 5);
    const std::string_view score = columns.column(score_column);
    double value = 0;
    if (!score.empty() && score != "." && !detail::parse_number(score, value)) {
      parser.fail("the score '" + bedtok::detail::excerpt(score) + "' in column " +
                  std::to_string(score_column) + " is not a number");
    }
    builder.add(chroms, chrom, start, end, summit, value);
  };
  for (TextBlock block; !(block = blocks.next()).empty();) {
    parser.parse(block, [&](ChromTable::Id chrom, Coord start, Coord end, std::string_view rest,
                            std::uint64_t) {
      if (options.summits) {
        add_peak(chrom, start, end, rest);
      } else {
        builder.add(chroms, chrom, start, end);
      }
      any = true;
    });
  }
  if (!any && bad.count != 0) {
    throw ParseError(text->name(), bad.first[0].line, bad.first[0].message);
  }
  if (skipped != nullptr) *skipped = std::move(bad);
  return builder.finish();
}

inline universe::Sample read_sample(const std::filesystem::path& path,
                                    const universe::SampleOptions& options = {},
                                    SkippedLines* skipped = nullptr) {
  return read_sample(std::make_unique<FileSource>(path), options, skipped);
}

/// Reads files on several threads and adds each to `store`, in their order. 0 threads: all
/// processors that the process may use. Throws the error of the first file that is wrong.
template <class Store>
void read_samples(const std::vector<std::filesystem::path>& paths,
                  const universe::SampleOptions& options, Store& store,
                  std::size_t num_threads = 0) {
  const std::size_t threads = bedtok::detail::threads_or_all(num_threads);
  const std::size_t batch = 16 * threads;  // so many wait for the store at the same time
  for (std::size_t first = 0; first < paths.size(); first += batch) {
    std::vector<universe::Sample> samples(std::min(batch, paths.size() - first));
    bedtok::detail::parallel_for(samples.size(), threads, [&](std::size_t i) {
      samples[i] = read_sample(paths[first + i], options);
    });
    for (universe::Sample& sample : samples) store.add(std::move(sample));
  }
}

}  // namespace bedtok::io

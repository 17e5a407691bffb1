// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../detail/parallel_for.hpp"
#include "../detail/processors.hpp"
#include "../error.hpp"
#include "../mapping_options.hpp"
#include "../overlap_index.hpp"
#include "../skipped_lines.hpp"
#include "../special_tokens.hpp"
#include "../tokenizer.hpp"
#include "byte_source.hpp"
#include "detail/fragment_cells.hpp"
#include "detail/fragment_mapper.hpp"
#include "detail/split_lines.hpp"
#include "fragment_tokens.hpp"
#include "line_blocks.hpp"
#include "open_text.hpp"

namespace bedtok::io {

/// Tokenizes the fragments of cells: chromosome, start, end, barcode, and columns that are ignored;
/// `#` lines are skipped. A fragment maps to the vocabulary regions that it hits, by (start, end,
/// id); a cell's ids are in the order of its fragments. Reads the text once, so that it may come
/// from a pipe. Memory: 4 to 8 bytes an id, and some MiB of text for each thread. Throws ParseError
/// as RegionSet::from_bed does and for a line without a barcode (skip_bad_lines leaves such lines
/// out, unless no other line is left), VocabularyError for a fragment that hits nothing where
/// on_miss is error; errors name the first bad line.
template <class Index>
FragmentTokens encode_fragments(std::unique_ptr<ByteSource> source,
                                const Tokenizer<Index>& tokenizer,
                                const FragmentOptions& options = {}) {
  if (tokenizer.vocab_size() > std::numeric_limits<std::int32_t>::max()) {
    throw VocabularyError("ids of cells have 32 bits, expected a vocabulary below 2^31");
  }
  const MappingOptions mapping = options.mapping.value_or(tokenizer.options());
  mapping.check();
  const std::size_t threads = bedtok::detail::threads_or_all(options.num_threads);
  const std::string name = source->name();
  const auto text = open_text(std::move(source), threads);
  constexpr std::size_t block_of_a_thread = std::size_t{1} << 21;
  LineBlocks blocks(*text, block_of_a_thread * std::min<std::size_t>(threads, 8));

  std::optional<OverlapIndex<>> excluded;
  if (options.exclude) excluded.emplace(*options.exclude);
  std::vector<std::unique_ptr<detail::FragmentMapper<Index>>> mappers;  // one a part of a block
  detail::FragmentCells cells(options);
  SkippedLines skipped;
  std::uint64_t line = 0;
  bool past_names = false;
  bool any_good = false;
  for (TextBlock block; !(block = blocks.next()).empty();) {
    const std::vector<TextBlock> parts =
        block.endless_line ? std::vector<TextBlock>{block} : detail::split_lines(block, threads);
    while (mappers.size() < parts.size()) {
      mappers.push_back(std::make_unique<detail::FragmentMapper<Index>>(
          tokenizer, mapping, options, excluded ? &*excluded : nullptr, name));
    }
    const std::size_t known = cells.barcodes().size();
    const std::uint64_t before = line;
    std::vector<char> failed(parts.size());
    bedtok::detail::parallel_for(parts.size(), threads, [&](std::size_t i) {
      try {
        mappers[i]->map(parts[i], before, past_names, cells.barcodes());
      } catch (const Error&) {
        failed[i] = 1;
      }
    });
    for (std::size_t i = 0; i < parts.size(); ++i) {
      detail::FragmentMapper<Index>& mapper = *mappers[i];
      std::uint64_t counted_from = before;
      std::size_t known_to_part = known;
      // The lines before are known by now, so that the message has the right number, and column
      // names behind them are an error.
      if (failed[i] != 0 || (past_names && mapper.took_names())) {
        known_to_part = cells.barcodes().size();
        mapper.map(parts[i], line, past_names, cells.barcodes());
        counted_from = line;
      }
      cells.add(mapper, known_to_part);
      skipped.add(mapper.skipped, line - counted_from);
      line += mapper.lines;
      past_names = past_names || mapper.past_names();
      any_good = any_good || mapper.any_good;
    }
  }
  if (skipped.count != 0 && !any_good) {
    throw ParseError(name, skipped.first[0].line, skipped.first[0].message);
  }
  FragmentTokens result = cells.finish(mapping, tokenizer);
  result.report.skipped_lines = skipped.count;
  result.skipped = std::move(skipped);
  return result;
}

template <class Index>
FragmentTokens encode_fragments(const std::filesystem::path& path,
                                const Tokenizer<Index>& tokenizer,
                                const FragmentOptions& options = {}) {
  return encode_fragments(std::make_unique<FileSource>(path), tokenizer, options);
}

}  // namespace bedtok::io

// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../chrom_table.hpp"
#include "../detail/barcode_table.hpp"
#include "../detail/parallel_for.hpp"
#include "../detail/processors.hpp"
#include "../detail/token_lists.hpp"
#include "../detail/utf8.hpp"
#include "../error.hpp"
#include "../hit_finder.hpp"
#include "../mapping_options.hpp"
#include "../region.hpp"
#include "../tokenizer.hpp"
#include "byte_source.hpp"
#include "line_blocks.hpp"
#include "open_text.hpp"
#include "region_lines.hpp"

namespace bedtok {

/// What of a fragment is looked up: the whole of it, or its two ends, where the transposase cut.
enum class Counting { fragment, insertion };

template <>
struct ChoiceWords<Counting> {
  static constexpr std::string_view option = "counting";
  static constexpr std::array<std::string_view, 2> words = {"fragment", "insertion"};
};

/// How the fragments of cells become tokens.
struct FragmentOptions {
  /// None: the tokenizer's. `on_miss` is that of the field below.
  std::optional<MappingOptions> mapping = std::nullopt;
  /// What a fragment (or an insertion) gives that hits nothing.
  OnMiss on_miss = OnMiss::drop;
  Counting counting = Counting::fragment;
  /// These barcodes alone, in this order. None: all, in the order of first sight.
  std::optional<std::vector<std::string>> barcodes = std::nullopt;
  /// Fragments on these chromosomes alone, by the file's names. None: all.
  std::optional<std::vector<std::string>> chroms = std::nullopt;
  /// Fragments that overlap this region alone.
  std::optional<Region<std::uint64_t>> region = std::nullopt;
  /// Cells with fewer fragments, fewer tokens or more tokens are left out of the tokens.
  std::uint64_t min_fragments = 0;
  std::uint64_t min_tokens = 0;
  std::uint64_t max_tokens = std::numeric_limits<std::uint64_t>::max();
  /// 0: as many as the processor has. The result does not depend on it.
  std::size_t num_threads = 0;
};

/// The tokens of cells, one behind the other, and what was seen of every barcode.
struct CellTokens {
  /// The barcodes seen, whether their tokens were kept or not.
  std::vector<std::string> barcodes;
  std::vector<std::int64_t> fragments;  ///< of each of them
  std::vector<std::int64_t> hits;       ///< fragments (insertions) that hit something
  /// Positions in `barcodes` of the cells that were kept.
  std::vector<std::int64_t> cells;
  /// The ids of the i-th kept cell are values[offsets[i]] to values[offsets[i + 1]].
  std::vector<std::int64_t> offsets;
  std::vector<std::int32_t> values;
};

namespace io {

namespace detail {

/// Turns blocks of fragments into ids, on its own, while others do the same with other blocks.
template <class Index>
class FragmentMapper {
 public:
  using Coord = typename Index::coord_type;
  using Id = bedtok::detail::BarcodeTable::Id;

  /// What a fragment gave: its cell, how many ids, and how many of its insertions hit.
  struct Found {
    Id cell;
    std::uint32_t ids;
    std::uint32_t hits;
  };

  FragmentMapper(const Tokenizer<Index>& tokenizer, const MappingOptions& mapping,
                 const FragmentOptions& options, const std::string& name)
      : tokenizer_(tokenizer),
        finder_(tokenizer.index(), mapping),
        mapping_(mapping),
        options_(options),
        name_(name),
        parser_(name, chroms_) {}

  /// Maps a block. Barcodes that `known` does not have come into `fresh`, with ids that follow its
  /// own, unless the options name the barcodes. `line` is how many lines came before. Throws at the
  /// first bad line.
  void map(const TextBlock& block, std::uint64_t line, bool seen_region,
           const bedtok::detail::BarcodeTable& known) {
    found.clear();
    ids.clear();
    fresh = {};
    parser_.start_behind(line, seen_region);
    parser_.parse(block, [&](ChromTable::Id chrom, Coord start, Coord end, std::string_view rest,
                             std::uint64_t) { add(chrom, start, end, rest, known); });
    lines = parser_.line() - line;
  }

  bool seen_region() const noexcept { return parser_.seen_region(); }

  std::vector<Found> found;
  std::vector<std::uint32_t> ids;
  bedtok::detail::BarcodeTable fresh;
  std::uint64_t lines = 0;

 private:
  struct Chrom {
    ChromTable::Id vocabulary;
    bool wanted;
    bool of_region;
  };

  void add(ChromTable::Id chrom_id, Coord start, Coord end, std::string_view rest,
           const bedtok::detail::BarcodeTable& known) {
    std::size_t barcode_end = rest.find('\t');
    if (barcode_end == std::string_view::npos) barcode_end = rest.find(' ');
    const std::string_view barcode = rest.substr(0, barcode_end);
    if (barcode.empty()) {
      parser_.fail("the line has no barcode, expected one in the fourth column");
    }
    while (seen_chroms_.size() < chroms_.size()) look_at_chrom();
    const Chrom& chrom = seen_chroms_[chrom_id];
    if (!chrom.wanted) return;
    if (options_.region &&
        !(chrom.of_region && start < options_.region->end && options_.region->start < end)) {
      return;
    }
    Id cell = known.find(barcode);
    if (cell == bedtok::detail::BarcodeTable::none) {
      if (options_.barcodes) return;
      const std::size_t before = fresh.size();
      cell = static_cast<Id>(known.size()) + fresh.add(barcode);
      if (fresh.size() != before && !bedtok::detail::is_utf8(barcode)) {
        parser_.fail("the barcode '" + bedtok::detail::excerpt(barcode) +
                     "' is not UTF-8, expected text");
      }
    }
    const std::size_t before = ids.size();
    std::uint32_t hits = 0;
    if (options_.counting == Counting::fragment) {
      hits = look_up(chrom_id, chrom.vocabulary, start, end);
    } else if (start < end) {
      hits = look_up(chrom_id, chrom.vocabulary, start, start + 1);
      hits += look_up(chrom_id, chrom.vocabulary, end - 1, end);
    }
    found.push_back({cell, static_cast<std::uint32_t>(ids.size() - before), hits});
  }

  std::uint32_t look_up(ChromTable::Id chrom_id, ChromTable::Id chrom, Coord start, Coord end) {
    const std::size_t before = ids.size();
    finder_.find(chrom, start, end, [this](std::uint32_t id) { ids.push_back(id); });
    if (ids.size() != before) return 1;
    if (options_.on_miss == OnMiss::unk) {
      ids.push_back(static_cast<std::uint32_t>(tokenizer_.token_id(SpecialRole::unk)));
    } else if (options_.on_miss == OnMiss::error) {
      std::string region;
      append_text(region, chroms_.name(chrom_id), start, end);
      throw VocabularyError(name_ + ":" + std::to_string(parser_.line()) + ": " + region +
                            " hits nothing in the vocabulary, and on_miss is 'error'");
    }
    return 0;
  }

  void look_at_chrom() {
    const std::string& name = chroms_.name(static_cast<ChromTable::Id>(seen_chroms_.size()));
    const auto& wanted = options_.chroms;
    seen_chroms_.push_back(
        {tokenizer_.vocabulary().find_chrom(name, mapping_.chrom_aliases),
         !wanted || std::find(wanted->begin(), wanted->end(), name) != wanted->end(),
         options_.region && options_.region->chrom == name});
  }

  const Tokenizer<Index>& tokenizer_;
  HitFinder<Index> finder_;
  const MappingOptions& mapping_;
  const FragmentOptions& options_;
  const std::string& name_;
  ChromTable chroms_;
  std::vector<Chrom> seen_chroms_;
  RegionLineParser<Coord> parser_;
};

/// The cells as they grow.
class FragmentCells {
 public:
  explicit FragmentCells(const FragmentOptions& options) : options_(options) {
    if (!options.barcodes) return;
    for (const std::string& barcode : *options.barcodes) {
      padded_.assign(barcode).append(bedtok::detail::read_margin, '\0');
      barcodes_.add(std::string_view(padded_).substr(0, barcode.size()));
    }
    grow();
  }

  const bedtok::detail::BarcodeTable& barcodes() const noexcept { return barcodes_; }

  /// Takes what a block gave, whose fresh barcodes count from `known` on.
  template <class Mapper>
  void take(const Mapper& block, std::size_t known) {
    // A barcode that is fresh to this block may have come in one that was mapped at the same time.
    renamed_.clear();
    for (std::uint32_t i = 0; i < block.fresh.size(); ++i) {
      padded_.assign(block.fresh.name(i)).append(bedtok::detail::read_margin, '\0');
      renamed_.push_back(
          barcodes_.add(std::string_view(padded_).substr(0, block.fresh.name(i).size())));
    }
    grow();
    const std::uint32_t* id = block.ids.data();
    for (const auto& found : block.found) {
      const std::size_t cell = found.cell < known ? found.cell : renamed_[found.cell - known];
      ++seen_[cell].fragments;
      seen_[cell].hits += found.hits;
      for (std::uint32_t i = 0; i < found.ids; ++i) tokens_.append(cell, *id++);
    }
  }

  CellTokens finish(const MappingOptions& mapping, std::size_t vocab_size, TokenId unk) const {
    CellTokens result;
    result.offsets.push_back(0);
    std::uint64_t all = 0;
    for (std::size_t cell = 0; cell < seen_.size(); ++cell) all += tokens_.size(cell);
    result.values.reserve(all);
    // Which cell an id came for last: no table has to be cleared between cells.
    std::vector<std::uint32_t> last_cell(mapping.unique ? vocab_size : 0);
    for (std::size_t cell = 0; cell < seen_.size(); ++cell) {
      if (seen_[cell].fragments == 0) continue;  // named, and not in the file
      const std::size_t first = result.values.size();
      tokens_.visit(cell, [&](const std::uint32_t* from, const std::uint32_t* to) {
        for (; from != to; ++from) {
          if (mapping.unique) {
            if (last_cell[*from] == cell + 1) continue;
            last_cell[*from] = static_cast<std::uint32_t>(cell + 1);
          }
          result.values.push_back(static_cast<std::int32_t>(*from));
        }
      });
      const std::uint64_t count = result.values.size() - first;
      if (seen_[cell].fragments < options_.min_fragments || count < options_.min_tokens ||
          count > options_.max_tokens) {
        result.values.resize(first);
      } else {
        if (count == 0) result.values.push_back(static_cast<std::int32_t>(unk));
        if (mapping.order == TokenOrder::vocabulary) {
          std::sort(result.values.begin() + static_cast<std::ptrdiff_t>(first),
                    result.values.end());
        }
        result.cells.push_back(static_cast<std::int64_t>(result.barcodes.size()));
        result.offsets.push_back(static_cast<std::int64_t>(result.values.size()));
      }
      result.barcodes.emplace_back(barcodes_.name(static_cast<std::uint32_t>(cell)));
      result.fragments.push_back(static_cast<std::int64_t>(seen_[cell].fragments));
      result.hits.push_back(static_cast<std::int64_t>(seen_[cell].hits));
    }
    return result;
  }

 private:
  struct Seen {
    std::uint64_t fragments = 0;
    std::uint64_t hits = 0;
  };

  void grow() {
    seen_.resize(barcodes_.size());
    tokens_.grow_to(barcodes_.size());
  }

  const FragmentOptions& options_;
  bedtok::detail::BarcodeTable barcodes_;
  std::vector<Seen> seen_;
  bedtok::detail::TokenLists tokens_;
  std::vector<std::uint32_t> renamed_;
  std::string padded_;
};

/// Cuts a block into up to `count` of about one size, at line ends.
inline std::vector<TextBlock> split_lines(const TextBlock& block, std::size_t count) {
  std::vector<TextBlock> parts;
  const char* at = block.first;
  for (std::size_t i = 1; at != block.last; ++i) {
    const auto size = static_cast<std::size_t>(block.last - block.first);
    const char* end = i >= count ? block.last : block.first + size * i / count;
    if (end <= at) continue;
    while (end != block.last && end[-1] != '\n') ++end;
    parts.push_back({at, end, false});
    at = end;
  }
  return parts;
}

}  // namespace detail

/// Tokenizes the fragments of cells: chromosome, start, end, barcode, and columns that are not
/// looked at; `#` lines are passed over. Each fragment gives the vocabulary regions that it hits by
/// (start, end, id); a cell's ids stand in the order of its fragments. One pass over the text,
/// which may come from a pipe; what is held is the ids, 4 to 8 bytes each, and some MiB of text for
/// each thread. Throws ParseError as RegionSet::from_bed does and for a line without a barcode,
/// VocabularyError for a fragment that misses where on_miss is error: the first bad line of the
/// text is named.
template <class Index>
CellTokens encode_fragments(std::unique_ptr<ByteSource> source, const Tokenizer<Index>& tokenizer,
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

  std::vector<std::unique_ptr<detail::FragmentMapper<Index>>> mappers;
  for (std::size_t i = 0; i < threads; ++i) {
    mappers.push_back(
        std::make_unique<detail::FragmentMapper<Index>>(tokenizer, mapping, options, name));
  }
  detail::FragmentCells cells(options);
  std::uint64_t line = 0;
  bool seen_region = false;
  for (TextBlock block; !(block = blocks.next()).empty();) {
    const std::vector<TextBlock> parts =
        block.endless_line ? std::vector<TextBlock>{block} : detail::split_lines(block, threads);
    const std::size_t known = cells.barcodes().size();
    std::vector<char> failed(parts.size());
    bedtok::detail::parallel_for(parts.size(), threads, [&](std::size_t i) {
      try {
        // Only the first part of a text may begin with names of columns.
        mappers[i]->map(parts[i], line, seen_region || i != 0, cells.barcodes());
      } catch (const Error&) {
        failed[i] = 1;
      }
    });
    for (std::size_t i = 0; i < parts.size(); ++i) {
      // Now that the lines in front have been counted, the message gets the right number.
      if (failed[i] != 0) mappers[i]->map(parts[i], line, seen_region, cells.barcodes());
      cells.take(*mappers[i], known);
      line += mappers[i]->lines;
      seen_region = seen_region || mappers[i]->seen_region();
    }
  }
  return cells.finish(mapping, tokenizer.vocab_size(), tokenizer.token_id(SpecialRole::unk));
}

template <class Index>
CellTokens encode_fragments(const std::filesystem::path& path, const Tokenizer<Index>& tokenizer,
                            const FragmentOptions& options = {}) {
  return encode_fragments(std::make_unique<FileSource>(path), tokenizer, options);
}

}  // namespace io

}  // namespace bedtok

// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../chrom_table.hpp"
#include "../error.hpp"
#include "../mapping_options.hpp"
#include "../tokenizer.hpp"
#include "byte_source.hpp"
#include "inflate.hpp"
#include "region_lines.hpp"

namespace bedtok::io {

/// The token ids of each barcode, in the order of first sight; ids in the order of the fragments.
struct FragmentTokens {
  std::vector<std::string> barcodes;
  std::vector<std::vector<TokenId>> input_ids;
};

/// Tokenizes a fragments file: chromosome, start, end, barcode, and columns that are not looked at.
/// Each fragment gives the vocabulary regions that it overlaps by (start, end, id); one that hits
/// nothing gives `<unk>`, nothing, or VocabularyError as `on_miss` says. Throws ParseError as
/// RegionSet::from_bed does, and for a line without a barcode.
template <class Index>
FragmentTokens tokenize_fragments(const std::filesystem::path& path,
                                  const Tokenizer<Index>& tokenizer, OnMiss on_miss = OnMiss::unk) {
  using Coord = typename Index::coord_type;
  const auto text = open_text(std::make_unique<FileSource>(path));
  const TokenId unk = tokenizer.token_id(SpecialRole::unk);

  FragmentTokens tokens;
  ChromTable barcodes;  // a table of names serves barcodes as well
  ChromTable chroms;
  std::vector<ChromTable::Id> chrom_of;
  RegionLineReader<Coord> reader(*text, chroms);
  reader.read(
      [&](ChromTable::Id chrom, Coord start, Coord end, std::string_view rest, std::uint64_t line) {
        const std::string_view barcode = rest.substr(0, rest.find_first_of("\t "));
        if (barcode.empty()) {
          throw ParseError(text->name(), line,
                           "the line has no barcode, expected one in the fourth column");
        }
        const ChromTable::Id cell = barcodes.add(barcode);
        if (cell == tokens.input_ids.size()) tokens.input_ids.emplace_back();
        std::vector<TokenId>& ids = tokens.input_ids[cell];

        while (chrom_of.size() < chroms.size()) {
          const std::string& name = chroms.name(static_cast<ChromTable::Id>(chrom_of.size()));
          chrom_of.push_back(
              tokenizer.vocabulary().find_chrom(name, tokenizer.options().chrom_aliases));
        }
        const std::size_t before = ids.size();
        if (chrom_of[chrom] != ChromTable::none) {
          tokenizer.index().find(chrom_of[chrom], start, end,
                                 [&ids](std::uint32_t id, Coord, Coord) { ids.push_back(id); });
        }
        if (ids.size() != before || on_miss == OnMiss::drop) return;
        if (on_miss == OnMiss::error) {
          std::string region;
          append_text(region, chroms.name(chrom), start, end);
          throw VocabularyError(text->name() + ":" + std::to_string(line) + ": " + region +
                                " hits nothing in the vocabulary, and on_miss is 'error'");
        }
        ids.push_back(unk);
      });
  tokens.barcodes = barcodes.names();
  return tokens;
}

}  // namespace bedtok::io

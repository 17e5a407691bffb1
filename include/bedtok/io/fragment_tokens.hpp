// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "../enum_names.hpp"
#include "../mapping_options.hpp"
#include "../ragged_ids.hpp"
#include "../region.hpp"
#include "../region_set.hpp"
#include "../report.hpp"
#include "../skipped_lines.hpp"

// The options and the result of encode_fragments.
namespace bedtok::io {

/// The part of a fragment that is mapped: the whole fragment, or its two ends, one base pair each,
/// where the transposase cut.
enum class CountingStrategy { fragment, insertion };

/// How the fragments of cells become tokens.
struct FragmentOptions {
  /// None: the tokenizer's. Its `on_miss` is not used, that of the next field is.
  std::optional<MappingOptions> mapping = std::nullopt;
  /// The token of a fragment (or an insertion) that hits nothing.
  OnMiss on_miss = OnMiss::drop;
  CountingStrategy counting_strategy = CountingStrategy::fragment;  ///< what is mapped
  /// Only these barcodes, in this order. None: all, in the order of first sight.
  std::optional<std::vector<std::string>> barcodes = std::nullopt;
  /// Only fragments on these chromosomes, by the file's names. None: all.
  std::optional<std::vector<std::string>> chroms = std::nullopt;
  /// Only fragments that overlap this region.
  std::optional<Region<std::uint64_t>> region = std::nullopt;
  /// Fragments that overlap one of these regions are left out, by the file's names of chromosomes.
  /// Null: none are.
  std::shared_ptr<const RegionSet<>> exclude = nullptr;
  /// Cells with fewer fragments are left out of the tokens.
  std::uint64_t min_fragments = 0;
  /// Cells with fewer tokens are left out.
  std::uint64_t min_tokens = 0;
  /// Cells with more tokens are left out.
  std::uint64_t max_tokens = std::numeric_limits<std::uint64_t>::max();
  /// Lines that are not a fragment are left out and told in FragmentTokens::skipped.
  bool skip_bad_lines = false;
  /// 0: all processors that the process may use. The result does not depend on it.
  std::size_t num_threads = 0;
};

/// The tokens of the cells that were kept, and the counts of every barcode.
struct FragmentTokens {
  std::vector<std::string> barcodes;    ///< all that were seen, kept or not
  std::vector<std::int64_t> fragments;  ///< of each barcode
  std::vector<std::int64_t> hits;       ///< of each barcode: fragments (insertions) with a hit
  std::vector<std::int64_t> cells;      ///< positions in `barcodes` of the cells that were kept
  RaggedIds ids;                        ///< of the cells that were kept
  SkippedLines skipped;                 ///< lines that were left out
  /// Of all fragments that were mapped. Its regions are the fragments, or their two ends where
  /// these are mapped.
  MappingReport report;
  /// Where barcodes were named: fragments of others, and the first barcodes of these.
  std::uint64_t unlisted = 0;
  std::vector<std::string> unlisted_barcodes;  ///< the first of them
};

}  // namespace bedtok::io

template <>
struct bedtok::EnumNames<bedtok::io::CountingStrategy> {
  static constexpr std::string_view option = "counting_strategy";
  static constexpr std::array<std::string_view, 2> names = {"fragment", "insertion"};
};

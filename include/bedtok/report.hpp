// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include "detail/utf8.hpp"

namespace bedtok {

/// Counts for the regions of one input chromosome.
struct ChromReport {
  std::string chrom;            ///< name in the input
  bool known = false;           ///< the vocabulary has it, under this name or its alias
  std::uint64_t regions = 0;    ///< regions on it
  std::uint64_t hits = 0;       ///< regions with at least one token
  std::uint64_t past_end = 0;   ///< regions that start past the vocabulary's last region
  std::uint64_t past_size = 0;  ///< regions that end past the chromosome, by the assembly's sizes

  /// Adds the counts of another input to these.
  void add_counts(const ChromReport& other) noexcept {
    regions += other.regions;
    hits += other.hits;
    past_end += other.past_end;
    past_size += other.past_size;
  }
  /// Sets all counts to 0.
  void clear_counts() noexcept { regions = hits = past_end = past_size = 0; }
};

/// How well an input fits a vocabulary: one sample, the peaks of a matrix, the fragments of cells
/// (with CountingStrategy::insertion their two ends), or many samples together.
struct MappingReport {
  std::uint64_t regions = 0;          ///< of the input
  std::uint64_t hits = 0;             ///< regions with at least one token
  std::uint64_t tokens = 0;           ///< of all hits
  std::uint64_t distinct_tokens = 0;  ///< different ones
  std::uint64_t past_end = 0;         ///< of all chromosomes
  std::uint64_t past_size = 0;        ///< of all chromosomes
  std::vector<ChromReport> chroms;    ///< in the order of first sight
  std::vector<std::int64_t> misses;  ///< positions of the regions without a hit, of one sample only
  std::vector<std::string> unknown_chroms;  ///< not in the vocabulary, in the order of first sight
  std::uint64_t skipped_lines = 0;          ///< of the file, left out by its reader
  /// Nearly all starts lie one base behind the start of a vocabulary region.
  bool one_based = false;
  /// The lines look like those of a fragment file: a barcode and a count behind the coordinates.
  bool like_fragments = false;
  std::string genome;            ///< the assembly of the vocabulary; empty: not known
  std::string vocabulary_chrom;  ///< a chromosome of the vocabulary, as an example of its names
  std::string naming_hint;       ///< the alias that would make a chromosome known; may be empty
  /// The likely cause of the misses and its remedy, one line; empty when nothing stands out.
  std::string likely_cause;
  /// What calls warn of, one line; empty when the input fits.
  std::string warning;

  /// Share of the regions that hit, 0 for an empty input.
  double hit_rate() const noexcept {
    return regions == 0 ? 0.0 : static_cast<double>(hits) / static_cast<double>(regions);
  }
};

/// The report as text for people: one line, one for each chromosome, and the likely cause.
inline std::string to_text(const MappingReport& report) {
  std::ostringstream text;
  text.precision(1);
  text << std::fixed << report.hits << " of " << report.regions << " regions hit ("
       << 100 * report.hit_rate() << " %), " << report.tokens << " tokens, "
       << report.distinct_tokens << " distinct";
  if (report.skipped_lines != 0) text << "; lines skipped: " << report.skipped_lines;
  for (const ChromReport& chrom : report.chroms) {
    text << "\n  " << detail::printable(chrom.chrom) << ": " << chrom.hits << " of "
         << chrom.regions << (chrom.known ? "" : ", not in the vocabulary");
  }
  if (!report.likely_cause.empty())
    text << "\nlikely cause: " << detail::printable(report.likely_cause);
  return text.str();
}

}  // namespace bedtok

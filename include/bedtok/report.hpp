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
  std::string chrom;   ///< name in the input
  bool known = false;  ///< the vocabulary has it, under this name or its alias
  std::uint64_t regions = 0;
  std::uint64_t hits = 0;      ///< regions with at least one token
  std::uint64_t past_end = 0;  ///< regions that start past the vocabulary's last region
};

/// How well an input fits a vocabulary.
struct MappingReport {
  std::uint64_t regions = 0;
  std::uint64_t hits = 0;
  std::uint64_t tokens = 0;  ///< of all hits
  std::uint64_t distinct_tokens = 0;
  std::vector<ChromReport> chroms;   ///< in the order of first sight
  std::vector<std::int64_t> misses;  ///< positions of the regions without a hit
  std::vector<std::string> unknown_chroms;
  std::uint64_t skipped_lines = 0;  ///< of the file, left out by its reader
  /// The likely cause of the misses and its remedy, one line; empty when nothing stands out.
  std::string likely_cause;

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

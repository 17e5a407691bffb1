// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstdint>
#include <sstream>
#include <string>

#include "../report.hpp"

// The sentences of the diagnosis.
namespace bedtok::detail {

/// The chromosome with the largest count. There is one.
inline const ChromReport& worst_chrom(const MappingReport& report,
                                      std::uint64_t ChromReport::*count) {
  return *std::max_element(
      report.chroms.begin(), report.chroms.end(),
      [count](const ChromReport& a, const ChromReport& b) { return a.*count < b.*count; });
}

/// Whether there are regions, and all on chromosomes that the vocabulary does not have.
inline bool none_known(const MappingReport& report) {
  return !report.chroms.empty() && report.unknown_chroms.size() == report.chroms.size();
}

inline std::string another_assembly(const MappingReport& report) {
  return report.genome.empty() ? "another assembly" : "another assembly than " + report.genome;
}

inline std::string past_size_text(const MappingReport& report) {
  return std::to_string(report.past_size) +
         " regions end past the end of their chromosome by chrom_sizes (most on " +
         worst_chrom(report, &ChromReport::past_size).chrom + "): " + another_assembly(report) +
         ", or damaged coordinates";
}

inline std::string past_end_text(const MappingReport& report) {
  return std::to_string(report.past_end) +
         " regions start past the last vocabulary region of their chromosome (most on " +
         worst_chrom(report, &ChromReport::past_end).chrom + "): " + another_assembly(report) +
         ", or a vocabulary that does not reach there";
}

inline std::string find_cause(const MappingReport& report) {
  if (report.like_fragments) {
    return "the lines look like those of a fragment file (column 4 a barcode, column 5 a count), "
           "which as BED is one sample of all cells: encode_fragments reads its cells";
  }
  if (!report.naming_hint.empty()) return report.naming_hint;
  if (report.past_size != 0) return past_size_text(report);
  if (report.one_based) {
    return "nearly all starts lie one base behind the start of a vocabulary region: 1-based "
           "coordinates, as of GFF or SAM; starts of BED count from 0, subtract 1 from them";
  }
  // In any genome a few regions lie past the last peak; on a longer chromosome of another
  // assembly it is about one in a thousand.
  if (report.past_end != 0 && report.past_end * 2000 >= report.regions) {
    return past_end_text(report);
  }
  if (none_known(report)) {
    return "the vocabulary has none of the input's chromosomes: another naming or another species";
  }
  return {};
}

inline std::string unknown_chroms_text(const MappingReport& report) {
  return "no chromosome of the input is known to the vocabulary (input: " +
         report.unknown_chroms.front() + ", vocabulary: " + report.vocabulary_chrom + ")" +
         (report.naming_hint.empty() ? "" : "; " + report.naming_hint);
}

inline std::string low_hit_rate_text(const MappingReport& report, double low_hit_rate) {
  std::ostringstream text;
  text.precision(3);
  text << report.hits << " of " << report.regions << " regions hit the vocabulary ("
       << 100 * report.hit_rate() << " %, low_hit_rate is " << 100 * low_hit_rate
       << " %); likely cause: "
       << (report.likely_cause.empty()
               ? "regions of " + another_assembly(report) + ", or of another assay"
               : report.likely_cause)
       << "; if this is expected, set the option low_hit_rate to a lower share or to None";
  return text.str();
}

}  // namespace bedtok::detail

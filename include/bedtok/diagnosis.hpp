// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "chrom_table.hpp"
#include "detail/report_texts.hpp"
#include "report.hpp"

// One diagnosis for every way in: the counts of a report become its likely cause and its warning.
namespace bedtok {

/// Rates of fewer regions are not judged: small samples miss by chance.
inline constexpr std::uint64_t fewest_judged = 50;

/// Whether a hit rate is judged and lies below `low_hit_rate`. None: never.
inline bool is_low(std::uint64_t hits, std::uint64_t regions, std::optional<double> low_hit_rate) {
  return low_hit_rate && regions >= fewest_judged &&
         static_cast<double>(hits) < *low_hit_rate * static_cast<double>(regions);
}

/// Whether so many of an input's regions lie past the vocabulary's last that it is no chance: more
/// than one in twenty.
inline bool many_past_end(std::uint64_t past_end, std::uint64_t regions) {
  return regions >= fewest_judged && past_end * 20 > regions;
}

/// Counts by chromosome from several places, in the order of first sight.
class ChromSum {
 public:
  /// Adds the counts of another input, chromosome by chromosome.
  void add(const std::vector<ChromReport>& chroms) {
    for (const ChromReport& chrom : chroms) {
      const ChromTable::Id id = names_.add(chrom.chrom);
      if (id == chroms_.size()) {
        chroms_.push_back(chrom);
      } else {
        chroms_[id].add_counts(chrom);
      }
    }
  }
  /// The sums, in the order of first sight.
  const std::vector<ChromReport>& chroms() const noexcept { return chroms_; }

 private:
  ChromTable names_;
  std::vector<ChromReport> chroms_;
};

/// Puts the chromosomes that have a region into a report, and sums them up.
inline void sum_chroms(MappingReport& report, const std::vector<ChromReport>& chroms) {
  std::copy_if(chroms.begin(), chroms.end(), std::back_inserter(report.chroms),
               [](const ChromReport& chrom) { return chrom.regions != 0; });
  for (const ChromReport& chrom : report.chroms) {
    report.regions += chrom.regions;
    report.hits += chrom.hits;
    report.past_end += chrom.past_end;
    report.past_size += chrom.past_size;
    if (!chrom.known) report.unknown_chroms.push_back(chrom.chrom);
  }
}

/// Finds the likely cause and the warning of a report whose counts are complete.
inline void diagnose(MappingReport& report, std::optional<double> low_hit_rate) {
  report.likely_cause = detail::find_cause(report);
  report.warning.clear();
  if (report.regions == 0) return;
  if (report.like_fragments) {
    report.warning = report.likely_cause;
  } else if (detail::none_known(report)) {
    report.warning = detail::unknown_chroms_text(report);
  } else if (is_low(report.hits, report.regions, low_hit_rate)) {
    report.warning = detail::low_hit_rate_text(report, *low_hit_rate);
  } else if (report.past_size != 0) {
    report.warning = detail::past_size_text(report);
  } else if (report.one_based) {
    report.warning = report.likely_cause;
  } else if (low_hit_rate && many_past_end(report.past_end, report.regions)) {
    report.warning = detail::past_end_text(report) +
                     "; if this is expected, set the option low_hit_rate to None";
  }
}

/// The reports of many samples together.
class ReportSum {
 public:
  /// `num_regions` is that of the vocabulary.
  explicit ReportSum(std::size_t num_regions) : has_(num_regions) {}

  /// Adds a sample: its report, and its ids, of which special tokens are not counted.
  template <class Ids>
  void add(const MappingReport& report, const Ids& ids) {
    chroms_.add(report.chroms);
    sum_.tokens += report.tokens;
    sum_.skipped_lines += report.skipped_lines;
    sum_.one_based = sum_.one_based || report.one_based;
    sum_.like_fragments = sum_.like_fragments || report.like_fragments;
    if (sum_.genome.empty()) sum_.genome = report.genome;
    if (sum_.vocabulary_chrom.empty()) sum_.vocabulary_chrom = report.vocabulary_chrom;
    if (sum_.naming_hint.empty()) sum_.naming_hint = report.naming_hint;
    for (const auto id : ids) {
      const auto at = static_cast<std::size_t>(id);
      if (at >= has_.size() || has_[at]) continue;
      has_[at] = true;
      ++sum_.distinct_tokens;
    }
  }

  /// The sum, judged as one input. Its `misses` are empty.
  MappingReport report(std::optional<double> low_hit_rate) const {
    MappingReport report = sum_;
    sum_chroms(report, chroms_.chroms());
    diagnose(report, low_hit_rate);
    return report;
  }

 private:
  std::vector<bool> has_;  // by id
  ChromSum chroms_;
  MappingReport sum_;  // without the sums over chromosomes
};

}  // namespace bedtok

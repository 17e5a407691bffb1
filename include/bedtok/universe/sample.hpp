// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "../chrom_table.hpp"
#include "../error.hpp"
#include "../overlap_index.hpp"
#include "../region_set.hpp"

// Universes are built from samples: the regions of one file, or of one object in memory.
namespace bedtok::universe {

/// Coordinates of universes, 0-based, in base pairs.
using Coord = std::uint32_t;
/// Lengths of chromosomes by name.
using ChromSizes = std::map<std::string, std::uint64_t, std::less<>>;

/// What is taken of the regions of a sample.
struct SampleOptions {
  /// Chromosomes that are taken; none: all.
  std::optional<std::set<std::string, std::less<>>> chroms = std::nullopt;
  /// Not empty: chromosomes that are not listed are left out, and regions are cut at the end.
  ChromSizes chrom_sizes = {};
  /// Peaks instead of covered bases: a window of `width` around each summit, with its score.
  bool summits = false;
  /// Base pairs of a window, 1 or more.
  Coord width = 501;
  /// The column of the score, 4 or more; 0: signalValue (7) in lines of 10 columns, which are
  /// narrowPeak, and the score (5) in others.
  unsigned score_column = 0;
  /// Windows that overlap one of these are left out. May be null; must outlive the reading.
  const RegionSet<Coord>* exclude = nullptr;
};

/// What a sample contributes to a universe, by (chromosome name as bytes, start): the stretches of
/// bases that it covers, disjoint and not touching; or windows around summits, with scores.
struct Sample {
  std::vector<std::string> chroms;       ///< those with intervals, ordered as bytes
  std::vector<std::size_t> first = {0};  ///< where each begins; one more than chromosomes
  std::vector<Coord> starts;             ///< first bases
  std::vector<Coord> ends;               ///< one past the last bases
  /// Of windows: the rank of their score among the sample's, as a share, above 0 to 1. Ties have
  /// their average rank, rounded down. Source: the quantile ranks of ArchR's iterative overlap
  /// (Granja et al., Nature Genetics 2021).
  std::vector<double> scores;
  std::uint64_t regions = 0;   ///< that were read
  std::uint64_t left_out = 0;  ///< of these, for their chromosome, their length or `exclude`

  /// Number of intervals.
  std::size_t size() const noexcept { return starts.size(); }
  /// Bytes of its columns.
  std::size_t bytes() const noexcept {
    return starts.size() * 2 * sizeof(Coord) + scores.size() * sizeof(double);
  }
};

/// Makes a Sample from regions in any order.
class SampleBuilder {
 public:
  /// `options` must outlive the builder. Throws ConfigError when its width is 0.
  explicit SampleBuilder(const SampleOptions& options) : options_(options) {
    if (options.width == 0) throw ConfigError("width is 0, expected 1 or more base pairs");
    if (options.summits && options.exclude != nullptr) {
      excluded_ = std::make_unique<OverlapIndex<Coord>>(*options.exclude);
    }
  }

  /// Adds a region. `chrom` is its id in `chroms`, which is the same table in each call. `summit`
  /// is the position of a peak's summit; `score` its score. Both are for windows only.
  void add(const ChromTable& chroms, ChromTable::Id chrom, Coord start, Coord end, Coord summit = 0,
           double score = 0) {
    ++sample_.regions;
    while (parts_.size() <= chrom)
      add_part(chroms.name(static_cast<ChromTable::Id>(parts_.size())));
    Part& part = parts_[chrom];
    if (!part.wanted) {
      ++sample_.left_out;
    } else if (options_.summits) {
      add_window(part, summit, score);
    } else {
      add_interval(part, start, end);
    }
  }

  /// The sample. The builder is empty afterwards.
  Sample finish() {
    std::vector<Part*> order;
    for (Part& part : parts_) {
      if (!part.words.empty()) order.push_back(&part);
    }
    std::sort(order.begin(), order.end(),
              [](const Part* a, const Part* b) { return a->name < b->name; });
    std::size_t size = 0;
    for (const Part* part : order) size += part->words.size();
    sample_.starts.reserve(size);
    sample_.ends.reserve(size);
    for (Part* part : order) {
      sample_.chroms.push_back(std::move(part->name));
      options_.summits ? take_windows(*part) : take_merged(*part);
      sample_.first.push_back(sample_.starts.size());
    }
    if (options_.summits) to_ranks(sample_.scores);
    parts_.clear();
    return std::move(sample_);
  }

 private:
  /// One chromosome. A word is (start << 32 | end), of windows (start << 32 | place of the score).
  struct Part {
    std::string name;
    bool wanted = true;
    std::uint64_t size = std::uint64_t{1} << 32;  // no region can reach past it
    ChromTable::Id excluded = ChromTable::none;
    bool sorted = true;
    std::vector<std::uint64_t> words;
    std::vector<double> scores;
  };

  void add_part(const std::string& name) {
    Part part;
    part.name = name;
    if (options_.chroms && options_.chroms->count(name) == 0) part.wanted = false;
    if (!options_.chrom_sizes.empty()) {
      const auto found = options_.chrom_sizes.find(name);
      if (found == options_.chrom_sizes.end()) {
        part.wanted = false;
      } else {
        part.size = std::min(part.size, found->second);
      }
    }
    if (excluded_ != nullptr) part.excluded = options_.exclude->chroms().find(name);
    parts_.push_back(std::move(part));
  }

  static void push(Part& part, std::uint64_t word) {
    if (!part.words.empty() && word < part.words.back()) part.sorted = false;
    part.words.push_back(word);
  }

  /// A region of no length covers nothing.
  void add_interval(Part& part, Coord start, Coord end) {
    if (end > part.size) end = static_cast<Coord>(part.size);
    if (start >= end) {
      ++sample_.left_out;
      return;
    }
    push(part, std::uint64_t{start} << 32 | end);
  }

  /// A window that would reach past an end of the chromosome is moved inside, so that all have one
  /// width and no summit is lost; one that does not fit at all is left out.
  void add_window(Part& part, Coord summit, double score) {
    const Coord width = options_.width;
    const std::uint64_t last_start = part.size < width ? 0 : part.size - width;
    std::uint64_t start = summit < width / 2 ? 0 : summit - width / 2;
    start = std::min(start, last_start);
    bool fits = part.size >= width && summit < part.size && start + width < std::uint64_t{1} << 32;
    if (fits && part.excluded != ChromTable::none) {
      fits = !excluded_->any_of(part.excluded, static_cast<Coord>(start),
                                static_cast<Coord>(start + width),
                                [](std::uint32_t, Coord, Coord) { return true; });
    }
    if (!fits) {
      ++sample_.left_out;
      return;
    }
    push(part, start << 32 | part.scores.size());
    part.scores.push_back(score);
  }

  void take_merged(Part& part) {
    if (!part.sorted) std::sort(part.words.begin(), part.words.end());
    const std::size_t begin = sample_.starts.size();
    for (const std::uint64_t word : part.words) {
      const auto start = static_cast<Coord>(word >> 32);
      const auto end = static_cast<Coord>(word);
      if (sample_.starts.size() > begin && start <= sample_.ends.back()) {
        sample_.ends.back() = std::max(sample_.ends.back(), end);
      } else {
        sample_.starts.push_back(start);
        sample_.ends.push_back(end);
      }
    }
    std::vector<std::uint64_t>().swap(part.words);
  }

  void take_windows(Part& part) {
    if (!part.sorted) std::sort(part.words.begin(), part.words.end());
    for (const std::uint64_t word : part.words) {
      const auto start = static_cast<Coord>(word >> 32);
      sample_.starts.push_back(start);
      sample_.ends.push_back(start + options_.width);
      sample_.scores.push_back(part.scores[static_cast<Coord>(word)]);
    }
  }

  static void to_ranks(std::vector<double>& scores) {
    std::vector<double> ordered = scores;
    std::sort(ordered.begin(), ordered.end());
    const auto count = static_cast<double>(scores.size());
    for (double& score : scores) {
      const auto [low, high] = std::equal_range(ordered.begin(), ordered.end(), score);
      // Ranks low + 1 to high, from 1; their mean is rounded down.
      const auto sum =
          static_cast<std::uint64_t>((low - ordered.begin()) + 1 + (high - ordered.begin()));
      score = static_cast<double>(sum / 2) / count;
    }
  }

  const SampleOptions& options_;
  std::unique_ptr<OverlapIndex<Coord>> excluded_;
  std::vector<Part> parts_;  // by chromosome id
  Sample sample_;
};

/// The sample of a set of regions. Windows lie around the centres, and all scores are equal.
template <class Payload>
Sample make_sample(const RegionSet<Coord, Payload>& regions, const SampleOptions& options = {}) {
  SampleBuilder builder(options);
  for (std::size_t i = 0; i < regions.size(); ++i) {
    const Coord start = regions.starts()[i];
    const Coord end = regions.ends()[i];
    builder.add(regions.chroms(), regions.chrom_ids()[i], start, end, start + (end - start) / 2);
  }
  return builder.finish();
}

}  // namespace bedtok::universe

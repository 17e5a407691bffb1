// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coverage.hpp"
#include "detail/sort_coordinates.hpp"
#include "sample.hpp"

namespace bedtok::universe {

/// A window around the summit of a peak; all windows of a universe have one width.
struct Window {
  Coord start;   ///< first base
  double score;  ///< rank of its peak within the sample, 0 to 1
};

/// Samples in memory, 8 bytes an interval, chromosome by chromosome for those who build a universe.
/// The order of the samples changes no result. Const members may be called from many threads.
class SampleStore {
 public:
  /// Whether chromosomes may be worked on side by side.
  static constexpr bool parallel() noexcept { return true; }

  /// Adds a sample; not from several threads at the same time.
  void add(Sample sample) {
    for (std::size_t i = 0; i < sample.chroms.size(); ++i) {
      parts_[sample.chroms[i]].push_back({samples_.size(), sample.first[i], sample.first[i + 1]});
    }
    bytes_ += sample.bytes();
    samples_.push_back(std::move(sample));
  }

  /// The number of samples.
  std::size_t size() const noexcept { return samples_.size(); }
  /// Bytes of their columns.
  std::size_t bytes() const noexcept { return bytes_; }

  /// Names of the chromosomes that have intervals, ordered as bytes.
  std::vector<std::string> chroms() const {
    std::vector<std::string> names;
    for (const auto& [name, parts] : parts_) names.push_back(name);
    return names;
  }

  /// Starts and ends of all intervals on a chromosome, each column ordered by itself.
  Intervals borders(std::string_view chrom) const {
    Intervals columns;
    std::size_t size = 0;
    for_each_part(chrom, [&](const Sample&, const Part& part) { size += part.last - part.first; });
    columns.starts.reserve(size);
    columns.ends.reserve(size);
    for_each_part(chrom, [&](const Sample& sample, const Part& part) {
      const auto append = [&](std::vector<Coord>& to, const std::vector<Coord>& from) {
        to.insert(to.end(), from.begin() + static_cast<std::ptrdiff_t>(part.first),
                  from.begin() + static_cast<std::ptrdiff_t>(part.last));
      };
      append(columns.starts, sample.starts);
      append(columns.ends, sample.ends);
    });
    std::vector<Coord> spare;
    detail::sort_coordinates(columns.starts, spare);
    detail::sort_coordinates(columns.ends, spare);
    return columns;
  }

  /// The coverage of a chromosome, as `sweep` emits it.
  template <class Emit>
  void segments(std::string_view chrom, Emit&& emit) const {
    constexpr Coord longest = Coord{1} << 31;
    std::vector<std::uint32_t> both;
    std::size_t size = 0;
    Coord last = 0;
    for_each_part(chrom, [&](const Sample& sample, const Part& part) {
      size += part.last - part.first;
      last = std::max(last, sample.ends[part.last - 1]);
    });
    if (last >= longest) {
      const Intervals columns = borders(chrom);
      sweep(columns.starts, columns.ends, emit);
      return;
    }
    both.reserve(2 * size);
    for_each_part(chrom, [&](const Sample& sample, const Part& part) {
      for (std::size_t i = part.first; i < part.last; ++i) {
        both.push_back(sample.starts[i] << 1);
        both.push_back(sample.ends[i] << 1 | 1);
      }
    });
    std::vector<std::uint32_t> spare;
    detail::sort_coordinates(both, spare);
    sweep_borders(both, emit);
  }

  /// For each region of a chromosome the number of samples that overlap it.
  std::vector<std::uint32_t> support(std::string_view chrom, const Intervals& regions) const {
    SupportCounter counter(regions);
    for_each_part(chrom, [&](const Sample& sample, const Part& part) {
      std::size_t next = 0;
      for (std::size_t i = part.first; i < part.last; ++i) {
        counter.add(next, sample.starts[i], sample.ends[i]);
      }
    });
    return std::move(counter.counts);
  }

  /// The windows of all samples on a chromosome, in any order.
  std::vector<Window> windows(std::string_view chrom) const {
    std::vector<Window> windows;
    for_each_part(chrom, [&](const Sample& sample, const Part& part) {
      for (std::size_t i = part.first; i < part.last; ++i) {
        windows.push_back({sample.starts[i], sample.scores[i]});
      }
    });
    return windows;
  }

  /// Calls `visit(sample, number, first, last)` for the intervals [first, last) of each sample that
  /// has some on a chromosome.
  template <class Visit>
  void visit(std::string_view chrom, Visit&& visit) const {
    for_each_part(chrom, [&](const Sample& sample, const Part& part) {
      visit(sample, part.sample, part.first, part.last);
    });
  }

  /// Forgets all samples.
  void clear() { *this = SampleStore(); }

 private:
  struct Part {
    std::size_t sample;
    std::size_t first, last;
  };

  template <class Visit>
  void for_each_part(std::string_view chrom, Visit&& visit) const {
    const auto found = parts_.find(chrom);
    if (found == parts_.end()) return;
    for (const Part& part : found->second) visit(samples_[part.sample], part);
  }

  std::vector<Sample> samples_;
  std::map<std::string, std::vector<Part>, std::less<>> parts_;
  std::size_t bytes_ = 0;
};

}  // namespace bedtok::universe

// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <queue>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../interruption.hpp"
#include "../universe/coverage.hpp"
#include "../universe/detail/sort_coordinates.hpp"
#include "../universe/sample.hpp"
#include "../universe/sample_store.hpp"
#include "detail/sorted_run.hpp"

namespace bedtok::io {

/// Samples in memory and, above a limit, in sorted runs in temporary files, which are merged when
/// they are read. A universe made of it is that of a universe::SampleStore with the same samples.
class SpillingStore {
 public:
  /// `max_memory`: bytes that building a universe from the samples may take, about; 0: no limit. A
  /// third is for the samples, the rest for the work on them. Methods that need a chromosome's
  /// coverage or windows as a whole (likelihood, flexible, hmm, summits) take more where one
  /// chromosome has more than that. Runs are written to `folder`.
  explicit SpillingStore(std::uint64_t max_memory = 0, std::filesystem::path folder = {})
      : max_memory_(max_memory), folder_(std::move(folder)) {
    if (max_memory_ != 0 && folder_.empty()) folder_ = std::filesystem::temp_directory_path();
  }

  /// Whether chromosomes may be worked on side by side.
  bool parallel() const noexcept { return runs_.empty(); }
  /// Number of samples.
  std::size_t size() const noexcept { return spilled_ + memory_.size(); }
  /// The number of runs that were written.
  std::size_t runs() const noexcept { return runs_.size(); }

  /// Adds a sample; not from several threads at the same time. Throws
  /// std::filesystem::filesystem_error when a run cannot be written.
  void add(universe::Sample sample) {
    for (const std::string& chrom : sample.chroms) {
      const auto found = std::lower_bound(chroms_.begin(), chroms_.end(), chrom);
      if (found == chroms_.end() || *found != chrom) chroms_.insert(found, chrom);
    }
    if (!sample.scores.empty()) bytes_each_ = sizeof(detail::SpilledInterval);
    memory_.add(std::move(sample));
    if (max_memory_ != 0 && memory_.bytes() > max_memory_ / 3) spill();
  }

  /// The chromosomes, ordered as bytes.
  std::vector<std::string> chroms() const { return chroms_; }

  /// Calls `emit` with each segment of a chromosome, as SampleStore does.
  template <class Emit>
  void segments(std::string_view chrom, Emit&& emit) const {
    if (runs_.empty()) return memory_.segments(chrom, emit);
    universe::StreamSweep<Emit> sweep(emit);
    merge(chrom, [&](const detail::SpilledInterval& i) { sweep.add(i.start, i.end); });
    sweep.finish();
  }

  /// The starts and the ends of a chromosome's intervals, each ordered.
  universe::Intervals borders(std::string_view chrom) const {
    if (runs_.empty()) return memory_.borders(chrom);
    universe::Intervals columns;
    merge(chrom, [&](const detail::SpilledInterval& i) { columns.push_back(i.start, i.end); });
    std::vector<universe::Coord> spare;
    universe::detail::sort_coordinates(columns.ends, spare);
    return columns;
  }

  /// For each region the number of samples that overlap it.
  std::vector<std::uint32_t> support(std::string_view chrom,
                                     const universe::Intervals& regions) const {
    if (runs_.empty()) return memory_.support(chrom, regions);
    universe::SupportCounter counter(regions);
    std::vector<std::size_t> next(size(), 0);
    merge(chrom,
          [&](const detail::SpilledInterval& i) { counter.add(next[i.sample], i.start, i.end); });
    return std::move(counter.counts);
  }

  /// The windows of a chromosome, by start.
  std::vector<universe::Window> windows(std::string_view chrom) const {
    if (runs_.empty()) return memory_.windows(chrom);
    std::vector<universe::Window> windows;
    merge(chrom, [&](const detail::SpilledInterval& i) { windows.push_back({i.start, i.score}); });
    return windows;
  }

 private:
  /// The intervals in memory of a chromosome, ordered by start.
  std::vector<detail::SpilledInterval> in_memory(std::string_view chrom) const {
    std::vector<detail::SpilledInterval> intervals;
    memory_.visit(chrom, [&](const universe::Sample& sample, std::size_t number, std::size_t first,
                             std::size_t last) {
      const auto id = static_cast<std::uint32_t>(spilled_ + number);
      for (std::size_t i = first; i < last; ++i) {
        const double score = sample.scores.empty() ? 0 : sample.scores[i];
        intervals.push_back({sample.starts[i], sample.ends[i], id, 0, score});
      }
    });
    std::sort(intervals.begin(), intervals.end(),
              [](const detail::SpilledInterval& a, const detail::SpilledInterval& b) {
                return a.start != b.start ? a.start < b.start : a.sample < b.sample;
              });
    return intervals;
  }

  void spill() {
    auto run = std::make_unique<detail::SortedRun>(folder_);
    for (const std::string& chrom : memory_.chroms()) {
      check_interruption();
      run->write(chrom, in_memory(chrom), bytes_each_);
    }
    run->finish();
    spilled_ += memory_.size();
    memory_.clear();
    runs_.push_back(std::move(run));
  }

  /// Calls `visit(interval)` for all intervals of a chromosome in the order of their starts.
  template <class Visit>
  void merge(std::string_view chrom, Visit&& visit) const {
    const std::size_t buffered = std::clamp<std::size_t>(
        static_cast<std::size_t>(max_memory_ / 6 / (2 * sizeof(detail::SpilledInterval)) /
                                 runs_.size()),
        64, 65536);
    std::vector<detail::RunCursor> cursors;
    for (const auto& run : runs_) {
      cursors.emplace_back(run.get(), run->place(chrom), bytes_each_, buffered);
    }
    cursors.emplace_back(in_memory(chrom));
    using Next = std::pair<universe::Coord, std::size_t>;
    std::priority_queue<Next, std::vector<Next>, std::greater<Next>> queue;
    const auto push = [&](std::size_t i) {
      if (!cursors[i].done()) queue.push({(*cursors[i]).start, i});
    };
    for (std::size_t i = 0; i < cursors.size(); ++i) push(i);
    while (!queue.empty()) {
      const std::size_t i = queue.top().second;
      queue.pop();
      visit(*cursors[i]);
      cursors[i].advance();
      push(i);
    }
  }

  std::uint64_t max_memory_;
  std::filesystem::path folder_;
  universe::SampleStore memory_;
  std::vector<std::unique_ptr<detail::SortedRun>> runs_;
  std::size_t spilled_ = 0;  // samples in the runs
  std::vector<std::string> chroms_;
  std::size_t bytes_each_ = detail::SpilledInterval::without_score;
};

}  // namespace bedtok::io

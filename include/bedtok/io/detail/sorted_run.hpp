// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "../../interruption.hpp"
#include "../../universe/sample.hpp"
#include "temporary_name.hpp"

namespace bedtok::io::detail {

/// An interval of a sample on disk.
struct SpilledInterval {
  universe::Coord start;
  universe::Coord end;
  std::uint32_t sample;
  std::uint32_t unused;
  double score;  ///< of a window

  /// Bytes of those without a score; the score comes last.
  static constexpr std::size_t without_score = 3 * sizeof(universe::Coord);
};
static_assert(sizeof(SpilledInterval) == 24, "a score is at the end");

/// A temporary file of intervals: chromosome by chromosome, ordered by start. It has no name, where
/// the system can do without, so that nothing stays when the process is killed.
class SortedRun {
 public:
  struct Place {
    std::uint64_t offset = 0;  // bytes
    std::uint64_t count = 0;   // intervals
  };

  explicit SortedRun(const std::filesystem::path& folder)
      : path_(temporary_beside(folder / ".bedtok-universe")) {
    file_ = std::fopen(path_.string().c_str(), "wb+");
    if (file_ == nullptr) fail();
#if !defined(_WIN32)
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
#endif
  }
  ~SortedRun() {
    std::fclose(file_);
#if defined(_WIN32)
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
#endif
  }
  SortedRun(const SortedRun&) = delete;
  SortedRun& operator=(const SortedRun&) = delete;

  /// Appends the intervals of the next chromosome.
  void write(const std::string& chrom, const std::vector<SpilledInterval>& intervals,
             std::size_t bytes_each) {
    places_[chrom] = {size_, intervals.size()};
    for (const SpilledInterval& interval : intervals) {
      if (std::fwrite(&interval, bytes_each, 1, file_) != 1) fail();
    }
    size_ += intervals.size() * bytes_each;
  }
  void finish() {
    if (std::fflush(file_) != 0) fail();
  }

  Place place(std::string_view chrom) const {
    const auto found = places_.find(chrom);
    return found == places_.end() ? Place{} : found->second;
  }
  /// Reads `count` intervals from `offset` on.
  void read(std::uint64_t offset, std::size_t count, std::size_t bytes_each,
            std::vector<SpilledInterval>& to) const {
    std::vector<char> bytes(count * bytes_each);
    if (std::fseek(file_, static_cast<long>(offset), SEEK_SET) != 0 ||
        std::fread(bytes.data(), bytes_each, count, file_) != count) {
      fail();
    }
    to.assign(count, SpilledInterval{});
    for (std::size_t i = 0; i < count; ++i) {
      std::memcpy(&to[i], bytes.data() + i * bytes_each, bytes_each);
    }
  }

 private:
  [[noreturn]] void fail() const {
    throw std::filesystem::filesystem_error(
        "cannot write", path_, std::error_code(errno == 0 ? EIO : errno, std::generic_category()));
  }

  std::filesystem::path path_;
  std::FILE* file_ = nullptr;
  std::uint64_t size_ = 0;
  std::map<std::string, Place, std::less<>> places_;
};

/// Intervals of a chromosome in the order of their starts, from a run or from memory.
class RunCursor {
 public:
  RunCursor(const SortedRun* run, SortedRun::Place place, std::size_t bytes_each,
            std::size_t buffered)
      : run_(run), place_(place), bytes_each_(bytes_each), buffered_(buffered) {
    fill();
  }
  explicit RunCursor(std::vector<SpilledInterval> intervals) : buffer_(std::move(intervals)) {}

  bool done() const noexcept { return at_ == buffer_.size(); }
  const SpilledInterval& operator*() const noexcept { return buffer_[at_]; }
  void advance() {
    if (++at_ == buffer_.size()) fill();
  }

 private:
  void fill() {
    at_ = 0;
    buffer_.clear();
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(buffered_, place_.count));
    if (count == 0) return;
    check_interruption();
    run_->read(place_.offset, count, bytes_each_, buffer_);
    place_.offset += count * bytes_each_;
    place_.count -= count;
  }

  const SortedRun* run_ = nullptr;
  SortedRun::Place place_;
  std::size_t bytes_each_ = 0;
  std::size_t buffered_ = 0;
  std::vector<SpilledInterval> buffer_;
  std::size_t at_ = 0;
};

}  // namespace bedtok::io::detail

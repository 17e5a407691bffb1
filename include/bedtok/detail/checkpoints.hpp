// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "index_parts.hpp"

namespace bedtok::detail {

/// Adds the checkpoints of one chromosome, whose intervals are [first, last) by start.
///
/// What overlaps [start, end) is among those that the last checkpoint at or before `start` lists,
/// and those that start from there on. Checkpoints stand so close that this is worth reading:
///
///  - A checkpoint comes after as many starts as the one before lists (and not before `spacing`):
///    so that the lists hold at most one entry an interval more or less.
///  - Where most of what a query would look at ends before the next checkpoint, another one comes
///    where half of it has ended. So at least about half is live, less a constant, wherever a query
///    starts, and each interval pays for a bounded number of entries.
///
/// O(n) memory and time in all, O(1 + hits) a query.
template <class Coord>
class CheckpointBuilder {
 public:
  explicit CheckpointBuilder(IndexArrays<Coord>& arrays)
      : spans_(arrays.spans), checkpoints_(arrays.checkpoints), carried_(arrays.carried) {}

  void add(std::uint32_t first, std::uint32_t last, Coord max_end) {
    checkpoints_.push_back({0, static_cast<Coord>(first), carried_.size()});
    for (;;) {
      const std::uint64_t steps = std::max<std::uint64_t>(spacing, listed());
      if (last - checkpoints_.back().place <= steps) break;
      auto place = static_cast<std::uint32_t>(checkpoints_.back().place + steps);
      // What starts at one position stays together.
      while (place < last && spans_[place].start == spans_[place - 1].start) ++place;
      if (place == last) break;
      advance(static_cast<Coord>(spans_[place - 1].start + 1), place);
    }
    if (max_end > 0) halve(static_cast<Coord>(max_end - 1), last);
    checkpoints_.push_back(
        {std::numeric_limits<Coord>::max(), static_cast<Coord>(last), carried_.size()});
  }

 private:
  static constexpr std::uint64_t spacing = 8;

  std::uint64_t listed() const { return carried_.size() - checkpoints_.back().carried; }

  /// Adds a checkpoint, and those that are needed before it.
  void advance(Coord at, std::uint32_t place) {
    const Checkpoint<Coord> from = checkpoints_.back();
    const std::uint64_t carried = carried_.size();
    list(from, at, place);
    const std::uint64_t looked_at = carried - from.carried + place - from.place;
    if (is_wasteful(looked_at, carried_.size() - carried)) {
      carried_.resize(carried);
      halve(at, place);
      const Checkpoint<Coord> closer = checkpoints_.back();
      const std::uint64_t now = carried_.size();
      list(closer, at, place);
      checkpoints_.push_back({at, static_cast<Coord>(place), now});
      return;
    }
    checkpoints_.push_back({at, static_cast<Coord>(place), carried});
  }

  static bool is_wasteful(std::uint64_t looked_at, std::uint64_t live) {
    return live + 2 * spacing < looked_at / 2;
  }

  /// Lists what `from` lists and what starts behind it before `place`, if it ends behind `at`.
  void list(const Checkpoint<Coord>& from, Coord at, std::uint32_t place) {
    const std::size_t end = carried_.size();
    const auto listed = static_cast<std::size_t>(end - from.carried);
    carried_.resize(end + listed + static_cast<std::size_t>(place - from.place));
    // Each is written and kept if it is live: no branch can be predicted here.
    Carried<Coord>* out = carried_.data() + end;
    const Carried<Coord>* const list = out - listed;
    for (std::size_t i = 0; i < listed; ++i) {
      *out = list[i];
      out += list[i].end > at ? 1 : 0;
    }
    for (auto k = static_cast<std::uint32_t>(from.place); k < place; ++k) {
      *out = {spans_[k].end, static_cast<Coord>(k)};
      out += spans_[k].end > at ? 1 : 0;
    }
    carried_.resize(static_cast<std::size_t>(out - carried_.data()));
  }

  /// Adds checkpoints until half of what a query just before `at` looks at is live. `place` is the
  /// first interval behind.
  void halve(Coord at, std::uint32_t place) {
    for (;;) {
      const Checkpoint<Coord> from = checkpoints_.back();
      ends_.clear();
      for (std::uint64_t i = from.carried; i < carried_.size(); ++i) {
        ends_.push_back(carried_[i].end);
      }
      for (auto k = static_cast<std::uint32_t>(from.place); k < place; ++k)
        ends_.push_back(spans_[k].end);
      const auto live = static_cast<std::uint64_t>(
          std::count_if(ends_.begin(), ends_.end(), [at](Coord end) { return end > at; }));
      if (!is_wasteful(ends_.size(), live)) return;
      const auto middle = ends_.begin() + static_cast<std::ptrdiff_t>(ends_.size() / 2);
      std::nth_element(ends_.begin(), middle, ends_.end());
      const Coord half = *middle;
      if (half <= from.at) return;  // zero-length intervals at one place
      const std::uint64_t carried = carried_.size();
      const Span<Coord>* const next =
          std::partition_point(spans_.data() + from.place, spans_.data() + place,
                               [half](const Span<Coord>& span) { return span.start < half; });
      const auto next_place = static_cast<std::uint32_t>(next - spans_.data());
      list(from, half, next_place);
      checkpoints_.push_back({half, static_cast<Coord>(next_place), carried});
    }
  }

  const std::vector<Span<Coord>>& spans_;
  std::vector<Checkpoint<Coord>>& checkpoints_;
  std::vector<Carried<Coord>>& carried_;
  std::vector<Coord> ends_;
};

}  // namespace bedtok::detail

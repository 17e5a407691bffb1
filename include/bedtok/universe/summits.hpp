// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "coverage.hpp"
#include "sample_store.hpp"

namespace bedtok::universe {

/// The best of overlapping windows: the window with the best score stays, those that overlap it are
/// removed, and so on with the next best of the rest until none overlap. Of equal scores the window
/// that starts first is better. The result is disjoint and ordered by start; a window that overlaps
/// no other one stays. O(n log n).
///
/// Source: the iterative removal of overlaps of Corces et al. (Science 2018) and ArchR, which
/// removes round by round; a window that is the best of its neighbourhood is the same in both.
inline Intervals best_windows(std::vector<Window> windows, Coord width) {
  std::sort(windows.begin(), windows.end(), [](const Window& a, const Window& b) {
    return a.start != b.start ? a.start < b.start : a.score > b.score;
  });
  // Of windows at one place only the best counts.
  windows.erase(std::unique(windows.begin(), windows.end(),
                            [](const Window& a, const Window& b) { return a.start == b.start; }),
                windows.end());
  // Scores beside places, so that sorting looks at nothing else.
  std::vector<std::pair<double, std::size_t>> order(windows.size());
  for (std::size_t i = 0; i < windows.size(); ++i) order[i] = {-windows[i].score, i};
  std::sort(order.begin(), order.end());
  enum : char { open, kept, removed };
  std::vector<char> state(windows.size(), open);
  // Kept windows are disjoint, so that each window is looked at from two of them at most.
  for (const auto& [score, best] : order) {
    if (state[best] != open) continue;
    state[best] = kept;
    for (std::size_t k = best; k-- > 0 && windows[best].start - windows[k].start < width;) {
      state[k] = removed;
    }
    for (std::size_t k = best + 1;
         k < windows.size() && windows[k].start - windows[best].start < width; ++k) {
      state[k] = removed;
    }
  }
  Intervals result;
  for (std::size_t i = 0; i < windows.size(); ++i) {
    if (state[i] == kept) result.push_back(windows[i].start, windows[i].start + width);
  }
  return result;
}

}  // namespace bedtok::universe

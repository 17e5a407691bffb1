// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace bedtok::universe::detail {

/// The most likely states of a hidden Markov model whose observations come in runs of equal ones,
/// exactly, in O(log length) a run instead of O(length).
///
/// How it works. `step[i][j]` is the log probability of going from state i to j and observing what
/// the run holds. The best path of a whole run from i to j is the power step^length in the algebra
/// where sums are maxima and products are sums; it takes log2(length) squarings. A first pass over
/// the runs keeps, for each run and each state that it may end with, the state before the run. A
/// second pass goes back and splits the powers along that path into halves: a half that stays in
/// its state is one stretch, so that only changes of state are followed down to their base.
template <std::size_t States>
class RunViterbi {
 public:
  using Row = std::array<double, States>;
  using Matrix = std::array<Row, States>;

  /// Bases of one state, one behind the other.
  struct Stretch {
    std::uint8_t state;
    std::uint64_t length;
  };

  /// `transition` and `initial` are log probabilities; the latter is of the state before the first
  /// base.
  RunViterbi(const Matrix& transition, const Row& initial)
      : transition_(transition), best_(initial) {}

  /// Adds a run of `length` bases, 1 or more, whose observation has the log likelihoods `emission`.
  void add(std::uint64_t length, const Row& emission) {
    const Powers powers(transition_, emission, length);
    Run run{length, emission, {}, {}};
    for (std::size_t i = 0; i < States; ++i) {
      run.before[i] = static_cast<std::uint8_t>(i);
      run.stays[i] = true;
    }
    powers.for_each_digit(length, [&](const auto& power) {
      const Run so_far = run;
      const Row best = best_;
      for (std::size_t j = 0; j < States; ++j) {
        std::size_t from = 0;
        for (std::size_t i = 1; i < States; ++i) {
          if (best[i] + power.score[i][j] > best[from] + power.score[from][j]) from = i;
        }
        best_[j] = best[from] + power.score[from][j];
        run.before[j] = so_far.before[from];
        run.stays[j] = from == j && so_far.stays[j] && power.stays[j];
      }
    });
    runs_.push_back(run);
  }

  /// The log probability of the best path so far, and of the observations.
  double score() const { return *std::max_element(best_.begin(), best_.end()); }

  /// The states of all runs. Neighbours differ.
  std::vector<Stretch> path() const {
    std::vector<std::uint8_t> ends(runs_.size());
    auto state =
        static_cast<std::uint8_t>(std::max_element(best_.begin(), best_.end()) - best_.begin());
    for (std::size_t r = runs_.size(); r-- > 0;) {
      ends[r] = state;
      state = runs_[r].before[state];
    }
    std::vector<Stretch> stretches;
    for (std::size_t r = 0; r < runs_.size(); ++r) {
      if (state == ends[r] && runs_[r].stays[state]) {
        append(stretches, state, runs_[r].length);
      } else {
        const Powers powers(transition_, runs_[r].emission, runs_[r].length);
        powers.trace(runs_[r].length, state, ends[r], stretches);
      }
      state = ends[r];
    }
    return stretches;
  }

 private:
  static constexpr double infinity = std::numeric_limits<double>::infinity();

  struct Run {
    std::uint64_t length;
    Row emission;
    std::array<std::uint8_t, States> before;  // by the state at the end
    std::array<bool, States> stays;           // the same: the path never leaves it
  };

  static void append(std::vector<Stretch>& out, std::size_t state, std::uint64_t length) {
    if (!out.empty() && out.back().state == state) {
      out.back().length += length;
    } else {
      out.push_back({static_cast<std::uint8_t>(state), length});
    }
  }

  /// The powers 1, 2, 4 ... of a step, with the state in the middle of each path.
  class Powers {
   public:
    struct Power {
      Matrix score;
      std::array<std::array<std::uint8_t, States>, States> middle;
      std::array<bool, States> stays;  // from i to i without leaving it
    };

    Powers(const Matrix& transition, const Row& emission, std::uint64_t length) {
      Power one;
      for (std::size_t i = 0; i < States; ++i) {
        for (std::size_t j = 0; j < States; ++j) {
          one.score[i][j] = transition[i][j] + emission[j];
        }
        one.stays[i] = true;
      }
      powers_[count_++] = one;
      for (; count_ < most && (length >> count_) != 0; ++count_) {
        powers_[count_] = square(powers_[count_ - 1]);
      }
    }

    /// Calls `visit(power)` for each binary digit of `length`, from the lowest to the highest.
    template <class Visit>
    void for_each_digit(std::uint64_t length, Visit&& visit) const {
      for (std::size_t k = 0; k < count_; ++k) {
        if ((length >> k & 1) != 0) visit(powers_[k]);
      }
    }

    /// Appends the states of the best path of `length` bases from state `i`, before it, to `j`.
    void trace(std::uint64_t length, std::size_t i, std::size_t j,
               std::vector<Stretch>& out) const {
      // Forward from i through the binary digits, then back from j.
      std::vector<std::size_t> digits;
      for (std::size_t k = 0; k < count_; ++k) {
        if ((length >> k & 1) != 0) digits.push_back(k);
      }
      std::vector<std::array<std::uint8_t, States>> before(digits.size());
      Row best;
      best.fill(-infinity);
      best[i] = 0;
      for (std::size_t d = 0; d < digits.size(); ++d) {
        Row next;
        next.fill(-infinity);
        for (std::size_t to = 0; to < States; ++to) {
          for (std::size_t from = 0; from < States; ++from) {
            const double score = best[from] + powers_[digits[d]].score[from][to];
            if (score > next[to]) {
              next[to] = score;
              before[d][to] = static_cast<std::uint8_t>(from);
            }
          }
        }
        best = next;
      }
      std::vector<std::size_t> borders(digits.size() + 1);
      borders.back() = j;
      for (std::size_t d = digits.size(); d-- > 0;) borders[d] = before[d][borders[d + 1]];
      for (std::size_t d = 0; d < digits.size(); ++d) {
        expand(digits[d], borders[d], borders[d + 1], out);
      }
    }

   private:
    static Power square(const Power& half) {
      Power power;
      for (std::size_t i = 0; i < States; ++i) {
        for (std::size_t j = 0; j < States; ++j) {
          power.score[i][j] = -infinity;
          power.middle[i][j] = 0;
          for (std::size_t m = 0; m < States; ++m) {
            const double score = half.score[i][m] + half.score[m][j];
            if (score > power.score[i][j]) {
              power.score[i][j] = score;
              power.middle[i][j] = static_cast<std::uint8_t>(m);
            }
          }
        }
        power.stays[i] = half.stays[i] && power.middle[i][i] == i;
      }
      return power;
    }

    void expand(std::size_t k, std::size_t i, std::size_t j, std::vector<Stretch>& out) const {
      if (k == 0 || (i == j && powers_[k].stays[i])) {
        append(out, j, std::uint64_t{1} << k);
        return;
      }
      const std::size_t middle = powers_[k].middle[i][j];
      expand(k - 1, i, middle, out);
      expand(k - 1, middle, j, out);
    }

    static constexpr std::size_t most = 32;  // a run is shorter than 2^32 bases
    std::array<Power, most> powers_;
    std::size_t count_ = 0;
  };

  Matrix transition_;
  Row best_;
  std::vector<Run> runs_;
};

}  // namespace bedtok::universe::detail

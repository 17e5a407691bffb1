// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <bedtok/region_set.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

// What the engines are measured on: seeded intervals and queries, the same on every platform.
namespace workloads {

using Coord = std::uint32_t;
using Random = std::mt19937_64;

/// Intervals as columns; a chromosome is a number below `chroms`.
struct Intervals {
  std::size_t chroms = 0;
  std::vector<std::uint32_t> chrom;
  std::vector<Coord> start;
  std::vector<Coord> end;

  std::size_t size() const { return start.size(); }
  void add(std::uint32_t on, Coord from, Coord to) {
    chrom.push_back(on);
    start.push_back(from);
    end.push_back(to);
  }
};

struct Workload {
  Intervals intervals;
  Intervals queries;
};

/// What a workload is called, and how it is made. `scale` divides the sizes for a quick look.
struct Recipe {
  std::string name;
  bool in_full_runs;  // otherwise only where the name is asked for
  std::function<Workload(Random&, std::size_t scale)> make;
};

/// A number in [low, high]. Of the same bits everywhere, unlike std::uniform_int_distribution.
inline std::uint64_t pick(Random& random, std::uint64_t low, std::uint64_t high) {
  return low + random() % (high - low + 1);
}

/// The chromosomes of a human genome, in millions of base pairs.
inline const std::vector<std::uint64_t>& genome() {
  static const std::vector<std::uint64_t> sizes = {248, 242, 198, 190, 181, 170, 159, 145,
                                                   138, 133, 135, 133, 114, 107, 101, 90,
                                                   83,  80,  58,  64,  46,  50,  156, 57};
  return sizes;
}
constexpr std::uint64_t million = 1000000;
inline std::uint64_t genome_size() {
  return million * std::accumulate(genome().begin(), genome().end(), std::uint64_t{0});
}

/// Picks chromosomes by their share of the genome.
inline std::pair<std::uint32_t, Coord> place(Random& random) {
  std::uint64_t at = pick(random, 0, genome_size() - 1);
  std::uint32_t chrom = 0;
  while (at >= genome()[chrom] * million) at -= genome()[chrom++] * million;
  return {chrom, static_cast<Coord>(at)};
}

/// The order of (chromosome, start, end).
inline void sort(Intervals& set) {
  std::vector<std::uint32_t> order(set.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    if (set.chrom[a] != set.chrom[b]) return set.chrom[a] < set.chrom[b];
    if (set.start[a] != set.start[b]) return set.start[a] < set.start[b];
    return set.end[a] < set.end[b];
  });
  Intervals sorted;
  sorted.chroms = set.chroms;
  for (const std::uint32_t i : order) sorted.add(set.chrom[i], set.start[i], set.end[i]);
  set = std::move(sorted);
}

inline void shuffle(Intervals& set, Random& random) {
  for (std::size_t i = set.size(); i > 1; --i) {
    const std::size_t k = pick(random, 0, i - 1);
    std::swap(set.chrom[i - 1], set.chrom[k]);
    std::swap(set.start[i - 1], set.start[k]);
    std::swap(set.end[i - 1], set.end[k]);
  }
}

/// About `count` sorted peaks of 150 to 650 base pairs with exponential gaps. One in a hundred
/// times `percent_overlapping`, a peak begins inside the one before.
inline Intervals peaks(Random& random, std::size_t count, unsigned percent_overlapping) {
  Intervals set;
  set.chroms = genome().size();
  const double spacing = static_cast<double>(genome_size()) / static_cast<double>(count);
  const std::uint64_t width = std::min<std::uint64_t>(400, static_cast<std::uint64_t>(spacing / 3));
  const double gap = spacing - static_cast<double>(width);
  for (std::uint32_t c = 0; c < genome().size(); ++c) {
    std::uint64_t at = 0;
    for (;;) {
      const double u = (static_cast<double>(pick(random, 0, million - 1)) + 0.5) / million;
      at += static_cast<std::uint64_t>(-gap * std::log(u)) + 1;
      const std::uint64_t length = width / 2 + pick(random, 0, width);
      if (at + length >= genome()[c] * million) break;
      set.add(c, static_cast<Coord>(at), static_cast<Coord>(at + length));
      at += pick(random, 0, 99) < percent_overlapping ? length / 2 : length;
    }
  }
  if (percent_overlapping != 0) sort(set);
  return set;
}

/// Queries of 150 to 650 base pairs: `percent_near` of them lie over an interval, the others
/// anywhere.
inline Intervals queries(Random& random, const Intervals& set, std::size_t count,
                         unsigned percent_near, std::uint64_t width = 400) {
  Intervals queries;
  queries.chroms = set.chroms;
  for (std::size_t i = 0; i < count; ++i) {
    auto [chrom, at] = place(random);
    const std::uint64_t length = width / 2 + pick(random, 0, width);
    if (pick(random, 0, 99) < percent_near || set.chroms != genome().size()) {
      const std::size_t k = pick(random, 0, set.size() - 1);
      chrom = set.chrom[k];
      const std::uint64_t inside = set.start[k] + pick(random, 0, set.end[k] - set.start[k] - 1);
      at = static_cast<Coord>(inside - std::min(inside, pick(random, 0, length - 1)));
    }
    queries.add(chrom, at, static_cast<Coord>(at + length));
  }
  return queries;
}

inline Workload vocabulary(Random& random, std::size_t intervals, std::size_t count,
                           unsigned percent_overlapping = 0) {
  Workload w;
  w.intervals = peaks(random, intervals, percent_overlapping);
  w.queries = queries(random, w.intervals, count, 75);
  return w;
}

/// Widths 2^6 to 2^24, each power of two as often as any other: many live at every place.
inline Workload nested(Random& random, std::size_t scale) {
  Workload w;
  w.intervals.chroms = genome().size();
  while (w.intervals.size() < 200000 / scale) {
    const auto [chrom, at] = place(random);
    const double power = 6 + 18.0 * static_cast<double>(pick(random, 0, million)) / million;
    w.intervals.add(chrom, at, at + static_cast<Coord>(std::exp2(power)));
  }
  sort(w.intervals);
  w.queries = queries(random, w.intervals, 200000 / scale, 0, 200000);
  return w;
}

inline Workload one_long(Random& random, std::size_t scale) {
  Workload w;
  w.intervals.chroms = genome().size();
  const std::size_t count = 100000 / scale;
  const auto spacing = static_cast<Coord>(240 * million / count);
  w.intervals.add(0, 0, static_cast<Coord>(241 * million));
  for (std::size_t i = 0; i < count; ++i) {
    const auto at = static_cast<Coord>(i * spacing + pick(random, 1, spacing / 2));
    w.intervals.add(0, at, at + spacing / 3);
  }
  w.queries = queries(random, w.intervals, 500000 / scale, 100);
  return w;
}

/// Thirty samples' calls of the same peaks.
inline Workload piled(Random& random, std::size_t scale) {
  Workload w;
  w.intervals.chroms = genome().size();
  for (std::size_t pile = 0; pile < 30000 / scale; ++pile) {
    auto [chrom, at] = place(random);
    for (int depth = 0; depth < 30; ++depth) {
      const auto start = static_cast<Coord>(at + pick(random, 0, 100));
      w.intervals.add(chrom, start, start + static_cast<Coord>(pick(random, 300, 700)));
    }
  }
  sort(w.intervals);
  w.queries = queries(random, w.intervals, 300000 / scale, 100);
  return w;
}

inline Workload contigs(Random& random, std::size_t scale) {
  Workload w;
  w.intervals.chroms = 50000 / scale;
  for (std::uint32_t c = 0; c < w.intervals.chroms; ++c) {
    Coord at = 0;
    for (int i = 0; i < 4; ++i) {
      at += static_cast<Coord>(pick(random, 100, 3000));
      w.intervals.add(c, at, at + 400);
      at += 400;
    }
  }
  w.queries = queries(random, w.intervals, 500000 / scale, 75);
  return w;
}

inline Workload tiles(Random& random, Coord width, std::size_t scale) {
  Workload w;
  w.intervals.chroms = genome().size();
  for (std::uint32_t c = 0; c < genome().size(); ++c) {
    const auto size = static_cast<Coord>(genome()[c] * million / scale);
    for (Coord at = 0; at + width <= size; at += width) w.intervals.add(c, at, at + width);
  }
  w.queries = queries(random, w.intervals, 1000000 / scale, 100);
  return w;
}

inline Workload one_place(Random& random, std::size_t scale) {
  Workload w;
  w.intervals = peaks(random, 890704 / scale, 0);
  const std::size_t k = w.intervals.size() / 2;
  w.queries.chroms = w.intervals.chroms;
  for (std::size_t i = 0; i < 1000000 / scale; ++i) {
    const auto at = static_cast<Coord>(w.intervals.start[k] + pick(random, 0, 20000));
    w.queries.add(w.intervals.chrom[k], at, at + 400);
  }
  return w;
}

/// Queries a hundred times as wide as the peaks, and five times as wide as that.
inline Workload wide(Random& random, std::size_t scale, std::uint64_t width) {
  Workload w;
  w.intervals = peaks(random, 890704 / scale, 0);
  w.queries = queries(random, w.intervals, 200000 / scale, 0, width);
  return w;
}

inline Workload unsorted(Random& random, std::size_t scale, unsigned percent_overlapping) {
  Workload w = vocabulary(random, 890704 / scale, 1000000 / scale, percent_overlapping);
  shuffle(w.intervals, random);
  return w;
}

inline std::vector<Recipe> all() {
  return {
      {"disjoint", true,
       [](Random& r, std::size_t s) { return vocabulary(r, 890704 / s, 1000000 / s); }},
      {"overlaps-5pct", true,
       [](Random& r, std::size_t s) { return vocabulary(r, 890704 / s, 1000000 / s, 5); }},
      {"nested", true, nested},
      {"one-long", true, one_long},
      {"piled-30", true, piled},
      {"contigs-50k", true, contigs},
      {"tiles-500", true, [](Random& r, std::size_t s) { return tiles(r, 500, s); }},
      {"tiles-5k", true, [](Random& r, std::size_t s) { return tiles(r, 5000, s); }},
      {"one-place", true, one_place},
      {"wide-40k", true, [](Random& r, std::size_t s) { return wide(r, s, 40000); }},
      {"wide-200k", true, [](Random& r, std::size_t s) { return wide(r, s, 200000); }},
      {"unsorted", true, [](Random& r, std::size_t s) { return unsorted(r, s, 0); }},
      {"unsorted-overlaps", true, [](Random& r, std::size_t s) { return unsorted(r, s, 5); }},
      {"vocabulary-10m", true,
       [](Random& r, std::size_t s) { return vocabulary(r, 10000000 / s, 1000000 / s); }},
      {"vocabulary-100m", false,
       [](Random& r, std::size_t s) { return vocabulary(r, 100000000 / s, 1000000 / s); }},
  };
}

}  // namespace workloads

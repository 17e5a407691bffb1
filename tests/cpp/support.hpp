// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <bedtok/chrom_table.hpp>
#include <bedtok/region.hpp>
#include <bedtok/region_set.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <random>
#include <string>
#include <tuple>
#include <vector>

// Test helpers that need only the core.
namespace support {

/// The text of the `Expected` that `call` throws; other exceptions pass, none is a text of its own.
template <class Expected, class Call>
std::string message_of(Call&& call) {
  try {
    call();
  } catch (const Expected& error) {
    return error.what();
  }
  return "nothing was thrown";
}

/// How many of `count` random rounds to take: fewer under ThreadSanitizer, which takes its time and
/// looks for races, not for wrong results. The other builds take them all.
constexpr int rounds(int count) {
#if defined(__SANITIZE_THREAD__)
  return count / 8;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
  return count / 8;
#else
  return count;
#endif
#else
  return count;
#endif
}

/// A whole number from the environment.
inline std::uint64_t setting(const char* name, std::uint64_t usual) {
  const char* text = std::getenv(name);
  return text == nullptr ? usual : std::strtoull(text, nullptr, 10);
}

/// What a random test against a loop over all pairs draws from. BEDTOK_SEED gives other cases.
inline std::mt19937_64 random_source(std::uint64_t seed) {
  return std::mt19937_64(seed + 1000003 * setting("BEDTOK_SEED", 0));
}

/// How many random cases such a test takes: BEDTOK_ROUNDS times as many as usual. All of them are
/// summed up when the program ends.
inline int cases(int usual) {
  struct Sum {
    std::uint64_t cases = 0;
    ~Sum() {
      std::printf("random cases: %llu (BEDTOK_SEED=%llu)\n", static_cast<unsigned long long>(cases),
                  static_cast<unsigned long long>(setting("BEDTOK_SEED", 0)));
    }
  };
  static Sum sum;
  const int count = rounds(usual) * static_cast<int>(setting("BEDTOK_ROUNDS", 1));
  sum.cases += static_cast<std::uint64_t>(count);
  return count;
}

/// A number in [low, high]; the same on every platform, unlike std::uniform_int_distribution.
inline std::uint64_t pick(std::mt19937_64& random, std::uint64_t low, std::uint64_t high) {
  const std::uint64_t width = high - low + 1;  // 0 stands for all 64 bits
  return width == 0 ? random() : low + random() % width;
}

using Sizes = std::initializer_list<std::size_t>;

/// One region of the naive double loop.
struct Hit {
  std::uint64_t start;
  std::uint64_t end;
  std::uint32_t id;

  friend bool operator<(const Hit& a, const Hit& b) {
    return std::tie(a.start, a.end, a.id) < std::tie(b.start, b.end, b.id);
  }
  friend bool operator==(const Hit& a, const Hit& b) {
    return std::tie(a.start, a.end, a.id) == std::tie(b.start, b.end, b.id);
  }
};

/// All regions of `set` on the chromosome called `chrom` that overlap [start, end), by
/// (start, end, id). The overlap is spelled out here and not taken from the library.
template <class Coord, class Payload>
std::vector<Hit> overlaps_by_scan(const bedtok::RegionSet<Coord, Payload>& set,
                                  const std::string& chrom, std::uint64_t start,
                                  std::uint64_t end) {
  std::vector<Hit> hits;
  for (std::size_t i = 0; i < set.size(); ++i) {
    if (set.chrom(i) != chrom) continue;
    if (set.starts()[i] < end && start < set.ends()[i]) {
      hits.push_back({set.starts()[i], set.ends()[i], static_cast<std::uint32_t>(i)});
    }
  }
  std::sort(hits.begin(), hits.end());
  return hits;
}

/// `count` regions on `chroms` chromosomes (chr0, chr1, ...) in random order, starts below `span`,
/// no longer than `longest`; zero lengths and repeats occur.
template <class Coord>
bedtok::RegionSet<Coord> random_regions(std::mt19937_64& random, std::size_t count,
                                        std::uint64_t chroms, std::uint64_t span,
                                        std::uint64_t longest) {
  std::vector<bedtok::Region<Coord>> regions;
  for (std::size_t i = 0; i < count; ++i) {
    if (!regions.empty() && pick(random, 0, 9) == 0) {
      regions.push_back(regions[pick(random, 0, regions.size() - 1)]);
      continue;
    }
    const std::uint64_t start = pick(random, 0, span - 1);
    regions.push_back({"chr" + std::to_string(pick(random, 0, chroms - 1)),
                       static_cast<Coord>(start),
                       static_cast<Coord>(start + pick(random, 0, longest)),
                       {}});
  }
  return bedtok::RegionSet<Coord>(regions);
}

}  // namespace support

// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

namespace bedtok::detail {

/// Regions of one group ordered by start, as words (start << 32 | position): the start lies in the
/// upper half, the region's position in the lower.
struct StartOrder {
  std::vector<std::uint64_t> words;  // all groups, one behind the other
  std::vector<std::size_t> first;    // where each group begins; one more than the groups

  static std::uint32_t start(std::uint64_t word) noexcept {
    return static_cast<std::uint32_t>(word >> 32);
  }
  static std::uint32_t position(std::uint64_t word) noexcept {
    return static_cast<std::uint32_t>(word);
  }
};

/// Orders regions by (group, start), where `group_of(i)` is a number below `groups`; regions that
/// agree in both keep their order. O(n).
///
/// Radix passes over the start bits that are in use leave the position as the tie-breaker for free.
/// Groups are sorted one by one, because a chromosome's words fit the cache where the whole set's
/// do not.
template <class GroupOf, class Starts>
StartOrder order_by_start(GroupOf&& group_of, std::size_t groups, const Starts& starts) {
  const std::size_t n = starts.size();
  StartOrder order{std::vector<std::uint64_t>(n), std::vector<std::size_t>(groups + 1, 0)};
  std::vector<std::size_t>& first = order.first;
  for (std::size_t i = 0; i < n; ++i) ++first[group_of(i) + 1];
  std::partial_sum(first.begin(), first.end(), first.begin());
  {
    std::vector<std::size_t> next(first.begin(), first.end() - 1);
    for (std::size_t i = 0; i < n; ++i) {
      order.words[next[group_of(i)]++] = (std::uint64_t{starts[i]} << 32) | i;
    }
  }

  constexpr unsigned digit_bits = 11;
  constexpr unsigned passes = 3;
  constexpr std::size_t digits = std::size_t{1} << digit_bits;
  constexpr std::size_t small = 512;  // a comparison sort wins below
  const auto digit = [](std::uint64_t word, unsigned pass) {
    return static_cast<std::size_t>(word >> (32 + pass * digit_bits)) & (digits - 1);
  };
  std::vector<std::uint64_t> spare;
  for (std::size_t g = 0; g < groups; ++g) {
    std::uint64_t* const begin = order.words.data() + first[g];
    const std::size_t count = first[g + 1] - first[g];
    if (count <= small) {
      std::sort(begin, begin + count);
      continue;
    }
    std::array<std::array<std::uint32_t, digits>, passes> next{};
    for (std::size_t i = 0; i < count; ++i) {
      for (unsigned pass = 0; pass < passes; ++pass) ++next[pass][digit(begin[i], pass)];
    }
    spare.resize(std::max(spare.size(), count));
    std::uint64_t* from = begin;
    std::uint64_t* to = spare.data();
    for (unsigned pass = 0; pass < passes; ++pass) {
      if (next[pass][digit(from[0], pass)] == count) continue;  // all have the same digit
      std::uint32_t sum = 0;
      for (std::uint32_t& slot : next[pass]) sum += std::exchange(slot, sum);
      for (std::size_t i = 0; i < count; ++i) to[next[pass][digit(from[i], pass)]++] = from[i];
      std::swap(from, to);
    }
    if (from != begin) std::copy(from, from + count, begin);
  }
  return order;
}

/// Positions in that order, for wider coordinates or more regions than 32 bits count.
template <class Position, class Group, class Starts>
std::vector<Position> stable_order_by_start(const Group& group, const Starts& starts) {
  std::vector<Position> order(starts.size());
  std::iota(order.begin(), order.end(), Position{0});
  std::stable_sort(order.begin(), order.end(), [&](Position a, Position b) {
    return group[a] != group[b] ? group[a] < group[b] : starts[a] < starts[b];
  });
  return order;
}

/// Whether regions are in the order of (group, start, end). Looks at blocks without a branch
/// inside, which compilers turn into vector instructions.
template <class Group, class Starts>
bool are_ordered(const Group& group, const Starts& starts, const Starts& ends) {
  using Coord = typename Starts::value_type;
  constexpr std::size_t block = 4096;
  const std::uint32_t* const g = group.data();
  const Coord* const s = starts.data();
  const Coord* const e = ends.data();
  for (std::size_t first = 1; first < starts.size(); first += block) {
    const std::size_t last = std::min(first + block, starts.size());
    std::uint32_t wrong = 0;
    for (std::size_t i = first; i < last; ++i) {
      const std::uint32_t ends_fall = (s[i - 1] == s[i]) & (e[i - 1] > e[i]);
      const std::uint32_t starts_fall = s[i - 1] > s[i];
      wrong |= std::uint32_t{g[i - 1] > g[i]} | ((g[i - 1] == g[i]) & (starts_fall | ends_fall));
    }
    if (wrong != 0) return false;
  }
  return true;
}

/// The same order, and among regions that agree in group and start that of their ends.
template <class GroupOf, class Starts>
StartOrder order_by_start_and_end(GroupOf&& group_of, std::size_t groups, const Starts& starts,
                                  const Starts& ends) {
  StartOrder order = order_by_start(group_of, groups, starts);
  for (std::size_t g = 0; g < groups; ++g) {
    std::uint64_t* const end = order.words.data() + order.first[g + 1];
    for (std::uint64_t* from = order.words.data() + order.first[g]; from != end;) {
      std::uint64_t* to = from + 1;
      while (to != end && StartOrder::start(*to) == StartOrder::start(*from)) ++to;
      if (to - from > 1) {
        std::stable_sort(from, to, [&ends](std::uint64_t a, std::uint64_t b) {
          return ends[StartOrder::position(a)] < ends[StartOrder::position(b)];
        });
      }
      from = to;
    }
  }
  return order;
}

/// Positions ordered by (group, start, end, position); empty when they already are, so that the
/// usual sorted vocabulary costs one pass and no memory. At most 2^32 - 1 regions. Columns are
/// vectors or arrays.
template <class Group, class Starts>
std::vector<std::uint32_t> interval_order(const Group& group, std::size_t groups,
                                          const Starts& starts, const Starts& ends) {
  if (are_ordered(group, starts, ends)) return {};
  const std::size_t n = starts.size();
  std::vector<std::uint32_t> order;
  if constexpr (sizeof(typename Starts::value_type) == 4) {
    const StartOrder by_start =
        order_by_start_and_end([&group](std::size_t i) { return group[i]; }, groups, starts, ends);
    order.reserve(n);
    for (const std::uint64_t word : by_start.words) order.push_back(StartOrder::position(word));
  } else {
    order.resize(n);
    std::iota(order.begin(), order.end(), std::uint32_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
      return group[a] != group[b]     ? group[a] < group[b]
             : starts[a] != starts[b] ? starts[a] < starts[b]
                                      : ends[a] < ends[b];
    });
  }
  return order;
}

}  // namespace bedtok::detail

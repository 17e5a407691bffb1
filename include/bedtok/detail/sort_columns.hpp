// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <vector>

#include "huge_pages.hpp"

namespace bedtok::detail {

/// Sorts words by their upper halves, stable, by radix passes over bytes.
class WordSorter {
 public:
  /// Hands each word to `place(position, word)`, in the order of the positions. `words` may be
  /// overwritten. O(count).
  template <class Place>
  void sort(std::uint64_t* words, std::size_t count, Place&& place) {
    constexpr std::size_t small = 128;  // a comparison sort wins below
    if (count <= small) {
      std::stable_sort(words, words + count,
                       [](std::uint64_t a, std::uint64_t b) { return a >> 32 < b >> 32; });
      for (std::size_t i = 0; i < count; ++i) place(i, words[i]);
      return;
    }
    for (auto& counts : next_) counts.fill(0);
    for (std::size_t i = 0; i < count; ++i) {
      ++next_[0][digit<0>(words[i])];
      ++next_[1][digit<1>(words[i])];
      ++next_[2][digit<2>(words[i])];
      ++next_[3][digit<3>(words[i])];
    }
    if (spare_.size() < count) spare_.resize(count);
    std::uint64_t* from = words;
    std::uint64_t* to = spare_.data();
    const auto swap_after = [&](bool passed) {
      if (passed) std::swap(from, to);
    };
    swap_after(pass<0>(from, to, count));
    swap_after(pass<1>(from, to, count));
    swap_after(pass<2>(from, to, count));
    swap_after(pass<3>(from, to, count));
    for (std::size_t i = 0; i < count; ++i) place(i, from[i]);
  }

 private:
  static constexpr std::size_t digits = 256;

  template <unsigned number>
  static std::size_t digit(std::uint64_t word) noexcept {
    return static_cast<std::size_t>(word >> (32 + 8 * number)) % digits;
  }

  /// False where there is nothing to do, because all words have the same digit.
  template <unsigned number>
  bool pass(const std::uint64_t* from, std::uint64_t* to, std::size_t count) {
    auto& next = next_[number];
    if (next[digit<number>(from[0])] == count) return false;
    std::exclusive_scan(next.begin(), next.end(), next.begin(), std::uint32_t{0});
    for (std::size_t i = 0; i < count; ++i) to[next[digit<number>(from[i])]++] = from[i];
    return true;
  }

  std::array<std::array<std::uint32_t, digits>, 4> next_;  // where a digit's next word goes
  std::vector<std::uint64_t> spare_;
};

/// The number of bits up to the highest that is set.
inline unsigned bit_width(std::uint32_t value) noexcept {
  unsigned bits = 0;
  while (bits < 32 && (value >> bits) != 0) ++bits;
  return bits;
}

/// Sorts three columns of one length by (rank of the group, start), stable. `rank` has a number
/// below its size for each group. Fewer than 2^32 regions. O(n), and 8 bytes a region meanwhile.
///
/// Start and end travel as one word, so that nothing is gathered from all over the memory in the
/// end. The words go to bins by group and highest bits of the start, so many that a bin is sorted
/// near the processor, and so few that the bins are filled side by side.
inline void sort_columns(std::vector<std::uint32_t>& groups, const std::vector<std::uint32_t>& rank,
                         std::vector<std::uint32_t>& starts, std::vector<std::uint32_t>& ends) {
  const std::size_t n = starts.size();
  constexpr std::size_t words_of_a_bin = 4096;
  const std::size_t most_bins = std::min<std::size_t>(n / words_of_a_bin, 4096);
  std::uint32_t any = 0;
  for (const std::uint32_t start : starts) any |= start;
  unsigned shift = bit_width(any);
  while (shift != 0 && rank.size() * ((std::uint64_t{any} >> (shift - 1)) + 1) <= 2 * most_bins) {
    --shift;
  }
  const std::size_t bins_of_a_group = static_cast<std::size_t>((std::uint64_t{any} >> shift) + 1);
  std::vector<std::uint32_t> first_bin;  // of each group
  for (const std::uint32_t place : rank) {
    first_bin.push_back(static_cast<std::uint32_t>(place * bins_of_a_group));
  }
  const auto bin_of = [&](std::size_t i) {
    return first_bin[groups[i]] + static_cast<std::uint32_t>(std::uint64_t{starts[i]} >> shift);
  };

  std::vector<std::uint32_t> next(rank.size() * bins_of_a_group + 1, 0);
  for (std::size_t i = 0; i < n; ++i) ++next[bin_of(i) + 1];
  std::partial_sum(next.begin(), next.end(), next.begin());
  // Not a vector, which would write zeros first.
  const std::unique_ptr<std::uint64_t[]> words(new std::uint64_t[n]);
  prefer_huge_pages(words.get(), n * sizeof(std::uint64_t));
  for (std::size_t i = 0; i < n; ++i) {
    words[next[bin_of(i)]++] = (std::uint64_t{starts[i]} << 32) | ends[i];
  }
  // Now each entry of `next` is the end of its bin.
  WordSorter sorter;
  std::vector<std::uint32_t> group_of(rank.size());
  for (std::size_t group = 0; group < rank.size(); ++group) {
    group_of[rank[group]] = static_cast<std::uint32_t>(group);
  }
  std::size_t begin = 0;
  for (std::size_t bin = 0; bin + 1 < next.size(); ++bin) {
    const std::size_t end = next[bin];
    std::fill(groups.begin() + static_cast<std::ptrdiff_t>(begin),
              groups.begin() + static_cast<std::ptrdiff_t>(end), group_of[bin / bins_of_a_group]);
    sorter.sort(words.get() + begin, end - begin, [&](std::size_t i, std::uint64_t word) {
      starts[begin + i] = static_cast<std::uint32_t>(word >> 32);
      ends[begin + i] = static_cast<std::uint32_t>(word);
    });
    begin = end;
  }
}

}  // namespace bedtok::detail

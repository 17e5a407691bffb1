// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <cstring>

// MSVC has no macro for SSE2, which every x86-64 has.
#if defined(__SSE2__) || defined(_M_X64)
#define BEDTOK_SSE2
#include <emmintrin.h>
#endif
#if defined(_MSC_VER) && defined(_WIN64)
#include <intrin.h>
#endif

namespace bedtok::detail {

/// A bit for each of the 32 bytes from `at` on, the lowest for the first: set for a tab or a line
/// end.
///
/// With it the fields of a line are known after one step. Searching for one after the other would
/// make each wait for the one before, and the next line for all of them.
inline std::uint32_t separators(const char* at) noexcept {
#if defined(BEDTOK_SSE2)
  const __m128i tab = _mm_set1_epi8('\t');
  const __m128i line_end = _mm_set1_epi8('\n');
  const auto marks = [&](const char* from) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    return static_cast<std::uint32_t>(_mm_movemask_epi8(
        _mm_or_si128(_mm_cmpeq_epi8(bytes, tab), _mm_cmpeq_epi8(bytes, line_end))));
  };
  return marks(at) | (marks(at + 16) << 16);
#else
  std::uint32_t marks = 0;
  for (unsigned i = 0; i < 32; ++i) {
    marks |= static_cast<std::uint32_t>(at[i] == '\t' || at[i] == '\n') << i;
  }
  return marks;
#endif
}

/// A bit for each of 64 bytes: tabs, and line ends.
struct LineMarks {
  std::uint64_t tabs;
  std::uint64_t line_ends;
};

/// The marks of the 64 bytes from `at` on, the lowest bit for the first.
inline LineMarks line_marks(const char* at) noexcept {
  LineMarks marks{0, 0};
#if defined(BEDTOK_SSE2)
  for (unsigned i = 0; i < 64; i += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + i));
    const auto equal = [&](char c) {
      return std::uint64_t{static_cast<std::uint32_t>(
                 _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(c))))}
             << i;
    };
    marks.tabs |= equal('\t');
    marks.line_ends |= equal('\n');
  }
#else
  for (unsigned i = 0; i < 64; ++i) {
    marks.tabs |= static_cast<std::uint64_t>(at[i] == '\t') << i;
    marks.line_ends |= static_cast<std::uint64_t>(at[i] == '\n') << i;
  }
#endif
  return marks;
}

/// The position of the lowest set bit; `marks` is not zero.
inline unsigned lowest_bit(std::uint64_t marks) noexcept {
#if defined(__GNUC__)
  return static_cast<unsigned>(__builtin_ctzll(marks));
#elif defined(_MSC_VER) && defined(_WIN64)
  unsigned long at = 0;
  _BitScanForward64(&at, marks);
  return at;
#else
  unsigned at = 0;
  for (; (marks & 1) == 0; marks >>= 1) ++at;
  return at;
#endif
}

}  // namespace bedtok::detail

#undef BEDTOK_SSE2

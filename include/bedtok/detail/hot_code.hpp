// SPDX-License-Identifier: BSD-2-Clause
#pragma once

// Hints to the compiler for inner loops; where it does not know them, nothing.
#if defined(__GNUC__)
#define BEDTOK_ALWAYS_INLINE __attribute__((always_inline))
#define BEDTOK_NEVER_INLINE __attribute__((noinline))
#else
#define BEDTOK_ALWAYS_INLINE
#define BEDTOK_NEVER_INLINE
#endif

namespace bedtok::detail {

/// Asks for the memory at `address`, which will be read soon.
inline void prefetch(const void* address) noexcept {
#if defined(__GNUC__)
  __builtin_prefetch(address);
#else
  (void)address;
#endif
}

}  // namespace bedtok::detail

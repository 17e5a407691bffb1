// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace bedtok::detail {

/// Asks the system for pages of 2 MiB for memory that is about to be filled for the first time: the
/// kernel hands out an array of many megabytes in a tenth of the steps. Only a hint: contents and
/// addresses stay, memory that is never touched costs nothing, and where the system has no such
/// pages nothing happens. Small memory is left as it is.
inline void prefer_huge_pages([[maybe_unused]] void* data,
                              [[maybe_unused]] std::size_t bytes) noexcept {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  constexpr std::size_t huge = std::size_t{1} << 21;
  constexpr std::uintptr_t page = 4096;  // where the system's are larger, it refuses
  if (bytes < huge) return;
  const auto begin = (reinterpret_cast<std::uintptr_t>(data) + page - 1) / page * page;
  const auto end = (reinterpret_cast<std::uintptr_t>(data) + bytes) / page * page;
  static_cast<void>(::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE));
#endif
}

/// Reserves room in a vector, with that hint.
template <class Vector>
void reserve_huge(Vector& values, std::size_t count) {
  if (count <= values.capacity()) return;
  values.reserve(count);
  prefer_huge_pages(values.data(), values.capacity() * sizeof(typename Vector::value_type));
}

}  // namespace bedtok::detail

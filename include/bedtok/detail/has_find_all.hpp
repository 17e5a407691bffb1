// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

#include "../chrom_table.hpp"

namespace bedtok::detail {

/// Whether an index has `find_all`, the fast path for many queries at once, as OverlapIndex does.
template <class Index, class = void>
struct has_find_all : std::false_type {};
template <class Index>
struct has_find_all<
    Index,
    std::void_t<decltype(std::size_t{std::declval<const Index&>().find_all(
        std::declval<const std::vector<ChromTable::Id>&>(),
        std::declval<const std::vector<ChromTable::Id>&>(),
        std::declval<const std::vector<typename Index::coord_type>&>(),
        std::declval<const std::vector<typename Index::coord_type>&>(), std::size_t{},
        std::size_t{}, std::declval<void (*)(const std::uint32_t*, const std::uint32_t*)>())})>>
    : std::true_type {};

}  // namespace bedtok::detail

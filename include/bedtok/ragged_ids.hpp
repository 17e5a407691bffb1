// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace bedtok {

/// The ids of cells in one array: those of cell i are values[offsets[i]] to
/// values[offsets[i + 1] - 1].
struct RaggedIds {
  std::vector<std::int64_t> offsets;  ///< one more than the cells
  /// Memory that is not filled with zeros first, which would touch all of it once more.
  std::unique_ptr<std::int32_t[]> values;
};

}  // namespace bedtok

// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace bedtok {

/// What models take as an id: 64 bits, so that the arrays pass to them without a conversion.
using TokenId = std::int64_t;

/// A special token among the regions of a sample: in front of the region at position `before`, or
/// at the end where `before` is the number of regions.
struct InlineToken {
  std::size_t before;
  TokenId id;
};

/// One tokenized sample. The vectors that are filled have one entry a token.
struct Encoding {
  std::vector<TokenId> input_ids;
  /// 1 for every token; a padded position would be 0.
  std::vector<std::int64_t> attention_mask;
  /// For each token the position of the input region that gave it, -1 where none did (a special
  /// token, the `<unk>` of a sample without a hit). Empty unless it was asked for.
  std::vector<std::int64_t> region_index;
  /// How many regions of the whole sample hit the vocabulary.
  std::size_t hits = 0;
  /// One line when the sample looks as if it belonged to another naming of chromosomes; else empty.
  std::string warning;
};

}  // namespace bedtok

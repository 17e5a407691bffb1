// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace bedtok {

/// The id of a token. Models take 64 bits, so that arrays pass to them without a conversion.
using TokenId = std::int64_t;

/// A special token among the regions of a sample: in front of the region at position `before`, or
/// at the end where `before` is the number of regions.
struct InlineToken {
  std::size_t before;  ///< the position of the region that follows
  TokenId id;          ///< the special token
};

/// One tokenized sample. The vectors that are filled have one entry a token.
struct Encoding {
  std::vector<TokenId> input_ids;  ///< the tokens
  /// 1 for every token; a padded position would be 0.
  std::vector<std::int64_t> attention_mask;
  /// For each token the position of the input region that it comes from, -1 where there is none (a
  /// special token, the `<unk>` of a sample without a hit). Empty unless requested.
  std::vector<std::int64_t> region_index;
  /// How many regions the whole sample has, and how many of them hit the vocabulary.
  std::size_t regions = 0;
  std::size_t hits = 0;  ///< regions that hit
  /// One line with the likely cause when the sample does not fit the vocabulary (MappingReport);
  /// else empty.
  std::string warning;
};

}  // namespace bedtok

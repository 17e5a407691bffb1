// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <bedtok/sequence_options.hpp>
#include <bedtok/special_tokens.hpp>
#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include "support.hpp"

// Random special tokens and sequence options, for tests of saving and loading.
namespace support {

/// Special tokens with legal spellings: some spelled anew, some added, some with other roles.
inline bedtok::SpecialTokens random_special_tokens(std::mt19937_64& random) {
  bedtok::SpecialTokens tokens;
  const auto role = [&] { return static_cast<bedtok::SpecialRole>(pick(random, 0, 6)); };
  for (std::uint64_t step = pick(random, 0, 8); step != 0; --step) {
    const std::string spelling = "<" + std::to_string(pick(random, 0, 20)) + " \"\xC3\xA4\">";
    switch (pick(random, 0, 3)) {
      case 0:
        if (!tokens.find(spelling)) tokens.set(role(), spelling);
        break;
      case 1:
        tokens.add(spelling);
        break;
      case 2:
        tokens.assign(role(), spelling);
        break;
      default:
        tokens.assign(role(), tokens.spellings()[pick(random, 0, tokens.size() - 1)]);
    }
  }
  return tokens;
}

/// Each option at its default about half the time; a template of `tokens`.
inline bedtok::SequenceOptions random_sequence_options(std::mt19937_64& random,
                                                       const bedtok::SpecialTokens& tokens) {
  const auto change = [&] { return pick(random, 0, 1) == 1; };
  bedtok::SequenceOptions options;
  for (std::vector<std::string>* side : {&options.before, &options.after}) {
    while (change()) side->push_back(tokens.spellings()[pick(random, 0, tokens.size() - 1)]);
  }
  if (change()) options.model_max_length = pick(random, 1, 5000);
  if (change()) options.padding_side = bedtok::Side::left;
  if (change()) options.truncation_side = bedtok::Side::left;
  return options;
}

}  // namespace support

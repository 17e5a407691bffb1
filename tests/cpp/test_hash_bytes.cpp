// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>
#include <bedtok/detail/hash_bytes.hpp>
#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

#include "catch.hpp"

using bedtok::detail::hash_bytes;

TEST_CASE("every byte and the length change the hash") {
  std::unordered_set<std::uint64_t> hashes;
  std::size_t texts = 0;
  for (std::size_t size = 0; size <= 200; ++size) {
    std::string text(size, '\0');
    ++texts;
    hashes.insert(hash_bytes(text.data(), text.size()));
    for (std::size_t at = 0; at < size; ++at) {
      for (const char byte : {'\1', '\x80'}) {
        text[at] = byte;
        ++texts;
        hashes.insert(hash_bytes(text.data(), text.size()));
        text[at] = '\0';
      }
    }
  }
  CHECK(hashes.size() == texts);
}

TEST_CASE("texts that share a long head and tail spread over the low bits") {
  // A table of 2 * n slots: random hashes leave the fullest slot with few entries.
  constexpr std::size_t n = 1 << 15;
  std::vector<unsigned> slots(2 * n);
  for (std::size_t i = 0; i < n; ++i) {
    std::string digits = std::to_string(i);
    digits.insert(0, 8 - digits.size(), '0');
    const std::string text = "sample_of_a_long_name#" + digits + "_pilon_pilon_pilon";
    ++slots[hash_bytes(text.data(), text.size()) & (slots.size() - 1)];
  }
  CHECK(*std::max_element(slots.begin(), slots.end()) <= 12);
}

TEST_CASE("the seed chooses another hash of the same text") {
  const std::string text = "chr1";
  CHECK(hash_bytes(text.data(), text.size(), 1) != hash_bytes(text.data(), text.size(), 2));
  CHECK(hash_bytes(text.data(), text.size(), 1) == hash_bytes(text.data(), text.size(), 1));
}

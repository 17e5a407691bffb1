// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <filesystem>
#include <fstream>

#include "fuzz.hpp"
#include "support_io.hpp"

namespace fuzz {

/// A model's folder: its two settings and its universe, parted by 0xFF. What loads is saved, and
/// loads equal.
inline void pretrained(std::string_view bytes) {
  static const support::TemporaryFolder folder;
  Input in(bytes);
  const std::filesystem::path from = folder.path() / "from";
  const std::filesystem::path to = folder.path() / "to";
  std::filesystem::create_directories(from);
  const auto put = [&](const char* name, std::string_view content) {
    std::ofstream(from / name, std::ios::binary) << content;
  };
  put("tokenizer_config.json", in.piece());
  const std::string_view spellings = in.piece();
  std::filesystem::remove(from / "special_tokens_map.json");
  if (!spellings.empty()) put("special_tokens_map.json", spellings);
  put("universe.bed.gz", in.left().empty() ? "chr1\t0\t10\nchr1\t5\t9\nchr2\t1\t1\n" : in.left());
  try {
    const auto tokenizer = bedtok::Tokenizer<>::from_pretrained(from);
    tokenizer.save_pretrained(to);
    const auto again = bedtok::Tokenizer<>::from_pretrained(to);
    REQUIRE_TRUE(again == tokenizer);
    const bedtok::RegionSet<>& regions = tokenizer.vocabulary().regions();
    REQUIRE_TRUE(again(regions).input_ids == tokenizer(regions).input_ids);
  } catch (const bedtok::Error&) {
  }
}

}  // namespace fuzz

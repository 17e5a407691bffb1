// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <array>
#include <bedtok/io/pretrained.hpp>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "fuzz.hpp"
#include "support_io.hpp"

namespace fuzz {

/// Regions of an index without checkpoints, or of one that has them: 120 that nest, behind a
/// chromosome whose regions are in no order.
inline bedtok::RegionSet<> indexed_regions(bool nested) {
  std::vector<bedtok::Region<>> regions = {
      {"chr2", 5, 90, {}}, {"chr1", 0, 4, {}}, {"chr1", 0, 300, {}}, {"b", 7, 7, {}}};
  for (std::uint32_t i = 0; nested && i < 120; ++i) {
    regions.push_back({"deep", i, 400 - 2 * i, {}});
  }
  return bedtok::RegionSet<>(regions);
}

/// A saved index whose bytes are changed: 3 bytes an edit, the place and the xor. The digests are
/// set right again if the first byte's lowest bit says so, so that the edits reach what they
/// protect; its next bit chooses the index. It is refused or opened, and what is opened answers any
/// query without leaving its arrays.
inline void universe_index(std::string_view bytes) {
  using namespace bedtok::io::detail;
  struct Sound {
    support::TemporaryFolder folder;
    std::string content;
    explicit Sound(bool nested) {
      bedtok::Tokenizer<>(indexed_regions(nested)).save_pretrained(folder.path(), true);
      content = support::bytes_of(folder.path() / "universe.index");
    }
  };
  static const std::array<Sound, 2> sound = {Sound(false), Sound(true)};
  Input in(bytes);
  const std::uint8_t first = in.byte();
  const bool digests = (first & 1) != 0;
  const auto& folder = sound[(first >> 1) & 1].folder;
  std::string content = sound[(first >> 1) & 1].content;
  const bool cut = in.flag();
  if (cut) content.resize(in.number(2) % (content.size() + 1));
  while (!in.left().empty()) {
    const std::size_t place = in.number(2);
    const std::uint8_t change = in.byte();
    if (place < content.size()) content[place] = static_cast<char>(content[place] ^ change);
  }
  SectionHead head;
  if (digests && content.size() >= sizeof head) {
    std::memcpy(&head, content.data(), sizeof head);
    const std::size_t room = (content.size() - sizeof head) / sizeof(SectionEntry);
    const std::size_t sections = std::min<std::size_t>(head.sections, room);
    for (std::size_t i = 0; i < sections; ++i) {
      char* const at = content.data() + sizeof head + i * sizeof(SectionEntry);
      SectionEntry entry;
      std::memcpy(&entry, at, sizeof entry);
      const std::uint64_t size = entry.count * entry.element_size;
      if (entry.offset > content.size() || size > content.size() - entry.offset) continue;
      entry.digest = digest_of(std::string_view(content).substr(entry.offset, size));
      std::memcpy(at, &entry, sizeof entry);
    }
    head.table_digest =
        digest_of(std::string_view(content).substr(sizeof head, sections * sizeof(SectionEntry)));
    head.head_digest = head_digest(head);
    std::memcpy(content.data(), &head, sizeof head);
  }
  const std::filesystem::path path = folder.path() / "universe.index";
  std::ofstream(path, std::ios::binary) << content;
  try {
    const auto tokenizer = bedtok::Tokenizer<>::from_pretrained(folder.path());
    const bedtok::RegionSet<>& regions = tokenizer.vocabulary().regions();
    const auto encoding = tokenizer(regions);
    REQUIRE_TRUE(tokenizer.decode(encoding.input_ids).size() == encoding.input_ids.size());
    for (const std::uint32_t start : {0u, 4u, 89u, 119u, 200u, 300u, 0xfffffffeu}) {
      for (bedtok::ChromTable::Id chrom = 0; chrom < regions.chroms().size() + 1; ++chrom) {
        tokenizer.index().find(chrom, start, 0xffffffff, [&](std::uint32_t id, auto, auto) {
          REQUIRE_TRUE(id < regions.size());
        });
      }
    }
    for (std::size_t i = 0; i < regions.size(); ++i) {
      std::string token;
      regions.append_text(token, i);
      tokenizer.convert_token_to_id(token);
    }
  } catch (const bedtok::Error&) {
  }
}

}  // namespace fuzz

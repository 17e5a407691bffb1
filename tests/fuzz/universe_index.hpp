// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <bedtok/io/pretrained.hpp>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "fuzz.hpp"
#include "support_io.hpp"

namespace fuzz {

/// A saved index whose bytes are changed: 3 bytes an edit, the place and the xor. The digests are
/// set right again unless the first byte says otherwise, so that the edits reach what they protect.
/// It is refused or opened, and what is opened answers any query without leaving its arrays.
inline void universe_index(std::string_view bytes) {
  using namespace bedtok::io::detail;
  static const support::TemporaryFolder folder;
  static const std::string sound = [] {
    bedtok::Tokenizer<>(
        bedtok::RegionSet<>{
            {"chr2", 5, 90, {}}, {"chr1", 0, 4, {}}, {"chr1", 0, 300, {}}, {"b", 7, 7, {}}})
        .save_pretrained(folder.path(), true);
    return support::bytes_of(folder.path() / "universe.index");
  }();
  Input in(bytes);
  std::string content = sound;
  const bool digests = in.flag();
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
    for (const std::uint32_t start : {0u, 4u, 89u, 300u, 0xfffffffeu}) {
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

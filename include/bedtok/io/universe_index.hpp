// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "../detail/hash_bytes.hpp"
#include "../error.hpp"
#include "../overlap_index.hpp"
#include "../region_set.hpp"
#include "../tokenizer.hpp"
#include "../vocabulary.hpp"
#include "detail/index_reader.hpp"
#include "detail/path_text.hpp"
#include "detail/section_file.hpp"
#include "mapped_file.hpp"
#include "regions_digest.hpp"

// A saved index: what parsing a universe and building the index of its regions produces, in a file
// beside the universe that processes map and share. The universe stays the truth; the index is a
// cache of it that any program may delete. docs/saved-index.md has the table of its sections.
namespace bedtok::io {

/// The file of a saved index in a tokenizer's folder.
inline constexpr const char* universe_index_name = "universe.index";

/// Whether tokenizers with this index can be saved with it: the library's own, whose arrays have no
/// padding.
template <class Index>
struct has_saved_index : std::false_type {};
template <class Coord>
struct has_saved_index<OverlapIndex<Coord>> : std::true_type {};

/// What a saved index holds, as views of the mapped file.
template <class Index>
struct SavedIndex {
  /// The type of the index.
  using index_type = Index;
  /// The type of a coordinate.
  using Coord = typename Index::coord_type;

  RegionSet<Coord> regions;            ///< Distinct, in the order of their ids.
  VocabularyTables<Coord> tables;      ///< Of a Vocabulary of these regions.
  std::shared_ptr<const Index> index;  ///< Of these regions.
  std::string regions_digest;          ///< That of `regions`.
  std::string digest;                  ///< 16 hexadecimal digits; depend on the whole file.
};

/// Writes the saved index of distinct regions by `write(bytes)`, with the tables of their
/// vocabulary. `universe` is the file that the index will lie beside; beside a file of other bytes
/// it is not used. Equal regions beside equal files make equal bytes.
template <class Index, class Write>
void write_universe_index(const RegionSet<typename Index::coord_type>& regions,
                          const VocabularyTables<typename Index::coord_type>& tables,
                          const Index& index, const std::filesystem::path& universe,
                          Write&& write) {
  using detail::number_of;
  using detail::Section;
  const detail::Facts facts{number_of(regions_digest(regions)), tables.repeated};
  std::string names;
  std::vector<std::uint64_t> name_ends;
  for (const std::string& name : regions.chroms().names()) {
    names.append(name);
    name_ends.push_back(names.size());
  }

  detail::SectionWriter sections;
  const auto add = [&sections](Section section, const auto& values) {
    sections.add(number_of(section), values.data(), values.size());
  };
  sections.add(number_of(Section::facts), &facts, 1);
  add(Section::names, names);
  add(Section::name_ends, name_ends);
  add(Section::chrom_ids, regions.chrom_ids());
  add(Section::starts, regions.starts());
  add(Section::ends, regions.ends());
  add(Section::order, tables.order);
  add(Section::block, tables.block);
  add(Section::last_end, tables.last_end);
  add(Section::first_repeated, tables.first_repeated);
  std::uint32_t further = 0;
  index.for_each_array([&](const auto& values) {
    sections.add(number_of(Section::index, further++), values.data(), values.size());
  });

  detail::SectionHead head{};
  const MappedFile source(universe);
  head.source_size = source.bytes().size();
  head.source_digest = detail::digest_of(source.bytes());
  head.coord_size = sizeof(typename Index::coord_type);
  head.layout = Index::layout;
  sections.write(head, write);
}

/// Opens a saved index that fits the universe file beside it. None, and the reason in `warning`,
/// where it does not fit, or is of another version of the format, layout, byte order or type of
/// coordinates; none and no reason where there is no such file. Throws ParseError that names the
/// file where it is damaged: digests and sizes are compared, and whatever the file holds, no
/// query reads outside of it; std::filesystem::filesystem_error where it cannot be read.
/// O(regions), at about the speed of memory; nothing is copied.
template <class Index>
std::optional<SavedIndex<Index>> open_universe_index(const std::filesystem::path& path,
                                                     const std::filesystem::path& universe,
                                                     std::string& warning) {
  using detail::SectionFile;
  if (!std::filesystem::exists(path)) return std::nullopt;
  const auto unused = [&](const std::string& reason) {
    warning = detail::path_text(path) + ": " + reason +
              ", and is not used: loading takes longer; save the tokenizer with its index again, "
              "or remove the file";
    return std::nullopt;
  };
  try {
    auto file = std::make_shared<const MappedFile>(path);
    const detail::SectionHead head = SectionFile::read_head(file->bytes());
    if (SectionFile::is_swapped(head)) return unused("is of a machine of the other byte order");
    if (head.version != detail::section_version || head.layout != Index::layout) {
      return unused("is of another version of bedtok");
    }
    if (head.coord_size != sizeof(typename Index::coord_type)) {
      return unused("has coordinates of " + std::to_string(8 * head.coord_size) +
                    " bits, expected " + std::to_string(8 * sizeof(typename Index::coord_type)));
    }
    const MappedFile source(universe);
    detail::PieceDigests digests;
    const std::size_t number = digests.add(source.bytes());
    const detail::IndexReader<SavedIndex<Index>> reader(std::move(file), head, digests);
    if (head.source_size != source.bytes().size() || head.source_digest != digests[number]) {
      return unused("is not the index of " + detail::path_text(universe.filename()));
    }
    SavedIndex<Index> saved = reader.read();
    saved.digest = bedtok::detail::hex_digits(head.head_digest);
    return saved;
  } catch (const SectionFile::Damage& damage) {
    throw ParseError(detail::path_text(path), std::nullopt,
                     "is a damaged index: it " + damage.text() +
                         "; save the tokenizer with its index again, or remove the file");
  }
}

/// Opens the saved index that a tokenizer was opened from before, by another process say. None
/// where the file is gone, is another one by now, or cannot be read.
template <class Index>
std::optional<SavedIndex<Index>> reopen_universe_index(const IndexFile& before) {
  using detail::SectionFile;
  try {
    auto file = std::make_shared<const MappedFile>(before.path);
    const detail::SectionHead head = SectionFile::read_head(file->bytes());
    if (SectionFile::is_swapped(head) || head.version != detail::section_version ||
        head.layout != Index::layout || head.coord_size != sizeof(typename Index::coord_type) ||
        bedtok::detail::hex_digits(head.head_digest) != before.digest) {
      return std::nullopt;
    }
    detail::PieceDigests digests;
    SavedIndex<Index> saved =
        detail::IndexReader<SavedIndex<Index>>(std::move(file), head, digests).read();
    saved.digest = before.digest;
    return saved;
  } catch (const SectionFile::Damage&) {
    return std::nullopt;
  } catch (const std::filesystem::filesystem_error&) {
    return std::nullopt;
  }
}

}  // namespace bedtok::io

// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "../array.hpp"
#include "../chrom_table.hpp"
#include "../detail/hash_bytes.hpp"
#include "../detail/parallel_for.hpp"
#include "../error.hpp"
#include "../overlap_index.hpp"
#include "../region_set.hpp"
#include "../tokenizer.hpp"
#include "../vocabulary.hpp"
#include "atomic_file.hpp"
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

namespace detail {

/// The numbers of the sections. A number is never used again for something else.
enum class Section : std::uint32_t {
  facts = 1,         // Facts
  names = 2,         // the names of the chromosomes behind one another
  name_ends = 3,     // where each of them ends
  chrom_ids = 4,     // the columns of the regions
  starts = 5,
  ends = 6,
  order = 7,         // VocabularyTables
  block = 8,
  last_end = 9,
  first_repeated = 10,
  index = 32,        // the arrays of the index, counted up from here
};

/// What the file knows in single numbers.
struct Facts {
  std::uint64_t regions_digest;  // as in regions_digest.hpp
  std::uint64_t repeated;        // VocabularyTables::repeated
};

constexpr std::uint32_t number_of(Section section, std::uint32_t further = 0) noexcept {
  return static_cast<std::uint32_t>(section) + further;
}

/// The number that 16 hexadecimal digits stand for.
inline std::uint64_t number_of(const std::string& digits) {
  return std::stoull(digits, nullptr, 16);
}

/// Whether every value is below `bound`.
template <class T>
bool all_below(const Array<T>& values, std::uint64_t bound) noexcept {
  T largest = 0;
  for (const T value : values) largest = std::max(largest, value);
  return values.empty() || largest < bound;
}

}  // namespace detail

/// What a saved index holds, as views of the mapped file.
template <class Index>
struct SavedIndex {
  /// The type of a coordinate.
  using Coord = typename Index::coord_type;

  RegionSet<Coord> regions;             ///< Distinct, in the order of their ids.
  VocabularyTables<Coord> tables;       ///< Of a Vocabulary of these regions.
  std::shared_ptr<const Index> index;   ///< Of these regions.
  std::string regions_digest;           ///< That of `regions`.
  std::string digest;                   ///< 16 hexadecimal digits; depend on the whole file.
};

namespace detail {

/// Opens the sections of one file.
template <class Index>
class IndexReader {
 public:
  using Coord = typename Index::coord_type;

  /// Throws Damage.
  IndexReader(std::shared_ptr<const MappedFile> file, const SectionHead& head,
              PieceDigests& digests)
      : file_(std::move(file), head, digests) {}

  /// Throws Damage where the content is not what an index can be.
  SavedIndex<Index> read() const {
    SavedIndex<Index> saved;
    const Array<Facts> facts = array<Facts>(Section::facts);
    require(facts.size() == 1);
    saved.regions_digest = bedtok::detail::hex_digits(facts[0].regions_digest);
    ChromTable chroms = read_names();
    Array<ChromTable::Id> chrom_ids = array<ChromTable::Id>(Section::chrom_ids);
    Array<Coord> starts = array<Coord>(Section::starts);
    Array<Coord> ends = array<Coord>(Section::ends);
    const std::size_t regions = starts.size();
    require(regions != 0 && chrom_ids.size() == regions && ends.size() == regions);
    require(regions < std::numeric_limits<std::uint32_t>::max() - chroms.size());
    const std::array<std::function<void()>, 3> parts = {
        [&] { require(all_below(chrom_ids, chroms.size()) && are_intervals(starts, ends)); },
        [&] { saved.tables = read_tables(regions, chroms.size()); },
        [&] { saved.index = read_index(regions, chroms.size()); },
    };
    bedtok::detail::parallel_for(parts.size(), threads_for_bytes(regions * 3 * sizeof(Coord)),
                                 [&parts](std::size_t i) { parts[i](); });
    saved.tables.repeated = facts[0].repeated;
    saved.regions = RegionSet<Coord>::from_checked_columns(
        std::move(chroms), std::move(chrom_ids), std::move(starts), std::move(ends));
    return saved;
  }

 private:
  static void require(bool holds) {
    if (!holds) throw SectionFile::Damage("does not hold an index");
  }

  template <class T>
  Array<T> array(Section section, std::uint32_t further = 0) const {
    return file_.array<T>(number_of(section, further));
  }

  ChromTable read_names() const {
    const Array<char> texts = array<char>(Section::names);
    const std::string_view text(texts.data(), texts.size());
    ChromTable chroms;
    std::uint64_t begin = 0;
    for (const std::uint64_t end : array<std::uint64_t>(Section::name_ends)) {
      require(begin < end && end <= text.size());
      const std::string_view name =
          text.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
      const std::size_t before = chroms.size();
      chroms.add(name);
      require(chroms.size() == before + 1);  // each name is there once
      begin = end;
    }
    require(begin == text.size());
    return chroms;
  }

  VocabularyTables<Coord> read_tables(std::size_t regions, std::size_t chroms) const {
    VocabularyTables<Coord> tables;
    tables.order = array<std::uint32_t>(Section::order);
    require((tables.order.empty() || tables.order.size() == regions) &&
            all_below(tables.order, regions));
    const Array<std::uint64_t> block = array<std::uint64_t>(Section::block);
    require(block.size() == chroms + 1 && block.front() == 0 && block.back() == regions &&
            std::is_sorted(block.begin(), block.end()));
    tables.block.assign(block.begin(), block.end());
    const Array<Coord> last_end = array<Coord>(Section::last_end);
    require(last_end.size() == chroms);
    tables.last_end.assign(last_end.begin(), last_end.end());
    const Array<char> first_repeated = array<char>(Section::first_repeated);
    tables.first_repeated.assign(first_repeated.begin(), first_repeated.end());
    return tables;
  }

  std::shared_ptr<const Index> read_index(std::size_t regions, std::size_t chroms) const {
    std::uint32_t further = 0;
    std::optional<Index> index = Index::from_arrays(regions, chroms, [&](auto& values) {
      using Value = typename std::decay_t<decltype(values)>::value_type;
      values = array<Value>(Section::index, further++);
    });
    require(index.has_value());
    return std::make_shared<const Index>(std::move(*index));
  }

  static bool are_intervals(const Array<Coord>& starts, const Array<Coord>& ends) noexcept {
    const Coord* const start = starts.data();
    const Coord* const end = ends.data();
    unsigned reversed = 0;  // without a branch, so that compilers take several at a time
    for (std::size_t i = 0; i < starts.size(); ++i) reversed |= start[i] > end[i] ? 1u : 0u;
    return reversed == 0;
  }

  SectionFile file_;
};

}  // namespace detail

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
/// query reads outside of it; std::filesystem::filesystem_error where it cannot be read. O(regions), at
/// about the speed of memory; nothing is copied.
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
    const detail::IndexReader<Index> reader(std::move(file), head, digests);
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

/// Opens the saved index that a tokenizer was opened from before, by another process say. None where
/// the file is gone, is another one by now, or cannot be read.
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
    SavedIndex<Index> saved = detail::IndexReader<Index>(std::move(file), head, digests).read();
    saved.digest = before.digest;
    return saved;
  } catch (const SectionFile::Damage&) {
    return std::nullopt;
  } catch (const std::filesystem::filesystem_error&) {
    return std::nullopt;
  }
}

}  // namespace bedtok::io

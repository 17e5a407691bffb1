// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "../../array.hpp"
#include "../../chrom_table.hpp"
#include "../../detail/hash_bytes.hpp"
#include "../../detail/parallel_for.hpp"
#include "../../region_set.hpp"
#include "../../vocabulary.hpp"
#include "section_file.hpp"

// The content of a saved index in its sections.
namespace bedtok::io::detail {

/// The numbers of the sections. A number is never used again for something else.
enum class Section : std::uint32_t {
  facts = 1,      // Facts
  names = 2,      // the names of the chromosomes behind one another
  name_ends = 3,  // where each of them ends
  chrom_ids = 4,  // the columns of the regions
  starts = 5,
  ends = 6,
  order = 7,  // VocabularyTables
  block = 8,
  last_end = 9,
  first_repeated = 10,
  index = 32,  // the arrays of the index, counted up from here
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

/// Reads the sections of one file into a SavedIndex.
template <class Saved>
class IndexReader {
 public:
  using Index = typename Saved::index_type;
  using Coord = typename Index::coord_type;

  /// Throws Damage.
  IndexReader(std::shared_ptr<const MappedFile> file, const SectionHead& head,
              PieceDigests& digests)
      : file_(std::move(file), head, digests) {}

  /// Throws Damage where the content is not what an index can be.
  Saved read() const {
    Saved saved;
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
    saved.regions = RegionSet<Coord>::from_checked_columns(std::move(chroms), std::move(chrom_ids),
                                                           std::move(starts), std::move(ends));
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

}  // namespace bedtok::io::detail

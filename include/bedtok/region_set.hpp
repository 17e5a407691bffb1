// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "array.hpp"
#include "chrom_table.hpp"
#include "detail/interval_order.hpp"
#include "detail/payload_column.hpp"
#include "detail/sort_columns.hpp"
#include "detail/utf8.hpp"
#include "error.hpp"
#include "region.hpp"
#include "skipped_lines.hpp"

namespace bedtok {

/// How a BED file is written.
enum class Compression { none, gzip };

/// An ordered collection of genomic regions, stored as columns: chromosome id, start, end, payload.
/// Immutable; every const member may be called from many threads.
template <class Coord = std::uint32_t, class Payload = Rest>
class RegionSet {
 public:
  /// The type of a coordinate.
  using coord_type = Coord;
  /// The type of what a region carries.
  using payload_type = Payload;
  /// The type of a region.
  using value_type = Region<Coord, Payload>;
  /// The column of payloads; empty where no region carries one.
  using Column = detail::PayloadColumn<Payload>;
  class const_iterator;

  RegionSet() = default;

  /// The regions in the order given. Throws Error that names the region when its name is empty or
  /// start > end.
  explicit RegionSet(const std::vector<value_type>& regions) {
    std::vector<ChromTable::Id> chrom_ids;
    std::vector<Coord> starts;
    std::vector<Coord> ends;
    chrom_ids.reserve(regions.size());
    starts.reserve(regions.size());
    ends.reserve(regions.size());
    bool carries = false;
    for (const value_type& region : regions) {
      const std::size_t i = chrom_ids.size();
      check(i, region.start, region.end);
      chrom_ids.push_back(chroms_.add(region.chrom));
      if (chrom_ids[i] + 1 == chroms_.size()) check_name(i, region.chrom);
      starts.push_back(region.start);
      ends.push_back(region.end);
      if constexpr (std::is_same_v<Payload, Rest>) {
        carries = carries || (region.rest && !region.rest->empty());
      } else {
        carries = true;
      }
    }
    chrom_ids_ = std::move(chrom_ids);
    starts_ = std::move(starts);
    ends_ = std::move(ends);
    if (carries) {
      for (const value_type& region : regions) {
        if constexpr (std::is_same_v<Payload, Rest>) {
          if (region.rest) check_rest(rest_.size(), *region.rest);
        }
        rest_.push_back(region.rest);
      }
    }
  }
  /// The same for a list in braces.
  RegionSet(std::initializer_list<value_type> regions)
      : RegionSet(std::vector<value_type>(regions)) {}

  /// Takes columns of one length; `rest` may be empty. Throws Error that names the first region
  /// that is not legal.
  static RegionSet from_columns(ChromTable chroms, std::vector<ChromTable::Id> chrom_ids,
                                std::vector<Coord> starts, std::vector<Coord> ends,
                                Column rest = {}) {
    if (chrom_ids.size() != starts.size() || starts.size() != ends.size() ||
        (!rest.empty() && rest.size() != starts.size())) {
      throw Error("columns must have one length, got " + std::to_string(chrom_ids.size()) +
                  " chromosomes, " + std::to_string(starts.size()) + " starts, " +
                  std::to_string(ends.size()) + " ends");
    }
    constexpr std::size_t unused = std::numeric_limits<std::size_t>::max();
    std::vector<std::size_t> first_use(chroms.size(), unused);
    for (std::size_t i = 0; i < starts.size(); ++i) {
      if (chrom_ids[i] >= chroms.size()) {
        throw Error("region " + std::to_string(i) + ": chromosome id " +
                    std::to_string(chrom_ids[i]) + " is outside the table of " +
                    std::to_string(chroms.size()) + " names");
      }
      check(i, starts[i], ends[i]);
      std::size_t& first = first_use[chrom_ids[i]];
      if (first == unused) first = i;
    }
    for (ChromTable::Id id = 0; id < chroms.size(); ++id) {
      if (first_use[id] != unused) check_name(first_use[id], chroms.name(id));
    }
    return from_checked_columns(std::move(chroms), std::move(chrom_ids), std::move(starts),
                                std::move(ends), std::move(rest));
  }

  /// Reads BED3 and up, narrowPeak, broadPeak, gappedPeak or BED12, plain or gzip or bgzip, which
  /// are recognised by their first bytes; sorted by (chromosome name as bytes, start), stable,
  /// unless `sort` is false. An empty file is an empty set. Throws ParseError that names file,
  /// line, value and what was expected, std::filesystem::filesystem_error when the file cannot be
  /// read. With `skipped`, lines that are not a region are left out and told there; where none is
  /// left, the first is a ParseError all the same. Defined in io/bed.hpp.
  static RegionSet from_bed(const std::filesystem::path& path, bool sort = true,
                            SkippedLines* skipped = nullptr);

  /// Reads the bytes of a BED file; `name` is the name of the file in messages. Defined in
  /// io/bed.hpp.
  static RegionSet from_bytes(std::string_view bytes, const std::string& name, bool sort = true,
                              SkippedLines* skipped = nullptr);

  /// Writes one line a region: chromosome, start, end and the rest. The file is written atomically.
  /// Defined in io/bed.hpp.
  void to_bed(const std::filesystem::path& path, Compression compression = Compression::none) const;

  /// Number of regions.
  std::size_t size() const noexcept { return starts_.size(); }
  /// Whether there are no regions.
  bool empty() const noexcept { return starts_.empty(); }

  /// The region at `i`, made from the columns; `i` is not checked.
  value_type operator[](std::size_t i) const {
    return {chrom(i), starts_[i], ends_[i], rest_.get(i)};
  }
  /// The first region. Regions are made when an iterator is dereferenced.
  const_iterator begin() const noexcept { return {this, 0}; }
  /// Behind the last region.
  const_iterator end() const noexcept { return {this, size()}; }

  /// The names of the chromosomes; ids are positions in it.
  const ChromTable& chroms() const noexcept { return chroms_; }
  /// The name of the chromosome of the region at `i`, which is not checked.
  const std::string& chrom(std::size_t i) const { return chroms_.name(chrom_ids_[i]); }
  /// The column of chromosomes, by id.
  const Array<ChromTable::Id>& chrom_ids() const noexcept { return chrom_ids_; }
  /// The column of starts.
  const Array<Coord>& starts() const noexcept { return starts_; }
  /// The column of ends.
  const Array<Coord>& ends() const noexcept { return ends_; }
  /// The column of payloads; empty where no region carries one.
  const Column& rest() const noexcept { return rest_; }
  /// The `#`, `track`, `browser` and column-name lines of the file, joined by line ends.
  const std::string& header() const noexcept { return header_; }

  /// Appends `chrom:start-end` of the region at `i`.
  void append_text(std::string& out, std::size_t i) const {
    bedtok::append_text(out, chrom(i), starts_[i], ends_[i]);
  }

  /// Whether the order is that of `sorted()`.
  bool is_sorted() const {
    const std::vector<ChromTable::Id> rank = chroms_.ranks();
    constexpr std::size_t piece = 4096;
    for (std::size_t first = 1; first < size(); first += piece) {
      const std::size_t last = std::min(first + piece, size());
      // Without a branch, so that the compiler compares several at a time. Most pieces lie on one
      // chromosome.
      unsigned changes = 0;
      for (std::size_t i = first; i < last; ++i) {
        changes |= (chrom_ids_[i - 1] != chrom_ids_[i] ? 1u : 0u) |
                   (starts_[i - 1] > starts_[i] ? 1u : 0u);
      }
      if (changes == 0) continue;
      for (std::size_t i = first; i < last; ++i) {
        const ChromTable::Id before = rank[chrom_ids_[i - 1]];
        const ChromTable::Id here = rank[chrom_ids_[i]];
        if (before != here ? before > here : starts_[i - 1] > starts_[i]) return false;
      }
    }
    return true;
  }

  /// The regions by (chromosome name as bytes, start); those that agree in both keep their order.
  RegionSet sorted() const& { return RegionSet(*this).sorted(); }
  /// The same without a copy.
  RegionSet sorted() && {
    if (!is_sorted()) sort();
    return std::move(*this);
  }

  /// The regions at `positions`, in that order. Throws Error for a position outside the set.
  template <class Position>
  RegionSet take(const std::vector<Position>& positions) const {
    RegionSet taken;
    taken.chroms_ = chroms_;
    taken.header_ = header_;
    const std::size_t n = positions.size();
    for (const Position position : positions) {
      if (static_cast<std::size_t>(position) >= size()) {
        throw Error("position " + std::to_string(position) + " is outside the set of " +
                    std::to_string(size()) + " regions");
      }
    }
    std::vector<ChromTable::Id> chrom_ids(n);
    std::vector<Coord> starts(n);
    std::vector<Coord> ends(n);
    for (std::size_t i = 0; i < n; ++i) {
      const auto from = static_cast<std::size_t>(positions[i]);
      chrom_ids[i] = chrom_ids_[from];
      starts[i] = starts_[from];
      ends[i] = ends_[from];
    }
    taken.chrom_ids_ = std::move(chrom_ids);
    taken.starts_ = std::move(starts);
    taken.ends_ = std::move(ends);
    if (!rest_.empty()) {
      for (const Position position : positions) {
        taken.rest_.push_back_from(rest_, static_cast<std::size_t>(position));
      }
    }
    return taken;
  }

  /// The same intervals in the same order; payloads are not compared.
  friend bool operator==(const RegionSet& a, const RegionSet& b) {
    if (a.starts_ != b.starts_ || a.ends_ != b.ends_) return false;
    if (a.chroms_ == b.chroms_) return a.chrom_ids_ == b.chrom_ids_;
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (a.chrom(i) != b.chrom(i)) return false;
    }
    return true;
  }
  friend bool operator!=(const RegionSet& a, const RegionSet& b) { return !(a == b); }

  /// The same intervals without their payload.
  RegionSet<Coord> without_payload() && {
    return RegionSet<Coord>::from_checked_columns(std::move(chroms_), std::move(chrom_ids_),
                                                  std::move(starts_), std::move(ends_));
  }

  /// Throws Error that names region `i` where its rest could not be read again as it is: a carriage
  /// return within it can.
  static void check_rest(std::size_t i, std::string_view rest) {
    if (rest.find('\n') == std::string_view::npos && (rest.empty() || rest.back() != '\r')) return;
    throw Error("region " + std::to_string(i) +
                ": the rest holds a line end, expected text on one line");
  }

  /// Takes columns that a reader has checked already, without another check.
  static RegionSet from_checked_columns(ChromTable chroms, Array<ChromTable::Id> chrom_ids,
                                        Array<Coord> starts, Array<Coord> ends, Column rest = {},
                                        std::string header = {}) {
    RegionSet set;
    set.chroms_ = std::move(chroms);
    set.chrom_ids_ = std::move(chrom_ids);
    set.starts_ = std::move(starts);
    set.ends_ = std::move(ends);
    set.rest_ = std::move(rest);
    set.header_ = std::move(header);
    return set;
  }

 private:
  /// A name must fit the first column of a BED line.
  static void check_name(std::size_t i, const std::string& chrom) {
    if (chrom.empty()) {
      throw Error("region " + std::to_string(i) +
                  ": the chromosome name is empty, expected a name");
    }
    if (chrom.find_first_of(std::string_view("\t\n\r\0", 4)) != std::string::npos) {
      throw Error("the chromosome name '" + detail::excerpt(chrom) +
                  "' holds a tab, a line end or a NUL, expected text on one line");
    }
    const std::string_view word = std::string_view(chrom).substr(0, chrom.find(' '));
    if (chrom.front() == '#' || word == "track" || word == "browser") {
      throw Error("the chromosome name '" + detail::excerpt(chrom) +
                  "' begins like a comment of a BED file, which could not be read again");
    }
  }

  static void check(std::size_t i, Coord start, Coord end) {
    if (start > end) {
      throw Error("region " + std::to_string(i) + ": end " + std::to_string(end) +
                  " is before start " + std::to_string(start));
    }
  }

  void sort() {
    const std::vector<ChromTable::Id> rank = chroms_.ranks();
    if constexpr (sizeof(Coord) == 4) {
      if (size() <= std::numeric_limits<std::uint32_t>::max()) {
        if (rest_.empty()) {
          std::vector<ChromTable::Id> chrom_ids = std::move(chrom_ids_).take();
          std::vector<Coord> starts = std::move(starts_).take();
          std::vector<Coord> ends = std::move(ends_).take();
          detail::sort_columns(chrom_ids, rank, starts, ends);
          chrom_ids_ = std::move(chrom_ids);
          starts_ = std::move(starts);
          ends_ = std::move(ends);
        } else {
          sort_by_words(rank);
        }
        return;
      }
    }
    std::vector<std::uint32_t> group(size());
    for (std::size_t i = 0; i < size(); ++i) group[i] = rank[chrom_ids_[i]];
    *this = take(detail::stable_order_by_start<std::size_t>(group, starts_));
  }

  /// Starts and chromosomes come from the sorted words, so that only ends and payloads are gathered
  /// from all over the memory, and two columns keep theirs. A template, because an
  /// explicit instantiation of a set with 64-bit coordinates must leave it out.
  template <class Rank>
  void sort_by_words(const std::vector<Rank>& rank) {
    using detail::StartOrder;
    const StartOrder order = detail::order_by_start(
        [&](std::size_t i) { return rank[chrom_ids_[i]]; }, chroms_.size(), starts_);
    ChromTable::Id* const chrom_ids = chrom_ids_.mutable_data();
    for (ChromTable::Id id = 0; id < chroms_.size(); ++id) {
      std::fill(chrom_ids + order.first[rank[id]], chrom_ids + order.first[rank[id] + 1], id);
    }
    Coord* const starts = starts_.mutable_data();
    std::vector<Coord> ends(size());
    for (std::size_t k = 0; k < size(); ++k) {
      starts[k] = StartOrder::start(order.words[k]);
      ends[k] = ends_[StartOrder::position(order.words[k])];
    }
    ends_ = std::move(ends);
    Column rest;
    for (const std::uint64_t word : order.words) {
      rest.push_back_from(rest_, StartOrder::position(word));
    }
    rest_ = std::move(rest);
  }

  ChromTable chroms_;
  Array<ChromTable::Id> chrom_ids_;
  Array<Coord> starts_;
  Array<Coord> ends_;
  Column rest_;
  std::string header_;
};

/// Iterates over a set and makes each region when it is dereferenced.
template <class Coord, class Payload>
class RegionSet<Coord, Payload>::const_iterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = Region<Coord, Payload>;
  using difference_type = std::ptrdiff_t;
  using pointer = void;
  using reference = value_type;

  const_iterator(const RegionSet* set, std::size_t at) noexcept : set_(set), at_(at) {}
  value_type operator*() const { return (*set_)[at_]; }
  const_iterator& operator++() noexcept {
    ++at_;
    return *this;
  }
  const_iterator operator++(int) noexcept {
    const_iterator before = *this;
    ++at_;
    return before;
  }
  friend bool operator==(const const_iterator& a, const const_iterator& b) noexcept {
    return a.at_ == b.at_;
  }
  friend bool operator!=(const const_iterator& a, const const_iterator& b) noexcept {
    return !(a == b);
  }

 private:
  const RegionSet* set_;
  std::size_t at_;
};

}  // namespace bedtok

// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <bedtok/overlap_index.hpp>
#include <bedtok/region_set.hpp>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#ifdef BEDTOK_BENCH_SUPERINTERVALS
#include <superintervals.hpp>
#endif
#ifdef BEDTOK_BENCH_CGRANGES
#include <IITree.h>
#endif

#include "workloads.hpp"

// The engines, each behind the same three steps: built from columns, asked for all ids, asked for
// the ids of one query. Every engine does the same job: the ids of all queries, one behind the
// other, in a vector that keeps its memory.
namespace engines {

using workloads::Intervals;
using Ids = std::vector<std::uint32_t>;

class Bedtok {
 public:
  static constexpr const char* name = "bedtok";
  using Input = bedtok::RegionSet<>;

  /// The set that a vocabulary holds anyhow: not part of the index.
  static Input prepare(const Intervals& set) {
    bedtok::ChromTable chroms;
    for (std::size_t c = 0; c < set.chroms; ++c) chroms.add("chr" + std::to_string(c));
    return Input::from_columns(chroms, set.chrom, set.start, set.end);
  }
  explicit Bedtok(const Input& regions) : index_(regions) {
    for (std::size_t c = 0; c < regions.chroms().size(); ++c) {
      chrom_of_.push_back(static_cast<std::uint32_t>(c));
    }
  }
  void find_all(const Intervals& queries, Ids& ids) const {
    find_some(queries, 0, queries.size(), ids);
  }
  void find_one(const Intervals& queries, std::size_t i, Ids& ids) const {
    find_some(queries, i, i + 1, ids);
  }

 protected:
  void find_some(const Intervals& queries, std::size_t first, std::size_t last, Ids& ids) const {
    index_.find_all(chrom_of_, queries.chrom, queries.start, queries.end, first, last,
                    [&ids](const std::uint32_t* from, const std::uint32_t* to) {
                      ids.insert(ids.end(), from, to);
                    });
  }
  bedtok::OverlapIndex<> index_;
  std::vector<bedtok::ChromTable::Id> chrom_of_;
};

/// One call a query.
class BedtokFind : public Bedtok {
 public:
  static constexpr const char* name = "bedtok-find";
  using Bedtok::Bedtok;
  void find_all(const Intervals& queries, Ids& ids) const {
    for (std::size_t i = 0; i < queries.size(); ++i) find_one(queries, i, ids);
  }
  void find_one(const Intervals& queries, std::size_t i, Ids& ids) const {
    index_.find(queries.chrom[i], queries.start[i], queries.end[i],
                [&ids](std::uint32_t id, std::uint32_t, std::uint32_t) { ids.push_back(id); });
  }
};

#ifdef BEDTOK_BENCH_SUPERINTERVALS
class Superintervals {
 public:
  static constexpr const char* name = "superintervals";
  using Input = const Intervals&;
  static Input prepare(const Intervals& set) { return set; }

  explicit Superintervals(const Intervals& set) : maps_(set.chroms) {
    std::vector<std::size_t> counts(set.chroms);
    for (const std::uint32_t c : set.chrom) ++counts[c];
    for (std::size_t c = 0; c < set.chroms; ++c) maps_[c].reserve(counts[c]);
    for (std::size_t i = 0; i < set.size(); ++i) {  // its ends are inclusive
      maps_[set.chrom[i]].add(set.start[i], set.end[i] - 1, static_cast<std::uint32_t>(i));
    }
    for (auto& map : maps_) map.build();
  }
  void find_all(const Intervals& queries, Ids& ids) const {
    for (std::size_t i = 0; i < queries.size(); ++i) find_one(queries, i, ids);
  }
  void find_one(const Intervals& queries, std::size_t i, Ids& ids) const {
    maps_[queries.chrom[i]].search_values(queries.start[i], queries.end[i] - 1, ids);
  }

 private:
  std::vector<si::IntervalMap<std::uint32_t, std::uint32_t>> maps_;
};
#endif

#ifdef BEDTOK_BENCH_CGRANGES
class Cgranges {
 public:
  static constexpr const char* name = "cgranges";
  using Input = const Intervals&;
  static Input prepare(const Intervals& set) { return set; }

  explicit Cgranges(const Intervals& set) : trees_(set.chroms) {
    for (std::size_t i = 0; i < set.size(); ++i) {
      trees_[set.chrom[i]].add(set.start[i], set.end[i], static_cast<std::uint32_t>(i));
    }
    for (auto& tree : trees_) tree.index();
  }
  void find_all(const Intervals& queries, Ids& ids) const {
    for (std::size_t i = 0; i < queries.size(); ++i) find_one(queries, i, ids);
  }
  void find_one(const Intervals& queries, std::size_t i, Ids& ids) const {
    const auto& tree = trees_[queries.chrom[i]];
    tree.overlap(queries.start[i], queries.end[i], found_);
    for (const std::size_t k : found_) ids.push_back(tree.data(k));
  }

 private:
  std::vector<IITree<std::uint32_t, std::uint32_t>> trees_;
  mutable std::vector<std::size_t> found_;
};
#endif

}  // namespace engines

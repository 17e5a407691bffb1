// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "../chrom_table.hpp"
#include "../detail/covered_bases.hpp"
#include "../detail/region_columns.hpp"
#include "../error.hpp"
#include "../interruption.hpp"
#include "../region_set.hpp"
#include "merge.hpp"

namespace bedtok::algebra {

/// The regions of `a`, then those of `b`, with their payloads.
template <class Coord, class Payload>
RegionSet<Coord, Payload> concat(const RegionSet<Coord, Payload>& a,
                                 const RegionSet<Coord, Payload>& b) {
  ChromTable chroms = a.chroms();
  std::vector<ChromTable::Id> id_of;
  for (const std::string& name : b.chroms().names()) id_of.push_back(chroms.add(name));
  std::vector<ChromTable::Id> ids = a.chrom_ids();
  ids.reserve(a.size() + b.size());
  for (const ChromTable::Id id : b.chrom_ids()) ids.push_back(id_of[id]);
  std::vector<Coord> starts = a.starts();
  starts.insert(starts.end(), b.starts().begin(), b.starts().end());
  std::vector<Coord> ends = a.ends();
  ends.insert(ends.end(), b.ends().begin(), b.ends().end());
  typename RegionSet<Coord, Payload>::Column rest;
  if (!a.rest().empty() || !b.rest().empty()) {
    for (std::size_t i = 0; i < a.size(); ++i) rest.push_back_from(a.rest(), i);
    for (std::size_t i = 0; i < b.size(); ++i) rest.push_back_from(b.rest(), i);
  }
  return RegionSet<Coord, Payload>::from_checked_columns(
      std::move(chroms), std::move(ids), std::move(starts), std::move(ends), std::move(rest));
}

/// What either covers, merged: `reduce(concat(a, b))`. The name `union` is a keyword of C++.
template <class Coord, class Payload>
RegionSet<Coord> union_(const RegionSet<Coord, Payload>& a, const RegionSet<Coord, Payload>& b) {
  return reduce(concat(a, b));
}

/// The base pairs that both cover, merged. Zero-length regions cover none.
template <class Coord, class PayloadA, class PayloadB>
RegionSet<Coord> intersect_all(const RegionSet<Coord, PayloadA>& a,
                               const RegionSet<Coord, PayloadB>& b) {
  detail::RegionColumns<Coord> common;
  detail::for_each_common(
      detail::CoveredBases<Coord>(a), a.chroms(), detail::CoveredBases<Coord>(b), b.chroms(),
      [&](ChromTable::Id chrom, Coord start, Coord end) { common.add(chrom, start, end); });
  return std::move(common).over(a.chroms());
}

/// The base pairs that `a` covers and `b` does not, merged. Zero-length regions cover none.
template <class Coord, class PayloadA, class PayloadB>
RegionSet<Coord> setdiff(const RegionSet<Coord, PayloadA>& a, const RegionSet<Coord, PayloadB>& b) {
  const detail::CoveredBases<Coord> from(a);
  const detail::CoveredBases<Coord> taken(b);
  const auto in_b = taken.chroms_of(a.chroms(), b.chroms());
  detail::RegionColumns<Coord> left;
  for (const auto& chrom : from.chroms()) {
    check_interruption();
    std::size_t j = in_b[chrom.id].first;
    const std::size_t last = in_b[chrom.id].last;
    for (std::size_t i = chrom.first; i < chrom.last; ++i) {
      const Coord end = from.ends[i];
      Coord at = from.starts[i];
      while (j < last && taken.ends[j] <= at) ++j;
      // The last one may reach into the next interval, too: j stays at it.
      for (; at < end && j < last && taken.starts[j] < end; ++j) {
        if (at < taken.starts[j]) left.add(chrom.id, at, taken.starts[j]);
        at = taken.ends[j];
        if (at >= end) break;
      }
      if (at < end) left.add(chrom.id, at, end);
    }
  }
  return std::move(left).over(a.chroms());
}

/// For each position what the regions of both there share, with the payload of `a`'s; a zero-length
/// region where they share nothing: at the later start, or at the start of `a`'s when their
/// chromosomes differ. Throws Error when the sizes differ.
template <class Coord, class PayloadA, class PayloadB>
RegionSet<Coord, PayloadA> pintersect(const RegionSet<Coord, PayloadA>& a,
                                      const RegionSet<Coord, PayloadB>& b) {
  if (a.size() != b.size()) {
    throw Error("pintersect takes sets of one size, region by region, got " +
                std::to_string(a.size()) + " and " + std::to_string(b.size()) +
                " regions; intersect_all compares all with all");
  }
  std::vector<ChromTable::Id> id_in_a;
  for (const std::string& name : b.chroms().names()) id_in_a.push_back(a.chroms().find(name));
  std::vector<Coord> starts = a.starts();
  std::vector<Coord> ends = a.ends();
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (id_in_a[b.chrom_ids()[i]] != a.chrom_ids()[i]) {
      ends[i] = starts[i];
      continue;
    }
    starts[i] = std::max(starts[i], b.starts()[i]);
    ends[i] = std::max(starts[i], std::min(ends[i], b.ends()[i]));
  }
  return RegionSet<Coord, PayloadA>::from_checked_columns(
      a.chroms(), a.chrom_ids(), std::move(starts), std::move(ends), a.rest(), a.header());
}

}  // namespace bedtok::algebra

namespace bedtok {

/// algebra::intersect_all
template <class Coord, class PayloadA, class PayloadB>
RegionSet<Coord> operator&(const RegionSet<Coord, PayloadA>& a,
                           const RegionSet<Coord, PayloadB>& b) {
  return algebra::intersect_all(a, b);
}
/// algebra::union_
template <class Coord, class Payload>
RegionSet<Coord> operator|(const RegionSet<Coord, Payload>& a, const RegionSet<Coord, Payload>& b) {
  return algebra::union_(a, b);
}
/// algebra::setdiff
template <class Coord, class PayloadA, class PayloadB>
RegionSet<Coord> operator-(const RegionSet<Coord, PayloadA>& a,
                           const RegionSet<Coord, PayloadB>& b) {
  return algebra::setdiff(a, b);
}

}  // namespace bedtok

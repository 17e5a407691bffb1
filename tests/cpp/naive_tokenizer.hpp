// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <bedtok/encoding.hpp>
#include <bedtok/mapping_options.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "support.hpp"

// The rules of docs/guarantees.md, section 3, as a double loop over names and numbers, without the
// library's vocabulary, index or mapper.
namespace support {

struct NaiveRegion {
  std::string chrom;
  std::uint64_t start;
  std::uint64_t end;

  friend bool operator==(const NaiveRegion& a, const NaiveRegion& b) {
    return a.chrom == b.chrom && a.start == b.start && a.end == b.end;
  }
};

struct NaiveEncoding {
  std::vector<bedtok::TokenId> ids;
  std::vector<std::int64_t> region_index;
  std::optional<std::size_t> missed;  // the region for which on_miss=error throws
};

class NaiveTokenizer {
 public:
  explicit NaiveTokenizer(const std::vector<NaiveRegion>& regions) {
    for (const NaiveRegion& region : regions) {
      if (std::find(vocabulary_.begin(), vocabulary_.end(), region) == vocabulary_.end()) {
        vocabulary_.push_back(region);
      }
    }
  }

  std::size_t regions() const { return vocabulary_.size(); }
  bedtok::TokenId unk() const { return static_cast<bedtok::TokenId>(vocabulary_.size()); }

  /// The tokens of one region, by (start, end, id) or the best alone.
  std::vector<std::uint32_t> hits(const NaiveRegion& query,
                                  const bedtok::MappingOptions& options) const {
    std::string chrom = query.chrom;
    if (!has(chrom)) chrom = options.chrom_aliases.translate(chrom);
    std::vector<Hit> hits;
    for (std::size_t id = 0; id < vocabulary_.size(); ++id) {
      const NaiveRegion& v = vocabulary_[id];
      if (v.chrom != chrom || !(v.start < query.end && query.start < v.end)) continue;
      const double shared = static_cast<double>(shared_bases(query, v));
      if (shared < static_cast<double>(options.min_overlap)) continue;
      const bool of_query = shared >= options.min_fraction * double(query.end - query.start);
      const bool of_vocabulary = shared >= options.min_fraction * double(v.end - v.start);
      using bedtok::FractionOf;
      if (options.fraction_of == FractionOf::query && !of_query) continue;
      if (options.fraction_of == FractionOf::vocabulary && !of_vocabulary) continue;
      if (options.fraction_of == FractionOf::either && !of_query && !of_vocabulary) continue;
      hits.push_back({v.start, v.end, static_cast<std::uint32_t>(id)});
    }
    std::sort(hits.begin(), hits.end());
    if (options.best_overlap && !hits.empty()) {
      const auto shared = [&](const Hit& hit) { return shared_bases(query, vocabulary_[hit.id]); };
      std::uint64_t most = 0;
      for (const Hit& hit : hits) most = std::max(most, shared(hit));
      hits = {*std::find_if(hits.begin(), hits.end(),
                            [&](const Hit& hit) { return shared(hit) == most; })};
    }
    std::vector<std::uint32_t> ids;
    for (const Hit& hit : hits) ids.push_back(hit.id);
    return ids;
  }

  NaiveEncoding encode(const std::vector<NaiveRegion>& queries,
                       const bedtok::MappingOptions& options,
                       const std::vector<bedtok::PlacedToken>& placed = {}) const {
    std::vector<std::pair<bedtok::TokenId, std::int64_t>> tokens;
    std::set<bedtok::TokenId> seen;
    NaiveEncoding encoding;
    std::size_t stretch = 0;  // where the tokens since the last placed one begin
    const auto sort_stretch = [&] {
      if (options.order == bedtok::TokenOrder::vocabulary) {
        std::sort(tokens.begin() + static_cast<std::ptrdiff_t>(stretch), tokens.end());
      }
    };
    const auto place = [&](std::size_t i) {
      for (const bedtok::PlacedToken& token : placed) {
        if (token.before != i) continue;
        sort_stretch();
        tokens.emplace_back(token.id, -1);
        stretch = tokens.size();
      }
    };
    for (std::size_t i = 0; i < queries.size(); ++i) {
      place(i);
      std::vector<bedtok::TokenId> ids;
      for (const std::uint32_t id : hits(queries[i], options)) ids.push_back(id);
      if (ids.empty() && options.on_miss == bedtok::OnMiss::error && !encoding.missed) {
        encoding.missed = i;
      }
      if (ids.empty() && options.on_miss == bedtok::OnMiss::unk) ids.push_back(unk());
      for (const bedtok::TokenId id : ids) {
        if (options.unique && !seen.insert(id).second) continue;
        tokens.emplace_back(id, static_cast<std::int64_t>(i));
      }
    }
    place(queries.size());
    sort_stretch();
    if (tokens.empty()) tokens.emplace_back(unk(), -1);
    for (const auto& [id, region] : tokens) {
      encoding.ids.push_back(id);
      encoding.region_index.push_back(region);
    }
    return encoding;
  }

 private:
  static std::uint64_t shared_bases(const NaiveRegion& a, const NaiveRegion& b) {
    const std::uint64_t end = std::min(a.end, b.end);
    const std::uint64_t start = std::max(a.start, b.start);
    return end > start ? end - start : 0;
  }
  bool has(const std::string& chrom) const {
    return std::any_of(vocabulary_.begin(), vocabulary_.end(),
                       [&](const NaiveRegion& region) { return region.chrom == chrom; });
  }

  std::vector<NaiveRegion> vocabulary_;
};

/// Random options: each one is at its default about half the time.
inline bedtok::MappingOptions random_options(std::mt19937_64& random) {
  const auto change = [&] { return pick(random, 0, 1) == 1; };
  bedtok::MappingOptions options;
  if (change()) options.min_overlap = pick(random, 0, 12);
  if (change()) options.min_fraction = static_cast<double>(pick(random, 0, 8)) / 8;
  if (change()) options.fraction_of = static_cast<bedtok::FractionOf>(pick(random, 0, 2));
  options.best_overlap = change();
  options.unique = change();
  if (change()) options.order = bedtok::TokenOrder::vocabulary;
  if (change()) options.on_miss = static_cast<bedtok::OnMiss>(pick(random, 0, 2));
  switch (pick(random, 0, 5)) {
    case 0:
      options.chrom_aliases = bedtok::ChromAliases::to_style("ucsc");
      break;
    case 1:
      options.chrom_aliases = bedtok::ChromAliases::to_style("ensembl");
      break;
    case 2:
      options.chrom_aliases = bedtok::ChromAliases::from_map({{"one", "chr1"}, {"two", "nowhere"}});
      break;
    default:
      break;
  }
  return options;
}

inline std::vector<NaiveRegion> random_naive_regions(std::mt19937_64& random, std::size_t count,
                                                     const std::vector<std::string>& chroms,
                                                     std::uint64_t span, std::uint64_t longest) {
  std::vector<NaiveRegion> regions;
  while (regions.size() < count) {
    const std::uint64_t start = pick(random, 0, span);
    regions.push_back({chroms[pick(random, 0, chroms.size() - 1)], start,
                       start + (pick(random, 0, 5) == 0 ? 0 : pick(random, 0, longest))});
  }
  return regions;
}

template <class Coord>
bedtok::RegionSet<Coord> region_set(const std::vector<NaiveRegion>& regions) {
  std::vector<bedtok::Region<Coord>> out;
  for (const NaiveRegion& region : regions) {
    out.push_back(
        {region.chrom, static_cast<Coord>(region.start), static_cast<Coord>(region.end), {}});
  }
  return bedtok::RegionSet<Coord>(out);
}

}  // namespace support

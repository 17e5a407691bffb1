// SPDX-License-Identifier: BSD-2-Clause
// A tokenizer over a custom index, with 64-bit coordinates: here a plain scan, which needs
// no memory and suits a vocabulary of a few dozen regions.
#include <bedtok/core.hpp>
#include <cstdint>
#include <cstdio>

class ScanIndex {
 public:
  using coord_type = std::uint64_t;

  // The vocabulary is in the order of its ids; find must go by (start, end, id), so this index asks
  // for a vocabulary that is sorted so.
  explicit ScanIndex(const bedtok::RegionSet<coord_type>& regions) : regions_(regions) {}

  template <class Visit>
  void find(bedtok::ChromTable::Id chrom, coord_type start, coord_type end, Visit&& visit) const {
    for (std::size_t i = 0; i < regions_.size(); ++i) {
      if (regions_.chrom_ids()[i] == chrom &&
          bedtok::overlaps(regions_.starts()[i], regions_.ends()[i], start, end)) {
        visit(static_cast<std::uint32_t>(i), regions_.starts()[i], regions_.ends()[i]);
      }
    }
  }

 private:
  bedtok::RegionSet<coord_type> regions_;
};

int main() {
  using Regions = bedtok::RegionSet<std::uint64_t>;
  const bedtok::Tokenizer<ScanIndex> tokenizer(
      Regions{{"chr1", 0, 100}, {"chr1", 150, 6000000000}});
  const auto encoding =
      tokenizer(Regions{{"chr1", 90, 200}, {"chr2", 1, 2}, {"chr1", 5000000000, 5000000001}});
  for (const auto& token : tokenizer.decode(encoding.input_ids)) std::printf("%s\n", token.c_str());
}

// SPDX-License-Identifier: BSD-2-Clause
// Regions with a payload of a custom type, read from the fifth column of a BED text.
#include <bedtok/bedtok.hpp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

int main() {
  const auto lines = bedtok::RegionSet<>::from_bytes(
      "chr1\t10\t20\tpeak1\t7.5\nchr1\t50\t80\tpeak2\t2.25\n", "peaks");
  std::vector<bedtok::Region<std::uint32_t, double>> scored;
  for (const auto& line : lines) {
    const std::string rest = line.rest.value_or("");
    const double score = std::strtod(rest.c_str() + rest.find('\t') + 1, nullptr);
    scored.push_back({line.chrom, line.start, line.end, score});
  }
  const bedtok::RegionSet<std::uint32_t, double> regions(scored);
  for (const auto& region : regions) {
    std::printf("%s:%u-%u %.2f\n", region.chrom.c_str(), region.start, region.end, region.rest);
  }
}

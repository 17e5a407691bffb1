// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/detail/barcode_probe.hpp>
#include <string>
#include <vector>

#include "catch.hpp"

namespace {

bool is_likely(const std::vector<std::string>& lines) {
  bedtok::detail::BarcodeProbe probe;
  for (const std::string& line : lines) {
    if (!probe.add(line)) break;
  }
  return probe.is_likely();
}

std::vector<std::string> repeated(const std::string& first, const std::string& second) {
  return {first, second, first, second, first, second};
}

}  // namespace

TEST_CASE("a barcode of bases and a count are those of a fragment") {
  CHECK(is_likely({"AAACGAAAGCGCAATG-1\t2"}));
  CHECK(is_likely({"donor1#AAACGAAAGCGCAATG-1\t2", "ACGTNACG\t11"}));
}

TEST_CASE("barcodes of other letters are recognized when they come again") {
  CHECK(is_likely(repeated("CELL0-1\t1", "CELL1-1\t2")));
  CHECK_FALSE(is_likely({"peak-1\t10", "peak-2\t11", "peak-3\t12", "peak-4\t9"}));
}

TEST_CASE("lines of BED files with names are none") {
  CHECK_FALSE(is_likely({}));
  CHECK_FALSE(is_likely({""}));
  CHECK_FALSE(is_likely({"AAACGAAAGCGCAATG-1"}));        // no count
  CHECK_FALSE(is_likely({"AAACGAAAGCGCAATG-1\t0"}));     // a score
  CHECK_FALSE(is_likely({"AAACGAAAGCGCAATG-1\t1\t+"}));  // BED6
  CHECK_FALSE(is_likely({"AAACGAAAGCGCAATG-1\t1.5"}));
  CHECK_FALSE(is_likely({"ACGTACGTAC\t1", "peak_2\t10"}));
  CHECK_FALSE(is_likely(repeated(".\t1000", ".\t1000")));
  CHECK_FALSE(is_likely(repeated("Quies\t1", "TssA\t2")));   // states of chromatin
  CHECK_FALSE(is_likely(repeated("CATCAT\t1", "TATA\t2")));  // too short
}

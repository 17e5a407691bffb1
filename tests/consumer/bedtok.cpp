// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/bedtok.hpp>
#include <string>

int main() {
  const auto regions = bedtok::RegionSet<>::from_bytes("chr1\t10\t20\nchr1\t15\t30\n", "text");
  const bedtok::Tokenizer<> tokenizer(regions);
  const auto tokens = tokenizer.tokenize(bedtok::RegionSet<>{{"chr1", 16, 17, {}}});
  return tokens == std::vector<std::string>{"chr1:10-20", "chr1:15-30"} ? 0 : 1;
}

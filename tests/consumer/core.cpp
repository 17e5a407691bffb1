// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/core.hpp>
#include <string>
#include <vector>

#if defined(ZLIB_VERSION) || defined(NLOHMANN_JSON_VERSION_MAJOR)
#error "the core brings zlib or nlohmann_json along"
#endif

int main() {
  const bedtok::Tokenizer<> tokenizer(
      bedtok::RegionSet<>{{"chr1", 10, 20, {}}, {"chr1", 15, 30, {}}});
  const auto tokens = tokenizer.tokenize(bedtok::RegionSet<>{{"chr1", 16, 17, {}}});
  return tokens == std::vector<std::string>{"chr1:10-20", "chr1:15-30"} ? 0 : 1;
}

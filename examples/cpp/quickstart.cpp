// SPDX-License-Identifier: BSD-2-Clause
// A BED file in, token ids out: prints ids, tokens and the hit rate.
//
//     quickstart VOCABULARY.bed SAMPLE.bed
#include <bedtok/bedtok.hpp>
#include <cstdio>
#include <exception>

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s VOCABULARY.bed SAMPLE.bed\n", argv[0]);
    return 2;
  }
  try {
    const auto tokenizer = bedtok::Tokenizer<>::from_bed(argv[1]);
    const auto regions = bedtok::RegionSet<>::from_bed(argv[2]);
    auto encoding = tokenizer(regions);
    encoding.input_ids.resize(3);
    for (const auto id : encoding.input_ids) std::printf("%lld ", static_cast<long long>(id));
    for (const auto& token : tokenizer.decode(encoding.input_ids))
      std::printf("%s ", token.c_str());
    std::printf("\nhit rate %.3f\n", tokenizer.report(regions).hit_rate());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}

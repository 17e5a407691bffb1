// SPDX-License-Identifier: BSD-2-Clause
// BED files in, one padded array of ids out, as a model takes it. The files are read and tokenized
// on all cores.
//
//     batches VOCABULARY.bed SAMPLE.bed ...
#include <bedtok/bedtok.hpp>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <vector>

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s VOCABULARY.bed SAMPLE.bed ...\n", argv[0]);
    return 2;
  }
  try {
    const auto tokenizer = bedtok::Tokenizer<>::from_bed(argv[1]);
    const std::vector<std::filesystem::path> files(argv + 2, argv + argc);

    bedtok::BatchOptions options;
    options.max_length = 512;
    options.truncation_strategy = bedtok::TruncationStrategy::random;
    options.seed = 1;
    constexpr std::size_t regions_of_a_file = 1000;  // a guess, for the number of threads
    const bedtok::Batch batch = tokenizer.encode_batch(
        files.size(), files.size() * regions_of_a_file,
        [&](std::size_t i) {
          return tokenizer.encode(bedtok::RegionSet<>::from_bed(files[i]), tokenizer.options());
        },
        options);

    bedtok::PadOptions pad_options;
    pad_options.pad_to_multiple_of = 64;
    const bedtok::PaddedBatch padded = tokenizer.pad(batch, pad_options);
    std::printf("%zu rows of %zu ids\n", padded.rows, padded.length);
    for (std::size_t row = 0; row < padded.rows; ++row) {
      std::printf("%s: %zu tokens\n", files[row].filename().string().c_str(),
                  batch.rows[row].input_ids.size());
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}

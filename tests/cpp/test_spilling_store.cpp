// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/io/detail/sorted_run.hpp>
#include <bedtok/io/spilling_store.hpp>
#include <bedtok/universe/build.hpp>
#include <bedtok/universe/sample_store.hpp>
#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "catch.hpp"
#include "support_io.hpp"

using bedtok::RegionSet;
using bedtok::io::SpillingStore;
using bedtok::universe::Coord;
using bedtok::universe::make_sample;
using bedtok::universe::SampleOptions;
using bedtok::universe::SampleStore;
using bedtok::universe::Universe;
using bedtok::universe::UniverseOptions;

namespace {

std::vector<RegionSet<>> random_samples(std::mt19937_64& random) {
  std::vector<RegionSet<>> samples;
  for (int sample = 0; sample < 9; ++sample) {
    std::vector<bedtok::Region<>> regions;
    for (std::uint64_t n = support::pick(random, 0, 150); n != 0; --n) {
      const auto start = static_cast<Coord>(support::pick(random, 0, 3000));
      regions.push_back({"chr" + std::to_string(support::pick(random, 1, 4)),
                         start,
                         start + static_cast<Coord>(support::pick(random, 0, 90)),
                         {}});
    }
    samples.emplace_back(regions);
  }
  return samples;
}

template <class Store>
std::vector<Universe> universes(const Store& store, const Store& windows) {
  UniverseOptions two;
  two.min_samples = 2;
  return {
      bedtok::universe::build_union(store),    bedtok::universe::build_coverage(store, two),
      bedtok::universe::build_coverage(store), bedtok::universe::build_flexible(store),
      bedtok::universe::build_hmm(store),      bedtok::universe::build_summits(windows, 51, two)};
}

}  // namespace

TEST_CASE("samples in temporary files give the universe of those in memory") {
  const support::TemporaryFolder folder;
  std::mt19937_64 random(5);
  SampleOptions summits;
  summits.summits = true;
  summits.width = 51;
  for (int round = 0; round < support::rounds(16); ++round) {
    const std::vector<RegionSet<>> samples = random_samples(random);
    SampleStore memory;
    SampleStore windows_in_memory;
    SpillingStore spilling(support::pick(random, 100, 9000), folder.path());
    SpillingStore windows(support::pick(random, 100, 9000), folder.path());
    for (const RegionSet<>& sample : samples) {
      memory.add(make_sample(sample));
      windows_in_memory.add(make_sample(sample, summits));
      spilling.add(make_sample(sample));
      windows.add(make_sample(sample, summits));
    }
    CHECK(spilling.size() == memory.size());
    CHECK(spilling.chroms() == memory.chroms());
    CHECK(spilling.parallel() == (spilling.runs() == 0));
    const std::vector<Universe> expected = universes(memory, windows_in_memory);
    const std::vector<Universe> found = universes(spilling, windows);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      CHECK(found[i].regions == expected[i].regions);
      CHECK(found[i].support == expected[i].support);
      CHECK(found[i].cores.ends == expected[i].cores.ends);
    }
  }
  CHECK(folder.names().empty());
}

TEST_CASE("runs are written above the limit only, and leave no file") {
  const support::TemporaryFolder folder;
  const RegionSet<> sample({{"chr1", 1, 2}, {"chr1", 5, 6}});  // 16 bytes
  SpillingStore store(3 * 40, folder.path());
  for (int i = 0; i < 2; ++i) store.add(make_sample(sample));
  CHECK(store.runs() == 0);
  store.add(make_sample(sample));
  CHECK(store.runs() == 1);
  CHECK(store.size() == 3);
  CHECK(bedtok::universe::build_union(store).support == std::vector<std::uint32_t>{3, 3});
  SpillingStore unlimited;
  for (int i = 0; i < 100; ++i) unlimited.add(make_sample(sample));
  CHECK(unlimited.runs() == 0);
}

TEST_CASE("a folder that cannot be written to is an error that names it") {
  SpillingStore store(1, "/nowhere/at/all");
  const std::string message = support::message_of<std::filesystem::filesystem_error>([&] {
    store.add(make_sample(RegionSet<>({{"chr1", 1, 2}})));
  });
  CHECK(message.find("cannot write") != std::string::npos);
  CHECK(message.find("/nowhere/at/all") != std::string::npos);
}

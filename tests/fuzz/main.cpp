// SPDX-License-Identifier: BSD-2-Clause
// All targets in one program, because the headers take most of the time to compile. The environment
// variable BEDTOK_FUZZ_TARGET names the one that libFuzzer runs; without libFuzzer
//
//     bedtok_fuzz TARGET FILE_OR_FOLDER...
//
// runs a target on inputs that were kept.
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "barcodes.hpp"
#include "bed.hpp"
#include "fragments.hpp"
#include "gzip.hpp"
#include "ids.hpp"
#include "map.hpp"
#include "numbers.hpp"
#include "pretrained.hpp"
#include "universe_index.hpp"

namespace {

struct Target {
  const char* name;
  void (*run)(std::string_view);
};
constexpr Target targets[] = {
    {"barcodes", fuzz::barcodes},
    {"bed", fuzz::bed},
    {"fragments", fuzz::fragments},
    {"gzip", fuzz::gzip},
    {"ids", fuzz::ids},
    {"map", fuzz::map},
    {"numbers", fuzz::numbers},
    {"pretrained", fuzz::pretrained},
    {"universe_index", fuzz::universe_index},
};

const Target& target_called(const char* name) {
  for (const Target& target : targets) {
    if (name != nullptr && std::strcmp(target.name, name) == 0) return target;
  }
  std::fprintf(stderr, "no target is called '%s', expected one of:", name == nullptr ? "" : name);
  for (const Target& target : targets) std::fprintf(stderr, " %s", target.name);
  std::fprintf(stderr, "\n");
  std::exit(2);
}

}  // namespace

#ifdef BEDTOK_LIBFUZZER
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Target& target = target_called(std::getenv("BEDTOK_FUZZ_TARGET"));
  target.run({reinterpret_cast<const char*>(data), size});
  return 0;
}
#else
int main(int argc, char** argv) {
  namespace fs = std::filesystem;
  const Target& target = target_called(argc > 1 ? argv[1] : nullptr);
  std::size_t count = 0;
  const auto run = [&](const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error(path.string() + ": cannot be read");
    const std::string bytes((std::istreambuf_iterator<char>(file)), {});
    target.run(bytes);
    ++count;
  };
  for (int i = 2; i < argc; ++i) {
    if (!fs::is_directory(argv[i])) {
      run(argv[i]);
      continue;
    }
    for (const fs::directory_entry& entry : fs::directory_iterator(argv[i])) run(entry.path());
  }
  std::printf("%s: %zu inputs\n", target.name, count);
  return count == 0 ? 1 : 0;  // a folder without inputs tests nothing
}
#endif

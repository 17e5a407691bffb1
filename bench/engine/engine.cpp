// SPDX-License-Identifier: BSD-2-Clause
//
// The overlap engine, without Python, against those of other libraries.
//
//     g++ -std=c++17 -O3 -DNDEBUG -I include bench/engine/engine.cpp -o engine
//
// or, with the peers' headers, which are no part of this repository (superintervals.hpp is in the
// sdist of superintervals on PyPI, IITree.h in cpp/ of lh3/cgranges):
//
//     cmake -S bench/engine -B build/engine -DBEDTOK_BENCH_SUPERINTERVALS=FOLDER
//           -DBEDTOK_BENCH_CGRANGES=FOLDER      (or environment variables of these names)
//     cmake --build build/engine
//     build/engine/engine [--quick] [--workload REGEX] [--rounds N] [--seed N] [--find] [--list]
//
// --quick           a tenth of the intervals and queries, and 3 rounds
// --workload REGEX  the workloads whose names match, vocabulary-100m included (it needs 12 GB)
// --rounds N        how often everything is built and asked, engines in turn (5)
// --seed N          what the data are made from (1)
// --find            adds the tool bedtok-find: one call a query
// --list            prints the names of the workloads and ends
//
// Before an engine is timed, it must have found what bedtok found, query by query; otherwise the
// program ends with 1. Standard output has one JSON object a line, for each workload, order of the
// queries and tool:
//
//     {"workload": "nested", "order": "shuffled", "tool": "bedtok", "hits": 21, "queries": 10,
//      "intervals": 5, "ns_per_query": [12.5, 12.7], "build_ms": [0.1, 0.1],
//      "bytes_per_interval": 12.0}
//
// ns_per_query and build_ms hold a number a round. bytes_per_interval counts what is still
// allocated after the build. The order is that of the queries; sorted is by chromosome, start, end.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <regex>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "engines.hpp"
#include "workloads.hpp"

// ---- What is allocated, counted: a header in front of each block has its size.

namespace {
std::size_t allocated = 0;
constexpr std::size_t header = alignof(std::max_align_t);
}  // namespace

void* operator new(std::size_t size) {
  void* block = std::malloc(size + header);
  if (block == nullptr) throw std::bad_alloc();
  *static_cast<std::size_t*>(block) = size;
  allocated += size;
  return static_cast<char*>(block) + header;
}
void operator delete(void* memory) noexcept {
  if (memory == nullptr) return;
  void* block = static_cast<char*>(memory) - header;
  allocated -= *static_cast<std::size_t*>(block);
  std::free(block);
}
void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }

namespace {

using engines::Ids;
using workloads::Intervals;

struct Settings {
  bool quick = false;
  bool find = false;
  std::string workload;
  int rounds = 0;
  std::uint64_t seed = 1;
};

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// The queries in one order, with what bedtok finds: ids of query i are [first[i], first[i + 1]).
struct Job {
  const char* order;
  Intervals queries;
  std::vector<std::uint64_t> prints;  // of the ids of each query, whatever their order
  std::size_t hits = 0;
};

std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 31)) * 0x9e3779b97f4a7c15u;
  return x ^ (x >> 29);
}

template <class Engine>
std::vector<std::uint64_t> prints_of(const Engine& engine, const Intervals& queries) {
  std::vector<std::uint64_t> prints;
  Ids ids;
  for (std::size_t i = 0; i < queries.size(); ++i) {
    ids.clear();
    engine.find_one(queries, i, ids);
    std::uint64_t print = ids.size();
    for (const std::uint32_t id : ids) print += mix(id + 1);
    prints.push_back(print);
  }
  return prints;
}

/// One engine and its figures.
template <class Engine>
class Contender {
 public:
  explicit Contender(const Intervals& set) : size_(set.size()), input_(Engine::prepare(set)) {}

  /// Whether it finds what was found first.
  bool check(std::vector<Job>& jobs) const {
    const Engine engine(input_);
    for (Job& job : jobs) {
      std::vector<std::uint64_t> prints = prints_of(engine, job.queries);
      Ids ids;
      engine.find_all(job.queries, ids);
      if (job.prints.empty()) {
        job.prints = std::move(prints);
        job.hits = ids.size();
      } else if (prints != job.prints || ids.size() != job.hits) {
        std::fprintf(stderr, "%s finds other overlaps than bedtok\n", Engine::name);
        return false;
      }
    }
    return true;
  }

  void run(const std::vector<Job>& jobs, Ids& ids) {
    const std::size_t before = allocated;
    double begin = seconds();
    const Engine engine(input_);
    build_ms_.push_back(1e3 * (seconds() - begin));
    bytes_ = allocated - before;
    ns_.resize(jobs.size());
    for (std::size_t k = 0; k < jobs.size(); ++k) {
      ids.clear();
      begin = seconds();
      engine.find_all(jobs[k].queries, ids);
      ns_[k].push_back(1e9 * (seconds() - begin) / static_cast<double>(jobs[k].queries.size()));
    }
  }

  void print(const std::string& workload, const std::vector<Job>& jobs) const {
    for (std::size_t k = 0; k < jobs.size(); ++k) {
      std::printf(
          "{\"workload\": \"%s\", \"order\": \"%s\", \"tool\": \"%s\", \"hits\": %zu, "
          "\"queries\": %zu, \"intervals\": %zu, ",
          workload.c_str(), jobs[k].order, Engine::name, jobs[k].hits, jobs[k].queries.size(),
          size_);
      print_list("ns_per_query", ns_[k]);
      print_list("build_ms", build_ms_);
      std::printf("\"bytes_per_interval\": %.2f}\n",
                  static_cast<double>(bytes_) / static_cast<double>(size_));
    }
    std::fflush(stdout);
  }

 private:
  static void print_list(const char* key, const std::vector<double>& values) {
    std::printf("\"%s\": [", key);
    for (std::size_t i = 0; i < values.size(); ++i) {
      std::printf("%s%.3f", i == 0 ? "" : ", ", values[i]);
    }
    std::printf("], ");
  }

  std::size_t size_;
  typename Engine::Input input_;
  std::size_t bytes_ = 0;
  std::vector<double> build_ms_;
  std::vector<std::vector<double>> ns_;  // by job
};

template <class... Engines>
bool measure(const std::string& name, const workloads::Workload& workload,
             const Settings& settings) {
  std::vector<Job> jobs = {{"sorted", workload.queries, {}}, {"shuffled", workload.queries, {}}};
  workloads::sort(jobs[0].queries);
  workloads::Random random(settings.seed + 1);
  workloads::shuffle(jobs[1].queries, random);

  std::tuple<Contender<Engines>...> contenders{Contender<Engines>(workload.intervals)...};
  if (!std::apply([&](auto&... c) { return (c.check(jobs) && ...); }, contenders)) return false;
  Ids ids;
  ids.reserve(std::max(jobs[0].hits, jobs[1].hits));
  const int rounds = settings.rounds > 0 ? settings.rounds : settings.quick ? 3 : 5;
  for (int round = 0; round < rounds; ++round) {
    std::apply([&](auto&... c) { (c.run(jobs, ids), ...); }, contenders);
  }
  std::apply([&](auto&... c) { (c.print(name, jobs), ...); }, contenders);
  return true;
}

template <class... Ours>
bool measure_all(const std::string& name, const workloads::Workload& workload,
                 const Settings& settings) {
  return measure<Ours...
#ifdef BEDTOK_BENCH_SUPERINTERVALS
                 ,
                 engines::Superintervals
#endif
#ifdef BEDTOK_BENCH_CGRANGES
                 ,
                 engines::Cgranges
#endif
                 >(name, workload, settings);
}

int run(const Settings& settings) {
  const std::regex pattern(settings.workload);
  for (const workloads::Recipe& recipe : workloads::all()) {
    if (settings.workload.empty() ? !recipe.in_full_runs
                                  : !std::regex_search(recipe.name, pattern)) {
      continue;
    }
    workloads::Random random(settings.seed);
    const workloads::Workload workload = recipe.make(random, settings.quick ? 10 : 1);
    const bool right =
        settings.find
            ? measure_all<engines::Bedtok, engines::BedtokFind>(recipe.name, workload, settings)
            : measure_all<engines::Bedtok>(recipe.name, workload, settings);
    if (!right) return 1;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    const bool has_value = i + 1 < argc;
    if (option == "--quick") {
      settings.quick = true;
    } else if (option == "--find") {
      settings.find = true;
    } else if (option == "--list") {
      for (const workloads::Recipe& recipe : workloads::all()) std::puts(recipe.name.c_str());
      return 0;
    } else if (option == "--workload" && has_value) {
      settings.workload = argv[++i];
    } else if (option == "--rounds" && has_value) {
      settings.rounds = std::atoi(argv[++i]);
    } else if (option == "--seed" && has_value) {
      settings.seed = std::strtoull(argv[++i], nullptr, 10);
    } else {
      std::fprintf(stderr,
                   "unknown option '%s', expected --quick, --workload REGEX, --rounds N, --seed N, "
                   "--find or --list\n",
                   option.c_str());
      return 2;
    }
  }
  return run(settings);
}

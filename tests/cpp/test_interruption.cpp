// SPDX-License-Identifier: BSD-2-Clause
#include <atomic>
#include <bedtok/interruption.hpp>
#include <bedtok/io/bed.hpp>
#include <bedtok/io/fragments.hpp>
#include <bedtok/tokenizer.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "support_io.hpp"

#if !defined(_WIN32)
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <csignal>
#endif

using bedtok::RegionSet;
using bedtok::Tokenizer;

namespace {

struct Stopped {};

// The check is a plain function: it counts down the calls on the thread of the test.
std::atomic<int> calls_left{0};
std::thread::id thread_of_test;

void stop_after_some() {
  if (std::this_thread::get_id() == thread_of_test && --calls_left < 0) throw Stopped();
}

/// Stops what runs while it lives after `calls` calls.
struct Stopping {
  explicit Stopping(int calls) {
    thread_of_test = std::this_thread::get_id();
    calls_left = calls;
    bedtok::set_interruption_check(&stop_after_some);
  }
  ~Stopping() { bedtok::set_interruption_check(nullptr); }
};

Tokenizer<> small() { return Tokenizer<>(RegionSet<>{{"chr1", 10, 20, {}}}); }

}  // namespace

TEST_CASE("nobody is asked when there is no check") { bedtok::check_interruption(); }

TEST_CASE("a batch ends between its samples, for any threads, and leaves what it is called on") {
  const Tokenizer<> tokenizer = small();
  const RegionSet<> sample{{"chr1", 15, 16, {}}};
  bedtok::BatchOptions options;
  for (const std::size_t threads : support::Sizes{1, 4}) {
    options.num_threads = threads;
    std::atomic<std::size_t> encoded{0};
    const auto run = [&](std::size_t count) {
      return tokenizer.encode_batch(
          count, std::size_t{1} << 30,
          [&](std::size_t) {
            // The other threads wait for the one that is asked, and would else do all there is.
            while (std::this_thread::get_id() != thread_of_test && calls_left >= 0) {
              std::this_thread::yield();
            }
            ++encoded;
            return tokenizer.encode(sample, tokenizer.options());
          },
          options);
    };
    {
      const Stopping stopping(0);
      constexpr std::size_t many = 1000000;
      CHECK_THROWS_AS(run(many), Stopped);
      CHECK(encoded < many);
    }
    CHECK(run(2).rows.size() == 2);
  }
}

TEST_CASE("what a check throws comes before the failure of a sample") {
  // Each other thread fails as soon as this one has been stopped, before or after that is noted.
  const auto fails = [](std::size_t) {
    while (std::this_thread::get_id() != thread_of_test && calls_left >= 0) {
      std::this_thread::yield();
    }
    throw bedtok::Error("failed");
  };
  for (int round = 0; round < 50; ++round) {
    const Stopping stopping(0);
    CHECK_THROWS_AS(bedtok::detail::parallel_for(5, 3, fails), Stopped);
  }
  const Stopping stopping(1);
  CHECK_THROWS_AS(bedtok::detail::parallel_for(5, 1, fails), bedtok::Error);
}

TEST_CASE("the reading of a file ends between its blocks") {
  std::string text;
  for (int i = 0; i < 100000; ++i) text += "chr1\t1\t2\tA\n";
  const support::TemporaryFolder folder;
  const auto plain = folder.file("f.tsv", text);
  const auto packed = folder.file("f.tsv.gz", support::bgzip(text, 60000));
  const Stopping stopping(1);
  CHECK_THROWS_AS(RegionSet<>::from_bed(plain), Stopped);
  bedtok::io::FragmentOptions options;
  for (const std::size_t threads : support::Sizes{1, 4}) {
    options.num_threads = threads;
    calls_left = 1;
    CHECK_THROWS_AS(bedtok::io::encode_fragments(packed, small(), options), Stopped);
  }
}

#if !defined(_WIN32)
namespace {

void ignore_signal(int) {}

/// A pipe in a folder with bytes in it whose writer stays open.
class OpenPipe {
 public:
  OpenPipe(const std::filesystem::path& path, const std::string& bytes) {
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    file_ = ::open(path.c_str(), O_RDWR);
    REQUIRE(::write(file_, bytes.data(), bytes.size()) == static_cast<long>(bytes.size()));
  }
  ~OpenPipe() { ::close(file_); }

 private:
  int file_;
};

}  // namespace

TEST_CASE("waiting for a pipe ends, also where another thread waits for it") {
  const support::TemporaryFolder folder;
  const OpenPipe plain(folder.path() / "plain", "chr1\t1\t2\tA\n");
  const OpenPipe packed(folder.path() / "packed", support::gzip("chr1\t1\t2\tA\n").substr(0, 12));
  {
    const Stopping stopping(2);
    CHECK_THROWS_AS(RegionSet<>::from_bed(folder.path() / "plain"), Stopped);
  }
  bedtok::io::FragmentOptions options;
  options.num_threads = 4;
  const Stopping stopping(2);
  CHECK_THROWS_AS(bedtok::io::encode_fragments(folder.path() / "packed", small(), options),
                  Stopped);
}

TEST_CASE("a signal does not end the reading of a pipe") {
  const support::TemporaryFolder folder;
  const auto path = folder.path() / "pipe";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  struct sigaction handler {};
  struct sigaction before {};
  handler.sa_handler = &ignore_signal;  // without SA_RESTART, as Python's handlers are
  REQUIRE(::sigaction(SIGUSR1, &handler, &before) == 0);
  const pthread_t reader = ::pthread_self();
  std::thread writer([&] {
    const auto interrupt = [&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      ::pthread_kill(reader, SIGUSR1);
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    };
    interrupt();  // while the pipe is opened
    const int file = ::open(path.c_str(), O_WRONLY);
    for (int i = 0; i < 5; ++i) {
      interrupt();
      if (::write(file, "chr1\t1\t2\n", 9) != 9) break;
    }
    ::close(file);
  });
  std::size_t regions = 0;
  try {
    regions = RegionSet<>::from_bed(path).size();
  } catch (const std::exception& error) {
    WARN(error.what());
  }
  writer.join();
  ::sigaction(SIGUSR1, &before, nullptr);
  CHECK(regions == 5);
}
#endif

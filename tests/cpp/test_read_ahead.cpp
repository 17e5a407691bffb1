// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/error.hpp>
#include <bedtok/io/read_ahead.hpp>
#include <cstdint>
#include <memory>
#include <random>
#include <string>

#include "catch.hpp"
#include "support_io.hpp"

using bedtok::io::ReadAheadSource;

namespace {

std::string random_bytes(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string bytes;
  while (bytes.size() < count) bytes.push_back(static_cast<char>(random()));
  return bytes;
}

/// Fails after its bytes.
class FailingSource final : public bedtok::io::ByteSource {
 public:
  explicit FailingSource(std::string bytes) : inner_(std::move(bytes), 5000, 3) {}
  std::size_t read(char* to, std::size_t room) override {
    const std::size_t got = inner_.read(to, room);
    if (got == 0) throw bedtok::ParseError("x", std::nullopt, "is cut off");
    return got;
  }
  const std::string& name() const noexcept override { return inner_.name(); }
  std::uint64_t size_hint() const noexcept override { return 0; }

 private:
  support::TrickleSource inner_;
};

}  // namespace

TEST_CASE("bytes that are read ahead are those of the source") {
  for (const std::size_t size : {0u, 1u, (1u << 20) - 1, 1u << 20, (1u << 20) + 1, 12000000u}) {
    const std::string bytes = random_bytes(size, size);
    ReadAheadSource source(std::make_unique<support::TrickleSource>(bytes, 100000, size));
    CHECK(source.name() == "trickle");
    REQUIRE(support::read_all(source, 70001) == bytes);
    char more;
    CHECK(source.read(&more, 1) == 0);
  }
}

TEST_CASE("a failure comes after the bytes in front of it, as often as asked") {
  const std::string bytes = random_bytes(3 << 20, 7);
  ReadAheadSource source(std::make_unique<FailingSource>(bytes));
  std::string got(2 << 20, '\0');
  std::size_t held = 0;
  while (held < got.size()) held += source.read(got.data() + held, got.size() - held);
  CHECK(got == bytes.substr(0, got.size()));
  for (int i = 0; i < 2; ++i) {
    CHECK(support::message_of<bedtok::ParseError>([&] { support::read_all(source); }) ==
          "x: is cut off");
  }
}

TEST_CASE("a source that is given up early ends its thread") {
  for (int round = 0; round < 20; ++round) {
    ReadAheadSource source(
        std::make_unique<support::TrickleSource>(random_bytes(20 << 20, 1), 1 << 16, 2));
    char one;
    if (round % 2 == 0) CHECK(source.read(&one, 1) == 1);
    if (round == 4) break;  // the bytes take a while to make
  }
}

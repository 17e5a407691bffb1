// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/io/gzip_writer.hpp>
#include <bedtok/io/open_text.hpp>
#include <random>
#include <string>
#include <string_view>

#include "catch.hpp"
#include "support_io.hpp"

using bedtok::io::AtomicFile;
using bedtok::io::GzipWriter;

namespace {

/// The file that a writer makes of a text, handed over in pieces.
std::string written(const std::string& text, std::size_t piece) {
  const support::TemporaryFolder folder;
  const auto path = folder.path() / "x.gz";
  AtomicFile file(path);
  GzipWriter writer(file);
  for (std::size_t first = 0; first < text.size(); first += piece) {
    writer.write(std::string_view(text).substr(first, piece));
  }
  writer.finish();
  file.commit();
  return support::bytes_of(path);
}

}  // namespace

TEST_CASE("what is written is one gzip stream of the text, whatever its pieces") {
  std::mt19937_64 random(141);
  std::string text;
  while (text.size() < 300000) text += static_cast<char>(support::pick(random, 0, 255));
  for (const std::string& whole : {std::string(), std::string("chr1\t1\t2\n"), text}) {
    for (const std::size_t piece : support::Sizes{1000, 1 << 16, 1 << 20}) {
      const std::string bytes = written(whole, piece);
      REQUIRE(support::read_all(*bedtok::io::open_text(support::memory(bytes))) == whole);
      REQUIRE(bytes.substr(0, 4) == std::string("\x1f\x8b\x08\0", 4));  // no name
      REQUIRE(bytes.substr(4, 4) == std::string(4, '\0'));              // no time
    }
  }
}

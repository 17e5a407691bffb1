// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/io/byte_source.hpp>
#include <bedtok/io/detail/path_text.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

#include "catch.hpp"
#include "support_io.hpp"

using bedtok::io::FileSource;
using bedtok::io::MemorySource;
using bedtok::io::PeekSource;
namespace fs = std::filesystem;

namespace {

std::error_code refusal(const fs::path& path) {
  try {
    FileSource source(path);
  } catch (const fs::filesystem_error& error) {
    CHECK(error.path1() == path);
    return error.code();
  }
  return {};
}

}  // namespace

TEST_CASE("a file's bytes come as they are, in pieces of any size") {
  const support::TemporaryFolder folder;
  const std::string bytes("a\0b\r\n\xff", 6);
  const auto path = folder.file("bytes", bytes);
  for (const std::size_t room : support::Sizes{1, 2, 5, 6, 100}) {
    FileSource source(path);
    CHECK(support::read_all(source, room) == bytes);
    CHECK(source.name() == path.string());
    CHECK(source.size_hint() == 6);
    char more = 0;
    CHECK(source.read(&more, 1) == 0);
  }
}

TEST_CASE("a missing file and a folder are refused with the system's reason") {
  const support::TemporaryFolder folder;
  CHECK(refusal(folder.path() / "missing") == std::errc::no_such_file_or_directory);
  CHECK(refusal(folder.path()) == std::errc::is_a_directory);
  CHECK(refusal(folder.file("file", "") / "below") == std::errc::not_a_directory);
}

TEST_CASE("the text of a path is UTF-8 on Windows, and the bytes of its name elsewhere") {
  using bedtok::io::detail::path_text;
  CHECK(path_text("folder/sample.bed") == "folder/sample.bed");
  CHECK(path_text(fs::u8path("M\xc3\xa4use.bed")) == "M\xc3\xa4use.bed");
}

TEST_CASE("bytes in memory come as they are, also none") {
  MemorySource source(std::string_view("hello"), "greeting");
  CHECK(source.size_hint() == 5);
  CHECK(source.name() == "greeting");
  CHECK(support::read_all(source, 2) == "hello");
  MemorySource nothing(std::string_view(), "nothing");
  CHECK(support::read_all(nothing).empty());
}

TEST_CASE("bytes that were looked at come again when they are read") {
  for (std::size_t peek = 0; peek < 8; ++peek) {
    for (const std::size_t room : support::Sizes{1, 3, 10}) {
      PeekSource source(std::make_unique<support::TrickleSource>("hello", 2, 1));
      CHECK(source.peek(peek) == std::string_view("hello").substr(0, peek));
      CHECK(source.peek(peek / 2).substr(0, peek / 2) ==
            std::string_view("hello").substr(0, peek / 2));
      CHECK(source.name() == "trickle");
      CHECK(support::read_all(source, room) == "hello");
    }
  }
}

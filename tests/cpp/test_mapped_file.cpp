// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/io/mapped_file.hpp>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>

#include "catch.hpp"
#include "support_io.hpp"

using bedtok::io::MappedFile;
namespace fs = std::filesystem;

TEST_CASE("a mapped file has the file's bytes, at an address for any number") {
  const support::TemporaryFolder folder;
  const std::string content("a\0b\r\n", 5);
  const MappedFile file(folder.file("some", content));
  CHECK(file.bytes() == content);
  CHECK(reinterpret_cast<std::uintptr_t>(file.bytes().data()) % alignof(std::uint64_t) == 0);
#if !defined(_WIN32)
  CHECK(file.is_mapped());
#endif
}

TEST_CASE("an empty file has no bytes") {
  const support::TemporaryFolder folder;
  const MappedFile file(folder.file("empty", ""));
  CHECK(file.bytes().empty());
  CHECK_FALSE(file.is_mapped());
}

TEST_CASE("a file that is renamed over keeps the bytes that were mapped") {
  const support::TemporaryFolder folder;
  const fs::path path = folder.file("some", "before");
  const MappedFile file(path);
  fs::rename(folder.file("other", "afterwards"), path);
  CHECK(file.bytes() == "before");
  CHECK(MappedFile(path).bytes() == "afterwards");
}

TEST_CASE("what is not a file is refused with the system's reason") {
  const support::TemporaryFolder folder;
  const auto reason = [](const fs::path& path) {
    try {
      MappedFile file(path);
    } catch (const fs::filesystem_error& error) {
      return error.code();
    }
    return std::error_code();
  };
  CHECK(reason(folder.path() / "missing") == std::errc::no_such_file_or_directory);
  CHECK(reason(folder.path()) == std::errc::is_a_directory);
#if !defined(_WIN32)
  CHECK(reason("/dev/null") == std::errc::invalid_argument);
#endif
}

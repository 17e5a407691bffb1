// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/io/file_digest.hpp>
#include <filesystem>
#include <set>
#include <string>

#include "catch.hpp"
#include "support_io.hpp"

using bedtok::io::file_digest;

TEST_CASE("a digest changes with every byte and with the length of a file") {
  const support::TemporaryFolder folder;
  const std::filesystem::path path = folder.path() / "file.bed";
  std::set<std::string> digests;
  for (const std::size_t size : {0u, 1u, 40u, (1u << 18) - 1, 1u << 18, (1u << 18) + 1, 600000u}) {
    std::string content(size, 'x');
    for (const std::size_t at : {std::size_t{0}, size / 2, size}) {
      if (at < size) content[at] = 'y';
      folder.file("file.bed", content);
      digests.insert(file_digest(path));
      if (at < size) content[at] = 'x';
      if (size == 0) break;
    }
  }
  CHECK(digests.size() == 1 + 2 + 3 * 5);
  for (const std::string& digest : digests) CHECK(digest.size() == 16);
  CHECK(file_digest(path) == file_digest(path));
  CHECK_THROWS_AS(file_digest(folder.path() / "none"), std::filesystem::filesystem_error);
}

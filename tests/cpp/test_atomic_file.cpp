// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/io/atomic_file.hpp>
#include <bedtok/io/detail/temporary_name.hpp>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "catch.hpp"
#include "support_io.hpp"

using bedtok::io::AtomicFile;
namespace fs = std::filesystem;
using Names = std::vector<std::string>;

namespace {

template <class Call>
std::error_code refusal(const fs::path& path, Call&& call) {
  try {
    call();
  } catch (const fs::filesystem_error& error) {
    CHECK(error.path1() == path);
    return error.code();
  }
  return {};
}

}  // namespace

TEST_CASE("a file has its name and all its bytes after commit, and nothing else is left") {
  const support::TemporaryFolder folder;
  AtomicFile file(folder.path() / "out.bed");
  file.write("one");
  CHECK_FALSE(fs::exists(folder.path() / "out.bed"));
  file.write({});
  file.write(std::string_view("\0two", 4));
  file.commit();
  CHECK(support::bytes_of(folder.path() / "out.bed") == std::string("one\0two", 7));
  CHECK(folder.names() == Names{"out.bed"});
}

TEST_CASE("a file that is abandoned leaves what was there before") {
  const support::TemporaryFolder folder;
  const auto path = folder.file("out.bed", "before");
  {
    AtomicFile file(path);
    file.write("after");
  }
  CHECK(support::bytes_of(path) == "before");
  CHECK(folder.names() == Names{"out.bed"});
}

TEST_CASE("commit replaces what was there before") {
  const support::TemporaryFolder folder;
  const auto path = folder.file("out.bed", "a longer text before");
  AtomicFile file(path);
  file.write("after");
  file.commit();
  CHECK(support::bytes_of(path) == "after");
  CHECK(folder.names() == Names{"out.bed"});
}

TEST_CASE("two writers of one file do not mix") {
  const support::TemporaryFolder folder;
  const auto path = folder.path() / "out.bed";
  AtomicFile first(path);
  AtomicFile second(path);
  first.write("first");
  second.write("second");
  first.commit();
  CHECK(support::bytes_of(path) == "first");
  second.commit();
  CHECK(support::bytes_of(path) == "second");
  CHECK(folder.names() == Names{"out.bed"});
}

TEST_CASE("a folder and a missing parent are refused with the system's reason") {
  const support::TemporaryFolder folder;
  CHECK(refusal(folder.path(), [&] { AtomicFile file(folder.path()); }) ==
        std::errc::is_a_directory);
  const auto lost = folder.path() / "missing" / "out.bed";
  CHECK(refusal(lost, [&] { AtomicFile file(lost); }) == std::errc::no_such_file_or_directory);
  CHECK(folder.names().empty());
}

#if !defined(_WIN32)
TEST_CASE("a link stays a link, and its target is written, there or not") {
  const support::TemporaryFolder folder;
  fs::create_directory(folder.path() / "data");
  const auto target = folder.path() / "data" / "real.bed";
  const auto link = folder.path() / "link.bed";
  fs::create_symlink("second.bed", link);  // relative, through another one
  fs::create_symlink(target, folder.path() / "second.bed");
  for (const char* text : {"first", "again"}) {
    AtomicFile file(link);
    file.write(text);
    file.commit();
    CHECK(fs::is_symlink(link));
    CHECK(support::bytes_of(target) == text);
  }
  CHECK(folder.names() == Names{"data", "link.bed", "second.bed"});

  const auto circle = folder.path() / "circle";
  fs::create_symlink("circle", circle);
  CHECK(refusal(circle, [&] { AtomicFile file(circle); }) != std::error_code());
}

TEST_CASE("a file keeps its permissions, a new one has those of any new file") {
  const support::TemporaryFolder folder;
  const auto path = folder.file("out.bed", "before");
  const auto usual = fs::status(path).permissions();
  for (const auto permissions : {fs::perms::owner_read | fs::perms::owner_write, fs::perms(0664)}) {
    fs::permissions(path, permissions);
    AtomicFile file(path);
    file.write("after");
    file.commit();
    CHECK(fs::status(path).permissions() == permissions);
  }
  AtomicFile file(folder.path() / "new.bed");
  file.commit();
  CHECK(fs::status(folder.path() / "new.bed").permissions() == usual);
}
#endif

#if defined(__linux__)
TEST_CASE("a device is written to and stays a device, and a full one is an error") {
  // A name of our own: a test that goes wrong must not replace the machine's devices.
  const support::TemporaryFolder folder;
  const auto sink = folder.path() / "null";
  fs::create_symlink("/dev/null", sink);
  AtomicFile file(sink);
  file.write("gone");
  file.commit();
  CHECK(fs::is_symlink(sink));
  CHECK(folder.names() == Names{"null"});

  const auto full = folder.path() / "full";
  fs::create_symlink("/dev/full", full);
  CHECK(refusal(full, [&] {
          AtomicFile out(full);
          out.write(std::string(1 << 20, 'x'));
          out.commit();
        }) == std::errc::no_space_on_device);
  CHECK(fs::is_symlink(full));
}
#endif

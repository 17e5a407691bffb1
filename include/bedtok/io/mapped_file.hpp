// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string_view>
#include <system_error>
#include <vector>

#include "byte_source.hpp"

#if !defined(_WIN32)
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace bedtok::io {

/// The bytes of a regular file, mapped read-only: processes that map the same file share its
/// memory. Where files cannot be mapped, as on Windows, they are read instead. The address is a
/// multiple of 8 at least.
///
/// A file that another program cuts short while it is mapped ends this one with SIGBUS when the
/// bytes that are gone are read, as with any mapped file: replace a file by renaming a new one over
/// it, as AtomicFile does, and never write into it.
class MappedFile {
 public:
  /// Maps a file. Throws std::filesystem::filesystem_error with the system's reason.
  explicit MappedFile(const std::filesystem::path& path) {
    const std::filesystem::file_status status = std::filesystem::status(path);
    if (std::filesystem::is_directory(status)) fail(path, EISDIR);
    if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
      fail(path, EINVAL);
    }
    if (!map(path)) read(path);
  }
  ~MappedFile() {
#if !defined(_WIN32)
    if (mapped_ != nullptr) ::munmap(mapped_, size_);
#endif
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  /// The bytes, valid as long as the object.
  std::string_view bytes() const noexcept { return {data_, size_}; }
  /// Whether they are the file's own pages, which other processes share.
  bool is_mapped() const noexcept { return mapped_ != nullptr; }

 private:
  [[noreturn]] static void fail(const std::filesystem::path& path, int reason) {
    throw std::filesystem::filesystem_error("cannot read", path,
                                            std::error_code(reason, std::generic_category()));
  }

#if defined(_WIN32)
  bool map(const std::filesystem::path&) { return false; }
#else
  /// Whether the file could be mapped. One that is empty cannot.
  bool map(const std::filesystem::path& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) fail(path, errno);
    struct stat status {};
    if (::fstat(file, &status) == 0 && status.st_size > 0 &&
        static_cast<std::uintmax_t>(status.st_size) <= std::numeric_limits<std::size_t>::max()) {
      const auto size = static_cast<std::size_t>(status.st_size);
      void* const at = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0);
      if (at != MAP_FAILED) {
        mapped_ = at;
        data_ = static_cast<const char*>(at);
        size_ = size;
      }
    }
    ::close(file);  // the mapping stays
    return mapped_ != nullptr;
  }
#endif

  void read(const std::filesystem::path& path) {
    FileSource source(path);
    const auto size = static_cast<std::size_t>(source.size_hint());
    buffer_.resize(size / sizeof(std::uint64_t) + 1);
    char* const at = reinterpret_cast<char*>(buffer_.data());
    while (size_ < size) {
      const std::size_t count = source.read(at + size_, size - size_);
      if (count == 0) break;
      size_ += count;
    }
    data_ = at;
  }

  void* mapped_ = nullptr;
  const char* data_ = nullptr;
  std::size_t size_ = 0;
  std::vector<std::uint64_t> buffer_;  // where it could not be mapped
};

}  // namespace bedtok::io

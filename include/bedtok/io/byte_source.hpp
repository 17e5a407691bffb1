// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "../interruption.hpp"
#include "detail/path_text.hpp"

#if !defined(_WIN32)
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace bedtok::io {

/// A stream of bytes.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  /// Puts up to `room` bytes at `to` and returns how many; 0 at the end and only there.
  virtual std::size_t read(char* to, std::size_t room) = 0;

  /// The name of the source in messages: a file's path as given.
  virtual const std::string& name() const noexcept = 0;

  /// The approximate number of bytes, for reserving memory; 0 where it is unknown.
  virtual std::uint64_t size_hint() const noexcept = 0;
};

/// The bytes of a buffer for a source: `usual`, or fewer where the source is said to be shorter.
/// Most files of a collection are small, and buffers of megabytes would cost more than they.
inline std::size_t buffer_size(const ByteSource& source, std::size_t usual) noexcept {
  const std::uint64_t size = source.size_hint();
  return size == 0 || size >= usual ? usual : static_cast<std::size_t>(size) + 1;
}

/// The bytes of a file, a pipe or a device. A signal does not end the reading; while a pipe has
/// nothing to read, check_interruption is called now and then. Throws
/// std::filesystem::filesystem_error with the system's reason: a missing file, a folder, no
/// permission.
class FileSource final : public ByteSource {
 public:
  /// Opens a file. Throws std::filesystem::filesystem_error where it cannot, and for a folder.
  explicit FileSource(const std::filesystem::path& path)
      : path_(path), name_(detail::path_text(path)) {
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) fail(EISDIR);
    open();
    const auto size = std::filesystem::file_size(path, ignored);
    size_ = ignored ? 0 : size;
  }
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  const std::string& name() const noexcept override { return name_; }
  std::uint64_t size_hint() const noexcept override { return size_; }

#if defined(_WIN32)
  ~FileSource() override {
    if (file_ != nullptr) std::fclose(file_);
  }

  std::size_t read(char* to, std::size_t room) override {
    const std::size_t count = std::fread(to, 1, room, file_);
    if (count < room && std::ferror(file_) != 0) fail(errno);
    return count;
  }

 private:
  void open() {
    file_ = _wfopen(path_.c_str(), L"rb");
    if (file_ == nullptr) fail(errno);
    // Reads come in large pieces; a second buffer would only copy them.
    std::setvbuf(file_, nullptr, _IONBF, 0);
  }

  std::FILE* file_ = nullptr;
#else
  ~FileSource() override {
    if (file_ >= 0) ::close(file_);
  }

  std::size_t read(char* to, std::size_t room) override {
    constexpr std::size_t most = std::size_t{1} << 30;  // some systems take no more than 2 GiB
    for (;;) {
      if (waits_ && !ready()) {
        check_interruption();
        continue;
      }
      const auto count = ::read(file_, to, std::min(room, most));
      if (count >= 0) return static_cast<std::size_t>(count);
      if (errno != EINTR) fail(errno);
      check_interruption();
    }
  }

 private:
  void open() {
    // Opening a pipe waits for its writer.
    while ((file_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC)) < 0) {
      if (errno != EINTR) fail(errno);
      check_interruption();
    }
    struct stat status {};
    waits_ = ::fstat(file_, &status) == 0 && !S_ISREG(status.st_mode);
  }

  /// Whether there is something to read, an end or an error; waits a tenth of a second.
  bool ready() const noexcept {
    struct pollfd here = {file_, POLLIN, 0};
    const int found = ::poll(&here, 1, 100);
    return found > 0 || (found < 0 && errno != EINTR);
  }

  int file_ = -1;
  bool waits_ = false;  // a pipe, a socket or a device
#endif

  [[noreturn]] void fail(int reason) const {
    throw std::filesystem::filesystem_error("cannot read", path_,
                                            std::error_code(reason, std::generic_category()));
  }

  std::filesystem::path path_;
  std::string name_;
  std::uint64_t size_ = 0;
};

/// Bytes in memory, which must outlive the source.
class MemorySource final : public ByteSource {
 public:
  /// Reads `bytes`, which must outlive it; `name` is for messages.
  MemorySource(std::string_view bytes, std::string name)
      : bytes_(bytes), size_(bytes.size()), name_(std::move(name)) {}

  std::size_t read(char* to, std::size_t room) override {
    const std::size_t count = std::min(room, bytes_.size());
    if (count == 0) return 0;  // an empty view may be null, which memcpy must not see
    std::memcpy(to, bytes_.data(), count);
    bytes_.remove_prefix(count);
    return count;
  }
  const std::string& name() const noexcept override { return name_; }
  std::uint64_t size_hint() const noexcept override { return size_; }

 private:
  std::string_view bytes_;  // that are left
  std::uint64_t size_;
  std::string name_;
};

/// Another source whose first bytes can be looked at before they are read.
class PeekSource final : public ByteSource {
 public:
  /// Takes over another source.
  explicit PeekSource(std::unique_ptr<ByteSource> inner) : inner_(std::move(inner)) {}

  /// Up to `count` of the bytes that come next, fewer when the source is shorter.
  std::string_view peek(std::size_t count) {
    while (ahead_.size() < count) {
      const std::size_t before = ahead_.size();
      ahead_.resize(count);
      const std::size_t n_read = inner_->read(&ahead_[before], count - before);
      ahead_.resize(before + n_read);
      if (n_read == 0) break;
    }
    return ahead_;
  }

  std::size_t read(char* to, std::size_t room) override {
    if (ahead_.empty()) return inner_->read(to, room);
    const std::size_t count = std::min(room, ahead_.size());
    std::memcpy(to, ahead_.data(), count);
    ahead_.erase(0, count);
    return count;
  }
  const std::string& name() const noexcept override { return inner_->name(); }
  std::uint64_t size_hint() const noexcept override { return inner_->size_hint(); }

 private:
  std::unique_ptr<ByteSource> inner_;
  std::string ahead_;
};

/// Bytes in memory, then those of another source.
class ChainSource final : public ByteSource {
 public:
  /// Reads `first`, then all of `then`.
  ChainSource(std::string first, std::unique_ptr<ByteSource> then)
      : first_(std::move(first)), then_(std::move(then)) {}

  std::size_t read(char* to, std::size_t room) override {
    if (at_ == first_.size()) return then_->read(to, room);
    const std::size_t count = first_.copy(to, room, at_);
    at_ += count;
    return count;
  }
  const std::string& name() const noexcept override { return then_->name(); }
  std::uint64_t size_hint() const noexcept override { return then_->size_hint(); }

 private:
  std::string first_;
  std::size_t at_ = 0;
  std::unique_ptr<ByteSource> then_;
};

}  // namespace bedtok::io

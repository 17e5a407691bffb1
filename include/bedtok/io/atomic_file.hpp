// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include "detail/temporary_name.hpp"

#if defined(_WIN32)
#include <chrono>
#include <thread>
#endif

namespace bedtok::io {

/// A file that is written atomically: bytes go to a temporary file beside it, which `commit`
/// renames. A writer that fails or is abandoned leaves an earlier file as it was. A link stays a
/// link, and an earlier file keeps its permissions. Pipes and devices are written to directly.
/// Throws std::filesystem::filesystem_error with the system's reason.
class AtomicFile {
 public:
  /// Opens a temporary file beside `path`. Throws std::filesystem::filesystem_error.
  explicit AtomicFile(const std::filesystem::path& path)
      : path_(path), target_(behind_links(path)), temporary_(target_) {
    std::error_code ignored;
    const std::filesystem::file_status target = std::filesystem::status(path, ignored);
    if (std::filesystem::is_directory(target)) fail(EISDIR);
    if (std::filesystem::is_symlink(target_, ignored)) fail(ELOOP);
    // Renaming over /dev/null would replace the device.
    in_place_ = std::filesystem::exists(target) && !std::filesystem::is_regular_file(target);
    if (!in_place_) temporary_ = detail::temporary_beside(target_);
#if defined(_WIN32)
    file_ = _wfopen(temporary_.c_str(), L"wb");
#else
    file_ = std::fopen(temporary_.c_str(), in_place_ ? "wb" : "wbx");
#endif
    if (file_ == nullptr) fail(errno);
    // Before the first byte: what only its owner may read is never there for others.
    if (std::filesystem::is_regular_file(target)) {
      std::filesystem::permissions(temporary_, target.permissions(), ignored);
    }
  }
  ~AtomicFile() {
    if (file_ != nullptr) std::fclose(file_);
    if (!committed_) remove_temporary();
  }
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// Appends bytes. Throws std::filesystem::filesystem_error that names the file.
  void write(std::string_view bytes) {
    if (bytes.empty()) return;
    if (std::fwrite(bytes.data(), 1, bytes.size(), file_) != bytes.size()) fail(errno);
  }

  /// Writes what is buffered, so that a full disk is found. Nothing may be written afterwards.
  void close() {
    if (file_ == nullptr) return;
    if (std::fflush(file_) != 0) fail(errno);
    std::FILE* const file = file_;
    file_ = nullptr;
    if (std::fclose(file) != 0) fail(errno);
  }

  /// The file that holds the bytes until `commit`.
  const std::filesystem::path& temporary() const noexcept { return temporary_; }

  /// Closes the temporary file and renames it.
  void commit() {
    close();
    const std::error_code error = in_place_ ? std::error_code() : replace_target();
    if (error) throw std::filesystem::filesystem_error("cannot write", path_, error);
    committed_ = true;
  }

 private:
  /// Where a path leads; the last link's own target need not exist.
  static std::filesystem::path behind_links(std::filesystem::path path) {
    constexpr int most = 40;  // as many as Linux follows
    std::error_code error;
    for (int i = 0; i < most && std::filesystem::is_symlink(path, error); ++i) {
      const std::filesystem::path to = std::filesystem::read_symlink(path, error);
      if (error) break;
      path = path.parent_path() / to;  // `to` alone where it is absolute
    }
    return path;
  }

  /// Renames over an earlier file, which all systems do; Windows refuses while another program has
  /// one of the two open, as indexers and scanners of new files do for a moment.
  std::error_code replace_target() const {
    std::error_code error;
    std::filesystem::rename(temporary_, target_, error);
#if defined(_WIN32)
    constexpr int tries = 50;
    for (int i = 0; i < tries && error == std::errc::permission_denied; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      std::filesystem::rename(temporary_, target_, error);
    }
#endif
    return error;
  }

  void remove_temporary() const noexcept {
    std::error_code ignored;
    if (!in_place_) std::filesystem::remove(temporary_, ignored);
  }
  [[noreturn]] void fail(int reason) const {
    throw std::filesystem::filesystem_error("cannot write", path_,
                                            std::error_code(reason, std::generic_category()));
  }

  std::filesystem::path path_;    // as given, for messages
  std::filesystem::path target_;  // behind links
  std::filesystem::path temporary_;
  std::FILE* file_ = nullptr;
  bool in_place_ = false;
  bool committed_ = false;
};

}  // namespace bedtok::io

// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <new>
#include <string_view>
#include <vector>

#include <zlib.h>

#include "atomic_file.hpp"

namespace bedtok::io {

/// Writes a gzip stream to a file. The stream has no time and no name in it, so that equal bytes
/// make equal files.
class GzipWriter {
 public:
  /// Compresses into `file`, which must outlive it.
  explicit GzipWriter(AtomicFile& file) : file_(file), out_(std::size_t{1} << 16) {
    constexpr int fast = 3;  // level 6 takes four times as long for a tenth less on BED text
    constexpr int gzip = 15 + 16;
    if (deflateInit2(&stream_, fast, Z_DEFLATED, gzip, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
      throw std::bad_alloc();
    }
  }
  ~GzipWriter() { deflateEnd(&stream_); }
  GzipWriter(const GzipWriter&) = delete;
  GzipWriter& operator=(const GzipWriter&) = delete;

  /// Appends bytes. Throws as AtomicFile::write does.
  void write(std::string_view bytes) { deflate_all(bytes, Z_NO_FLUSH); }
  /// Ends the stream. Throws as AtomicFile::write does.
  void finish() { deflate_all({}, Z_FINISH); }

 private:
  void deflate_all(std::string_view bytes, int flush) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(out_.data());
      stream_.avail_out = static_cast<uInt>(out_.size());
      ::deflate(&stream_, flush);
      file_.write({out_.data(), out_.size() - stream_.avail_out});
    } while (stream_.avail_out == 0);
  }

  AtomicFile& file_;
  std::vector<char> out_;
  z_stream stream_{};
};

}  // namespace bedtok::io

// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../error.hpp"
#include "byte_source.hpp"

// BEDTOK_USE_ISAL is set by CMake when it finds ISA-L, which inflates 2 to 3 times as fast.
#if defined(BEDTOK_USE_ISAL)
#include <isa-l/igzip_lib.h>
#else
#include <zlib.h>
#endif

namespace bedtok::io {

namespace detail {

/// What one step did.
struct InflateStep {
  std::size_t consumed;
  std::size_t produced;
  bool member_ended;  ///< trailer read, checksum right
};

#if defined(BEDTOK_USE_ISAL)
inline constexpr const char* inflate_backend = "isa-l";

class Inflater {
 public:
  Inflater() : state_(std::make_unique<inflate_state>()) { start_member(); }

  void start_member() {
    isal_inflate_init(state_.get());
    state_->crc_flag = ISAL_GZIP;
  }

  /// None when the bytes are not a gzip stream or its checksum is wrong.
  std::optional<InflateStep> step(const char* in, std::size_t in_size, char* out,
                                  std::size_t out_size) {
    // Sizes are those of our own buffers, far below 32 bits.
    state_->next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(in));
    state_->avail_in = static_cast<std::uint32_t>(in_size);
    state_->next_out = reinterpret_cast<std::uint8_t*>(out);
    state_->avail_out = static_cast<std::uint32_t>(out_size);
    if (isal_inflate(state_.get()) != ISAL_DECOMP_OK) return std::nullopt;
    return InflateStep{in_size - state_->avail_in, out_size - state_->avail_out,
                       state_->block_state == ISAL_BLOCK_FINISH};
  }

 private:
  std::unique_ptr<inflate_state> state_;
};
#else
inline constexpr const char* inflate_backend = "zlib";

class Inflater {
 public:
  Inflater() {
    constexpr int gzip_only = 15 + 16;
    if (inflateInit2(&stream_, gzip_only) != Z_OK) throw std::bad_alloc();
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  void start_member() { inflateReset(&stream_); }

  /// None when the bytes are not a gzip stream or its checksum is wrong.
  std::optional<InflateStep> step(const char* in, std::size_t in_size, char* out,
                                  std::size_t out_size) {
    // Sizes are those of our own buffers, far below 32 bits.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in));
    stream_.avail_in = static_cast<uInt>(in_size);
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(out_size);
    const int result = ::inflate(&stream_, Z_NO_FLUSH);
    if (result == Z_MEM_ERROR) throw std::bad_alloc();
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) return std::nullopt;
    return InflateStep{in_size - stream_.avail_in, out_size - stream_.avail_out,
                       result == Z_STREAM_END};
  }

 private:
  z_stream stream_{};
};
#endif

}  // namespace detail

/// Whether bytes begin like gzip, bgzip included.
inline bool is_gzip(std::string_view bytes) {
  return bytes.size() >= 2 && bytes[0] == '\x1f' && bytes[1] == '\x8b';
}

/// Bytes that tell a block of bgzip.
inline constexpr std::size_t bgzip_header = 18;

/// The size in bytes of the bgzip block that begins with `bytes`, at least bgzip_header of them; 0
/// when they are something else.
inline std::size_t bgzip_block_size(std::string_view bytes) {
  if (!is_gzip(bytes) || (bytes[3] & 4) == 0 || bytes[12] != 'B' || bytes[13] != 'C') return 0;
  const std::size_t size = (static_cast<unsigned char>(bytes[16]) |
                            static_cast<std::size_t>(static_cast<unsigned char>(bytes[17])) << 8) +
                           1;
  constexpr std::size_t trailer = 8;
  return size < bgzip_header + trailer ? 0 : size;
}

/// The text of a gzip, multi-member gzip or bgzip file. Throws ParseError when the stream is cut
/// off, damaged, or followed by other bytes; zeros behind it are padding, as gzip has it.
class InflateSource final : public ByteSource {
 public:
  explicit InflateSource(std::unique_ptr<ByteSource> inner)
      : inner_(std::move(inner)), buffer_(std::size_t{1} << 18) {}

  std::size_t read(char* to, std::size_t room) override {
    std::size_t produced = 0;
    while (produced == 0 && !ended_) {
      if (!in_member_ && !start_member()) break;
      if (begin_ == end_ && !fill(1)) {
        throw ParseError(name(), std::nullopt,
                         "the gzip stream is cut off after " + std::to_string(total_) +
                             " bytes of text, expected more: copy or download the file again");
      }
      const auto step =
          inflater_.step(buffer_.data() + begin_, end_ - begin_, to + produced, room - produced);
      if (!step) {
        throw ParseError(name(), std::nullopt,
                         "the gzip stream is damaged after " + std::to_string(total_) +
                             " bytes of text: copy or download the file again");
      }
      begin_ += step->consumed;
      produced += step->produced;
      total_ += step->produced;
      member_bytes_ += step->produced;
      if (step->member_ended) in_member_ = false;
    }
    return produced;
  }
  const std::string& name() const noexcept override { return inner_->name(); }
  std::uint64_t size_hint() const noexcept override { return 4 * inner_->size_hint(); }

 private:
  /// False at the proper end of the file.
  bool start_member() {
    if (!fill(longest_header)) return end();
    const std::string_view next(buffer_.data() + begin_, end_ - begin_);
    if (!is_gzip(next)) {
      if (!only_zeros_follow()) {
        throw ParseError(name(), std::nullopt,
                         "other bytes follow the gzip stream after " + std::to_string(total_) +
                             " bytes of text, expected its end: copy or download the file again");
      }
      return end();
    }
    bgzip_ = next.size() >= bgzip_header && bgzip_block_size(next) != 0;
    member_bytes_ = 0;
    in_member_ = true;
    if (started_) inflater_.start_member();
    started_ = true;
    return true;
  }

  /// bgzip closes a file with an empty member: without it, a file that was cut off between two
  /// members would look whole.
  bool end() {
    if (bgzip_ && member_bytes_ != 0) {
      throw ParseError(name(), std::nullopt,
                       "the bgzip end-of-file block is missing after " + std::to_string(total_) +
                           " bytes of text: the file is cut off, copy or download it again");
    }
    ended_ = true;
    return false;
  }

  bool only_zeros_follow() {
    do {
      for (; begin_ < end_; ++begin_) {
        if (buffer_[begin_] != 0) return false;
      }
    } while (fill(1));
    return true;
  }

  /// Makes `count` bytes stand in the buffer where the file has so many left; false when none is.
  bool fill(std::size_t count) {
    if (end_ - begin_ < count) {
      std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
                buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
      end_ -= begin_;
      begin_ = 0;
      while (end_ < count) {
        const std::size_t got = inner_->read(buffer_.data() + end_, buffer_.size() - end_);
        if (got == 0) break;
        end_ += got;
      }
    }
    return begin_ != end_;
  }

  // Name and comment included. ISA-L does not take a header in pieces.
  static constexpr std::size_t longest_header = std::size_t{1} << 15;

  std::unique_ptr<ByteSource> inner_;
  detail::Inflater inflater_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t total_ = 0;
  std::uint64_t member_bytes_ = 0;
  bool bgzip_ = false;
  bool started_ = false;
  bool in_member_ = false;
  bool ended_ = false;
};

}  // namespace bedtok::io

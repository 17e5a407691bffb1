// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../error.hpp"
#include "byte_source.hpp"
#include "detail/inflater.hpp"

namespace bedtok::io {

/// The library that inflates: `isa-l` or `zlib`.
inline constexpr const char* inflate_backend = detail::inflate_backend;

/// Whether bytes begin like gzip, bgzip included.
inline bool is_gzip(std::string_view bytes) {
  return bytes.size() >= 2 && bytes[0] == '\x1f' && bytes[1] == '\x8b';
}

/// Bytes that suffice to recognise a bgzip block.
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
/// off, damaged, or followed by other bytes; zeros behind it are padding, as in gzip.
class InflateSource final : public ByteSource {
 public:
  /// Inflates `inner`, of one gzip member or several.
  explicit InflateSource(std::unique_ptr<ByteSource> inner)
      : inner_(std::move(inner)), buffer_(buffer_size(*inner_, usual_size)) {}

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

  /// Reads until `count` bytes are buffered or the file ends; false when no byte is left.
  bool fill(std::size_t count) {
    if (end_ - begin_ < count) {
      std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
                buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
      end_ -= begin_;
      begin_ = 0;
      while (end_ < count) {
        // The file may be longer than it has said.
        if (end_ == buffer_.size()) buffer_.resize(usual_size);
        const std::size_t n_read = inner_->read(buffer_.data() + end_, buffer_.size() - end_);
        if (n_read == 0) break;
        end_ += n_read;
      }
    }
    return begin_ != end_;
  }

  static constexpr std::size_t usual_size = std::size_t{1} << 18;
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

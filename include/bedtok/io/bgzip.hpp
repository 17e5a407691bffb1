// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../detail/parallel_for.hpp"
#include "../error.hpp"
#include "byte_source.hpp"
#include "inflate.hpp"

namespace bedtok::io {

/// The text of a bgzip file, whose blocks are inflated on several threads. From the first block
/// that is not bgzip's on, InflateSource takes over. Throws ParseError as InflateSource does.
class BgzipSource final : public ByteSource {
 public:
  /// Inflates the blocks of `inner`, which begins with one, on so many threads.
  BgzipSource(std::unique_ptr<ByteSource> inner, std::size_t threads)
      : inner_(std::move(inner)), name_(inner_->name()), inflaters_(threads) {}

  std::size_t read(char* to, std::size_t room) override {
    while (at_ == text_.size()) {
      if (rest_ != nullptr) return rest_->read(to, room);
      if (ended_) return 0;
      inflate_more();
    }
    const std::size_t count = std::min(room, text_.size() - at_);
    std::memcpy(to, text_.data() + at_, count);
    at_ += count;
    return count;
  }
  const std::string& name() const noexcept override { return name_; }
  std::uint64_t size_hint() const noexcept override {
    return inner_ == nullptr ? 0 : 4 * inner_->size_hint();
  }

 private:
  struct Block {
    std::size_t first;  // in compressed_
    std::size_t size;
    std::size_t text_first;
    std::size_t text_size;
  };

  /// Reads and inflates some hundred blocks.
  void inflate_more() {
    compressed_.erase(compressed_.begin(),
                      compressed_.begin() + static_cast<std::ptrdiff_t>(used_));
    used_ = 0;
    const bool more = fill();
    std::vector<Block> blocks;
    std::size_t text_size = 0;
    bool foreign = false;
    while (compressed_.size() - used_ >= bgzip_header) {
      const std::string_view next(compressed_.data() + used_, compressed_.size() - used_);
      const std::size_t size = bgzip_block_size(next);
      foreign = size == 0;
      if (foreign || next.size() < size) break;
      const auto* tail = reinterpret_cast<const unsigned char*>(next.data() + size - 4);
      const std::size_t inflated = tail[0] | std::size_t{tail[1]} << 8 |
                                   std::size_t{tail[2]} << 16 | std::size_t{tail[3]} << 24;
      if (inflated > largest_text) damaged();
      blocks.push_back({used_, size, text_size, inflated});
      text_size += inflated;
      used_ += size;
    }
    text_.resize(text_size);
    at_ = 0;
    inflate(blocks);
    total_ += text_size;
    if (!blocks.empty()) last_was_empty_ = blocks.back().text_size == 0;
    if (foreign || (!more && used_ != compressed_.size())) {
      leave_to_inflate_source();
    } else if (!more) {
      ended_ = true;
      if (!last_was_empty_) {
        throw ParseError(name_, std::nullopt,
                         "the bgzip end-of-file block is missing after " + std::to_string(total_) +
                             " bytes of text: the file is cut off, copy or download it again");
      }
    }
  }

  void inflate(const std::vector<Block>& blocks) {
    // Each thread has its own inflater and takes every n-th group of blocks.
    const std::size_t groups = std::min(inflaters_.size(), blocks.size());
    bedtok::detail::parallel_for(groups, groups, [&](std::size_t group) {
      auto& inflater = inflaters_[group];
      if (inflater == nullptr) inflater = std::make_unique<detail::Inflater>();
      const std::size_t first = blocks.size() * group / groups;
      const std::size_t last = blocks.size() * (group + 1) / groups;
      for (std::size_t i = first; i < last; ++i) {
        const Block& block = blocks[i];
        inflater->start_member();
        // Without room for one more byte an inflater may not reach the trailer.
        char none;
        char* const to = block.text_size == 0 ? &none : &text_[block.text_first];
        const auto step = inflater->step(compressed_.data() + block.first, block.size, to,
                                         std::max<std::size_t>(block.text_size, 1));
        if (!step || !step->member_ended || step->produced != block.text_size) damaged();
      }
    });
  }

  bool fill() {
    std::size_t end = compressed_.size();
    compressed_.resize(std::max(buffer_size(*inner_, piece_size * inflaters_.size()), end) +
                       largest_block);
    bool more_follows = true;
    while (more_follows && end < compressed_.size()) {
      const std::size_t n_read = inner_->read(&compressed_[end], compressed_.size() - end);
      end += n_read;
      more_follows = n_read != 0;
    }
    compressed_.resize(end);
    return more_follows;
  }

  void leave_to_inflate_source() {
    auto first = std::make_unique<ChainSource>(compressed_.substr(used_), std::move(inner_));
    compressed_.clear();
    used_ = 0;
    rest_ = std::make_unique<InflateSource>(std::move(first));
  }

  [[noreturn]] void damaged() const {
    throw ParseError(name_, std::nullopt,
                     "the gzip stream is damaged after " + std::to_string(total_) +
                         " bytes of text: copy or download the file again");
  }

  static constexpr std::size_t largest_text = std::size_t{1} << 16;
  static constexpr std::size_t largest_block = std::size_t{1} << 16;
  static constexpr std::size_t piece_size = std::size_t{1} << 19;  // compressed, for each thread

  std::unique_ptr<ByteSource> inner_;
  std::string name_;
  std::vector<std::unique_ptr<detail::Inflater>> inflaters_;
  std::string compressed_;
  std::size_t used_ = 0;
  std::string text_;
  std::size_t at_ = 0;
  std::uint64_t total_ = 0;
  bool last_was_empty_ = true;
  bool ended_ = false;
  std::unique_ptr<InflateSource> rest_;
};

}  // namespace bedtok::io

// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstring>
#include <vector>

#include "../detail/parse_int.hpp"
#include "../interruption.hpp"
#include "byte_source.hpp"

namespace bedtok::io {

/// Whole lines of a text: [first, last). Valid until the next block is read.
struct TextBlock {
  const char* first = nullptr;  ///< its first byte
  const char* last = nullptr;   ///< behind its last byte
  /// The next line is longer than LineBlocks takes; [first, last) is its beginning.
  bool endless_line = false;
  /// Whether there is no text, as behind the last block.
  bool empty() const noexcept { return first == last; }
};

/// A text in blocks of whole lines, with a margin around them that readers by words may touch. A
/// last line without a line end is followed by one all the same. A UTF-8 byte-order mark is
/// skipped.
class LineBlocks {
 public:
  /// The source must outlive this. `size` is the approximate number of bytes of a block.
  explicit LineBlocks(ByteSource& source, std::size_t size = std::size_t{1} << 18)
      : source_(source),
        usual_size_(size + 2 * margin),
        buffer_(buffer_size(source, size) + 2 * margin) {}

  /// The next block; an empty one at the end. Calls check_interruption first.
  TextBlock next() {
    check_interruption();
    if (n_unfinished_ != 0) std::memmove(buffer_.data() + margin, unfinished_, n_unfinished_);
    // The text may be longer than the source has said.
    if (more_follows_ && buffer_.size() < usual_size_) buffer_.resize(usual_size_);
    for (;;) {
      more_follows_ = fill();
      const char* first = buffer_.data() + margin;
      const char* last = first + n_unfinished_;
      buffer_[margin + n_unfinished_] = '\n';  // closes a last line that lacks its line end
      if (first_block_ && n_unfinished_ >= 3 && std::memcmp(first, "\xEF\xBB\xBF", 3) == 0)
        first += 3;
      const char* end = last;
      if (more_follows_) {
        while (end != first && end[-1] != '\n') --end;
        if (end == first) {
          if (n_unfinished_ >= longest_line) return {first, last, true};
          buffer_.resize(2 * buffer_.size());
          continue;
        }
      }
      first_block_ = false;
      unfinished_ = end;
      n_unfinished_ = static_cast<std::size_t>(last - end);
      return {first, end, false};
    }
  }

 private:
  static constexpr std::size_t margin = bedtok::detail::read_margin;
  static constexpr std::size_t longest_line = std::size_t{1} << 26;

  /// Reads until the buffer is full; false at the end of the source.
  bool fill() {
    const std::size_t size = buffer_.size() - 2 * margin;
    while (n_unfinished_ < size) {
      const std::size_t n_read =
          source_.read(buffer_.data() + margin + n_unfinished_, size - n_unfinished_);
      if (n_read == 0) return false;
      n_unfinished_ += n_read;
    }
    return true;
  }

  ByteSource& source_;
  std::size_t usual_size_;
  std::vector<char> buffer_;
  const char* unfinished_ = nullptr;  // first byte after the last block
  std::size_t n_unfinished_ = 0;      // its bytes
  bool first_block_ = true;
  bool more_follows_ = false;  // behind the last block
};

}  // namespace bedtok::io

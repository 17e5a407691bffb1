// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstring>
#include <vector>

#include "../detail/parse_int.hpp"
#include "byte_source.hpp"

namespace bedtok::io {

/// Whole lines of a text: [first, last). Valid until the next block is asked for.
struct TextBlock {
  const char* first = nullptr;
  const char* last = nullptr;
  /// The next line is longer than any text has; [first, last) is its beginning.
  bool endless_line = false;
  bool empty() const noexcept { return first == last; }
};

/// A text in blocks of whole lines, with room around them that readers by words may touch. The last
/// line may lack its line end; one stands behind it nevertheless. A UTF-8 byte-order mark is passed
/// over.
class LineBlocks {
 public:
  /// The source must outlive this. `size` is about how many bytes a block has.
  explicit LineBlocks(ByteSource& source, std::size_t size = std::size_t{1} << 18)
      : source_(source), buffer_(size + 2 * margin) {}

  /// The next block; an empty one at the end.
  TextBlock next() {
    if (held_ != 0) std::memmove(buffer_.data() + margin, unfinished_, held_);
    for (;;) {
      const bool more = fill();
      const char* first = buffer_.data() + margin;
      const char* last = first + held_;
      buffer_[margin + held_] = '\n';  // closes a last line that lacks its line end
      if (first_block_ && held_ >= 3 && std::memcmp(first, "\xEF\xBB\xBF", 3) == 0) first += 3;
      const char* end = last;
      if (more) {
        while (end != first && end[-1] != '\n') --end;
        if (end == first) {
          if (held_ >= longest_line) return {first, last, true};
          buffer_.resize(2 * buffer_.size());
          continue;
        }
      }
      first_block_ = false;
      unfinished_ = end;
      held_ = static_cast<std::size_t>(last - end);
      return {first, end, false};
    }
  }

 private:
  static constexpr std::size_t margin = bedtok::detail::read_margin;
  static constexpr std::size_t longest_line = std::size_t{1} << 26;

  /// Reads until the buffer is full; false at the end of the source.
  bool fill() {
    const std::size_t size = buffer_.size() - 2 * margin;
    while (held_ < size) {
      const std::size_t got = source_.read(buffer_.data() + margin + held_, size - held_);
      if (got == 0) return false;
      held_ += got;
    }
    return true;
  }

  ByteSource& source_;
  std::vector<char> buffer_;
  const char* unfinished_ = nullptr;  // begin of a line that the last block could not finish
  std::size_t held_ = 0;              // its bytes
  bool first_block_ = true;
};

}  // namespace bedtok::io

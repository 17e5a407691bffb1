// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "../error.hpp"
#include "bgzip.hpp"
#include "byte_source.hpp"
#include "inflate.hpp"
#include "read_ahead.hpp"

namespace bedtok::io {

/// The text of a source: inflated when its first bytes are gzip's, else as it is. With two
/// threads or more one of them inflates ahead of the reader; with four or more, blocks of bgzip are
/// inflated side by side. Throws ParseError for formats that are known not to be text; a text may
/// begin with letters that are the first of such a format.
inline std::unique_ptr<ByteSource> open_text(std::unique_ptr<ByteSource> source,
                                             std::size_t threads = 1) {
  auto text = std::make_unique<PeekSource>(std::move(source));
  const std::string_view head = text->peek(bgzip_header);
  if (is_gzip(head)) {
    if (threads <= 1) return std::make_unique<InflateSource>(std::move(text));
    // The reader of the text needs the other half of the threads at the same time.
    const std::size_t inflating = threads / 2;
    std::unique_ptr<ByteSource> inflated;
    if (inflating > 1 && head.size() >= bgzip_header && bgzip_block_size(head) != 0) {
      inflated = std::make_unique<BgzipSource>(std::move(text), inflating);
    } else {
      inflated = std::make_unique<InflateSource>(std::move(text));
    }
    return std::make_unique<ReadAheadSource>(std::move(inflated));
  }
  struct Foreign {
    std::string_view magic;
    const char* what;
  };
  using namespace std::string_view_literals;
  static constexpr Foreign foreign[] = {
      {"\xEB\xF2\x89\x87"sv, "a bigBed file, expected BED text: convert it with bigBedToBed"},
      {"\x87\x89\xF2\xEB"sv, "a bigBed file, expected BED text: convert it with bigBedToBed"},
      {"\x28\xB5\x2F\xFD"sv, "compressed by zstd, expected BED text or gzip: decompress it first"},
      {"\xFD\x37zX"sv, "compressed by xz, expected BED text or gzip: decompress it first"},
  };
  const auto refuse = [&](const char* what) {
    throw ParseError(text->name(), std::nullopt, std::string("this is ") + what);
  };
  for (const Foreign& format : foreign) {
    if (head.substr(0, format.magic.size()) == format.magic) refuse(format.what);
  }
  // A name may begin with the letters of these two: what follows them decides. bzip2 has the level
  // and the first six bytes of a block or of the end, zip two bytes of a version, the second of
  // which is 0.
  if (head.substr(0, 3) == "BZh"sv && head.size() >= 10 && head[3] >= '1' && head[3] <= '9' &&
      (head.substr(4, 6) == "\x31\x41\x59\x26\x53\x59"sv ||
       head.substr(4, 6) == "\x17\x72\x45\x38\x50\x90"sv)) {
    refuse("compressed by bzip2, expected BED text or gzip: decompress it first");
  }
  if (head.substr(0, 4) == "PK\x03\x04"sv && head.size() >= 6 && head[5] == '\0') {
    refuse("a zip archive, expected BED text or gzip: unpack it first");
  }
  return text;
}

}  // namespace bedtok::io

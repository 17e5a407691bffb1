// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include "fuzz.hpp"
#include "support_io.hpp"

namespace fuzz {

/// The text that a raw deflate stream gives, and the stream's size; none where zlib refuses it.
inline std::optional<std::pair<std::string, std::size_t>> inflate_raw(std::string_view raw) {
  z_stream stream{};
  if (inflateInit2(&stream, -15) != Z_OK) std::abort();
  std::string text(1 << 14, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(raw.data()));
  stream.avail_in = static_cast<uInt>(raw.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  const int result = inflate(&stream, Z_FINISH);
  const std::size_t used = raw.size() - stream.avail_in;
  text.resize(text.size() - stream.avail_out);
  inflateEnd(&stream);
  if (result != Z_STREAM_END) return std::nullopt;
  return std::pair{std::move(text), used};
}

/// A gzip member around a raw deflate stream.
inline std::string member(std::string_view raw, std::string_view text) {
  std::string bytes("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
  bytes.append(raw);
  const auto* data = reinterpret_cast<const Bytef*>(text.data());
  support::append_little_endian(bytes, crc32(0, data, static_cast<uInt>(text.size())), 4);
  support::append_little_endian(bytes, text.size(), 4);
  return bytes;
}

/// gzip and bgzip around a text, which read plain is the oracle; whole, cut off, with one bit
/// changed; and bytes that only begin like gzip.
inline void gzip(std::string_view bytes) {
  Input in(bytes);
  const unsigned mode = in.byte() % 4;
  if (mode == 0) {
    read(std::string("\x1f\x8b").append(in.left()));
    return;
  }
  const std::uint64_t where = in.number(2);
  std::string text;
  std::string packed;
  std::vector<std::size_t> member_ends;
  if (mode == 1) {  // any stream that zlib takes
    const auto inflated = inflate_raw(in.left());
    if (!inflated) return;
    text = inflated->first;
    packed = member(in.left().substr(0, inflated->second), text);
    member_ends.push_back(packed.size());
  } else {
    const std::size_t size = 1 + in.number(2) % 1000;
    text.assign(in.left());
    if (text.empty()) return;
    if (mode == 2) packed = support::bgzip(text, size);
    for (std::size_t at = 0; mode == 3 && at < text.size(); at += size) {
      packed += support::gzip(std::string_view(text).substr(at, size), 1);
      member_ends.push_back(packed.size());
    }
  }
  const ReadResult whole = read(packed);
  // Text that begins like a compressed format is not unpacked twice, and refused only as a file.
  const ReadResult expected = read(text);
  if (!bedtok::io::is_gzip(text) && expected.error.find("this is ") == std::string::npos) {
    REQUIRE_TRUE(same(whole, expected));
  }

  const std::size_t kept = 2 + where % (packed.size() - 2);
  const ReadResult cut = read(std::string_view(packed).substr(0, kept));
  bool between_members = false;
  for (const std::size_t end : member_ends) between_members = between_members || end == kept;
  REQUIRE_TRUE(!cut.set || between_members);

  std::string changed = packed;
  char& byte = changed[where % changed.size()];
  byte = static_cast<char>(byte ^ (1 << (where >> 13)));
  // Beyond the two bytes that make it gzip: an error, or a byte that means nothing.
  if (bedtok::io::is_gzip(changed)) {
    const ReadResult other = read(changed);
    REQUIRE_TRUE(!other.set || same(other, whole));
  }
}

}  // namespace fuzz

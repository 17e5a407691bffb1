// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <zlib.h>

#include <algorithm>
#include <atomic>
#include <bedtok/io/byte_source.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support.hpp"

// Files, gzip streams and sources for the tests of the io headers.
namespace support {

/// A folder that is gone when the test is.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    path_ = std::filesystem::temp_directory_path() /
            ("bedtok-test-" + std::to_string(std::random_device{}()) + "-" +
             std::to_string(std::random_device{}()));
    if (!std::filesystem::create_directory(path_)) throw std::runtime_error("folder exists");
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

  /// Writes `bytes` to a file of that name and returns its path.
  std::filesystem::path file(const std::string& name, std::string_view bytes) const {
    std::ofstream out(path_ / name, std::ios::binary);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!out.flush()) throw std::runtime_error("cannot write " + name);
    return path_ / name;
  }

  /// The names of all that lies in it, sorted.
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

 private:
  std::filesystem::path path_;
};

inline std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Deflates with zlib; `window_bits` as deflateInit2 takes them.
inline std::string deflated(std::string_view text, int window_bits, int level = 6) {
  z_stream stream{};
  // Small texts with small tables: to set them up would take longer than the rest of a fuzz target.
  const bool small = text.size() <= std::size_t{1} << 12;
  if (small) window_bits += window_bits < 0 ? 3 : -3;
  if (deflateInit2(&stream, level, Z_DEFLATED, window_bits, small ? 1 : 8, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    throw std::bad_alloc();
  }
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = ::deflate(&stream, Z_FINISH);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  if (result != Z_STREAM_END) throw std::runtime_error("deflate failed");
  return out;
}

/// One gzip member.
inline std::string gzip(std::string_view text, int level = 6) {
  return deflated(text, 15 + 16, level);
}

inline void append_little_endian(std::string& out, std::size_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>((value >> (8 * i)) & 0xFF));
}

/// One block of bgzip: a gzip member whose extra field BC holds the block's size.
inline std::string bgzip_block(std::string_view text) {
  const std::string body = deflated(text, -15);
  std::string block("\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0", 16);
  append_little_endian(block, 18 + body.size() + 8 - 1, 2);
  block += body;
  append_little_endian(
      block, crc32(0, reinterpret_cast<const Bytef*>(text.data()), static_cast<uInt>(text.size())),
      4);
  append_little_endian(block, text.size(), 4);
  return block;
}

/// The empty block that closes a bgzip file.
inline std::string bgzip_end() { return bgzip_block({}); }

inline std::string bgzip(std::string_view text, std::size_t block_size) {
  std::string out;
  for (; !text.empty(); text.remove_prefix(std::min(block_size, text.size()))) {
    out += bgzip_block(text.substr(0, block_size));
  }
  return out + bgzip_end();
}

/// Hands out its bytes in pieces of random size, as a pipe may, and says how many they are, that it
/// does not know, or a wrong number.
class TrickleSource final : public bedtok::io::ByteSource {
 public:
  TrickleSource(std::string bytes, std::size_t largest, std::uint64_t seed)
      : bytes_(std::move(bytes)), largest_(largest), random_(seed) {
    const std::uint64_t said[] = {0, 1, bytes_.size(), 2 * bytes_.size()};
    size_hint_ = said[seed % 4];
  }

  std::size_t read(char* to, std::size_t room) override {
    const std::size_t count =
        std::min({room, bytes_.size() - at_, std::size_t{pick(random_, 1, largest_)}});
    std::memcpy(to, bytes_.data() + at_, count);
    at_ += count;
    return count;
  }
  const std::string& name() const noexcept override { return name_; }
  std::uint64_t size_hint() const noexcept override { return size_hint_; }

 private:
  std::string bytes_;
  std::size_t at_ = 0;
  std::uint64_t size_hint_;
  std::size_t largest_;
  std::mt19937_64 random_;
  std::string name_ = "trickle";
};

/// All bytes of a source, asked for in pieces of `room`.
inline std::string read_all(bedtok::io::ByteSource& source, std::size_t room = 1000) {
  std::string out;
  std::vector<char> piece(room);
  for (std::size_t got; (got = source.read(piece.data(), room)) != 0;)
    out.append(piece.data(), got);
  return out;
}

inline std::unique_ptr<bedtok::io::ByteSource> memory(std::string_view bytes,
                                                      std::string name = "memory") {
  return std::make_unique<bedtok::io::MemorySource>(bytes, std::move(name));
}

}  // namespace support

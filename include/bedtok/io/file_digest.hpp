// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "../detail/hash_bytes.hpp"
#include "byte_source.hpp"

namespace bedtok::io {

/// Returns 16 hexadecimal digits that depend on every byte of a file, to notice that it changed.
/// Not cryptographic. Throws std::filesystem::filesystem_error when it cannot be read.
inline std::string file_digest(const std::filesystem::path& path) {
  constexpr std::size_t block = std::size_t{1} << 18;
  FileSource source(path);
  std::vector<char> buffer(block);
  std::uint64_t hash = 0;
  for (;;) {
    std::size_t size = 0;  // full blocks, so that the digest does not depend on how bytes arrive
    while (size < block) {
      const std::size_t count = source.read(buffer.data() + size, block - size);
      if (count == 0) break;
      size += count;
    }
    hash = bedtok::detail::hash_bytes(buffer.data(), size, hash);
    if (size < block) break;
  }
  return bedtok::detail::hex_digits(hash);
}

}  // namespace bedtok::io

// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace bedtok::detail {

/// A 64-bit hash of every byte of a text: names that share a long head and tail still spread.
///
/// The construction is that of wyhash: 16 bytes at a time are folded into the state by a
/// 64 x 64 -> 128 bit product whose halves are combined by xor. It is fast (several bytes a cycle)
/// and not cryptographic: whoever knows the constants can make collisions.
class ByteHash {
 public:
  explicit ByteHash(std::uint64_t seed = 0) : state_(seed ^ fold(seed ^ k0, k1)) {}

  /// Returns the hash of `size` bytes after those that came before.
  std::uint64_t operator()(const char* data, std::size_t size) const {
    std::uint64_t state = state_;
    std::size_t left = size;
    for (; left > 48; left -= 48, data += 48) {
      // Three independent products keep the multiplier busy.
      state = fold(read(data) ^ k1, read(data + 8) ^ state) ^
              fold(read(data + 16) ^ k2, read(data + 24) ^ k0) ^
              fold(read(data + 32) ^ k3, read(data + 40) ^ state);
    }
    for (; left > 16; left -= 16, data += 16) {
      state = fold(read(data) ^ k1, read(data + 8) ^ state);
    }
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    if (left >= 8) {  // two words that may overlap
      a = read(data);
      b = read(data + left - 8);
    } else if (left >= 4) {
      a = read_half(data);
      b = read_half(data + left - 4);
    } else if (left > 0) {
      a = (std::uint64_t{byte(data)} << 16) | (std::uint64_t{byte(data + left / 2)} << 8) |
          byte(data + left - 1);
    }
    return fold(k1 ^ size, fold(a ^ k1, b ^ state));
  }

 private:
  // Odd constants with as many ones as zeros.
  static constexpr std::uint64_t k0 = 0x9e3779b97f4a7c15;
  static constexpr std::uint64_t k1 = 0xd6e8feb86659fd93;
  static constexpr std::uint64_t k2 = 0xa0761d6478bd642f;
  static constexpr std::uint64_t k3 = 0xc2b2ae3d27d4eb4f;

  static std::uint64_t read(const char* data) {
    std::uint64_t word;
    std::memcpy(&word, data, sizeof word);
    return word;
  }
  static std::uint64_t read_half(const char* data) {
    std::uint32_t word;
    std::memcpy(&word, data, sizeof word);
    return word;
  }
  static unsigned char byte(const char* data) { return static_cast<unsigned char>(*data); }

  /// Returns the xor of both halves of a product of 128 bits.
  static std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
#ifdef __SIZEOF_INT128__
    __extension__ using Product = unsigned __int128;
    const Product product = static_cast<Product>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
#else
    const std::uint64_t a_low = a & 0xffffffff;
    const std::uint64_t a_high = a >> 32;
    const std::uint64_t b_low = b & 0xffffffff;
    const std::uint64_t b_high = b >> 32;
    const std::uint64_t middle = a_high * b_low + ((a_low * b_low) >> 32);
    const std::uint64_t carry = (middle & 0xffffffff) + a_low * b_high;
    const std::uint64_t high = a_high * b_high + (middle >> 32) + (carry >> 32);
    return (a * b) ^ high;
#endif
  }

  std::uint64_t state_;
};

/// Returns the hash of the bytes of a text.
inline std::uint64_t hash_bytes(const char* data, std::size_t size, std::uint64_t seed = 0) {
  return ByteHash(seed)(data, size);
}

/// A hash as 16 hexadecimal digits.
inline std::string hex_digits(std::uint64_t hash) {
  std::string digits(16, '0');
  for (std::size_t i = 16; i-- > 0; hash >>= 4) digits[i] = "0123456789abcdef"[hash & 15];
  return digits;
}

}  // namespace bedtok::detail

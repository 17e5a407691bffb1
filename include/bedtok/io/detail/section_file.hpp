// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "../../array.hpp"
#include "../../detail/hash_bytes.hpp"
#include "../../detail/parallel_for.hpp"
#include "../../detail/processors.hpp"
#include "../../error.hpp"
#include "../mapped_file.hpp"

// A file of numbered arrays that are used where they lie. All numbers are in the byte order of the
// machine that wrote them. The first 64 bytes are these:
namespace bedtok::io::detail {

/// The head of the file. Versions may change what follows it and never the head itself.
struct SectionHead {
  std::array<char, 8> magic;
  std::uint32_t byte_order;     // 0x01020304 to the machine that wrote it
  std::uint32_t version;        // of the format
  std::uint64_t file_size;      // in bytes
  std::uint64_t table_digest;   // of the table of sections, which has the digest of each
  std::uint64_t source_size;    // of the file that the content was made from, in bytes
  std::uint64_t source_digest;  // of its bytes
  std::uint32_t sections;       // how many
  std::uint16_t coord_size;     // bytes of a coordinate
  std::uint16_t layout;         // of the content
  std::uint64_t head_digest;    // of the bytes before
};
static_assert(sizeof(SectionHead) == 64 && std::has_unique_object_representations_v<SectionHead>);

/// A line of the table, which follows the head. Sections come in the order of their numbers.
struct SectionEntry {
  std::uint32_t number;
  std::uint32_t element_size;  // in bytes
  std::uint64_t offset;        // from the file's beginning; the next multiple of 64
  std::uint64_t count;         // of elements
  std::uint64_t digest;        // of the section's bytes
};
static_assert(sizeof(SectionEntry) == 32 && std::has_unique_object_representations_v<SectionEntry>);

inline constexpr std::array<char, 8> section_magic = {'\x89', 'b', 'e', 'd', 't', 'o', 'k', '\n'};
inline constexpr std::uint32_t section_byte_order = 0x01020304;
inline constexpr std::uint32_t section_version = 1;
inline constexpr std::size_t section_alignment = 64;  // a line of the cache

/// The next multiple of the alignment.
constexpr std::uint64_t aligned(std::uint64_t offset) noexcept {
  return (offset + (section_alignment - 1)) / section_alignment * section_alignment;
}

inline std::uint64_t head_digest(const SectionHead& head) {
  return bedtok::detail::hash_bytes(reinterpret_cast<const char*>(&head),
                                    offsetof(SectionHead, head_digest));
}

/// How many threads look through so many bytes: one reads memory no faster than it can.
inline std::size_t threads_for_bytes(std::uint64_t bytes) noexcept {
  constexpr std::uint64_t worth_a_thread = std::uint64_t{1} << 22;
  constexpr std::uint64_t most = 4;
  const std::uint64_t useful = std::clamp<std::uint64_t>(bytes / worth_a_thread, 1, most);
  return std::min(bedtok::detail::processors(), static_cast<std::size_t>(useful));
}

/// The digests of several byte strings, which must outlive it. That of one is the hash of the
/// hashes of its pieces, so that threads can share the work.
class PieceDigests {
 public:
  /// Adds bytes; returns their number.
  std::size_t add(std::string_view bytes) {
    first_.push_back(pieces_.size());
    do {
      pieces_.push_back(bytes.substr(0, piece));
      bytes.remove_prefix(pieces_.back().size());
    } while (!bytes.empty());
    return first_.size() - 1;
  }

  /// Reads all bytes.
  void compute() {
    std::uint64_t size = 0;
    for (const std::string_view bytes : pieces_) size += bytes.size();
    digests_.resize(pieces_.size());
    bedtok::detail::parallel_for(pieces_.size(), threads_for_bytes(size), [&](std::size_t i) {
      digests_[i] = bedtok::detail::hash_bytes(pieces_[i].data(), pieces_[i].size());
    });
  }

  /// The digest of the bytes that got this number.
  std::uint64_t operator[](std::size_t number) const {
    const std::size_t begin = first_[number];
    const std::size_t end = number + 1 < first_.size() ? first_[number + 1] : digests_.size();
    return bedtok::detail::hash_bytes(reinterpret_cast<const char*>(digests_.data() + begin),
                                      (end - begin) * sizeof digests_[0]);
  }

 private:
  static constexpr std::size_t piece = std::size_t{1} << 20;

  std::vector<std::string_view> pieces_;
  std::vector<std::size_t> first_;  // piece of each
  std::vector<std::uint64_t> digests_;
};

/// The digest of one byte string.
inline std::uint64_t digest_of(std::string_view bytes) {
  PieceDigests digests;
  digests.add(bytes);
  digests.compute();
  return digests[0];
}

/// Collects arrays, which must outlive it, and writes them. Equal arrays make equal bytes.
class SectionWriter {
 public:
  /// Adds an array under a number above those before.
  template <class T>
  void add(std::uint32_t number, const T* data, std::size_t count) {
    static_assert(std::is_trivially_copyable_v<T> && std::has_unique_object_representations_v<T>,
                  "bytes without a meaning would differ from file to file");
    const std::string_view bytes(reinterpret_cast<const char*>(data), count * sizeof(T));
    table_.push_back({number, static_cast<std::uint32_t>(sizeof(T)), 0, count, digest_of(bytes)});
    bytes_.push_back(bytes);
  }

  /// Writes all by `write(bytes)`; the head gets what `head` leaves open.
  template <class Write>
  void write(SectionHead head, Write&& write) {
    std::uint64_t end = sizeof head + table_.size() * sizeof(SectionEntry);
    for (std::size_t i = 0; i < table_.size(); ++i) {
      table_[i].offset = aligned(end);
      end = table_[i].offset + bytes_[i].size();
    }
    const std::string_view table(reinterpret_cast<const char*>(table_.data()),
                                 table_.size() * sizeof(SectionEntry));
    head.magic = section_magic;
    head.byte_order = section_byte_order;
    head.version = section_version;
    head.file_size = end;
    head.table_digest = digest_of(table);
    head.sections = static_cast<std::uint32_t>(table_.size());
    head.head_digest = head_digest(head);
    write(std::string_view(reinterpret_cast<const char*>(&head), sizeof head));
    write(table);
    std::uint64_t at = sizeof head + table.size();
    constexpr std::array<char, section_alignment> zeros{};
    for (std::size_t i = 0; i < table_.size(); ++i) {
      write(std::string_view(zeros.data(), static_cast<std::size_t>(table_[i].offset - at)));
      write(bytes_[i]);
      at = table_[i].offset + bytes_[i].size();
    }
  }

 private:
  std::vector<SectionEntry> table_;
  std::vector<std::string_view> bytes_;
};

/// A file of sections that was opened and found to be whole.
class SectionFile {
 public:
  /// What is wrong with a file, as a sentence without its name.
  class Damage {
   public:
    explicit Damage(std::string text) : text_(std::move(text)) {}
    const std::string& text() const noexcept { return text_; }

   private:
    std::string text_;
  };

  /// The head of a file. Throws Damage. `version` and what depends on it are not compared, and of
  /// another byte order no field but that one may be read.
  static SectionHead read_head(std::string_view bytes) {
    SectionHead head{};
    const std::size_t known = std::min(bytes.size(), sizeof head);
    std::memcpy(&head, bytes.data(), known);
    if (head.magic != section_magic) throw Damage("does not begin like a saved index");
    if (known < sizeof head) {
      throw Damage("has " + std::to_string(bytes.size()) + " bytes, expected " +
                   std::to_string(sizeof head) + " or more");
    }
    if (is_swapped(head)) return head;
    if (head.byte_order != section_byte_order || head.head_digest != head_digest(head)) {
      throw Damage("has a damaged head");
    }
    return head;
  }

  /// Whether a file was written on a machine of the other byte order.
  static bool is_swapped(const SectionHead& head) noexcept { return head.byte_order == 0x04030201; }

  /// Reads the table and compares the digests of all sections. Throws Damage. `digests` may hold
  /// other bytes, whose digests are computed on the way.
  SectionFile(std::shared_ptr<const MappedFile> file, const SectionHead& head,
              PieceDigests& digests)
      : file_(std::move(file)) {
    const std::string_view bytes = file_->bytes();
    if (head.file_size != bytes.size()) {
      throw Damage("has " + std::to_string(bytes.size()) + " bytes, expected " +
                   std::to_string(head.file_size));
    }
    if (head.sections > (bytes.size() - sizeof head) / sizeof(SectionEntry)) {
      throw Damage("ends within its table");
    }
    table_.resize(head.sections);
    const std::string_view table = bytes.substr(sizeof head, table_.size() * sizeof(SectionEntry));
    if (digest_of(table) != head.table_digest) throw Damage("has a damaged table");
    if (!table.empty()) std::memcpy(table_.data(), table.data(), table.size());
    std::uint64_t end = sizeof head + table.size();
    std::uint32_t before = 0;
    std::vector<std::size_t> numbers;
    for (const SectionEntry& entry : table_) {
      check(entry, before, end);
      numbers.push_back(digests.add(bytes_of(entry)));
      before = entry.number;
      end = entry.offset + entry.count * entry.element_size;
    }
    if (end != bytes.size()) throw Damage("has bytes behind its last section");
    digests.compute();
    for (std::size_t i = 0; i < table_.size(); ++i) {
      if (digests[numbers[i]] != table_[i].digest) {
        throw Damage("has damaged bytes in section " + std::to_string(table_[i].number));
      }
    }
  }

  /// The values of a section; empty where there is none. Throws Damage where its elements are of
  /// another size.
  template <class T>
  Array<T> array(std::uint32_t number) const {
    static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= alignof(std::uint64_t));
    const auto entry = std::find_if(table_.begin(), table_.end(), [&](const SectionEntry& each) {
      return each.number == number;
    });
    if (entry == table_.end() || entry->count == 0) return {};
    if (entry->element_size != sizeof(T)) {
      throw Damage("has elements of " + std::to_string(entry->element_size) + " bytes in section " +
                   std::to_string(number) + ", expected " + std::to_string(sizeof(T)));
    }
    return Array<T>(reinterpret_cast<const T*>(bytes_of(*entry).data()),
                    static_cast<std::size_t>(entry->count), file_);
  }

 private:
  /// A section follows the one before, with zeros up to the alignment.
  void check(const SectionEntry& entry, std::uint32_t before, std::uint64_t end) const {
    const std::string_view bytes = file_->bytes();
    const std::string name = "section " + std::to_string(entry.number);
    if (entry.number <= before) throw Damage("has " + name + " out of order");
    if (entry.offset != aligned(end) || entry.offset > bytes.size() || entry.element_size == 0 ||
        entry.count > (bytes.size() - entry.offset) / entry.element_size) {
      throw Damage("has " + name + " outside the file");
    }
    const auto first = static_cast<std::size_t>(entry.offset);
    const auto gap_begin = static_cast<std::size_t>(end);
    if (bytes.substr(gap_begin, first - gap_begin).find_first_not_of('\0') !=
        std::string_view::npos) {
      throw Damage("has a damaged gap before " + name);
    }
  }

  std::string_view bytes_of(const SectionEntry& entry) const {
    return file_->bytes().substr(static_cast<std::size_t>(entry.offset),
                                 static_cast<std::size_t>(entry.count * entry.element_size));
  }

  std::shared_ptr<const MappedFile> file_;
  std::vector<SectionEntry> table_;
};

}  // namespace bedtok::io::detail

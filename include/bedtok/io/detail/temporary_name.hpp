// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <string_view>
#include <system_error>

#include "../../detail/hash_bytes.hpp"

#if !defined(_WIN32)
#include <signal.h>
#include <unistd.h>
#endif

// Names of temporary files tell which process of which machine writes them, so that the next writer
// can remove those of processes that were killed.
namespace bedtok::io::detail {

inline constexpr std::string_view temporary_end = ".tmp";

#if defined(_WIN32)

inline std::string temporary_suffix() {
  return "." + std::to_string(std::random_device{}()) + std::string(temporary_end);
}
inline void remove_abandoned(const std::filesystem::path&) {}

#else

/// Eight digits of this machine's name: another one may write to the same folder.
inline std::string machine_digits() {
  char name[256] = {};
  gethostname(name, sizeof name - 1);
  const std::string_view text(name);
  return bedtok::detail::hex_digits(bedtok::detail::hash_bytes(text.data(), text.size()))
      .substr(0, 8);
}

/// Returns `.<machine>-<process>-<number>.tmp`.
inline std::string temporary_suffix() {
  return "." + machine_digits() + "-" + std::to_string(getpid()) + "-" +
         std::to_string(std::random_device{}()) + std::string(temporary_end);
}

/// Whether a file's name is that of a temporary file whose process, on this machine, is gone.
inline bool is_abandoned(std::string_view name, const std::string& machine) {
  if (name.size() < temporary_end.size() ||
      name.substr(name.size() - temporary_end.size()) != temporary_end) {
    return false;
  }
  name.remove_suffix(temporary_end.size());
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return false;
  name.remove_prefix(dot + 1);
  if (name.substr(0, machine.size()) != machine) return false;
  name.remove_prefix(machine.size());
  if (name.empty() || name[0] != '-') return false;
  name.remove_prefix(1);
  pid_t process = 0;
  const char* const last = name.data() + name.size();
  const auto [end, error] = std::from_chars(name.data(), last, process);
  if (error != std::errc() || end == last || *end != '-' || process <= 0) return false;
  return kill(process, 0) != 0 && errno == ESRCH;
}

/// Removes the temporary files in a folder whose processes are gone. What cannot be read or removed
/// stays.
inline void remove_abandoned(const std::filesystem::path& folder) {
  const std::string machine = machine_digits();
  std::error_code error;
  std::filesystem::directory_iterator entry(folder, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    std::error_code ignored;
    if (is_abandoned(entry->path().filename().string(), machine)) {
      std::filesystem::remove(entry->path(), ignored);
    }
  }
}

#endif

/// A temporary file beside `path`. Of long names a part is enough: file systems allow 255 bytes.
inline std::filesystem::path temporary_beside(const std::filesystem::path& path) {
  constexpr std::size_t longest = 200;
  std::filesystem::path name = path.filename().native().substr(0, longest);
  name += temporary_suffix();
  return path.parent_path() / name;
}

}  // namespace bedtok::io::detail

// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <filesystem>
#include <string>

namespace bedtok::io::detail {

/// A path as text for messages: the system's own bytes, and UTF-8 on Windows, whose paths are wide.
/// There `path::string()` would throw for a name that the active code page lacks.
inline std::string path_text(const std::filesystem::path& path) {
#if defined(_WIN32)
  const auto text = path.u8string();  // of char8_t from C++20 on
  return std::string(text.begin(), text.end());
#else
  return path.native();
#endif
}

}  // namespace bedtok::io::detail

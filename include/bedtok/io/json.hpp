// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

#include "../error.hpp"
#include "byte_source.hpp"

namespace bedtok::io {

/// JSON that was read. Keys are found by a search in their order.
using Json = nlohmann::json;
/// JSON to be written. Objects keep the order in which their keys were added, which is looked
/// through from the front.
using OrderedJson = nlohmann::ordered_json;

/// The text of a whole file. Throws as FileSource does.
inline std::string read_text(const std::filesystem::path& path) {
  FileSource file(path);
  std::string text;
  char buffer[1 << 14];
  for (std::size_t n_read; (n_read = file.read(buffer, sizeof buffer)) != 0;) {
    text.append(buffer, n_read);
  }
  return text;
}

/// Parses a JSON object. Throws ConfigError that names the source, `name`, for any other text.
inline Json parse_json_object(const std::string& text, const std::string& name) {
  // Json::dump, which writes values into messages, calls itself for each level of nesting.
  constexpr int max_depth = 100;
  const auto check_depth = [&](int depth, Json::parse_event_t, Json&) {
    if (depth <= max_depth) return true;
    throw ConfigError(name + ": nested more than " + std::to_string(max_depth) +
                      " levels deep, expected a tokenizer's settings");
  };
  Json json;
  try {
    json = Json::parse(text, check_depth);
  } catch (const Json::parse_error& error) {
    throw ConfigError(name + ": not JSON at byte " + std::to_string(error.byte) +
                      ", expected a JSON object");
  } catch (const Json::out_of_range&) {
    throw ConfigError(name + ": holds a number beyond the largest double, expected smaller ones");
  }
  if (!json.is_object()) {
    throw ConfigError(name + ": holds a JSON " + json.type_name() + ", expected a JSON object");
  }
  return json;
}

/// The value of `key` as a Value. Throws ConfigError that names source, key, value and what was
/// expected when `fits` is false.
template <class Value>
Value value_of(const Json& json, const std::string& name, const std::string& key,
               const char* expected, bool fits) {
  if (!fits) {
    throw ConfigError(name + ": " + key + " is " + json.dump() + ", expected " + expected);
  }
  return json.get<Value>();
}

/// The value of `key` as a text. Throws ConfigError as value_of does.
inline std::string text_of(const Json& json, const std::string& name, const std::string& key) {
  return value_of<std::string>(json, name, key, "a text", json.is_string());
}

}  // namespace bedtok::io

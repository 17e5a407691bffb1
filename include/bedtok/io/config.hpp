// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "../error.hpp"
#include "../mapping_options.hpp"
#include "../special_tokens.hpp"
#include "byte_source.hpp"

// TOML is read where toml++ is at hand: CMake sets BEDTOK_USE_TOMLPLUSPLUS when it finds it.
#if defined(BEDTOK_USE_TOMLPLUSPLUS)
#include <sstream>

#include <toml++/toml.h>
#endif

namespace bedtok::io {

using Json = nlohmann::ordered_json;

/// The whole text of a file.
inline std::string read_text(const std::filesystem::path& path) {
  FileSource file(path);
  std::string text;
  char piece[1 << 14];
  for (std::size_t got; (got = file.read(piece, sizeof piece)) != 0;) text.append(piece, got);
  return text;
}

/// Throws ConfigError that names the source when the text is not a JSON object.
inline Json parse_json_object(const std::string& text, const std::string& name) {
  // A value goes into messages by a function that calls itself at each level.
  constexpr int deepest = 100;
  const auto check_depth = [&](int depth, Json::parse_event_t, Json&) {
    if (depth <= deepest) return true;
    throw ConfigError(name + ": nested more than " + std::to_string(deepest) +
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

namespace detail {

template <class Value>
Value value_of(const Json& json, const std::string& name, const std::string& key,
               const char* expected, bool fits) {
  if (!fits) {
    throw ConfigError(name + ": " + key + " is " + json.dump() + ", expected " + expected);
  }
  return json.get<Value>();
}

inline std::string text_of(const Json& json, const std::string& name, const std::string& key) {
  return value_of<std::string>(json, name, key, "a text", json.is_string());
}

/// A special token as saved files spell it: a text, or an object with `content` as Hugging Face
/// writes an AddedToken.
inline std::string spelling_of(const Json& json, const std::string& name, const std::string& key) {
  if (json.is_object() && json.contains("content")) {
    return text_of(json["content"], name, key + ".content");
  }
  return text_of(json, name, key);
}

}  // namespace detail

/// What differs from the defaults, by the names of MappingOptions.
inline Json options_to_json(const MappingOptions& options) {
  const MappingOptions defaults;
  Json json = Json::object();
  if (options.min_overlap != defaults.min_overlap) json["min_overlap"] = options.min_overlap;
  if (options.min_fraction != defaults.min_fraction) json["min_fraction"] = options.min_fraction;
  if (options.fraction_of != defaults.fraction_of) {
    json["fraction_of"] = std::string(to_word(options.fraction_of));
  }
  if (options.best_overlap) json["best_overlap"] = true;
  if (options.unique) json["unique"] = true;
  if (options.order != defaults.order) json["order"] = std::string(to_word(options.order));
  if (options.on_miss != defaults.on_miss) json["on_miss"] = std::string(to_word(options.on_miss));
  switch (options.chrom_aliases.style()) {
    case ChromAliases::Style::none:
      break;
    case ChromAliases::Style::ucsc:
      json["chrom_aliases"] = "ucsc";
      break;
    case ChromAliases::Style::ensembl:
      json["chrom_aliases"] = "ensembl";
      break;
    case ChromAliases::Style::map: {
      Json names = Json::object();
      for (const auto& [from, to] : options.chrom_aliases.names()) names[from] = to;
      json["chrom_aliases"] = std::move(names);
      break;
    }
  }
  return json;
}

/// Throws ConfigError that names the source, the key and the value for all that is not an option.
inline MappingOptions options_from_json(const Json& json, const std::string& name) {
  using detail::text_of;
  using detail::value_of;
  MappingOptions options;
  if (!json.is_object()) {
    throw ConfigError(name + ": mapping is " + json.dump() + ", expected an object");
  }
  for (const auto& [key, value] : json.items()) {
    try {
      if (key == "min_overlap") {
        options.min_overlap = value_of<std::uint64_t>(value, name, key, "a whole number from 0 on",
                                                      value.is_number_unsigned());
      } else if (key == "min_fraction") {
        options.min_fraction =
            value_of<double>(value, name, key, "a number from 0 to 1", value.is_number());
        options.check();
      } else if (key == "fraction_of") {
        options.fraction_of = from_word<FractionOf>(text_of(value, name, key));
      } else if (key == "best_overlap") {
        options.best_overlap =
            value_of<bool>(value, name, key, "true or false", value.is_boolean());
      } else if (key == "unique") {
        options.unique = value_of<bool>(value, name, key, "true or false", value.is_boolean());
      } else if (key == "order") {
        options.order = from_word<TokenOrder>(text_of(value, name, key));
      } else if (key == "on_miss") {
        options.on_miss = from_word<OnMiss>(text_of(value, name, key));
      } else if (key == "chrom_aliases" && value.is_object()) {
        std::map<std::string, std::string, std::less<>> names;
        for (const auto& [from, to] : value.items()) {
          names[from] = text_of(to, name, "chrom_aliases." + from);
        }
        options.chrom_aliases = ChromAliases::from_map(std::move(names));
      } else if (key == "chrom_aliases") {
        options.chrom_aliases = ChromAliases::to_style(text_of(value, name, key));
      } else {
        throw ConfigError(name + ": mapping has no option '" + key +
                          "', expected min_overlap, min_fraction, fraction_of, best_overlap, "
                          "unique, order, on_miss or chrom_aliases");
      }
    } catch (const ConfigError& error) {
      const std::string what = error.what();
      throw ConfigError(what.rfind(name, 0) == 0 ? what : name + ": " + what);
    }
  }
  return options;
}

/// Takes the spellings `<role>_token` of a tokenizer_config.json or special_tokens_map.json. Other
/// keys belong to others; null means the default.
inline void read_spellings(const Json& json, const std::string& name, SpecialTokens& tokens) {
  for (const std::string_view role : SpecialTokens::role_names) {
    const std::string key = std::string(role) + "_token";
    const auto found = json.find(key);
    if (found == json.end() || found->is_null()) continue;
    tokens.set(*SpecialTokens::role(role), detail::spelling_of(*found, name, key));
  }
}

/// What a TOML file of gtars says.
struct UniverseConfig {
  std::filesystem::path universe;  ///< the vocabulary's BED file
  SpecialTokens special_tokens;
};

/// Reads the JSON form of such a file. `path` is the file that it came from: the universe lies
/// beside it. Throws ConfigError for a key, a role or a tokenizer type that is not known.
inline UniverseConfig parse_universe_config(const std::string& text,
                                            const std::filesystem::path& path) {
  const std::string name = path.string();
  const Json json = parse_json_object(text, name);
  UniverseConfig config;
  for (const auto& [key, value] : json.items()) {
    if (key == "universe") {
      config.universe = path.parent_path() / detail::text_of(value, name, key);
    } else if (key == "tokenizer_type") {
      const std::string type = detail::text_of(value, name, key);
      if (type != "bits" && type != "ailist") {
        throw ConfigError(name + ": tokenizer_type is '" + type + "', expected bits or ailist");
      }
    } else if (key == "special_tokens") {
      if (!value.is_array()) {
        throw ConfigError(name + ": special_tokens is " + value.dump() +
                          ", expected a list like [{name = \"unk\", token = \"<unk>\"}]");
      }
      for (const Json& entry : value) {
        if (!entry.is_object() || !entry.contains("name") || !entry.contains("token")) {
          throw ConfigError(name + ": special_tokens has " + entry.dump() +
                            ", expected an entry with name and token");
        }
        const std::string role_name = detail::text_of(entry["name"], name, "special_tokens.name");
        const auto role = SpecialTokens::role(role_name);
        if (!role) {
          throw ConfigError(name + ": special_tokens names '" + role_name +
                            "', expected unk, pad, mask, cls, eos, bos or sep");
        }
        config.special_tokens.set(*role,
                                  detail::text_of(entry["token"], name, "special_tokens.token"));
      }
    } else {
      throw ConfigError(name + ": the key '" + key +
                        "' is not known, expected universe, special_tokens or tokenizer_type");
    }
  }
  if (config.universe.empty()) {
    throw ConfigError(name + ": universe is missing, expected the name of a BED file");
  }
  return config;
}

/// The JSON form of a TOML file. Throws ConfigError when the library was built without toml++.
inline std::string toml_to_json(const std::filesystem::path& path) {
#if defined(BEDTOK_USE_TOMLPLUSPLUS)
  const std::string text = read_text(path);
  std::ostringstream json;
#if TOML_EXCEPTIONS
  try {
    json << toml::json_formatter(toml::parse(std::string_view(text)));
  } catch (const toml::parse_error& error) {
    throw ConfigError(path.string() + ":" + std::to_string(error.source().begin.line) +
                      ": not TOML: " + std::string(error.description()));
  }
#else
  const toml::parse_result parsed = toml::parse(std::string_view(text));
  if (!parsed) {
    throw ConfigError(path.string() + ":" + std::to_string(parsed.error().source().begin.line) +
                      ": not TOML: " + std::string(parsed.error().description()));
  }
  json << toml::json_formatter(parsed.table());
#endif
  return json.str();
#else
  throw ConfigError(path.string() +
                    ": TOML needs toml++, which this program was built without: install it and "
                    "configure again, or save the tokenizer by save_pretrained");
#endif
}

}  // namespace bedtok::io

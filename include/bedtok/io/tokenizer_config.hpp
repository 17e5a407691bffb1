// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "../assembly.hpp"
#include "../error.hpp"
#include "../mapping_options.hpp"
#include "../sequence_options.hpp"
#include "../special_tokens.hpp"
#include "json.hpp"

namespace bedtok::io {

/// The place of the sample in a template, as in Hugging Face's TemplateProcessing.
inline constexpr const char* sample_piece = "$A";

/// One mapping option as JSON: a number, true or false, the name of a choice, or a map of names.
template <class Option>
OrderedJson option_to_json(const Option& option) {
  if constexpr (std::is_enum_v<Option>) {
    return std::string(enum_name(option));
  } else {
    return option;
  }
}
inline OrderedJson option_to_json(const std::optional<double>& option) {
  return option ? OrderedJson(*option) : OrderedJson();
}
inline OrderedJson option_to_json(const ChromAliases& aliases) {
  if (aliases.style() != ChromAliases::Style::map) return std::string(aliases.style_name());
  return aliases.names();
}

/// One mapping option from JSON. Throws ConfigError that names the key and the value, and the
/// source where the value has another type.
template <class Option>
void option_from_json(const Json& json, const std::string& name, const std::string& key,
                      Option& option) {
  if constexpr (std::is_enum_v<Option>) {
    option = parse_enum<Option>(text_of(json, name, key));
  } else if constexpr (std::is_same_v<Option, bool>) {
    option = value_of<bool>(json, name, key, "true or false", json.is_boolean());
  } else if constexpr (std::is_floating_point_v<Option>) {
    option = value_of<Option>(json, name, key, "a number from 0 to 1", json.is_number());
  } else {
    option =
        value_of<Option>(json, name, key, "a whole number from 0 on", json.is_number_unsigned());
  }
}
inline void option_from_json(const Json& json, const std::string& name, const std::string& key,
                             std::optional<double>& option) {
  option.reset();
  if (json.is_null()) return;
  option = value_of<double>(json, name, key, "a number from 0 to 1, or null", json.is_number());
}
inline void option_from_json(const Json& json, const std::string& name, const std::string& key,
                             ChromAliases& aliases) {
  if (!json.is_object()) {
    aliases = ChromAliases::to_style(text_of(json, name, key));
    return;
  }
  std::map<std::string, std::string, std::less<>> names;
  for (const auto& [from, to] : json.items()) names[from] = text_of(to, name, key + "." + from);
  aliases = ChromAliases::from_map(std::move(names));
}

/// The mapping options that differ from the defaults, by name.
inline OrderedJson options_to_json(const MappingOptions& options) {
  const MappingOptions defaults;
  OrderedJson json = OrderedJson::object();
  MappingOptions::visit([&](const char* option, auto member) {
    if (!(options.*member == defaults.*member)) json[option] = option_to_json(options.*member);
  });
  return json;
}

/// Throws ConfigError that names the source, `name`, the key and the value for everything that is
/// not a mapping option.
inline MappingOptions options_from_json(const Json& json, const std::string& name) {
  if (!json.is_object()) {
    throw ConfigError(name + ": mapping is " + json.dump() + ", expected an object");
  }
  MappingOptions options;
  for (const auto& [key, value] : json.items()) {
    bool known = false;
    std::vector<std::string> names;
    try {
      MappingOptions::visit([&, &key = key, &value = value](const char* option, auto member) {
        names.emplace_back(option);
        if (key != option) return;
        option_from_json(value, name, key, options.*member);
        known = true;
      });
      options.check();
    } catch (const ConfigError& error) {
      const std::string what = error.what();
      throw ConfigError(what.rfind(name, 0) == 0 ? what : name + ": " + what);
    }
    if (known) continue;
    std::string expected = names.front();
    for (std::size_t i = 1; i < names.size(); ++i) {
      expected.append(i + 1 == names.size() ? " or " : ", ").append(names[i]);
    }
    throw ConfigError(name + ": mapping has no option '" + key + "', expected " + expected);
  }
  return options;
}

/// The sequence options that differ from the defaults, by their names in a tokenizer_config.json.
inline OrderedJson sequence_to_json(const SequenceOptions& options) {
  OrderedJson json = OrderedJson::object();
  if (!options.before.empty() || !options.after.empty()) {
    OrderedJson pieces = options.before;
    pieces.push_back(sample_piece);
    for (const std::string& spelling : options.after) pieces.push_back(spelling);
    json["template"] = std::move(pieces);
  }
  if (options.model_max_length) json["model_max_length"] = *options.model_max_length;
  if (options.padding_side != Side::right) json["padding_side"] = enum_name(options.padding_side);
  if (options.truncation_side != Side::right) {
    json["truncation_side"] = enum_name(options.truncation_side);
  }
  return json;
}

/// Reads the sequence options of a tokenizer_config.json. Other keys are ignored; null means the
/// default. Throws ConfigError that names the source, the key and the value.
inline SequenceOptions sequence_from_json(const Json& json, const std::string& name) {
  SequenceOptions options;
  const auto value = [&json](const char* key) {
    const auto found = json.find(key);
    return found == json.end() || found->is_null() ? nullptr : &*found;
  };
  if (const Json* pieces = value("template")) {
    const auto fail = [&] {
      return ConfigError(name + ": template is " + pieces->dump() +
                         ", expected a list like [\"<cls>\", \"" + sample_piece + "\", \"<eos>\"]");
    };
    if (!pieces->is_array()) throw fail();
    bool behind = false;
    for (const Json& piece : *pieces) {
      if (!piece.is_string()) throw fail();
      const auto text = piece.get<std::string>();
      if (text == sample_piece) {
        if (behind) throw fail();
        behind = true;
      } else {
        (behind ? options.after : options.before).push_back(text);
      }
    }
    if (!behind) throw fail();
  }
  if (const Json* length = value("model_max_length")) {
    // Hugging Face writes 1e30 for a length that is not known.
    constexpr double not_known = 1e15;
    const bool fits = length->is_number() && length->get<double>() >= 1 &&
                      (length->is_number_unsigned() || length->get<double>() >= not_known);
    const double tokens =
        value_of<double>(*length, name, "model_max_length", "a number of tokens from 1", fits);
    if (tokens < not_known) options.model_max_length = length->get<std::size_t>();
  }
  const auto side = [&](const char* key, Side& to) {
    const Json* word = value(key);
    if (word == nullptr) return;
    to = parse_enum<Side>(text_of(*word, name, key), name + ": " + key);
  };
  side("padding_side", options.padding_side);
  side("truncation_side", options.truncation_side);
  return options;
}

/// What is known of the assembly, by its names in a tokenizer_config.json.
inline OrderedJson assembly_to_json(const Assembly& assembly) {
  OrderedJson json = OrderedJson::object();
  if (!assembly.genome.empty()) json["genome"] = assembly.genome;
  if (!assembly.chrom_sizes.empty()) json["chrom_sizes"] = assembly.chrom_sizes;
  return json;
}

/// Reads the assembly from a tokenizer_config.json. Other keys are ignored; null means not known.
/// Throws ConfigError that names the source, the key and the value.
inline Assembly assembly_from_json(const Json& json, const std::string& name) {
  Assembly assembly;
  if (const auto genome = json.find("genome"); genome != json.end() && !genome->is_null()) {
    assembly.genome = text_of(*genome, name, "genome");
  }
  const auto sizes = json.find("chrom_sizes");
  if (sizes == json.end() || sizes->is_null()) return assembly;
  if (!sizes->is_object()) {
    throw ConfigError(name + ": chrom_sizes is " + sizes->dump() +
                      ", expected an object of lengths by chromosome");
  }
  for (const auto& [chrom, size] : sizes->items()) {
    assembly.chrom_sizes[chrom] = value_of<std::uint64_t>(
        size, name, "chrom_sizes." + chrom, "a whole number from 0 on", size.is_number_unsigned());
  }
  return assembly;
}

/// The digest of the universe that a tokenizer_config.json was saved with; none in the files of
/// others. Throws ConfigError that names the source.
inline std::optional<std::string> universe_digest_from_json(const Json& json,
                                                            const std::string& name) {
  const auto digest = json.find("universe_digest");
  if (digest == json.end() || digest->is_null()) return std::nullopt;
  return text_of(*digest, name, "universe_digest");
}

/// The special tokens for a tokenizer_config.json: `<role>_token` for each role and, where tokens
/// were added, `special_tokens`, the list of all in the order of the ids.
inline OrderedJson special_tokens_to_json(const SpecialTokens& tokens) {
  OrderedJson json = OrderedJson::object();
  bool own_places = tokens.size() == SpecialTokens::role_count;
  for (std::size_t i = 0; i < SpecialTokens::role_count; ++i) {
    const auto role = static_cast<SpecialRole>(i);
    json[std::string(SpecialTokens::role_names[i]) + "_token"] = tokens[role];
    own_places = own_places && tokens.position(role) == i;
  }
  if (!own_places) json["special_tokens"] = tokens.spellings();
  return json;
}

/// Reads the special tokens from the files of a folder, one after the other. Other keys are
/// ignored; null means the default.
class SpecialTokensReader {
 public:
  /// Reads the text of a tokenizer_config.json or special_tokens_map.json. Throws ConfigError that
  /// names the source.
  void read(const std::string& text, const std::string& name) {
    const Json json = parse_json_object(text, name);
    if (const auto list = json.find("special_tokens"); list != json.end() && !list->is_null()) {
      read_list(*list, name);
    }
    for (const std::string_view role_name : SpecialTokens::role_names) {
      const std::string key = std::string(role_name) + "_token";
      const auto found = json.find(key);
      if (found == json.end() || found->is_null()) continue;
      const SpecialRole role = *SpecialTokens::role(role_name);
      std::string spelling = spelling_of(*found, name, key);
      if (!listed_) {
        tokens_.set(role, std::move(spelling));
      } else if (tokens_.find(spelling)) {
        tokens_.assign(role, std::move(spelling));
      } else {
        throw ConfigError(name + ": " + key + " is '" + spelling +
                          "', expected one of the list special_tokens");
      }
    }
    if (listed_) return;
    // Hugging Face's names for tokens beyond the roles, the older and the newer one.
    for (const char* key : {"additional_special_tokens", "extra_special_tokens"}) {
      const auto found = json.find(key);
      if (found == json.end() || !found->is_structured()) continue;
      if (found->is_array()) {
        for (const Json& token : *found) tokens_.add(spelling_of(token, name, key));
        continue;
      }
      // Named tokens: their ids follow their order in the text.
      const OrderedJson in_order = OrderedJson::parse(text);
      for (const auto& entry : in_order[key].items()) {
        tokens_.add(spelling_of((*found)[entry.key()], name, key));
      }
    }
  }

  /// The tokens read so far.
  const SpecialTokens& tokens() const noexcept { return tokens_; }

 private:
  /// A special token as saved files spell it: a text, or an object with `content` as Hugging Face
  /// writes an AddedToken.
  static std::string spelling_of(const Json& json, const std::string& name,
                                 const std::string& key) {
    const bool wrapped = json.is_object() && json.contains("content");
    std::string spelling =
        wrapped ? text_of(json["content"], name, key + ".content") : text_of(json, name, key);
    if (spelling.empty()) {
      throw ConfigError(name + ": " + key + " has an empty spelling, expected a text like <new>");
    }
    return spelling;
  }

  void read_list(const Json& list, const std::string& name) {
    if (!list.is_array() || list.size() < SpecialTokens::role_count) {
      throw ConfigError(name + ": special_tokens is " + list.dump() + ", expected a list of " +
                        std::to_string(SpecialTokens::role_count) + " texts or more");
    }
    tokens_ = SpecialTokens();  // the list is complete: tokens of an earlier file are dropped
    std::size_t i = 0;
    for (const Json& token : list) {
      std::string spelling = spelling_of(token, name, "special_tokens");
      if (i < SpecialTokens::role_count) {
        tokens_.set(static_cast<SpecialRole>(i), std::move(spelling));
      } else if (tokens_.add(spelling) != i) {
        throw ConfigError(name + ": special_tokens has '" + spelling +
                          "' twice, each token needs an id of its own");
      }
      ++i;
    }
    listed_ = true;
  }

  SpecialTokens tokens_;
  bool listed_ = false;
};

}  // namespace bedtok::io

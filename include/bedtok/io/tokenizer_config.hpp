// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "../error.hpp"
#include "../mapping_options.hpp"
#include "../sequence_options.hpp"
#include "../special_tokens.hpp"
#include "json.hpp"

namespace bedtok::io {

/// What stands for the sample in a template, as in Hugging Face's TemplateProcessing.
inline constexpr const char* sample_piece = "$A";

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

/// What differs from the defaults, by the names that a tokenizer_config.json has for it.
inline Json sequence_to_json(const SequenceOptions& options) {
  Json json = Json::object();
  if (!options.before.empty() || !options.after.empty()) {
    Json pieces = options.before;
    pieces.push_back(sample_piece);
    for (const std::string& spelling : options.after) pieces.push_back(spelling);
    json["template"] = std::move(pieces);
  }
  if (options.model_max_length) json["model_max_length"] = *options.model_max_length;
  if (options.padding_side != Side::right) json["padding_side"] = to_word(options.padding_side);
  if (options.truncation_side != Side::right) {
    json["truncation_side"] = to_word(options.truncation_side);
  }
  return json;
}

/// Takes those names of a tokenizer_config.json; other keys belong to others, null means the
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
    const double tokens = value_of<double>(*length, name, "model_max_length",
                                                   "a number of tokens from 1", fits);
    if (tokens < not_known) options.model_max_length = length->get<std::size_t>();
  }
  const auto side = [&](const char* key, Side& to) {
    const Json* word = value(key);
    if (word == nullptr) return;
    to = from_word<Side>(text_of(*word, name, key), name + ": " + key);
  };
  side("padding_side", options.padding_side);
  side("truncation_side", options.truncation_side);
  return options;
}

/// What a tokenizer_config.json says about special tokens: `<role>_token` for each role, and where
/// tokens were added, `special_tokens`, which lists all of them in the order of the ids.
inline Json special_tokens_to_json(const SpecialTokens& tokens) {
  Json json = Json::object();
  bool own_places = tokens.size() == SpecialTokens::role_count;
  for (std::size_t i = 0; i < SpecialTokens::role_count; ++i) {
    const auto role = static_cast<SpecialRole>(i);
    json[std::string(SpecialTokens::role_names[i]) + "_token"] = tokens[role];
    own_places = own_places && tokens.position(role) == i;
  }
  if (!own_places) json["special_tokens"] = tokens.spellings();
  return json;
}

/// Reads special tokens from a folder's files, one after the other. Other keys belong to others;
/// null means the default.
class SpecialTokensReader {
 public:
  /// Takes what a tokenizer_config.json or special_tokens_map.json says. Throws ConfigError that
  /// names the source.
  void read(const Json& json, const std::string& name) {
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
      for (const Json& token : *found) tokens_.add(spelling_of(token, name, key));
    }
  }

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
    tokens_ = SpecialTokens();  // the list is whole: what an earlier file said has no place in it
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

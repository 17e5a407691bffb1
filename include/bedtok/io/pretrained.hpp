// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "../tokenizer.hpp"
#include "atomic_file.hpp"
#include "bed.hpp"
#include "json.hpp"
#include "tokenizer_config.hpp"

namespace bedtok {

namespace io {

/// The files of a tokenizer's folder. Published models have only the first or the second.
inline constexpr const char* universe_gz_name = "universe.bed.gz";
inline constexpr const char* universe_name = "universe.bed";
inline constexpr const char* tokenizer_config_name = "tokenizer_config.json";
inline constexpr const char* special_tokens_name = "special_tokens_map.json";

/// The tokenizer of a BED file's regions in the file's order. Errors name the file.
template <class Index>
Tokenizer<Index> load_tokenizer(const std::filesystem::path& universe, SpecialTokens special_tokens,
                                MappingOptions options, SequenceOptions sequence_options = {}) {
  using Regions = typename Tokenizer<Index>::regions_type;
  Regions regions = Regions::from_bed(universe, false);
  if (regions.empty()) {
    throw VocabularyError(universe.string() +
                          ": the vocabulary has no regions, expected at least one line of "
                          "chromosome, start and end");
  }
  return Tokenizer<Index>(std::move(regions), std::move(special_tokens), std::move(options),
                          std::move(sequence_options));
}

}  // namespace io

template <class Index>
Tokenizer<Index> Tokenizer<Index>::from_bed(const std::filesystem::path& path,
                                            SpecialTokens special_tokens, MappingOptions options) {
  return io::load_tokenizer<Index>(path, std::move(special_tokens), std::move(options));
}

template <class Index>
Tokenizer<Index> Tokenizer<Index>::from_pretrained(const std::filesystem::path& folder,
                                                   std::optional<MappingOptions> instead) {
  namespace fs = std::filesystem;
  if (!fs::exists(folder)) {
    throw fs::filesystem_error("cannot read", folder,
                               std::make_error_code(std::errc::no_such_file_or_directory));
  }
  if (!fs::is_directory(folder)) {
    throw fs::filesystem_error("cannot read", folder,
                               std::make_error_code(std::errc::not_a_directory));
  }
  fs::path universe = folder / io::universe_gz_name;
  if (!fs::exists(universe) && fs::exists(folder / io::universe_name)) {
    universe = folder / io::universe_name;
  }

  io::SpecialTokensReader special_tokens;
  MappingOptions options;
  SequenceOptions sequence_options;
  const fs::path config = folder / io::tokenizer_config_name;
  if (fs::exists(config)) {
    const io::Json json = io::parse_json_object(io::read_text(config), config.string());
    special_tokens.read(json, config.string());
    sequence_options = io::sequence_from_json(json, config.string());
    if (const auto mapping = json.find("mapping"); mapping != json.end() && !mapping->is_null()) {
      options = io::options_from_json(*mapping, config.string());
    }
  }
  if (instead) options = std::move(*instead);
  const fs::path spellings = folder / io::special_tokens_name;
  if (fs::exists(spellings)) {
    special_tokens.read(io::parse_json_object(io::read_text(spellings), spellings.string()),
                        spellings.string());
  }
  try {
    return io::load_tokenizer<Index>(universe, special_tokens.tokens(), std::move(options),
                                     std::move(sequence_options));
  } catch (const ConfigError& error) {  // of special tokens and the template, together
    throw ConfigError(folder.string() + ": " + error.what());
  }
}

template <class Index>
std::vector<std::filesystem::path> Tokenizer<Index>::save_pretrained(
    const std::filesystem::path& folder) const {
  std::filesystem::create_directories(folder);
  const std::filesystem::path universe = folder / io::universe_gz_name;
  const std::filesystem::path config = folder / io::tokenizer_config_name;
  const std::filesystem::path spellings = folder / io::special_tokens_name;

  io::Json roles = io::special_tokens_to_json(special_tokens());
  io::Json settings = {{"tokenizer_class", "AtacformerTokenizer"}};
  settings.update(roles);
  settings.update(io::sequence_to_json(sequence_options_));
  roles.erase("special_tokens");
  const io::Json mapping = io::options_to_json(options_);
  if (!mapping.empty()) settings["mapping"] = mapping;

  vocabulary_->regions().to_bed(universe, Compression::gzip);
  const auto write = [](const std::filesystem::path& path, const io::Json& json) {
    io::AtomicFile file(path);
    file.write(json.dump(2) + "\n");
    file.commit();
  };
  write(config, settings);
  write(spellings, roles);
  return {universe, config, spellings};
}

}  // namespace bedtok

// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "../tokenizer.hpp"
#include "atomic_file.hpp"
#include "bed.hpp"
#include "detail/path_text.hpp"
#include "detail/temporary_name.hpp"
#include "json.hpp"
#include "regions_digest.hpp"
#include "tokenizer_config.hpp"
#include "universe_index.hpp"

namespace bedtok {

namespace io {

/// The files of a tokenizer's folder. Published models have only the first or the second.
inline constexpr const char* universe_gz_name = "universe.bed.gz";
inline constexpr const char* universe_name = "universe.bed";
inline constexpr const char* tokenizer_config_name = "tokenizer_config.json";
inline constexpr const char* special_tokens_name = "special_tokens_map.json";

/// What is wrong with a folder of which `file` belongs to another tokenizer than its config.
inline std::string mixed_files(const std::string& file) {
  const std::string config = tokenizer_config_name;
  return file + " is not the one that " + config +
         " was saved with, expected the files of one tokenizer; was a save interrupted? Save it "
         "again, or remove " +
         config + " to load the regions only";
}

/// The universe of a tokenizer's folder, of which there may be none.
inline std::filesystem::path universe_in(const std::filesystem::path& folder) {
  const std::filesystem::path compressed = folder / universe_gz_name;
  const std::filesystem::path plain = folder / universe_name;
  return !std::filesystem::exists(compressed) && std::filesystem::exists(plain) ? plain
                                                                                : compressed;
}

/// The tokenizer of a BED file's regions in the file's order. Errors name the file.
template <class Index>
Tokenizer<Index> load_tokenizer(const std::filesystem::path& universe, SpecialTokens special_tokens,
                                MappingOptions options, SequenceOptions sequence_options = {},
                                Assembly assembly = {}) {
  using Regions = typename Tokenizer<Index>::regions_type;
  Regions regions = Regions::from_bed(universe, false);
  if (regions.empty()) {
    throw VocabularyError(detail::path_text(universe) +
                          ": the vocabulary has no regions, expected at least one line of "
                          "chromosome, start and end");
  }
  return Tokenizer<Index>(std::move(regions), std::move(special_tokens), std::move(options),
                          std::move(sequence_options), std::move(assembly));
}

/// Writes the saved index of a folder's universe beside it, and returns its path; the other files
/// stay as they are. Throws as reading and writing do.
template <class Index = OverlapIndex<>>
std::filesystem::path index_pretrained(const std::filesystem::path& folder) {
  const std::filesystem::path universe = universe_in(folder);
  const std::filesystem::path path = folder / universe_index_name;
  const auto tokenizer = load_tokenizer<Index>(universe, {}, {});
  AtomicFile file(path);
  write_universe_index(tokenizer.vocabulary().regions(), tokenizer.vocabulary().tables(),
                       tokenizer.index(), universe,
                       [&](std::string_view bytes) { file.write(bytes); });
  file.commit();
  return path;
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
  const fs::path universe = io::universe_in(folder);

  io::SpecialTokensReader special_tokens;
  MappingOptions options;
  SequenceOptions sequence_options;
  Assembly assembly;
  std::optional<std::string> universe_digest;  // none: not of bedtok, or of an older version
  const fs::path config = folder / io::tokenizer_config_name;
  if (fs::exists(config)) {
    const std::string text = io::read_text(config);
    const std::string config_name = io::detail::path_text(config);
    const io::Json json = io::parse_json_object(text, config_name);
    special_tokens.read(text, config_name);
    sequence_options = io::sequence_from_json(json, config_name);
    assembly = io::assembly_from_json(json, config_name);
    universe_digest = io::universe_digest_from_json(json, config_name);
    if (const auto mapping = json.find("mapping"); mapping != json.end() && !mapping->is_null()) {
      options = io::options_from_json(*mapping, config_name);
    }
  }
  if (instead) options = std::move(*instead);
  const fs::path spellings = folder / io::special_tokens_name;
  if (fs::exists(spellings)) {
    const SpecialTokens configured = special_tokens.tokens();
    special_tokens.read(io::read_text(spellings), io::detail::path_text(spellings));
    if (universe_digest && special_tokens.tokens() != configured) {
      throw ConfigError(io::detail::path_text(folder) + ": " +
                        io::mixed_files(io::special_tokens_name));
    }
  }
  try {
    std::string warning;
    if constexpr (io::has_saved_index<Index>::value) {
      const fs::path path = folder / io::universe_index_name;
      if (auto saved = io::open_universe_index<Index>(path, universe, warning)) {
        if (universe_digest && *universe_digest != saved->regions_digest) {
          throw ConfigError(io::mixed_files(io::detail::path_text(universe.filename())));
        }
        IndexFile file{fs::absolute(path), saved->digest};
        return from_saved(std::move(*saved), std::move(file), special_tokens.tokens(),
                          std::move(options), std::move(sequence_options), std::move(assembly));
      }
    }
    Tokenizer tokenizer =
        io::load_tokenizer<Index>(universe, special_tokens.tokens(), std::move(options),
                                  std::move(sequence_options), std::move(assembly));
    if (universe_digest &&
        *universe_digest != io::regions_digest(tokenizer.vocabulary().regions())) {
      throw ConfigError(io::mixed_files(io::detail::path_text(universe.filename())));
    }
    tokenizer.loading_warning_ = std::move(warning);
    return tokenizer;
  } catch (const ConfigError& error) {  // of what several files say together
    throw ConfigError(io::detail::path_text(folder) + ": " + error.what());
  }
}

template <class Index>
std::optional<Tokenizer<Index>> Tokenizer<Index>::from_index_file(const IndexFile& file,
                                                                  SpecialTokens special_tokens,
                                                                  MappingOptions options,
                                                                  SequenceOptions sequence_options,
                                                                  Assembly assembly) {
  if constexpr (io::has_saved_index<Index>::value) {
    if (auto saved = io::reopen_universe_index<Index>(file)) {
      return from_saved(std::move(*saved), file, std::move(special_tokens), std::move(options),
                        std::move(sequence_options), std::move(assembly));
    }
  }
  return std::nullopt;
}

template <class Index>
std::vector<std::filesystem::path> Tokenizer<Index>::save_pretrained(
    const std::filesystem::path& folder, bool index) const {
  if (index && !io::has_saved_index<Index>::value) {
    throw ConfigError(
        "this tokenizer has an index of a type of its own, expected OverlapIndex; save it without "
        "its index");
  }
  std::filesystem::create_directories(folder);
  const std::filesystem::path saved_index = folder / io::universe_index_name;
  const std::filesystem::path universe = folder / io::universe_gz_name;
  const std::filesystem::path config = folder / io::tokenizer_config_name;
  const std::filesystem::path spellings = folder / io::special_tokens_name;

  io::OrderedJson roles = io::special_tokens_to_json(special_tokens());
  io::OrderedJson settings = {{"tokenizer_class", "AtacformerTokenizer"}};
  settings["universe_digest"] = io::regions_digest(vocabulary_->regions());
  settings.update(roles);
  settings.update(io::sequence_to_json(sequence_options_));
  settings.update(io::assembly_to_json(*assembly_));
  roles.erase("special_tokens");
  const io::OrderedJson mapping = io::options_to_json(options_);
  if (!mapping.empty()) settings["mapping"] = mapping;

  io::detail::remove_abandoned(folder);
  // All of them are whole, on a disk that has room, before the first is renamed: a failure leaves
  // the folder as it was. The config is the first: with any older file beside it the folder is
  // refused, so that no mixture loads when this is killed.
  io::AtomicFile config_file(config);
  io::AtomicFile universe_file(universe);
  io::AtomicFile spellings_file(spellings);
  std::optional<io::AtomicFile> index_file;
  if (index) index_file.emplace(saved_index);
  config_file.write(settings.dump(2) + "\n");
  io::write_bed(vocabulary_->regions(), universe_file, Compression::gzip);
  spellings_file.write(roles.dump(2) + "\n");
  for (io::AtomicFile* file : {&config_file, &universe_file, &spellings_file}) file->close();
  if constexpr (io::has_saved_index<Index>::value) {
    if (index) {
      VocabularyTables<coord_type> tables = vocabulary_->tables();
      tables.repeated = 0;  // the file that was just written repeats none
      tables.first_repeated.clear();
      io::write_universe_index(vocabulary_->regions(), tables, *index_, universe_file.temporary(),
                               [&](std::string_view bytes) { index_file->write(bytes); });
      index_file->close();
    }
  }
  // An earlier index fits no other universe. Between these steps there is at worst one that does
  // not fit, which is not used.
  if (!index) std::filesystem::remove(saved_index);
  for (io::AtomicFile* file : {&config_file, &universe_file, &spellings_file}) file->commit();
  if (!index) return {universe, config, spellings};
  index_file->commit();
  return {universe, config, spellings, saved_index};
}

}  // namespace bedtok

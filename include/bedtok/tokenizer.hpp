// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "assembly.hpp"
#include "batch.hpp"
#include "chrom_table.hpp"
#include "detail/row_builder.hpp"
#include "encoding.hpp"
#include "error.hpp"
#include "mapper.hpp"
#include "mapping_options.hpp"
#include "overlap_index.hpp"
#include "region_set.hpp"
#include "report.hpp"
#include "sequence_options.hpp"
#include "special_tokens.hpp"
#include "vocabulary.hpp"

namespace bedtok {

/// The saved index that a tokenizer was opened from.
struct IndexFile {
  std::filesystem::path path;  ///< Absolute, as it was when the file was opened.
  std::string digest;          ///< 16 hexadecimal digits, which depend on its whole content.
};

/// Maps regions to the token ids of a vocabulary. Immutable: every member is const and may be
/// called from many threads. Copies share the vocabulary and the index.
///
/// `Index` finds the vocabulary regions that overlap an interval. A custom index needs
/// `coord_type`, a constructor from `const RegionSet<coord_type>&` (a region's id is its position)
/// and `find(chrom_id, start, end, visit) const` that calls `visit(id, start, end)` for each region
/// that overlaps, ordered by (start, end, id), and nothing for a chromosome that it does not have.
template <class Index = OverlapIndex<std::uint32_t>>
class Tokenizer {
 public:
  /// The type of the index.
  using index_type = Index;
  /// The type of a coordinate.
  using coord_type = typename Index::coord_type;
  /// The type of the vocabulary's regions.
  using regions_type = RegionSet<coord_type>;

  /// Throws VocabularyError or ConfigError as Vocabulary does, ConfigError for illegal options, for
  /// a template with a text that is not a special token, and for an assembly that is too short for
  /// the vocabulary.
  explicit Tokenizer(regions_type vocabulary, SpecialTokens special_tokens = {},
                     MappingOptions options = {}, SequenceOptions sequence_options = {},
                     Assembly assembly = {})
      : vocabulary_(std::make_shared<const Vocabulary<coord_type>>(std::move(vocabulary),
                                                                   std::move(special_tokens))),
        index_(std::make_shared<const Index>(vocabulary_->regions())) {
    set_options(std::move(options), std::move(sequence_options));
    set_assembly(std::move(assembly));
  }

  /// Takes a vocabulary and the index of its regions, which it shares. Throws ConfigError as above.
  Tokenizer(std::shared_ptr<const Vocabulary<coord_type>> vocabulary,
            std::shared_ptr<const Index> index, MappingOptions options = {},
            SequenceOptions sequence_options = {}, Assembly assembly = {})
      : vocabulary_(std::move(vocabulary)), index_(std::move(index)) {
    set_options(std::move(options), std::move(sequence_options));
    set_assembly(std::move(assembly));
  }

  /// The vocabulary from a BED file, in the file's order. Throws as RegionSet::from_bed and the
  /// constructor do, and VocabularyError that names a file without regions. Defined in
  /// io/pretrained.hpp.
  static Tokenizer from_bed(const std::filesystem::path& path, SpecialTokens special_tokens = {},
                            MappingOptions options = {});

  /// From a folder that `save_pretrained` wrote, or one that has only `universe.bed.gz`
  /// or `universe.bed`. `options` replace the saved ones. A saved index beside the universe is
  /// mapped; `warning()` says so where it does not fit. Throws ConfigError for a folder whose
  /// files belong to different tokenizers, ParseError for a damaged index. Defined in
  /// io/pretrained.hpp.
  static Tokenizer from_pretrained(const std::filesystem::path& folder,
                                   std::optional<MappingOptions> options = std::nullopt);

  /// The tokenizer of a saved index that another one was opened from, whose `index_file()` is
  /// given. None where that file is gone or holds something else by now. Defined in
  /// io/pretrained.hpp.
  static std::optional<Tokenizer> from_index_file(const IndexFile& file,
                                                  SpecialTokens special_tokens = {},
                                                  MappingOptions options = {},
                                                  SequenceOptions sequence_options = {},
                                                  Assembly assembly = {});

  /// The same vocabulary with other options. Throws ConfigError as the constructor does.
  Tokenizer with_options(MappingOptions options, SequenceOptions sequence_options) const {
    Tokenizer other = *this;
    other.set_options(std::move(options), std::move(sequence_options));
    return other;
  }

  /// The same vocabulary with an assembly, which inputs are checked against. Throws ConfigError as
  /// the constructor does.
  Tokenizer with_assembly(Assembly assembly) const {
    Tokenizer other = *this;
    other.set_assembly(std::move(assembly));
    return other;
  }

  /// The same regions and options with other special tokens. Throws ConfigError as the constructor
  /// does.
  Tokenizer with_special_tokens(SpecialTokens special_tokens) const {
    if constexpr (std::is_same_v<Index, OverlapIndex<coord_type>>) {
      Tokenizer other(std::make_shared<const Vocabulary<coord_type>>(
                          vocabulary_->regions(), vocabulary_->tables(), std::move(special_tokens)),
                      index_, options_, sequence_options_, *assembly_);
      other.index_file_ = index_file_;
      return other;
    } else {  // which may refer to the regions it was made of
      return Tokenizer(vocabulary_->regions(), std::move(special_tokens), options_,
                       sequence_options_, *assembly_);
    }
  }

  /// Writes `universe.bed.gz`, `tokenizer_config.json` and `special_tokens_map.json` into `folder`,
  /// which is created when it is missing; with `index` also `universe.index`, which
  /// `from_pretrained` maps in place of parsing the universe. Without, an earlier one is removed.
  /// Returns the paths. Throws ConfigError for an index of a type that cannot be saved. Defined in
  /// io/pretrained.hpp.
  std::vector<std::filesystem::path> save_pretrained(const std::filesystem::path& folder,
                                                     bool index = false) const;

  /// Regions, special tokens, and their ids.
  const Vocabulary<coord_type>& vocabulary() const noexcept { return *vocabulary_; }
  /// The index of the vocabulary's regions.
  const Index& index() const noexcept { return *index_; }
  /// The default mapping options, used by calls without options.
  const MappingOptions& options() const noexcept { return options_; }
  /// The template, the longest sequence, and the sides of padding and truncation.
  const SequenceOptions& sequence_options() const noexcept { return sequence_options_; }
  /// The genome assembly of the vocabulary, as far as it is known.
  const Assembly& assembly() const noexcept { return *assembly_; }
  /// Number of tokens: regions and special tokens.
  std::size_t vocab_size() const noexcept { return vocabulary_->size(); }
  /// The special tokens, in the order of their ids.
  const SpecialTokens& special_tokens() const noexcept { return vocabulary_->special_tokens(); }
  /// The id of a role's token.
  TokenId token_id(SpecialRole role) const noexcept { return vocabulary_->id(role); }

  /// The saved index that the vocabulary was opened from; null where it was built in memory.
  const IndexFile* index_file() const noexcept { return index_file_.get(); }

  /// One line about a vocabulary that repeats regions, or a saved index that was not used; empty
  /// when there is nothing to say.
  std::string warning() const {
    const std::string repeats = repeats_warning();
    if (repeats.empty() || loading_warning_.empty()) return repeats + loading_warning_;
    return repeats + "; " + loading_warning_;
  }

  /// The tokens of one sample with the template around them, in the order of the options;
  /// `[unk]` when no region hits anything or there is none. Throws VocabularyError for a region
  /// without a hit when on_miss is error.
  template <class Payload>
  Encoding operator()(const RegionSet<coord_type, Payload>& regions) const {
    return (*this)(regions, options_);
  }
  /// The same with other mapping options than the tokenizer's own.
  template <class Payload>
  Encoding operator()(const RegionSet<coord_type, Payload>& regions,
                      const MappingOptions& options) const {
    return std::move(row_builder({}).rows(encode(regions, options), 0).front());
  }

  /// The same without the template. `inline_tokens` are special tokens that stand among the
  /// regions; `with_region_index` fills Encoding::region_index.
  template <class Payload>
  Encoding encode(const RegionSet<coord_type, Payload>& regions, const MappingOptions& options,
                  const std::vector<InlineToken>& inline_tokens = {},
                  bool with_region_index = false) const {
    return mapper(regions, options).encode(inline_tokens, with_region_index);
  }

  /// The tokens as a call gives them, and the report without `misses` and `distinct_tokens`.
  template <class Payload>
  std::pair<Encoding, MappingReport> encode_with_report(
      const RegionSet<coord_type, Payload>& regions, const MappingOptions& options) const {
    auto [encoding, report] = mapper(regions, options).encode_with_report();
    return {std::move(row_builder({}).rows(std::move(encoding), 0).front()), std::move(report)};
  }

  /// Many samples on several threads. Throws as the calls for one sample do; the message names the
  /// first sample that fails. Throws ConfigError for a max_length without room for a token.
  template <class Payload>
  Batch encode_batch(const std::vector<RegionSet<coord_type, Payload>>& samples,
                     const BatchOptions& options = {}) const {
    std::size_t regions = 0;
    for (const auto& sample : samples) regions += sample.size();
    return encode_batch(
        samples.size(), regions,
        [&](std::size_t i) {
          return encode(samples[i], options_, {}, options.return_region_index);
        },
        options);
  }

  /// The same for samples that are made one by one: `encode(i)` returns the i-th, without the
  /// template, and may be called from several threads at once. `regions`, their approximate number
  /// in all samples, determines how many threads are started.
  template <class Encode>
  Batch encode_batch(std::size_t count, std::size_t regions, Encode&& encode,
                     const BatchOptions& options) const {
    return detail::make_batch(count, detail::threads_for(options.num_threads, regions),
                              row_builder(options), std::forward<Encode>(encode));
  }

  /// The rows of a batch as one array, padded with the pad token.
  PaddedBatch pad(const Batch& batch, const PadOptions& options = {}) const {
    const Side side = options.padding_side.value_or(sequence_options_.padding_side);
    PaddedBatch padded;
    padded.rows = batch.rows.size();
    padded.length = padded_length(batch.longest(), options);
    padded.input_ids.resize(padded.rows * padded.length);
    padded.attention_mask.resize(padded.rows * padded.length);
    const TokenId pad_id = token_id(SpecialRole::pad);
    TokenId* ids = padded.input_ids.data();
    std::int64_t* mask = padded.attention_mask.data();
    for (const Encoding& row : batch.rows) {
      const std::size_t size = row.input_ids.size();
      ids = pad_row(row.input_ids.data(), size, padded.length, pad_id, side, ids);
      mask = pad_row(row.attention_mask.data(), size, padded.length, 0, side, mask);
    }
    return padded;
  }

  /// The tokens of one sample as text.
  template <class Payload>
  std::vector<std::string> tokenize(const RegionSet<coord_type, Payload>& regions) const {
    return decode((*this)(regions).input_ids);
  }

  /// How well the regions fit the vocabulary, and a likely cause where they fit badly.
  template <class Payload>
  MappingReport report(const RegionSet<coord_type, Payload>& regions) const {
    return report(regions, options_);
  }
  /// The same with other mapping options than the tokenizer's own.
  template <class Payload>
  MappingReport report(const RegionSet<coord_type, Payload>& regions,
                       const MappingOptions& options) const {
    return mapper(regions, options).report();
  }

  /// The texts of ids. Throws VocabularyError that names an id outside the vocabulary.
  std::vector<std::string> decode(const std::vector<TokenId>& ids,
                                  bool skip_special_tokens = false) const {
    std::vector<std::string> tokens;
    tokens.reserve(ids.size());
    for (const TokenId id : ids) {
      vocabulary_->check(id);
      if (skip_special_tokens && vocabulary_->is_special(id)) continue;
      vocabulary_->append_token(tokens.emplace_back(), id);
    }
    return tokens;
  }

  /// The regions of ids, special tokens left out. Throws VocabularyError as `decode` does.
  regions_type decode_regions(const std::vector<TokenId>& ids) const {
    std::vector<std::uint32_t> positions;
    positions.reserve(ids.size());
    for (const TokenId id : ids) {
      vocabulary_->check(id);
      if (!vocabulary_->is_special(id)) positions.push_back(static_cast<std::uint32_t>(id));
    }
    return vocabulary_->regions().take(positions);
  }

  /// The id of a token's text; unk's when the vocabulary does not have it.
  TokenId convert_token_to_id(std::string_view token) const {
    return vocabulary_->find(token).value_or(vocabulary_->id(SpecialRole::unk));
  }
  /// The ids of many tokens.
  std::vector<TokenId> convert_tokens_to_ids(const std::vector<std::string>& tokens) const {
    std::vector<TokenId> ids;
    ids.reserve(tokens.size());
    for (const std::string& token : tokens) ids.push_back(convert_token_to_id(token));
    return ids;
  }

  /// The text of an id. Throws VocabularyError that names an id outside the vocabulary.
  std::string convert_id_to_token(TokenId id) const {
    vocabulary_->check(id);
    std::string token;
    vocabulary_->append_token(token, id);
    return token;
  }

  /// 1 where an id is a special token's, else 0. Throws VocabularyError as `decode` does.
  std::vector<std::int64_t> get_special_tokens_mask(const std::vector<TokenId>& ids) const {
    std::vector<std::int64_t> mask;
    mask.reserve(ids.size());
    for (const TokenId id : ids) {
      vocabulary_->check(id);
      mask.push_back(vocabulary_->is_special(id) ? 1 : 0);
    }
    return mask;
  }

  friend bool operator==(const Tokenizer& a, const Tokenizer& b) {
    return a.options_ == b.options_ && a.sequence_options_ == b.sequence_options_ &&
           *a.assembly_ == *b.assembly_ &&
           (a.vocabulary_ == b.vocabulary_ || *a.vocabulary_ == *b.vocabulary_);
  }
  friend bool operator!=(const Tokenizer& a, const Tokenizer& b) { return !(a == b); }

 private:
  /// The tokenizer of what a saved index holds, a SavedIndex.
  template <class Saved>
  static Tokenizer from_saved(Saved saved, IndexFile file, SpecialTokens special_tokens,
                              MappingOptions options, SequenceOptions sequence_options,
                              Assembly assembly) {
    Tokenizer tokenizer(
        std::make_shared<const Vocabulary<coord_type>>(
            std::move(saved.regions), std::move(saved.tables), std::move(special_tokens)),
        std::move(saved.index), std::move(options), std::move(sequence_options),
        std::move(assembly));
    tokenizer.index_file_ = std::make_shared<const IndexFile>(std::move(file));
    return tokenizer;
  }

  template <class Payload>
  Mapper<Index, RegionSet<coord_type, Payload>> mapper(
      const RegionSet<coord_type, Payload>& regions, const MappingOptions& options) const {
    return {*vocabulary_, *index_, regions, options, assembly_.get()};
  }

  std::string repeats_warning() const {
    if (vocabulary_->repeated() == 0) return {};
    return "the vocabulary repeats " + std::to_string(vocabulary_->repeated()) +
           " of its regions (the first is " + vocabulary_->first_repeated() +
           "); each keeps its first id, and later ids move up";
  }

  void set_assembly(Assembly assembly) {
    const auto& chroms = vocabulary_->regions().chroms();
    for (ChromTable::Id chrom = 0; chrom < chroms.size(); ++chrom) {
      const std::uint64_t size = vocabulary_->size_of(assembly, chroms.name(chrom), chrom);
      const std::uint64_t last_end = vocabulary_->last_end(chrom);
      if (last_end <= size) continue;
      throw ConfigError("chrom_sizes: " + chroms.name(chrom) + " is " + std::to_string(size) +
                        ", but the vocabulary has a region that ends at " +
                        std::to_string(last_end) +
                        "; expected the sizes of the vocabulary's assembly");
    }
    assembly_ = std::make_shared<const Assembly>(std::move(assembly));
  }

  void set_options(MappingOptions options, SequenceOptions sequence_options) {
    options.check();
    sequence_options.check();
    std::vector<TokenId> before = template_ids(sequence_options.before);
    std::vector<TokenId> after = template_ids(sequence_options.after);
    options_ = std::move(options);
    sequence_options_ = std::move(sequence_options);
    before_ = std::move(before);
    after_ = std::move(after);
  }

  std::vector<TokenId> template_ids(const std::vector<std::string>& spellings) const {
    std::vector<TokenId> ids;
    for (const std::string& spelling : spellings) {
      const auto special = special_tokens().find(spelling);
      if (!special) {
        throw ConfigError("the template has '" + spelling +
                          "', which is not a special token of this tokenizer");
      }
      ids.push_back(static_cast<TokenId>(vocabulary_->regions().size() + *special));
    }
    return ids;
  }

  detail::RowBuilder row_builder(const BatchOptions& options) const {
    using Ids = std::vector<TokenId>;
    return detail::RowBuilder(
        options.add_special_tokens ? before_ : Ids(), options.add_special_tokens ? after_ : Ids(),
        options.truncation_side.value_or(sequence_options_.truncation_side), options);
  }

  std::shared_ptr<const Vocabulary<coord_type>> vocabulary_;
  std::shared_ptr<const Index> index_;
  MappingOptions options_;
  SequenceOptions sequence_options_;
  std::shared_ptr<const Assembly> assembly_;
  std::vector<TokenId> before_;  // the template's tokens
  std::vector<TokenId> after_;
  std::shared_ptr<const IndexFile> index_file_;  // none: built in memory
  std::string loading_warning_;
};

}  // namespace bedtok

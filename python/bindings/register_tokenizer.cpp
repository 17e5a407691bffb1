// SPDX-License-Identifier: BSD-2-Clause
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <bedtok/bedtok.hpp>
#include <bedtok/io/detail/path_text.hpp>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "arrays.hpp"
#include "encoding.hpp"
#include "initialized.hpp"
#include "register.hpp"
#include "text_or_none.hpp"

namespace bedtok::python {

namespace {

using Regions = RegionSet<std::uint32_t>;
using Tok = Tokenizer<>;
using release_gil = py::call_guard<py::gil_scoped_release>;
using Ids = Column<TokenId>;
using Weights = Column<float>;

using Roles = std::map<std::string, std::string>;
using Spellings = std::vector<std::string>;
using ChromSizes = decltype(Assembly::chrom_sizes);

SpecialRole to_role(const std::string& name) {
  if (const auto role = SpecialTokens::role(name)) return *role;
  throw ConfigError("special token role '" + name +
                    "' is not known, expected unk, pad, mask, cls, eos, bos or sep");
}

/// Without `all`, `roles` are new spellings. With `all`, the special tokens in the order of their
/// ids, `roles` assigns the roles to them.
SpecialTokens to_special_tokens(const std::optional<Roles>& roles,
                                const std::optional<Spellings>& all) {
  SpecialTokens tokens;
  if (all) {
    for (std::size_t i = 0; i < all->size(); ++i) {
      if (i < SpecialTokens::role_count) {
        tokens.set(static_cast<SpecialRole>(i), (*all)[i]);
      } else {
        tokens.add((*all)[i]);
      }
    }
  }
  for (const auto& [name, spelling] : roles.value_or(Roles())) {
    if (all) {
      tokens.assign(to_role(name), spelling);
    } else {
      tokens.set(to_role(name), spelling);
    }
  }
  return tokens;
}

std::unique_ptr<Tok> make(const Regions& regions, const std::optional<Roles>& roles,
                          const std::optional<MappingOptions>& options,
                          const std::optional<SequenceOptions>& sequence_options,
                          const std::optional<Spellings>& all_special_tokens,
                          const std::string& genome, const ChromSizes& chrom_sizes) {
  return std::make_unique<Tok>(
      regions, to_special_tokens(roles, all_special_tokens), options.value_or(MappingOptions()),
      sequence_options.value_or(SequenceOptions()), Assembly{genome, chrom_sizes});
}

/// The tokenizer of a saved index that another process had opened; none where the file is gone or
/// another one.
std::unique_ptr<Tok> from_index_file(const std::filesystem::path& path, const std::string& digest,
                                     const std::optional<Roles>& roles,
                                     const std::optional<MappingOptions>& options,
                                     const std::optional<SequenceOptions>& sequence_options,
                                     const std::optional<Spellings>& all_special_tokens,
                                     const std::string& genome, const ChromSizes& chrom_sizes) {
  std::optional<Tok> tokenizer = Tok::from_index_file(
      {path, digest}, to_special_tokens(roles, all_special_tokens),
      options.value_or(MappingOptions()), sequence_options.value_or(SequenceOptions()),
      Assembly{genome, chrom_sizes});
  return tokenizer ? std::make_unique<Tok>(std::move(*tokenizer)) : nullptr;
}

/// The file and the digest of the saved index that a tokenizer was opened from, or None.
py::object index_file(const Tok& tokenizer) {
  const IndexFile* file = tokenizer.index_file();
  if (file == nullptr) return py::none();
  return py::make_tuple(to_file_name(io::detail::path_text(file->path)), file->digest);
}

/// New tokens get their ids in the order given.
Tok add_special_tokens(const Tok& tokenizer,
                       const std::vector<std::pair<std::string, std::string>>& roles,
                       const Spellings& others) {
  SpecialTokens tokens = tokenizer.special_tokens();
  for (const auto& [name, spelling] : roles) tokens.assign(to_role(name), spelling);
  for (const std::string& spelling : others) tokens.add(spelling);
  return tokenizer.with_special_tokens(std::move(tokens));
}

/// The ids of a cell, as CellTokens keeps them.
using CellIds = py::array_t<std::int32_t, py::array::c_style>;

/// A sample from Python, for a thread without the GIL.
struct Sample {
  std::variant<const Regions*, std::filesystem::path, std::vector<TokenId>> source;
  std::vector<InlineToken> inline_tokens;
  std::vector<std::int64_t> positions;  // the caller's position of the i-th region; empty: i

  Encoding encode(const Tok& tokenizer, const MappingOptions& options,
                  bool with_region_index) const {
    if (const auto* ids = std::get_if<std::vector<TokenId>>(&source)) {
      Encoding encoding;
      encoding.input_ids = *ids;
      encoding.attention_mask.assign(ids->size(), 1);
      if (with_region_index) encoding.region_index.assign(ids->size(), -1);
      return encoding;
    }
    if (const auto* path = std::get_if<std::filesystem::path>(&source)) {
      return tokenizer.encode(Regions::from_bed(*path), options, inline_tokens, with_region_index);
    }
    Encoding encoding = tokenizer.encode(*std::get<const Regions*>(source), options, inline_tokens,
                                         with_region_index);
    if (!positions.empty()) {
      for (std::int64_t& at : encoding.region_index) {
        if (at >= 0) at = positions[static_cast<std::size_t>(at)];
      }
    }
    return encoding;
  }

  /// About how many regions it has; a file is worth a thread of its own.
  std::size_t work() const {
    const auto* regions = std::get_if<const Regions*>(&source);
    return regions != nullptr ? (*regions)->size() : std::size_t{1} << 14;
  }
};

/// A RegionSet, the path of a BED file, an array of ids of 64 or 32 bits, or
/// (RegionSet, inline_positions, inline_ids, positions).
Sample to_sample(const py::handle& object) {
  Sample sample;
  if (py::isinstance<Regions>(object)) {
    sample.source = &object.cast<const Regions&>();
  } else if (py::isinstance<py::str>(object)) {
    sample.source = object.cast<std::filesystem::path>();
  } else if (py::isinstance<Ids>(object)) {
    sample.source = to_vector(py::reinterpret_borrow<Ids>(object));
  } else if (py::isinstance<CellIds>(object)) {
    const auto ids = py::reinterpret_borrow<CellIds>(object);
    sample.source = std::vector<TokenId>(ids.data(), ids.data() + ids.size());
  } else {
    // A tuple keeps its items while no GIL is held; of None there would be no regions.
    if (!py::isinstance<py::tuple>(object) || py::len(object) != 4 ||
        !py::isinstance<Regions>(object[py::int_(0)])) {
      throw py::type_error(
          "a sample is a RegionSet, a path, an array of ids or a tuple (RegionSet, "
          "inline_positions, inline_ids, positions), got " +
          py::repr(object).cast<std::string>());
    }
    const auto [regions, inline_positions, inline_ids, positions] =
        object.cast<std::tuple<const Regions*, Ids, Ids, Ids>>();
    if (inline_positions.size() != inline_ids.size()) {
      throw Error("inline_positions and inline_ids must have one length, got " +
                  std::to_string(inline_positions.size()) + " and " +
                  std::to_string(inline_ids.size()));
    }
    if (static_cast<std::size_t>(positions.size()) != regions->size()) {
      throw Error("positions must have one entry a region, got " +
                  std::to_string(positions.size()));
    }
    sample.source = regions;
    for (py::ssize_t i = 0; i < inline_positions.size(); ++i) {
      sample.inline_tokens.push_back(
          {static_cast<std::size_t>(inline_positions.at(i)), inline_ids.at(i)});
    }
    sample.positions = to_vector(positions);
  }
  return sample;
}

/// The rows of samples that `encode(i)` returns. Needs no GIL.
template <class Encode>
SampleBatch encode_rows(const Tok& tokenizer, std::size_t count, std::size_t work, Encode&& encode,
                        const MappingOptions& options, const BatchOptions& batch_options) {
  Batch batch = tokenizer.encode_batch(count, work, std::forward<Encode>(encode), batch_options);
  const auto first_special = static_cast<TokenId>(tokenizer.vocabulary().regions().size());
  SampleBatch result;
  result.rows.reserve(batch.rows.size());
  for (Encoding& row : batch.rows) {
    result.rows.push_back({std::move(row), first_special, batch_options.return_region_index});
  }
  result.low_hit_rate = options.low_hit_rate;
  result.genome = tokenizer.assembly().genome;
  result.overflow_to_sample_mapping = std::move(batch.overflow_to_sample_mapping);
  return result;
}

SampleBatch encode_batch(const Tok& tokenizer, const py::list& objects,
                         const MappingOptions& options, bool add_special_tokens,
                         std::optional<std::size_t> max_length, const std::string& truncation,
                         const std::optional<Weights>& token_weights,
                         const std::optional<std::string>& truncation_side,
                         bool return_overflowing_tokens, std::size_t stride, std::uint64_t seed,
                         bool return_region_index, std::size_t num_threads) {
  BatchOptions batch_options;
  batch_options.add_special_tokens = add_special_tokens;
  batch_options.max_length = max_length;
  batch_options.truncation_strategy = parse_enum<TruncationStrategy>(truncation, "truncation");
  if (token_weights) {
    batch_options.token_weights = std::make_shared<const std::vector<float>>(
        token_weights->data(), token_weights->data() + token_weights->size());
  }
  if (truncation_side) {
    batch_options.truncation_side = parse_enum<Side>(*truncation_side, "truncation_side");
  }
  batch_options.return_overflowing_tokens = return_overflowing_tokens;
  batch_options.stride = stride;
  batch_options.seed = seed;
  batch_options.return_region_index = return_region_index;
  batch_options.num_threads = num_threads;

  // The tuple keeps the samples alive, whatever happens to the list.
  const py::tuple alive(objects);
  std::vector<Sample> samples;
  std::size_t work = 0;
  for (const py::handle object : alive) {
    samples.push_back(to_sample(object));
    work += samples.back().work();
  }
  const auto encode = [&](std::size_t i) {
    Encoding encoding = samples[i].encode(tokenizer, options, return_region_index);
    encoding.attention_mask = {};  // the next sample finds its memory in the cache
    return encoding;
  };
  const py::gil_scoped_release release;
  SampleBatch batch = encode_rows(tokenizer, samples.size(), work, encode, options, batch_options);
  for (SampleEncoding& row : batch.rows) row.attention_mask = {};  // that a template has filled
  return batch;
}

/// (input_ids, attention_mask, encoding, warning) of one sample by the tokenizer's own options: all
/// that the usual call needs, in one step. Ids and mask are lists, or arrays of shape (1, tokens).
py::tuple encode_set(const Tok& tokenizer, const Regions& regions, bool as_lists) {
  SampleBatch batch;
  {
    const py::gil_scoped_release release;
    BatchOptions options;
    options.num_threads = 1;
    batch = encode_rows(
        tokenizer, 1, regions.size(),
        [&](std::size_t) { return tokenizer.encode(regions, tokenizer.options()); },
        tokenizer.options(), options);
  }
  const py::object warning = batch_warning(batch);
  if (as_lists) batch.rows[0].attention_mask = {};
  const py::object encoding = py::cast(std::move(batch.rows[0]));
  const auto& row = encoding.cast<const SampleEncoding&>();
  const std::size_t size = row.input_ids.size();
  if (as_lists) {
    RecentObjects recent;
    py::list ids = to_list(row.input_ids.data(), size, recent);
    py::list mask = new_list(size);
    PyObject* const one = PyLong_FromLong(1);
    for (std::size_t i = 0; i < size; ++i) {
      Py_INCREF(one);
      PyList_SET_ITEM(mask.ptr(), static_cast<py::ssize_t>(i), one);
    }
    Py_DECREF(one);
    return py::make_tuple(std::move(ids), std::move(mask), encoding, warning);
  }
  const auto array = [&](const std::vector<std::int64_t>& values) {
    return py::array_t<std::int64_t>({py::ssize_t{1}, static_cast<py::ssize_t>(size)},
                                     values.data(), encoding);
  };
  return py::make_tuple(array(row.input_ids), array(row.attention_mask), encoding, warning);
}

/// Calls `region(position)` or `special(position)` for each id, in their order, and returns how
/// many these are. Throws VocabularyError for an id outside the vocabulary, before the first call.
class TokenWalk {
 public:
  TokenWalk(const Tok& tokenizer, const TokenId* first, const TokenId* last,
            bool skip_special_tokens)
      : regions_(tokenizer.vocabulary().regions()),
        first_(first),
        last_(last),
        skip_special_(skip_special_tokens) {
    const auto& vocabulary = tokenizer.vocabulary();
    for (const TokenId* id = first_; id != last_; ++id) {
      vocabulary.check(*id);
      if (!skip_special_tokens || !vocabulary.is_special(*id)) ++count_;
    }
  }

  /// The number of tokens.
  std::size_t count() const noexcept { return count_; }

  template <class OnRegion, class OnSpecial>
  void visit(OnRegion&& region, OnSpecial&& special) const {
    for (const TokenId* id = first_; id != last_; ++id) {
      // Ids in any order are looked up all over the columns.
      if (last_ - id > ahead) fetch(static_cast<std::size_t>(id[ahead]));
      const auto i = static_cast<std::size_t>(*id);
      if (i < regions_.size()) {
        region(i);
      } else if (!skip_special_) {
        special(i - regions_.size());
      }
    }
  }

 private:
  static constexpr std::ptrdiff_t ahead = 16;

  void fetch([[maybe_unused]] std::size_t i) const noexcept {
#if defined(__GNUC__)
    if (i >= regions_.size()) return;
    __builtin_prefetch(regions_.chrom_ids().data() + i);
    __builtin_prefetch(regions_.starts().data() + i);
    __builtin_prefetch(regions_.ends().data() + i);
#endif
  }

  const Regions& regions_;
  const TokenId* first_;
  const TokenId* last_;
  bool skip_special_;
  std::size_t count_ = 0;
};

/// Ids as the texts of their tokens. Special tokens share one object each.
py::list decode(const Tok& tokenizer, const Ids& ids, bool skip_special_tokens) {
  const Regions& regions = tokenizer.vocabulary().regions();
  const TokenWalk walk(tokenizer, ids.data(), ids.data() + ids.size(), skip_special_tokens);
  std::vector<py::str> specials;
  for (const std::string& spelling : tokenizer.special_tokens().spellings()) {
    specials.emplace_back(spelling);
  }
  RegionTexts texts(regions.chroms());
  RecentObjects recent;
  py::list tokens = new_list(walk.count());
  py::ssize_t at = 0;
  walk.visit(
      [&](std::size_t i) {
        PyList_SET_ITEM(tokens.ptr(), at++, recent.get(static_cast<std::int64_t>(i), [&] {
          return texts.make(regions.chrom_ids()[i], regions.starts()[i], regions.ends()[i]);
        }));
      },
      [&](std::size_t special) {
        PyList_SET_ITEM(tokens.ptr(), at++, py::str(specials[special]).release().ptr());
      });
  return tokens;
}

/// The same texts one behind the other as UTF-8, uint8 of shape (bytes,), and where each begins,
/// int64 of shape (tokens + 1,): the buffers of an Arrow array of large strings.
py::tuple decode_buffers(const Tok& tokenizer, const Ids& ids, bool skip_special_tokens) {
  // Other threads may write to the caller's array once the GIL is released.
  const std::vector<TokenId> own = to_vector(ids);
  const py::gil_scoped_release release;
  const Regions& regions = tokenizer.vocabulary().regions();
  const TokenWalk walk(tokenizer, own.data(), own.data() + own.size(), skip_special_tokens);
  const auto& spellings = tokenizer.special_tokens().spellings();
  const RegionTexts texts(regions.chroms());
  const auto size = [&](std::size_t i) {
    return texts.size(regions.chrom_ids()[i], regions.starts()[i], regions.ends()[i]);
  };
  std::vector<std::int64_t> offsets;
  offsets.reserve(walk.count() + 1);
  offsets.push_back(0);
  const auto add = [&](std::size_t bytes) {
    offsets.push_back(offsets.back() + static_cast<std::int64_t>(bytes));
  };
  walk.visit([&](std::size_t i) { add(size(i)); },
             [&](std::size_t special) { add(spellings[special].size()); });
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(offsets.back()));
  auto* to = reinterpret_cast<char*>(bytes.data());
  std::size_t at = 0;
  const auto next_size = [&] {
    ++at;
    return static_cast<std::size_t>(offsets[at] - offsets[at - 1]);
  };
  walk.visit(
      [&](std::size_t i) {
        const std::size_t count = next_size();
        texts.write(regions.chrom_ids()[i], regions.starts()[i], regions.ends()[i], to, count);
        to += count;
      },
      [&](std::size_t special) { to += spellings[special].copy(to, next_size()); });
  const py::gil_scoped_acquire acquire;
  return py::make_tuple(into_array(std::move(bytes)), into_array(std::move(offsets)));
}

py::dict get_vocab(const Tok& tokenizer) {
  const Regions& regions = tokenizer.vocabulary().regions();
  RegionTexts texts(regions.chroms());
  py::dict vocab;
  const auto put = [&](const py::object& token, std::size_t id) {
    if (PyDict_SetItem(vocab.ptr(), token.ptr(), py::int_(id).ptr()) != 0) {
      throw py::error_already_set();
    }
  };
  for (std::size_t i = 0; i < regions.size(); ++i) {
    put(py::reinterpret_steal<py::object>(
            texts.make(regions.chrom_ids()[i], regions.starts()[i], regions.ends()[i])),
        i);
  }
  for (std::size_t i = 0; i < tokenizer.special_tokens().size(); ++i) {
    put(py::str(tokenizer.special_tokens().spellings()[i]), regions.size() + i);
  }
  return vocab;
}

py::dict special_tokens(const Tok& tokenizer) {
  py::dict roles;
  for (std::size_t i = 0; i < SpecialTokens::role_count; ++i) {
    roles[py::str(std::string(SpecialTokens::role_names[i]))] =
        py::str(tokenizer.special_tokens()[static_cast<SpecialRole>(i)]);
  }
  return roles;
}

}  // namespace

void register_tokenizer(py::module_& module) {
  py::list roles_in_order;
  for (const std::string_view role : SpecialTokens::role_names) {
    roles_in_order.append(std::string(role));
  }
  module.attr("special_roles") = py::tuple(roles_in_order);

  using py::literals::operator""_a;
  py::class_<Tok>(module, "Tokenizer", py::is_final(),
                  "A vocabulary, its overlap index, special tokens and mapping options; immutable.")
      .def(py::init(&make), "regions"_a, "special_tokens"_a = py::none(), "options"_a = py::none(),
           "sequence_options"_a = py::none(), "all_special_tokens"_a = py::none(), "genome"_a = "",
           "chrom_sizes"_a = ChromSizes(), release_gil())
      .def_static(
          "from_bed",
          [](const std::filesystem::path& path, const std::optional<Roles>& roles) {
            return Tok::from_bed(path, to_special_tokens(roles, std::nullopt));
          },
          "path"_a, "special_tokens"_a = py::none(), release_gil())
      .def_static(
          "from_pretrained",
          [](const std::filesystem::path& folder) { return Tok::from_pretrained(folder); },
          "folder"_a, release_gil())
      .def_static("from_index_file", &from_index_file, "path"_a, "digest"_a,
                  "special_tokens"_a = py::none(), "options"_a = py::none(),
                  "sequence_options"_a = py::none(), "all_special_tokens"_a = py::none(),
                  "genome"_a = "", "chrom_sizes"_a = ChromSizes(), release_gil())
      .def(
          "save_pretrained",
          [](const Tok& tokenizer, const std::filesystem::path& folder, bool index) {
            std::vector<std::filesystem::path> paths;
            {
              const py::gil_scoped_release release;
              paths = tokenizer.save_pretrained(folder, index);
            }
            py::list names;
            for (const auto& path : paths) names.append(to_file_name(io::detail::path_text(path)));
            return names;
          },
          "folder"_a, "index"_a = false)
      .def_property_readonly("index_file", &index_file)
      .def_static(
          "index_pretrained",
          [](const std::filesystem::path& folder) {
            std::filesystem::path path;
            {
              const py::gil_scoped_release release;
              path = io::index_pretrained(folder);
            }
            return to_file_name(io::detail::path_text(path));
          },
          "folder"_a)
      .def_property_readonly("vocab_size", &Tok::vocab_size)
      .def_property_readonly("num_regions",
                             [](const Tok& t) { return t.vocabulary().regions().size(); })
      .def_property_readonly(
          "regions", [](const Tok& t) -> const Regions& { return t.vocabulary().regions(); },
          py::return_value_policy::reference_internal)
      .def_property_readonly("special_tokens", &special_tokens)
      .def_property_readonly("all_special_tokens",
                             [](const Tok& t) { return t.special_tokens().spellings(); })
      .def_property_readonly("options", &Tok::options)
      .def_property_readonly("sequence_options", &Tok::sequence_options)
      .def_property_readonly("genome", [](const Tok& t) { return t.assembly().genome; })
      .def_property_readonly("chrom_sizes", [](const Tok& t) { return t.assembly().chrom_sizes; })
      .def("with_options", &Tok::with_options, "options"_a, "sequence_options"_a, release_gil())
      .def(
          "with_assembly",
          [](const Tok& t, const std::string& genome, const ChromSizes& chrom_sizes) {
            return t.with_assembly({genome, chrom_sizes});
          },
          "genome"_a, "chrom_sizes"_a, release_gil())
      .def("add_special_tokens", &add_special_tokens, "roles"_a, "others"_a, release_gil())
      .def_property_readonly("warning", [](const Tok& t) { return text_or_none(t.warning()); })
      .def("encode_batch", &encode_batch, "samples"_a, "options"_a, py::kw_only(),
           "add_special_tokens"_a = true, "max_length"_a = py::none(),
           "truncation"_a = "longest_first", "token_weights"_a = py::none(),
           "truncation_side"_a = py::none(), "return_overflowing_tokens"_a = false, "stride"_a = 0,
           "seed"_a = 0, "return_region_index"_a = false, "num_threads"_a = 0)
      .def("encode_set", &encode_set, "regions"_a, "as_lists"_a)
      .def(
          "report",
          [](const Tok& t, const Regions& regions, const MappingOptions& options,
             std::uint64_t skipped_lines) {
            MappingReport report = t.report(regions, options);
            report.skipped_lines = skipped_lines;
            return report;
          },
          "regions"_a, "options"_a, "skipped_lines"_a = 0, release_gil())
      .def(
          "encode_with_report",
          [](const Tok& t, const Regions& regions, const MappingOptions& options,
             std::uint64_t skipped_lines) {
            auto [encoding, report] = t.encode_with_report(regions, options);
            report.skipped_lines = skipped_lines;
            const auto first_special = static_cast<TokenId>(t.vocabulary().regions().size());
            return std::make_pair(SampleEncoding{std::move(encoding), first_special, false},
                                  std::move(report));
          },
          "regions"_a, "options"_a, "skipped_lines"_a = 0, release_gil())
      .def("decode", &decode, "ids"_a.noconvert(), "skip_special_tokens"_a = false)
      .def("decode_buffers", &decode_buffers, "ids"_a.noconvert(), "skip_special_tokens"_a = false)
      .def(
          "decode_regions",
          [](const Tok& t, const Ids& ids) {
            return t.decode_regions(std::vector<TokenId>(ids.data(), ids.data() + ids.size()));
          },
          "ids"_a.noconvert())
      .def(
          "get_special_tokens_mask",
          [](const Tok& t, const Ids& ids) {
            return into_array(t.get_special_tokens_mask(to_vector(ids)));
          },
          "ids"_a.noconvert())
      .def("id_to_token", &Tok::convert_id_to_token, "id"_a)
      .def(
          "tokens_to_ids",
          [](const Tok& t, const std::vector<std::string>& tokens) {
            return into_array(t.convert_tokens_to_ids(tokens));
          },
          "tokens"_a)
      .def("get_vocab", &get_vocab);
}

}  // namespace bedtok::python

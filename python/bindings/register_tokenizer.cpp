// SPDX-License-Identifier: BSD-2-Clause
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <bedtok/bedtok.hpp>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "arrays.hpp"
#include "encoding.hpp"
#include "register.hpp"

namespace bedtok::python {

namespace {

using Regions = RegionSet<std::uint32_t>;
using Tok = Tokenizer<>;
using Index = Tok::index_type;
using release_gil = py::call_guard<py::gil_scoped_release>;
using Ids = Column<TokenId>;

SpecialTokens to_special_tokens(
    const std::optional<std::map<std::string, std::string>>& spellings) {
  SpecialTokens tokens;
  if (!spellings) return tokens;
  for (const auto& [name, spelling] : *spellings) {
    const auto role = SpecialTokens::role(name);
    if (!role) {
      throw ConfigError("special token role '" + name +
                        "' is not known, expected unk, pad, mask, cls, eos, bos or sep");
    }
    tokens.set(*role, spelling);
  }
  return tokens;
}

std::unique_ptr<Tok> make(const Regions& regions,
                          const std::optional<std::map<std::string, std::string>>& spellings,
                          const std::optional<MappingOptions>& options) {
  return std::make_unique<Tok>(regions, to_special_tokens(spellings),
                               options.value_or(MappingOptions()));
}

std::unique_ptr<Tok> from_bed(const std::filesystem::path& path,
                              const std::optional<MappingOptions>& options) {
  return std::make_unique<Tok>(Tok::from_bed(path, options.value_or(MappingOptions())));
}

/// TOML is parsed by Python's own library and comes as JSON.
std::unique_ptr<Tok> from_config_json(const std::string& text, const std::filesystem::path& path,
                                      const std::optional<MappingOptions>& options) {
  io::UniverseConfig config = io::parse_universe_config(text, path);
  return std::make_unique<Tok>(io::load_tokenizer<Index>(config.universe, config.special_tokens,
                                                         options.value_or(MappingOptions())));
}

std::unique_ptr<Tok> from_pretrained(const std::filesystem::path& folder,
                                     const std::optional<MappingOptions>& options) {
  return std::make_unique<Tok>(Tok::from_pretrained(folder, options));
}

SampleEncoding encode(const Tok& tokenizer, const Regions& regions, const MappingOptions& options,
                      const std::optional<Ids>& placed_at, const std::optional<Ids>& placed_ids,
                      bool with_region_index) {
  std::vector<PlacedToken> placed;
  if (placed_at && placed_ids) {
    if (placed_at->size() != placed_ids->size()) {
      throw Error("placed_at and placed_ids must have one length, got " +
                  std::to_string(placed_at->size()) + " and " + std::to_string(placed_ids->size()));
    }
    for (py::ssize_t i = 0; i < placed_at->size(); ++i) {
      placed.push_back({static_cast<std::size_t>(placed_at->at(i)), placed_ids->at(i)});
    }
  }
  py::gil_scoped_release release;
  return {tokenizer.encode(regions, options, placed, with_region_index),
          static_cast<TokenId>(tokenizer.vocabulary().regions().size()), with_region_index};
}

/// Ids as the texts of their tokens. Special tokens share one object each.
py::list decode(const Tok& tokenizer, const Ids& ids, bool skip_special_tokens) {
  const auto& vocabulary = tokenizer.vocabulary();
  const Regions& regions = vocabulary.regions();
  const TokenId* const first = ids.data();
  const TokenId* const last = first + ids.size();
  std::size_t count = 0;
  for (const TokenId* id = first; id != last; ++id) {
    vocabulary.check(*id);
    if (!skip_special_tokens || !vocabulary.is_special(*id)) ++count;
  }
  std::vector<py::str> specials;
  for (const std::string& spelling : tokenizer.special_tokens().spellings()) {
    specials.emplace_back(spelling);
  }
  RegionTexts texts(regions.chroms());
  py::list tokens(count);
  py::ssize_t at = 0;
  for (const TokenId* id = first; id != last; ++id) {
    const auto i = static_cast<std::size_t>(*id);
    if (!vocabulary.is_special(*id)) {
      PyList_SET_ITEM(tokens.ptr(), at++,
                      texts.make(regions.chrom_ids()[i], regions.starts()[i], regions.ends()[i]));
    } else if (!skip_special_tokens) {
      PyList_SET_ITEM(tokens.ptr(), at++, py::str(specials[i - regions.size()]).release().ptr());
    }
  }
  return tokens;
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
  for (std::size_t i = 0; i < SpecialTokens::count; ++i) {
    put(py::str(tokenizer.special_tokens().spellings()[i]), regions.size() + i);
  }
  return vocab;
}

py::dict special_tokens(const Tok& tokenizer) {
  py::dict roles;
  for (std::size_t i = 0; i < SpecialTokens::count; ++i) {
    roles[py::str(std::string(SpecialTokens::role_names[i]))] =
        py::str(tokenizer.special_tokens().spellings()[i]);
  }
  return roles;
}

py::object text_or_none(const std::string& text) {
  return text.empty() ? py::object(py::none()) : py::object(py::str(text));
}

std::string to_text(const MappingReport& report) {
  std::ostringstream text;
  text.precision(1);
  text << std::fixed << report.hits << " of " << report.regions << " regions hit ("
       << 100 * report.hit_rate() << " %), " << report.tokens << " tokens, "
       << report.distinct_tokens << " distinct";
  for (const ChromReport& chrom : report.chroms) {
    text << "\n  " << chrom.chrom << ": " << chrom.hits << " of " << chrom.regions
         << (chrom.known ? "" : ", not in the vocabulary");
  }
  if (!report.likely_cause.empty()) text << "\nlikely cause: " << report.likely_cause;
  return text.str();
}

py::dict tokenize_fragments(const std::filesystem::path& path, const Tok& tokenizer,
                            const std::string& on_miss) {
  const auto choice = from_word<OnMiss>(on_miss);
  io::FragmentTokens tokens;
  {
    py::gil_scoped_release release;
    tokens = io::tokenize_fragments(path, tokenizer, choice);
  }
  py::dict cells;
  for (std::size_t i = 0; i < tokens.barcodes.size(); ++i) {
    cells[py::str(tokens.barcodes[i])] = into_array(std::move(tokens.input_ids[i]));
  }
  return cells;
}

void register_report(py::module_& module) {
  py::class_<ChromReport>(module, "ChromReport", py::is_final(),
                          "How the regions of one input chromosome fared.")
      .def_readonly("chrom", &ChromReport::chrom)
      .def_readonly("known", &ChromReport::known)
      .def_readonly("regions", &ChromReport::regions)
      .def_readonly("hits", &ChromReport::hits)
      .def_readonly("past_end", &ChromReport::past_end);
  py::class_<MappingReport>(module, "MappingReport", py::is_final(),
                            "How well an input fits a vocabulary.")
      .def_readonly("regions", &MappingReport::regions)
      .def_readonly("hits", &MappingReport::hits)
      .def_readonly("tokens", &MappingReport::tokens)
      .def_readonly("distinct_tokens", &MappingReport::distinct_tokens)
      .def_property_readonly("hit_rate", &MappingReport::hit_rate)
      .def_readonly("chroms", &MappingReport::chroms)
      .def_property_readonly("misses",
                             [](const py::object& self) {
                               return view_of(self.cast<const MappingReport&>().misses, self);
                             })
      .def_readonly("unknown_chroms", &MappingReport::unknown_chroms)
      .def_property_readonly("likely_cause",
                             [](const MappingReport& r) { return text_or_none(r.likely_cause); })
      .def("__str__", &to_text);
}

}  // namespace

void register_tokenizer(py::module_& module) {
  using py::literals::operator""_a;
  register_report(module);
  py::class_<Tok>(module, "Tokenizer", py::is_final(),
                  "A vocabulary, its overlap index, special tokens and mapping options; immutable.")
      .def(py::init(&make), "regions"_a, "special_tokens"_a = py::none(), "options"_a = py::none(),
           release_gil())
      .def_static("from_bed", &from_bed, "path"_a, "options"_a = py::none(), release_gil())
      .def_static("from_config_json", &from_config_json, "text"_a, "path"_a,
                  "options"_a = py::none(), release_gil())
      .def_static("from_pretrained", &from_pretrained, "folder"_a, "options"_a = py::none(),
                  release_gil())
      .def(
          "save_pretrained",
          [](const Tok& tokenizer, const std::filesystem::path& folder) {
            std::vector<std::string> paths;
            for (const auto& path : tokenizer.save_pretrained(folder))
              paths.push_back(path.string());
            return paths;
          },
          "folder"_a, release_gil())
      .def_property_readonly("vocab_size", &Tok::vocab_size)
      .def_property_readonly("num_regions",
                             [](const Tok& t) { return t.vocabulary().regions().size(); })
      .def_property_readonly(
          "regions", [](const Tok& t) -> const Regions& { return t.vocabulary().regions(); },
          py::return_value_policy::reference_internal)
      .def_property_readonly("special_tokens", &special_tokens)
      .def_property_readonly("options", &Tok::options)
      .def_property_readonly("warning", [](const Tok& t) { return text_or_none(t.warning()); })
      .def("encode", &encode, "regions"_a, "options"_a, "placed_at"_a = py::none(),
           "placed_ids"_a = py::none(), "with_region_index"_a = false)
      .def(
          "report",
          [](const Tok& t, const Regions& regions, const MappingOptions& options) {
            return t.report(regions, options);
          },
          "regions"_a, "options"_a, release_gil())
      .def("decode", &decode, "ids"_a.noconvert(), "skip_special_tokens"_a = false)
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
      .def(
          "token_to_id",
          [](const Tok& t, const std::string& token) { return t.vocabulary().find(token); },
          "token"_a)
      .def("id_to_token", &Tok::convert_id_to_token, "id"_a)
      .def(
          "tokens_to_ids",
          [](const Tok& t, const std::vector<std::string>& tokens) {
            return into_array(t.convert_tokens_to_ids(tokens));
          },
          "tokens"_a)
      .def("get_vocab", &get_vocab);
  module.def("ids_of_list", &ids_of_list, "ids"_a);
  module.def("tokenize_fragments", &tokenize_fragments, "path"_a, "tokenizer"_a,
             "on_miss"_a = "unk");
}

}  // namespace bedtok::python

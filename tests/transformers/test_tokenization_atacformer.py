# SPDX-License-Identifier: BSD-2-Clause
"""The adapter against ``Tokenizer``: ids, keywords, roles, copies, folders.

docs/guarantees.md, sections 4 and 5.
"""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from transformers import AutoTokenizer, BatchEncoding, PreTrainedTokenizerBase
from transformers.utils import PaddingStrategy, TensorType

from bedtok import ConfigError, RegionSet, Tokenizer, VocabularyError
from bedtok.atacformer import AtacformerTokenizer
from support import NUM_REGIONS, SAMPLES, region_text

VERSION_5 = int(transformers.__version__.split(".")[0]) >= 5


@pytest.mark.parametrize(
    "keywords",
    [
        {},
        {"padding": True},
        {"padding": "max_length", "max_length": 16},
        {"padding": True, "padding_side": "left", "pad_to_multiple_of": 8},
        {"truncation": True, "max_length": 3},
        {"truncation": True, "max_length": 3, "truncation_side": "left"},
        {"truncation": True, "max_length": 4, "stride": 1, "return_overflowing_tokens": True},
        {"truncation": "random", "max_length": 3, "seed": 4},
        {"return_special_tokens_mask": True, "return_length": True, "return_region_index": True},
        {"return_attention_mask": False},
        {"add_special_tokens": False},
        {"min_overlap": 30, "unique": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("template", ["$A", "<cls> $A <eos>"])
def test_every_keyword_gives_what_the_backend_gives(
    backend: Tokenizer, keywords: dict[str, Any], template: str
) -> None:
    backend = backend.with_options(template=template)
    tokenizer = AtacformerTokenizer(tokenizer_object=backend)
    for x in (SAMPLES[0], SAMPLES, [RegionSet(["chr1:0-400"]), RegionSet(["chr1:0-90"])]):
        assert tokenizer(x, **keywords).data == backend(x, **keywords).data
    if "padding" in keywords:
        tensors = tokenizer(SAMPLES, return_tensors="pt", **keywords)
        expected = backend(SAMPLES, return_tensors="np", **keywords)
        assert isinstance(tensors, BatchEncoding)
        for name, array in expected.items():
            assert tensors[name].dtype == torch.int64
            assert np.array_equal(tensors[name].numpy(), array)


def test_it_is_a_tokenizer_of_transformers(tokenizer: AtacformerTokenizer) -> None:
    assert isinstance(tokenizer, PreTrainedTokenizerBase)
    assert tokenizer.vocab_files_names == {"universe_file": "universe.bed.gz"}
    assert tokenizer.model_input_names == ["input_ids", "attention_mask"]
    assert tokenizer.is_fast is False
    assert len(tokenizer) == tokenizer.vocab_size == NUM_REGIONS + 7
    assert tokenizer.added_tokens_decoder == tokenizer.added_tokens_encoder == {}


def test_ids_unpack_into_a_model(tokenizer: AtacformerTokenizer, model: Any, cells: Any) -> None:
    batch = tokenizer(cells, padding=True, truncation=True, max_length=12, return_tensors="pt")
    assert batch["input_ids"].shape == (len(cells), 12)
    assert model(**batch).logits.shape == (len(cells), 12, len(tokenizer))


def test_roles_and_vocabulary_are_the_backend(backend: Tokenizer, tokenizer: Any) -> None:
    for role in ("unk", "pad", "mask", "cls", "eos", "bos", "sep"):
        assert (
            getattr(tokenizer, f"{role}_token") == getattr(backend, f"{role}_token") == f"<{role}>"
        )
        assert getattr(tokenizer, f"{role}_token_id") == getattr(backend, f"{role}_token_id")
    assert tokenizer.all_special_ids == list(range(NUM_REGIONS, NUM_REGIONS + 7))
    assert tokenizer.all_special_tokens == backend.all_special_tokens
    assert tokenizer.special_tokens_map == backend.special_tokens_map
    assert tokenizer.get_vocab() == backend.get_vocab()
    assert tokenizer.regions == backend.regions
    assert tokenizer.model_max_length == backend.model_max_length == int(1e30)


def test_ids_become_text_and_back(tokenizer: AtacformerTokenizer) -> None:
    assert tokenizer.decode([1, 61]) == ["chr1:100-150", "<pad>"]
    assert tokenizer.decode(torch.tensor([1, 61]), skip_special_tokens=True) == ["chr1:100-150"]
    assert tokenizer.batch_decode(torch.tensor([[1, 61]])) == [["chr1:100-150", "<pad>"]]
    assert tokenizer.convert_ids_to_tokens(2) == "chr1:200-250"
    assert tokenizer.convert_ids_to_tokens([2, 60]) == ["chr1:200-250", "<unk>"]
    assert tokenizer.convert_tokens_to_ids(["chr1:200-250", "x"]) == [2, 60]
    assert tokenizer.convert_tokens_to_string(["a", "b"]) == "a b"
    assert tokenizer.tokenize(["chr1:0-120"]) == ["chr1:0-50", "chr1:100-150"]
    assert tokenizer.encode(["chr1:200-250", "<sep>"]) == [2, 66]
    assert tokenizer.decode_regions([3, 62]) == RegionSet(["chr1:300-350"])
    assert tokenizer.get_special_tokens_mask([3, 62], already_has_special_tokens=True) == [0, 1]
    with pytest.raises(VocabularyError, match="id 67 is outside the vocabulary"):
        tokenizer.decode([67])


def test_the_template_shows_in_what_is_built_from_ids(backend: Tokenizer) -> None:
    tokenizer = AtacformerTokenizer(tokenizer_object=backend, template="<cls> $A <eos>")
    assert tokenizer.num_special_tokens_to_add() == 2
    assert tokenizer.build_inputs_with_special_tokens([1]) == [63, 1, 64]
    assert tokenizer.get_special_tokens_mask([1]) == [1, 0, 1]
    assert backend.template == ("$A",)


def test_enumerators_of_transformers_stand_for_their_values(tokenizer: Any) -> None:
    batch = tokenizer(SAMPLES, padding=PaddingStrategy.LONGEST, return_tensors=TensorType.PYTORCH)
    assert torch.equal(
        batch.input_ids, tokenizer(SAMPLES, padding=True, return_tensors="pt").input_ids
    )


@pytest.mark.skipif(VERSION_5, reason="version 5 has no encode_plus and batch_encode_plus")
def test_the_older_names_of_calls_work(tokenizer: AtacformerTokenizer) -> None:
    one = tokenizer.encode_plus(SAMPLES[0], truncation=True, max_length=3, return_tensors="np")
    assert one["input_ids"].tolist() == [[0, 1, 2]]
    batch = tokenizer.batch_encode_plus(SAMPLES, padding=True)
    assert batch.data == tokenizer(SAMPLES, padding=True).data


def test_keywords_of_text_are_refused_once_they_ask_for_something(tokenizer: Any) -> None:
    tokenizer(SAMPLES, return_token_type_ids=False, return_offsets_mapping=None, verbose=False)
    for name in ("text_pair", "return_token_type_ids", "is_split_into_words"):
        with pytest.raises(TypeError, match=f"{name} is True: it only applies to text"):
            tokenizer(SAMPLES, **{name: True})
    with pytest.raises(TypeError, match="unexpected keyword argument 'paddding'; did you mean"):
        tokenizer(SAMPLES, paddding=True)


def test_pad_takes_a_list_of_dicts(tokenizer: AtacformerTokenizer) -> None:
    rows = [{"input_ids": [1, 2, 3]}, {"input_ids": [4]}]
    padded = tokenizer.pad(rows, return_tensors="pt")
    assert isinstance(padded, BatchEncoding)
    assert padded.input_ids.tolist() == [[1, 2, 3], [4, 61, 61]]
    assert padded.attention_mask.tolist() == [[1, 1, 1], [1, 0, 0]]
    moved = padded.to(torch.device("meta"))
    assert {tensor.device.type for tensor in moved.values()} == {"meta"}


def test_attributes_that_transformers_lets_set_reach_the_backend(backend: Tokenizer) -> None:
    tokenizer = AtacformerTokenizer(tokenizer_object=backend)
    tokenizer.padding_side = "left"
    tokenizer.model_max_length = 5
    tokenizer.pad_token = "<eos>"
    assert (
        tokenizer.backend_tokenizer.padding_side == "left"
        and tokenizer.backend_tokenizer.model_max_length == 5
    )
    assert (
        tokenizer.pad_token_id == tokenizer.backend_tokenizer.pad_token_id == backend.eos_token_id
    )
    assert tokenizer(SAMPLES[:2], padding=True, truncation=True)["input_ids"] == [
        [0, 1, 2, 3, 4],
        [64, 64, 64, 20, 55],
    ]
    tokenizer.pad_token_id = 61
    assert tokenizer.pad_token == "<pad>"
    with pytest.raises(ConfigError, match="pad_token is '<new>', expected one of the special"):
        tokenizer.pad_token = "<new>"
    # The backend that was handed over has changed in nothing.
    assert backend == Tokenizer.from_regions([region_text(i) for i in range(NUM_REGIONS)])


def test_special_tokens_are_added_and_a_model_grows(backend: Tokenizer, model: Any) -> None:
    tokenizer = AtacformerTokenizer(tokenizer_object=backend)
    new = {"cls_token": "[CLS]", "additional_special_tokens": ["<donor>"]}
    assert tokenizer.add_special_tokens(new) == 2
    assert tokenizer.add_tokens(["<batch>"], special_tokens=True) == 1
    assert tokenizer.add_tokens(["chr1:0-50", "<donor>"]) == 0
    assert tokenizer.convert_tokens_to_ids(["[CLS]", "<donor>", "<batch>"]) == [67, 68, 69]
    assert (tokenizer.cls_token, tokenizer.cls_token_id, len(tokenizer)) == ("[CLS]", 67, 70)
    assert tokenizer.additional_special_tokens == ["<cls>", "<donor>", "<batch>"]
    with pytest.raises(ConfigError, match="'chr9:1-2' is not in the vocabulary, whose regions do"):
        tokenizer.add_tokens(["chr9:1-2"])
    model.resize_token_embeddings(len(tokenizer))
    batch = tokenizer([["<donor>", "chr1:0-10"]], return_tensors="pt")
    assert model(**batch).logits.shape == (1, 2, 70)


# ---- copies


def test_pickles_copies_equality_and_hash_follow_the_content(backend: Tokenizer) -> None:
    tokenizer = AtacformerTokenizer(
        tokenizer_object=backend, template="<cls> $A", padding_side="left"
    )
    for other in (
        pickle.loads(pickle.dumps(tokenizer)),
        copy.deepcopy(tokenizer),
        copy.copy(tokenizer),
    ):
        assert other == tokenizer and hash(other) == hash(tokenizer)
        assert other(SAMPLES).data == tokenizer(SAMPLES).data
        assert other.pad_token_id == 61 and other.padding_side == "left"
    assert tokenizer != AtacformerTokenizer(tokenizer_object=backend)
    assert (
        len({tokenizer, copy.deepcopy(tokenizer), AtacformerTokenizer(tokenizer_object=backend)})
        == 2
    )
    changed = copy.deepcopy(tokenizer)
    changed.add_special_tokens({"additional_special_tokens": ["<x>"]})
    assert changed != tokenizer and len(tokenizer) == len(backend)


def test_a_tokenizer_of_a_published_models_size_pickles_below_12_mb() -> None:
    starts = np.arange(890_704, dtype=np.uint32) * 3_000 % 240_000_000
    names = [f"chr{i}" for i in range(1, 23)]
    chroms = np.arange(890_704) * 22 // 890_704
    regions = RegionSet.from_arrays([names[i] for i in chroms.tolist()], starts, starts + 500)
    tokenizer = AtacformerTokenizer(tokenizer_object=Tokenizer.from_regions(regions))
    assert tokenizer.vocab_size == 890_711
    pickled = pickle.dumps(tokenizer)
    assert len(pickled) < 12_000_000
    assert pickle.loads(pickled) == tokenizer


# ---- folders

Load = Callable[[Path], Any]


def test_backend_and_adapter_read_each_others_folders(backend: Tokenizer, tmp_path: Path) -> None:
    backend = backend.with_options(template="<cls> $A", model_max_length=9, truncation_side="left")
    backend = backend.with_options(min_overlap=2)
    backend.add_special_tokens({"sep_token": "[SEP]", "additional_special_tokens": ["<x>"]})
    tokenizer = AtacformerTokenizer(tokenizer_object=backend)
    backend.save_pretrained(tmp_path / "backend")
    tokenizer.save_pretrained(tmp_path / "adapter")
    for folder in ("backend", "adapter"):
        assert Tokenizer.from_pretrained(tmp_path / folder) == backend
        assert AtacformerTokenizer.from_pretrained(tmp_path / folder) == tokenizer
        loaded = AutoTokenizer.from_pretrained(tmp_path / folder)
        assert loaded == tokenizer and loaded.sep_token == "[SEP]"
    for path in (tmp_path / "backend").iterdir():
        assert path.read_bytes() == (tmp_path / "adapter" / path.name).read_bytes()


def test_auto_tokenizer_loads_a_folder_as_published_models_have_it(
    backend: Tokenizer, tmp_path: Path
) -> None:
    backend.regions.to_bed(tmp_path / "universe.bed.gz")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "atacformer"}))
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    assert type(tokenizer) is AtacformerTokenizer
    assert tokenizer.backend_tokenizer == backend
    assert tokenizer.name_or_path == str(tmp_path)
    left = AutoTokenizer.from_pretrained(tmp_path, padding_side="left", pad_token="<eos>")
    assert left.padding_side == "left" and left.pad_token_id == backend.eos_token_id


def test_a_file_makes_a_tokenizer(backend: Tokenizer, tmp_path: Path) -> None:
    path = tmp_path / "universe.bed"
    backend.regions.to_bed(path)
    tokenizer = AtacformerTokenizer(path, unk_token="[UNK]", min_overlap=3)
    assert tokenizer.regions == backend.regions
    assert (tokenizer.unk_token, tokenizer.unk_token_id) == ("[UNK]", NUM_REGIONS)
    assert tokenizer.options.min_overlap == 3
    (written,) = tokenizer.save_vocabulary(tmp_path)
    assert written == str(tmp_path / "universe.bed.gz")
    assert RegionSet.from_bed(written, sort=False) == backend.regions


def test_what_cannot_be_loaded_is_said(backend: Tokenizer, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="takes the path of a BED file or tokenizer_object="):
        AtacformerTokenizer()
    with pytest.raises(TypeError, match=r"tokenizer_object: expected a bedtok.Tokenizer, not str"):
        AtacformerTokenizer(tokenizer_object="x")
    with pytest.raises(FileNotFoundError):
        AtacformerTokenizer.from_pretrained(tmp_path / "missing")
    with pytest.raises(ConfigError, match="template is '<cls>', expected"):
        AtacformerTokenizer(tokenizer_object=backend, template="<cls>")
    with pytest.raises(ConfigError, match="filename_prefix is 'x', expected None"):
        AtacformerTokenizer(tokenizer_object=backend).save_pretrained(tmp_path, filename_prefix="x")


def test_an_assembly_and_reports_are_those_of_the_backend(tmp_path: Path) -> None:
    backend = Tokenizer.from_regions(["chr1:100-200"])
    tokenizer = AtacformerTokenizer(tokenizer_object=backend, genome="hg38", low_hit_rate=None)
    assert (tokenizer.genome, tokenizer.chrom_sizes) == ("hg38", None)
    assert tokenizer.options.low_hit_rate is None
    assert backend.genome is None
    tokenizer.save_pretrained(tmp_path)
    again = AtacformerTokenizer.from_pretrained(tmp_path, chrom_sizes={"chr1": 200})
    assert (again.genome, again.chrom_sizes) == ("hg38", {"chr1": 200})
    assert tokenizer.report([["chr1:150-160"], ["chr1:1-2"]]).hit_rate == 0.5

# SPDX-License-Identifier: BSD-2-Clause
"""Equality, hashes, pickles, saving and loading of tokenizers (docs/guarantees.md, section 5)."""

from __future__ import annotations

import copy
import gzip
import json
import pickle
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bedtok import RegionSet, Tokenizer

SAMPLE = [("chr1", 100, 101), ("chr2", 55, 56)]


# ---- the same tokenizer


def variants(vocabulary: list[Any]) -> Iterator[Tokenizer]:
    yield Tokenizer.from_regions(vocabulary)
    yield Tokenizer.from_regions(vocabulary[:-1])
    yield Tokenizer.from_regions(vocabulary[::-1])
    yield Tokenizer.from_regions([("chrX", *vocabulary[0][1:]), *vocabulary[1:]])
    yield Tokenizer.from_regions(vocabulary, {"unk": "[UNK]"})
    yield Tokenizer.from_regions(vocabulary, unique=True)
    yield Tokenizer.from_regions(vocabulary, chrom_aliases={"b": "chr1", "a": "chr2"})
    yield Tokenizer.from_regions(vocabulary, template="<cls> $A")
    yield Tokenizer.from_regions(vocabulary, template="$A <cls>")
    yield Tokenizer.from_regions(vocabulary, model_max_length=8192)
    yield Tokenizer.from_regions(vocabulary, padding_side="left")
    yield Tokenizer.from_regions(vocabulary, truncation_side="left")


def test_tokenizers_are_equal_and_hash_alike_by_content(vocabulary: list[Any]) -> None:
    first, second = list(variants(vocabulary)), list(variants(vocabulary))
    for i, a in enumerate(first):
        for j, b in enumerate(second):
            assert (a == b) == (a.digest == b.digest) == (i == j)
            # Options and special tokens may differ where the hash is the same; regions may not.
            assert (a.regions == b.regions) == (hash(a) == hash(b))
    assert first[0] != "a tokenizer"


def test_names_that_no_region_uses_make_no_difference(vocabulary: list[Any]) -> None:
    unused = [(f"unused{k}", 1, 2) for k in range(300)]
    regions = RegionSet([*unused, *vocabulary])[300:]
    a, b = Tokenizer.from_regions(regions), Tokenizer.from_regions(vocabulary)
    assert a == b
    assert a.digest == b.digest
    assert pickle.dumps(a) == pickle.dumps(b)


def test_digest_and_hash_do_not_depend_on_the_process(
    vocabulary: list[Any], run_python: Callable[..., str]
) -> None:
    code = (
        "import hashlib, pickle; from bedtok import Tokenizer\n"
        f"t = Tokenizer.from_regions({vocabulary!r}, order='vocabulary')\n"
        "print(t.digest, hash(t), hashlib.md5(pickle.dumps(t)).hexdigest())"
    )
    here = Tokenizer.from_regions(vocabulary, order="vocabulary")
    results = {run_python(code, PYTHONHASHSEED=seed) for seed in ("0", "1", "12345")}
    assert len(results) == 1
    assert results.pop().split()[:2] == [here.digest, str(hash(here))]


def test_pickles_and_copies_are_equal_and_work(vocabulary: list[Any]) -> None:
    for tokenizer in variants(vocabulary):
        for other in (
            *(
                pickle.loads(pickle.dumps(tokenizer, protocol))
                for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)
            ),
            copy.copy(tokenizer),
            copy.deepcopy(tokenizer),
        ):
            assert other is not tokenizer
            assert other == tokenizer
            assert other.options == tokenizer.options
            for name in ("template", "model_max_length", "padding_side", "truncation_side"):
                assert getattr(other, name) == getattr(tokenizer, name)
            assert other.get_vocab() == tokenizer.get_vocab()
            assert other(SAMPLE) == tokenizer(SAMPLE)
            assert pickle.dumps(other) == pickle.dumps(tokenizer)


def test_subclasses_keep_their_attributes_in_pickles_and_copies(vocabulary: list[Any]) -> None:
    tokenizer = Named.from_regions(vocabulary)
    tokenizer.name = ["mine"]
    for other in (pickle.loads(pickle.dumps(tokenizer)), copy.deepcopy(tokenizer)):
        assert type(other) is Named
        assert other.name == ["mine"]
        assert other.name is not tokenizer.name
    assert copy.copy(tokenizer).name is tokenizer.name


class Named(Tokenizer):
    name: list[str]


def test_a_pickle_takes_at_most_twelve_bytes_a_region() -> None:
    n = 50_000
    starts = np.arange(n, dtype=np.uint32) * 300
    tokenizer = Tokenizer.from_regions(RegionSet.from_arrays(["chr1"] * n, starts, starts + 200))
    assert len(pickle.dumps(tokenizer)) < 12 * n


def test_many_threads_get_what_one_gets(tokenizer: Tokenizer) -> None:
    samples = [[("chr1", k, k + 60), ("chr2", k, k + 5)] for k in range(200)]

    def work() -> list[Any]:
        return [(tokenizer(s).input_ids, tokenizer.tokenize(s), tokenizer.digest) for s in samples]

    expected = work()
    results: list[Any] = []
    fresh = copy.deepcopy(tokenizer)
    fresh._digest = None
    threads = [threading.Thread(target=lambda: results.append(work())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 8


# ---- files


def test_a_bed_file_is_a_vocabulary_in_the_files_order(
    tokenizer: Tokenizer, vocabulary_bed: Path
) -> None:
    zipped = vocabulary_bed.with_suffix(".anything")
    zipped.write_bytes(gzip.compress(vocabulary_bed.read_bytes()))
    for path in (vocabulary_bed, str(vocabulary_bed), zipped):
        assert Tokenizer(path) == Tokenizer.from_bed(path) == tokenizer
    assert Tokenizer(vocabulary_bed, unique=True).options.unique


def test_a_config_of_gtars_names_universe_and_special_tokens(
    tokenizer: Tokenizer, vocabulary_bed: Path
) -> None:
    config = vocabulary_bed.with_name("tokenizer.toml")
    config.write_text('universe = "universe.bed"\ntokenizer_type = "ailist"\n')
    assert Tokenizer(config) == Tokenizer.from_config(str(config)) == tokenizer
    config.write_text('universe = "universe.bed"\nspecial_tokens = [{name="unk", token="U"}]\n')
    assert Tokenizer(config, unique=True).unk_token == "U"
    config.write_text(
        f'universe = "{vocabulary_bed}"\n[[special_tokens]]\nname = "sep_token"\ntoken = "S"\n'
    )
    loaded = Tokenizer(config)
    assert (loaded.unk_token, loaded.sep_token) == ("<unk>", "S")
    config.write_text('universe = "other.bed"\n')
    with pytest.raises(FileNotFoundError, match=r"other\.bed"):
        Tokenizer(config)


def test_a_saved_folder_loads_equal(vocabulary: list[Any], tmp_path: Path) -> None:
    for k, tokenizer in enumerate(variants(vocabulary)):
        folder = tmp_path / str(k)
        paths = tokenizer.save_pretrained(folder)
        assert sorted(Path(path).name for path in paths) == [
            "special_tokens_map.json",
            "tokenizer_config.json",
            "universe.bed.gz",
        ]
        assert all(Path(path).is_file() for path in paths)
        assert Tokenizer.from_pretrained(folder) == tokenizer
        assert Tokenizer.from_pretrained(str(folder)) == tokenizer
        special = json.loads((folder / "special_tokens_map.json").read_text())
        assert special == tokenizer.special_tokens_map


def test_saving_twice_writes_the_same_bytes(tokenizer: Tokenizer, tmp_path: Path) -> None:
    a, b = (tokenizer.save_pretrained(tmp_path / name) for name in "ab")
    assert [Path(p).read_bytes() for p in a] == [Path(p).read_bytes() for p in b]


def test_options_given_to_from_pretrained_are_put_over_the_saved_ones(
    vocabulary: list[Any], tmp_path: Path
) -> None:
    saved = Tokenizer.from_regions(
        vocabulary, unique=True, min_overlap=2, template="<cls> $A", model_max_length=9
    )
    saved.save_pretrained(tmp_path / "a")
    loaded = Tokenizer.from_pretrained(tmp_path / "a", min_overlap=3, model_max_length=4)
    assert loaded.options.unique
    assert loaded.options.min_overlap == 3
    assert loaded.template == ("<cls>", "$A")
    assert loaded.model_max_length == 4
    loaded.save_pretrained(tmp_path / "b")
    assert Tokenizer.from_pretrained(tmp_path / "b") == loaded != saved


def test_a_limit_that_is_not_known_loads_in_every_spelling(
    tokenizer: Tokenizer, tmp_path: Path
) -> None:
    tokenizer.save_pretrained(tmp_path)
    file = tmp_path / "tokenizer_config.json"
    config = json.loads(file.read_text())
    assert "model_max_length" not in config
    for limit in (None, int(1e30), 1e30):
        file.write_text(json.dumps(config | {"model_max_length": limit}))
        assert Tokenizer.from_pretrained(tmp_path) == tokenizer
    file.write_text(json.dumps(config | {"model_max_length": 512}))
    assert Tokenizer.from_pretrained(tmp_path).model_max_length == 512


@pytest.mark.parametrize("name", ["universe.bed", "universe.bed.gz"])
def test_a_folder_with_only_a_universe_loads(
    tokenizer: Tokenizer, vocabulary_bed: Path, tmp_path: Path, name: str
) -> None:
    content = vocabulary_bed.read_bytes()
    folder = tmp_path / "model" / "inner"
    folder.mkdir(parents=True)
    (folder / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    assert Tokenizer.from_pretrained(folder) == tokenizer
    assert Tokenizer.from_pretrained(tmp_path / "model", subfolder="inner") == tokenizer


def test_a_vocabulary_that_repeats_regions_warns_once_and_never_again(
    vocabulary: list[Any], write_bed: Callable[..., Path], tmp_path: Path
) -> None:
    path = write_bed([*vocabulary[:2], vocabulary[0], *vocabulary[2:]], "again.bed")
    with pytest.warns(UserWarning, match=r"repeats 1 of its regions .*chr1:100-200") as caught:
        tokenizer = Tokenizer(path)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert tokenizer == Tokenizer.from_regions(vocabulary)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert pickle.loads(pickle.dumps(tokenizer)) == copy.deepcopy(tokenizer)
        tokenizer.save_pretrained(tmp_path / "saved")
        assert Tokenizer.from_pretrained(tmp_path / "saved") == tokenizer

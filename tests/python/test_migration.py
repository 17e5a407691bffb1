# SPDX-License-Identifier: BSD-2-Clause
"""The names of gtars and geniml that users type, and their habits (from-gtars-and-geniml.md)."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import gtars.models
import gtars.utils
import numpy as np
import pytest

import bedtok
from bedtok import ConfigError, Region, RegionSet, Tokenizer
from bedtok.models import RegionSetList
from bedtok.tokenizers import tokenize_anndata
from bedtok.utils import read_tokens_from_gtok_as_strings, write_tokens_to_gtok
from raising import raises

A = RegionSet([("chr2", 5, 9, "x"), ("chr1", 1, 2)])
B = RegionSet([("chr3", 1, 4)])


def test_a_list_of_sets_is_that_of_gtars() -> None:
    ours = RegionSetList([A, B])
    theirs = gtars.models.RegionSetList(
        [
            gtars.models.RegionSet.from_regions(
                [gtars.models.Region(r.chrom, r.start, r.end, None) for r in regions]
            )
            for regions in (A, B)
        ]
    )
    assert repr(ours) == repr(theirs) == "RegionSetList(2 region sets)"
    assert len(ours) == len(theirs) and ours.names is theirs.names is None
    for i in (0, 1, -1):
        assert ours[i] == RegionSet(theirs[i])
    assert [len(regions) for regions in ours] == [len(regions) for regions in theirs]
    assert ours.concat() == RegionSet(theirs.concat()) == A + B
    assert ours.concat()[0].rest == "x"
    with pytest.raises(IndexError):
        theirs[2]
    raises(IndexError, "position 2 is outside of 2 region sets", lambda: ours[2])


def test_pairwise_jaccard_is_that_of_gtars() -> None:
    chance = np.random.default_rng(3)
    rows = [
        [("chr1", int(s), int(s) + 40) for s in chance.integers(0, 500, size)] for size in (5, 9, 1)
    ]
    theirs = gtars.models.RegionSetList(
        [
            gtars.models.RegionSet.from_regions([gtars.models.Region(*r, None) for r in regions])
            for regions in rows
        ]
    ).pairwise_jaccard()
    ours = RegionSetList(rows).pairwise_jaccard()
    assert np.allclose(ours, theirs) and 0 < ours[0][1] < 1


def test_a_list_of_sets_takes_what_a_set_takes(tmp_path: Path) -> None:
    bed = tmp_path / "a.bed"
    A.to_bed(bed)
    sets = RegionSetList({"file": bed, "list": ["chr3:1-4"]})
    assert sets.names == ["file", "list"]
    assert sets[1] == B and sets[1:].names == ["list"]
    assert sets == RegionSetList([RegionSet(bed), B], names=["file", "list"]) != RegionSetList([B])
    assert len(RegionSetList([]).concat()) == 0
    raises(
        ConfigError, "names: 1 for 2 sets, expected one each", lambda: RegionSetList([A, B], ["x"])
    )


def test_gtok_files_are_read_as_texts(tmp_path: Path) -> None:
    path = str(tmp_path / "a.gtok")
    write_tokens_to_gtok(path, [3, 1, 70000])
    theirs = gtars.utils.read_tokens_from_gtok_as_strings(path)
    assert read_tokens_from_gtok_as_strings(path) == theirs == ["3", "1", "70000"]


def test_tokenize_anndata_gives_an_encoding_a_cell() -> None:
    """As a loop over the cells, which geniml's function is, gives."""
    ad = pytest.importorskip("anndata")
    pd = pytest.importorskip("pandas")
    tokenizer = Tokenizer.from_regions(["chr1:100-200", "chr1:300-400"])
    var = pd.DataFrame({"chr": ["chr1", "chr1"], "start": [150, 350], "end": [160, 360]})
    var.index = ["p0", "p1"]
    adata = ad.AnnData(np.array([[1, 1], [0, 2], [0, 0]]), var=var)
    regions = np.empty(2, dtype=object)
    for i, row in enumerate(var.itertuples()):
        regions[i] = Region(row.chr, row.start, row.end)
    expected = [dict(tokenizer(regions[np.flatnonzero(row)])) for row in adata.X]
    assert [dict(encoding) for encoding in tokenize_anndata(adata, tokenizer)] == expected
    assert expected[0]["input_ids"] == [0, 1]


class Named(Tokenizer):
    """A subclass with an ``__init__`` of its own, which takes other arguments."""

    name = "none"

    def __init__(self, name: str, universe: Path, scale: float = 1.0) -> None:
        super().__init__(universe, unique=True)
        self.name = name
        self.scale = scale


class InGtarsWay(Tokenizer):
    """A subclass in the way of geniml's TrainingTokenizer, for classes that are made by __new__."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        return super().__new__(cls, *args, **kwargs)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)


class WantsArguments(Tokenizer):
    """A subclass whose ``__new__`` cannot be called without arguments."""

    def __new__(cls, path: Path) -> Any:
        return super().__new__(cls, path)


@pytest.fixture
def universe(tmp_path: Path) -> Path:
    path = tmp_path / "universe.bed"
    path.write_text("chr1\t100\t200\nchr1\t300\t400\n")
    return path


def test_a_subclass_may_have_its_own_init(universe: Path, tmp_path: Path) -> None:
    tokenizer = Named("mine", universe, scale=2.0)
    assert tokenizer(["chr1:150-160", "chr1:151-161"])["input_ids"] == [0]
    for other in (
        pickle.loads(pickle.dumps(tokenizer)),
        copy.copy(tokenizer),
        copy.deepcopy(tokenizer),
        tokenizer.with_options(padding_side="left"),
    ):
        assert type(other) is Named
        assert (other.name, other.scale) == ("mine", 2.0)
        assert other("chr1:350-360")["input_ids"] == [1]
    tokenizer.save_pretrained(tmp_path / "model")
    for made in (
        Named.from_pretrained(tmp_path / "model"),
        Named.from_bed(universe, unique=True),
        Named.from_regions(["chr1:100-200", "chr1:300-400"], unique=True),
    ):
        assert type(made) is Named and made == tokenizer
        assert (
            made.name == "none"
        )  # the class has it; __init__, which has other arguments, is not called
        assert type(pickle.loads(pickle.dumps(made))) is Named


@pytest.mark.parametrize("kind", [InGtarsWay, WantsArguments])
def test_a_subclass_may_have_its_own_new(
    kind: type[Tokenizer], universe: Path, tmp_path: Path
) -> None:
    tokenizer = kind(universe)
    tokenizer.save_pretrained(tmp_path / "model")
    for other in (
        pickle.loads(pickle.dumps(tokenizer)),
        copy.copy(tokenizer),
        kind.from_pretrained(tmp_path / "model"),
        tokenizer.with_options(),
    ):
        assert type(other) is kind and other == tokenizer == Tokenizer(universe)


@pytest.mark.torch
@pytest.mark.transformers
def test_names_of_geniml_are_there(universe: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    from bedtok import atacformer

    tokenizer = atacformer.TrainingTokenizer(universe)
    assert tokenizer(["chr1:150-160"])["input_ids"] == [0]
    assert atacformer.tokenize_anndata is tokenize_anndata
    assert bedtok.models.RegionSetList is RegionSetList

# SPDX-License-Identifier: BSD-2-Clause
"""Added special tokens: ids never move, roles do (docs/guarantees.md, sections 1, 4 and 5)."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest

from bedtok import ConfigError, RegionSet, Tokenizer
from raising import raises

ROLES = ["unk", "pad", "mask", "cls", "eos", "bos", "sep"]


@pytest.fixture
def tokenizer(vocabulary: list[Any]) -> Tokenizer:
    """6 regions (ids 0..5), then unk=6 pad=7 mask=8 cls=9 eos=10 bos=11 sep=12; to be changed."""
    return Tokenizer.from_regions(vocabulary)


def test_added_tokens_follow_all_others(tokenizer: Tokenizer) -> None:
    before = tokenizer.get_vocab()
    assert tokenizer.add_special_tokens({"additional_special_tokens": ["<donor>", "<batch>"]}) == 2
    assert tokenizer.add_special_tokens({"additional_special_tokens": ["<tissue>"]}) == 1
    assert tokenizer.get_vocab() == before | {"<donor>": 13, "<batch>": 14, "<tissue>": 15}
    assert tokenizer.vocab_size == len(tokenizer) == 16
    assert tokenizer.num_regions == 6
    assert tokenizer.additional_special_tokens == ["<donor>", "<batch>", "<tissue>"]
    assert tokenizer.all_special_tokens[7:] == ["<donor>", "<batch>", "<tissue>"]
    assert tokenizer.all_special_ids == list(range(6, 16))
    assert tokenizer.special_tokens_map == {f"{role}_token": f"<{role}>" for role in ROLES} | {
        "additional_special_tokens": ["<donor>", "<batch>", "<tissue>"]
    }


def test_an_added_token_is_special_everywhere(tokenizer: Tokenizer) -> None:
    tokenizer.add_special_tokens({"additional_special_tokens": ["<donor>", "chr1:1-2"]})
    sample = ["<donor>", "chr1:100-101", "chr1:1-2"]
    encoded = tokenizer(sample, return_special_tokens_mask=True, return_region_index=True)
    assert encoded["input_ids"] == tokenizer.encode(["<donor>", "chr1:100-200", "chr1:1-2"])
    assert encoded["input_ids"] == [13, 0, 14]
    assert encoded["special_tokens_mask"] == [1, 0, 1]
    assert encoded["region_index"] == [None, 1, None]
    assert tokenizer("chr1:1-2")["input_ids"] == [14]
    assert tokenizer.decode([13, 0, 14]) == ["<donor>", "chr1:100-200", "chr1:1-2"]
    assert tokenizer.decode([13, 0, 14], skip_special_tokens=True) == ["chr1:100-200"]
    assert tokenizer.decode_regions([13, 0, 14]) == RegionSet(["chr1:100-200"])
    mask = tokenizer.get_special_tokens_mask
    assert mask([13, 0], already_has_special_tokens=True) == [1, 0]
    assert mask(["<donor>", "chr1:100-200"]) == [True, False]
    assert tokenizer.with_options(template="<donor> $A")([])["input_ids"] == [13, 6]


def test_a_role_passes_to_a_new_token_and_the_old_one_stays(tokenizer: Tokenizer) -> None:
    assert tokenizer.add_special_tokens({"cls_token": "[CLS]"}) == 1
    assert (tokenizer.cls_token, tokenizer.cls_token_id) == ("[CLS]", 13)
    assert tokenizer.convert_tokens_to_ids("<cls>") == 9
    assert tokenizer.additional_special_tokens == ["<cls>"]
    assert tokenizer(["<cls>", "[CLS]"])["input_ids"] == [9, 13]
    # And back.
    assert tokenizer.add_special_tokens({"cls": "<cls>"}) == 0
    assert (tokenizer.cls_token, tokenizer.cls_token_id) == ("<cls>", 9)
    assert tokenizer.additional_special_tokens == ["[CLS]"]


def test_roles_may_share_a_token_as_many_models_do(tokenizer: Tokenizer) -> None:
    assert tokenizer.add_special_tokens({"pad_token": "<eos>", "unk_token": "<eos>"}) == 0
    assert tokenizer.pad_token_id == tokenizer.unk_token_id == tokenizer.eos_token_id == 10
    batch = [["chr1:100-101", "<sep>"], []]
    assert tokenizer(batch, padding=True)["input_ids"] == [[0, 12], [10, 10]]
    assert tokenizer.pad({"input_ids": [[1], [1, 2]]})["input_ids"] == [[1, 10], [1, 2]]
    assert tokenizer.convert_tokens_to_ids("nothing") == 10
    assert tokenizer.additional_special_tokens == ["<unk>", "<pad>"]
    assert len(tokenizer.all_special_tokens) == 7


def test_a_template_keeps_its_token_when_the_role_passes(vocabulary: list[Any]) -> None:
    tokenizer = Tokenizer.from_regions(vocabulary, template="<cls> $A", padding_side="left")
    tokenizer.add_special_tokens({"cls_token": "[CLS]"})
    assert tokenizer.template == ("<cls>", "$A")
    assert tokenizer([["chr1:100-101"]], padding=True)["input_ids"] == [[9, 0]]
    assert tokenizer.padding_side == "left"


@pytest.mark.parametrize(
    ("given", "added", "size"),
    [
        ({}, [], 0),
        ({"additional_special_tokens": []}, [], 0),
        ({"additional_special_tokens": None}, [], 0),
        ({"additional_special_tokens": ["<cls>", "<unk>"]}, [], 0),
        ({"additional_special_tokens": ["<a>", "<a>"]}, ["<a>"], 1),
        ({"additional_special_tokens": ("<a>",)}, ["<a>"], 1),
        ({"extra_special_tokens": ["<a>"]}, ["<a>"], 1),
        (
            {"additional_special_tokens": ["<a>"], "extra_special_tokens": ["<b>"]},
            ["<a>", "<b>"],
            2,
        ),
        ({"mask_token": "<m>", "additional_special_tokens": ["<a>"]}, ["<mask>", "<a>"], 2),
        ({"mask_token": "<m>", "additional_special_tokens": ["<m>"]}, ["<mask>"], 1),
        ({"mask": SimpleNamespace(content="<m>", lstrip=True)}, ["<mask>"], 1),
        ({"additional_special_tokens": [SimpleNamespace(content="<a>")]}, ["<a>"], 1),
        (MappingProxyType({"sep": "a b"}), ["<sep>"], 1),
    ],
    ids=str,
)
def test_what_is_added_is_counted(
    tokenizer: Tokenizer, given: Mapping[str, Any], added: list[str], size: int
) -> None:
    assert tokenizer.add_special_tokens(given) == size
    assert tokenizer.additional_special_tokens == added
    assert len(tokenizer) == 13 + size
    # A second time nothing is new.
    assert tokenizer.add_special_tokens(given) == 0
    assert tokenizer.additional_special_tokens == added


def test_tokens_of_tokenizers_are_taken(tokenizer: Tokenizer) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    token = tokenizers.AddedToken("<a>", special=True)
    assert tokenizer.add_special_tokens({"additional_special_tokens": [token]}) == 1
    assert tokenizer.convert_ids_to_tokens(13) == "<a>"


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ({"foo": "x"}, ConfigError, "special_tokens: unknown role 'foo', expected one of: unk, pa"),
        ({1: "x"}, ConfigError, "special_tokens: unknown role 1, expected one of"),
        ({"cls": "x", "cls_token": "y"}, ConfigError, "special_tokens: role 'cls' is given twice"),
        ({"cls": ""}, ConfigError, "a special token has an empty spelling, expected a text like"),
        ({"additional_special_tokens": ["<a>", ""]}, ConfigError, "has an empty spelling"),
        ({"cls": "chr1:100-200"}, ConfigError, "'chr1:100-200' is spelled like a region of the v"),
        (
            {"additional_special_tokens": ["<a>", "chr2:10-90"]},
            ConfigError,
            "special token 'chr2:10-90' is spelled like a region of the vocabulary, choose another",
        ),
        ({"cls": "\ud800"}, ConfigError, "special_tokens['cls']: '\\ud800' is not Unicode"),
        ({"cls_token": 3}, TypeError, "special_tokens['cls_token']: expected str, not int"),
        ({"cls_token": None}, TypeError, "special_tokens['cls_token']: expected str, not NoneType"),
        ({"additional_special_tokens": [3]}, TypeError, "tokens']: expected str, not int"),
        ({"additional_special_tokens": "<a>"}, TypeError, "tokens']: expected a list, not str"),
        ({"extra_special_tokens": {"x": "y"}}, TypeError, "tokens']: expected a list, not dict"),
        (["<a>"], TypeError, "special_tokens: expected a dict such as {'unk': '[UNK]'}, not list"),
    ],
    ids=str,
)
def test_what_cannot_be_added_is_refused_and_nothing_changes(
    tokenizer: Tokenizer, given: Any, kind: type[BaseException], message: str
) -> None:
    before = copy.copy(tokenizer)
    raises(kind, message, lambda: tokenizer.add_special_tokens(given))
    assert tokenizer == before
    assert tokenizer.get_vocab() == before.get_vocab()


# ---- as a value and as files


@pytest.fixture
def changed(tokenizer: Tokenizer) -> Tokenizer:
    """With added tokens, a role passed to a new one and one passed to an old one."""
    tokenizer.add_special_tokens({"additional_special_tokens": ["<donor>", "$B c"]})
    tokenizer.add_special_tokens({"cls_token": "[CLS]", "pad_token": "<eos>"})
    return tokenizer


def test_content_follows_what_is_added(vocabulary: list[Any], changed: Tokenizer) -> None:
    plain = Tokenizer.from_regions(vocabulary)
    same_tokens = Tokenizer.from_regions(vocabulary)
    same_tokens.add_special_tokens({"additional_special_tokens": ["<donor>", "$B c", "[CLS]"]})
    other_order = Tokenizer.from_regions(vocabulary)
    other_order.add_special_tokens({"additional_special_tokens": ["$B c", "<donor>"]})
    other_order.add_special_tokens({"cls_token": "[CLS]", "pad_token": "<eos>"})
    every = [plain, same_tokens, other_order, changed]
    for a in every:
        for b in every:
            assert (a == b) == (a.digest == b.digest) == (a is b)
    again = Tokenizer.from_regions(vocabulary)
    again.add_special_tokens({"additional_special_tokens": ["<donor>", "$B c"]})
    again.add_special_tokens({"pad_token": "<eos>", "cls_token": "[CLS]"})
    assert again == changed and again.digest == changed.digest


def test_the_digest_is_made_anew_and_the_hash_stays(tokenizer: Tokenizer) -> None:
    tokenizers, digests = {tokenizer}, {tokenizer.digest}
    for k in range(3):
        tokenizer.add_special_tokens({"additional_special_tokens": [f"<{k}>"]})
        digests.add(tokenizer.digest)
        assert tokenizer in tokenizers
    assert len(digests) == 4


def test_copies_change_alone(tokenizer: Tokenizer) -> None:
    for make in (copy.copy, copy.deepcopy, lambda t: t.with_options()):
        other = make(tokenizer)
        assert other.add_special_tokens({"additional_special_tokens": ["<donor>"]}) == 1
        assert other.convert_tokens_to_ids("<donor>") == 13
        assert tokenizer.convert_tokens_to_ids("<donor>") == 6
        assert tokenizer.all_special_tokens == [f"<{role}>" for role in ROLES]


def test_pickles_and_folders_keep_what_is_added(changed: Tokenizer, tmp_path: Path) -> None:
    changed = changed.with_options(template=["<donor>", "$A", "$B c"])
    changed.save_pretrained(tmp_path)
    for other in (
        pickle.loads(pickle.dumps(changed)),
        copy.deepcopy(changed),
        Tokenizer.from_pretrained(tmp_path),
    ):
        assert other == changed
        assert other.get_vocab() == changed.get_vocab()
        assert other.special_tokens_map == changed.special_tokens_map
        assert [getattr(other, f"{role}_token_id") for role in ROLES] == [6, 10, 8, 15, 10, 11, 12]
        assert other(["[CLS]", "chr1:100-101"])["input_ids"] == [13, 15, 0, 14]
        assert other.add_special_tokens({"additional_special_tokens": ["<new>"]}) == 1
        assert other.convert_tokens_to_ids("<new>") == 16
    # What reads the roles alone, as gtars does, finds each of them.
    roles = json.loads((tmp_path / "special_tokens_map.json").read_text())
    assert roles == {f"{role}_token": getattr(changed, f"{role}_token") for role in ROLES}


# ---- nothing else changes a tokenizer


@pytest.mark.parametrize(
    "name",
    [
        *(f"{role}_token" for role in ROLES),
        "padding_side",
        "truncation_side",
        "model_max_length",
        "template",
        "options",
        "vocab_size",
        "special_tokens_map",
        "additional_special_tokens",
        "all_special_tokens",
    ],
)
def test_attributes_cannot_be_set(tokenizer: Tokenizer, name: str) -> None:
    before = getattr(tokenizer, name)
    with pytest.raises(AttributeError, match=name):
        setattr(tokenizer, name, before)
    assert getattr(tokenizer, name) == before


def test_a_role_that_is_set_names_the_way_to_pass_it(tokenizer: Tokenizer) -> None:
    message = (
        "Tokenizer.pad_token cannot be set; to pass the role to another token call "
        "add_special_tokens({'pad_token': ...})"
    )
    for name in ("pad_token", "pad_token_id"):
        raises(AttributeError, message, lambda n=name: setattr(tokenizer, n, 10))


def test_new_tokens_get_their_ids_in_the_order_given() -> None:
    tokenizer = Tokenizer.from_regions(["chr1:1-2"])
    tokenizer.add_special_tokens({"sep": "[S]", "bos": "[B]", "additional_special_tokens": ["<a>"]})
    assert tokenizer.convert_tokens_to_ids(["[S]", "[B]", "<a>"]) == [8, 9, 10]

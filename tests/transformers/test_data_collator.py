# SPDX-License-Identifier: BSD-2-Clause
"""Collators: those of transformers with this tokenizer, and those of this package."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader
from transformers import DataCollatorForLanguageModeling, DataCollatorWithPadding, set_seed

from bedtok import ConfigError, Tokenizer
from bedtok.atacformer import AtacformerTokenizer, DataCollatorForRegionModeling
from bedtok.atacformer._random import RegionDistribution
from bedtok.atacformer.data_collator import (
    DataCollatorForReplacedTokenDetection,
    DataCollatorForTripletLoss,
    DataCollatorForUnsupervisedBatchCorrection,
)
from support import NUM_REGIONS, SAMPLES, region_text

UNK, PAD, MASK, CLS, EOS = range(NUM_REGIONS, NUM_REGIONS + 5)
VOCAB_SIZE = NUM_REGIONS + 7
TOKENIZER = Tokenizer.from_regions([region_text(i) for i in range(NUM_REGIONS)])
BOTH = pytest.mark.parametrize(
    "kind", [TOKENIZER, AtacformerTokenizer(tokenizer_object=TOKENIZER)], ids=["backend", "adapter"]
)


def features(*rows: Any) -> list[dict[str, Any]]:
    return [{"input_ids": row} for row in rows]


def many(count: int = 200, length: int = 50) -> list[dict[str, Any]]:
    return features(*[[i % NUM_REGIONS for i in range(length)]] * count)


def replaced(
    tokenizer: Any, seed: int = 0, **keywords: Any
) -> DataCollatorForReplacedTokenDetection:
    return DataCollatorForReplacedTokenDetection(tokenizer, seed=seed, **keywords)


def far_from(counts: Any, expected: Any) -> float:
    """Pearson's chi square for each degree of freedom: about 1 for draws that are as expected."""
    counts, expected = np.asarray(counts, float), np.asarray(expected, float)
    return float(((counts - expected) ** 2 / expected).sum() / (len(counts) - 1))


# ---- collators of transformers, and the one that replaces only by regions


def test_collator_with_padding_pads_single_encodings(tokenizer: AtacformerTokenizer) -> None:
    features = [{**tokenizer(sample), "labels": i} for i, sample in enumerate(SAMPLES)]
    batch = DataCollatorWithPadding(tokenizer, pad_to_multiple_of=4)(features)
    expected = tokenizer(SAMPLES, padding=True, pad_to_multiple_of=4, return_tensors="pt")
    assert torch.equal(batch["input_ids"], expected["input_ids"])
    assert torch.equal(batch["attention_mask"], expected["attention_mask"])
    assert batch["labels"].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("kind", ["pt", "np"])
@pytest.mark.parametrize(
    "collator_class", [DataCollatorForLanguageModeling, DataCollatorForRegionModeling]
)
def test_masked_language_modeling_masks_only_regions(
    tokenizer: AtacformerTokenizer, collator_class: type, kind: str
) -> None:
    set_seed(3)
    collator = collator_class(tokenizer, mlm=True, mlm_probability=0.5, return_tensors=kind)
    batch = collator([tokenizer(sample) for sample in SAMPLES])
    original = np.asarray(tokenizer(SAMPLES, padding=True)["input_ids"])
    inputs, labels = np.asarray(batch["input_ids"]), np.asarray(batch["labels"])
    chosen = labels != -100
    assert 0 < chosen.sum() < (original < NUM_REGIONS).sum()
    assert (original[chosen] < NUM_REGIONS).all()  # neither padding, nor unk, nor <mask>
    assert (labels[chosen] == original[chosen]).all()
    assert (inputs[~chosen] == original[~chosen]).all()
    assert (inputs[chosen] == tokenizer.mask_token_id).any()


@pytest.mark.parametrize("kind", ["pt", "np"])
def test_random_replacements_are_regions_where_the_subclass_draws(
    tokenizer: AtacformerTokenizer, kind: str
) -> None:
    keywords: dict[str, Any] = {"mlm": True, "mlm_probability": 1.0, "return_tensors": kind}
    keywords |= {"mask_replace_prob": 0.0, "random_replace_prob": 1.0}
    features = [tokenizer(["chr1:0-6000"]) for _ in range(50)]

    def drawn(collator_class: type) -> set[int]:
        set_seed(1)
        return set(np.asarray(collator_class(tokenizer, **keywords)(features)["input_ids"]).flat)

    # The base class draws special tokens, too: that is what the subclass is for.
    assert max(drawn(DataCollatorForLanguageModeling)) > NUM_REGIONS
    without_mask = drawn(DataCollatorForRegionModeling) - {tokenizer.mask_token_id}
    assert without_mask <= set(range(NUM_REGIONS)) and len(without_mask) > NUM_REGIONS // 2


def test_a_collator_of_ones_own_tokenizes_in_the_loader(
    tokenizer: AtacformerTokenizer, cells: Any
) -> None:
    def collate(samples: list[Any]) -> Any:
        return tokenizer(samples, padding=True, return_tensors="pt")

    batches = list(DataLoader(cells, batch_size=10, collate_fn=collate))
    assert [len(batch["input_ids"]) for batch in batches] == [10, 10, 4]
    ids = [
        row[mask.bool()].tolist()
        for batch in batches
        for row, mask in zip(batch["input_ids"], batch["attention_mask"], strict=True)
    ]
    assert ids == [tokenizer(cell)["input_ids"] for cell in cells]


def test_labels_have_the_types_that_losses_want(tokenizer: AtacformerTokenizer) -> None:
    features = [{**tokenizer(sample), "labels": 0.5} for sample in SAMPLES]
    assert DataCollatorWithPadding(tokenizer)(features)["labels"].dtype == torch.float32
    features = [{**tokenizer(sample), "labels": 1} for sample in SAMPLES]
    assert DataCollatorWithPadding(tokenizer)(features)["labels"].dtype == torch.int64


# ---- replaced tokens


@BOTH
def test_a_batch_has_ids_masks_and_labels(kind: Any) -> None:
    batch = replaced(kind, mlm_probability=0.5)([kind(sample) for sample in SAMPLES])
    assert list(batch) == ["input_ids", "attention_mask", "labels"]
    assert {values.dtype for values in batch.values()} == {torch.int64}
    original = torch.tensor(kind(SAMPLES, padding=True)["input_ids"])
    special = original >= NUM_REGIONS
    assert torch.equal(batch["attention_mask"], (original != PAD).long())
    assert torch.equal(batch["input_ids"][special], original[special])
    assert (batch["labels"][special] == -100).all()
    assert torch.equal(batch["labels"][~special], (batch["input_ids"] != original)[~special].long())
    assert 0 < (batch["labels"] == 1).sum() < (~special).sum()


@pytest.mark.filterwarnings("ignore:no row of a batch has a region")
@settings(deadline=None, max_examples=60)
@given(
    rows=st.lists(st.lists(st.integers(0, VOCAB_SIZE - 1), max_size=30), min_size=1, max_size=5),
    probability=st.floats(0, 1),
    longest=st.none() | st.integers(30, 40),
    multiple=st.none() | st.integers(1, 7),
    left=st.booleans(),
    zero=st.sets(st.integers(0, NUM_REGIONS - 1), max_size=NUM_REGIONS - 1),
    seed=st.integers(0, 2**64 - 1),
)
def test_labels_are_1_where_inputs_differ_from_the_original(
    rows: list[list[int]],
    probability: float,
    longest: int | None,
    multiple: int | None,
    left: bool,
    zero: set[int],
    seed: int,
) -> None:
    tokenizer = TOKENIZER.with_options(padding_side="left" if left else "right")
    batch = DataCollatorForReplacedTokenDetection(
        tokenizer,
        probability,
        seed,
        token_probabilities=[0.0 if i in zero else 0.1 + i for i in range(NUM_REGIONS)],
        max_length=longest,
        pad_to_multiple_of=multiple,
    )(features(*rows))
    tokens = [[token for token in row if token != PAD] for row in rows]
    length = max(map(len, tokens))
    length += -length % (multiple or 1)
    assert {tuple(values.shape) for values in batch.values()} == {(len(rows), length)}
    for i, row in enumerate(tokens):
        mask = batch["attention_mask"][i]
        assert mask.tolist() == sorted([1] * len(row) + [0] * (length - len(row)), reverse=not left)
        assert (batch["input_ids"][i][mask == 0] == PAD).all()
        assert (batch["labels"][i][mask == 0] == -100).all()
        now, labels = batch["input_ids"][i][mask == 1], batch["labels"][i][mask == 1]
        for before, after, label in zip(row, now.tolist(), labels.tolist(), strict=True):
            if before >= NUM_REGIONS:
                assert (after, label) == (before, -100)
            else:
                assert label == int(after != before)
                assert after == before or (after < NUM_REGIONS and after not in zero)


@pytest.mark.parametrize("probability", [0.0, 0.15, 0.45, 1.0])
def test_the_given_part_of_tokens_is_drawn_anew(probability: float) -> None:
    batch = replaced(TOKENIZER, mlm_probability=probability)(many())
    n, p = 200 * 50, probability * (1 - 1 / NUM_REGIONS)  # one in 60 is drawn for itself
    assert abs(int(batch["labels"].sum()) - n * p) <= 4 * (n * p * (1 - p)) ** 0.5


def test_the_default_is_that_of_geniml() -> None:
    assert DataCollatorForReplacedTokenDetection(TOKENIZER).mlm_probability == 0.15


def test_all_regions_are_drawn_alike() -> None:
    drawn = replaced(TOKENIZER, mlm_probability=1.0)(many())["input_ids"]
    counts = np.bincount(drawn.flatten(), minlength=VOCAB_SIZE)
    assert counts[NUM_REGIONS:].sum() == 0
    assert 0.5 < far_from(counts[:NUM_REGIONS], [10000 / NUM_REGIONS] * NUM_REGIONS) < 1.6


@pytest.mark.parametrize("form", [list, np.array, torch.tensor, "int", "vocabulary", "bfloat16"])
def test_tokens_are_drawn_as_often_as_was_asked(form: Any) -> None:
    weights: Any = [0, 0, *range(1, 17)] + [8] * (NUM_REGIONS - 19) + [0]
    expected = np.array(weights) / sum(weights) * 10000
    if form == "vocabulary":  # those of special tokens are not read
        weights = weights + [1e9] * 5 + [float("nan"), -1]
    elif form == "int":
        weights = torch.tensor(weights, dtype=torch.int32)
    elif form == "bfloat16":
        weights = torch.tensor(weights, dtype=torch.bfloat16)
    else:
        weights = form([0.1 * weight for weight in weights])
    collator = replaced(TOKENIZER, mlm_probability=1.0, token_probabilities=weights)
    counts = np.bincount(collator(many())["input_ids"].flatten(), minlength=VOCAB_SIZE)
    assert counts[expected_zero := np.flatnonzero(expected == 0)].sum() == 0
    assert len(expected_zero) == 3 and counts[NUM_REGIONS:].sum() == 0
    some = np.flatnonzero(expected)
    assert 0.5 < far_from(counts[some], expected[some]) < 1.6


def test_one_possible_token_is_always_drawn() -> None:
    for token in (0, 7, NUM_REGIONS - 1):
        weights = [0.0] * NUM_REGIONS
        weights[token] = 1e-300
        batch = replaced(TOKENIZER, mlm_probability=1.0, token_probabilities=weights)(many(2))
        assert (batch["input_ids"] == token).all()
        assert torch.equal(
            batch["labels"], torch.tensor([[i % 60 != token for i in range(50)]] * 2).long()
        )


@pytest.mark.parametrize("number", [0.0, 0.5, 1.0 - 2**-53, 1.0])
def test_numbers_on_the_edge_of_a_weight_draw_no_token_of_weight_zero(
    monkeypatch: pytest.MonkeyPatch, number: float
) -> None:
    distribution = RegionDistribution(6, 13, [0, 0.1, 0, 0.1, 0, 0], "weights")
    monkeypatch.setattr(torch, "rand", lambda n, **_: torch.full((n,), number, dtype=torch.float64))
    assert distribution.draw(1, None).tolist() == [1 if number < 0.5 else 3]


def test_counts_of_any_size_are_taken() -> None:
    collator = replaced(TOKENIZER, mlm_probability=1.0, token_probabilities=[1e308] * NUM_REGIONS)
    assert len(set(collator(many())["input_ids"].flatten().tolist())) == NUM_REGIONS


@pytest.mark.parametrize(
    ("weights", "error", "message"),
    [
        ([1.0] * 3, ValueError, r"token_probabilities has shape \(3,\), expected \(60,\), a weight "
         r"for each region, or \(67,\), one for each token"),
        (np.ones((60, 1)), ValueError, r"has shape \(60, 1\)"),
        ([1.0] * 5 + [-0.5] + [1.0] * 54, ValueError, "the weight of token 5 is -0.5, expected a "
         "finite number, 0 or more"),
        ([1.0] * 59 + [float("nan")], ValueError, "the weight of token 59 is nan"),
        ([float("inf")] * 60, ValueError, "the weight of token 0 is inf"),
        ([0] * 60 + [1] * 7, ValueError, "the weights of all 60 regions are 0"),
        (["a"] * 60, TypeError, "token_probabilities: expected a row of numbers, not list"),
        (torch.ones(60, dtype=torch.complex64), TypeError, "not torch.complex64"),
    ],
)  # fmt: skip
def test_weights_that_are_none_are_refused(weights: Any, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        replaced(TOKENIZER, token_probabilities=weights)


@pytest.mark.parametrize(
    ("keywords", "error", "message"),
    [
        ({"mlm_probability": 1.5}, ValueError, "mlm_probability is 1.5, expected 0 to 1"),
        ({"mlm_probability": float("nan")}, ValueError, "mlm_probability is nan"),
        ({"seed": -1}, ValueError, r"seed is -1, expected 0 to 2\*\*64 - 1"),
        ({"seed": 1.5}, TypeError, "seed: expected a whole number, not float"),
        ({"max_length": 0}, ValueError, "max_length is 0, expected 1 or more"),
        ({"pad_to_multiple_of": 0}, ValueError, "pad_to_multiple_of is 0, expected 1 or more"),
    ],
)
def test_arguments_are_checked(keywords: Any, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        DataCollatorForReplacedTokenDetection(TOKENIZER, **keywords)


@pytest.mark.parametrize(
    ("sample", "error", "message"),
    [
        ({"ids": [1]}, ValueError, "sample 1: input_ids is missing, got: ids"),
        ({}, ValueError, "sample 1: input_ids is missing, got: nothing"),
        ([1, 2], TypeError, "sample 1: expected a mapping with input_ids, not list"),
        ({"input_ids": [0.5]}, TypeError, "input_ids: expected integers, got 0.5"),
        ({"input_ids": [[1]]}, TypeError, "input_ids: expected one dimension, got shape"),
        ({"input_ids": 1}, TypeError, "input_ids: expected a row of integers, not one integer"),
    ],
)  # fmt: skip
def test_samples_are_checked(sample: Any, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        replaced(TOKENIZER)([{"input_ids": [1]}, sample])


def test_ids_come_as_lists_arrays_and_tensors() -> None:
    row = [1, 2, 3]
    forms = [row, tuple(row), np.array(row, np.uint32), torch.tensor(row, dtype=torch.int32)]
    batch = replaced(TOKENIZER, mlm_probability=0.0)(features(*forms))
    assert batch["input_ids"].tolist() == [row] * 4


def test_samples_are_left_as_they_are() -> None:
    array, tensor = np.arange(30), torch.arange(30)
    replaced(TOKENIZER, mlm_probability=1.0, max_length=10)(features(array, tensor))
    replaced(TOKENIZER, mlm_probability=1.0)(features(array, tensor))
    assert (array == np.arange(30)).all() and (tensor == torch.arange(30)).all()


# ---- too long samples


def test_of_a_long_sample_some_tokens_are_drawn_in_their_order() -> None:
    collator = replaced(TOKENIZER, mlm_probability=0.0, max_length=20)
    batch = collator(features(*[list(range(NUM_REGIONS))] * 600, [5, 4]))
    assert batch["input_ids"].shape == (601, 20)
    assert batch["input_ids"][600].tolist() == [5, 4] + [PAD] * 18
    rows = batch["input_ids"][:600]
    assert (rows.diff(dim=1) > 0).all()
    assert len({tuple(row) for row in rows.tolist()}) == 600
    counts = np.bincount(rows.flatten(), minlength=NUM_REGIONS)
    # Without replacement counts vary less than chi square expects, by 1 - 20/60.
    assert 0.3 < far_from(counts, [200] * NUM_REGIONS) < 1.1


def test_special_tokens_around_a_long_sample_stay() -> None:
    row = [CLS, UNK, *range(30), EOS, PAD, PAD]
    misses = 0
    for seed in range(40):
        collator = replaced(TOKENIZER, seed=seed, mlm_probability=0.0, max_length=6)
        ids = collator(features(row))["input_ids"][0].tolist()
        assert len(ids) == 6 and ids[0] == CLS and ids[-1] == EOS and PAD not in ids
        misses += UNK in ids
    assert 0 < misses < 20  # a miss is a token of the sample like others


def test_the_sample_is_that_of_a_call_with_random_truncation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bedtok.atacformer._base_collator.random_seed", lambda generator: 9)
    tokenizer = TOKENIZER.with_options(template="<cls> $A <eos>")
    samples = [["chr1:0-6000"], ["chr1:0-6000", "chrX:0-9"]]
    expected = tokenizer(samples, truncation="random", max_length=20, seed=9)["input_ids"]
    collator = replaced(tokenizer, mlm_probability=0.0, max_length=20)
    batch = collator(features(*tokenizer(samples)["input_ids"]))
    assert batch["input_ids"].tolist() == expected


def test_special_tokens_that_do_not_fit_are_an_error() -> None:
    with pytest.raises(
        ValueError, match="max_length is 1, expected at least 2, the special tokens"
    ):
        replaced(TOKENIZER, max_length=1)(features([CLS, 3, EOS]))
    for other in (DataCollatorForTripletLoss, DataCollatorForUnsupervisedBatchCorrection):
        with pytest.raises(ValueError, match="max_position_embeddings is 0, expected 1 or more"):
            other(TOKENIZER, max_position_embeddings=0)


# ---- seeds


def drawn(collator: Any, times: int = 2) -> list[list[list[int]]]:
    return [collator(many(3))["input_ids"].tolist() for _ in range(times)]


@pytest.mark.parametrize("weights", [None, [1.0] * NUM_REGIONS])
def test_a_seed_gives_the_same_batches(weights: Any) -> None:
    first = drawn(replaced(TOKENIZER, seed=5, max_length=40, token_probabilities=weights))
    torch.manual_seed(1)
    assert drawn(replaced(TOKENIZER, seed=5, max_length=40, token_probabilities=weights)) == first
    assert drawn(replaced(TOKENIZER, seed=6, max_length=40, token_probabilities=weights)) != first
    assert first[0] != first[1]


@pytest.mark.parametrize(
    "workers",
    [
        {"num_workers": 1},
        {"num_workers": 2},
        {"num_workers": 2, "persistent_workers": True},
    ],
)
def test_after_set_epoch_batches_depend_on_nothing_else(workers: Any) -> None:
    samples = features(*(list(range(i, i + 20)) for i in range(8)))

    def batches(collator: Any, epochs: Iterable[int], **keywords: Any) -> dict[int, list[Any]]:
        loader = DataLoader(samples, batch_size=2, collate_fn=collator, **keywords)  # type: ignore[arg-type]
        found = {}
        for epoch in epochs:
            collator.set_epoch(epoch)
            found[epoch] = [batch["input_ids"].tolist() for batch in loader]
        return found

    expected = batches(replaced(TOKENIZER, seed=5), (0, 1))
    assert different(expected[0] + expected[1])
    assert batches(replaced(TOKENIZER, seed=5), (1, 0), **workers) == expected


def test_a_seed_does_not_touch_the_global_generator() -> None:
    torch.manual_seed(1)
    state = torch.get_rng_state()
    drawn(replaced(TOKENIZER, seed=5, max_length=40))
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("weights", [None, [1.0] * NUM_REGIONS])
def test_without_a_seed_set_seed_decides(weights: Any) -> None:
    def once(seed: int) -> Any:
        set_seed(seed)
        return drawn(
            DataCollatorForReplacedTokenDetection(
                TOKENIZER, max_length=40, token_probabilities=weights
            )
        )

    assert once(3) == once(3) != once(4)


def loaded(collator: Any, epochs: int = 2, **keywords: Any) -> list[list[Any]]:
    loader = DataLoader(many(8), batch_size=2, collate_fn=collator, **keywords)  # type: ignore[arg-type]
    return [[batch["input_ids"].tolist() for batch in loader] for _ in range(epochs)]


def different(batches: list[Any]) -> bool:
    return len({str(batch) for batch in batches}) == len(batches)


@pytest.mark.parametrize("workers", [{"num_workers": 0}, {"num_workers": 2},
                                     {"num_workers": 2, "persistent_workers": True}])  # fmt: skip
def test_workers_draw_differently_in_each_epoch_and_the_same_by_a_seed(workers: Any) -> None:
    torch.manual_seed(0)
    first = loaded(replaced(TOKENIZER, seed=5), **workers)
    assert different(first[0] + first[1])
    torch.manual_seed(0)  # workers are seeded by PyTorch's generator
    assert loaded(replaced(TOKENIZER, seed=5), **workers) == first
    # What the main process drew before is not drawn again in forked workers.
    used = replaced(TOKENIZER, seed=5)
    batch = used(many(2))["input_ids"].tolist()
    assert different([batch, *loaded(used, 1, **workers)[0]])


def test_workers_draw_by_the_loaders_seed_without_one_of_the_collator() -> None:
    def once(seed: int) -> Any:
        torch.manual_seed(seed)
        return loaded(DataCollatorForReplacedTokenDetection(TOKENIZER), num_workers=2)

    first = once(0)
    assert different(first[0] + first[1])
    assert once(0) == first != once(1)


@pytest.mark.slow
def test_a_spawned_worker_draws_as_a_forked_one() -> None:
    def epochs(start: str) -> list[Any]:
        torch.manual_seed(0)
        collator = replaced(TOKENIZER, seed=5)
        loader = DataLoader(
            many(8),  # type: ignore[arg-type]
            batch_size=2,
            collate_fn=collator,
            num_workers=1,
            persistent_workers=True,  # a spawned worker takes seconds to import PyTorch
            multiprocessing_context=start,
        )
        found = [[batch["input_ids"].tolist() for batch in loader] for _ in range(2)]
        collator.set_epoch(7)  # reaches workers that run
        return [*found, [batch["input_ids"].tolist() for batch in loader]]

    spawned = epochs("spawn")
    assert different(spawned[0] + spawned[1])
    assert spawned == epochs("fork")


def test_collators_pickle() -> None:
    collator = replaced(TOKENIZER, seed=5, token_probabilities=[1.0] * NUM_REGIONS)
    copies = [pickle.loads(pickle.dumps(collator)), copy.deepcopy(collator)]
    expected = drawn(collator)
    assert [drawn(other) for other in copies] == [expected] * 2
    assert drawn(pickle.loads(pickle.dumps(copies[0]))) == expected
    epochs = loaded(pickle.loads(pickle.dumps(collator)), num_workers=2)
    assert different(epochs[0] + epochs[1])


# ---- batch correction


def test_batch_correction_adds_the_batches() -> None:
    collator = DataCollatorForUnsupervisedBatchCorrection(TOKENIZER, 10, 0.5, 3)
    samples = [{"input_ids": list(range(20)), "batch_id": i} for i in (2, np.int64(0), -100)]
    batch = collator(samples)
    assert list(batch) == ["input_ids", "attention_mask", "labels", "batch_labels"]
    assert batch["batch_labels"].tolist() == [2, 0, -100]
    assert batch["batch_labels"].dtype == torch.int64
    plain = replaced(TOKENIZER, 3, mlm_probability=0.5, max_length=10)(samples)
    assert all(torch.equal(values, batch[name]) for name, values in plain.items())
    renamed = [{"input_ids": [1], "batch_labels": torch.tensor(4)}]
    assert collator(renamed)["batch_labels"].tolist() == [4]


@pytest.mark.parametrize(
    ("sample", "error", "message"),
    [
        ({}, ValueError, "sample 0: batch_id is missing, got: input_ids; Trainer removes columns "
         "that the model's forward does not name: call it batch_labels, or pass "
         "remove_unused_columns=False"),
        ({"batch_id": "d1"}, TypeError, "sample 0: batch_id is 'd1', expected a whole number"),
        ({"batch_id": -1}, ValueError, "batch_id is -1, expected 0 or more, or -100 if not known"),
    ],
)  # fmt: skip
def test_batches_are_checked(sample: Any, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        DataCollatorForUnsupervisedBatchCorrection(TOKENIZER)([{"input_ids": [1], **sample}])


def test_reference_embeddings_are_passed_on() -> None:
    collator = DataCollatorForUnsupervisedBatchCorrection(TOKENIZER)
    vectors = [[1.0, 2.0], np.array([3.0, 4.0]), torch.tensor([5.0, 6.0])]
    samples = [{"input_ids": [1], "batch_id": 0, "reference_embeddings": v} for v in vectors]
    found = collator(samples)["reference_embeddings"]
    assert found.dtype == torch.float32
    assert found.tolist() == [[1, 2], [3, 4], [5, 6]]
    with pytest.raises(ConfigError, match=r"sample 1: reference_embeddings is missing"):
        collator([samples[0], {"input_ids": [1], "batch_id": 0}])
    for wrong, shape in (([1.0], r"\(1,\)"), ([[1.0, 2.0]], r"\(1, 2\)")):
        with pytest.raises(ConfigError, match=f"sample 1: .* have shape {shape}, expected a vec"):
            collator([samples[0], {**samples[1], "reference_embeddings": wrong}])


# ---- triplets


@BOTH
def test_triplets_are_padded_each_kind_for_itself(kind: Any) -> None:
    samples = [
        {
            "input_ids_anchor": [1],
            "input_ids_positive": np.array([2, 3]),
            "input_ids_negative": [4],
        },
        {"input_ids_anchor": [5], "input_ids_positive": [6], "input_ids_negative": [7, PAD, 8, 9]},
    ]
    batch = DataCollatorForTripletLoss(kind)(samples)
    assert {name: values.tolist() for name, values in batch.items()} == {
        "input_ids_anchor": [[1], [5]],
        "attention_mask_anchor": [[1], [1]],
        "input_ids_positive": [[2, 3], [6, PAD]],
        "attention_mask_positive": [[1, 1], [1, 0]],
        "input_ids_negative": [[4, PAD, PAD], [7, 8, 9]],
        "attention_mask_negative": [[1, 0, 0], [1, 1, 1]],
    }
    assert {values.dtype for values in batch.values()} == {torch.int64}
    wide = DataCollatorForTripletLoss(kind, pad_to_multiple_of=4)(samples)
    assert {values.shape[1] for values in wide.values()} == {4}


def test_long_cells_of_triplets_are_drawn_by_the_seed() -> None:
    row = list(range(NUM_REGIONS))
    sample = {f"input_ids_{role}": row for role in ("anchor", "positive", "negative")}

    def once(seed: int | None) -> Any:
        batch = DataCollatorForTripletLoss(TOKENIZER, 20, seed)([sample] * 2)
        rows = [row for name in sample for row in batch[name].tolist()]
        assert all(len(row) == 20 and row == sorted(set(row)) for row in rows)
        assert different(rows)
        return rows

    assert once(1) == once(1) != once(2)
    torch.manual_seed(3)
    first = once(None)
    torch.manual_seed(3)
    assert once(None) == first != once(None)


def test_an_incomplete_triplet_is_an_error() -> None:
    sample = {"input_ids_anchor": [1], "input_ids_positive": [2]}
    with pytest.raises(
        ValueError, match="sample 0: input_ids_negative is missing, got: input_ids_a"
    ):
        DataCollatorForTripletLoss(TOKENIZER)([sample])


# ---- batches that teach nothing


@BOTH
def test_a_batch_without_a_region_warns(kind: Any) -> None:
    empty = features([UNK], [], [CLS, EOS])
    with pytest.warns(UserWarning, match=r"no row of a batch has a region.*\(its loss is 0\)"):
        batch = replaced(kind)(empty)
    assert (batch["labels"] == -100).all()
    replaced(kind)([*empty, *features([1])])  # one is enough
    collator = replaced(kind)
    with pytest.warns(UserWarning, match="no row of a batch has a region") as caught:
        for _ in range(3):
            collator(empty)
    assert len(caught) == 1
    triplet = {f"input_ids_{role}": [1] for role in ("anchor", "positive", "negative")}
    collator = DataCollatorForTripletLoss(kind)
    collator([triplet])
    with pytest.warns(UserWarning, match="no row of a batch has a region"):
        collator([triplet | {"input_ids_negative": [UNK]}])


@pytest.mark.parametrize("kind", ["pt", "np"])
def test_a_masked_batch_without_a_region_warns(tokenizer: AtacformerTokenizer, kind: str) -> None:
    collator = DataCollatorForRegionModeling(tokenizer, return_tensors=kind)
    collator(features([1], [UNK]))
    with pytest.warns(UserWarning, match="no row of a batch has a region"):
        collator(features([UNK], [UNK]))

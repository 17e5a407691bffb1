# SPDX-License-Identifier: BSD-2-Clause
"""Tokens of a region, against a double loop over both sides (docs/guarantees.md, section 3)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given

from bedtok import VocabularyError
from bedtok.tokenizers import Tokenizer
from strategies import Interval, options, queries, samples, vocabularies


def hits_of(vocabulary: list[Interval], region: Interval, **given: Any) -> list[int]:
    """The ids that one region gives."""
    chrom, start, end = region
    fraction = given.get("min_fraction", 0.0)
    hits = []
    for token, (v_chrom, v_start, v_end) in enumerate(vocabulary):
        if v_chrom != chrom or not (v_start < end and start < v_end):
            continue
        shared = min(end, v_end) - max(start, v_start)
        covered = {
            "query": shared >= fraction * (end - start),
            "vocabulary": shared >= fraction * (v_end - v_start),
        }
        covered["either"] = any(covered.values())
        if shared >= given.get("min_overlap", 0) and covered[given.get("fraction_of", "query")]:
            hits.append((v_start, v_end, token, shared))
    hits.sort()
    if given.get("best_overlap") and hits:
        hits = [max(hits, key=lambda hit: hit[3])]  # `max` gives the first of equals
    return [token for _, _, token, _ in hits]


def map_by_double_loop(
    vocabulary: list[Interval], sample: list[Any], **given: Any
) -> list[tuple[int, int | None]]:
    """The (id, position in the sample) of each token."""
    roles = ["<unk>", "<pad>", "<mask>", "<cls>", "<eos>", "<bos>", "<sep>"]
    unk = len(vocabulary)
    tokens: list[tuple[int, int | None]] = []
    stretch: list[tuple[int, int | None]] = []  # the regions between two special tokens
    seen = set()

    def close() -> None:
        tokens.extend(sorted(stretch) if given.get("order") == "vocabulary" else stretch)
        stretch.clear()

    for position, item in enumerate(sample):
        if isinstance(item, str):
            close()
            tokens.append((unk + roles.index(item), None))
            continue
        ids = hits_of(vocabulary, item, **given)
        if not ids and given.get("on_miss") == "unk":
            ids = [unk]
        for token in ids:
            if not (given.get("unique") and token in seen):
                stretch.append((token, position))
                seen.add(token)
    close()
    return tokens or [(unk, None)]


@given(vocabularies, queries)
def test_by_default_each_region_gives_all_that_overlap_by_start_end_id(
    vocabulary: list[Interval], query: list[Interval]
) -> None:
    tokenizer = Tokenizer.from_regions(vocabulary)
    expected = map_by_double_loop(vocabulary, query)
    encoded = tokenizer([("chr1", 0, 0), ("chr2", 0, 0), ("17", 0, 0), *query])
    assert encoded["input_ids"] == [token for token, _ in expected]


@given(vocabularies, samples, options)
def test_every_option_alone_and_together_gives_what_a_double_loop_gives(
    vocabulary: list[Interval], sample: list[Any], given: dict[str, Any]
) -> None:
    tokenizer = Tokenizer.from_regions(vocabulary)
    # A region at position 0 that never hits keeps the sample from having no known chromosome.
    sample = [(vocabulary[0][0], 0, 0), *sample]
    expected = map_by_double_loop(vocabulary, sample, **given)
    encoded = tokenizer(sample, return_region_index=True, **given)
    assert encoded["input_ids"] == [token for token, _ in expected]
    assert encoded["region_index"] == [position for _, position in expected]
    assert tokenizer(sample, **given)["input_ids"] == encoded["input_ids"]


@given(vocabularies, samples, options)
def test_options_of_the_tokenizer_hold_where_the_call_says_nothing(
    vocabulary: list[Interval], sample: list[Any], given: dict[str, Any]
) -> None:
    sample = [(vocabulary[0][0], 0, 0), *sample]
    in_call = Tokenizer.from_regions(vocabulary)(sample, **given)
    in_tokenizer = Tokenizer.from_regions(vocabulary, **given)(sample)
    assert in_call == in_tokenizer


@given(vocabularies, queries, options)
def test_the_report_counts_what_the_double_loop_counts(
    vocabulary: list[Interval], query: list[Interval], given: dict[str, Any]
) -> None:
    given = {k: v for k, v in given.items() if k not in ("unique", "order", "on_miss")}
    report = Tokenizer.from_regions(vocabulary).report(query, **given)
    hits = [hits_of(vocabulary, region, **given) for region in query]
    assert report.regions == len(query)
    assert report.hits == sum(bool(h) for h in hits)
    assert report.tokens == sum(map(len, hits))
    assert report.distinct_tokens == len({token for h in hits for token in h})
    assert report.misses.tolist() == [k for k, h in enumerate(hits) if not h]
    assert report.hit_rate == pytest.approx(report.hits / len(query) if query else 0)
    chroms = {region[0] for region in vocabulary}
    assert set(report.unknown_chroms) == {region[0] for region in query} - chroms
    assert {c.chrom: (c.regions, c.hits, c.known) for c in report.chroms} == {
        chrom: (
            sum(region[0] == chrom for region in query),
            sum(bool(h) for region, h in zip(query, hits, strict=True) if region[0] == chrom),
            chrom in chroms,
        )
        for chrom in {region[0] for region in query}
    }


def test_touching_regions_do_not_overlap(tokenizer: Tokenizer) -> None:
    assert tokenizer([("chr1", 400, 500), ("chr1", 50, 100)])["input_ids"] == [6]


def test_a_zero_length_region_overlaps_what_it_lies_strictly_inside_of(
    tokenizer: Tokenizer,
) -> None:
    assert tokenizer([("chr2", 55, 55)])["input_ids"] == [5, 2]
    assert tokenizer([("chr2", 50, 50)])["input_ids"] == [5]
    assert tokenizer([("chr2", 55, 55)], min_fraction=1)["input_ids"] == [5, 2]
    assert tokenizer([("chr2", 55, 55)], min_overlap=1)["input_ids"] == [6]


def test_nothing_and_regions_that_hit_nothing_give_one_unk(tokenizer: Tokenizer) -> None:
    assert tokenizer([])["input_ids"] == [6]
    assert tokenizer([("chr1", 1, 2), ("chr2", 1, 2)])["input_ids"] == [6]
    assert tokenizer([("chr1", 1, 2)], return_region_index=True)["region_index"] == [None]


def test_a_miss_with_unk_gives_a_token_that_carries_its_position(tokenizer: Tokenizer) -> None:
    encoded = tokenizer(
        [("chr1", 100, 101), ("chr1", 1, 2), ("chr1", 3, 4)],
        on_miss="unk",
        return_region_index=True,
    )
    assert encoded["input_ids"] == [0, 6, 6]
    assert encoded["region_index"] == [0, 1, 2]


def test_a_miss_with_error_names_the_region(tokenizer: Tokenizer) -> None:
    with pytest.raises(VocabularyError, match=r"region 1: chr1:1-2 hits nothing .* 'error'"):
        tokenizer([("chr1", 100, 101), ("chr1", 1, 2)], on_miss="error")


def test_region_index_counts_positions_of_the_list_with_its_special_tokens(
    tokenizer: Tokenizer,
) -> None:
    sample = ["<cls>", "chr1:100-101", "<sep>", "chr1:1-2", ("chr2", 55, 56), "<eos>"]
    encoded = tokenizer(sample, return_region_index=True)
    assert encoded["input_ids"] == [9, 0, 12, 5, 2, 10]
    assert encoded["region_index"] == [None, 1, None, 4, 4, None]
    arrays = tokenizer(sample, return_region_index=True, return_tensors="np")
    np.testing.assert_array_equal(arrays["region_index"], [[-1, 1, -1, 4, 4, -1]])


def test_order_vocabulary_sorts_within_the_stretches_between_special_tokens(
    tokenizer: Tokenizer,
) -> None:
    sample = ["chr2:55-56", "chr1:100-101", "<sep>", "chr2:55-56", "chr1:150-151"]
    assert tokenizer(sample, order="vocabulary")["input_ids"] == [0, 2, 5, 12, 0, 2, 3, 5]


def test_a_list_of_special_tokens_alone_gives_these(tokenizer: Tokenizer) -> None:
    encoded = tokenizer(["<cls>", "<sep>"], return_region_index=True)
    assert encoded["input_ids"] == [9, 12]
    assert encoded["region_index"] == [None, None]
    assert tokenizer("<cls>")["input_ids"] == [9]


@pytest.mark.parametrize(
    ("aliases", "chrom"), [("ucsc", "1"), ({"NC_000001.11": "chr1"}, "NC_000001.11")]
)
def test_chrom_aliases_make_other_names_known(
    tokenizer: Tokenizer, aliases: Any, chrom: str
) -> None:
    assert tokenizer([(chrom, 100, 101)], chrom_aliases=aliases)["input_ids"] == [0]


def test_chrom_aliases_ensembl_take_the_prefix_away() -> None:
    tokenizer = Tokenizer.from_regions([("1", 5, 9), ("MT", 1, 2)], chrom_aliases="ensembl")
    assert tokenizer([("chrM", 1, 2), ("chr1", 5, 6)])["input_ids"] == [1, 0]


def test_an_input_without_a_known_chromosome_warns_once_with_the_remedy(
    tokenizer: Tokenizer,
) -> None:
    with pytest.warns(UserWarning, match="no chromosome of the input is known") as caught:
        encoded = tokenizer([("1", 100, 101), ("2", 55, 56)])
    assert encoded["input_ids"] == [6]
    assert len(caught) == 1
    assert "set the option chrom_aliases to ucsc" in str(caught[0].message)
    assert caught[0].filename == __file__


def test_the_report_names_a_likely_cause(tokenizer: Tokenizer) -> None:
    naming = tokenizer.report([("1", 100, 101)])
    assert naming.likely_cause is not None
    assert naming.likely_cause.endswith(": set the option chrom_aliases to ucsc")
    assembly = tokenizer.report([("chr1", 10**9, 10**9 + 1)])
    assert assembly.likely_cause is not None and "another assembly" in assembly.likely_cause
    assert tokenizer.report([("chr1", 100, 101)]).likely_cause is None
    assert "0 of 1 regions hit" in str(naming)

# SPDX-License-Identifier: BSD-2-Clause
"""Random vocabularies, samples and mapping options for hypothesis."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st

Interval = tuple[str, int, int]


def examples(usual: int) -> int:
    """Return how many examples a test takes: as usual, or as the profile if that is more."""
    return max(usual, settings().max_examples)


# Few and small values, so that nesting, touching, zero length and repeats are common.
intervals = st.tuples(
    st.sampled_from(["chr1", "chr2", "17"]), st.integers(0, 12), st.integers(0, 12)
).map(lambda t: (t[0], min(t[1:]), max(t[1:])))
vocabularies = st.lists(intervals, min_size=1, max_size=12, unique=True)
queries = st.lists(
    st.one_of(intervals, st.tuples(st.just("chrUn"), st.integers(0, 3), st.integers(3, 5))),
    max_size=8,
)
samples = st.lists(st.one_of(intervals, st.sampled_from(["<cls>", "<sep>", "<mask>"])), max_size=8)
options = st.fixed_dictionaries(
    {},
    optional={
        "min_overlap": st.integers(0, 5),
        "min_fraction": st.one_of(st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.floats(0, 1)),
        "fraction_of": st.sampled_from(["query", "vocabulary", "either"]),
        "best_overlap": st.booleans(),
        "unique": st.booleans(),
        "order": st.sampled_from(["input", "vocabulary"]),
        "on_miss": st.sampled_from(["drop", "unk"]),
    },
)

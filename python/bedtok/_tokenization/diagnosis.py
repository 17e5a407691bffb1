# SPDX-License-Identifier: BSD-2-Clause
"""Warnings of calls on cells and collections: what is wrong with an input, why, and what to do.

What the regions of an input tell is judged in C++, for every way in (``MappingReport.warning``).
Here is what only the container of the regions tells.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from bedtok import _core
from bedtok._core import MappingReport
from bedtok._tokenization.assembly import same_genome

_GENOME_KEYS = ("genome", "assembly", "genome_assembly", "reference_genome")


def anndata_warning(core: _core.Tokenizer, adata: Any, report: MappingReport) -> str | None:
    """Return the warning of an AnnData: of its assembly, else of its peaks."""
    named = _genome_of(adata) if core.genome else None
    if named is not None and not same_genome(named, core.genome):
        return (
            f"the AnnData is of genome {named!r}, the tokenizer of {core.genome!r}; lift the peaks "
            "over, or take a tokenizer of that genome"
        )
    return report.warning


def _genome_of(adata: Any) -> str | None:
    """Return the assembly that an AnnData names in ``uns``, or 10x in ``var``."""
    for key in _GENOME_KEYS:
        value = adata.uns.get(key)
        if isinstance(value, str) and value:
            return value
    if "genome" in adata.var:
        names = {str(name) for name in adata.var["genome"].unique()} - {"", "nan", "None"}
        if len(names) == 1:
            return names.pop()
    return None


def fragments_warning(
    result: Mapping[str, Any], barcodes: Sequence[str] | None, region: str | None
) -> str | None:
    """Return the warning of a fragment file: of its barcodes, of its format, or of its fragments.

    Args:
        result: The result of ``_core.encode_fragments``.
        barcodes: Those that were wanted; None: all.
        region: The region that was wanted; None: all.
    """
    if barcodes and result["unlisted"] and not result["barcodes"]:
        return _unmatched(barcodes, result["unlisted_barcodes"])
    if barcodes is None and region is None:
        sign = _sign_of_bed(result["barcodes"], int(np.sum(result["fragments"])))
        if sign is not None:
            return (
                f"{sign}: column 4 looks like the name of a peak, not like a barcode; a BED file "
                "is one sample: call the tokenizer on it"
            )
    report: MappingReport = result["report"]
    return report.warning


def _sign_of_bed(barcodes: Sequence[str], fragments: int) -> str | None:
    """Return what shows that a file is BED with names in column 4; None if nothing does."""
    if fragments < _core.fewest_judged:
        return None
    if list(barcodes) == ["."]:
        return "the only barcode is '.'"
    if len(barcodes) < 0.95 * fragments:
        return None
    return f"{len(barcodes)} barcodes have {fragments} fragments (the first is {barcodes[0]!r})"


def _unmatched(wanted: Sequence[str], found: Sequence[str]) -> str:
    text = (
        f"none of the {len(wanted)} barcodes is in the file; expected: {_examples(wanted)}, "
        f"in the file: {_examples(found)}"
    )
    ours, theirs = _shape(wanted[0]), _shape(found[0])
    if ours != theirs:
        return f"{text}; they are built as {ours} and {theirs}: change one of them"
    return f"{text}; are they of another sample?"


def _examples(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names[:3])


def _shape(barcode: str) -> str:
    """Return a barcode with its bases as ``BASES``: ``BASES-1``, ``donor1#BASES-1``."""
    return re.sub(r"[ACGTN]{6,}", "BASES", barcode)


class Misfit(NamedTuple):
    """A sample of a collection that does not fit the vocabulary.

    Attributes:
        hit_rate: Share of its regions that hit.
        name: Name of the sample.
        warning: Its warning.
    """

    hit_rate: float
    name: str
    warning: str


def collection_warning(
    where: str, misfits: Sequence[Misfit], num_samples: int, report: MappingReport
) -> str | None:
    """Return the warning of many samples: of the worst of them, else of all together."""
    if not misfits:
        return None if report.warning is None else f"{where}: all samples: {report.warning}"
    worst = sorted(misfits)
    names = ", ".join(f"{misfit.name} ({misfit.hit_rate:.1%})" for misfit in worst[:3])
    return (
        f"{where}: {len(worst)} of {num_samples} samples do not fit the vocabulary, with the "
        f"lowest hit rate: {names}; {worst[0].name}: {worst[0].warning}"
    )

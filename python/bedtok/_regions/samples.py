# SPDX-License-Identifier: BSD-2-Clause
"""One sample or a batch, distinguished by type, in the form that the compiled tokenizer takes."""

from __future__ import annotations

import os
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from bedtok import _core
from bedtok._core import Error
from bedtok._files import is_url, source_path
from bedtok._regions.columns import columns_from_regions, is_region_object, is_region_text
from bedtok._regions.region import Region
from bedtok._regions.region_set import (
    RegionSet,
    as_region_set,
    is_foreign_set,
    is_iterable_of_regions,
    listed,
    read_bed,
)
from bedtok._regions.tables import is_table

Int64s = npt.NDArray[np.int64]
Form = Literal["set", "path", "text", "list", "table", "batch"]

_EXPECTED = (
    "expected a RegionSet, the path of a BED file, a region such as 'chr1:100-200', a list of "
    "regions, or a table with columns chrom, start, end"
)
_BAD_TEXT = (
    "item {position}: {text!r} is neither a region such as 'chr1:100-200' nor a special token of "
    "this tokenizer; a batch of files is a list of pathlib.Path"
)
_PLACEHOLDER = ("*", 0, 0)


class Samples(NamedTuple):
    """Samples as ``_core.Tokenizer.encode_batch`` takes them.

    Attributes:
        items: One item per sample.
        is_batch: Whether the caller handed in a batch; one sample is not one.
        has_regions: Whether tokens can be traced back to input regions.
    """

    items: list[_core.BatchItem]
    is_batch: bool
    has_regions: bool = True


def classify(x: object) -> Form:
    """Return which form of input ``x`` is, determined by its type only.

    A ``str`` is ``text``: a region, a special token or a path, depending on its spelling. The first
    item of a list or tuple decides: RegionSets, ``PathLike``s, URLs, tables and lists of regions
    make a batch, anything else makes one sample.

    Raises:
        TypeError: ``x`` has another type, or is one region where a list of them is expected.
    """
    if isinstance(x, RegionSet) or is_foreign_set(x):
        return "set"
    if isinstance(x, str):
        return "text"
    if isinstance(x, os.PathLike):
        return "path"
    if isinstance(x, (list, tuple)):
        if isinstance(x, tuple) and _is_region_tuple(x):
            raise TypeError(f"{x!r} is one region, expected a list of them: [{x!r}]")
        return "batch" if x and _is_sample(x[0]) else "list"
    if is_table(x):
        return "table"
    if isinstance(x, Region):
        raise TypeError(f"{x!r} is one region, expected a list of them: [{x!r}]")
    raise TypeError(f"got {type(x).__name__}, {_EXPECTED}")


def as_sequence(x: object) -> object:
    """Return an iterable of regions or samples as a list: a generator, a BedTool; others as is.

    A generator is read to its end.
    """
    return listed(x) if is_iterable_of_regions(x) and not is_table(x) else x


def _is_region_tuple(item: tuple[Any, ...]) -> bool:
    """Whether a tuple is meant as (chrom, start, end[, rest]), not as a list of regions."""
    if len(item) not in (3, 4) or not isinstance(item[0], str):
        return False
    # Numbers as text are a slip that deserves the message about coordinates.
    return not isinstance(item[1], (str, Region, tuple)) or (
        isinstance(item[1], str) and item[1].lstrip("+-").isdecimal()
    )


def _is_sample(item: object) -> bool:
    """Whether a list that begins with ``item`` is a batch."""
    if isinstance(item, (str, Region)):
        return is_url(item)
    if isinstance(item, tuple):
        # The empty tuple is a sample without regions.
        return not item or isinstance(item[0], (Region, tuple)) or _is_tuple_of_texts(item)
    return (
        isinstance(item, (RegionSet, os.PathLike, list))
        or is_table(item)
        or is_foreign_set(item)
        or (is_iterable_of_regions(item) and not is_region_object(item))
    )


def _is_tuple_of_texts(item: tuple[Any, ...]) -> bool:
    return not _is_region_tuple(item) and all(isinstance(part, str) for part in item)


def read_samples(x: object, special_ids: dict[str, int]) -> Samples:
    """Return one sample or a batch of them.

    Args:
        x: One sample: RegionSet, path, region text, iterable of regions and special tokens, or
            table. A batch: iterable of samples, among which a ``str`` is not one.
        special_ids: The ids of the special tokens by their spelling.

    Raises:
        TypeError: ``x``, or one of its samples, has another type.
        Error: A region is not legal. The message of a batch names the sample.
    """
    if isinstance(x, RegionSet):  # first: the fast way in
        return Samples([x._core], is_batch=False)
    x = as_sequence(x)
    if classify(x) != "batch":
        return Samples([_read_sample(x, special_ids)], is_batch=False)
    assert isinstance(x, (list, tuple))
    samples: list[_core.BatchItem] = []
    for i, item in enumerate(x):
        try:
            if isinstance(item, str) and not is_url(item):
                raise TypeError(f"got the str {item!r}, expected a pathlib.Path where a file is")
            samples.append(_read_sample(item, special_ids))
        except (TypeError, Error) as error:
            raise type(error)(f"sample {i}: {error}") from None
    return Samples(samples, is_batch=True)


def read_regions(x: object, special_ids: dict[str, int]) -> _core.RegionSet:
    """Return the regions of one sample, special tokens left out; errors as ``read_samples``."""
    sample = x._core if isinstance(x, RegionSet) else _read_sample(x, special_ids)
    if isinstance(sample, tuple):
        return sample[0]
    return _core.RegionSet.from_bed(sample) if isinstance(sample, str) else sample


def _read_sample(
    x: object, special_ids: dict[str, int]
) -> _core.RegionSet | str | tuple[_core.RegionSet, Int64s, Int64s, Int64s]:
    x = as_sequence(x)
    form = classify(x)
    if form == "batch":
        raise TypeError("got a batch, expected one sample")
    if form == "list":
        return _read_list(x, special_ids)  # type: ignore[arg-type]
    if form == "text":
        assert isinstance(x, str)
        if x in special_ids or is_region_text(x):
            return _read_list((x,), special_ids)
    if form in ("text", "path"):
        path = source_path(x)  # type: ignore[arg-type]
        return read_bed(path, True, "raise")[0] if is_url(path) else path
    core: _core.RegionSet = as_region_set(x)._core
    return core


def _read_list(
    items: list[Any] | tuple[Any, ...], special_ids: dict[str, int]
) -> _core.RegionSet | tuple[_core.RegionSet, Int64s, Int64s, Int64s]:
    special = [k for k, item in enumerate(items) if isinstance(item, str) and item in special_ids]
    if not special:
        return columns_from_regions(items, _BAD_TEXT)
    # Placeholders keep the caller's positions, which messages name.
    regions = list(items)
    for k in special:
        regions[k] = _PLACEHOLDER
    special_positions = np.array(special, dtype=np.int64)
    positions = np.delete(np.arange(len(items), dtype=np.int64), special_positions)
    columns = columns_from_regions(regions, _BAD_TEXT).take(positions)
    ids = np.array([special_ids[items[k]] for k in special], dtype=np.int64)
    # The k-th special token has k others before it, which are not regions.
    return columns, special_positions - np.arange(len(special), dtype=np.int64), ids, positions

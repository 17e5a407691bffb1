# SPDX-License-Identifier: BSD-2-Clause
"""Cells of an AnnData or of a fragment file to token ids."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bedtok import _core
from bedtok._checks import OnError, check_at_least, check_on_error, check_texts, warn_caller
from bedtok._core import ConfigError, MappingOptions, MappingReport
from bedtok._regions.anndata import check_anndata, choose_cells, gather, read_peaks
from bedtok._regions.columns import is_region_text, parse_region_text
from bedtok._regions.samples import Samples
from bedtok._tokenization.diagnosis import anndata_warning, fragments_warning

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]


class CellIds(NamedTuple):
    """The token ids of cells, one after the other.

    Attributes:
        values: int32, shape (tokens,).
        offsets: int64, shape (cells + 1,): cell i has ``values[offsets[i]:offsets[i + 1]]``.
        names: The cells' names.
        report: How well the peaks, or the fragments, fit the vocabulary.
        warning: What the call warns of; None if they fit.
        rows: The cells' positions in an AnnData; None: all its cells.
        barcode_stats: Columns of a table of the barcodes in a fragment file; None otherwise.
        skipped_lines: Lines of a fragment file that were left out.
    """

    values: Int32s
    offsets: Int64s
    names: list[str]
    report: MappingReport
    warning: str | None
    rows: Int64s | None = None
    barcode_stats: dict[str, Any] | None = None
    skipped_lines: int = 0

    def samples(self) -> Samples:
        """Return the cells as a batch."""
        return cell_samples(self.values, self.offsets)


def cell_samples(values: Int32s, offsets: Int64s) -> Samples:
    """Return cells as a batch of samples."""
    items: list[_core.BatchItem] = [values[a:b] for a, b in pairwise(offsets.tolist())]
    return Samples(items, is_batch=True, has_regions=False)


def cells_of_anndata(
    core: _core.Tokenizer,
    adata: Any,
    options: MappingOptions,
    num_threads: int,
    *,
    layer: str | None = None,
    obs_mask: Any = None,
    threshold: float = 0,
) -> CellIds:
    """Return the ids of the cells of an AnnData, named by ``obs_names``.

    Args and errors are those of ``Tokenizer.encode_anndata``.
    """
    check_anndata(adata)
    if isinstance(threshold, bool) or not isinstance(threshold, (int, float, np.number)):
        raise TypeError(f"threshold: expected a number, not {type(threshold).__name__}")
    regions, keep = read_peaks(adata)
    peaks = _core.PeakTokens(core, regions._core, options)
    rows = choose_cells(adata, obs_mask)
    offsets, values = gather(adata, layer, peaks, keep, rows, float(threshold), num_threads)
    names = adata.obs_names if rows is None else adata.obs_names[rows]
    report = core.report(regions._core, options)
    warning = anndata_warning(core, adata, report)
    return CellIds(values, offsets, names.astype(str).tolist(), report, warning, rows)


def store_cells(adata: Any, key: str, cells: CellIds, digest: str) -> None:
    """Store cells in ``adata.uns[key]``, and their lengths in ``adata.obs[f"{key}_n_tokens"]``."""
    adata.uns[key] = {
        "values": cells.values,
        "offsets": cells.offsets,
        "names": np.asarray(cells.names, dtype=object),
        "digest": digest,
    }
    counts = np.zeros(adata.n_obs, dtype=np.int64)
    counts[slice(None) if cells.rows is None else cells.rows] = np.diff(cells.offsets)
    adata.obs[f"{key}_n_tokens"] = counts


def cells_of_fragments(
    core: _core.Tokenizer,
    path: str,
    options: MappingOptions,
    num_threads: int,
    *,
    barcodes: Iterable[str] | None,
    min_fragments: int,
    min_tokens: int,
    max_tokens: int | None,
    counting_strategy: str,
    chroms: Iterable[str] | None,
    region: str | None,
    on_error: OnError,
) -> CellIds:
    """Return the ids of the cells of a fragment file, named by their barcodes.

    Args and errors are those of ``Tokenizer.encode_fragments``.
    """
    if counting_strategy not in ("fragment", "insertion"):
        raise ConfigError(
            f"counting_strategy is {counting_strategy!r}, expected 'fragment' or 'insertion'"
        )
    if region is not None and not (isinstance(region, str) and is_region_text(region)):
        raise ConfigError(f"region is {region!r}, expected a text like chr1:1000-2000")
    wanted = _names("barcodes", barcodes)
    result = _core.encode_fragments(
        core,
        path,
        options,
        counting_strategy=counting_strategy,
        barcodes=wanted,
        chroms=_names("chroms", chroms),
        region=region,
        min_fragments=check_at_least("min_fragments", min_fragments, 0),
        min_tokens=check_at_least("min_tokens", min_tokens, 0),
        max_tokens=None if max_tokens is None else check_at_least("max_tokens", max_tokens, 0),
        skip_bad_lines=check_on_error(on_error) != "raise",
        num_threads=num_threads,
        text=None if region is None else _lines_by_index(path, region),
    )
    if on_error == "warn" and result["skipped_text"] is not None:
        warn_caller(f"{path}: {result['skipped_text']}")
    kept = np.zeros(len(result["barcodes"]), dtype=bool)
    kept[result["cells"]] = True
    barcode_stats = {
        "barcode": result["barcodes"],
        "fragments": result["fragments"],
        "hits": result["hits"],
        "kept": kept,
        "lookups": 2 if counting_strategy == "insertion" else 1,
    }
    names = [result["barcodes"][i] for i in result["cells"].tolist()]
    warning = fragments_warning(result, wanted, region)
    return CellIds(
        result["values"],
        result["offsets"],
        names,
        result["report"],
        warning,
        barcode_stats=barcode_stats,
        skipped_lines=result["skipped_lines"],
    )


def _names(what: str, names: Iterable[str] | None) -> list[str] | None:
    if names is None:
        return None
    if isinstance(names, str):
        raise TypeError(f"{what}: expected a list of texts, got the text {names!r}")
    return list(dict.fromkeys(check_texts(list(names), what)))


def _lines_by_index(path: str, region: str) -> bytes | None:
    """Return the lines that overlap a region by the file's tabix index.

    None if there is no index, or pysam is missing: then the file is read as a whole.
    """
    indexed = any(os.path.exists(path + suffix) for suffix in (".tbi", ".csi"))
    if not indexed or importlib.util.find_spec("pysam") is None:
        return None
    import pysam

    parts = parse_region_text(region)
    assert parts is not None
    with pysam.TabixFile(path) as file:
        if parts.chrom not in file.contigs:
            return b""
        lines = file.fetch(parts.chrom, parts.start, parts.end)
        return "".join(f"{line}\n" for line in lines).encode()

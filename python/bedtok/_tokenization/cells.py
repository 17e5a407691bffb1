# SPDX-License-Identifier: BSD-2-Clause
"""Cells of an AnnData or of a fragment file to token ids."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bedtok import _core
from bedtok._checks import OnError, check_at_least, check_on_error, check_texts, warn_caller
from bedtok._core import ConfigError, MappingOptions, MappingReport
from bedtok._files import StorageOptions, fragment_sample_names, local_file, source_paths
from bedtok._progress import with_progress
from bedtok._ragged import Int32s, Int64s, concat_rows, distinct_values
from bedtok._regions.anndata import choose_cells, gather, read_peaks
from bedtok._regions.anndata_relatives import Part, cell_parts
from bedtok._regions.columns import is_region_text, parse_region_text
from bedtok._regions.region_set import RegionSet
from bedtok._regions.samples import Samples
from bedtok._regions.selection import RegionSelection
from bedtok._tokenization.cell_metadata import (
    N_TOKENS,
    SAMPLE,
    Metadata,
    columns_of,
    concat_columns,
)
from bedtok._tokenization.cell_names import (
    SEPARATOR,
    constant_texts,
    given_samples,
    join_names,
    names_in_file,
    split_parts,
    text_column,
)
from bedtok._tokenization.diagnosis import anndata_warning, fragments_warning

COUNTING_STRATEGIES = ("fragment", "insertion")


class CellIds(NamedTuple):
    """The token ids of cells, one after the other.

    Attributes:
        values: int32, shape (tokens,).
        offsets: int64, shape (cells + 1,): cell i has ``values[offsets[i]:offsets[i + 1]]``.
        names: The cells' names.
        report: How well the peaks, or the fragments, fit the vocabulary; None: not known.
        warning: What the call warns of; None if they fit.
        rows: The cells' positions in an AnnData; None: all its cells.
        barcode_stats: Columns of a table of the barcodes in fragment files; None otherwise.
        skipped_lines: Lines of fragment files that were left out.
        skipped_text: A text about them; None if there are none.
        metadata: What else is known of each cell; None: nothing.
    """

    values: Int32s
    offsets: Int64s
    names: list[str]
    report: MappingReport | None = None
    warning: str | None = None
    rows: Int64s | None = None
    barcode_stats: dict[str, Any] | None = None
    skipped_lines: int = 0
    metadata: Metadata = None
    skipped_text: str | None = None

    def samples(self) -> Samples:
        """Return the cells as a batch."""
        return cell_samples(self.values, self.offsets)


def cell_samples(values: Int32s, offsets: Int64s) -> Samples:
    """Return cells as a batch of samples."""
    items: list[_core.BatchItem] = [values[a:b] for a, b in pairwise(offsets.tolist())]
    return Samples(items, is_batch=True, has_regions=False)


def join_cells(parts: Sequence[CellIds], given: Sequence[str] | None) -> CellIds:
    """Return the cells of several parts, one part behind the other.

    Args:
        parts: At least one, with ids of one vocabulary.
        given: The name of each part's sample; None: those of the metadata.
    """
    columns = [columns_of(part.metadata) for part in parts]
    samples = [text_column(own[SAMPLE]) if SAMPLE in own else None for own in columns]
    joined = join_names([part.names for part in parts], samples, given)
    sizes = [len(part.names) for part in parts]
    metadata = concat_columns(
        [
            ({name: values for name, values in own.items() if name not in (SAMPLE, N_TOKENS)}, size)
            for own, size in zip(columns, sizes, strict=True)
        ]
    )
    if joined.samples is not None:
        metadata = {SAMPLE: joined.samples, **metadata}
    values, offsets = concat_rows([(part.values, part.offsets) for part in parts])
    return CellIds(
        values,
        offsets,
        joined.names,
        barcode_stats=_join_barcode_stats(parts, joined.renamed, given, joined.prefixed),
        skipped_lines=sum(part.skipped_lines for part in parts),
        metadata=metadata,
    )


def join_reports(
    core: _core.Tokenizer, parts: Sequence[CellIds], low_hit_rate: float | None
) -> MappingReport | None:
    """Return the reports of several parts together; None if one is not known."""
    total = _core.ReportSum(core.num_regions)
    for part in parts:
        if part.report is None:
            return None
        total.add(part.report, distinct_values(part.values, core.vocab_size).astype(np.int64))
    return total.report(low_hit_rate)


def _join_barcode_stats(
    parts: Sequence[CellIds],
    renamed: Sequence[Mapping[str | None, str | None]],
    given: Sequence[str] | None,
    prefixed: bool,
) -> dict[str, Any] | None:
    """Return the tables of all barcodes, one behind the other; None if one is not known."""
    tables = [part.barcode_stats for part in parts]
    if any(table is None for table in tables):
        return None
    joined: dict[str, Any] = {"barcode": []}
    for i, (table, new) in enumerate(zip(tables, renamed, strict=True)):
        assert table is not None
        olds = table[SAMPLE].tolist()
        # A sample without a cell has no new name.
        news = [new.get(old, old if given is None else given[i]) for old in olds]
        for old, sample, barcode in zip(olds, news, table["barcode"], strict=True):
            own = barcode.removeprefix(f"{old}{SEPARATOR}")
            joined["barcode"].append(f"{sample}{SEPARATOR}{own}" if prefixed else barcode)
        joined.setdefault(SAMPLE, []).append(np.array(news, dtype=object))
        for name in ("fragments", "hits", "kept", "lookups"):
            joined.setdefault(name, []).append(table[name])
    return {
        name: values if name == "barcode" else np.concatenate(values)
        for name, values in joined.items()
    }


def barcode_table(stats: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of ``CellTokens.qc``."""
    table = {
        "barcode": stats["barcode"],
        "fragments": stats["fragments"],
        "hits": stats["hits"],
        "hit_rate": _hit_rate(stats["hits"], stats["fragments"] * stats["lookups"]),
        "kept": stats["kept"],
    }
    if len(set(stats[SAMPLE].tolist())) > 1:
        table[SAMPLE] = stats[SAMPLE]
    return table


def _hit_rate(hits: Int64s, looked_up: Int64s) -> npt.NDArray[np.float64]:
    rate: npt.NDArray[np.float64] = hits / np.maximum(looked_up, 1)
    return rate


def cells_of_anndata(
    core: _core.Tokenizer,
    adata: Any,
    options: MappingOptions,
    num_threads: int,
    *,
    names: Sequence[str] | None = None,
    layer: str | None = None,
    obs_mask: Any = None,
    threshold: float = 0,
    progress: bool | None = None,
) -> CellIds:
    """Return the ids of the cells of an AnnData, or of what holds some, named by ``obs_names``.

    Args and errors are those of ``Tokenizer.encode_anndata``.
    """
    if isinstance(threshold, bool) or not isinstance(threshold, (int, float, np.number)):
        raise TypeError(f"threshold: expected a number, not {type(threshold).__name__}")
    parts = cell_parts(adata)
    given = given_samples(names if parts.names is None else parts.names, len(parts.parts))
    if parts.names is not None and names is not None:
        raise ConfigError("names: the keys of the dict are the names, expected None beside it")
    if obs_mask is not None and len(parts.parts) != 1:
        raise ConfigError(
            f"obs_mask: got one for {len(parts.parts)} AnnData, expected None; select their cells "
            "first: adata[mask]"
        )
    cells = [
        cells_of_part(core, part, options, num_threads, layer, obs_mask, float(threshold))
        for part in with_progress(parts.parts, progress, unit="AnnData")
    ]
    if len(cells) == 1 and given is None:
        return cells[0]
    together = join_cells(cells, given)
    if parts.has_names and given is None:
        own = [name for part in cells for name in part.names]
        together = together._replace(names=own)
    warnings = [part.warning for part in cells if part.warning is not None]
    return together._replace(
        report=join_reports(core, cells, options.low_hit_rate),
        warning=_first_of(warnings, len(cells), "AnnData"),
    )


def _first_of(warnings: Sequence[str], count: int, what: str) -> str | None:
    """Return the warning of several inputs: the first, and how many there are."""
    if not warnings:
        return None
    return f"{len(warnings)} of {count} {what} do not fit the vocabulary; the first: {warnings[0]}"


def cells_of_part(
    core: _core.Tokenizer,
    part: Part,
    options: MappingOptions,
    num_threads: int,
    layer: str | None,
    obs_mask: Any,
    threshold: float,
    selection: RegionSelection | None = None,
) -> CellIds:
    """Return the ids of the cells of one AnnData, by the peaks that are selected."""
    adata = part.adata
    regions, keep = read_peaks(adata)
    if selection is not None and not selection.is_all:
        chosen = selection.mask(regions._core)
        if keep is None:
            keep = chosen
        else:
            keep = keep.copy()
            keep[keep] = chosen
        regions = regions[np.flatnonzero(chosen)]
    peaks = _core.PeakTokens(core, regions._core, options)
    rows = choose_cells(adata, obs_mask)
    offsets, values = gather(adata, layer, peaks, keep, rows, threshold, num_threads)
    names = adata.obs_names if part.names is None else part.names
    obs = adata.obs if part.obs is None else part.obs
    if hasattr(obs, "to_memory"):  # of anndata.experimental.read_lazy
        obs = obs.to_memory()
    names, obs = (names, obs.copy()) if rows is None else (names[rows], obs.iloc[rows].copy())
    report = core.report(regions._core, options)
    warning = anndata_warning(core, adata, report)
    return CellIds(values, offsets, names.astype(str).tolist(), report, warning, rows, metadata=obs)


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


class FragmentOptions(NamedTuple):
    """The keywords of ``Tokenizer.encode_fragments`` that choose fragments and cells."""

    barcodes: Iterable[str] | Mapping[str, Iterable[str]] | None
    min_fragments: int
    min_tokens: int
    max_tokens: int | None
    counting_strategy: str
    chroms: Iterable[str] | None
    region: str | None
    on_error: OnError
    exclude: RegionSet | None = None


def cells_of_fragments(
    core: _core.Tokenizer,
    paths: Any,
    options: MappingOptions,
    num_threads: int,
    names: Sequence[str] | None,
    choice: FragmentOptions,
    progress: bool | None = None,
    storage_options: StorageOptions = None,
) -> CellIds:
    """Return the ids of the cells of one fragment file or of several, named by their barcodes.

    Args and errors are those of ``Tokenizer.encode_fragments``.
    """
    single = isinstance(paths, (str, os.PathLike))
    if single or not isinstance(paths, Mapping):
        paths = source_paths(paths, storage_options)
        single = single and len(paths) == 1
    listed, given = split_parts(paths, names)
    texts = source_paths(listed, storage_options)
    if given is not None and len(texts) != len(given):
        raise ConfigError(
            f"path: {len(texts)} files match for {len(given)} names, expected one each"
        )
    if not texts:
        raise ConfigError("path: got no file, expected at least one")
    samples = fragment_sample_names(texts) if given is None else given
    wanted: list[Any]
    if isinstance(choice.barcodes, Mapping):
        if unknown := [name for name in choice.barcodes if name not in samples]:
            raise ConfigError(
                f"barcodes: {unknown[0]!r} is not a sample, expected: {', '.join(samples)}"
            )
        wanted = [choice.barcodes.get(sample) for sample in samples]
    else:
        barcodes = None if choice.barcodes is None else _names("barcodes", choice.barcodes)
        wanted = [barcodes] * len(texts)
    chroms = _names("chroms", choice.chroms)
    cells = []
    warnings = []
    jobs = list(zip(texts, samples, wanted, strict=True))
    for text, sample, barcodes in with_progress(jobs, progress):
        own = choice._replace(barcodes=barcodes, chroms=chroms)
        part = cells_of_file(core, text, options, num_threads, sample, own)
        if choice.on_error == "warn" and part.skipped_text is not None:
            warn_caller(f"{text}: {part.skipped_text}")
        if part.warning is not None:
            warnings.append(part.warning if single else f"{text}: {part.warning}")
        cells.append(part)
    if len(cells) == 1:
        return cells[0]
    together = join_cells(cells, samples)
    return together._replace(
        report=join_reports(core, cells, options.low_hit_rate),
        warning=_first_of(warnings, len(cells), "fragment files"),
    )


def cells_of_file(
    core: _core.Tokenizer,
    path: str,
    options: MappingOptions,
    num_threads: int,
    sample: str,
    choice: FragmentOptions,
) -> CellIds:
    """Return the ids of the cells of one fragment file; of ``skipped_text`` the caller warns."""
    counting_strategy, region = choice.counting_strategy, choice.region
    if counting_strategy not in COUNTING_STRATEGIES:
        raise ConfigError(
            f"counting_strategy is {counting_strategy!r}, expected 'fragment' or 'insertion'"
        )
    if region is not None and not (isinstance(region, str) and is_region_text(region)):
        raise ConfigError(f"region is {region!r}, expected a text like chr1:1000-2000")
    max_tokens = choice.max_tokens
    wanted = _names("barcodes", choice.barcodes)
    if path == "-":
        path = "/dev/stdin"
    with local_file(path) as file:
        result = _core.encode_fragments(
            core,
            file,
            options,
            counting_strategy=counting_strategy,
            barcodes=None if wanted is None else names_in_file(wanted, sample),
            chroms=_names("chroms", choice.chroms),
            region=region,
            exclude=None if choice.exclude is None else choice.exclude._core,
            min_fragments=check_at_least("min_fragments", choice.min_fragments, 0),
            min_tokens=check_at_least("min_tokens", choice.min_tokens, 0),
            max_tokens=None if max_tokens is None else check_at_least("max_tokens", max_tokens, 0),
            skip_bad_lines=check_on_error(choice.on_error) != "raise",
            num_threads=num_threads,
            text=None if region is None else _lines_by_index(file, region),
        )
    fragments, hits = result["fragments"], result["hits"]
    kept = np.zeros(len(result["barcodes"]), dtype=bool)
    kept[result["cells"]] = True
    lookups = np.full(len(kept), 2 if counting_strategy == "insertion" else 1, dtype=np.int64)
    barcode_stats = {
        "barcode": result["barcodes"],
        SAMPLE: constant_texts(sample, len(kept)),
        "fragments": fragments,
        "hits": hits,
        "kept": kept,
        "lookups": lookups,
    }
    cells = result["cells"]
    metadata = {
        SAMPLE: constant_texts(sample, len(cells)),
        "fragments": fragments[cells],
        "hits": hits[cells],
        "hit_rate": _hit_rate(hits[cells], (fragments * lookups)[cells]),
    }
    return CellIds(
        result["values"],
        result["offsets"],
        [result["barcodes"][i] for i in cells.tolist()],
        result["report"],
        fragments_warning(result, wanted, region),
        barcode_stats=barcode_stats,
        skipped_lines=result["skipped_lines"],
        metadata=metadata,
        skipped_text=result["skipped_text"],
    )


def _names(what: str, names: Any) -> list[str] | None:
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

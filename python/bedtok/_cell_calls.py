# SPDX-License-Identifier: BSD-2-Clause
"""The part of a tokenizer that takes many cells at once: AnnData and fragment files."""

from __future__ import annotations

import copy
import importlib.util
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from bedtok import _core
from bedtok._anndata import choose_cells, gather, is_anndata, read_peaks
from bedtok._calls import Calls
from bedtok._core import ConfigError, MappingOptions
from bedtok._inputs import as_texts, legal_path
from bedtok._options import MappingKeywords, merge_options
from bedtok._sequence import at_least, count_threads
from bedtok.cells import CellTokens
from bedtok.models import is_region_text

if TYPE_CHECKING:
    from typing_extensions import Unpack


class CellCalls(Calls):
    """AnnData and fragment files to tokens."""

    def encode_anndata(
        self,
        adata: Any,
        layer: str | None = None,
        obs_mask: Any = None,
        threshold: float = 0,
        key_added: str | None = None,
        num_threads: int | None = None,
        **options: Unpack[MappingKeywords],
    ) -> CellTokens:
        """Tokenize the cells of an AnnData of cells x peaks.

        The peaks are mapped once. A cell's ids are those that calling the tokenizer on its peaks
        gives, in the order in which the matrix has them: that of ``var``, unless the indices of a
        sparse matrix are not sorted.

        Args:
            adata: Its peaks are the columns chrom (chr, seqname), start and end of ``var``, or
                ``var_names`` such as ``chr1:1-2``, ``chr1-1-2`` or ``chr1_1_2``. Of 10x multiome
                features those of type Peaks are taken. The matrix may be sparse or dense, in
                memory, in a file (``backed="r"``) or of dask.
            layer: Take this layer in place of ``X``.
            obs_mask: Which cells: booleans, one a cell, or positions or names in the order wanted.
                None: all.
            threshold: A cell has the peaks whose values are above it.
            key_added: Also store the result in ``adata``: ``uns[key_added]`` gets ``values``,
                ``offsets``, ``names`` and the tokenizer's ``digest``, and
                ``obs[f"{key_added}_n_tokens"]`` how many tokens a cell has.
            num_threads: None: all processors that this process may use. The result does not
                depend on it.
            **options: Mapping options for this call; see ``MappingKeywords``.

        Returns:
            The ids of the cells, named by ``obs_names``.

        Raises:
            TypeError: ``adata`` is something else.
            Error: ``var`` has no regions, or the matrix is damaged.
            ConfigError: There is no such layer or cell, or an option is not allowed.
            VocabularyError: A peak of a cell hits nothing and ``on_miss`` is ``"error"``.
        """
        merged = merge_options(self._core.options, options, "encode_anndata", _ANNDATA_NAMES)
        threads = count_threads(num_threads)
        if not is_anndata(adata):
            raise TypeError(f"adata: expected an AnnData, not {type(adata).__name__}")
        if isinstance(threshold, bool) or not isinstance(threshold, (int, float, np.number)):
            raise TypeError(f"threshold: expected a number, not {type(threshold).__name__}")
        regions, keep = read_peaks(adata)
        peaks = _core.PeakTokens(self._core, regions._core, merged)
        rows = choose_cells(adata, obs_mask)
        offsets, values = gather(adata, layer, peaks, keep, rows, float(threshold), threads)
        names = adata.obs_names if rows is None else adata.obs_names[rows]
        cells = CellTokens(self, values, offsets, names.astype(str).tolist())
        if key_added is not None:
            adata.uns[key_added] = {
                "values": values,
                "offsets": offsets,
                "names": np.asarray(cells.names, dtype=object),
                "digest": self.digest,
            }
            counts = np.zeros(adata.n_obs, dtype=np.int64)
            counts[slice(None) if rows is None else rows] = cells.lengths
            adata.obs[f"{key_added}_n_tokens"] = counts
        return cells

    def encode_fragments(
        self,
        path: str | os.PathLike[str],
        *,
        barcodes: Iterable[str] | None = None,
        min_fragments: int = 0,
        min_tokens: int = 0,
        max_tokens: int | None = None,
        counting: Literal["fragment", "insertion"] = "fragment",
        chroms: Iterable[str] | None = None,
        region: str | None = None,
        num_threads: int | None = None,
        **options: Unpack[MappingKeywords],
    ) -> CellTokens:
        """Tokenize the cells of a fragment file in one pass.

        Memory beyond the result: 4 to 8 bytes a token until the end, some MB of text for each
        thread, and 100 to 200 bytes a barcode.

        Args:
            path: Plain, gzip or bgzip; ``"-"`` is standard input. Columns: chrom, start, end,
                barcode, and any that follow; ``#`` lines are passed over.
            barcodes: These cells alone, in this order; those that have no fragment are left out.
                None: all, in the order of first sight.
            min_fragments: Leave out cells with fewer fragments.
            min_tokens: Leave out cells with fewer tokens.
            max_tokens: Leave out cells with more tokens; None: none.
            counting: What is looked up of a fragment: the whole of it, or its two ends
                (``"insertion"``), one base pair each, where the transposase cut.
            chroms: Fragments on these chromosomes alone, by the file's names.
            region: Fragments that overlap this region alone, ``"chr1:1000-2000"``. Where a tabix
                index lies beside the file and pysam is installed, the rest is not read.
            num_threads: None: all processors that this process may use. The result does not
                depend on it.
            **options: Mapping options for this call; see ``MappingKeywords``. ``on_miss`` tells
                what a fragment (an insertion) gives that hits nothing, and is ``"drop"`` here
                unless it is given, whatever the tokenizer's own.

        Returns:
            The ids of the cells, named by their barcodes, in the order of the fragments; ``qc``
            tells fragments and hits of every barcode. A cell without a token is ``[unk]``.

        Raises:
            FileNotFoundError: There is no such file.
            ParseError: A line is no fragment, or the file is cut off; it names file and line.
            VocabularyError: A fragment hits nothing and ``on_miss`` is ``"error"``.
            ConfigError: An option has a value that is not allowed.
        """
        given = {"on_miss": "drop", **options}
        merged = merge_options(self._core.options, given, "encode_fragments", _FRAGMENT_NAMES)
        text = legal_path("/dev/stdin" if path == "-" else path)
        if counting not in ("fragment", "insertion"):
            raise ConfigError(f"counting is {counting!r}, expected 'fragment' or 'insertion'")
        if region is not None and not (isinstance(region, str) and is_region_text(region)):
            raise ConfigError(f"region is {region!r}, expected a text like chr1:1000-2000")
        found = _core.encode_fragments(
            self._core,
            text,
            merged,
            counting_strategy=counting,
            barcodes=_names("barcodes", barcodes),
            chroms=_names("chroms", chroms),
            region=region,
            min_fragments=at_least("min_fragments", min_fragments, 0),
            min_tokens=at_least("min_tokens", min_tokens, 0),
            max_tokens=None if max_tokens is None else at_least("max_tokens", max_tokens, 0),
            num_threads=count_threads(num_threads),
            text=None if region is None else _lines_by_index(text, region),
        )
        kept = np.zeros(len(found["barcodes"]), dtype=bool)
        kept[found["cells"]] = True
        seen = {
            "barcode": found["barcodes"],
            "fragments": found["fragments"],
            "hits": found["hits"],
            "kept": kept,
            "lookups": 2 if counting == "insertion" else 1,
        }
        names = [found["barcodes"][i] for i in found["cells"].tolist()]
        return CellTokens(self, found["values"], found["offsets"], names, seen)

    def _cells_of(self, adata: Any, options: MappingOptions) -> CellTokens:
        tokenizer = copy.copy(self)
        tokenizer._adopt(self._core.with_options(options, self._core.sequence_options), warn=False)
        return tokenizer.encode_anndata(adata)


_ANNDATA_NAMES = ("layer", "obs_mask", "threshold", "key_added", "num_threads")
_FRAGMENT_NAMES = (
    "barcodes",
    "min_fragments",
    "min_tokens",
    "max_tokens",
    "counting",
    "chroms",
    "region",
    "num_threads",
)


def _names(what: str, names: Iterable[str] | None) -> list[str] | None:
    if names is None:
        return None
    if isinstance(names, str):
        raise TypeError(f"{what}: expected a list of texts, got the text {names!r}")
    return list(dict.fromkeys(as_texts(list(names), what)))


def _lines_by_index(path: str, region: str) -> bytes | None:
    """Return the lines that overlap a region by the file's tabix index; None without either."""
    indexed = any(os.path.exists(path + suffix) for suffix in (".tbi", ".csi"))
    if not indexed or importlib.util.find_spec("pysam") is None:
        return None
    import pysam

    chrom, _, span = region.rpartition(":")
    start, _, end = span.partition("-")
    with pysam.TabixFile(path) as file:
        if chrom not in file.contigs:
            return b""
        lines = file.fetch(chrom, int(start), int(end))
        return "".join(f"{line}\n" for line in lines).encode()

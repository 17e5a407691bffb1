# SPDX-License-Identifier: BSD-2-Clause
"""Collections of BED files, or of files of cells, to a folder of tokens; a later run resumes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from bedtok import _core
from bedtok._checks import (
    OnError,
    check_at_least,
    check_on_error,
    count_threads,
    import_optional,
    warn_caller,
)
from bedtok._core import ConfigError, Error, MappingReport, ReportSum
from bedtok._files import (
    StorageOptions,
    StrPath,
    absolute_path,
    checked_path,
    look_up,
    sample_names,
    source_paths,
)
from bedtok._progress import progress_bar
from bedtok._regions.h5ad import is_hdf5, path_of_anndata
from bedtok._regions.region_set import RegionSet
from bedtok._regions.selection import RegionSelection
from bedtok._tokenization.cell_names import split_parts
from bedtok._tokenization.diagnosis import Misfit, collection_warning
from bedtok._tokenization.options import MappingKeywords, mapping_to_dict, merge_mapping
from bedtok.io.cell_choice import CellChoice
from bedtok.io.cell_tokens import CellTokenizer
from bedtok.io.engines import ENGINES, Engine, Pending, start_engine
from bedtok.io.entries import CellsEntry, Entries
from bedtok.io.gtok import gtok_paths
from bedtok.io.manifest import ROWS, GrowingManifest, folder_lock
from bedtok.io.provenance import vocabulary_fields
from bedtok.io.sample_tokens import FileTokenizer
from bedtok.io.token_folder import CellFolder, SampleFolder, Written
from bedtok.io.tokenized import Job, Tokenized, Work

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from bedtok.tokenizers import Tokenizer

FORMATS = ("parquet", "npz", "gtok")
CELLS_OF_A_SHARD = 2**16
_NAMES = (
    "output_dir",
    "format",
    "num_threads",
    "engine",
    "samples_per_shard",
    "strict",
    "on_error",
    "progress",
    "chroms",
    "exclude",
    "storage_options",
)
_CELL_NAMES = (
    *(name for name in _NAMES if name != "format"),
    *("names", "barcodes", "min_fragments", "min_tokens", "max_tokens", "counting_strategy"),
    *("layer", "threshold", "obs_columns"),
)


@dataclass
class TokenizedFiles:
    """The result of ``tokenize_files`` and ``tokenize_cells``; it prints as a summary.

    Attributes:
        output_dir: The folder.
        files: The files written in this run.
        samples: Each sample in the folder by its name: its file, and its regions, hits and tokens;
            of a file of cells also how many.
        skipped: Number of files whose samples an earlier run had written.
        failed: Files that could not be tokenized, with the reason.
        skipped_lines: Files of which lines were left out in this run, with how many.
        report: How well the samples that were tokenized in this run fit the vocabulary, together.
    """

    output_dir: str
    files: list[str] = field(default_factory=list)
    samples: Entries = field(default_factory=dict)
    skipped: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    skipped_lines: dict[str, int] = field(default_factory=dict)
    report: MappingReport | None = field(default=None, repr=False)

    @property
    def hit_rate(self) -> float:
        """Hits per region, over all samples, 0 to 1."""
        regions = sum(sample.regions for sample in self.samples.values())
        return sum(sample.hits for sample in self.samples.values()) / max(regions, 1)

    def __str__(self) -> str:
        tokens = sum(sample.tokens for sample in self.samples.values())
        cells = [s.cells for s in self.samples.values() if isinstance(s, CellsEntry)]
        rates = [s.hits / s.regions for s in self.samples.values() if s.regions]
        spread = f", {min(rates):.1%} to {max(rates):.1%} a sample" if rates else ""
        held = f"cells: {sum(cells)}, tokens: {tokens}" if cells else f"tokens: {tokens}"
        text = (
            f"{self.output_dir}: samples: {len(self.samples)} ({self.skipped} skipped), "
            f"{held}, hit rate {self.hit_rate:.1%}{spread}"
        )
        if self.failed:
            text += f"\nfailed: {len(self.failed)}"
            text += "".join(f"\n  {reason}" for reason in self.failed.values())
        return text


def tokenize_files(
    paths: Iterable[StrPath],
    tokenizer: Tokenizer,
    *,
    output_dir: StrPath,
    format: Literal["parquet", "npz", "gtok"] = "parquet",
    num_threads: int | None = None,
    engine: Literal["local", "ray"] = "local",
    samples_per_shard: int = 256,
    strict: bool = False,
    on_error: OnError = "raise",
    progress: bool | None = None,
    chroms: Iterable[str] | None = None,
    exclude: object = None,
    storage_options: StorageOptions = None,
    **options: Unpack[MappingKeywords],
) -> TokenizedFiles:
    """Tokenize BED files into a folder; a second run writes only missing and changed samples.

    A sample is its file's path and content: a changed file is tokenized again, and its old tokens
    are removed. One run at a time writes to a folder.

    Args:
        paths: BED files, read as ``RegionSet.from_bed`` reads them. Samples are named after their
            files, without directory and .bed/.gz; files that would share a name, with each
            other or with a sample in the folder, are named by their paths. URLs are downloaded by
            the thread or worker that tokenizes them; ``s3://bucket/*.bed.gz`` stands for what it
            matches, and ``s3://bucket/peaks/`` for the samples in it.
        tokenizer: Its template and mapping options apply, unless ``options`` override them.
        output_dir: A local folder, made when it is missing. Each file in it is written atomically.
        format: ``"parquet"``: shards with the columns ``sample`` and ``input_ids`` (lists of
            int32), compressed by zstd; ``"npz"``: shards with the arrays ``samples``, ``offsets``
            and ``values``; ``"gtok"``: one file per sample.
        num_threads: Of the engine ``"local"``; None: all processors that this process may use.
        engine: ``"local"``: threads of this process; ``"ray"``: workers of Ray, on the cluster that
            ``ray.init`` has connected to or that RAY_ADDRESS names, and otherwise on this machine.
            All must see the files under the same path. What is written is the same.
        samples_per_shard: Samples of a Parquet or npz shard, 1 or more.
        strict: Raise the error of the first bad file instead of continuing without it.
        on_error: What a line that is not BED does, as in ``RegionSet.from_bed``: ``"raise"``: its
            file is bad; ``"warn"`` and ``"skip"``: the line is left out and counted in the result's
            ``skipped_lines``.
        progress: Whether to show a progress bar; None: if standard error is a terminal. Needs tqdm.
        chroms: Only regions on these chromosomes, by the files' names; None: all.
        exclude: Regions, such as the path of a blacklist: those of a file that overlap one are left
            out.
        storage_options: Options of the file system of URLs, as in ``RegionSet.from_bed``; workers
            of Ray get them, too.
        **options: Mapping options; see ``MappingKeywords``.

    Returns:
        The summary. The folder's manifest holds the same, and the tokenizer's digest. One warning
        counts the samples of this run that do not fit the vocabulary, and names the worst.

    Raises:
        ConfigError: The folder holds tokens of another tokenizer, of other options or in another
            format, or a damaged file; or two samples would be written to one file.
        OSError: A file of the folder cannot be written.
        Error: A file is bad, with ``strict``; or another run writes to the folder.
        ImportError: The engine, or what the format needs, is not installed.
    """
    mapping = merge_mapping(tokenizer.options, options, "tokenize_files", _NAMES)
    if format not in FORMATS:
        raise ConfigError(f"format is {format!r}, expected one of: {', '.join(FORMATS)}")
    threads = _check_engine(engine, num_threads)
    if format == "parquet":
        import_optional("pyarrow.parquet", "format='parquet'")
    texts = _checked_paths(paths, storage_options)
    check_at_least("samples_per_shard", samples_per_shard, 1)
    check_on_error(on_error)
    path = Path(checked_path(output_dir))
    if format == "gtok":
        gtok_paths(path, sample_names(texts))  # refuses samples that would share a file
    selection = RegionSelection(chroms, exclude)
    tokenizer = tokenizer.with_options(**mapping_to_dict(mapping))
    digest = tokenizer.digest
    settings = {
        "format": format,
        "tokenizer_digest": digest if selection.is_all else f"{digest}-{selection.digest}",
    }
    return _run(
        SampleFolder(path, settings, samples_per_shard, vocabulary_fields(tokenizer)),
        texts,
        FileTokenizer(tokenizer, on_error != "raise", selection),
        engine,
        threads,
        strict=strict,
        warns=on_error == "warn",
        progress=progress,
    )


def tokenize_cells(
    paths: Iterable[StrPath] | Mapping[str, StrPath],
    tokenizer: Tokenizer,
    *,
    output_dir: StrPath,
    names: Sequence[str] | None = None,
    num_threads: int | None = None,
    engine: Literal["local", "ray"] = "local",
    samples_per_shard: int = CELLS_OF_A_SHARD,
    strict: bool = False,
    on_error: OnError = "raise",
    progress: bool | None = None,
    barcodes: Iterable[str] | Mapping[str, Iterable[str]] | None = None,
    min_fragments: int = 0,
    min_tokens: int = 0,
    max_tokens: int | None = None,
    counting_strategy: Literal["fragment", "insertion"] = "fragment",
    layer: str | None = None,
    threshold: float = 0,
    obs_columns: Iterable[str] | None = None,
    chroms: Iterable[str] | None = None,
    exclude: object = None,
    storage_options: StorageOptions = None,
    **options: Unpack[MappingKeywords],
) -> TokenizedFiles:
    """Tokenize the cells of fragment files and .h5ad files into a folder of Parquet shards.

    It is ``tokenize_files`` for cells: a second run writes only missing and changed files, and one
    run at a time writes to a folder. The rows are those of ``Tokenizer.encode_fragments`` and
    ``encode_anndata``, without all cells being in memory: a worker holds those of one file, of an
    .h5ad file at most ``samples_per_shard``.

    Args:
        paths: Fragment files, and .h5ad files, which are known by their content; or a dict of them
            by the names of their samples. Of an .h5ad file whose matrix is stored by rows, or
            dense, some cells are read at a time, and nothing but ``obs``, ``var`` and the matrix.
            An AnnData that was opened with ``backed="r"`` stands for its file. Fragment files may
            be URLs, as in ``tokenize_files``.
        tokenizer: Its mapping options apply, unless ``options`` override them.
        output_dir: A folder, made when it is missing. Each file in it is written atomically. A
            shard has the columns ``cell``, ``input_ids`` (lists of int32) and those of
            ``CellTokens.obs``: ``sample``, ``n_tokens``; of fragment files ``fragments``, ``hits``,
            ``hit_rate``; of .h5ad files those of their ``obs``. ``cell`` is ``donor1#AAAC-1``, the
            sample and the cell's own name, however many samples there are: more may come.
        names: The name of each file's sample. None: the file's name, without folder, ``.gz``,
            ``.tsv``, ``.fragments`` and ``.h5ad``; files that would share one are named by their
            paths. Without ``names`` cells of .h5ad files are of the sample ``obs["sample"]``, where
            it is there.
        num_threads: Of the engine ``"local"``; None: all processors that this process may use. As
            many files are tokenized at a time.
        engine: ``"local"`` or ``"ray"``, as in ``tokenize_files``. What is written is the same.
        samples_per_shard: The most cells of a shard, 1 or more. Each file has shards of its own.
        strict: Raise the error of the first bad file instead of continuing without it.
        on_error: What a line does that is not a fragment, as in ``tokenize_files``.
        progress: Whether to show a progress bar; None: if standard error is a terminal. Needs tqdm.
        barcodes: Only these cells, by their names with or without samples; or a dict of them by the
            names of the samples.
        min_fragments: Of fragment files leave out cells with fewer fragments.
        min_tokens: Leave out cells with fewer tokens.
        max_tokens: Leave out cells with more tokens; None: none.
        counting_strategy: What is mapped of a fragment, as in ``encode_fragments``.
        layer: Take this layer of .h5ad files in place of ``X``.
        threshold: A cell of an .h5ad file has the peaks whose values are above it.
        obs_columns: These columns of ``obs`` come along, empty where a file lacks one; None: all.
        chroms: Only fragments and peaks on these chromosomes, by the files' names; None: all.
        exclude: Regions, such as the path of a blacklist: fragments and peaks that overlap one are
            left out.
        storage_options: Options of the file system of URLs, as in ``RegionSet.from_bed``.
        **options: Mapping options; see ``MappingKeywords``. ``on_miss`` of fragments defaults to
            ``"drop"``, whatever the tokenizer's own.

    Returns:
        The summary; see ``tokenize_files``. A file of which no cell is left has no entry in
        ``samples``, and the next run reads it again.

    Raises:
        ConfigError: The folder holds rows that were made by other options or of BED files, or a
            damaged file; or two samples would have one name.
        OSError: A file of the folder cannot be written.
        Error: A file is bad, with ``strict``; or another run writes to the folder.
        ImportError: The engine, pyarrow, or for .h5ad files anndata, is not installed.
    """
    mapping = merge_mapping(tokenizer.options, options, "tokenize_cells", _CELL_NAMES)
    threads = _check_engine(engine, num_threads)
    import_optional("pyarrow.parquet", "tokenize_cells")
    if chroms is not None and not isinstance(chroms, str):
        chroms = list(chroms)  # it is read twice
    listed, given = split_parts(paths, names)
    texts = _checked_paths(map(path_of_anndata, listed), storage_options)
    if given is not None and len(texts) != len(given):
        raise ConfigError(
            f"paths: {len(texts)} files match for {len(given)} names, expected one each"
        )
    check_at_least("samples_per_shard", samples_per_shard, 1)
    selection = RegionSelection(chroms, exclude)
    if any(map(is_hdf5, texts)):
        import_optional("anndata", "reading .h5ad")
    tokenizer = tokenizer.with_options(**mapping_to_dict(mapping))
    choice = CellChoice.checked(
        barcodes=barcodes,
        min_fragments=min_fragments,
        min_tokens=min_tokens,
        max_tokens=max_tokens,
        counting_strategy=counting_strategy,
        layer=layer,
        threshold=threshold,
        obs_columns=obs_columns,
        on_miss=mapping.on_miss if "on_miss" in options else "drop",
        chroms=chroms,
        on_error=check_on_error(on_error),
    )
    digest = tokenizer.digest
    if not selection.is_all:
        digest = f"{digest}-{selection.digest}"
    settings = {"format": "parquet", "tokenizer_digest": digest, ROWS: "cells", **choice.settings()}
    samples = None if given is None else dict(zip(texts, given, strict=True))
    folder = CellFolder(
        Path(checked_path(output_dir)),
        settings,
        samples_per_shard,
        vocabulary_fields(tokenizer),
        samples,
        choice,
    )
    work = CellTokenizer(
        tokenizer,
        digest,
        choice,
        selection,
        names_given=given is not None,
        samples_per_shard=samples_per_shard,
    )
    return _run(
        folder,
        texts,
        work,
        engine,
        threads,
        strict=strict,
        warns=on_error == "warn",
        progress=progress,
    )


def _check_engine(engine: str, num_threads: int | None) -> int:
    """Return the number of threads, after checking that the engine takes one."""
    if engine not in ENGINES:
        raise ConfigError(f"engine is {engine!r}, expected one of: {', '.join(ENGINES)}")
    if engine != "local" and num_threads is not None:
        raise ConfigError(
            f"num_threads is {num_threads}, expected None with engine={engine!r}, which uses the "
            "processors of its cluster"
        )
    return count_threads(num_threads)


def _checked_paths(paths: Iterable[StrPath], storage_options: StorageOptions) -> list[str]:
    texts = source_paths(paths, storage_options)
    if repeated := len(texts) - len({absolute_path(text) for text in texts}):
        raise ConfigError(f"paths: {repeated} are given twice, expected each file once")
    return texts


def _run(
    folder: SampleFolder,
    texts: Sequence[str],
    work: Work,
    engine: str,
    threads: int,
    *,
    strict: bool,
    warns: bool,
    progress: bool | None,
) -> TokenizedFiles:
    """Tokenize what a folder lacks of files."""
    folder.path.mkdir(parents=True, exist_ok=True)
    tokenizer = work.tokenizer
    with folder_lock(folder.path):
        _core.remove_abandoned(folder.path)  # what a run that was killed left
        entries = folder.read()
        known = {entry.path for entry in entries.values()}
        plan = folder.plan(look_up(texts, known), entries)
        result = TokenizedFiles(str(folder.path), samples=entries, skipped=plan.skipped)
        folder.remove(entries, plan.changed)
        manifest = GrowingManifest(folder.path, folder.settings, entries, result.failed)
        manifest.write()
        fit = _Fit(tokenizer)
        jobs = folder.jobs(plan.missing)
        if engine == "local":
            work = work.with_threads(max(1, threads // max(len(jobs), 1)))
        with (
            start_engine(engine, work, threads, len(jobs)) as started,
            progress_bar(len(jobs), progress) as advance,
        ):

            def note(written: Written) -> None:
                if written.files:
                    result.files += written.files
                    entries.update(written.entries)
                    manifest.write_if_due()

            for job, result_of in _begun(started, jobs, folder.jobs_of_a_shard):
                try:
                    tokenized = result_of()
                except (Error, OSError) as error:
                    if strict:
                        raise
                    result.failed.setdefault(job.path, _reason(job.path, error))
                else:
                    fit.add(tokenized)
                    if tokenized.skipped.lines:
                        result.skipped_lines[job.path] = tokenized.skipped.lines
                    if tokenized.skipped.text is not None and warns:
                        warn_caller(f"{job.path}: {tokenized.skipped.text}")
                    note(folder.add(tokenized))
                advance()
            note(folder.flush())
        manifest.write()
    result.report = fit.total.report(tokenizer.options.low_hit_rate)
    done = len(plan.missing) - len(result.failed)
    warn_caller(collection_warning(str(folder.path), fit.misfits, done, result.report))
    return result


class _Fit:
    """How well the samples of a run fit the vocabulary."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.total = ReportSum(tokenizer.num_regions)
        self.misfits: list[Misfit] = []
        self._samples: set[str] = set()
        self._nothing = tokenizer._core.report(RegionSet([])._core, tokenizer.options)

    def add(self, result: Tokenized) -> None:
        """Add the result of a job; the peaks of an AnnData count once, not with each job."""
        ids = result.ids.astype(np.int64)
        if result.sample in self._samples:
            self.total.add(self._nothing, ids)
            return
        self._samples.add(result.sample)
        self.total.add(result.report, ids)
        if result.warning is not None:
            self.misfits.append(Misfit(result.report.hit_rate, result.sample, result.warning))


def _begun(engine: Engine, jobs: Sequence[Job], ahead: int) -> Iterator[tuple[Job, Pending]]:
    """Yield jobs in their order, while the engine works on the next ones, ``ahead`` at least."""
    begun: deque[tuple[Job, Pending]] = deque()
    for first in range(0, len(jobs), engine.jobs_per_task):
        part = jobs[first : first + engine.jobs_per_task]
        begun.extend(zip(part, engine.submit(part), strict=True))
        while len(begun) > max(engine.jobs_ahead, ahead):
            yield begun.popleft()
    while begun:
        yield begun.popleft()


def _reason(path: str, error: BaseException) -> str:
    if isinstance(error, OSError):
        return f"{path}: {error.strerror or error}"
    text = str(error)
    return text if text.startswith(path) else f"{path}: {text}"

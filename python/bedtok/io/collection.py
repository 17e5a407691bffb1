# SPDX-License-Identifier: BSD-2-Clause
"""Collections of BED files to a folder of tokens, with a manifest, resumable."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from bedtok import _core
from bedtok._checks import (
    OnError,
    check_at_least,
    check_on_error,
    count_threads,
    import_optional,
    is_unicode,
    warn_caller,
)
from bedtok._core import ConfigError, Error, MappingReport, ReportSum
from bedtok._files import (
    StorageOptions,
    StrPath,
    absolute_path,
    checked_path,
    file_exists,
    is_url,
    look_up,
    sample_names,
    source_paths,
)
from bedtok._progress import progress_bar
from bedtok._regions.selection import RegionSelection
from bedtok._tokenization.diagnosis import Misfit, collection_warning
from bedtok._tokenization.options import MappingKeywords, mapping_to_dict, merge_mapping
from bedtok.io.engines import ENGINES, Engine, Pending, start_engine
from bedtok.io.entries import Entries, SampleEntry, SourceFile
from bedtok.io.gtok import gtok_paths, write_tokens_to_gtok
from bedtok.io.manifest import GrowingManifest, folder_lock, read_manifest
from bedtok.io.sample_tokens import FileTokenizer
from bedtok.io.shards import SampleTokens, read_entries, remove_samples, write_shard

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from bedtok.tokenizers import Tokenizer

FORMATS = ("parquet", "npz", "gtok")
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


Shard = list[tuple[str, Pending]]


@dataclass
class TokenizedFiles:
    """The result of ``tokenize_files``; it prints as a summary.

    Attributes:
        output_dir: The folder.
        files: The files written in this run.
        samples: Each sample in the folder by its name: its file, and its regions, hits and tokens.
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
        rates = [s.hits / s.regions for s in self.samples.values() if s.regions]
        spread = f", {min(rates):.1%} to {max(rates):.1%} a sample" if rates else ""
        text = (
            f"{self.output_dir}: samples: {len(self.samples)} ({self.skipped} skipped), "
            f"tokens: {tokens}, hit rate {self.hit_rate:.1%}{spread}"
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
    if format == "parquet":
        import_optional("pyarrow.parquet", "format='parquet'")
    if engine not in ENGINES:
        raise ConfigError(f"engine is {engine!r}, expected one of: {', '.join(ENGINES)}")
    if engine != "local" and num_threads is not None:
        raise ConfigError(
            f"num_threads is {num_threads}, expected None with engine={engine!r}, which uses the "
            "processors of its cluster"
        )
    texts = source_paths(paths, storage_options)
    if repeated := len(texts) - len({absolute_path(text) for text in texts}):
        raise ConfigError(f"paths: {repeated} are given twice, expected each file once")
    check_at_least("samples_per_shard", samples_per_shard, 1)
    check_on_error(on_error)
    threads = count_threads(num_threads)
    folder = Path(checked_path(output_dir))
    if format == "gtok":
        gtok_paths(folder, sample_names(texts))  # refuses samples that would share a file
    folder.mkdir(parents=True, exist_ok=True)
    selection = RegionSelection(chroms, exclude)
    tokenizer = tokenizer.with_options(**mapping_to_dict(mapping))
    digest = tokenizer.digest
    settings = {
        "format": format,
        "tokenizer_digest": digest if selection.is_all else f"{digest}-{selection.digest}",
    }
    with folder_lock(folder):
        _core.remove_abandoned(folder)  # what a run that was killed left
        entries = _read_folder(folder, settings)
        plan = _plan(look_up(texts, {entry.path for entry in entries.values()}), entries)
        targets = [*(name for name in entries if name not in plan.changed), *plan.missing.values()]
        if format == "gtok":
            gtok_paths(folder, targets)  # and those that are there already
        elif format == "parquet":
            _check_unicode(targets)
        result = TokenizedFiles(str(folder), samples=entries, skipped=plan.skipped)
        _remove(folder, settings, entries, plan.changed)
        manifest = GrowingManifest(folder, settings, entries, result.failed)
        manifest.write()
        total = ReportSum(tokenizer.num_regions)
        misfits: list[Misfit] = []
        work = FileTokenizer(tokenizer, on_error != "raise", selection)
        with (
            start_engine(engine, work, threads) as started,
            progress_bar(len(plan.missing), progress) as advance,
        ):
            for shard in _shards(started, plan, samples_per_shard):
                done: list[SampleTokens] = []
                for text, result_of in shard:
                    try:
                        tokens, report, skipped = result_of()
                    except (Error, OSError) as error:
                        if strict:
                            raise
                        result.failed[text] = _reason(text, error)
                    else:
                        done.append(tokens)
                        total.add(report, tokens.input_ids.astype(np.int64))
                        if report.warning is not None:
                            misfits.append(Misfit(report.hit_rate, tokens.sample, report.warning))
                        if skipped.lines:
                            result.skipped_lines[text] = skipped.lines
                        if skipped.text is not None and on_error == "warn":
                            warn_caller(f"{text}: {skipped.text}")
                    advance()
                if done:
                    result.files += _write(folder, settings, done)
                    entries.update((sample.sample, sample.entry) for sample in done)
                    manifest.write_if_due()
        manifest.write()
    result.report = total.report(mapping.low_hit_rate)
    tokenized = len(plan.missing) - len(result.failed)
    warn_caller(collection_warning(str(folder), misfits, tokenized, result.report))
    return result


class Plan(NamedTuple):
    """The work of a run.

    Attributes:
        missing: Files to tokenize, with the names of their samples.
        changed: Samples in the folder whose files have another content now.
        skipped: Number of files whose samples are in the folder.
    """

    missing: dict[str, str]
    changed: set[str]
    skipped: int


def _plan(texts: Sequence[str], entries: Entries) -> Plan:
    """Compare files with the samples in a folder.

    A sample is its file's path and content. A new file whose name is taken is named by its path.
    """
    by_path = {entry.path: name for name, entry in entries.items()}
    changed: set[str] = set()
    new: list[str] = []
    skipped = 0
    missing: dict[str, str] = {}
    for text in texts:
        name = by_path.get(absolute_path(text))
        if name is None:
            new.append(text)
        elif _is_current(text, entries, name):
            skipped += 1
        else:
            changed.add(name)
            missing[text] = name
    taken = set(entries)
    for text, name in zip(new, sample_names(new), strict=True):
        if name in taken and _was_moved(text, entries.get(name)):
            skipped += 1
            continue
        if name in taken:
            name = str(text)
        if name in taken:
            # A new file may have it as its short name, so it need not be among the entries.
            raise ConfigError(
                f"{text}: another sample has this name, expected distinct names; rename the file, "
                "or choose another folder"
            )
        taken.add(name)
        missing[text] = name
    # In the order given, which is that of the rows.
    return Plan({text: missing[text] for text in texts if text in missing}, changed, skipped)


def _check_unicode(names: Iterable[str]) -> None:
    for name in names:
        if not is_unicode(name):
            raise ConfigError(
                f"{name!a}: the sample's name is not UTF-8, which Parquet needs; rename the file, "
                "or use format='npz'"
            )


def _was_moved(text: str, entry: SampleEntry | None) -> bool:
    """Return whether a sample's file is gone and ``text`` has its content."""
    if entry is None or file_exists(entry.path) or is_url(text):
        return False
    try:
        return os.path.getsize(text) == entry.size and SourceFile.of(text).digest == entry.digest
    except OSError:
        return False


def _is_current(text: str, entries: Entries, name: str) -> bool:
    """Return whether a file has the content that its sample was made from."""
    try:
        return entries[name].source.is_current(text)
    except OSError:
        return True  # it is gone, and its tokens stay


def _remove(folder: Path, settings: dict[str, str], entries: Entries, names: set[str]) -> None:
    """Remove samples from the shards, before their files are tokenized again.

    A run that ends in between leaves them missing, and the next one writes them.
    """
    if settings["format"] != "gtok":
        for path, held in read_entries(folder, settings["format"]).items():
            if names & set(held):
                remove_samples(path, names, held, settings["tokenizer_digest"])
    for name in names:
        del entries[name]


def _write(folder: Path, settings: dict[str, str], samples: list[SampleTokens]) -> list[str]:
    """Write samples, and return the files."""
    if settings["format"] != "gtok":
        return [write_shard(folder, settings["format"], samples, settings["tokenizer_digest"])]
    paths = gtok_paths(folder, [sample.sample for sample in samples])
    for path, sample in zip(paths, samples, strict=True):
        write_tokens_to_gtok(path, sample.input_ids)
    return [str(path) for path in paths]


def _shards(engine: Engine, plan: Plan, size: int) -> Iterator[Shard]:
    """Yield the files shard by shard, while the engine works on the next ones."""
    ahead: deque[Shard] = deque()
    files = [(name, text) for text, name in plan.missing.items()]
    shards_ahead = -(-engine.files_ahead // size)
    for first in range(0, len(files), size):
        part = files[first : first + size]
        pending = engine.submit(part)
        ahead.append([(text, result) for (_, text), result in zip(part, pending, strict=True)])
        if len(ahead) > shards_ahead:
            yield ahead.popleft()
    yield from ahead


def _reason(path: str, error: BaseException) -> str:
    if isinstance(error, OSError):
        return f"{path}: {error.strerror or error}"
    text = str(error)
    return text if text.startswith(path) else f"{path}: {text}"


def _read_folder(folder: Path, settings: dict[str, str]) -> Entries:
    """Return the samples of earlier runs, which must have had the same settings."""
    entries = read_manifest(folder, settings)
    if entries is None:
        if any(folder.glob("part-*")) or any(folder.glob("*.gtok")):
            raise ConfigError(f"{folder}: holds tokens and no manifest, expected a new folder")
        return {}
    if settings["format"] == "gtok":
        # Only the manifest knows the samples: a file that it does not list is written again.
        return entries
    # The shards themselves are what counts: a run may have ended between one and its manifest.
    return {
        name: entry
        for held in read_entries(folder, settings["format"]).values()
        for name, entry in held.items()
    }

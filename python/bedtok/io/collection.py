# SPDX-License-Identifier: BSD-2-Clause
"""Collections of BED files to a folder of tokens, with a manifest, resumable."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from bedtok import _core
from bedtok._checks import check_at_least, count_threads, import_optional
from bedtok._core import ConfigError, Error, MappingOptions
from bedtok._files import StrPath, atomic_write, checked_path, sample_names
from bedtok._tokenization.options import MappingKeywords, mapping_to_dict, merge_mapping
from bedtok.io.gtok import gtok_paths, write_tokens_to_gtok
from bedtok.io.shards import SampleTokens, read_shard_counts, write_shard

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from bedtok.tokenizers import Tokenizer

MANIFEST = "_manifest.json"  # readers of Parquet datasets skip names that begin with "_"
FORMATS = ("parquet", "npz", "gtok")
_NAMES = ("output_dir", "format", "num_threads", "samples_per_shard", "strict", "progress")

Counts = dict[str, dict[str, int]]  # regions, hits and tokens of each sample, by its name
Shard = list[tuple[str, "Future[SampleTokens]"]]


@dataclass
class TokenizedFiles:
    """The result of ``tokenize_files``; it prints as a summary.

    Attributes:
        output_dir: The folder.
        files: The files written in this run.
        samples: Regions, hits and tokens of each sample in the folder, by its name.
        skipped: Number of samples that an earlier run had written.
        failed: Files that could not be tokenized, with the reason.
    """

    output_dir: str
    files: list[str] = field(default_factory=list)
    samples: Counts = field(default_factory=dict)
    skipped: int = 0
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def hit_rate(self) -> float:
        """Hits per region, over all samples, 0 to 1."""
        regions = sum(sample["regions"] for sample in self.samples.values())
        return sum(sample["hits"] for sample in self.samples.values()) / max(regions, 1)

    def __str__(self) -> str:
        tokens = sum(sample["tokens"] for sample in self.samples.values())
        rates = [s["hits"] / s["regions"] for s in self.samples.values() if s["regions"]]
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
    samples_per_shard: int = 256,
    strict: bool = False,
    progress: bool | None = None,
    **options: Unpack[MappingKeywords],
) -> TokenizedFiles:
    """Tokenize BED files into a folder; a second run writes only the missing samples.

    Args:
        paths: BED files, read as ``RegionSet.from_bed`` reads them. Samples are named after their
            files, without directory and .bed/.gz; files that would share a name are named by
            their paths.
        tokenizer: Its template and mapping options apply, unless ``options`` override them.
        output_dir: A folder, made when it is missing. Each file in it is written atomically.
        format: ``"parquet"``: shards with the columns ``sample`` and ``input_ids`` (lists of
            int32), compressed by zstd; ``"npz"``: shards with the arrays ``samples``, ``offsets``
            and ``values``; ``"gtok"``: one file per sample.
        num_threads: None: all processors that this process may use.
        samples_per_shard: Samples of a Parquet or npz shard, 1 or more.
        strict: Raise the error of the first bad file instead of continuing without it.
        progress: Whether to show a progress bar; None: if standard error is a terminal. Needs tqdm.
        **options: Mapping options; see ``MappingKeywords``.

    Returns:
        The summary; ``_manifest.json`` in the folder holds the same, and the tokenizer's digest.

    Raises:
        ConfigError: The folder holds tokens of another tokenizer, of other options or in another
            format; or two samples would be written to one file.
        OSError: A file of the folder cannot be written.
        Error: A file is bad, with ``strict``.
    """
    mapping = merge_mapping(tokenizer.options, options, "tokenize_files", _NAMES)
    if format not in FORMATS:
        raise ConfigError(f"format is {format!r}, expected one of: {', '.join(FORMATS)}")
    if format == "parquet":
        import_optional("pyarrow.parquet", "format='parquet'")
    texts = [checked_path(path) for path in paths]
    if repeated := len(texts) - len(set(texts)):
        raise ConfigError(f"paths: {repeated} are given twice, expected each file once")
    check_at_least("samples_per_shard", samples_per_shard, 1)
    threads = count_threads(num_threads)
    folder = Path(checked_path(output_dir))
    names = sample_names(texts)
    if format == "gtok":
        gtok_paths(folder, names)  # refuses names that would share a file
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "format": format,
        "tokenizer_digest": tokenizer.with_options(**mapping_to_dict(mapping)).digest,
    }
    result = TokenizedFiles(str(folder), samples=_read_manifest(folder, settings))
    result.skipped = len(result.samples)
    _write_manifest(folder, settings, result)

    missing = [pair for pair in zip(names, texts, strict=True) if pair[0] not in result.samples]
    with ThreadPoolExecutor(threads) as pool, _progress_bar(len(missing), progress) as advance:
        for shard in _shards(pool, tokenizer._core, mapping, missing, samples_per_shard):
            done: list[SampleTokens] = []
            for text, future in shard:
                try:
                    done.append(future.result())
                except (Error, OSError) as error:
                    if strict:
                        pool.shutdown(cancel_futures=True)
                        raise
                    result.failed[text] = _reason(text, error)
                advance()
            if done:
                result.files += _write(folder, format, done, settings["tokenizer_digest"])
                result.samples.update((sample.sample, sample.counts()) for sample in done)
                _write_manifest(folder, settings, result)
    _write_manifest(folder, settings, result)
    return result


def _write(folder: Path, format: str, samples: Sequence[SampleTokens], digest: str) -> list[str]:
    """Write samples, and return the files."""
    if format != "gtok":
        return [write_shard(folder, format, samples, digest)]
    paths = gtok_paths(folder, [sample.sample for sample in samples])
    for path, sample in zip(paths, samples, strict=True):
        write_tokens_to_gtok(path, sample.input_ids)
    return [str(path) for path in paths]


def _shards(
    pool: ThreadPoolExecutor,
    core: _core.Tokenizer,
    options: MappingOptions,
    files: Sequence[tuple[str, str]],
    size: int,
) -> Iterator[Shard]:
    """Yield the files shard by shard, one shard behind what the threads work on."""
    ahead: Shard | None = None
    for first in range(0, len(files), size):
        shard = [
            (text, pool.submit(_tokenize, core, options, name, text))
            for name, text in files[first : first + size]
        ]
        if ahead is not None:
            yield ahead
        ahead = shard
    if ahead is not None:
        yield ahead


def _tokenize(core: _core.Tokenizer, options: MappingOptions, name: str, path: str) -> SampleTokens:
    # Both calls release the GIL.
    regions = _core.RegionSet.from_bed(path)
    (encoding,) = core.encode_batch([regions], options).encodings
    return SampleTokens(name, encoding.input_ids.astype(np.int32), len(regions), encoding.hits)


def _reason(path: str, error: BaseException) -> str:
    if isinstance(error, OSError):
        return f"{path}: {error.strerror or error}"
    text = str(error)
    return text if text.startswith(path) else f"{path}: {text}"


# ---- the manifest


def _read_manifest(folder: Path, settings: dict[str, str]) -> Counts:
    """Return the samples of an earlier run, which must have had the same settings."""
    manifest = folder / MANIFEST
    if not manifest.exists():
        if any(folder.glob("part-*")) or any(folder.glob("*.gtok")):
            raise ConfigError(f"{folder}: holds tokens and no {MANIFEST}, expected a new folder")
        return {}
    try:
        saved = json.loads(manifest.read_text("utf-8"))
        saved_settings = {name: saved[name] for name in settings}
        samples: Counts = dict(saved["samples"])
    except (ValueError, KeyError, TypeError):
        raise ConfigError(
            f"{manifest}: is not a manifest of tokens, expected a new folder"
        ) from None
    for name, value in settings.items():
        if saved_settings[name] != value:
            raise ConfigError(
                f"{folder}: holds tokens with {name} {saved_settings[name]!r}, not {value!r}; "
                "choose another folder, or the tokenizer and options that were used there"
            )
    # A run may have ended between a shard and its manifest. Of .gtok files only the manifest
    # knows the samples: one that it does not list is written again.
    if settings["format"] != "gtok":
        samples.update(read_shard_counts(folder, settings["format"]))
    return samples


def _write_manifest(folder: Path, settings: dict[str, str], result: TokenizedFiles) -> None:
    content = {**settings, "samples": result.samples, "failed": result.failed}
    with atomic_write(folder / MANIFEST) as temporary:
        Path(temporary).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


@contextlib.contextmanager
def _progress_bar(total: int, progress: bool | None) -> Iterator[Any]:
    """Yield a function to call after each file, which advances a progress bar if one is shown."""
    shown = sys.stderr.isatty() if progress is None else progress
    if not shown:
        yield lambda: None
        return
    try:
        from tqdm import tqdm
    except ImportError:
        if progress:
            raise ImportError("progress=True needs tqdm: pip install tqdm") from None
        yield lambda: None
        return
    with tqdm(total=total, unit="file") as bar:
        yield bar.update

# SPDX-License-Identifier: BSD-2-Clause
"""Collections of BED files to files of tokens."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from bedtok import _core
from bedtok._core import ConfigError, Error, MappingOptions
from bedtok._inputs import legal_path
from bedtok._optional import need
from bedtok._options import MappingKeywords, merge_options, options_to_dict
from bedtok._replacing import replacing
from bedtok._sample_names import sample_names
from bedtok._sequence import at_least, count_threads
from bedtok.utils import write_tokens_to_gtok

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from bedtok.tokenizers import Tokenizer

Form = Literal["parquet", "npz", "gtok"]
Int32s = npt.NDArray[np.int32]

MANIFEST = "manifest.json"
_SAMPLES_OF_A_GROUP = 64  # of a Parquet row group: some MB, which readers stream
_KEY = b"bedtok"  # of a shard's metadata


class SampleTokens(NamedTuple):
    """One file's tokens.

    Attributes:
        sample: Its name.
        input_ids: int32, shape (tokens,).
        regions: How many regions it has.
        hits: How many of them hit the vocabulary.
    """

    sample: str
    input_ids: Int32s
    regions: int
    hits: int


@dataclass
class TokenizedFiles:
    """What ``tokenize_files`` did; it prints as a summary.

    Attributes:
        out: The folder.
        files: The files written in this run.
        samples: Regions, hits and tokens of each sample in the folder, by its name.
        done_before: How many of them an earlier run had done.
        failed: Files that could not be tokenized, with the reason.
    """

    out: str
    files: list[str] = field(default_factory=list)
    samples: dict[str, dict[str, int]] = field(default_factory=dict)
    done_before: int = 0
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def hit_rate(self) -> float:
        """Hits for each region, over all samples, 0 to 1."""
        regions = sum(sample["regions"] for sample in self.samples.values())
        return sum(sample["hits"] for sample in self.samples.values()) / max(regions, 1)

    def __str__(self) -> str:
        tokens = sum(sample["tokens"] for sample in self.samples.values())
        rates = [s["hits"] / s["regions"] for s in self.samples.values() if s["regions"]]
        spread = f", {min(rates):.1%} to {max(rates):.1%} a sample" if rates else ""
        text = (
            f"{self.out}: samples: {len(self.samples)} ({self.done_before} were there), "
            f"tokens: {tokens}, hit rate {self.hit_rate:.1%}{spread}"
        )
        if self.failed:
            text += f"\nfailed: {len(self.failed)}"
            text += "".join(f"\n  {reason}" for reason in self.failed.values())
        return text


def tokenize_files(
    paths: Iterable[str | os.PathLike[str]],
    tokenizer: Tokenizer,
    *,
    out: str | os.PathLike[str],
    form: Form = "parquet",
    num_workers: int | None = None,
    files_per_shard: int = 256,
    strict: bool = False,
    progress: bool | None = None,
    **options: Unpack[MappingKeywords],
) -> TokenizedFiles:
    """Tokenize BED files into a folder; a second run does what is missing.

    Args:
        paths: BED files, read as ``RegionSet.from_bed`` reads them. A sample is called as its file
            without folder, .bed and .gz; where two would be called alike, by their paths.
        tokenizer: Its template holds, and its mapping options unless others are given.
        out: A folder, made when it is missing. Each file in it gets its name when it is complete.
        form: ``"parquet"``: shards with the columns ``sample`` and ``input_ids`` (lists of int32),
            compressed by zstd; ``"npz"``: shards with the arrays ``samples``, ``offsets`` and
            ``values``; ``"gtok"``: a file a sample.
        num_workers: Threads. None: all processors that this process may use.
        files_per_shard: Samples of a shard.
        strict: Raise the error of the first bad file instead of going on without it.
        progress: Whether to show a bar; None: where standard error is a terminal. Needs tqdm.
        **options: Mapping options; see ``MappingKeywords``.

    Returns:
        What was done; ``manifest.json`` in the folder says the same, with the digest of the
        tokenizer.

    Raises:
        ConfigError: The folder holds tokens of another tokenizer, of other options or in another
            form.
        OSError: A file of the folder cannot be written.
        Error: A file is bad, with ``strict``.
    """
    merged = merge_options(tokenizer.options, options, "tokenize_files", _NAMES)
    if form not in _WRITERS:
        raise ConfigError(f"form is {form!r}, expected one of: {', '.join(_WRITERS)}")
    if form == "parquet":
        need("pyarrow.parquet", "form='parquet'")
    texts = [legal_path(path) for path in paths]
    if repeated := len(texts) - len(set(texts)):
        raise ConfigError(f"paths: {repeated} are given twice, expected each file once")
    at_least("files_per_shard", files_per_shard, 1)
    workers = count_threads(num_workers)
    folder = Path(legal_path(out))
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "form": form,
        "tokenizer_digest": tokenizer.with_options(**options_to_dict(merged)).digest,
    }
    result = TokenizedFiles(str(folder), samples=_found(folder, settings))
    result.done_before = len(result.samples)
    _write_manifest(folder, settings, result)

    missing = [
        (name, text)
        for name, text in zip(sample_names(texts), texts, strict=True)
        if name not in result.samples
    ]
    write = _WRITERS[form]
    core = tokenizer._core
    with ThreadPoolExecutor(workers) as pool, _bar(len(missing), progress) as bar:
        for shard in _shards(pool, core, merged, missing, files_per_shard):
            done: list[SampleTokens] = []
            for text, future in shard:
                try:
                    done.append(future.result())
                except (Error, OSError) as error:
                    if strict:
                        pool.shutdown(cancel_futures=True)
                        raise
                    result.failed[text] = _reason(text, error)
                bar()
            if done:
                result.files += write(folder, done, settings["tokenizer_digest"])
                for sample in done:
                    result.samples[sample.sample] = {
                        "regions": sample.regions,
                        "hits": sample.hits,
                        "tokens": len(sample.input_ids),
                    }
                _write_manifest(folder, settings, result)
    _write_manifest(folder, settings, result)
    return result


_NAMES = ("out", "form", "num_workers", "files_per_shard", "strict", "progress")

Shard = list[tuple[str, "Future[SampleTokens]"]]


def _shards(
    pool: ThreadPoolExecutor,
    core: _core.Tokenizer,
    options: MappingOptions,
    files: Sequence[tuple[str, str]],
    size: int,
) -> Iterator[Shard]:
    """Yield the files shard by shard, while the workers are at the next one already."""
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
    # Both calls work without Python's lock.
    regions = _core.RegionSet.from_bed(path)
    (encoding,) = core.encode_batch([regions], options).encodings
    return SampleTokens(name, encoding.input_ids.astype(np.int32), len(regions), encoding.hits)


def _reason(path: str, error: BaseException) -> str:
    if isinstance(error, OSError):
        return f"{path}: {error.strerror or error}"
    text = str(error)
    return text if text.startswith(path) else f"{path}: {text}"


# ---- the folder


def _found(folder: Path, settings: dict[str, str]) -> dict[str, dict[str, int]]:
    """Return what an earlier run left, which must have had the same settings."""
    manifest = folder / MANIFEST
    if not manifest.exists():
        if any(folder.glob("part-*")) or any(folder.glob("*.gtok")):
            raise ConfigError(f"{folder}: holds tokens and no {MANIFEST}, expected a new folder")
        return {}
    try:
        saved = json.loads(manifest.read_text("utf-8"))
        before = {name: saved[name] for name in settings}
        samples: dict[str, dict[str, int]] = dict(saved["samples"])
    except (ValueError, KeyError, TypeError):
        raise ConfigError(
            f"{manifest}: is not a manifest of tokens, expected a new folder"
        ) from None
    for name, value in settings.items():
        if before[name] != value:
            raise ConfigError(
                f"{folder}: holds tokens with {name} {before[name]!r}, not {value!r}; choose "
                "another folder, or the tokenizer and options that were used there"
            )
    # A shard may have been finished right before its manifest would have been.
    samples.update(_READERS[settings["form"]](folder))
    return samples


def _write_manifest(folder: Path, settings: dict[str, str], result: TokenizedFiles) -> None:
    content = {**settings, "samples": result.samples, "failed": result.failed}
    with replacing(str(folder / MANIFEST)) as temporary:
        Path(temporary).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _next_part(folder: Path, suffix: str) -> str:
    numbers = [int(path.name[5:10]) for path in folder.glob(f"part-?????.{suffix}")]
    return str(folder / f"part-{max(numbers, default=-1) + 1:05d}.{suffix}")


def _stats(samples: Sequence[SampleTokens]) -> dict[str, dict[str, int]]:
    return {
        s.sample: {"regions": s.regions, "hits": s.hits, "tokens": len(s.input_ids)}
        for s in samples
    }


def _write_parquet(folder: Path, samples: list[SampleTokens], digest: str) -> list[str]:
    pa = need("pyarrow", "form='parquet'")
    pq = need("pyarrow.parquet", "form='parquet'")
    about = json.dumps({"tokenizer_digest": digest, "samples": _stats(samples)})
    schema = pa.schema(
        [("sample", pa.string()), ("input_ids", pa.list_(pa.int32()))], metadata={_KEY: about}
    )
    offsets = np.cumsum([0, *(len(s.input_ids) for s in samples)])
    values = pa.array(np.concatenate([s.input_ids for s in samples]))
    ids = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values, type=schema.field(1).type)
    table = pa.table([pa.array([s.sample for s in samples]), ids], schema=schema)
    path = _next_part(folder, "parquet")
    with replacing(path) as temporary:
        pq.write_table(
            table,
            temporary,
            row_group_size=_SAMPLES_OF_A_GROUP,
            compression="zstd",
            compression_level=1,
            use_dictionary=False,
            # Ids rise for the most part: their differences are small.
            column_encoding={"input_ids.list.element": "DELTA_BINARY_PACKED"},
            write_statistics=["sample"],
        )
    return [path]


def _read_parquet(folder: Path) -> dict[str, dict[str, int]]:
    pq = need("pyarrow.parquet", "form='parquet'")
    found: dict[str, dict[str, int]] = {}
    for path in sorted(folder.glob("part-?????.parquet")):
        found.update(json.loads(pq.read_schema(path).metadata[_KEY])["samples"])
    return found


def _write_npz(folder: Path, samples: list[SampleTokens], digest: str) -> list[str]:
    path = _next_part(folder, "npz")
    with replacing(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(
            file,
            samples=np.array([s.sample for s in samples]),
            offsets=np.cumsum([0, *(len(s.input_ids) for s in samples)]),
            values=np.concatenate([s.input_ids for s in samples]),
            regions=np.array([s.regions for s in samples]),
            hits=np.array([s.hits for s in samples]),
            tokenizer_digest=np.array(digest),
        )
    return [path]


def _read_npz(folder: Path) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for path in sorted(folder.glob("part-?????.npz")):
        with np.load(path) as shard:
            columns = [shard[name].tolist() for name in ("samples", "regions", "hits", "offsets")]
        for name, regions, hits, first, last in zip(*columns, columns[3][1:], strict=False):
            found[name] = {"regions": regions, "hits": hits, "tokens": last - first}
    return found


def _write_gtok(folder: Path, samples: list[SampleTokens], digest: str) -> list[str]:
    paths = [str(folder / f"{sample.sample.replace(os.sep, '_')}.gtok") for sample in samples]
    for path, sample in zip(paths, samples, strict=True):
        write_tokens_to_gtok(path, sample.input_ids)
    return paths


_WRITERS = {"parquet": _write_parquet, "npz": _write_npz, "gtok": _write_gtok}
# Of .gtok files the manifest alone tells: one that it does not know is written again.
_READERS: dict[str, Callable[[Path], dict[str, dict[str, int]]]] = {
    "parquet": _read_parquet,
    "npz": _read_npz,
    "gtok": lambda folder: {},
}


@contextlib.contextmanager
def _bar(total: int, progress: bool | None) -> Iterator[Any]:
    """Give what is called after each file; it moves a bar where one is wanted."""
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

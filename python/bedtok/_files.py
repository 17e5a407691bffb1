# SPDX-License-Identifier: BSD-2-Clause
"""Paths and URLs, files written atomically, TOML, and the names of samples that come from files."""

from __future__ import annotations

import contextlib
import difflib
import errno
import os
import re
import shutil
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from bedtok._core import ConfigError, Error, ParseError, temporary_suffix

StrPath = str | os.PathLike[str]

# A name that ends so is a file's, never a model's on the Hub.
FILE_SUFFIXES = (".bed", ".gz", ".bgz", ".toml", ".narrowpeak", ".broadpeak", ".gappedpeak")
# Files of a folder that are samples, plain or compressed.
SAMPLE_SUFFIXES = (".bed", ".narrowpeak", ".broadpeak", ".gappedpeak", ".tsv", ".h5ad")
_SUFFIXES = ((".gz", ".bgz"), (".bed", ".narrowpeak", ".broadpeak", ".gappedpeak"))

# Options of fsspec for URLs, under pandas' name.
StorageOptions = Mapping[str, Any] | None

# s3://b/x, simplecache::s3://b/x; not C:/x.
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+(?:::|://)")
# What pathlib makes of s3://b/x.
_BROKEN_URL = re.compile(r"(?:s3a?|gs|gcs|https?|abfss?|az|memory|hf|ftp|sftp):/[^/]")


def is_url(path: object) -> bool:
    """Return whether a path is a URL that bedtok downloads; ``file:`` is none."""
    return (
        isinstance(path, str)
        and "://" in path
        and _URL.match(path) is not None
        and not path.startswith("file://")
    )


def checked_path(path: StrPath) -> str:
    """Return the path of a local file or folder as text.

    Raises:
        TypeError: It is neither a ``str`` nor ``PathLike``.
        Error: It holds NUL, or characters that no file name can have.
        ConfigError: It is a URL.
    """
    text = source_path(path)
    if is_url(text):
        raise ConfigError(
            f"{text}: is a URL, expected a local path here; copy what is read before the call, or "
            "what is written after it, as by 'aws s3 sync', 'gcloud storage rsync' or fsspec"
        )
    return text


def source_path(path: StrPath, storage_options: StorageOptions = None) -> str:
    """Return a path or URL as text; that of a URL has no credentials, which it holds beside it.

    Args:
        path: A local path, or a URL; ``file:///a`` is the local path ``/a``.
        storage_options: Options of the URL's file system; local paths have none.

    Raises:
        TypeError: It is neither a ``str`` nor ``PathLike``.
        Error: It holds NUL, or characters that no file name can have.
        ConfigError: It is a URL that went through pathlib.
    """
    if type(path) is not str and is_url(path):
        return path  # type: ignore[return-value]  # has been checked
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"path: expected str or PathLike, not {type(path).__name__}")
    text = os.fspath(path)
    try:
        encoded = os.fsencode(text)
    except UnicodeEncodeError:
        encoded = b"\0"
    if b"\0" in encoded or not isinstance(text, str):
        raise Error(f"path {text!r}: expected a legal file name")
    if ":/" in text:
        return _of_url(text, storage_options)
    return text


def source_paths(
    paths: StrPath | Iterable[StrPath],
    storage_options: StorageOptions = None,
    suffixes: tuple[str, ...] = SAMPLE_SUFFIXES,
) -> list[str]:
    """Return paths and URLs as texts; a pattern such as ``s3://b/*.bed`` becomes what it matches.

    A URL of a folder, which ends in a slash, becomes the files in it that end as ``suffixes``,
    compressed or not.

    Raises:
        TypeError, Error, ConfigError: As ``source_path``.
        OSError: A URL cannot be listed.
        ConfigError: A pattern or folder has no file.
    """
    if isinstance(paths, (str, os.PathLike)):
        paths = [paths]
    texts: list[str] = []
    for path in paths:
        text = source_path(path, storage_options)
        if is_url(text):
            from bedtok._remote.files import find

            texts += find(text, suffixes)  # type: ignore[arg-type]
        else:
            texts.append(text)
    return texts


def _of_url(text: str, storage_options: StorageOptions) -> str:
    """Return what a text with a protocol names."""
    if text.startswith("file://"):
        from urllib.parse import urlsplit
        from urllib.request import url2pathname

        parts = urlsplit(text)
        if parts.netloc not in ("", "localhost"):
            raise ConfigError(f"{text}: names another computer, expected file:///path")
        return url2pathname(parts.path)
    if is_url(text):
        from bedtok._remote.url import Url

        if storage_options is not None and not isinstance(storage_options, Mapping):
            kind = type(storage_options).__name__
            raise TypeError(f"storage_options: expected a dict or None, not {kind}")
        return Url(text, storage_options)
    if _BROKEN_URL.match(text) and not os.path.exists(text):
        raise ConfigError(
            f"{text}: was a URL before pathlib took a slash out of it, expected a str"
        )
    return text


def local_file(path: str) -> AbstractContextManager[str]:
    """Return a context that yields the local path of a file: a URL is downloaded for the block.

    The copy is removed when the block ends. Errors of the block name the URL.
    """
    if not is_url(path):
        return nullcontext(path)
    from bedtok._remote.files import local_copy

    return local_copy(source_path(path))  # type: ignore[arg-type]


def read_head(path: str, size: int) -> bytes:
    """Return the first bytes of a file, at most ``size``; of a URL no more is downloaded."""
    if not is_url(path):
        with open(path, "rb") as file:
            return file.read(size)
    from bedtok._remote import files

    return files.read_head(source_path(path), size)  # type: ignore[arg-type]


@contextlib.contextmanager
def ending_downloads() -> Iterator[None]:
    """End the downloads of threads when the block is interrupted, so that it need not wait."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        retries = sys.modules.get("bedtok._remote.retries")
        if retries is not None:
            retries.abandon_transfers()
        raise


def absolute_path(path: str) -> str:
    """Return the path by which a file is known in manifests: absolute, or a URL."""
    return str(path) if is_url(path) else os.path.abspath(path)


def look_up(paths: Sequence[str], known: Collection[str]) -> list[str]:
    """Return paths; URLs among ``known`` ones with their size and time, asked for all at once."""
    if not any(map(is_url, paths)):
        return list(paths)
    from bedtok._remote.files import with_states

    return with_states(paths, known)


def file_exists(path: str) -> bool:
    """Return whether there is something at a path; a URL is taken to have a file."""
    return is_url(path) or os.path.exists(path)


def names_file(text: str) -> bool:
    """Return whether a name without a file is a misspelled file's: it ends as those do."""
    return text.lower().endswith(FILE_SUFFIXES)


def nearest_file(path: str) -> str:
    """Return the end of a message about a missing file: the file beside it with the closest name.

    It is empty where there is none.
    """
    folder, name = os.path.split(path)
    try:
        names = os.listdir(folder or ".")
    except OSError:
        return ""
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.75)
    return f"; did you mean {os.path.join(folder, close[0])!r}?" if close else ""


def missing_file(path: str) -> FileNotFoundError:
    """Return the error about a file that is not there; it names the nearest that is."""
    reason = os.strerror(errno.ENOENT) + nearest_file(path)
    return FileNotFoundError(errno.ENOENT, reason, path)


def files_in(folder: str) -> list[str]:
    """Return the paths of the samples in a folder, by name: those that end as SAMPLE_SUFFIXES.

    Raises:
        OSError: The folder cannot be read.
        ConfigError: It has no samples.
    """
    paths = []
    for entry in os.scandir(folder):
        stem = entry.name.lower()
        for compressed in (".gz", ".bgz"):
            stem = stem.removesuffix(compressed)
        if stem.endswith(SAMPLE_SUFFIXES) and not entry.name.startswith(".") and entry.is_file():
            paths.append(os.path.join(folder, entry.name))
    if not paths:
        raise ConfigError(
            f"{folder}: the folder has no samples, expected files that end in "
            f"{', '.join(SAMPLE_SUFFIXES)}, with or without .gz"
        )
    return sorted(paths)


def listed_paths(text: str, name: str) -> list[str]:
    """Return the paths in the text of a list, one a line; ``name`` is the list's in messages.

    Empty lines and ``#`` lines are passed over. Relative paths are relative to the current folder.
    URLs are returned as they are, with their credentials.

    Raises:
        FileNotFoundError: There is no such file.
        ConfigError: The list is empty.
    """
    paths = []
    for number, line in enumerate(text.split("\n"), 1):
        path = line.strip()
        if not path or path.startswith("#"):
            continue
        if not file_exists(path):
            raise FileNotFoundError(f"{name}:{number}: there is no file {path!r}")
        paths.append(path)
    if not paths:
        raise ConfigError(f"{name}: the list has no files, expected a path a line")
    return paths


@contextlib.contextmanager
def atomic_write(path: StrPath) -> Iterator[str]:
    """Yield a temporary name beside ``path`` to write to, and rename it after success.

    A failure or an interruption removes what was written and leaves the previous file as it was. A
    link stays a link, a file keeps its permissions, and a pipe or a device is written in place. A
    process that is killed leaves the temporary file, which ``remove_abandoned`` removes.

    A URL is written to a temporary file and uploaded after success, to object stores only: there
    an object is replaced as a whole.

    Raises:
        OSError: The file cannot be written; the error names ``path``, not the temporary name.
        ConfigError: A URL is that of no object store.
    """
    if is_url(path):
        from bedtok._remote.files import upload_after

        with upload_after(source_path(path)) as temporary:  # type: ignore[arg-type]
            yield temporary
        return
    target = os.path.realpath(path)
    if os.path.exists(target) and not os.path.isfile(target):
        yield target
        return
    folder, name = os.path.split(target)
    if not os.path.isdir(folder):
        raise FileNotFoundError(errno.ENOENT, "its folder does not exist", target)
    part = os.fsdecode(os.fsencode(name)[:200])  # file systems allow 255 bytes
    temporary = os.path.join(folder, f".{part}{temporary_suffix()}")
    try:
        yield temporary
        if os.path.exists(target):
            shutil.copymode(target, temporary)
        os.replace(temporary, target)
    except OSError as error:
        if error.errno is None:  # as Arrow's, which have only a text
            raise OSError(f"{target}: {error}") from error
        # A full disk is found by a write, which knows no name.
        if error.filename is None or os.fspath(error.filename) == temporary:
            error.filename, error.filename2 = target, None
        raise
    finally:
        with contextlib.suppress(OSError):  # it exists only after a failure
            os.remove(temporary)


def write_text(path: StrPath, text: str) -> None:
    """Write a text as UTF-8, atomically; names of files in it may be any bytes."""
    with atomic_write(source_path(path)) as temporary, open(temporary, "wb") as file:
        file.write(text.encode("utf-8", "surrogateescape"))


def read_toml(path: StrPath) -> dict[str, Any]:
    """Read a TOML file.

    Raises:
        ConfigError: It is not TOML, or not UTF-8; the message names file and line.
        OSError: It cannot be read.
    """
    try:
        return parse_toml(Path(path).read_text(encoding="utf-8-sig"))
    except ValueError as error:  # of TOML, or of UTF-8
        line = re.search(r"at line (\d+)", str(error))  # the parsers have no attribute for it
        where = f"{os.fspath(path)}:{line[1]}" if line else os.fspath(path)
        raise ConfigError(f"{where}: not TOML: {' '.join(str(error).split())}") from error
    except RecursionError as error:
        raise ConfigError(
            f"{os.fspath(path)}: nested too deeply, expected tables of values"
        ) from error


def parse_toml(text: str) -> dict[str, Any]:
    """Parse TOML; raise ValueError if the text is something else."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    return tomllib.loads(text)


def parse_error(path: StrPath, line: int | None, message: str) -> ParseError:
    """Return the error that names a place in a file, as the compiled readers raise it."""
    text = os.fspath(path)
    where = text if line is None else f"{text}:{line}"
    error = ParseError(f"{where}: {message}")
    error.path = text
    error.line = line
    return error


def sample_names(paths: Sequence[str]) -> list[str]:
    """Return the names of the samples in files: without folder, .bed and .gz.

    Files that would share a name are named by their paths; ``-`` is ``stdin``. The names are
    distinct if the paths are.
    """
    return _distinct_names(paths, _SUFFIXES)


def fragment_sample_names(paths: Sequence[str]) -> list[str]:
    """Return the names of the samples in fragment files: as ``sample_names``, without .tsv too."""
    return _distinct_names(paths, (*_SUFFIXES, (".tsv", ".txt"), (".fragments",)))


def cell_sample_names(paths: Sequence[str]) -> list[str]:
    """Return the names of the samples in files of cells: of .h5ad files without that, too."""
    return _distinct_names(paths, ((".h5ad",), *_SUFFIXES, (".tsv", ".txt"), (".fragments",)))


def _distinct_names(paths: Sequence[str], suffixes: Sequence[tuple[str, ...]]) -> list[str]:
    names = ["stdin" if path == "-" else _sample_name(path, suffixes) for path in paths]
    while True:
        count = Counter(names)
        # A path may be the short name of another file, so one pass is not enough.
        distinct = [
            str(path) if count[name] > 1 else name for path, name in zip(paths, names, strict=True)
        ]
        if distinct == names:
            return names
        names = distinct


def _sample_name(path: str, kinds: Sequence[tuple[str, ...]]) -> str:
    name = os.path.basename(path)
    if is_url(path):
        name = path.partition("?")[0].rstrip("/").rpartition("/")[2]
    for suffixes in kinds:
        for suffix in suffixes:
            if name.lower().endswith(suffix) and len(name) > len(suffix):
                name = name[: -len(suffix)]
                break
    return name

# SPDX-License-Identifier: BSD-2-Clause
"""The manifest of a folder of tokens: its settings, and the files that could not be tokenized.

A shard lists its own samples and the files that they come from. Files of ``.gtok`` hold ids only:
there the manifest lists the samples, too.

``tokens_manifest.parquet`` has no rows: the manifest is JSON in its metadata, so that a folder of
Parquet shards is a dataset for readers that take every file in it. Its name comes after those of
the shards: `datasets` 4.8 fails where a file without rows is followed by another one. Other formats
have ``tokens_manifest.json``.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from bedtok._core import ConfigError, Error
from bedtok._files import atomic_write
from bedtok.io.entries import Entries, entries_from_json
from bedtok.io.shards import MANIFEST_STEM, read_parquet_metadata, write_parquet_metadata

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment, unused-ignore]

ROWS = "rows"  # the setting of a folder of cells; folders of samples do not have it
_LOCK = "_bedtok.lock"


def manifest_path(folder: Path, format: str) -> Path:
    """Return the path of a manifest."""
    return folder / f"{MANIFEST_STEM}.{'parquet' if format == 'parquet' else 'json'}"


def read_manifest(folder: Path, settings: Mapping[str, str]) -> Entries | None:
    """Return the samples that a manifest lists; None if there is none.

    Args:
        folder: The folder.
        settings: The format and the digest of the tokenizer.

    Raises:
        ConfigError: The settings are others, or the file is not a manifest.
    """
    found = _read(folder)
    if found is None:
        return None
    path, saved = found
    try:
        _check_rows(folder, saved.get(ROWS, "samples"), settings.get(ROWS, "samples"))
        saved_settings = {name: saved[name] for name in settings}
    except (KeyError, TypeError, AttributeError):
        raise _no_manifest(path) from None
    for name, value in settings.items():
        if saved_settings[name] != value:
            raise ConfigError(
                f"{folder}: holds tokens with {name} {saved_settings[name]!r}, not {value!r}; "
                "choose another folder, or the tokenizer and options that were used there"
            )
    return _samples(saved, path)


def _check_rows(folder: Path, saved: str, wanted: str) -> None:
    if saved != wanted:
        raise ConfigError(
            f"{folder}: holds a row for each of its {saved}, not {wanted}; choose another folder: "
            "tokenize_files and tokenize_cells do not share one"
        )


class Manifest(NamedTuple):
    """The content of a manifest.

    Attributes:
        settings: ``format`` and ``tokenizer_digest``.
        samples: With the format ``"gtok"``, the samples; otherwise none, as shards list theirs.
        failed: Files that could not be tokenized, with the reason.
    """

    settings: dict[str, str]
    samples: Entries
    failed: dict[str, str]


def open_manifest(folder: Path) -> Manifest:
    """Return the manifest of a folder of tokens.

    Raises:
        FileNotFoundError: There is no such folder.
        ConfigError: The folder has no manifest, or the file is not one.
    """
    if not folder.is_dir():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(folder))
    found = _read(folder)
    if found is None:
        raise ConfigError(
            f"{folder}: has no {MANIFEST_STEM}.parquet or .json, expected a folder that "
            "tokenize_files or 'bedtok tokenize --format parquet' wrote"
        )
    path, saved = found
    try:
        settings = {name: str(saved[name]) for name in ("format", "tokenizer_digest")}
        failed = {str(file): str(reason) for file, reason in saved.get("failed", {}).items()}
    except (KeyError, TypeError, AttributeError):
        raise _no_manifest(path) from None
    return Manifest(settings, _samples(saved, path), failed)


def _read(folder: Path) -> tuple[Path, Any] | None:
    """Return the path and the JSON values of a manifest; None if there is none."""
    paths = [folder / f"{MANIFEST_STEM}.{suffix}" for suffix in ("parquet", "json")]
    path = next((path for path in paths if path.exists()), None)
    if path is None:
        return None
    try:
        if path.suffix == ".parquet":
            return path, read_parquet_metadata(path)
        return path, json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _no_manifest(path) from None


def _samples(saved: Any, path: Path) -> Entries:
    return entries_from_json(saved.get("samples"), path) if saved["format"] == "gtok" else {}


def _no_manifest(path: Path) -> ConfigError:
    return ConfigError(f"{path}: is not a manifest of tokens, expected a new folder")


def write_manifest(
    folder: Path, settings: Mapping[str, str], entries: Entries, failed: Mapping[str, str]
) -> None:
    """Write a manifest, atomically."""
    path = manifest_path(folder, settings["format"])
    content: dict[str, Any] = {**settings, "failed": dict(failed)}
    if settings["format"] == "gtok":
        content["samples"] = {name: entry.to_dict() for name, entry in entries.items()}
    if path.suffix == ".parquet":
        write_parquet_metadata(path, content)
        return
    with atomic_write(path) as temporary:
        Path(temporary).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


class GrowingManifest:
    """The manifest of a folder while a run writes to it.

    A manifest is written as a whole. While samples are added, it is written so seldom that this
    takes a twentieth of the time: it may list a million of them.

    Args:
        folder: The folder.
        settings: The format and the digest of the tokenizer.
        entries: The samples in the folder, to which the run adds.
        failed: Files that could not be tokenized, to which the run adds.
    """

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, str],
        entries: Entries,
        failed: Mapping[str, str],
    ) -> None:
        self._content = (folder, settings, entries, failed)
        self._due = 0.0

    def write(self) -> None:
        """Write it, atomically."""
        begin = time.monotonic()
        write_manifest(*self._content)
        end = time.monotonic()
        self._due = end + 20 * (end - begin)

    def write_if_due(self) -> None:
        """Write it unless it was written a short time ago."""
        if time.monotonic() >= self._due:
            self.write()


@contextlib.contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Keep other runs out of a folder.

    The lock belongs to the process, so one that was killed leaves none behind.

    Raises:
        Error: Another run has it.
    """
    path = folder / _LOCK
    descriptor = _lock(path)
    try:
        os.truncate(descriptor, 0)
        os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}".encode())
        yield
    finally:
        if fcntl is not None:  # while it is locked, or it may be another run's already
            os.remove(path)
        os.close(descriptor)
        if fcntl is None:  # Windows does not remove an open file
            with contextlib.suppress(OSError):
                os.remove(path)


def _lock(path: Path) -> int:
    """Return a descriptor of the file, locked."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            if fcntl is not None:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            else:
                import msvcrt

                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
            # The run before may have removed the file between the two calls.
            if os.path.exists(path) and os.path.samestat(os.stat(path), os.fstat(descriptor)):
                return descriptor
            os.close(descriptor)
        except OSError as error:
            holder = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
            os.close(descriptor)
            if error.errno not in (errno.EAGAIN, errno.EACCES, errno.EDEADLK):
                raise
            raise Error(
                f"{path.parent}: another run writes to this folder ({holder or 'unknown'}); wait "
                "for it to end, or choose another folder"
            ) from None

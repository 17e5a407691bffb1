# SPDX-License-Identifier: BSD-2-Clause
"""Remote files as local ones: copies that last as long as they are read, listings, uploads."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import weakref
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bedtok._core import ConfigError, Error
from bedtok._remote import filesystem
from bedtok._remote.url import State, Url

_LOOK_UPS = 16  # at a time: they wait for servers


@contextlib.contextmanager
def local_copy(url: Url) -> Iterator[str]:
    """Download a file, and yield the path of the copy, which is removed when the block ends.

    Errors of the block that name the copy name the URL.

    Raises:
        OSError, Error, ImportError: As ``filesystem.download``.
    """
    path = download(url)
    try:
        yield path
    except (Error, OSError) as error:
        _name_url(error, path, url)
        raise
    finally:
        _remove(path)


def download(url: Url) -> str:
    """Download a file, and return the path of the copy, whose time is that of the file.

    The copy is in the folder for temporary files and ends as the URL does.
    """
    if url.is_pattern or url.is_folder:
        raise ConfigError(f"{url}: names a folder or several files, expected one file")
    name = url.partition("?")[0].rpartition("/")[2]
    suffix = re.sub(r"[^\w.]", "_", name)[-60:]
    descriptor, path = tempfile.mkstemp(prefix="bedtok-", suffix=f"-{suffix}")
    os.close(descriptor)
    try:
        state = filesystem.download(url, path)
        if state.mtime_ns is not None:
            os.utime(path, ns=(state.mtime_ns, state.mtime_ns))
    except BaseException:
        _remove(path)
        raise
    return path


def remove_with(owner: Any, path: str) -> None:
    """Remove a copy when an object that reads it is forgotten, at the latest when Python ends."""
    weakref.finalize(owner, _remove, path)


def read_state(url: Url) -> State:
    """Return size and time of a file as they are now, or as a listing said."""
    return filesystem.read_state(url) if url.state is None else url.state


def with_states(paths: Sequence[str], known: Collection[str]) -> list[str]:
    """Return paths; the URLs among ``known`` ones have a state, as far as it can be read."""
    asked = [path for path in paths if isinstance(path, Url) and path in known and not path.state]

    def ask(url: Url) -> Url:
        try:
            return Url(url.url, url.storage_options, read_state(url))
        except (OSError, Error):
            return url  # it is asked again where it is needed, and says why

    with ThreadPoolExecutor(min(_LOOK_UPS, max(len(asked), 1))) as pool:
        answered = dict(zip(asked, pool.map(ask, asked), strict=True))
    return [answered.get(path, path) if isinstance(path, Url) else path for path in paths]


def read_head(url: Url, size: int) -> bytes:
    """Return the first bytes of a file, at most ``size``."""
    return filesystem.read_head(url, size)


def find(url: Url, suffixes: tuple[str, ...]) -> list[Url]:
    """Return the files that a URL names: itself, those of a pattern, those of a folder.

    Of a folder they are the files that end as ``suffixes``, compressed or not.

    Raises:
        ConfigError: There are none.
    """
    if url.is_pattern:
        found = filesystem.find(url)
        what = "no file matches, expected at least one"
    elif url.is_folder:
        found = [file for file in filesystem.find(url) if _ends_as(file, suffixes)]
        what = f"has no such files, expected some that end in {', '.join(suffixes)}"
    else:
        return [url]
    if not found:
        raise ConfigError(f"{url}: {what}")
    return found


@contextlib.contextmanager
def local_folder_copy(url: Url, names: Sequence[str], one_of: Sequence[str]) -> Iterator[str]:
    """Download those files of a folder that are there, and yield the copy's path for the block.

    Args:
        url: The folder.
        names: Names of files that it may have.
        one_of: The first of these that is there is enough, and one must be.

    Raises:
        FileNotFoundError: It has none of ``one_of``. Others are those of ``local_copy``.
    """
    with tempfile.TemporaryDirectory(prefix="bedtok-") as folder:
        found: list[str] = []
        for name in names:
            if name in one_of and not set(found).isdisjoint(one_of):
                continue
            child, path = url.child(name), os.path.join(folder, name)
            try:
                filesystem.download(child, path)
                found.append(name)
            except FileNotFoundError:
                _remove(path)
        if set(found).isdisjoint(one_of):
            raise FileNotFoundError(
                f"{url}: has no {' or '.join(one_of)}, expected the folder of a saved tokenizer"
            )
        try:
            yield folder
        except (Error, OSError) as error:
            _name_url(error, folder, url)
            raise


@contextlib.contextmanager
def upload_after(url: Url) -> Iterator[str]:
    """Yield a temporary path to write to, and upload the file after success.

    Raises:
        ConfigError: The protocol is that of no object store.
        OSError: It cannot be written.
    """
    suffix = re.sub(r"[^\w.]", "_", url.rpartition("/")[2])[-60:]
    descriptor, path = tempfile.mkstemp(prefix="bedtok-", suffix=f"-{suffix}")
    os.close(descriptor)
    try:
        yield path
        filesystem.upload(path, url)
    except OSError as error:
        _name_url(error, path, url)
        raise
    finally:
        _remove(path)


def _ends_as(url: Url, suffixes: tuple[str, ...]) -> bool:
    name = url.rpartition("/")[2].lower()
    for compressed in (".gz", ".bgz"):
        name = name.removesuffix(compressed)
    return name.endswith(suffixes) and not name.startswith((".", "_"))


def _name_url(error: Error | OSError, path: str, url: Url) -> None:
    """Let an error name the URL in place of the copy."""
    if isinstance(error, OSError):
        if error.filename is not None and os.fspath(error.filename).startswith(path):
            error.filename = os.fspath(error.filename).replace(path, url)
        return
    error.args = tuple(
        arg.replace(path, url) if isinstance(arg, str) else arg for arg in error.args
    )
    if getattr(error, "path", None) == path:
        error.path = str(url)  # type: ignore[attr-defined]


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):
        os.remove(path)

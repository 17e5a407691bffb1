# SPDX-License-Identifier: BSD-2-Clause
"""Files of web servers, object stores and all other protocols, by fsspec."""

from __future__ import annotations

import errno
import importlib
import os
import shutil
import threading
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

from bedtok._core import ConfigError, Error
from bedtok._remote import http
from bedtok._remote.retries import TRIES, Failure, abandoned, retry, stop_signal
from bedtok._remote.state import state_of_info
from bedtok._remote.url import HTTP, State, Url, has_magic, scrubbed

Result = TypeVar("Result")

# An object appears whole in these when it is written, or not at all.
OBJECT_STORES = (
    *("s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl", "oss", "oci", "r2", "tos", "obs"),
    "memory",
)
# What is behind these tries again by itself, so that more of it would only take longer.
_TRIES_OF_STORES = 2
_NOT_THERE = (FileNotFoundError, NotADirectoryError, IsADirectoryError)
# Errors that another try does not change; others, as of a connection, it may.
_LASTING = (*_NOT_THERE, PermissionError, FileExistsError, NotImplementedError)
_LIBRARIES = ("aiohttp", "asyncio", "botocore", "aiobotocore", "urllib3", "requests", "http")


def download(url: Url, path: str) -> State:
    """Download a file to ``path``, and compare its size with what the transfer or file system says.

    Raises:
        FileNotFoundError: There is no such file. PermissionError: It may not be read.
        ImportError: fsspec, or the package of the protocol, is not installed.
        Error: The protocol is not known, or the package fails otherwise.
        OSError: The file cannot be read, or is cut off.
    """

    stop = stop_signal()

    def transfer() -> State:
        system, name = _open_system(url)
        system.invalidate_cache(name)  # a listing may be older than the file
        info = system.info(name)
        if info.get("type") == "directory":
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        stopper = _stopper(url, stop)
        if len(url.links) == 1:
            system.get_file(name, path, callback=stopper)
        else:  # caches and archives read by `open`
            with system.open(name, "rb") as source, open(path, "wb") as target:
                shutil.copyfileobj(source, target, 2**20)
        state = state_of_info(info)
        size, expected = os.path.getsize(path), stopper.size or state.size
        if expected and size != expected:
            raise ConnectionError(f"got {size} of {expected} bytes")
        return state

    return _retry(url, transfer)


def read_state(url: Url) -> State:
    """Return what the file system says of a file; errors as ``download``."""

    def ask() -> State:
        system, name = _open_system(url)
        system.invalidate_cache(name)
        return state_of_info(system.info(name))

    return _retry(url, ask)


def read_head(url: Url, size: int) -> bytes:
    """Return the first bytes of a file, at most ``size``; errors as ``download``."""

    def ask() -> bytes:
        system, name = _open_system(url)
        head = b""
        with system.open(name, "rb", block_size=size) as file:
            while len(head) < size and (part := file.read(size - len(head))):
                head += part
        return head

    return _retry(url, ask)


def find(url: Url) -> list[Url]:
    """Return the files that a pattern or a folder names, by name; it may be none.

    Errors are those of ``download``.
    """

    def ask() -> list[Url]:
        system, name = _open_system(url)
        system.invalidate_cache()
        if url.is_pattern:
            found = system.glob(name, detail=True)
        else:
            found = {info["name"]: info for info in system.ls(name, detail=True)}
        files = [
            _found(url, system, path, state_of_info(info))
            for path, info in found.items()
            if info.get("type", "file") == "file" and not path.endswith("/")
        ]
        return sorted(files)

    return _retry(url, ask)


def upload(path: str, url: Url) -> None:
    """Upload a file, which appears under its name when it is complete.

    Raises:
        ConfigError: The protocol is that of no object store.
        OSError: It cannot be written.
    """
    if url.protocol not in OBJECT_STORES or len(url.links) > 1:
        raise ConfigError(
            f"{url}: {url.protocol}:// is not written to, as a part of a file could be seen there; "
            f"expected an object store ({', '.join(OBJECT_STORES[:5])} ...), or a local path"
        )

    def transfer() -> None:
        system, name = _open_system(url)
        system.put_file(path, name)
        system.invalidate_cache()
        size, expected = system.info(name).get("size"), os.path.getsize(path)
        if size != expected:
            raise ConnectionError(f"has {size} of {expected} bytes after it was written")

    _retry(url, transfer)


def _found(url: Url, system: Any, path: str, state: State) -> Url:
    """Return the URL of a file that a pattern or a folder named."""
    links = url.links
    at = next((i for i, link in enumerate(links) if has_magic(link)), len(links) - 1)
    protocol = links[at].partition("://")[0]
    if protocol.lower() in HTTP:
        links[at] = path
    else:
        links[at] = f"{protocol}://{path.lstrip('/') if protocol == 'memory' else path}"
    options = url.storage_options
    if len(links) == 1 and not url.is_http:  # what the URL said beside the path, such as a host
        options = {**getattr(system, "storage_options", {}), **options}
    return Url("::".join(links), options, state)


def _stopper(url: Url, stop: threading.Event) -> Any:
    """Return a callback of fsspec that ends a transfer once ``stop`` is set."""
    callbacks = _fsspec("callbacks", url)

    class Stopper(callbacks.Callback):  # type: ignore[misc, name-defined]
        def call(self, *_: Any, **__: Any) -> None:
            if stop.is_set():
                raise abandoned(url)

    return Stopper()


def _fsspec(module: str, url: Url) -> Any:
    """Return a module of fsspec; raise ImportError, with the command that helps."""
    try:
        return importlib.import_module(f"fsspec.{module}")
    except ImportError:
        pass
    raise ImportError(f"{url}: {url.protocol}:// needs fsspec: pip install 'bedtok[remote]'")


def _open_system(url: Url) -> tuple[Any, str]:
    """Return the file system of a URL and the path in it."""
    core = _fsspec("core", url)
    registry = _fsspec("registry", url)
    for link in url.links:
        protocol = link.partition("://")[0]
        if protocol not in registry.known_implementations and protocol not in registry.registry:
            raise Error(
                f"{url}: the protocol {protocol!r} is not known, expected one of fsspec's, such as "
                "s3, gs, abfs or https"
            )
        _check_package(url, protocol, registry)
    system, name = core.url_to_fs(url.url, **http.with_settings(url))
    return system, name


def _check_package(url: Url, protocol: str, registry: Any) -> None:
    """Raise ImportError, with the command that helps, if the package of a protocol is missing."""
    if protocol in registry.registry:
        return
    entry = registry.known_implementations[protocol]
    missing = None
    try:
        registry.get_filesystem_class(protocol)
    except ImportError as error:
        missing = getattr(error.__cause__, "name", None) or str(error)
    if missing is not None:
        package = entry["class"].partition(".")[0]
        if package == "fsspec":  # it has the class itself, and the package is what that imports
            package = missing.partition(".")[0]
        if protocol in HTTP:
            raise ImportError(f"{url}: {protocol}:// needs aiohttp: pip install 'bedtok[remote]'")
        raise ImportError(f"{url}: {protocol}:// needs {package}: pip install {package}")


def _retry(url: Url, transfer: Callable[[], Result]) -> Result:
    """Return what ``transfer`` returns; try again what may pass.

    Errors of libraries become OSError or Error, with the URL and without credentials.
    """

    def attempt() -> Result:
        try:
            return transfer()
        except (ImportError, Error, MemoryError):
            raise
        except Exception as error:
            _fail(url, error)

    tries_itself = url.protocol in OBJECT_STORES and url.protocol != "memory"
    return retry(attempt, most=_TRIES_OF_STORES if tries_itself else TRIES)


def _fail(url: Url, error: Exception) -> NoReturn:
    if any(link.lower().startswith(HTTP) for link in url.links):
        if isinstance(error, FileNotFoundError) and isinstance(error.__cause__, Exception):
            error = error.__cause__  # fsspec calls all that goes wrong at a web server so
        failure = http.failure_of(error, url)
        if failure is not None:
            raise failure
    text = scrubbed(str(error) or type(error).__name__, url)
    module = type(error).__module__.partition(".")[0]
    if isinstance(error, OSError):
        number = error.errno
        if isinstance(error, _NOT_THERE[:2]):
            number, text = errno.ENOENT, os.strerror(errno.ENOENT)
        elif isinstance(error, IsADirectoryError):
            number, text = errno.EISDIR, os.strerror(errno.EISDIR)
        elif isinstance(error, PermissionError):
            number, text = errno.EACCES, f"may not be read or written: {text}"
        elif number in (errno.ENOSPC, errno.EDQUOT):
            text = f"{os.strerror(number)}, in the folder for temporary files; TMPDIR names another"
        else:
            if error.strerror:
                text = scrubbed(error.strerror, url)
            number, text = number or errno.EIO, f"cannot be read or written: {text}"
        lasting = isinstance(error, _LASTING)
        lasting = lasting or number in (errno.ENOSPC, errno.EDQUOT, errno.ECANCELED)
        raise Failure(OSError(number, text, str(url)), not lasting)
    if isinstance(error, TimeoutError) or type(error).__name__.endswith("TimeoutError"):
        raise Failure(OSError(errno.ETIMEDOUT, f"timed out: {text}", str(url)), True)
    if "credentials" in type(error).__name__.lower():
        raise Failure(OSError(errno.EACCES, f"no credentials: {text}", str(url)), False)
    if module in _LIBRARIES:
        raise Failure(OSError(errno.EIO, f"cannot be read or written: {text}", str(url)), True)
    raise Failure(Error(f"{url}: {type(error).__name__}: {text}"), False)

# SPDX-License-Identifier: BSD-2-Clause
"""Files of web servers, by the standard library: complete, resumed, tried again.

The bytes are taken as they are sent, so that their number can be compared with Content-Length, and
there is no limit for the time of a whole download, only for a silence.
"""

from __future__ import annotations

import base64
import contextlib
import email.utils
import errno
import functools
import gzip
import http.client
import os
import re
import shutil
import socket
import ssl
import sys
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, NoReturn
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from bedtok._core import ConfigError, Error, __version__
from bedtok._remote.retries import Failure, abandoned, retry, stop_signal
from bedtok._remote.state import stamp
from bedtok._remote.url import State, Url, redacted, scrubbed

TIMEOUT = 60.0  # seconds of silence
_MAY_PASS = (408, 425, 429, 500, 502, 503, 504)
_MISSING = (404, 410)
_REFUSED = (401, 403, 407)
_CHUNK = 2**20
_OPTIONS = ("headers", "timeout")
_GZIP = ("gzip", "x-gzip")
_ANYWHERE = ("Range", "If-range", "User-agent", "Accept-encoding")  # headers without secrets
_SAFE = "/%:@!$&'()*+,;=~-._"  # in a path; what is quoted already stays
# The last block of a bgzip file, which holds nothing.
_BGZIP_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


def download(url: Url, path: str) -> State:
    """Download a file to ``path``.

    A connection that breaks is made again, and goes on where it ended if the server has the same
    content still. ``Content-Encoding: gzip`` is taken off.

    Raises:
        FileNotFoundError: 404 or 410. PermissionError: 401, 403 or 407.
        TimeoutError: The server was silent for too long.
        OSError: Another status, or the connection broke, each time.
        ConfigError: The URL or an option is not legal.
    """
    transfer = _Transfer(url, path)
    retry(transfer.run, transfer.size)
    _check_whole(transfer)
    if transfer.encoding in _GZIP:
        _decode(url, path)
        return State(None, transfer.state.mtime_ns)
    return transfer.state


def read_state(url: Url) -> State:
    """Return what a server says of a file; errors as ``download``."""
    request = _Request(url)

    def ask() -> State:
        for method in ("HEAD", "GET"):  # a signed link may be good for one of them only
            try:
                with request.open(method=method) as response:
                    return _state_of(response)
            except Failure as failure:
                if method == "GET" or isinstance(failure.error, FileNotFoundError):
                    raise
        raise AssertionError

    return retry(ask)


def read_head(url: Url, size: int) -> bytes:
    """Return the first bytes of a file, at most ``size``; errors as ``download``."""
    request = _Request(url)

    def ask() -> bytes:
        with request.open() as response:
            head = b""
            while len(head) < size and (chunk := request.read(response, size - len(head))):
                head += chunk
            return head

    return retry(ask)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows to http and https, not from https to http; credentials stay with their server."""

    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Any:
        old, new = urlsplit(req.full_url), urlsplit(newurl)
        if (old.scheme, new.scheme) == ("https", "http"):
            reason = f"redirects to {redacted(newurl)}, expected https"
            raise urllib.error.HTTPError(req.full_url, code, reason, headers, fp)
        request = super().redirect_request(req, fp, code, msg, headers, newurl)
        if request is not None:
            request.method = req.get_method()
            same = (old.scheme, old.netloc) == (new.scheme, new.netloc)
            for name, value in req.unredirected_hdrs.items():
                if same or name in _ANYWHERE:
                    request.add_unredirected_header(name, value)
        return request


@functools.lru_cache(maxsize=4)
def _opener(proxies: tuple[tuple[str, str], ...]) -> urllib.request.OpenerDirector:
    """Return what opens http and https, and no other protocol."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(dict(proxies)),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(context=ssl.create_default_context()),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _Redirects(),
    ):
        opener.add_handler(handler)
    return opener


class _Request:
    """Opens one URL, as often as needed."""

    def __init__(self, url: Url) -> None:
        self.url = url
        options = _options(url)
        self.timeout = options["timeout"]
        self._headers = {"User-Agent": f"bedtok/{__version__}", "Accept-Encoding": "identity"}
        self._address = self._split(url)
        self._headers.update(options["headers"])

    def _split(self, url: Url) -> str:
        """Return the URL without user and fragment; the user becomes a header."""
        try:
            parts = urlsplit(url.url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port, parts = None, None, urlsplit("")
        if not host:
            raise ConfigError(f"{url}: is not a legal URL, expected https://host/path")
        if parts.username is not None:
            user, password = unquote(parts.username), unquote(parts.password or "")
        else:
            user, password = _from_netrc(host)
        if user or password:
            pair = base64.b64encode(f"{user}:{password}".encode()).decode()
            self._headers["Authorization"] = f"Basic {pair}"
        if ":" in host:
            host = f"[{host}]"
        elif not host.isascii():
            host = host.encode("idna").decode()
        netloc = host if port is None else f"{host}:{port}"
        path = quote(parts.path, safe=_SAFE) or "/"
        query = quote(parts.query, safe=_SAFE + "?")
        return urlunsplit((parts.scheme, netloc, path, query, ""))

    @contextlib.contextmanager
    def open(
        self, method: str = "GET", headers: Mapping[str, str] | None = None
    ) -> Iterator[http.client.HTTPResponse]:
        """Send the request; raise Failure for what went wrong."""
        request = urllib.request.Request(self._address, method=method)
        # A redirect to another server does not take them along.
        for name, value in {**self._headers, **(headers or {})}.items():
            request.add_unredirected_header(name, value)
        proxies = tuple(sorted(urllib.request.getproxies().items()))
        try:
            response = _opener(proxies).open(request, timeout=self.timeout)
        except urllib.error.HTTPError as error:
            with error:
                self._fail_by_status(error)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.fail(error)
        with response:
            yield response

    def read(self, response: http.client.HTTPResponse, size: int) -> bytes:
        """Return the next bytes; raise Failure if the connection broke."""
        try:
            return response.read(size)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.fail(error)

    def _fail_by_status(self, error: urllib.error.HTTPError) -> NoReturn:
        number, remedy = errno.EIO, ""
        if error.code in _MISSING:
            number = errno.ENOENT
        elif error.code in _REFUSED:
            number = errno.EACCES
            remedy = "; expected a user, a token or a signed link that the server accepts"
            remedy += " and that has not expired"
        elif error.code in _MAY_PASS:
            remedy = ", also after waiting"
        said = scrubbed(str(error.reason), self.url)
        text = f"HTTP {error.code} {said}".rstrip()
        wait = error.headers.get("Retry-After", "")
        raise Failure(
            OSError(number, text + remedy, str(self.url)),
            error.code in _MAY_PASS,
            float(wait) if wait.isdecimal() else None,
        )

    def fail(self, error: Exception) -> NoReturn:
        """Raise the Failure for an error of a connection."""
        reason: object = error.reason if isinstance(error, urllib.error.URLError) else error
        if isinstance(reason, TimeoutError):
            raise Failure(
                OSError(
                    errno.ETIMEDOUT,
                    f"the server was silent for {self.timeout:g} s; "
                    "storage_options={'timeout': seconds} waits longer",
                    str(self.url),
                ),
                True,
            )
        may_pass = not isinstance(reason, (ssl.SSLCertVerificationError, ValueError))
        if isinstance(reason, socket.gaierror):
            may_pass = reason.errno == socket.EAI_AGAIN
        if isinstance(reason, http.client.IncompleteRead):
            reason = "the connection ended before the file did"
        text = scrubbed(str(reason) or type(reason).__name__, self.url)
        if isinstance(reason, OSError) and reason.strerror:
            text = scrubbed(reason.strerror, self.url)
        raise Failure(OSError(errno.EIO, f"cannot be read: {text}", str(self.url)), may_pass)


class _Transfer(_Request):
    """A download that goes on where the last try ended."""

    def __init__(self, url: Url, path: str) -> None:
        super().__init__(url)
        self.path = path
        self.state = State(None, None)
        self.encoding = ""
        self.is_bounded = True  # whether the end of the response is known
        self._validator: str | None = None
        self._stop = stop_signal()
        with open(path, "wb"):
            pass

    def size(self) -> int:
        """Return how many bytes there are."""
        return os.path.getsize(self.path)

    def run(self) -> None:
        """Download the file, or what is missing of it."""
        done = self.size()
        headers = {}
        if done and self._validator is not None:
            headers = {"Range": f"bytes={done}-", "If-Range": self._validator}
        with self.open(headers=headers) as response, open(self.path, "r+b") as file:
            if response.status == 206 and _first_byte(response) == done:
                file.seek(done)
            else:
                file.truncate()
                self._begin(response)
            try:
                self._copy(response, file)
            except OSError as error:  # of the disk
                raise OSError(
                    error.errno,
                    f"{error.strerror}, in the folder for temporary files, "
                    f"{os.path.dirname(self.path)}; TMPDIR names another one",
                    str(self.url),
                ) from None

    def _begin(self, response: http.client.HTTPResponse) -> None:
        headers = response.headers
        self.state = _state_of(response)
        self.encoding = headers.get("Content-Encoding", "").strip().lower()
        if self.encoding not in ("", "identity", *_GZIP):
            raise Error(
                f"{self.url}: the server sends Content-Encoding {self.encoding!r}, expected none "
                "or gzip"
            )
        length = headers.get("Content-Length", "")
        self._length = int(length) if length.isdecimal() else None
        self.is_bounded = self._length is not None or response.chunked
        tag = headers.get("ETag", "")
        self._validator = None
        if headers.get("Accept-Ranges", "").lower() == "bytes":
            self._validator = tag if tag.startswith('"') else headers.get("Last-Modified")

    def _copy(self, response: http.client.HTTPResponse, file: BinaryIO) -> None:
        while chunk := self.read(response, _CHUNK):
            if self._stop.is_set():
                raise Failure(abandoned(self.url), False)
            file.write(chunk)
        done = file.tell()
        if self._length is not None and done != self._length:
            raise Failure(
                OSError(
                    errno.EIO,
                    f"the connection ended after {done} of {self._length} bytes",
                    str(self.url),
                ),
                True,
            )


def _first_byte(response: http.client.HTTPResponse) -> int | None:
    match = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return None if match is None else int(match[1])


def _state_of(response: http.client.HTTPResponse) -> State:
    headers = response.headers
    length = headers.get("Content-Length", "")
    encoded = headers.get("Content-Encoding", "identity").lower() != "identity"
    changed: float | None = None
    with contextlib.suppress(TypeError, ValueError, OverflowError):
        changed = email.utils.parsedate_to_datetime(headers["Last-Modified"]).timestamp()
    return State(
        int(length) if length.isdecimal() and not encoded else None,
        stamp(changed, headers.get("ETag")),
    )


def _check_whole(transfer: _Transfer) -> None:
    """Refuse a response of which nobody knows whether it is whole.

    A server that gives neither a length nor chunks ends a file by closing the connection, as a
    failure does. What the file is made of tells: gzip has a trailer, which its reader checks, and
    so have Parquet and HDF5.
    """
    if transfer.is_bounded:
        return
    with open(transfer.path, "rb") as file:
        head = file.read(18)
        file.seek(max(0, transfer.size() - len(_BGZIP_END)))
        tail = file.read()
    if head[:4] == _BGZIP_END[:4] and head[12:14] == b"BC":
        if tail == _BGZIP_END:
            return
    elif head.startswith((b"\x1f\x8b", b"PAR1", b"\x89HDF")):
        return
    raise OSError(
        errno.EIO,
        "the server gives no Content-Length, so that a file that was cut off cannot be told from a "
        "whole one; expected a length, chunks, or a gzip file",
        str(transfer.url),
    )


def _decode(url: Url, path: str) -> None:
    """Take the gzip of a transfer off a file."""
    encoded = f"{path}.gz"
    os.replace(path, encoded)
    failed = None
    try:
        with gzip.open(encoded) as source, open(path, "wb") as target:
            shutil.copyfileobj(source, target, _CHUNK)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        failed = str(error)
    finally:
        os.remove(encoded)
    if failed is not None:
        raise OSError(errno.EIO, f"its Content-Encoding gzip is damaged: {failed}", str(url))


def _options(url: Url) -> dict[str, Any]:
    """Return headers and the time-out of a URL, by its options and by fsspec's configuration."""
    options: dict[str, Any] = {**_configured(url.protocol), **url.storage_options}
    for name in options:
        if name not in _OPTIONS:
            raise ConfigError(
                f"storage_options: {name!r} is not known for {url.protocol}, expected "
                "{'headers': {'Authorization': ...}} or {'timeout': seconds}"
            )
    headers, timeout = options.get("headers", {}), options.get("timeout", TIMEOUT)
    if not isinstance(headers, Mapping) or not all(
        isinstance(text, str) for pair in headers.items() for text in pair
    ):
        raise ConfigError("storage_options: headers are expected as texts by name")
    try:
        seconds = float(timeout)
    except (TypeError, ValueError):
        seconds = -1.0
    if not 0 < seconds < float("inf"):
        raise ConfigError(f"storage_options: timeout is {timeout!r}, expected seconds above 0")
    return {"headers": headers, "timeout": seconds}


def _configured(protocol: str) -> dict[str, Any]:
    """Return what fsspec's files and environment say of a protocol; nothing where it is missing."""
    folder = os.environ.get("FSSPEC_CONFIG_DIR", os.path.expanduser("~/.config/fsspec"))
    is_set = any(name.startswith("FSSPEC_") for name in os.environ) or os.path.isdir(folder)
    if not is_set and "fsspec" not in sys.modules:
        return {}  # its import takes longer than most downloads
    try:
        from fsspec.config import conf
    except ImportError:
        return {}
    return {name: value for name, value in conf.get(protocol, {}).items() if name in _OPTIONS}


def _from_netrc(host: str) -> tuple[str, str]:
    """Return user and password of a host by ``~/.netrc``, as curl and wget do."""
    import netrc

    path = os.environ.get("NETRC") or os.path.expanduser("~/.netrc")
    try:
        found = netrc.netrc(path).authenticators(host)
    except (OSError, netrc.NetrcParseError):
        return "", ""
    return ("", "") if found is None else (found[0], found[2] or "")

# SPDX-License-Identifier: BSD-2-Clause
"""Settings of fsspec's file system of web servers, and the meaning of aiohttp's errors."""

from __future__ import annotations

import errno
import functools
import os
import socket
import ssl
from collections.abc import Mapping
from typing import Any

from bedtok._core import ConfigError, __version__
from bedtok._remote.retries import Failure
from bedtok._remote.url import HTTP, Url, scrubbed

TIMEOUT = 60.0  # seconds of silence; a whole download may take any time
_MAY_PASS = (408, 425, 429, 500, 502, 503, 504)
_MISSING = (404, 410)
_REFUSED = (401, 403, 407)
_ANYWHERE = ("accept-encoding", "range", "user-agent")  # headers without secrets


class Refused(Exception):
    """An answer or a redirect that is not taken."""


def with_settings(url: Url) -> dict[str, Any]:
    """Return the options of a URL's file systems, with the settings of those of web servers.

    Raises:
        ConfigError: The headers or the time-out are not legal.
    """
    options = dict(url.storage_options)
    for number, link in enumerate(url.links):
        protocol = link.partition("://")[0].lower()
        if protocol not in HTTP:
            continue
        # A signature stays good where the URL is sent as it is.
        encoded = {"encoded": link.isascii() and " " not in link}
        if number == 0:
            options = _with_client({**encoded, **options})
        else:
            options[protocol] = _with_client({**encoded, **options.get(protocol, {})})
    return options


def _with_client(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of one file system: those given or configured, and what is safe."""
    import aiohttp
    from fsspec.config import apply_config
    from fsspec.implementations.http import HTTPFileSystem

    options = apply_config(HTTPFileSystem, options)
    headers, client = options.get("headers", {}), options.get("client_kwargs", {})
    if not isinstance(headers, Mapping):
        raise ConfigError("storage_options: headers are expected as texts by name")
    timeout = options.pop("timeout", TIMEOUT)
    if not isinstance(timeout, aiohttp.ClientTimeout):
        try:
            seconds = float(timeout)
        except (TypeError, ValueError):
            seconds = -1.0
        if not 0 < seconds < float("inf"):
            raise ConfigError(f"storage_options: timeout is {timeout!r}, expected seconds above 0")
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=seconds, sock_read=seconds)
    settings = {
        "timeout": timeout,
        "trust_env": True,  # proxies and ~/.netrc
        "auto_decompress": False,  # the readers do, and see an end that is missing
        **client,
        "trace_configs": [_checks(), *client.get("trace_configs", [])],
    }
    sent = {"User-Agent": f"bedtok/{__version__}", "Accept-Encoding": "identity", **headers}
    return {**options, "client_kwargs": settings, "headers": sent}


@functools.cache
def _checks() -> Any:
    """Return what aiohttp calls when an answer or a redirect comes; one, as fsspec compares it."""
    import aiohttp

    async def check_answer(_session: Any, _context: Any, params: Any) -> None:
        answer = params.response
        if answer.method != "GET" or answer.status >= 400:
            return
        encoding = answer.headers.get("Content-Encoding", "identity").strip().lower()
        chunked = "chunked" in answer.headers.get("Transfer-Encoding", "").lower()
        problem = ""
        if encoding not in ("", "identity", "gzip", "x-gzip"):
            problem = f"the server sends Content-Encoding {encoding!r}, expected none or gzip"
        elif "Content-Length" not in answer.headers and not chunked:
            problem = (
                "the server gives no Content-Length, so that a file that was cut off cannot be "
                "told from a whole one; expected a length, or chunks"
            )
        if problem:
            answer.close()
            raise Refused(problem)

    async def check_redirect(_session: Any, _context: Any, params: Any) -> None:
        old = params.response.url
        new = old.join(type(old)(params.response.headers.get("Location", "")))
        if (old.scheme, new.scheme) == ("https", "http"):
            params.response.close()
            raise Refused(f"redirects to {new}, expected https")
        if (old.scheme, old.host, old.port) != (new.scheme, new.host, new.port):
            for name in {name for name in params.headers if name.lower() not in _ANYWHERE}:
                params.headers.popall(name)  # aiohttp itself drops Authorization and Cookie only

    checks = aiohttp.TraceConfig()
    checks.on_request_end.append(check_answer)
    checks.on_request_redirect.append(check_redirect)
    return checks


def failure_of(error: Exception, url: Url) -> Failure | None:
    """Return what an error of aiohttp means; None for other errors."""
    name, text = type(error).__name__, scrubbed(str(error), url)
    number, may_pass = errno.EIO, False
    if isinstance(error, Refused):
        pass
    elif name == "TooManyRedirects":
        text = "redirects without an end"
    elif "Redirect" in name:
        text = f"redirects to {text}, expected http or https"
    elif getattr(error, "status", 0) and hasattr(error, "headers"):
        return _failure_of_status(error, url)
    elif isinstance(error, TimeoutError) or name.endswith("TimeoutError"):
        text = "the server was silent; storage_options={'timeout': seconds} waits longer"
        number, may_pass = errno.ETIMEDOUT, True
    elif name == "ClientPayloadError":
        text, may_pass = "the connection ended before the file did", True
    elif hasattr(error, "os_error") or hasattr(error, "certificate_error"):
        number, text, may_pass = _reason_of(error, text)
    elif isinstance(error, ValueError) and url.is_http:
        text = f"{url}: is not a legal URL, expected https://host/path: {text}"
        return Failure(ConfigError(text), False)
    else:
        return None
    return Failure(OSError(number, text, str(url)), may_pass)


def _reason_of(error: Any, text: str) -> tuple[int, str, bool]:
    """Return number and text of a connection that could not be made, and whether it may pass."""
    reason = getattr(error, "os_error", None)
    if isinstance(reason, socket.gaierror):
        return errno.EIO, f"cannot be read: {reason.strerror}", reason.errno == socket.EAI_AGAIN
    if isinstance(reason, (ssl.SSLError, type(None))) or not reason.errno:
        is_lasting = reason is None or isinstance(reason, ssl.SSLCertVerificationError)
        return errno.EIO, f"cannot be read: {text}", not is_lasting
    return reason.errno, f"cannot be read: {os.strerror(reason.errno)}", True


def _failure_of_status(error: Any, url: Url) -> Failure:
    number, remedy = errno.EIO, ""
    if error.status in _MISSING:
        number = errno.ENOENT
    elif error.status in _REFUSED:
        number = errno.EACCES
        remedy = "; expected a user, a token or a signed link that the server accepts"
        remedy += " and that has not expired"
    elif error.status in _MAY_PASS:
        remedy = ", also after waiting"
    text = f"HTTP {error.status} {scrubbed(error.message, url)}".rstrip()
    wait = (error.headers or {}).get("Retry-After", "")
    return Failure(
        OSError(number, text + remedy, str(url)),
        error.status in _MAY_PASS,
        float(wait) if wait.isdecimal() else None,
    )

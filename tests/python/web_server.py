# SPDX-License-Identifier: BSD-2-Clause
"""A web server on the loopback interface that behaves as servers do, well and badly."""

from __future__ import annotations

import base64
import gzip
import re
import ssl
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

USER, PASSWORD = "reader", "s3cr3t-pw"
CHANGED = "Sat, 21 Nov 2026 10:00:00 GMT"
ETAG = '"v1"'


class Request(NamedTuple):
    """A request that came: its method, its path with the query, and its headers."""

    method: str
    path: str
    headers: dict[str, str]


class WebServer:
    """Serves files from memory; the first part of a path says how. Use it as a context manager.

    ``/ok/a.bed`` serves ``files["a.bed"]`` with Content-Length, ETag and byte ranges. Others:

    - ``missing``, ``refused``, ``gone-mad``: 404, 403 and 500, each time; ``busy``: 503, and no
      word of when to come back
    - ``flaky``: 503, then 500, then as ``ok``
    - ``cut``: the first answer breaks off in the middle; ``changes``: so, and then the ETag is
      another one; ``cut-always``: each answer does, from the start; ``cut-chunks``: chunked, so
    - ``move``: a redirect to ``/ok``; ``loop``: one to itself; ``elsewhere``: one to ``other``
    - ``no-length``, ``half``: HTTP/1.0, closed at the end, or in the middle; ``chunks``: chunked
    - ``silent``: a half, then nothing; ``drip``: a few bytes at a time
    - ``packed``: ``Content-Encoding: gzip`` around the file; ``labelled``: the header only
    - ``brotli``: another encoding; ``get-only``: 403 for HEAD; ``login``: wants USER and PASSWORD

    With a certificate and its key it speaks https.

    Attributes:
        files: Contents by name.
        requests: The requests so far.
        other: The address that ``elsewhere`` leads to.
    """

    def __init__(self, certificate: tuple[Path, Path] | None = None) -> None:
        self.files: dict[str, bytes] = {}
        self.requests: list[Request] = []
        self.other = ""
        self.counts: Counter[str] = Counter()
        self._server = _Server(("127.0.0.1", 0), _handler_of(self))
        self._scheme = "http" if certificate is None else "https"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )

    def __enter__(self) -> WebServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}"

    def methods(self, path: str) -> list[str]:
        """Return the methods of the requests for a path."""
        return [request.method for request in self.requests if request.path == path]


class _Server(ThreadingHTTPServer):
    """Says nothing of clients that go away, as some tests make them do."""

    daemon_threads = True
    request_queue_size = 128  # with the default of 5 many clients wait a second

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], (ConnectionError, ssl.SSLError)):
            super().handle_error(request, client_address)


def _handler_of(server: WebServer) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        web = server

    return Handler


class _Handler(BaseHTTPRequestHandler):
    web: WebServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def _answer(self) -> None:
        web = self.web
        web.requests.append(Request(self.command, self.path, dict(self.headers.items())))
        self.close_connection = True
        _, way, name = urlsplit(self.path).path.split("/", 2)
        body = web.files.get(name)
        number = web.counts[f"{self.command} {self.path}"]
        web.counts[f"{self.command} {self.path}"] += 1
        if body is None or way == "missing":
            self._send(404)
        elif way == "refused" or (way == "get-only" and self.command == "HEAD"):
            self._send(403)
        elif way == "login" and self.headers.get("Authorization") != _authorization():
            self._send(401)
        elif way == "busy":
            self._send(503)
        elif way == "gone-mad" or (way == "flaky" and number < 2):
            self._send(503 if number == 0 else 500, b"sorry", {"Retry-After": "0"})
        elif way in ("move", "loop", "elsewhere"):
            base = web.other if way == "elsewhere" else ""
            target = self.path if way == "loop" else self.path.replace(f"/{way}/", "/ok/")
            self._send(302, b"", {"Location": base + target})
        elif way in ("no-length", "half"):
            self.protocol_version = "HTTP/1.0"
            self._send(200, body[: len(body) // 2] if way == "half" else body, None, length=None)
        elif way in ("chunks", "cut-chunks"):
            self._send_chunks(body, way == "chunks")
        elif way in ("cut", "changes") and number == 0:
            self._send(200, body[: len(body) // 2], _range_headers(ETAG), length=len(body))
        elif way == "cut-always":
            self._send(200, body[: len(body) // 2], {"ETag": ETAG}, length=len(body))
        elif way in ("silent", "drip"):
            self._send_slowly(body, way == "silent")
        elif way == "packed":
            self._send(200, gzip.compress(body), {"Content-Encoding": "gzip"})
        elif way in ("labelled", "brotli"):
            encoding = "gzip" if way == "labelled" else "br"
            self._send(200, body, {"Content-Encoding": encoding})
        else:
            self._send_range(body, '"v2"' if way == "changes" else ETAG)

    def _send_range(self, body: bytes, tag: str) -> None:
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if wanted is None or self.headers.get("If-Range", tag) != tag:
            self._send(200, body, _range_headers(tag))
            return
        first, last = int(wanted[1]), int(wanted[2] or len(body) - 1)
        headers = {"Content-Range": f"bytes {first}-{last}/{len(body)}", **_range_headers(tag)}
        self._send(206, body[first : last + 1], headers)

    def _send_chunks(self, body: bytes, whole: bool) -> None:
        self._head(200, {"Transfer-Encoding": "chunked"})
        parts = [body[at : at + 50] for at in range(0, len(body), 50)]
        if self.command == "HEAD":
            return
        for part in parts if whole else parts[: len(parts) // 2]:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        if whole:
            self.wfile.write(b"0\r\n\r\n")

    def _send_slowly(self, body: bytes, stops: bool) -> None:
        self._head(200, {"Content-Length": str(len(body))})
        if self.command == "HEAD":
            return
        step = max(1, len(body) // 8)
        for at in range(0, len(body) // 2 if stops else len(body), step):
            self.wfile.write(body[at : at + step])
            time.sleep(0.02)
        if stops:
            time.sleep(0.3)

    def _send(
        self,
        status: int,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        length: int | None = -1,
    ) -> None:
        fields = dict(headers or {})
        if length is not None:
            fields["Content-Length"] = str(len(body) if length < 0 else length)
        self._head(status, fields)
        if self.command != "HEAD":
            self.wfile.write(body)

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


def _range_headers(tag: str) -> dict[str, str]:
    return {"Accept-Ranges": "bytes", "ETag": tag, "Last-Modified": CHANGED}


def _authorization() -> str:
    return "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()

# SPDX-License-Identifier: BSD-2-Clause
"""A Hub on the loopback interface: the routes that ``huggingface_hub`` asks for, in a thread."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit


class HubServer:
    """Serves models from memory; use it as a context manager.

    Attributes:
        requests: ``"METHOD path"`` of each request so far.
        on_request: Called with the same text before each answer, to change things in between.
        status: When set, each answer is this HTTP status and nothing else.
    """

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.on_request: Callable[[str], None] | None = None
        self.status: int | None = None
        self._refs: dict[str, dict[str, str]] = {}  # model -> revision -> commit
        self._files: dict[str, dict[str, bytes]] = {}  # commit -> path -> content
        self._gated: set[str] = set()
        self._private: dict[str, str] = {}  # model -> token
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> HubServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def push(
        self,
        repo: str,
        files: Mapping[str, bytes],
        revision: str = "main",
        *,
        gated: bool = False,
        token: str | None = None,
    ) -> str:
        """Make ``files`` the whole of ``repo`` at ``revision``; return the commit."""
        text = repr((repo, revision, len(self._files), sorted(files)))
        commit = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
        self._files[commit] = dict(files)
        self._refs.setdefault(repo, {})[revision] = commit
        if gated:
            self._gated.add(repo)
        if token is not None:
            self._private[repo] = token
        return commit

    def answer(
        self, method: str, target: str, authorization: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body for a request."""
        path = unquote(urlsplit(target).path)
        line = f"{method} {path}"
        if self.on_request is not None:
            self.on_request(line)
        self.requests.append(line)
        if self.status is not None:
            return self.status, {}, b""
        if path.startswith("/api/models/"):
            return self._model_info(path.removeprefix("/api/models/"), authorization)
        repo, found, rest = path.lstrip("/").partition("/resolve/")
        refused = self._refusal(repo, authorization)
        if refused is not None:
            return refused
        revision, _, name = rest.partition("/")
        commit = self._commit(repo, revision)
        if not found or commit is None:
            return _error(404, "RevisionNotFound")
        content = self._files[commit].get(name)
        if content is None:
            return _error(404, "EntryNotFound", {"X-Repo-Commit": commit})
        etag = hashlib.sha256(content).hexdigest()
        return 200, {"X-Repo-Commit": commit, "ETag": f'"{etag}"'}, content

    def _commit(self, repo: str, revision: str) -> str | None:
        refs = self._refs[repo]
        return revision if revision in refs.values() else self._all_commits(repo).get(revision)

    def _all_commits(self, repo: str) -> dict[str, str]:
        # A commit stays reachable by its own name after its branch has moved on.
        return {commit: commit for commit in self._files} | self._refs[repo]

    def _refusal(self, repo: str, authorization: str) -> tuple[int, dict[str, str], bytes] | None:
        if repo not in self._refs:
            return _error(404, "RepoNotFound")
        if repo in self._private and authorization != f"Bearer {self._private[repo]}":
            return _error(401, "RepoNotFound")
        if repo in self._gated:
            return _error(403, "GatedRepo")
        return None

    def _model_info(self, target: str, authorization: str) -> tuple[int, dict[str, str], bytes]:
        repo, _, revision = target.partition("/revision/")
        refused = self._refusal(repo, authorization)
        if refused is not None:
            return refused
        commit = self._commit(repo, revision or "main")
        if commit is None:
            return _error(404, "RevisionNotFound")
        siblings = [{"rfilename": name} for name in sorted(self._files[commit])]
        info = {"id": repo, "modelId": repo, "sha": commit, "tags": [], "siblings": siblings}
        return 200, {"Content-Type": "application/json"}, json.dumps(info).encode()


def _error(
    status: int, code: str, headers: Mapping[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    return status, {"X-Error-Code": code, "X-Error-Message": code, **(headers or {})}, b""


def _handler_of(hub: HubServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._reply(with_body=False)

        def do_GET(self) -> None:
            self._reply(with_body=True)

        def _reply(self, *, with_body: bool) -> None:
            authorization = self.headers.get("Authorization", "")
            status, headers, body = hub.answer(self.command, self.path, authorization)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if with_body:
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass  # the tests read `HubServer.requests` instead

    return Handler

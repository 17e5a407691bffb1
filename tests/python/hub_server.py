# SPDX-License-Identifier: BSD-2-Clause
"""A Hub on the loopback interface: the routes that ``huggingface_hub`` asks for, in a thread."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

Answer = tuple[int, dict[str, str], bytes]  # status, headers, body


class HubServer:
    """Serves models from memory, and takes uploads; use it as a context manager.

    Attributes:
        requests: ``"METHOD path"`` of each request so far.
        on_request: Called with the same text before each answer, to change things in between.
        status: When set, each answer is this HTTP status and nothing else.
        write_token: What uploads need: without a token they get 401, with another one 403.
        created: What the client asked for with each model that it made.
        commits: ``(revision, summary, description)`` of each commit that the client sent.
    """

    owner = "someone"  # whom the token belongs to

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.on_request: Callable[[str], None] | None = None
        self.status: int | None = None
        self.write_token = "hf_writer"
        self.created: list[dict[str, Any]] = []
        self.commits: list[tuple[str, str, str]] = []
        self._refs: dict[str, dict[str, str]] = {}  # model -> revision -> commit
        self._files: dict[str, dict[str, bytes]] = {}  # commit -> path -> content
        self._gated: set[str] = set()
        self._private: dict[str, str] = {}  # model -> token
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

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

    def files(self, repo: str, revision: str = "main") -> dict[str, bytes]:
        """Return what a model holds."""
        return dict(self._files[self._refs[repo][revision]])

    def answer(self, method: str, target: str, authorization: str, body: bytes) -> Answer:
        """Return the answer to a request."""
        path = unquote(urlsplit(target).path)
        line = f"{method} {path}"
        if self.on_request is not None:
            self.on_request(line)
        self.requests.append(line)
        if self.status is not None:
            return self.status, {}, b""
        if method == "POST":
            return self._write(path, "create_pr=1" in target, authorization, body)
        if path.startswith("/api/models/"):
            return self._metadata(path.removeprefix("/api/models/"), authorization)
        repo, found, rest = path.lstrip("/").partition("/resolve/")
        refused = self._refusal(repo, authorization)
        if refused is not None:
            return refused
        if repo in self._gated:
            return _error(403, "GatedRepo")
        revision, _, name = rest.partition("/")
        commit = self._commit(repo, revision)
        if not found or commit is None:
            return _error(404, "RevisionNotFound")
        content = self._files[commit].get(name)
        if content is None:
            return _error(404, "EntryNotFound", {"X-Repo-Commit": commit})
        etag = hashlib.sha256(content).hexdigest()
        return 200, {"X-Repo-Commit": commit, "ETag": f'"{etag}"'}, content

    def _write(self, path: str, create_pr: bool, authorization: str, body: bytes) -> Answer:
        if authorization != f"Bearer {self.write_token}":
            return 403 if authorization else 401, {}, b'{"error": "no right to write"}'
        if path == "/api/repos/create":
            return self._create(json.loads(body))
        model, _, revision = path.removeprefix("/api/models/").rpartition("/")
        repo, _, action = model.rpartition("/")
        if repo not in self._refs:
            return _error(404, "RepoNotFound")
        if revision not in self._refs[repo]:
            return _error(404, "RevisionNotFound")
        files = self.files(repo, revision)
        if action == "preupload":
            modes = [_upload_mode(file["path"], files) for file in json.loads(body)["files"]]
            return _json({"files": modes})
        lines = [json.loads(line) for line in body.splitlines()]
        for line in lines:
            if line["key"] == "file":
                files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
        header = lines[0]["value"]
        self.commits.append((revision, header["summary"], header["description"]))
        answer = {}
        if create_pr:
            revision = "refs/pr/1"
            answer["pullRequestUrl"] = f"{self.url}/{repo}/discussions/1"
        commit = self.push(repo, files, revision)
        url = f"{self.url}/{repo}/commit/{commit}"
        return _json(answer | {"success": True, "commitOid": commit, "commitUrl": url})

    def _create(self, wanted: dict[str, Any]) -> Answer:
        repo = f"{wanted['organization'] or self.owner}/{wanted['name']}"
        url = {"url": f"{self.url}/{repo}", "name": repo, "id": repo}
        if repo in self._refs:
            return _json(url | {"error": "You already created this model repo"}, 409)
        self.created.append(wanted)
        self.push(repo, {".gitattributes": b"*.gz filter=lfs diff=lfs merge=lfs -text\n"})
        return _json(url)

    def _commit(self, repo: str, revision: str) -> str | None:
        refs = self._refs[repo]
        return revision if revision in refs.values() else self._all_commits(repo).get(revision)

    def _all_commits(self, repo: str) -> dict[str, str]:
        # A commit stays reachable by its own name after its branch has moved on.
        return {commit: commit for commit in self._files} | self._refs[repo]

    def _refusal(self, repo: str, authorization: str) -> Answer | None:
        if repo not in self._refs:
            return _error(404, "RepoNotFound")
        if repo in self._private and authorization != f"Bearer {self._private[repo]}":
            return _error(401, "RepoNotFound")
        return None

    def _metadata(self, target: str, authorization: str) -> Answer:
        """Answer ``MODEL``, ``MODEL/revision/REVISION`` and ``MODEL/tree/REVISION``.

        As on the Hub, access to a gated model is needed only for its files, not for these.
        """
        repo, route, revision = target, "", "main"
        for name in ("/revision/", "/tree/"):
            if name in target:
                repo, route, revision = target.partition(name)
        refused = self._refusal(repo, authorization)
        if refused is not None:
            return refused
        commit = self._commit(repo, revision)
        if commit is None:
            return _error(404, "RevisionNotFound")
        files = dict(sorted(self._files[commit].items()))
        if route == "/tree/":
            return _json([_tree_entry(name, content) for name, content in files.items()])
        siblings = [{"rfilename": name} for name in files]
        info = {"id": repo, "modelId": repo, "sha": commit, "tags": [], "siblings": siblings}
        return _json(info | {"private": repo in self._private, "gated": repo in self._gated})


def _upload_mode(path: str, files: Mapping[str, bytes]) -> dict[str, Any]:
    """Tell the client to send a file's content with the commit, unless git has it already."""
    mode: dict[str, Any] = {"path": path, "uploadMode": "regular", "shouldIgnore": False}
    if path in files:
        mode["oid"] = _blob_id(files[path])
    return mode


def _tree_entry(path: str, content: bytes) -> dict[str, Any]:
    return {"type": "file", "path": path, "size": len(content), "oid": _blob_id(content)}


def _blob_id(content: bytes) -> str:
    """Return git's name of a file's content."""
    blob = b"blob %d\0" % len(content) + content
    return hashlib.sha1(blob, usedforsecurity=False).hexdigest()


def _json(value: Mapping[str, Any] | Sequence[Any], status: int = 200) -> Answer:
    return status, {"Content-Type": "application/json"}, json.dumps(value).encode()


def _error(status: int, code: str, headers: Mapping[str, str] | None = None) -> Answer:
    return status, {"X-Error-Code": code, "X-Error-Message": code, **(headers or {})}, b""


def _handler_of(hub: HubServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._reply(with_body=False)

        def do_GET(self) -> None:
            self._reply(with_body=True)

        def do_POST(self) -> None:
            self._reply(with_body=True)

        def _reply(self, *, with_body: bool) -> None:
            authorization = self.headers.get("Authorization", "")
            given = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, headers, body = hub.answer(self.command, self.path, authorization, given)
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

# SPDX-License-Identifier: BSD-2-Clause
"""The class ``Url``, whose text has no credentials, and what is known of the file behind it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

HTTP = ("http", "https")

# Between the URLs of a chain, such as simplecache::s3://b/x; not the one in http://[::1]/x.
_LINK = re.compile(r"::(?=[A-Za-z][A-Za-z0-9+.-]*(?:://|::))")
# In these the part before an @ names a container or a repository.
_NO_USER = ("abfs", "abfss", "az", "adl", "wasb", "wasbs", "github", "git", "hf")
# Parameters that say which file it is, and that are no secret: their values may be shown.
_SHOWN = frozenset(
    [
        *("acc", "accession", "alt", "dl", "download", "file", "filename", "format", "generation"),
        *("raw", "versionid"),
    ]
)
# Parameters that say who asks and until when: a link that is signed again names the same file.
_CREDENTIALS = re.compile(
    r"(x-(amz|goog|oss|cos)-.*"
    r"|(.*[-_.])?(sig|signature|token|secret|pass|passwd|password|pwd|auth|authorization|cred"
    r"|credentials?|key|session|jwt|expires?|expiry)([-_.].*)?"
    r"|(access|auth|id|session|security)token|(api|access|secret)key"
    r"|awsaccesskeyid|googleaccessid|policy|key-pair-id"
    r"|s(v|s|p|e|t|r|rt|pr|ip|dd|koid|ktid|kt|ke|ks|kv))$",  # of Azure
    re.IGNORECASE,
)
# Options of file systems that are no secret.
_OPEN = ("endpoint_url", "region_name", "account_name", "project", "profile", "host", "protocol")
_URLS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://[^\s'\"<>)\]},]+")


class State(NamedTuple):
    """What tells one content of a remote file from another one without reading it.

    Attributes:
        size: Bytes; None: the server does not say.
        mtime_ns: Time of the last change in nanoseconds; None: the server does not say.
    """

    size: int | None
    mtime_ns: int | None


class Url(str):
    """A URL that names a file; as text it has no credentials.

    Everything that shows or saves a path takes the text, so that a password or a signature gets
    neither into messages nor into files. Equal texts mean the same file.

    Attributes:
        url: The URL as it was given.
        storage_options: Options of its file system.
        state: What a listing said of the file; None if there was none.
    """

    url: str
    storage_options: dict[str, Any]
    state: State | None

    def __new__(
        cls,
        url: str,
        storage_options: Mapping[str, Any] | None = None,
        state: State | None = None,
    ) -> Url:
        self = super().__new__(cls, redacted(url))
        self.url = url
        self.storage_options = dict(storage_options or {})
        self.state = state
        return self

    def __getnewargs__(self) -> tuple[str, dict[str, Any], State | None]:  # type: ignore[override]
        return self.url, self.storage_options, self.state

    @property
    def links(self) -> list[str]:
        """The URLs of a chain: one, or more of ``simplecache::s3://...``."""
        return _LINK.split(self.url)

    @property
    def protocol(self) -> str:
        """The first protocol, in lower case: ``s3``, ``https``."""
        return self.links[0].partition("://")[0].lower()

    @property
    def is_http(self) -> bool:
        """Whether it is http or https, and no chain."""
        return self.protocol in HTTP and len(self.links) == 1

    @property
    def is_folder(self) -> bool:
        """Whether it names all that is in a folder; of http a final slash is a part of the name."""
        return self.endswith("/") and not self.is_http

    @property
    def is_pattern(self) -> bool:
        """Whether it names several files, as ``s3://bucket/*.bed.gz`` does."""
        return any(has_magic(link) for link in self.links)

    def child(self, name: str) -> Url:
        """Return the URL of a file in this folder."""
        path, mark, query = self.url.partition("?") if self.is_http else (self.url, "", "")
        return Url(f"{path.rstrip('/')}/{name}{mark}{query}", self.storage_options)

    def sibling(self, name: str) -> Url:
        """Return the URL of a file beside this one."""
        path, mark, query = self.url.partition("?") if self.is_http else (self.url, "", "")
        return Url(f"{path.rpartition('/')[0]}/{name}{mark}{query}", self.storage_options)


def has_magic(link: str) -> bool:
    """Return whether a URL holds a pattern: ``*``, and ``[abc]`` where no host is.

    ``?`` begins a query, such as that of a version.
    """
    protocol, _, rest = link.partition("://")
    if protocol.lower() in HTTP:
        return "*" in rest.partition("?")[0]
    return "*" in rest or re.search(r"\[[^]]+\]", rest) is not None


def redacted(url: str) -> str:
    """Return a URL, or a chain of them, without credentials.

    User and password are left out. Of the query the parameters of signatures are left out, values
    that are known to be no secret stay, and of all others a digest does, as they may be a secret
    and may name another file.
    """
    return "::".join(map(_redacted_link, _LINK.split(url)))


def _redacted_link(link: str) -> str:
    protocol, mark, rest = link.partition("://")
    if not mark:
        return link
    rest, _, query = rest.partition("?")
    if protocol.lower() in HTTP:
        query = query.partition("#")[0]
        rest = rest.partition("#")[0]
    host, slash, path = rest.partition("/")
    has_port = re.fullmatch(r"[^:]*(:\d*)?|\[.*\](:\d*)?", host.rpartition("@")[2])
    if protocol.lower() in HTTP and not has_port and "@" in path:
        host, slash, path = rest.rpartition("@")[2].partition("/")  # a password with a slash
    _, at, name = host.rpartition("@")
    if at and protocol.lower() not in _NO_USER:
        host = name
    return f"{protocol}://{host}{slash}{path}{_redacted_query(query)}"


def _redacted_query(query: str) -> str:
    shown, hidden = [], []
    for parameter in filter(None, query.split("&")):
        name, _, value = parameter.partition("=")
        if name.lower() in _SHOWN and re.fullmatch(r"[\w.%+/:-]{0,100}", value):
            shown.append(parameter)
        elif not _CREDENTIALS.match(name):
            hidden.append(parameter)
    if hidden:
        import hashlib  # brings OpenSSL, 4 MiB that most programs do without

        shown.append(hashlib.blake2b("&".join(hidden).encode(), digest_size=4).hexdigest())
    return f"?{'&'.join(shown)}" if shown else ""


def scrubbed(text: str, url: Url) -> str:
    """Return the text of a library's error on one line, without the credentials of ``url``."""
    text = " ".join(text.split())
    text = text.replace(url.url, url)
    text = _URLS.sub(lambda match: redacted(match[0]), text)
    for secret in sorted(_secrets(url), key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def _secrets(url: Url) -> set[str]:
    """Return the parts of a URL and of its options that are left out of messages."""
    found = set(_texts(url.storage_options))
    for link in url.links:
        rest = link.partition("://")[2]
        rest, _, query = rest.partition("?")
        user, at, _ = rest.partition("/")[0].rpartition("@")
        if at and link.partition("://")[0].lower() not in _NO_USER:
            found |= {user, *user.split(":")}
        for parameter in query.split("&"):
            name, _, value = parameter.partition("=")
            if name.lower() not in _SHOWN:
                found |= {parameter, value}
    return {secret for secret in found if len(secret) > 3}


def _texts(values: object) -> list[str]:
    if isinstance(values, Mapping):
        pairs = values.items()
        return [text for name, value in pairs if name not in _OPEN for text in _texts(value)]
    if isinstance(values, (list, tuple)):
        return [text for value in values for text in _texts(value)]
    return [values] if isinstance(values, str) else []

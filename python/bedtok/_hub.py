# SPDX-License-Identifier: BSD-2-Clause
"""From a name to the local folder of a saved tokenizer, and from a folder to a model on the Hub.

Only files of known names are downloaded, and they are only read as data. ``huggingface_hub`` is
imported when the Hub is needed, never before.
"""

from __future__ import annotations

import glob
import importlib
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any

from bedtok._core import ConfigError
from bedtok._files import StorageOptions, is_url, names_file, nearest_file, source_path

UNIVERSE_FILES = ("universe.bed.gz", "universe.bed")  # at least one; the first is preferred
OPTIONAL_FILES = (
    *("token_weights.npz", "tokenizer_config.json", "special_tokens_map.json"),
    "universe.index",
)

_Errors = dict[str, tuple[type[Exception], str] | None]

_NO_TOKEN = (
    PermissionError,
    "{name!r}: no token to log in with; run 'hf auth login', or pass token=",
)
_NOT_CACHED = (
    FileNotFoundError,
    "{name!r}{at_revision} is neither a folder nor in the cache of the Hub with all its files, and "
    "the Hub is not asked (HF_HUB_OFFLINE or local_files_only=True); load it once with the "
    "network, or give a local folder",
)
_UPLOAD_FAILED = (
    ConnectionError,
    "{name!r}: the Hub cannot be reached: {reason}; check the network",
)
# Exceptions to raise in place of the client's, by class name, because the classes move from one
# version of the client to the next and its HTTP library changes. The most specific class decides;
# "Refused" is an HTTP 401 or 403; None leaves the exception as it is.
_DOWNLOAD_ERRORS: _Errors = {
    "HFValidationError": (
        FileNotFoundError,
        "{name!r} is neither a folder nor a name that a model on the Hub can have; expected "
        "'model' or 'owner/model' of letters, digits, '-', '_' and '.'",
    ),
    "GatedRepoError": (
        PermissionError,
        "{name!r} is gated: ask for access on its page on the Hub, then log in or pass token=",
    ),
    "RepositoryNotFoundError": (
        FileNotFoundError,
        "{name!r} is neither a folder nor a model on the Hub; check the spelling, or pass token= "
        "if the model is private",
    ),
    "RevisionNotFoundError": (
        FileNotFoundError,
        "{name!r} has no revision {revision!r} on the Hub; expected a branch, a tag or a commit",
    ),
    "EntryNotFoundError": (
        FileNotFoundError,
        "{name!r}{at_revision} has neither {files}; check the name and subfolder=, or whether this "
        "model is a tokenizer at all",
    ),
    "LocalEntryNotFoundError": _NOT_CACHED,
    "OfflineModeIsEnabled": _NOT_CACHED,
    "LocalTokenNotFoundError": _NO_TOKEN,
    "Refused": (
        PermissionError,
        "{name!r}: the Hub refuses access; check token= or the token of your login (run 'hf auth "
        "login'), and ask for access on the model's page if it is gated: {reason}",
    ),
    "Exception": (
        ConnectionError,
        "{name!r} could not be had from the Hub: {reason}; check the network, or pass "
        "local_files_only=True to use what is in the cache",
    ),
}
_UPLOAD_ERRORS: _Errors = {
    "HFValidationError": (ConfigError, "repo_id {name!r}: {reason}"),
    "LocalTokenNotFoundError": _NO_TOKEN,
    "Refused": (
        PermissionError,
        "{name!r}: the Hub refuses the upload; log in with a token that may write, or pass token=: "
        "{reason}",
    ),
    "HfHubHTTPError": (ConnectionError, "{name!r}: the Hub did not take the upload: {reason}"),
    "JSONDecodeError": _UPLOAD_FAILED,  # a ValueError, but of the answer
    "TypeError": None,
    "ValueError": None,
    "Exception": _UPLOAD_FAILED,
}


def resolve(
    name_or_folder: str | os.PathLike[str],
    *,
    revision: str | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    token: str | bool | None = None,
    local_files_only: bool = False,
    subfolder: str = "",
) -> Path:
    """Return the local folder that holds a saved tokenizer, and download it if necessary.

    A folder that exists wins over a model of the same name. A ``PathLike``, and a string that
    begins with ``.``, ``/`` or ``~`` or ends as a file does (``.bed``, ``.gz`` ...), is always a
    path and never looked up on the Hub.

    Args:
        name_or_folder: A folder, or a Hub name such as ``databio/atacformer-base-hg38``.
        revision: Branch, tag or commit on the Hub; default: the main branch. Ignored for a
            local folder.
        cache_dir: Folder of the Hub's cache; default: that of ``huggingface_hub``.
        token: Access token for private and gated models; ``None`` uses the stored login,
            ``False`` sends none.
        local_files_only: Use only what is in the cache.
        subfolder: Folder inside the model or the local folder, with forward slashes.

    Returns:
        The folder. All files of a model belong to one commit, even if a new one is pushed
        during the download.

    Raises:
        FileNotFoundError: Neither a folder nor a model; the revision or the subfolder does not
            exist; the model has no universe file; offline and not in the cache.
        NotADirectoryError: The path is a file.
        PermissionError: The model is gated, or the token is missing or not accepted.
        ConnectionError: The Hub cannot be reached or answers with a failure.
        ConfigError: ``subfolder`` leads out of the folder, or ``revision`` can be none.
        ImportError: A Hub name was given and ``huggingface_hub`` is not installed.
    """
    text = os.fspath(name_or_folder)
    if not isinstance(text, str):
        raise TypeError(f"expected a folder or a Hub name as str, not {type(text).__name__}")
    inner = _inside(subfolder)
    _check_revision(revision)
    path = os.path.expanduser(text)

    if os.path.isdir(path):
        folder = Path(path, inner)
        if not folder.is_dir():
            raise FileNotFoundError(f"{text}: has no folder {subfolder!r}")
        return folder
    if os.path.exists(path):
        raise NotADirectoryError(
            f"{text}: is a file, expected a folder or a Hub name; a file is loaded with "
            f"Tokenizer({text!r})"
        )
    if not isinstance(name_or_folder, str) or _looks_like_path(text) or names_file(text):
        raise FileNotFoundError(
            f"{text!r}: no such folder; expected one that save_pretrained wrote, or a Hub name "
            f"such as 'databio/atacformer-base-hg38'{nearest_file(path)}"
        )
    if token is not None and not isinstance(token, (str, bool)):
        raise TypeError(f"token: expected str or None, not {type(token).__name__}")
    options = {
        "revision": revision,
        "cache_dir": None if cache_dir is None else os.path.expanduser(os.fspath(cache_dir)),
        "token": token,
        "local_files_only": local_files_only,
        "library_name": "bedtok",
    }
    return _download(text, inner, options)


@contextmanager
def local_folder(
    name_or_folder: str | os.PathLike[str],
    *,
    subfolder: str = "",
    storage_options: StorageOptions = None,
    **options: Any,
) -> Iterator[Path]:
    """Yield the local folder of a saved tokenizer; that of a URL is downloaded for the block.

    Args:
        name_or_folder: As in ``resolve``, or the URL of a folder.
        subfolder: As in ``resolve``.
        storage_options: Options of the URL's file system.
        **options: Others of ``resolve``, which a URL does not have.

    Raises:
        OSError: The URL cannot be read. Others are those of ``resolve``.
    """
    if not is_url(name_or_folder):
        yield resolve(name_or_folder, subfolder=subfolder, **options)
        return
    from bedtok._remote.files import local_folder_copy
    from bedtok._remote.url import Url

    url = source_path(name_or_folder, storage_options)
    assert isinstance(url, Url)
    if inner := _inside(subfolder):
        url = url.child(inner)
    # An index is mapped into memory as long as the tokenizer is used; the copy does not last.
    names = [name for name in (*UNIVERSE_FILES, *OPTIONAL_FILES) if not name.endswith(".index")]
    with local_folder_copy(url, names, one_of=UNIVERSE_FILES) as folder:
        yield Path(folder)


def upload(
    folder: str,
    repo_id: str,
    *,
    commit_message: str,
    commit_description: str | None,
    private: bool | None,
    token: str | bool | None,
    revision: str | None,
    create_pr: bool,
) -> Any:
    """Upload the files of a folder to a model in one commit; create the model if necessary.

    Args:
        folder: The local folder. The other arguments are those of ``Tokenizer.push_to_hub``.

    Returns:
        The client's ``CommitInfo``.

    Raises:
        ConfigError: A model cannot have this name.
        PermissionError: The token is missing or not accepted.
        ConnectionError: The Hub cannot be reached or answers with a failure.
        ImportError: ``huggingface_hub`` is not installed.
    """
    if not isinstance(repo_id, str):
        raise TypeError(f"repo_id: expected str, not {type(repo_id).__name__}")
    _check_revision(revision)
    client = _import_client("push_to_hub needs huggingface_hub")
    api = client.HfApi(token=token, library_name="bedtok")
    # Client versions below 0.30 do not take None, which is the default in the others.
    visibility = {} if private is None else {"private": private}
    with _translated_errors(_UPLOAD_ERRORS, name=repo_id):
        url = api.create_repo(repo_id, exist_ok=True, **visibility)
        return api.upload_folder(
            folder_path=folder,
            repo_id=url.repo_id,
            commit_message=commit_message,
            commit_description=commit_description,
            revision=revision,
            create_pr=create_pr,
        )


def _download(name: str, inner: str, options: dict[str, Any]) -> Path:
    """Return the cached folder ``inner`` of a model, with its files of the known names."""
    client = _import_client(
        f"{name!r} is not a folder here, and to load it from the Hub huggingface_hub must be "
        "installed"
    )
    universes = [str(PurePosixPath(inner, file)) for file in UNIVERSE_FILES]
    optional = [str(PurePosixPath(inner, file)) for file in OPTIONAL_FILES]
    revision = options["revision"]

    def fetch(local_files_only: bool = options["local_files_only"]) -> Path:
        # One file after the other, in the Hub's order by name, so the universe is last: one that
        # an interrupted download left in the cache has its configuration beside it. Older clients
        # do not check that a cached snapshot is complete.
        snapshot = client.snapshot_download(
            name,
            allow_patterns=[glob.escape(file) for file in universes + optional],
            max_workers=1,
            tqdm_class=_silent_progress_bar(),
            **{**options, "local_files_only": local_files_only},
        )
        return Path(snapshot)

    with _translated_errors(
        _DOWNLOAD_ERRORS,
        name=name,
        revision=revision or "main",
        at_revision="" if revision is None else f" at revision {revision!r}",
        files=" nor ".join(universes),
    ):

        def fetch_universe() -> Path:
            snapshot = fetch()
            if not any((snapshot / file).is_file() for file in universes):
                # Either the model has no universe, or the client fell back to a cache without one.
                # Its error for the file itself says which.
                client.hf_hub_download(name, universes[-1], **options)
                snapshot = fetch()  # the Hub can be reached again
            return snapshot

        if options["local_files_only"]:
            snapshot = fetch_universe()
        else:
            try:
                snapshot = _unless_silent(fetch_universe)
            except _SilentHub:
                cached: Path | None = None
                with suppress(Exception):  # whatever it is: the silence is the cause
                    cached = fetch(local_files_only=True)
                if cached is None or not any((cached / file).is_file() for file in universes):
                    raise
                snapshot = cached
    return snapshot / inner


class _SilentHub(TimeoutError):
    """The Hub takes connections and does not answer."""


def _unless_silent(work: Callable[[], Path]) -> Path:
    """Return ``work()``, which asks the Hub; end the wait when the Hub answers nobody.

    The client waits for a first answer without a limit, or for minutes, by its version. Here it
    works in another thread, and while it does, the Hub is asked for any answer now and then.

    Raises:
        _SilentHub: There was none in the client's ``HF_HUB_ETAG_TIMEOUT`` seconds, 10 by default.
    """
    constants = importlib.import_module("huggingface_hub.constants")
    patience = float(constants.HF_HUB_ETAG_TIMEOUT)
    done: list[Path] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(work())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, name="bedtok-hub", daemon=True)
    thread.start()
    wait = patience
    while True:
        thread.join(wait)
        if failed:
            raise failed[0]
        if done:
            return done[0]
        if not _answers(constants.ENDPOINT, patience):
            raise _SilentHub(f"{constants.ENDPOINT} does not answer within {patience:g} seconds")
        wait *= 2  # it answers; a large file takes its time


def _answers(url: str, timeout: float) -> bool:
    """Return whether a server answers anything at all, even a refusal."""
    # A local folder is loaded in less time than these take to import.
    import http.client
    import urllib.error
    import urllib.request

    request = urllib.request.Request(url, method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=timeout):
            return True
    except TimeoutError:
        return False
    except urllib.error.URLError as error:  # an HTTP status other than 2xx among them
        return not isinstance(error.reason, TimeoutError)
    except (OSError, ValueError, http.client.HTTPException):
        return True  # the client says what is wrong


def _check_revision(revision: object) -> None:
    """Raise for a revision that no branch, tag or commit is called, such as ``../x``.

    The client makes a file of its cache of it.
    """
    if revision is None:
        return
    if not isinstance(revision, str):
        raise TypeError(f"revision: expected str or None, not {type(revision).__name__}")
    parts = revision.split("/")
    if (
        any(part == "" or part.startswith(".") or part.endswith(".lock") for part in parts)
        or ".." in revision
        or not revision.isprintable()
        or any(c in " ~^:?*[\\" for c in revision)
    ):
        raise ConfigError(
            f"revision {revision!r}: expected the name of a branch, a tag or a commit"
        )


@contextmanager
def _translated_errors(errors: _Errors, **facts: str) -> Iterator[None]:
    """Raise the exceptions of ``errors`` in place of the client's; ``facts`` fill their texts."""
    try:
        yield
    except Exception as error:
        # With an errno it is the disk: full, read-only, no access to the cache.
        if getattr(error, "errno", None) is not None and not isinstance(error, ConnectionError):
            raise
        cause: BaseException = error
        if "LocalEntryNotFoundError" in _class_names(error) and error.__cause__ is not None:
            cause = error.__cause__  # why the Hub was not asked, or did not answer
        entry = errors[next(name for name in _class_names(cause) if name in errors)]
        if entry is None:
            raise
        kind, text = entry
        hint = nearest_file(facts["name"]) if kind in (FileNotFoundError, ConnectionError) else ""
        reason = " ".join(str(cause).split()).rstrip(".") or type(cause).__name__
        raise kind(text.format(**facts, reason=reason) + hint) from error


def _class_names(error: BaseException) -> list[str]:
    """Return the names of an exception's classes, the most specific first."""
    names = [base.__name__ for base in type(error).__mro__]
    status = getattr(getattr(error, "response", None), "status_code", None)
    if "HfHubHTTPError" in names and status in (401, 403):
        names.insert(names.index("HfHubHTTPError"), "Refused")
    return names


def _import_client(purpose: str) -> Any:
    """Return the module ``huggingface_hub``."""
    try:
        import huggingface_hub
    except ImportError as error:
        raise ImportError(f"{purpose}: {error}") from error
    return huggingface_hub


def _silent_progress_bar() -> type:
    """Return a progress bar that shows nothing; the client's would appear on every load."""
    from tqdm import tqdm

    class SilentProgressBar(tqdm):  # type: ignore[misc]
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **{**options, "disable": True})

    return SilentProgressBar


def _looks_like_path(text: str) -> bool:
    """Return whether a string cannot be a Hub name (``model`` or ``owner/model``)."""
    return (
        text == ""
        or text.startswith((".", "/", "~"))
        or text.endswith("/")
        or "\\" in text
        or text.count("/") > 1
        or os.path.isabs(text)
    )


def _inside(subfolder: str) -> str:
    """Return ``subfolder`` normalized; raise if it leads out of its folder."""
    if not isinstance(subfolder, str):
        raise TypeError(f"subfolder: expected str, not {type(subfolder).__name__}")
    path = PurePosixPath(subfolder.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or (path.parts and ":" in path.parts[0]):
        raise ConfigError(f"subfolder {subfolder!r}: expected a folder inside the model's")
    return "" if str(path) == "." else str(path)

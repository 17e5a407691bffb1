# SPDX-License-Identifier: BSD-2-Clause
"""Where a saved tokenizer lies: a local folder, or a model on the Hub, down and up.

Only files of known names are fetched, and they are only ever read as data.
``huggingface_hub`` is imported when the Hub is asked, never before.
"""

from __future__ import annotations

import importlib
import json
import os
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn

from bedtok._core import ConfigError

# One of these must be there; the first that is wins, as `from_pretrained` prefers them.
UNIVERSE_FILES = ("universe.bed.gz", "universe.bed")
# The published models hold the universe alone, so these may be missing.
OPTIONAL_FILES = ("tokenizer_config.json", "special_tokens_map.json")


def resolve(
    name_or_folder: str | os.PathLike[str],
    *,
    revision: str | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    token: str | bool | None = None,
    local_files_only: bool = False,
    subfolder: str = "",
) -> Path:
    """Return the local folder that holds a saved tokenizer, after a download if need be.

    A folder that exists wins over a Hub name of the same spelling. A ``PathLike``, and a text
    that begins with ``.``, ``/`` or ``~``, is always a path: the network is not asked.

    Args:
        name_or_folder: A folder, or a Hub name such as ``databio/atacformer-base-hg38``.
        revision: Branch, tag or commit on the Hub; default: the main branch. A local folder
            has no revisions, so it is ignored there.
        cache_dir: Where the Hub's cache lies; default: that of ``huggingface_hub``.
        token: Access token for private and gated models; ``None`` takes the one that the user
            logged in with, ``False`` sends none.
        local_files_only: Look into the cache only.
        subfolder: Folder inside the model or the local folder, with forward slashes.

    Returns:
        The folder. For a Hub name all its files belong to one commit, even when somebody
        pushes to the model while it is fetched.

    Raises:
        FileNotFoundError: Neither a folder nor a model; the revision or the subfolder is not
            there; the model has no universe file; offline and not in the cache.
        NotADirectoryError: A file was given.
        PermissionError: The model is gated, or the token is not accepted.
        ConnectionError: The Hub cannot be reached or answers with a failure.
        ConfigError: ``subfolder`` leaves the folder.
        ImportError: A Hub name was given and ``huggingface_hub`` is not installed.
    """
    text = os.fspath(name_or_folder)
    if not isinstance(text, str):
        raise TypeError(f"expected a folder or a Hub name as str, not {type(text).__name__}")
    inner = _inside(subfolder)
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
    if not isinstance(name_or_folder, str) or _looks_like_path(text):
        raise FileNotFoundError(
            f"{text!r}: no such folder; expected one that save_pretrained wrote, or a Hub name "
            "such as 'databio/atacformer-base-hg38'"
        )
    return _from_hub(text, revision, cache_dir, token, local_files_only, inner)


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
    """Upload the files of a folder to a model, which is made when it is missing, in one commit.

    Args are those of ``Tokenizer.push_to_hub``.

    Returns:
        The client's ``CommitInfo``.

    Raises:
        ConfigError: The Hub would not take the name.
        PermissionError: The token is missing or not accepted.
        ConnectionError: The Hub cannot be reached or answers with a failure.
        ImportError: ``huggingface_hub`` is not installed.
    """
    if not isinstance(repo_id, str):
        raise TypeError(f"repo_id: expected str, not {type(repo_id).__name__}")
    try:
        from huggingface_hub import HfApi
    except ImportError as error:
        raise ImportError(f"push_to_hub needs huggingface_hub: {error}") from error
    errors: Any = importlib.import_module("huggingface_hub.utils")
    api = HfApi(token=token, library_name="bedtok")
    try:
        # Below version 0.30 of the client None is not a choice, and the default says the same.
        visibility: dict[str, Any] = {} if private is None else {"private": private}
        url = api.create_repo(repo_id, exist_ok=True, **visibility)
        return api.upload_folder(
            folder_path=folder,
            repo_id=url.repo_id,
            commit_message=commit_message,
            commit_description=commit_description,
            revision=revision,
            create_pr=create_pr,
        )
    except errors.HFValidationError as error:
        raise ConfigError(f"repo_id {repo_id!r}: {_one_line(error)}") from error
    except errors.HfHubHTTPError as error:
        status = getattr(error.response, "status_code", None)
        if status in (401, 403):
            raise PermissionError(
                f"{repo_id!r}: the Hub refuses the upload; log in with a token that may write, or "
                f"pass token=: {_one_line(error)}"
            ) from error
        raise ConnectionError(
            f"{repo_id!r}: the Hub did not take the upload: {_one_line(error)}"
        ) from error
    except errors.LocalTokenNotFoundError as error:
        raise PermissionError(
            f"{repo_id!r}: no token to log in with; run 'hf auth login', or pass token="
        ) from error
    except Exception as error:
        # An answer that is not JSON is a ValueError, too.
        wrong_argument = isinstance(error, (TypeError, ValueError))
        if wrong_argument and not isinstance(error, json.JSONDecodeError):
            raise
        # What is left comes from the client's HTTP library, whose errors share no base class
        # over the client's versions.
        raise ConnectionError(
            f"{repo_id!r}: the Hub cannot be reached: {_one_line(error)}; check the network"
        ) from error


def _looks_like_path(text: str) -> bool:
    """Whether a text cannot be a Hub name (``model`` or ``owner/model``)."""
    return (
        text == ""
        or text.startswith((".", "/", "~"))
        or text.endswith("/")
        or "\\" in text
        or text.count("/") > 1
        or os.path.isabs(text)
    )


def _inside(subfolder: str) -> str:
    """Return ``subfolder`` without needless parts; refuse one that leads out of its folder."""
    if not isinstance(subfolder, str):
        raise TypeError(f"subfolder: expected str, not {type(subfolder).__name__}")
    path = PurePosixPath(subfolder.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or (path.parts and ":" in path.parts[0]):
        raise ConfigError(f"subfolder {subfolder!r}: expected a folder inside the model's")
    return "" if str(path) == "." else str(path)


class _Absent(Exception):
    """The file is not there. ``commit`` is set where the Hub told which commit was asked."""

    def __init__(self, commit: str | None = None, *, only_cache: bool = False) -> None:
        super().__init__()
        self.commit = commit
        self.only_cache = only_cache


def _from_hub(
    name: str,
    revision: str | None,
    cache_dir: str | os.PathLike[str] | None,
    token: str | bool | None,
    local_files_only: bool,
    inner: str,
) -> Path:
    for what, value in (("revision", revision), ("token", token)):
        allowed = (str, bool) if what == "token" else (str,)
        if value is not None and not isinstance(value, allowed):
            raise TypeError(f"{what}: expected str or None, not {type(value).__name__}")
    cache = None if cache_dir is None else os.path.expanduser(os.fspath(cache_dir))
    try:
        import huggingface_hub  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f"{name!r} is not a folder here, and to load it from the Hub huggingface_hub must be "
            f"installed: {error}"
        ) from error

    def fetch(filename: str, commit: str | None) -> Path:
        return _fetch(name, filename, inner, commit, revision, cache, token, local_files_only)

    commit: str | None = None
    only_cache = False
    for filename in UNIVERSE_FILES:
        try:
            universe = fetch(filename, commit)
            break
        except _Absent as absent:
            commit = commit or absent.commit
            only_cache = only_cache or absent.only_cache
    else:
        if only_cache:
            raise FileNotFoundError(
                f"{name!r}{_at(revision)} is neither a folder nor in the cache of the Hub, and the "
                "Hub is not asked (HF_HUB_OFFLINE or local_files_only=True); load it once with the "
                "network, or give a local folder"
            )
        looked_for = " nor ".join(f"{inner}/{file}" if inner else file for file in UNIVERSE_FILES)
        raise FileNotFoundError(
            f"{name!r}{_at(revision)} has neither {looked_for}; check the name and subfolder=, or "
            "whether this model is a tokenizer at all"
        )

    # The cache keeps one folder a commit: <commit>/<subfolder>/<file>. From here on everything
    # is asked for at that commit, so that a push in between cannot mix two versions.
    folder = universe.parent
    commit = folder.parents[len(PurePosixPath(inner).parts) - 1].name if inner else folder.name
    for filename in OPTIONAL_FILES:
        # Offline, a file that is not in the cache counts as one that the model does not have:
        # only a cache filled by hand, file by file, can tell the two apart, and nobody else.
        try:
            fetch(filename, commit)
        except _Absent:
            continue
    return folder


def _fetch(
    name: str,
    filename: str,
    inner: str,
    commit: str | None,
    revision: str | None,
    cache_dir: str | None,
    token: str | bool | None,
    local_files_only: bool,
) -> Path:
    """Return the cached path of one file; raise `_Absent`, or an error worth showing."""
    from huggingface_hub import _CACHED_NO_EXIST, hf_hub_download, try_to_load_from_cache

    # The one place where every version since 0.24 has its exceptions.
    errors: Any = importlib.import_module("huggingface_hub.utils")

    try:
        if commit is not None:
            known = try_to_load_from_cache(
                name,
                f"{inner}/{filename}" if inner else filename,
                cache_dir=cache_dir,
                revision=commit,
            )
            if known is _CACHED_NO_EXIST:
                # A commit never changes: what it lacks, it lacks for good.
                raise _Absent(commit)
        return Path(
            hf_hub_download(
                name,
                filename,
                subfolder=inner or None,
                revision=commit or revision,
                cache_dir=cache_dir,
                token=token,
                local_files_only=local_files_only,
                library_name="bedtok",
            )
        )
    except _Absent:
        raise
    except errors.HFValidationError as error:
        raise FileNotFoundError(
            f"{name!r} is neither a folder nor a name that a model on the Hub can have; expected "
            "'model' or 'owner/model' of letters, digits, '-', '_' and '.'"
        ) from error
    except errors.GatedRepoError as error:
        raise PermissionError(
            f"{name!r} is gated: ask for access on its page on the Hub, then log in or pass token="
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise FileNotFoundError(
            f"{name!r} is neither a folder nor a model on the Hub; check the spelling, or pass "
            "token= if the model is private"
        ) from error
    except errors.RevisionNotFoundError as error:
        raise FileNotFoundError(
            f"{name!r} has no revision {commit or revision or 'main'!r} on the Hub; expected a "
            "branch, a tag or a commit"
        ) from error
    except errors.LocalEntryNotFoundError as error:
        # The client says this when it was told to stay offline, and also when it failed to reach
        # the Hub. Only in the first case may a missing file be taken as one that is not there.
        if local_files_only or isinstance(error.__cause__, errors.OfflineModeIsEnabled):
            raise _Absent(only_cache=True) from error
        _unreachable(name, error.__cause__ or error)
    except errors.EntryNotFoundError as error:
        response = getattr(error, "response", None)
        raise _Absent(None if response is None else response.headers.get("X-Repo-Commit")) from None
    except errors.HfHubHTTPError as error:
        if getattr(error.response, "status_code", None) in (401, 403):
            raise PermissionError(
                f"{name!r}: the Hub refuses access; check token= or the token of your login: "
                f"{_one_line(error)}"
            ) from error
        _unreachable(name, error)
    except OSError as error:
        # With an errno of its own it is the disk (full, read-only, no access to the cache).
        if error.errno is not None and not isinstance(error, ConnectionError):
            raise
        _unreachable(name, error)
    except Exception as error:
        # What is left comes from the client's HTTP library, whose errors share no base class
        # over the client's versions.
        _unreachable(name, error)


def _unreachable(name: str, error: BaseException) -> NoReturn:
    raise ConnectionError(
        f"{name!r} could not be had from the Hub: {_one_line(error)}; check the network, or pass "
        "local_files_only=True to use what is in the cache"
    ) from error


def _at(revision: str | None) -> str:
    return "" if revision is None else f" at revision {revision!r}"


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__

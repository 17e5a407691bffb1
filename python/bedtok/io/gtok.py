# SPDX-License-Identifier: BSD-2-Clause
"""Token ids in ``.gtok`` files, byte for byte as gtars writes and reads them.

A file is ``GTOK``, one byte for the width (1: 16 bits, 2: 32 bits), then the ids as unsigned
little-endian integers, in 16 bits when all of them fit.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bedtok._core import ConfigError, Error
from bedtok._files import (
    StrPath,
    atomic_write,
    checked_path,
    is_url,
    local_file,
    parse_error,
    source_path,
)
from bedtok._tokenization.tensors import Int64s, as_row

MAGIC = b"GTOK"

_DTYPES: dict[int, np.dtype[np.unsignedinteger]] = {1: np.dtype("<u2"), 2: np.dtype("<u4")}
_BOUNDS = f"the range of a .gtok file (0..{2**32 - 1})"


def gtok_paths(folder: StrPath, samples: Sequence[str]) -> list[Path]:
    """Return a file in ``folder`` for each sample: its name, ``/`` replaced by ``_``, ``.gtok``.

    Raises:
        ConfigError: Two samples would share a file.
    """
    folder = checked_path(folder)
    paths: dict[Path, str] = {}
    for sample in samples:
        path = Path(folder, sample.replace(os.sep, "_") + ".gtok")
        if path in paths:
            raise ConfigError(
                f"{paths[path]} and {sample}: both would be written to {path.name}, expected "
                "samples with distinct names; rename one, or write Parquet"
            )
        paths[path] = sample
    return list(paths)


def encode_gtok(tokens: Sequence[int] | npt.NDArray[np.integer]) -> bytes:
    """Return token ids as the bytes of a ``.gtok`` file; errors as ``write_tokens_to_gtok``."""
    ids = np.atleast_1d(as_row(tokens, bounds=_BOUNDS))
    bad = np.flatnonzero((ids < 0) | (ids >= 2**32))
    if bad.size:
        raise Error(f"token {bad[0]}: id {ids[bad[0]]} is outside {_BOUNDS}")
    width = 1 if ids.size == 0 or ids.max() < 2**16 else 2
    return MAGIC + bytes([width]) + ids.astype(_DTYPES[width]).tobytes()


def decode_gtok(content: bytes, name: StrPath) -> Int64s:
    """Return the token ids in the bytes of a ``.gtok`` file.

    Args:
        content: The whole file.
        name: Name of the file, for messages.

    Raises:
        ParseError: This is not a ``.gtok`` file, or it is damaged.
    """
    if content[:4] != MAGIC:
        raise parse_error(
            name, None, f"begins with {content[:4]!r}, expected {MAGIC!r}: not a .gtok file"
        )
    if len(content) < 5:
        raise parse_error(name, None, "ends after 4 bytes, expected the byte for the width")
    dtype = _DTYPES.get(content[4])
    if dtype is None:
        raise parse_error(
            name, None, f"width byte is {content[4]}, expected 1 (16 bits) or 2 (32 bits)"
        )
    if (len(content) - 5) % dtype.itemsize:
        raise parse_error(
            name,
            None,
            f"{len(content) - 5} bytes of ids are not a multiple of {dtype.itemsize}: the file is "
            "cut off",
        )
    return np.frombuffer(content, dtype=dtype, offset=5).astype(np.int64)


def write_tokens_to_gtok(
    filename: StrPath, tokens: Sequence[int] | npt.NDArray[np.integer]
) -> None:
    """Write token ids to a ``.gtok`` file.

    The file is written atomically: no other program sees a part of it.

    Args:
        filename: Path to write, or a URL of an object store; missing parent folders are made.
        tokens: Ids, 0 .. 2**32 - 1, as a list, array or tensor of one dimension.

    Raises:
        TypeError: The ids are not integers, or have more than one dimension.
        Error: An id is out of range.
        OSError: The file cannot be written.

    Source:
        The layout is that of gtars 0.10 (gtars-io, gtok.rs).

    Example:
        >>> import tempfile
        >>> path = tempfile.mkdtemp() + "/sample.gtok"
        >>> write_tokens_to_gtok(path, [3, 1, 70000])
        >>> read_tokens_from_gtok(path)
        [3, 1, 70000]
    """
    content = encode_gtok(tokens)
    if not is_url(filename):
        Path(filename).parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(filename) as temporary:
        Path(temporary).write_bytes(content)


def read_tokens_from_gtok(filename: StrPath) -> list[int]:
    """Read the token ids of a ``.gtok`` file.

    Args:
        filename: Path or URL to read.

    Returns:
        The ids in the file's order, 0 .. 2**32 - 1.

    Raises:
        ParseError: This is not a ``.gtok`` file, or it is damaged.
        FileNotFoundError: There is no such file. IsADirectoryError: it is a folder.
    """
    with local_file(source_path(filename)) as file:
        tokens: list[int] = decode_gtok(Path(file).read_bytes(), file).tolist()
    return tokens


def read_tokens_from_gtok_as_strings(filename: StrPath) -> list[str]:
    """Return the ids of a ``.gtok`` file, ``filename``, as decimal texts, under gtars' name.

    Args and errors are those of ``read_tokens_from_gtok``. These are numbers, not tokens:
    ``tokenizer.decode(ids)`` returns the regions.
    """
    return [str(token) for token in read_tokens_from_gtok(filename)]

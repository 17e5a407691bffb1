# SPDX-License-Identifier: BSD-2-Clause
"""Token ids in ``.gtok`` files, byte for byte as gtars writes and reads them.

A file is ``GTOK``, one byte that tells the width (1: 16 bits, 2: 32 bits), then the ids as
unsigned little-endian integers, in 16 bits when all of them fit.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bedtok._core import Error
from bedtok._inputs import as_ids, parse_error
from bedtok._replacing import replacing

_MAGIC = b"GTOK"
_DTYPES: dict[int, np.dtype[np.unsignedinteger]] = {1: np.dtype("<u2"), 2: np.dtype("<u4")}
_BOUNDS = f"what a .gtok file can hold (0..{2**32 - 1})"


def write_tokens_to_gtok(
    filename: str | os.PathLike[str], tokens: Sequence[int] | npt.NDArray[np.integer]
) -> None:
    """Write token ids to a ``.gtok`` file.

    The file gets its name when it is complete, so that no other program sees a half of it.

    Args:
        filename: Path to write; missing parent folders are made.
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
    ids = np.atleast_1d(as_ids(tokens, _BOUNDS))
    bad = np.flatnonzero((ids < 0) | (ids >= 2**32))
    if bad.size:
        raise Error(f"token {bad[0]}: id {ids[bad[0]]} is outside {_BOUNDS}")
    flag = 1 if ids.size == 0 or ids.max() < 2**16 else 2
    content = _MAGIC + bytes([flag]) + ids.astype(_DTYPES[flag]).tobytes()
    Path(filename).parent.mkdir(parents=True, exist_ok=True)
    with replacing(filename) as temporary:
        Path(temporary).write_bytes(content)


def read_tokens_from_gtok(filename: str | os.PathLike[str]) -> list[int]:
    """Read the token ids of a ``.gtok`` file.

    Args:
        filename: Path to read.

    Returns:
        The ids in the file's order, 0 .. 2**32 - 1.

    Raises:
        ParseError: The file is no ``.gtok`` file, or it is damaged.
        FileNotFoundError: There is no such file. IsADirectoryError: it is a folder.
    """
    with open(filename, "rb") as file:
        content = file.read()
    if content[:4] != _MAGIC:
        raise parse_error(
            filename, None, f"begins with {content[:4]!r}, expected {_MAGIC!r}: no .gtok file"
        )
    if len(content) < 5:
        raise parse_error(filename, None, "ends after 4 bytes, expected the byte for the width")
    dtype = _DTYPES.get(content[4])
    if dtype is None:
        raise parse_error(
            filename, None, f"width byte is {content[4]}, expected 1 (16 bits) or 2 (32 bits)"
        )
    left_over = (len(content) - 5) % dtype.itemsize
    if left_over:
        raise parse_error(
            filename,
            None,
            f"{len(content) - 5} bytes of ids are not a multiple of {dtype.itemsize}: the file is "
            "cut off",
        )
    tokens: list[int] = np.frombuffer(content, dtype=dtype, offset=5).tolist()
    return tokens

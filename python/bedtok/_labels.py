# SPDX-License-Identifier: BSD-2-Clause
"""Labels of cells and tokens that are not known. It is free of PyTorch and pandas."""

from __future__ import annotations

from typing import Any

IGNORED = -100  # label of tokens and cells that are not scored, as in PyTorch


def is_missing(label: Any) -> bool:
    """Return whether a label is missing: None, NaN or a missing value of pandas."""
    if label is None:
        return True
    try:
        return bool(label != label)
    except TypeError:  # pandas.NA, whose comparison is neither true nor false
        return True

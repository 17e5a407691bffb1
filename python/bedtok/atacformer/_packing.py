# SPDX-License-Identifier: BSD-2-Clause
"""Padded rows of tokens, and the same tokens one behind the other.

Samples of a batch differ in length, cells by a factor of ten. Over padded rows, linear layers work
on the padding too, and attention on the square of the longest row. Packed, the linear layers see
the tokens alone and each sample attends within its own length.
"""

from __future__ import annotations

import torch


class Packing:
    """Where the tokens of padded rows lie when they are packed.

    Args:
        mask: bool, shape (B, L): what is a token. A row may have none, and gaps.
    """

    def __init__(self, mask: torch.Tensor) -> None:
        self.shape = mask.shape
        #: Tokens of each row.
        self.lengths: list[int] = mask.sum(dim=1).tolist()
        self._at = mask.flatten().nonzero().squeeze(1)

    def pack(self, rows: torch.Tensor) -> torch.Tensor:
        """Return the tokens of (B, L, hidden) as (tokens, hidden)."""
        return rows.flatten(0, 1).index_select(0, self._at)

    def unpack(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return (tokens, hidden) as (B, L, hidden), zero where there is no token."""
        rows, width = self.shape
        padded = tokens.new_zeros(rows * width, tokens.shape[-1])
        return padded.index_copy(0, self._at, tokens).view(rows, width, -1)

    def split(self, tokens: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return the parts of (tokens, ...) that are one row each, without empty rows."""
        return tuple(tokens.split([length for length in self.lengths if length > 0]))

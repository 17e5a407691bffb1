# SPDX-License-Identifier: BSD-2-Clause
"""Packing: padded rows of tokens to concatenated tokens and back.

The lengths of cells in a batch differ by a factor of ten. With padded rows, linear layers also
process the padding, and attention the square of the longest row. With packed rows, linear layers
process only tokens, and each sample attends within its own length.
"""

from __future__ import annotations

import torch


class Packing:
    """The positions of the tokens in padded rows.

    Args:
        mask: bool, shape (B, L): True for tokens. Rows may be empty and have gaps.
    """

    def __init__(self, mask: torch.Tensor) -> None:
        self.shape = mask.shape
        #: Number of tokens of each row.
        self.lengths: list[int] = mask.sum(dim=1).tolist()
        self._positions = mask.flatten().nonzero().squeeze(1)

    def pack(self, rows: torch.Tensor) -> torch.Tensor:
        """Return the tokens of (B, L, hidden) as (tokens, hidden)."""
        return rows.flatten(0, 1).index_select(0, self._positions)

    def unpack(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return (tokens, hidden) as (B, L, hidden), zeros in padding."""
        rows, width = self.shape
        padded = tokens.new_zeros(rows * width, tokens.shape[-1])
        return padded.index_copy(0, self._positions, tokens).view(rows, width, -1)

    def split(self, tokens: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return (tokens, ...) split into rows, without empty rows."""
        return tuple(tokens.split([length for length in self.lengths if length > 0]))

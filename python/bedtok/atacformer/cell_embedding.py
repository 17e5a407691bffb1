# SPDX-License-Identifier: BSD-2-Clause
"""Cell embeddings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from bedtok._checks import check_at_least
from bedtok._core import ConfigError
from bedtok._progress import with_progress
from bedtok.atacformer._cell_parts import CellParts, Pool
from bedtok.atacformer._validation import read_row

Int64s = npt.NDArray[np.int64]


class _CellTokenizer(Protocol):
    """The part of a ``Tokenizer`` or ``AtacformerTokenizer`` that ``embed_anndata`` uses."""

    def __len__(self) -> int: ...

    def encode_anndata(self, adata: Any, **options: Any) -> Sequence[npt.NDArray[np.int32]]: ...


class CellEmbedding:
    """Cell embeddings by models with an encoder ``atacformer``."""

    def encode_tokenized_cells(
        self,
        input_ids: Any,
        batch_size: int = 16,
        pool_tokens: bool = True,
        max_tokens_per_cell: int | None = None,
        *,
        pool: Pool = None,
        num_draws: int = 4,
        seed: int | None = None,
        progress: bool | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> torch.Tensor:
        """Return the embedding of each cell, computed without dropout.

        Cells are processed in order of their length, so that there is little padding, and returned
        in the order given. The embedding of a cell does not depend on other cells.

        Args:
            input_ids: The ids of each cell: lists, arrays, tensors, or the result of a tokenizer's
                call or ``encode_anndata``. Padding is dropped, as determined by the model's padding
                id and by an ``attention_mask`` among the columns.
            batch_size: Number of cells, or parts of cells, processed at once.
            pool_tokens: Return a vector for each cell, by ``config.pooling``, not for each token.
            max_tokens_per_cell: Maximum number of tokens of a cell; longer cells are subsampled, as
                by ``truncation="random"``: special tokens stay, the others keep their order, none
                is drawn twice. None: ``config.max_position_embeddings``, which is also the limit.
            pool: The embedding of a cell with more tokens: None: that of the subsample. Otherwise
                the mean of the embeddings of several parts of the cell, each computed by itself, at
                a cost of so many cells. ``"windows"``: as few parts as hold all tokens, weighted by
                their numbers of tokens; with n of them, each has every n-th token, and so tokens of
                all chromosomes. ``"draws"``: ``num_draws`` subsamples, the first of which is that
                of None. A cell that is not longer has the same embedding in every case.
            num_draws: Number of subsamples with ``pool="draws"``, 1 or more.
            seed: Seed of the subsampling, 0 to 2**64 - 1. The sample depends on the seed and the
                position of the cell, and is the one of ``tokenizer(..., truncation="random",
                seed=)`` at that position. None draws a seed from ``random``, which
                ``transformers.set_seed`` seeds.
            progress: Whether to show a progress bar; None: if standard error is a terminal. Needs
                tqdm.
            device: Device of the result; None: that of the model.
            dtype: Type of the result; None: that of the model.

        Returns:
            Shape (cells, hidden); with ``pool_tokens=False`` (cells, longest cell, hidden), with
            zeros after a cell's last token. A cell without tokens has zeros.

        Raises:
            ConfigError: ``batch_size``, ``max_tokens_per_cell`` or ``num_draws`` is out of range,
                ``pool`` is not known, or is given with ``pool_tokens=False``.
            TypeError: ``input_ids`` are not cells.
            ValueError: An id is outside the model's vocabulary.
        """
        model: Any = self
        check_at_least("batch_size", batch_size, 1)
        if pool is not None and not pool_tokens:
            raise ConfigError(
                f"pool is {pool!r}, expected None with pool_tokens=False: only embeddings of cells "
                "are averaged"
            )
        cells = read_cells(input_ids, model.config.pad_token_id)
        check_cells(cells, model.get_input_embeddings().num_embeddings)
        parts = CellParts(cells, model.config, max_tokens_per_cell, pool, num_draws, seed)

        weight = model.get_input_embeddings().weight
        # Embeddings that are offloaded have no data here; accelerate moves the ids to where they
        # are needed.
        home = torch.device("cpu") if weight.device.type == "meta" else weight.device
        lengths = parts.lengths
        widths = [] if pool_tokens else [int(lengths.max(initial=0))]
        result = torch.zeros(
            (len(cells), *widths, model.config.hidden_size),
            dtype=weight.dtype if dtype is None else dtype,
            device=home if device is None else device,
        )
        sums: dict[int, torch.Tensor] = {}  # of cells with several parts
        # The longest come first, so that too large a batch fails at once; empty cells are done.
        order = np.argsort(-lengths, kind="stable")[: int((lengths > 0).sum())]
        starts = range(0, len(order), batch_size)
        with predicting(model), torch.inference_mode():
            for start in with_progress(starts, progress, unit="batch"):
                batch = order[start : start + batch_size]
                ids, mask = padded_cells(
                    [parts.ids(i) for i in batch], model.config.pad_token_id or 0
                )
                ids, mask = ids.to(home), mask.to(home)
                hidden = model.atacformer(
                    input_ids=ids, attention_mask=mask, return_dict=True
                ).last_hidden_state
                rows = torch.from_numpy(parts.cells[batch]).to(result.device)
                if pool_tokens:
                    embedded = model._pool(hidden, mask.to(hidden.device), ids)
                    result[rows] = embedded.to(result.device, result.dtype)
                    _add_parts(sums, parts, batch, embedded)
                else:
                    result[rows, : ids.shape[1]] = hidden.to(result.device, result.dtype)
        for cell, total in sums.items():
            result[cell] = total.to(result.device, result.dtype)
        return result

    def embed_anndata(
        self,
        adata: Any,
        tokenizer: _CellTokenizer,
        key_added: str = "X_atacformer",
        *,
        batch_size: int = 16,
        max_tokens_per_cell: int | None = None,
        pool: Pool = None,
        num_draws: int = 4,
        seed: int | None = None,
        progress: bool | None = None,
        **options: Any,
    ) -> None:
        """Write the embedding of each cell to ``adata.obsm[key_added]``.

        ``batch_size``, ``max_tokens_per_cell``, ``pool``, ``num_draws``, ``seed`` and ``progress``
        are those of ``encode_tokenized_cells``.

        Args:
            adata: Cells x peaks; see ``Tokenizer.encode_anndata``.
            tokenizer: The model's tokenizer.
            key_added: Key of the result, float32 of shape (cells, hidden).
            **options: Further keywords of ``encode_anndata``: ``layer``, ``threshold`` ...

        Raises:
            ConfigError: The tokenizer's vocabulary is not the model's.
            TypeError: A keyword is unknown, or selects cells.

        Example:
            >>> model.embed_anndata(adata, tokenizer)
            >>> scanpy.pp.neighbors(adata, use_rep="X_atacformer")
        """
        model: Any = self
        size = model.get_input_embeddings().num_embeddings
        if len(tokenizer) != size:
            raise ConfigError(
                f"the tokenizer has {len(tokenizer)} tokens, the model {size}; load both by "
                "one name, or call model.resize_token_embeddings(len(tokenizer)) after adding "
                "tokens"
            )
        if "obs_mask" in options or "key_added" in options:
            raise TypeError("embed_anndata embeds all cells; pass a subset: adata[mask]")
        embeddings = self.encode_tokenized_cells(
            tokenizer.encode_anndata(adata, **options),
            batch_size=batch_size,
            max_tokens_per_cell=max_tokens_per_cell,
            pool=pool,
            num_draws=num_draws,
            seed=seed,
            progress=progress,
            device="cpu",
            dtype=torch.float32,
        )
        adata.obsm[key_added] = embeddings.numpy()


def read_cells(input_ids: Any, pad: int | None) -> list[Int64s]:
    """Return the ids of each cell, without padding."""
    masks = None
    if isinstance(input_ids, Mapping):
        if "input_ids" not in input_ids:
            raise TypeError(f"expected input_ids among {sorted(map(str, input_ids))}")
        masks = input_ids.get("attention_mask")
        input_ids = input_ids["input_ids"]
    if isinstance(input_ids, (str, bytes)) or not hasattr(input_ids, "__len__"):
        raise TypeError(
            f"input_ids: expected one row of ids for each cell, not {type(input_ids).__name__}"
        )
    if isinstance(input_ids, torch.Tensor):
        input_ids = input_ids.cpu()  # once, not row by row
    cells = [read_row(row, f"input_ids of cell {i}") for i, row in enumerate(input_ids)]
    if masks is not None:
        if len(masks) != len(cells):
            raise ValueError(f"attention_mask has {len(masks)} rows, expected {len(cells)}")
        for number, mask in enumerate(masks):
            kept = _read_mask(mask)
            if kept.shape != cells[number].shape:
                raise ValueError(
                    f"attention_mask of cell {number} has shape {kept.shape}, "
                    f"expected {cells[number].shape}"
                )
            cells[number] = cells[number][kept]
    return cells if pad is None else [cell[cell != pad] for cell in cells]


def _read_mask(row: Any) -> npt.NDArray[np.bool_]:
    if isinstance(row, torch.Tensor):
        row = (row != 0).cpu()
    mask: npt.NDArray[np.bool_] = np.asarray(row) != 0
    return mask


def check_cells(cells: list[Int64s], size: int) -> None:
    """Raise ValueError for an id that is outside the vocabulary, 0 .. size - 1."""
    for number, cell in enumerate(cells):
        if cell.size and (cell.min() < 0 or cell.max() >= size):
            bad = cell[(cell < 0) | (cell >= size)][0]
            raise ValueError(
                f"cell {number}: id {bad} is outside the model's vocabulary (0..{size - 1}); "
                "were the ids made by the tokenizer that belongs to it?"
            )


def _add_parts(
    sums: dict[int, torch.Tensor], parts: CellParts, batch: Int64s, embedded: torch.Tensor
) -> None:
    """Add the embeddings of a batch to those of their cells, where these have several parts."""
    wide = torch.promote_types(embedded.dtype, torch.float32)
    for part, vector in zip(batch.tolist(), embedded, strict=True):
        if not parts.is_whole(part):
            share = vector.to(wide) * float(parts.weights[part])
            cell = int(parts.cells[part])
            # One by one, in the order of the parts: the sum does not depend on the batches.
            sums[cell] = sums[cell] + share if cell in sums else share


def padded_cells(cells: list[Int64s], pad: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return cells as ids and mask, both of shape (cells, longest cell)."""
    lengths = np.array([len(cell) for cell in cells])
    mask = np.arange(lengths.max()) < lengths[:, None]
    ids = np.full(mask.shape, pad, dtype=np.int64)
    ids[mask] = np.concatenate(cells)
    return torch.from_numpy(ids), torch.from_numpy(mask)


@contextmanager
def predicting(model: nn.Module) -> Iterator[None]:
    """Put the model into eval mode, and restore the mode of each module at the end."""
    training = [module for module in model.modules() if module.training]
    model.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True

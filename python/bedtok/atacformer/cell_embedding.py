# SPDX-License-Identifier: BSD-2-Clause
"""Embeddings of cells by a trained model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from transformers.utils import logging

from bedtok._checks import check_at_least, draw_seed
from bedtok._core import ConfigError

Int64s = npt.NDArray[np.int64]


class _CellTokenizer(Protocol):
    """What makes the tokens of an AnnData: a tokenizer of the core or of ``transformers``."""

    def __len__(self) -> int: ...

    def encode_anndata(self, adata: Any, **options: Any) -> Sequence[npt.NDArray[np.int32]]: ...


def mean_of_tokens(hidden: torch.Tensor, attention_mask: torch.Tensor | None) -> torch.Tensor:
    """Return the mean over tokens, shape (B, hidden), of (B, L, hidden); zeros without tokens."""
    # In 32 bits at least: in 16 a sum over thousands of tokens loses digits, or is infinite.
    wide = torch.promote_types(hidden.dtype, torch.float32)
    if attention_mask is None:
        total = hidden.sum(dim=1, dtype=wide)
        return (total / max(hidden.shape[1], 1)).to(hidden.dtype)
    tokens = attention_mask != 0
    total = hidden.masked_fill(~tokens[..., None], 0).sum(dim=1, dtype=wide)
    return (total / tokens.sum(dim=1, keepdim=True).clamp(min=1)).to(hidden.dtype)


class CellEmbedding:
    """What models with an encoder ``atacformer`` do with the tokens of cells."""

    def encode_tokenized_cells(
        self,
        input_ids: Any,
        batch_size: int = 16,
        pool_tokens: bool = True,
        max_tokens_per_cell: int | None = None,
        *,
        seed: int | None = None,
        progress: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> torch.Tensor:
        """Return the embedding of each cell, by the model as it would predict (no dropout).

        Cells are run in order of their length, so that little is computed for padding, and
        returned in the order given. A cell's embedding does not depend on the others.

        Args:
            input_ids: For each cell its ids: lists, arrays, tensors, what calling a tokenizer or
                ``encode_anndata`` returns. Padding ids are left out, and what an
                ``attention_mask`` among them says is padding.
            batch_size: Cells that are run together.
            pool_tokens: Return the mean over a cell's tokens; otherwise each token's vector.
            max_tokens_per_cell: Of a longer cell this many tokens are drawn, in their order, none
                twice. None, and at most: ``config.max_position_embeddings``.
            seed: Of that draw, 0 to 2**64 - 1; a cell's draw depends on its position, not on other
                cells. None draws it from ``random``, which ``transformers.set_seed`` seeds.
            progress: Show a bar.
            device: Where the result lies; None: where the model does.
            dtype: Of the result; None: that of the model.

        Returns:
            Shape (cells, hidden); with ``pool_tokens=False`` (cells, longest cell, hidden), zeros
            after a cell's last token. A cell without tokens has zeros.

        Raises:
            ConfigError: ``batch_size`` or ``max_tokens_per_cell`` is out of range.
            TypeError: These are not cells.
            ValueError: An id is outside the model's vocabulary.
        """
        model: Any = self
        context = model.config.max_position_embeddings
        longest = context if max_tokens_per_cell is None else max_tokens_per_cell
        check_at_least("batch_size", batch_size, 1)
        if not 1 <= check_at_least("max_tokens_per_cell", longest, 0) <= context:
            raise ConfigError(
                f"max_tokens_per_cell is {longest}, expected 1 to {context}, "
                "the model's max_position_embeddings"
            )
        cells = _read_cells(input_ids, model.config.pad_token_id)
        _check_cells(cells, model.get_input_embeddings().num_embeddings)
        cells = _drawn(cells, longest, draw_seed(seed))

        weight = model.get_input_embeddings().weight
        lengths = np.array([len(cell) for cell in cells], dtype=np.int64)
        widths = [] if pool_tokens else [int(lengths.max(initial=0))]
        result = torch.zeros(
            (len(cells), *widths, model.config.hidden_size),
            dtype=weight.dtype if dtype is None else dtype,
            device=weight.device if device is None else device,
        )
        # The longest come first: what does not fit into memory fails at once. Empty cells are done.
        order = np.argsort(-lengths, kind="stable")[: int((lengths > 0).sum())]
        starts = range(0, len(order), batch_size)
        bar = logging.tqdm if progress else iter
        with _predicting(model), torch.inference_mode():
            for start in bar(starts):
                batch = order[start : start + batch_size]
                ids, mask = _padded([cells[i] for i in batch], model.config.pad_token_id or 0)
                ids, mask = ids.to(weight.device), mask.to(weight.device)
                hidden = model.atacformer(
                    input_ids=ids, attention_mask=mask, return_dict=True
                ).last_hidden_state
                rows = torch.from_numpy(batch).to(result.device)
                if pool_tokens:
                    result[rows] = mean_of_tokens(hidden, mask).to(result.device, result.dtype)
                else:
                    result[rows, : ids.shape[1]] = hidden.to(result.device, result.dtype)
        return result

    def embed_anndata(
        self,
        adata: Any,
        tokenizer: _CellTokenizer,
        key_added: str = "X_atacformer",
        *,
        batch_size: int = 16,
        max_tokens_per_cell: int | None = None,
        seed: int | None = None,
        progress: bool = False,
        **options: Any,
    ) -> None:
        """Write the embedding of each cell into ``adata.obsm[key_added]``.

        Args:
            adata: Cells x peaks; see ``Tokenizer.encode_anndata``.
            tokenizer: The model's tokenizer.
            key_added: Where to: float32, shape (cells, hidden).
            batch_size: See ``encode_tokenized_cells``; so are the next three.
            max_tokens_per_cell: See there.
            seed: See there.
            progress: See there.
            **options: Further keywords of ``encode_anndata``: ``layer``, ``threshold`` ...

        Raises:
            ConfigError: The tokenizer has another vocabulary than the model.
            TypeError: A keyword is not known, or chooses cells.

        Example:
            >>> model.embed_anndata(adata, tokenizer)
            >>> scanpy.pp.neighbors(adata, use_rep="X_atacformer")
        """
        model: Any = self
        size = model.get_input_embeddings().num_embeddings
        if len(tokenizer) != size:
            raise ConfigError(
                f"the tokenizer has {len(tokenizer)} tokens, the model {size}; load both by one "
                "name, or model.resize_token_embeddings(len(tokenizer)) for tokens that were added"
            )
        if "obs_mask" in options or "key_added" in options:
            raise TypeError("embed_anndata embeds all cells; give it a part: adata[mask]")
        embeddings = self.encode_tokenized_cells(
            tokenizer.encode_anndata(adata, **options),
            batch_size=batch_size,
            max_tokens_per_cell=max_tokens_per_cell,
            seed=seed,
            progress=progress,
            device="cpu",
            dtype=torch.float32,
        )
        adata.obsm[key_added] = embeddings.numpy()


def _read_cells(input_ids: Any, pad: int | None) -> list[Int64s]:
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
    cells = [_ids(row, number) for number, row in enumerate(input_ids)]
    if masks is not None:
        if len(masks) != len(cells):
            raise ValueError(f"attention_mask has {len(masks)} rows, expected {len(cells)}")
        for number, mask in enumerate(masks):
            kept = _array(mask)
            if kept.shape != cells[number].shape:
                raise ValueError(
                    f"attention_mask of cell {number} has shape {kept.shape}, "
                    f"expected {cells[number].shape}"
                )
            cells[number] = cells[number][kept != 0]
    return cells if pad is None else [cell[cell != pad] for cell in cells]


def _array(row: Any) -> npt.NDArray[Any]:
    if isinstance(row, torch.Tensor):
        row = row.detach().cpu()
        row = row.float() if row.dtype == torch.bfloat16 else row  # NumPy has no bfloat16
    elif hasattr(row, "as_py"):
        row = row.as_py()  # of pyarrow
    try:
        array: npt.NDArray[Any] = np.asarray(row)
    except ValueError:  # of rows of different lengths
        array = np.empty((), dtype=object)
    return array


def _ids(row: Any, number: int) -> Int64s:
    ids = _array(row)
    if ids.size == 0 and ids.ndim == 1:
        return np.empty(0, dtype=np.int64)
    if ids.ndim != 1 or ids.dtype.kind not in "iu":
        what = f"{ids.dtype} of shape {ids.shape}" if ids.ndim else type(row).__name__
        raise TypeError(
            f"input_ids of cell {number}: expected a row of whole numbers, not {what}; "
            "one cell is a batch of one: [ids]"
        )
    if ids.dtype == np.uint64 and ids.max() > np.iinfo(np.int64).max:
        raise ValueError(f"cell {number}: id {ids.max()} is outside any vocabulary")
    return ids.astype(np.int64, copy=False)


def _check_cells(cells: list[Int64s], size: int) -> None:
    for number, cell in enumerate(cells):
        if cell.size and (cell.min() < 0 or cell.max() >= size):
            bad = cell[(cell < 0) | (cell >= size)][0]
            raise ValueError(
                f"cell {number}: id {bad} is outside the model's vocabulary (0..{size - 1}); "
                "were the ids made by the tokenizer that belongs to it?"
            )


def _drawn(cells: list[Int64s], longest: int, seed: int) -> list[Int64s]:
    """Return the cells, of those that are too long a sample in their order."""

    def sample(number: int, cell: Int64s) -> Int64s:
        chance = np.random.default_rng([seed, number])
        return cell[np.sort(chance.choice(len(cell), size=longest, replace=False))]

    return [
        cell if len(cell) <= longest else sample(number, cell) for number, cell in enumerate(cells)
    ]


def _padded(cells: list[Int64s], pad: int) -> tuple[torch.Tensor, torch.Tensor]:
    lengths = np.array([len(cell) for cell in cells])
    mask = np.arange(lengths.max()) < lengths[:, None]
    ids = np.full(mask.shape, pad, dtype=np.int64)
    ids[mask] = np.concatenate(cells)
    return torch.from_numpy(ids), torch.from_numpy(mask)


@contextmanager
def _predicting(model: nn.Module) -> Iterator[None]:
    """Switch dropout off, and back on as it was, in each part of the model."""
    training = [module for module in model.modules() if module.training]
    model.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True

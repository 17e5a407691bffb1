# SPDX-License-Identifier: BSD-2-Clause
"""Which regions mattered: gradients and attention of a model, back to its tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from bedtok._checks import check_at_least, did_you_mean
from bedtok._core import ConfigError
from bedtok._progress import with_progress
from bedtok.atacformer._cell_parts import CellParts, Pool
from bedtok.atacformer.cell_embedding import check_cells, padded_cells, predicting, read_cells
from bedtok.atacformer.region_attribution import RegionAttribution

Method = Literal["integrated_gradients", "input_x_gradient", "attention"]
METHODS = ("integrated_gradients", "input_x_gradient", "attention")

# (ids, mask, cells) -> the number that is explained, shape (B,)
_Score = Callable[[torch.Tensor, torch.Tensor, npt.NDArray[np.int64]], torch.Tensor]


class _Explained(NamedTuple):
    """The scores of a batch, (B, L), and the numbers before and after, (B,)."""

    scores: torch.Tensor
    outputs: torch.Tensor
    baseline_outputs: torch.Tensor


def attribute_regions(
    model: Any,
    tokenizer: Any,
    input_ids: Any,
    *,
    method: Method = "integrated_gradients",
    target: int | str | None = None,
    centroid: Any = None,
    baseline: Any = "mean",
    steps: int = 16,
    batch_size: int = 16,
    max_tokens_per_cell: int | None = None,
    pool: Pool = None,
    num_draws: int = 4,
    seed: int | None = None,
    progress: bool | None = None,
) -> RegionAttribution:
    """Return how much each region of each cell contributed to what a model says of the cell.

    What is explained is the logit of a class by ``AtacformerForSequenceClassification``, or, with
    ``centroid``, the cosine similarity of the cell's embedding by any model with a head.

    - ``"integrated_gradients"`` (Sundararajan, Taly and Yan 2017): gradients at points between the
      baseline and the cell's embeddings, averaged by Gauss-Legendre quadrature, times the
      difference of the two. The scores of a cell add up to its output less that of the baseline.
    - ``"input_x_gradient"``: the gradient at the cell, times the same difference: one gradient
      instead of ``steps``, and exact only where the model is linear.
    - ``"attention"``: attention rollout (Abnar and Zuidema 2020), the mean over heads and, half by
      half, the residual connection, multiplied through the layers, for the mean over tokens. It
      says where the model looks, not for which class. Attention is computed explicitly, which takes
      memory of layers x heads x tokens^2 x 4 bytes for each cell of a batch.

    Args:
        model: An ``AtacformerForSequenceClassification``, or for ``centroid`` and attention any
            model with an encoder ``atacformer``. It is run without dropout, and not changed.
        tokenizer: The model's tokenizer, whose regions the result names.
        input_ids: The ids of each cell, as in ``encode_tokenized_cells``.
        method: See above.
        target: The class: its number, or its name in ``config.id2label``. None: of each cell the
            one that the model predicts.
        centroid: Numbers of shape (hidden,): a point in the space of the embeddings, such as the
            mean embedding of a cell type.
        baseline: The embedding that stands for an absent region: ``"mean"``, that of all regions;
            ``"zero"``; or numbers of shape (hidden,). From zero the layer norms let all change
            happen within the first steps, which takes many more of them.
        steps: Number of points of integrated gradients, 1 or more.
        batch_size: Number of cells, or parts of cells, processed at once.
        max_tokens_per_cell: Maximum number of tokens of a cell or part, as in
            ``encode_tokenized_cells``.
        pool: What is done with longer cells: None: a subsample; ``"windows"`` or ``"draws"``: the
            mean of the outputs of several parts is explained, as in ``encode_tokenized_cells``.
        num_draws: Number of subsamples with ``pool="draws"``.
        seed: Seed of the subsampling.
        progress: Show a progress bar; None: where standard error is a terminal.

    Returns:
        A score for each token; ``mean(cells)`` and ``cell(i)`` return those of the regions.

    Raises:
        ConfigError: An argument is not allowed, or the tokenizer's vocabulary is not the model's.
        TypeError: ``input_ids`` are not cells.
        ValueError: An id is outside the model's vocabulary.

    Example:
        >>> cells = tokenizer.encode_anndata(adata)
        >>> found = attribute_regions(model, tokenizer, cells, target="B cell")
        >>> found.mean(adata.obs["cell_type"] == "B cell").top(20).to_pandas()
    """
    if method not in METHODS:
        raise ConfigError(f"method is {method!r}; {did_you_mean(str(method), METHODS)}")
    check_at_least("batch_size", batch_size, 1)
    check_at_least("steps", steps, 1)
    embeddings = model.get_input_embeddings()
    if len(tokenizer) != embeddings.num_embeddings:
        raise ConfigError(
            f"the tokenizer has {len(tokenizer)} tokens, the model {embeddings.num_embeddings}; "
            "load both by one name"
        )
    cells = read_cells(input_ids, model.config.pad_token_id)
    check_cells(cells, embeddings.num_embeddings)
    parts = CellParts(cells, model.config, max_tokens_per_cell, pool, num_draws, seed)
    regions = tokenizer.regions
    batches = _Batches(model, parts, batch_size, progress)
    with predicting(model):
        targets = np.full(len(cells), -1, dtype=np.int64)
        if method == "attention":
            _check_unused(target=target, centroid=centroid)

            def explain(ids: torch.Tensor, mask: torch.Tensor, cell: Any) -> _Explained:
                return _rollout(model, ids, mask)

        else:
            if centroid is None:
                targets = _targets(model, target, batches, len(cells))
                score = _logit(model, targets)
            else:
                _check_unused(target=target)
                score = _similarity(model, _vector("centroid", centroid, model))
            start = _baseline(baseline, model, len(regions))
            points = np.polynomial.legendre.leggauss(steps if "integrated" in method else 1)
            if method == "input_x_gradient":
                points = (np.ones(1), np.full(1, 2.0))

            def explain(ids: torch.Tensor, mask: torch.Tensor, cell: Any) -> _Explained:
                return _gradients(embeddings, score, ids, mask, cell, start, points)

        return _collect(batches, explain, cells, regions, targets)


class _Batches:
    """The batches of the parts of cells, the longest first."""

    def __init__(
        self, model: Any, parts: CellParts, batch_size: int, progress: bool | None
    ) -> None:
        self.parts = parts
        self._size = batch_size
        self._pad = model.config.pad_token_id or 0
        weight = model.get_input_embeddings().weight
        # As in encode_tokenized_cells.
        self._device = torch.device("cpu") if weight.device.type == "meta" else weight.device
        self._progress = progress

    def __iter__(self) -> Iterator[tuple[npt.NDArray[np.int64], torch.Tensor, torch.Tensor]]:
        """Yield the parts, their ids and their mask."""
        lengths = self.parts.lengths
        order = np.argsort(-lengths, kind="stable")[: int((lengths > 0).sum())]
        starts = range(0, len(order), self._size)
        for start in with_progress(starts, self._progress, unit="batch"):
            batch = order[start : start + self._size]
            ids, mask = padded_cells([self.parts.ids(i) for i in batch], self._pad)
            yield batch, ids.to(self._device), mask.to(self._device)


def _collect(
    batches: _Batches, explain: Any, cells: list[Any], regions: Any, targets: Any
) -> RegionAttribution:
    """Return the scores of all parts, each with its weight, cell by cell."""
    parts = batches.parts
    starts = np.concatenate([[0], np.cumsum(parts.lengths)])
    all_ids = np.zeros(starts[-1], dtype=np.int64)
    scores = np.zeros(starts[-1], dtype=np.float32)
    outputs, before = np.zeros(len(cells)), np.zeros(len(cells))
    for batch, ids, mask in batches:
        found = explain(ids, mask, parts.cells[batch])
        rows = [column.detach().double().cpu().numpy() for column in found]
        for i, part in enumerate(batch.tolist()):
            length, weight = int(parts.lengths[part]), float(parts.weights[part])
            place = slice(starts[part], starts[part] + length)
            all_ids[place] = parts.ids(part)
            scores[place] = rows[0][i, :length] * weight
            outputs[parts.cells[part]] += rows[1][i] * weight
            before[parts.cells[part]] += rows[2][i] * weight
    lengths = np.bincount(parts.cells, weights=parts.lengths, minlength=len(cells))
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return RegionAttribution(regions, all_ids, scores, offsets, outputs, before, targets)


# ---- gradients


def _gradients(
    embeddings: Any,
    score: _Score,
    ids: torch.Tensor,
    mask: torch.Tensor,
    cells: npt.NDArray[np.int64],
    start: torch.Tensor,
    points: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]],
) -> _Explained:
    """Return the gradients on the way from the baseline, times its length, summed by token.

    Args:
        embeddings: The model's token embeddings.
        score: The number that is explained.
        ids: Shape (B, L).
        mask: Shape (B, L).
        cells: The cell of each row.
        start: The baseline, shape (hidden,).
        points: Points and weights of the quadrature on -1 to 1.
    """
    seen: list[torch.Tensor] = []

    def at(share: float, gradient: bool) -> tuple[torch.Tensor, torch.Tensor]:
        def move(module: Any, given: Any, output: torch.Tensor) -> torch.Tensor:
            whole = output.detach()
            origin = start.to(whole.device, whole.dtype)
            moved = (origin + share * (whole - origin)).requires_grad_(gradient)
            seen[:] = [moved, whole - origin]
            return moved

        # The model itself looks up the ids, of which other parts than the encoder may depend.
        handle = embeddings.register_forward_hook(move)
        try:
            with torch.set_grad_enabled(gradient):
                numbers = score(ids, mask, cells)
        finally:
            handle.remove()
        if not gradient:
            return numbers, numbers
        # A cell's number depends only on its own tokens.
        (slope,) = torch.autograd.grad(numbers.float().sum(), seen[0])
        return numbers, slope.detach().float()

    total = torch.zeros(())
    for point, weight in zip(*points, strict=True):
        _, slope = at((point + 1) / 2, gradient=True)
        total = total.to(slope.device) + weight / 2 * slope
    scores = (total * seen[1].float()).sum(dim=-1).masked_fill(mask == 0, 0)
    return _Explained(scores, at(1.0, gradient=False)[0], at(0.0, gradient=False)[0])


def _logit(model: Any, targets: npt.NDArray[np.int64]) -> _Score:
    def score(ids: torch.Tensor, mask: torch.Tensor, cells: Any) -> torch.Tensor:
        logits = model(input_ids=ids, attention_mask=mask, return_dict=True).logits
        wanted = torch.from_numpy(targets[cells]).to(logits.device)
        numbers: torch.Tensor = logits.gather(1, wanted[:, None])[:, 0]
        return numbers

    return score


def _similarity(model: Any, centroid: torch.Tensor) -> _Score:
    def score(ids: torch.Tensor, mask: torch.Tensor, cells: Any) -> torch.Tensor:
        hidden = model.atacformer(
            input_ids=ids, attention_mask=mask, return_dict=True
        ).last_hidden_state
        embedded = model._pool(hidden, mask.to(hidden.device), ids).float()
        return F.cosine_similarity(embedded, centroid.to(embedded.device)[None], dim=1)

    return score


def _targets(model: Any, target: int | str | None, batches: _Batches, count: int) -> Any:
    """Return the class of each cell that is explained."""
    if not hasattr(model, "classifier"):
        raise ConfigError(
            f"{type(model).__name__} has no classes; expected an "
            "AtacformerForSequenceClassification, or centroid="
        )
    num_labels = model.config.num_labels
    if target is None:
        return _predicted(model, batches, count, num_labels)
    number = target
    if isinstance(target, str):
        names = {str(name): int(i) for i, name in model.config.id2label.items()}
        if target not in names:
            raise ConfigError(f"target is {target!r}; {did_you_mean(target, list(names))}")
        number = names[target]
    if not 0 <= check_at_least("target", number, 0) < num_labels:
        raise ConfigError(f"target is {number}, expected 0 to {num_labels - 1}, or a class's name")
    return np.full(count, number, dtype=np.int64)


def _predicted(model: Any, batches: _Batches, count: int, num_labels: int) -> Any:
    parts = batches.parts
    logits = np.zeros((count, num_labels))
    with torch.no_grad():
        for batch, ids, mask in batches:
            found = model(input_ids=ids, attention_mask=mask, return_dict=True).logits
            shares = parts.weights[batch][:, None]
            np.add.at(logits, parts.cells[batch], found.double().cpu().numpy() * shares)
    return logits.argmax(axis=1)


def _baseline(baseline: Any, model: Any, num_regions: int) -> torch.Tensor:
    weight = model.get_input_embeddings().weight
    if isinstance(baseline, str):
        if baseline == "zero":
            return weight.new_zeros(weight.shape[1])
        if baseline == "mean":
            if weight.device.type == "meta":
                raise ConfigError(
                    "baseline is 'mean', but the embeddings are offloaded; expected 'zero' or "
                    "numbers"
                )
            mean: torch.Tensor = weight.detach()[:num_regions].mean(dim=0, dtype=torch.float32)
            return mean
        raise ConfigError(f"baseline is {baseline!r}, expected 'mean', 'zero' or numbers")
    return _vector("baseline", baseline, model)


def _vector(name: str, value: Any, model: Any) -> torch.Tensor:
    vector = torch.as_tensor(value).detach().float()
    if vector.shape != (model.config.hidden_size,):
        raise ConfigError(
            f"{name}: got the shape {tuple(vector.shape)}, expected ({model.config.hidden_size},), "
            "the model's hidden_size"
        )
    return vector


def _check_unused(**arguments: Any) -> None:
    for name, value in arguments.items():
        if value is not None:
            raise ConfigError(f"{name}: expected None here, where no class is explained")


# ---- attention


def _rollout(model: Any, ids: torch.Tensor, mask: torch.Tensor) -> _Explained:
    with torch.no_grad():
        attentions = model.atacformer(
            input_ids=ids, attention_mask=mask, output_attentions=True, return_dict=True
        ).attentions
    share = mask.float() / mask.sum(dim=1, keepdim=True)
    # Of the product of all layers only the mean over tokens is needed: a vector from the left.
    for layer in reversed(attentions):
        attended = layer.float().mean(dim=1)
        share = share.to(attended.device)
        share = (share + torch.einsum("bi,bij->bj", share, attended)) / 2
    return _Explained(share, share.sum(dim=1), share.new_zeros(len(share)))

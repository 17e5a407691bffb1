# SPDX-License-Identifier: BSD-2-Clause
"""Atacformer's encoder against PyTorch's, with equal weights, on the CPU."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from bench.rows import OURS, Row, Tool, load
from bench.setting import Setting

TITLE = "Models"
WORDS = (
    "Atacformer's encoder against `nn.TransformerEncoder` put together as geniml 0.8.4 does, with "
    "the same weights: hidden 384, 6 layers, 8 heads, feed-forward 1,536, 100,000 regions, dropout "
    "0.1, 32-bit floats, 2 threads. Batches have four rows; of mixed lengths they have 1, 0.7, 0.5 "
    "and 0.25 of the tokens named. Outputs in inference are compared to 1e-5. The limit is the "
    "bare matrix products of the tokens that are not padding. Training goes forward and backward; "
    "dropout differs, so that nothing is compared there."
)
PEER = "nn.TransformerEncoder"
VOCABULARY = 100_000
DROPOUT = 0.1
PARTS_OF_LONGEST = (1, 0.7, 0.5, 0.25)
TOLERANCE = 1e-5
THREADS = 2


@dataclass(frozen=True)
class Models:
    """Ours and the reference, with the same weights."""

    ours: Any
    theirs: Any
    config: Any


@cache
def models(seed: int, longest: int) -> Models:
    torch, atacformer = load("torch"), load("bedtok.atacformer")
    from bench.peers.reference_encoder import ReferenceEncoder

    # That nested tensors are a prototype is known.
    warnings.filterwarnings("ignore", category=UserWarning)
    torch.set_num_threads(THREADS)
    torch.manual_seed(seed)
    config = atacformer.AtacformerConfig(
        vocab_size=VOCABULARY + 7,
        pad_token_id=VOCABULARY + 1,
        cls_token_id=VOCABULARY + 3,
        eos_token_id=VOCABULARY + 4,
        bos_token_id=VOCABULARY + 5,
        sep_token_id=VOCABULARY + 6,
        max_position_embeddings=longest,
        hidden_dropout=DROPOUT,
        attention_dropout=DROPOUT,
    )
    ours = atacformer.AtacformerForCellClustering(config)
    return Models(ours, ReferenceEncoder(ours.atacformer, DROPOUT), config)


def batch(config: Any, longest: int, mixed: bool) -> tuple[Any, Any]:
    """Return ids and mask of four rows."""
    torch = load("torch")
    lengths = [int(longest * (part if mixed else 1)) for part in PARTS_OF_LONGEST]
    mask = torch.arange(longest)[None] < torch.tensor(lengths)[:, None]
    ids = torch.randint(VOCABULARY, mask.shape).masked_fill(~mask, config.pad_token_id)
    return ids, mask


def hidden(output: Any) -> Any:
    return getattr(output, "last_hidden_state", output)


def predict(given: tuple[Any, Any, Any]) -> Any:
    encoder, ids, mask = given
    encoder.eval()
    with load("torch").no_grad():
        return hidden(encoder(ids, attention_mask=mask))[mask]


def train(given: tuple[Any, Any, Any]) -> None:
    encoder, ids, mask = given
    encoder.train()
    encoder.zero_grad(set_to_none=True)
    found = hidden(encoder(ids, attention_mask=mask))
    found.masked_fill(~mask[..., None], 0).square().mean().backward()


def close(ours: Any, theirs: Any) -> bool:
    return ours is None or float((ours - theirs).abs().max()) <= TOLERANCE


def bare_products(given: tuple[Any, list[int]]) -> Any:
    """Multiply what an encoder without padding must: projections, attention, feed-forward."""
    config, lengths = given
    torch = load("torch")
    width, inner = config.hidden_size, config.intermediate_size
    heads = config.num_attention_heads
    tokens = torch.zeros(sum(lengths), width)
    projections = torch.zeros(width, 3 * width), torch.zeros(width, width)
    up, down = torch.zeros(width, inner), torch.zeros(inner, width)
    with torch.no_grad():
        for _ in range(config.num_hidden_layers):
            tokens @ projections[0]
            for length in lengths:
                row = torch.zeros(heads, length, width // heads)
                (row @ row.transpose(1, 2)) @ row
            tokens @ projections[1]
            tokens = (tokens @ up) @ down
    return tokens


def rows(setting: Setting) -> Iterator[Row]:
    sizes = setting.scale.rows_of_models

    def given(side: str, longest: int, mixed: bool) -> tuple[Any, Any, Any]:
        both = models(setting.seed, max(sizes))
        load("torch").manual_seed(setting.seed)
        encoder = both.ours.atacformer if side == OURS else both.theirs
        return encoder, *batch(both.config, longest, mixed)

    def lengths(longest: int, mixed: bool) -> tuple[Any, list[int]]:
        mask = given(OURS, longest, mixed)[2]
        return models(setting.seed, max(sizes)).config, mask.sum(dim=1).tolist()

    for longest in sizes:
        for mixed in (True, False):
            kind = "mixed lengths" if mixed else "full rows"
            make = {side: partial(given, side, longest, mixed) for side in (OURS, PEER)}
            products = Tool(
                "bare matrix products",
                bare_products,
                lambda n=longest, m=mixed: lengths(n, m),  # type: ignore[misc]
            )
            yield Row(
                f"inference, {longest:,} tokens, {kind}",
                [Tool(side, predict, make[side]) for side in (OURS, PEER)],
                [products],
                target=2.0 if mixed else None,
                headline=mixed and longest == sizes[0],
                same=close,
            )
            if mixed and longest == sizes[0]:
                yield Row(
                    f"training step, {longest:,} tokens, {kind}",
                    [Tool(side, train, make[side]) for side in (OURS, PEER)],
                    target=1.5,
                )
    yield cells(setting, max(sizes))


def cells(setting: Setting, longest: int) -> Row:
    """Return the row of embeddings of cells, which the reference pads in the order given."""
    count = 16 if setting.scale.name == "full" else 4

    def make(side: str) -> tuple[Any, Any]:
        torch = load("torch")
        both = models(setting.seed, longest)
        torch.manual_seed(setting.seed)
        lengths = torch.linspace(min(50, longest // 2), longest, count).long()
        rows = [
            torch.randint(VOCABULARY, (length,)).tolist()
            for length in lengths[torch.randperm(count)].tolist()
        ]
        both.theirs.eval()
        return (both.ours if side == OURS else both.theirs), rows

    def embed(given: tuple[Any, Any]) -> Any:
        return given[0].encode_tokenized_cells(given[1], batch_size=4)

    return Row(
        f"encode_tokenized_cells, {count} cells of 50 to {longest:,} tokens",
        [Tool(side, embed, lambda s=side: make(s)) for side in (OURS, PEER)],  # type: ignore[misc]
        target=2.0,
        same=close,
    )

# SPDX-License-Identifier: BSD-2-Clause
"""Samples to columns of token ids: the body of calling a tokenizer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from bedtok import _core
from bedtok._checks import check_at_least, count_threads, draw_seed, warn_caller
from bedtok._core import ConfigError, Encoding, MappingOptions, MappingReport, ReportSum
from bedtok._regions.anndata import read_peaks
from bedtok._regions.anndata_relatives import cell_parts, holds_cells
from bedtok._regions.columns import is_region_text
from bedtok._regions.region_set import RegionSet
from bedtok._regions.samples import (
    Samples,
    as_sequence,
    classify,
    read_regions,
    read_samples,
)
from bedtok._tokenization.cells import cells_of_anndata
from bedtok._tokenization.options import (
    MAPPING_NAMES,
    MappingKeywords,
    Padding,
    Side,
    Truncation,
    check_known,
    check_side,
    merge_mapping,
)
from bedtok._tokenization.padding import (
    PaddingTruncation,
    pad_encoded,
    resolve_padding_truncation,
)
from bedtok._tokenization.tensors import (
    Int64s,
    check_return_tensors,
    from_array,
    ragged,
    to_lists,
)
from bedtok._tokenization.token_weights import Float32s, weights_by_id
from bedtok._tokenization.vocabulary import Vocabulary


class CallKeywords(MappingKeywords, total=False):
    """The keywords of calling a tokenizer, which ``Tokenizer.__call__`` documents."""

    add_special_tokens: bool
    padding: Padding
    truncation: Truncation | None
    max_length: int | None
    stride: int
    seed: int | None
    pad_to_multiple_of: int | None
    padding_side: Side | None
    truncation_side: Side | None
    return_tensors: str | None
    return_attention_mask: bool | None
    return_overflowing_tokens: bool
    return_special_tokens_mask: bool
    return_length: bool
    return_region_index: bool
    num_threads: int | None


CALL_NAMES = tuple(name for name in CallKeywords.__annotations__ if name not in MAPPING_NAMES)


def encode_samples(
    vocabulary: Vocabulary,
    x: object,
    options: Mapping[str, Any],
    *,
    add_special_tokens: bool,
    padding: bool | str,
    truncation: bool | str | None,
    max_length: int | None,
    stride: int,
    seed: int | None,
    pad_to_multiple_of: int | None,
    padding_side: str | None,
    truncation_side: str | None,
    return_tensors: str | None,
    return_attention_mask: bool | None,
    return_overflowing_tokens: bool,
    return_special_tokens_mask: bool,
    return_length: bool,
    return_region_index: bool,
    num_threads: int | None,
) -> tuple[dict[str, Any], list[Encoding]]:
    """Return the columns of a ``BatchEncoding`` by name, and its rows as C++ made them.

    Args and errors are those of ``Tokenizer.__call__``; ``x`` may also be ``Samples``.
    """
    core = vocabulary._core
    mapping = merge_mapping(core.options, options, "Tokenizer", CALL_NAMES)
    tensor_type = check_return_tensors(return_tensors)
    strategy = resolve_padding_truncation(
        core.sequence_options,
        padding=padding,
        truncation=truncation,
        max_length=max_length,
        pad_to_multiple_of=pad_to_multiple_of,
        padding_side=padding_side,
    )
    threads = count_threads(num_threads)
    if isinstance(x, Samples):
        samples = x
    elif holds_cells(x):
        cells = cells_of_anndata(core, x, mapping, threads)
        warn_caller(cells.warning)
        samples = cells.samples()
    else:
        samples = read_samples(x, vocabulary._special_ids)
    if return_region_index and not samples.has_regions:
        raise ConfigError("return_region_index: cells do not record which peak gave a token")
    batch = core.encode_batch(
        samples.items,
        mapping,
        add_special_tokens=bool(add_special_tokens),
        max_length=strategy.max_length,
        truncation=strategy.truncation,
        token_weights=_token_weights(vocabulary, strategy),
        truncation_side=(
            None if truncation_side is None else check_side("truncation_side", truncation_side)
        ),
        return_overflowing_tokens=bool(return_overflowing_tokens),
        stride=check_at_least("stride", stride, 0),
        seed=draw_seed(seed) if strategy.truncation == "random" or seed is not None else 0,
        return_region_index=bool(return_region_index),
        num_threads=threads if samples.is_batch else 1,
    )
    warn_caller(batch.warning)
    lengths = batch.lengths.tolist()
    if max_length is None and strategy.max_length is None:
        _warn_of_long_rows(core.sequence_options.model_max_length, max(lengths, default=0))
    names = ["input_ids"]
    if return_attention_mask is None or return_attention_mask:
        names.append("attention_mask")
    if return_special_tokens_mask:
        names.append("special_tokens_mask")
    if return_region_index:
        names.append("region_index")
    data = _columns(batch, names, strategy, lengths, vocabulary.pad_token_id, tensor_type)
    if return_length:
        data["length"] = _as_type(np.array(lengths, dtype=np.int64), tensor_type)
    if return_overflowing_tokens:
        data["overflow_to_sample_mapping"] = _as_type(batch.overflow_to_sample_mapping, tensor_type)
    elif tensor_type is None and not samples.is_batch:
        data = {name: rows[0] for name, rows in data.items()}
    return data, batch.encodings


def encode_region_set(
    vocabulary: Vocabulary, regions: RegionSet, return_tensors: str | None
) -> tuple[dict[str, Any], list[Encoding]]:
    """Return what ``encode_samples`` returns for one RegionSet with the defaults of all else.

    Of a sample of some thousand regions the general way would take longer than the mapping.
    """
    core = vocabulary._core
    tensor_type = check_return_tensors(return_tensors)
    ids, mask, encoding, warning = core.encode_set(regions._core, tensor_type is None)
    if warning is not None:
        warn_caller(warning)
    limit = core.sequence_options.model_max_length
    if limit is not None:
        _warn_of_long_rows(limit, len(encoding))
    if tensor_type == "pt":
        ids, mask = from_array(ids, "pt"), from_array(mask, "pt")
    return {"input_ids": ids, "attention_mask": mask}, [encoding]


def _token_weights(vocabulary: Vocabulary, strategy: PaddingTruncation) -> Float32s | None:
    """Return the weights by which rows are truncated; None: by none."""
    if strategy.truncation != "weight" or strategy.max_length is None:
        return None
    if vocabulary.token_weights is None:
        raise ConfigError(
            "truncation is 'weight', but the tokenizer has no weights; set them first: "
            "tokenizer.with_token_weights(tokenizer.idf_weights(cells))"
        )
    return weights_by_id(vocabulary._core, vocabulary.token_weights)


def exact_samples(vocabulary: Vocabulary, x: object) -> Samples | None:
    """Return tokens as a sample of exactly their ids; None if ``x`` is not made of tokens.

    A region text, a special token, and a list or tuple of nothing but ``str`` are tokens. A text
    of region form that is not in the vocabulary is unk, with a warning: calling the tokenizer
    would overlap it.
    """
    if isinstance(x, str):
        if x not in vocabulary._special_ids and not is_region_text(x):
            return None
        tokens = [x]
    elif isinstance(x, (list, tuple)) and x and all(isinstance(item, str) for item in x):
        tokens = list(x)
    else:
        return None
    ids = vocabulary._token_ids(tokens)
    unknown = [
        tokens[k]
        for k in np.flatnonzero(ids == vocabulary.unk_token_id).tolist()
        if is_region_text(tokens[k])
    ]
    if unknown:
        warn_caller(
            f"encode takes texts for tokens of the vocabulary: {unknown[0]!r} is none and becomes "
            f"{vocabulary.unk_token} ({len(unknown)} of {len(tokens)}); to map regions by overlap "
            "call the tokenizer: tokenizer(...)['input_ids']"
        )
    return Samples([ids], is_batch=False)


def report_of(vocabulary: Vocabulary, x: object, mapping: MappingOptions) -> MappingReport:
    """Return the report of a sample, of a batch together, or of the peaks of an AnnData.

    Raises:
        As ``encode_samples``, for ``x``.
    """
    core = vocabulary._core
    if holds_cells(x):
        parts = [read_peaks(part.adata)[0] for part in cell_parts(x).parts]
        if len(parts) == 1:
            return core.report(parts[0]._core, mapping)
        return _report_of_samples(core, (peaks._core for peaks in parts), mapping)
    x = as_sequence(x)
    if classify(x) != "batch":
        skipped = x.skipped_lines if isinstance(x, RegionSet) else 0
        return core.report(read_regions(x, vocabulary._special_ids), mapping, skipped)
    samples = (read_regions(sample, vocabulary._special_ids) for sample in x)  # type: ignore[attr-defined]
    return _report_of_samples(core, samples, mapping)


def _report_of_samples(
    core: _core.Tokenizer, samples: Iterable[_core.RegionSet], mapping: MappingOptions
) -> MappingReport:
    total = ReportSum(core.num_regions)
    for regions in samples:
        encoding, report = core.encode_with_report(regions, mapping)
        total.add(report, encoding.input_ids)
    return total.report(mapping.low_hit_rate)


def tokenize_sample(
    vocabulary: Vocabulary, x: object, options: Mapping[str, Any], add_special_tokens: bool
) -> list[str]:
    """Return the tokens of one sample as text; args and errors as ``Tokenizer.tokenize``."""
    core = vocabulary._core
    mapping = merge_mapping(core.options, options, "tokenize", ("add_special_tokens",))
    samples = read_samples(x, vocabulary._special_ids)
    if samples.is_batch:
        raise TypeError("tokenize takes one sample; call it for each sample of a batch")
    batch = core.encode_batch(samples.items, mapping, add_special_tokens=bool(add_special_tokens))
    warn_caller(batch.warning)
    return core.decode(batch.encodings[0].input_ids)


def check_call_keywords(function: str, keywords: Mapping[str, Any]) -> None:
    """Raise TypeError for a keyword that calling a tokenizer does not take."""
    check_known(keywords, (*CALL_NAMES, *MAPPING_NAMES), function)


def _columns(
    batch: _core.Batch,
    names: list[str],
    strategy: PaddingTruncation,
    lengths: list[int],
    pad_id: int,
    tensor_type: str | None,
) -> dict[str, Any]:
    """Return the columns of a batch, each a list of rows, or one array or tensor."""
    width = strategy.width(max(lengths, default=0))
    row_lengths = sorted({max(length, width or 0) for length in lengths})
    if len(row_lengths) > 1 and tensor_type is not None:
        raise ragged("input_ids", row_lengths)
    columns: dict[str, Any] = {}
    if len(row_lengths) == 1 and (tensor_type is not None or width is not None):
        for name in names:
            array = batch.array(name, row_lengths[0], pad_id, strategy.padding_side)
            columns[name] = (
                to_lists(name, array) if tensor_type is None else from_array(array, tensor_type)
            )
        return columns
    for name in names:
        if name == "attention_mask":
            columns[name] = [[1] * length for length in lengths]
        else:
            columns[name] = [to_lists(name, getattr(row, name)) for row in batch.encodings]
    if width is None:
        return columns
    # Rows longer than the max_length of padding keep their lengths, the others are padded.
    return pad_encoded(columns, strategy, pad_id, None, "attention_mask" in columns)


def _as_type(array: Int64s, tensor_type: str | None) -> Any:
    return array.tolist() if tensor_type is None else from_array(array, tensor_type)


def _warn_of_long_rows(limit: int | None, longest: int) -> None:
    if limit is not None and longest > limit:
        warn_caller(
            f"a sequence has {longest} tokens, more than the {limit} that the model takes "
            "(model_max_length); pass truncation=True or 'random'"
        )

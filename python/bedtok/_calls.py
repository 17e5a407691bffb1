# SPDX-License-Identifier: BSD-2-Clause
"""The part of a tokenizer that turns regions into ids, and ids into batches of one length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from bedtok import _core
from bedtok._anndata import is_anndata
from bedtok._core import ConfigError, MappingOptions, MappingReport
from bedtok._identity import ByContent
from bedtok._inputs import TokenIds, read_regions, read_samples, warn_caller
from bedtok._options import OPTION_NAMES, MappingKeywords, merge_options, unknown_keyword
from bedtok._padding import pad_encoded
from bedtok._sequence import (
    NO_LIMIT,
    SAMPLE,
    Fit,
    at_least,
    check_truncation_side,
    count_threads,
    draw_seed,
    resolve_fit,
)
from bedtok._tensors import check_return_tensors, from_array, ragged, with_none
from bedtok._vocabulary import IdsLike
from bedtok.batch_encoding import BatchEncoding
from bedtok.cells import CellTokens

if TYPE_CHECKING:
    from typing_extensions import Unpack


class CallKeywords(MappingKeywords, total=False):
    """What calling a tokenizer takes; see ``Tokenizer.__call__``."""

    add_special_tokens: bool
    padding: bool | Literal["longest", "max_length", "do_not_pad"]
    truncation: bool | Literal["longest_first", "only_first", "random", "do_not_truncate"] | None
    max_length: int | None
    stride: int
    seed: int | None
    pad_to_multiple_of: int | None
    padding_side: Literal["right", "left"] | None
    truncation_side: Literal["right", "left"] | None
    return_tensors: str | None
    return_attention_mask: bool | None
    return_overflowing_tokens: bool
    return_special_tokens_mask: bool
    return_length: bool
    return_region_index: bool
    num_threads: int | None


_CALL_NAMES = tuple(name for name in CallKeywords.__annotations__ if name not in OPTION_NAMES)


class Calls(ByContent):
    """Calling a tokenizer, and what goes with it."""

    def __call__(
        self,
        regions: object,
        *,
        add_special_tokens: bool = True,
        padding: bool | str = False,
        truncation: bool | str | None = None,
        max_length: int | None = None,
        stride: int = 0,
        seed: int | None = None,
        pad_to_multiple_of: int | None = None,
        padding_side: str | None = None,
        truncation_side: str | None = None,
        return_tensors: str | None = None,
        return_attention_mask: bool | None = None,
        return_overflowing_tokens: bool = False,
        return_special_tokens_mask: bool = False,
        return_length: bool = False,
        return_region_index: bool = False,
        num_threads: int | None = None,
        **options: Unpack[MappingKeywords],
    ) -> BatchEncoding:
        """Tokenize one sample or a batch.

        Args:
            regions: One sample: a RegionSet; the path of a BED file, read sorted; a region such
                as ``"chr1:100-200"``; a list or tuple of ``Region``, ``(chrom, start, end)`` or
                region texts, among which special tokens stand for themselves; a table with
                columns chrom, start, end. A batch: a list or tuple that begins with a RegionSet,
                a ``PathLike``, a table or a list of regions; an AnnData, one sample a cell (see
                ``encode_anndata``); ``CellTokens``.
            add_special_tokens: Put the template's tokens around each row; it is empty unless the
                tokenizer was given one, as published models expect.
            padding: ``False``; ``True`` or ``"longest"``: to the longest row; ``"max_length"``:
                to ``max_length``, or the tokenizer's ``model_max_length``.
            truncation: ``False``; ``True``: rows are cut to ``max_length`` or the tokenizer's
                ``model_max_length``; ``"random"``: longer rows keep a random choice of their
                tokens, in their order. None: cut where ``max_length`` is given and padding is not.
            max_length: Tokens of a row, the template's included.
            stride: Tokens that a row of overflow shares with the row before it.
            seed: Of the random choice, 0 to 2**64 - 1: the same seed, samples and order give the
                same choice. None: drawn from Python's ``random``.
            pad_to_multiple_of: Round the padded length up.
            padding_side: ``"right"`` or ``"left"``; None: the tokenizer's.
            truncation_side: The side that is cut; None: the tokenizer's.
            return_tensors: ``None``: lists of int; ``"np"``: int64 arrays; ``"pt"``: PyTorch
                tensors of dtype int64. Arrays and tensors have shape (rows, L), one sample's too.
            return_attention_mask: Leave out ``attention_mask`` when False.
            return_overflowing_tokens: What is cut off follows as rows of its own, and
                ``overflow_to_sample_mapping`` tells the sample of each row.
            return_special_tokens_mask: Add ``special_tokens_mask``: 1 for special tokens and
                padding, else 0.
            return_length: Add ``length``: the tokens of each row, padding not counted.
            return_region_index: Add ``region_index``: for each token the position, in the sample
                as given, of the region that gave it; what ``word_ids`` is for text. None (-1 in
                arrays) where no region did.
            num_threads: For batches. None: all processors that this process may use. The result
                does not depend on it.
            **options: Mapping options for this call; see ``MappingKeywords``.

        Returns:
            ``input_ids``, ``attention_mask`` and what was asked for: of one sample a list of
            length L each, of a batch a list of such lists. L is 1, the unk token, when nothing
            overlaps (with an empty template).

        Raises:
            TypeError: The input has none of these types, or a keyword is not known.
            Error: A region is not legal. ParseError: A file is not BED.
            FileNotFoundError: A path leads nowhere.
            VocabularyError: A region hits nothing and ``on_miss`` is ``"error"``.
            ConfigError: An option has a value that is not allowed, or rows of different lengths
                are to become an array.
        """
        merged = merge_options(self._core.options, options, "Tokenizer", _CALL_NAMES)
        kind = check_return_tensors(return_tensors)
        fit = resolve_fit(
            self._core.sequence_options,
            padding=padding,
            truncation=truncation,
            max_length=max_length,
            pad_to_multiple_of=pad_to_multiple_of,
            padding_side=padding_side,
        )
        threads = count_threads(num_threads)
        if is_anndata(regions):
            regions = self._cells_of(regions, merged)
        if isinstance(regions, CellTokens):
            if return_region_index:
                raise ConfigError("return_region_index: cells do not tell which peak gave a token")
            samples, is_batch = regions._samples(self), True
        else:
            samples, is_batch = read_samples(regions, self._special_ids)
        batch = self._core.encode_batch(
            samples,
            merged,
            add_special_tokens=bool(add_special_tokens),
            max_length=fit.cut_to,
            random=fit.random,
            truncation_side=check_truncation_side(truncation_side),
            return_overflowing_tokens=bool(return_overflowing_tokens),
            stride=at_least("stride", stride, 0),
            seed=draw_seed(seed) if fit.random or seed is not None else 0,
            return_region_index=bool(return_region_index),
            num_threads=threads if is_batch else 1,
        )
        warn_caller(batch.warning)
        lengths = batch.lengths.tolist()
        if max_length is None and fit.cut_to is None:
            self._warn_of_long_rows(max(lengths, default=0))
        names = ["input_ids"]
        if return_attention_mask is None or return_attention_mask:
            names.append("attention_mask")
        if return_special_tokens_mask:
            names.append("special_tokens_mask")
        if return_region_index:
            names.append("region_index")
        data = self._columns(batch, names, fit, lengths, kind)
        if return_length:
            data["length"] = lengths if kind is None else from_array(np.array(lengths), kind)
        if return_overflowing_tokens:
            mapping = batch.overflow_to_sample_mapping
            data["overflow_to_sample_mapping"] = (
                mapping.tolist() if kind is None else from_array(mapping, kind)
            )
        elif kind is None and not is_batch:
            data = {name: rows[0] for name, rows in data.items()}
        return BatchEncoding(data, batch.encodings)

    def _cells_of(self, adata: Any, options: MappingOptions) -> CellTokens:
        raise NotImplementedError

    def _columns(
        self, batch: _core.Batch, names: list[str], fit: Fit, lengths: list[int], kind: str | None
    ) -> dict[str, Any]:
        """Return the columns of a batch, each a list of rows, or one array or tensor."""
        width = fit.width(max(lengths, default=0))
        row_lengths = sorted({max(length, width or 0) for length in lengths})
        if len(row_lengths) > 1 and kind is not None:
            raise ragged("input_ids", row_lengths)
        pad_id = self._role_ids["pad"]
        if len(row_lengths) == 1 and (kind is not None or width is not None):
            columns = {}
            for name in names:
                array = batch.array(name, row_lengths[0], pad_id, fit.padding_side)
                columns[name] = _listed(name, array) if kind is None else from_array(array, kind)
            return columns
        columns = {}
        for name in names:
            if name == "attention_mask":
                columns[name] = [[1] * length for length in lengths]
            else:
                columns[name] = [_listed(name, getattr(row, name)) for row in batch.encodings]
        if width is None:
            return columns
        # Rows longer than the max_length of padding stay as they are, the others are padded.
        return pad_encoded(columns, fit, pad_id, None, "attention_mask" in columns)

    def _warn_of_long_rows(self, longest: int) -> None:
        limit = self._core.sequence_options.model_max_length
        if limit is not None and longest > limit:
            warn_caller(
                f"a sequence has {longest} tokens, more than the {limit} that the model takes "
                "(model_max_length); pass truncation=True or 'random'"
            )

    def encode(self, regions: object, **keywords: Unpack[CallKeywords]) -> Any:
        """Return the ids alone: of a sample or a batch, or of tokens exactly.

        A region text, a special token, and a list or tuple of nothing but ``str`` are tokens:
        each has its own id, unk when it is not in the vocabulary; nothing is overlapped and no
        template is applied. Everything else is what calling the tokenizer gives as ``input_ids``.

        Args and errors are those of calling the tokenizer.

        Example:
            >>> from bedtok import Tokenizer
            >>> tokenizer = Tokenizer.from_regions(["chr1:100-200", "chr1:300-400"])
            >>> tokenizer.encode(["chr1:300-400", "chr1:300-401", "<cls>"])
            [1, 2, 5]
            >>> tokenizer.encode([("chr1", 300, 401)])
            [1]
        """
        _check_known("encode", keywords)
        tokens: Sequence[str] | None = None
        if isinstance(regions, str):
            tokens = (regions,) if self._is_token(regions) else None
        elif isinstance(regions, (list, tuple)) and regions:
            tokens = regions if all(isinstance(item, str) for item in regions) else None
        if tokens is not None:
            regions = TokenIds(self._token_ids(tokens))
            keywords["add_special_tokens"] = False
        return self(regions, **keywords)["input_ids"]

    def tokenize(
        self,
        regions: object,
        *,
        add_special_tokens: bool = False,
        **options: Unpack[MappingKeywords],
    ) -> list[str]:
        """Return the tokens of one sample as text; args and errors as in calling the tokenizer.

        As in Hugging Face, the template is left out unless ``add_special_tokens`` asks for it.
        """
        merged = merge_options(self._core.options, options, "tokenize", ("add_special_tokens",))
        samples, is_batch = read_samples(regions, self._special_ids)
        if is_batch:
            raise TypeError("tokenize takes one sample; call it for each sample of a batch")
        batch = self._core.encode_batch(
            samples, merged, add_special_tokens=bool(add_special_tokens)
        )
        warn_caller(batch.warning)
        return self._core.decode(batch.encodings[0].input_ids)

    def report(self, regions: object, **options: Unpack[MappingKeywords]) -> MappingReport:
        """Tell how well one sample fits the vocabulary.

        Args and errors are those of calling the tokenizer; special tokens are left out.

        Returns:
            Counts of regions, hits and tokens, hits per chromosome, positions (among
            the regions) of those without a hit, chromosomes that the vocabulary does not have,
            and a likely cause. It prints as text.
        """
        merged = merge_options(self._core.options, options, "report")
        return self._core.report(read_regions(regions, self._special_ids), merged)

    def pad(
        self,
        encoded_inputs: BatchEncoding | Mapping[str, Any] | Sequence[Mapping[str, Any]],
        padding: bool | str = True,
        max_length: int | None = None,
        pad_to_multiple_of: int | None = None,
        padding_side: str | None = None,
        return_attention_mask: bool | None = None,
        return_tensors: str | None = None,
    ) -> BatchEncoding:
        """Pad rows that exist already to one length, as collators do.

        Args:
            encoded_inputs: What calling the tokenizer returned, for a batch or for one sample, or
                a list of what it returned for one sample each. Lists, arrays and tensors are
                taken.
            padding: As in calling the tokenizer.
            max_length: Tokens of each row, with ``padding="max_length"``.
            pad_to_multiple_of: As in calling the tokenizer.
            padding_side: As in calling the tokenizer.
            return_attention_mask: Leave out ``attention_mask`` when False; otherwise it is made
                where it is missing.
            return_tensors: As in calling the tokenizer; None: what the ids are already.

        Returns:
            ``input_ids``, ``attention_mask``, ``special_tokens_mask`` and ``region_index``
            padded; other names as they came, as arrays or tensors where those are asked for.

        Raises:
            ConfigError: ``input_ids`` are missing, or rows do not make an array.
            TypeError: Not a mapping or a list of them.
        """
        kind = check_return_tensors(return_tensors)
        fit = resolve_fit(
            self._core.sequence_options,
            padding=padding,
            truncation=False,
            max_length=max_length,
            pad_to_multiple_of=pad_to_multiple_of,
            padding_side=padding_side,
        )
        pad_id = self._role_ids["pad"]
        return BatchEncoding(
            pad_encoded(encoded_inputs, fit, pad_id, kind, return_attention_mask is not False)
        )

    # ---- the template and the longest sequence

    @property
    def template(self) -> tuple[str, ...]:
        """The special tokens around each sequence; ``$A`` stands for the sample."""
        options = self._core.sequence_options
        return (*options.before, SAMPLE, *options.after)

    @property
    def model_max_length(self) -> int:
        """The longest sequence that the model takes, in tokens; 10**30 where it is not known."""
        limit = self._core.sequence_options.model_max_length
        return NO_LIMIT if limit is None else limit

    @property
    def padding_side(self) -> str:
        """``"right"`` or ``"left"``."""
        return self._core.sequence_options.padding_side

    @property
    def truncation_side(self) -> str:
        """``"right"`` or ``"left"``."""
        return self._core.sequence_options.truncation_side

    def num_special_tokens_to_add(self, pair: bool = False) -> int:
        """Return how many tokens the template adds to a sequence; regions have no pairs."""
        return len(self.template) - 1

    def build_inputs_with_special_tokens(self, token_ids_0: IdsLike) -> list[int]:
        """Return ids of one sequence with the template's tokens around them."""
        samples: list[_core.BatchItem] = [np.atleast_1d(self._ids(token_ids_0))]
        batch = self._core.encode_batch(samples, self._core.options)
        ids: list[int] = batch.encodings[0].input_ids.tolist()
        return ids


def _check_known(function: str, keywords: Mapping[str, Any]) -> None:
    known = (*_CALL_NAMES, *OPTION_NAMES)
    for name in keywords:
        if name not in known:
            raise unknown_keyword(function, name, known)


def _listed(name: str, array: npt.NDArray[np.int64]) -> list[Any]:
    if name == "region_index":
        return with_none(array)
    values: list[Any] = array.tolist()
    return values

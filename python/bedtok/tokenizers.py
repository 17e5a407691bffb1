# SPDX-License-Identifier: BSD-2-Clause
"""``Tokenizer``: genomic regions to the token ids of a vocabulary."""

from __future__ import annotations

import copy
import errno
import os
import tempfile
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from bedtok import _core, _plots  # noqa: F401 - _plots gives reports their plot()
from bedtok._checks import OnError, count_threads, warn_caller
from bedtok._core import ConfigError, MappingOptions, MappingReport
from bedtok._files import (
    StorageOptions,
    StrPath,
    checked_path,
    is_url,
    missing_file,
    source_path,
)
from bedtok._html import Table, card
from bedtok._regions.anndata_relatives import only_anndata
from bedtok._regions.region_set import RegionSet, as_region_set
from bedtok._regions.samples import as_sequence
from bedtok._tokenization.assembly import same_genome
from bedtok._tokenization.cells import (
    FragmentOptions,
    cells_of_anndata,
    cells_of_fragments,
    store_cells,
)
from bedtok._tokenization.encode import (
    CallKeywords,
    check_call_keywords,
    encode_region_set,
    encode_samples,
    exact_samples,
    report_of,
    tokenize_sample,
)
from bedtok._tokenization.gtars_config import tokenizer_from_toml
from bedtok._tokenization.options import (
    NO_LIMIT,
    SAMPLE,
    MappingKeywords,
    Padding,
    Side,
    TokenizerKeywords,
    Truncation,
    changed_options,
    check_options,
    merge_mapping,
    with_options,
)
from bedtok._tokenization.padding import pad_encoded, resolve_padding_truncation
from bedtok._tokenization.special_tokens import spellings_by_role, split_special_tokens
from bedtok._tokenization.tensors import check_return_tensors
from bedtok._tokenization.token_weights import (
    checked_weights,
    inverse_document_frequency,
    load_weights,
    save_weights,
)
from bedtok._tokenization.universe import tokenizer_from_bed
from bedtok._tokenization.vocabulary import IdsLike, Vocabulary
from bedtok.batch_encoding import BatchEncoding
from bedtok.cells import CellTokens

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

_HUB_NAMES = (
    *("revision", "cache_dir", "token", "local_files_only", "subfolder", "storage_options"),
)
_READING_NAMES = ("on_error", "storage_options")
_ANNDATA_NAMES = (
    *("names", "layer", "obs_mask", "threshold", "key_added", "num_threads", "progress"),
)
_FRAGMENT_NAMES = (
    "names",
    "progress",
    "barcodes",
    "min_fragments",
    "min_tokens",
    "max_tokens",
    "counting_strategy",
    "chroms",
    "region",
    "exclude",
    "on_error",
    "num_threads",
    "storage_options",
)
_ROWS_SHOWN = 5  # tokens that a notebook shows
# Two threads that add special tokens at once must not lose one.
_ADDING_SPECIAL_TOKENS = threading.Lock()


class Tokenizer(Vocabulary):
    """Map genomic regions to the token ids of a vocabulary.

    The i-th distinct region of the vocabulary has id i; the special tokens unk, pad, mask, cls,
    eos, bos, sep follow. Only ``add_special_tokens`` changes a tokenizer, which may be used from
    many threads. It pickles and compares by content, and hashes by its regions.

    A subclass may have an ``__init__`` of its own. ``from_pretrained`` and the other ``from_...``
    return the subclass without calling it, as their arguments are others: give the attributes that
    it sets a default in the class. Copies, pickles and ``with_options`` keep such attributes.

    Args:
        path: A BED file (plain, gzip or bgzip), or a ``.toml`` config of gtars; or its URL.
        on_error: What a line of the BED file does that is not BED: ``"raise"`` a ParseError,
            ``"warn"`` and be left out, or ``"skip"``, as in ``RegionSet.from_bed``.
        storage_options: Options of a URL's file system, as in ``RegionSet.from_bed``.
        **options: Mapping options, the defaults of each call, documented in ``MappingKeywords``;
            sequence options, documented in ``SequenceKeywords``; and ``genome`` and
            ``chrom_sizes``, documented in ``AssemblyKeywords``.

    Raises:
        FileNotFoundError: There is no such file. IsADirectoryError: It is a folder.
        ParseError: It is not a BED file.
        VocabularyError: It has no regions.
        ConfigError: A mapping option is not allowed, or something in the config.
        TypeError: An option is not known or has the wrong type.

    Example:
        >>> tokenizer = Tokenizer.from_regions(["chr1:100-200", "chr1:300-400"])
        >>> tokenizer([("chr1", 150, 350), ("chr2", 5, 9)])
        BatchEncoding(input_ids=[0, 1], attention_mask=[1, 1])
        >>> tokenizer.decode([0, 2])
        ['chr1:100-200', '<unk>']
    """

    # Subclasses in gtars' way pass their arguments on to __new__.
    def __new__(cls, *args: object, **kwargs: object) -> Self:
        return object.__new__(cls)

    def __init__(
        self,
        path: StrPath,
        *,
        on_error: OnError = "raise",
        storage_options: StorageOptions = None,
        **options: Unpack[TokenizerKeywords],
    ) -> None:
        values = check_options(options, "Tokenizer", _READING_NAMES)
        if not isinstance(path, (str, os.PathLike)):
            raise TypeError(
                f"path: expected str or PathLike, not {type(path).__name__}; regions in memory "
                "become a tokenizer by Tokenizer.from_regions"
            )
        text = source_path(path, storage_options)
        if os.path.isdir(text):
            raise IsADirectoryError(
                errno.EISDIR,
                "is a folder, expected a .bed, .bed.gz or .toml file; a folder is loaded with "
                f"Tokenizer.from_pretrained({text!r})",
                text,
            )
        if not is_url(text) and not os.path.lexists(text):
            raise missing_file(text)
        name = text.partition("?")[0] if is_url(text) else text
        is_config = name.lower().endswith(".toml")
        load = tokenizer_from_toml if is_config else tokenizer_from_bed
        core = load(text, on_error)
        self._digest_of_regions = None
        self._set_core(with_options(core, values), warn=True)

    @classmethod
    def from_bed(
        cls,
        path: StrPath,
        *,
        on_error: OnError = "raise",
        storage_options: StorageOptions = None,
        **options: Unpack[TokenizerKeywords],
    ) -> Self:
        """Return a tokenizer of the regions in a BED file, in the file's order.

        Errors are those of the class.

        Args:
            path: A BED file, whatever its name, or its URL.
            on_error: What a line does that is not BED, as in the class.
            storage_options: Options of a URL's file system, as in ``RegionSet.from_bed``.
            **options: As those of the class.
        """
        values = check_options(options, "from_bed", _READING_NAMES)
        core = tokenizer_from_bed(source_path(path, storage_options), on_error)
        return cls._wrap(with_options(core, values))

    @classmethod
    def from_config(
        cls,
        path: StrPath,
        *,
        storage_options: StorageOptions = None,
        **options: Unpack[TokenizerKeywords],
    ) -> Self:
        """Return a tokenizer from a TOML config of gtars.

        It has ``universe`` (a BED file, relative to the config), and may have ``special_tokens``
        (a list of ``{name = "unk", token = "<UNK>"}``) and ``tokenizer_type`` (``bits`` or
        ``ailist``, which give the same tokens).

        Args:
            path: The config, or its URL.
            storage_options: Options of a URL's file system, as in ``RegionSet.from_bed``.
            **options: As those of the class.

        Raises:
            ConfigError: The file is not TOML, or a key or value in it is not allowed.
            FileNotFoundError: The config or its universe is missing.
        """
        values = check_options(options, "from_config", ("storage_options",))
        core = tokenizer_from_toml(source_path(path, storage_options))
        return cls._wrap(with_options(core, values))

    @classmethod
    def from_regions(
        cls,
        regions: object,
        special_tokens: Mapping[str, str] | None = None,
        **options: Unpack[TokenizerKeywords],
    ) -> Self:
        """Return a tokenizer of regions in memory, in the order given.

        Args:
            regions: Whatever ``RegionSet`` takes: a RegionSet, a list, a table.
            special_tokens: Spellings by role, ``unk`` or ``unk_token``; the other roles keep
                ``<unk>`` ... ``<sep>``.
            **options: As those of the class.

        Raises:
            VocabularyError: There is no region.
            ConfigError: A role is not known, or two tokens are spelled the same.
        """
        values = check_options(options, "from_regions", ("special_tokens",))
        if isinstance(regions, (str, os.PathLike)):
            # Read as a RegionSet it would be sorted, and the ids would not be those of the file.
            raise TypeError("regions: got a path; a file is loaded with Tokenizer.from_bed")
        spellings = None if special_tokens is None else spellings_by_role(special_tokens)
        core = _core.Tokenizer(as_region_set(regions)._core, spellings)
        return cls._wrap(with_options(core, values))

    @classmethod
    def from_pretrained(
        cls,
        name_or_folder: StrPath,
        *,
        revision: str | None = None,
        cache_dir: StrPath | None = None,
        token: str | bool | None = None,
        local_files_only: bool = False,
        subfolder: str = "",
        storage_options: StorageOptions = None,
        **options: Unpack[TokenizerKeywords],
    ) -> Self:
        """Load a tokenizer from a folder, from the URL of one, or from the Hub by name.

        A folder holds the files of ``save_pretrained``, or only ``universe.bed.gz`` or
        ``universe.bed``, as the published models do. Nothing in it is executed. An index beside
        the universe is mapped into memory, which takes milliseconds and shares its memory with
        all other processes that map it; one that does not fit is left aside with a warning.

        Args:
            name_or_folder: A folder, its URL (without its index, which is for local folders), or a
                name such as ``databio/atacformer-base-hg38``.
            revision: Branch, tag or commit on the Hub.
            cache_dir: Where the Hub's cache lies.
            token: Access token for private and gated models.
            local_files_only: Look into the cache only.
            subfolder: Folder inside the model.
            storage_options: Options of a URL's file system, as in ``RegionSet.from_bed``.
            **options: As those of the class, put over the saved ones.

        Raises:
            FileNotFoundError: There is no such folder, model or file in it.
            ConnectionError: The Hub cannot be reached.
            ParseError, ConfigError, VocabularyError: A file in it cannot be used, such as a damaged
                index, or its files belong to different tokenizers.
        """
        from bedtok import _hub

        values = check_options(options, "from_pretrained", _HUB_NAMES)
        with _hub.local_folder(
            name_or_folder,
            revision=revision,
            cache_dir=cache_dir,
            token=token,
            local_files_only=local_files_only,
            subfolder=subfolder,
            storage_options=storage_options,
        ) as folder:
            core = _core.Tokenizer.from_pretrained(folder)
            weights = load_weights(folder, core)
        genome = values.get("genome")
        if genome and core.genome and not same_genome(genome, core.genome):
            warn_caller(
                f"{source_path(name_or_folder)}: was saved with genome {core.genome!r}, and is "
                f"loaded with genome={genome!r}; expected the same, or leave it out"
            )
        self = cls._wrap(with_options(core, values))
        if weights is not None:
            self._token_weights = weights
        return self

    # ---- regions to ids

    def __call__(
        self,
        regions: object,
        *,
        add_special_tokens: bool = True,
        padding: Padding = False,
        truncation: Truncation | None = None,
        max_length: int | None = None,
        stride: int = 0,
        seed: int | None = None,
        pad_to_multiple_of: int | None = None,
        padding_side: Side | None = None,
        truncation_side: Side | None = None,
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
                as ``"chr1:100-200"``; a list, tuple or iterator of ``Region``,
                ``(chrom, start, end)`` or region texts, among which special tokens stand for
                themselves; a table with columns chrom, start, end. A batch: a list, tuple or
                iterator that begins with a RegionSet, a ``PathLike``, a table or a list of
                regions; an AnnData or what else ``encode_anndata`` takes, one sample a cell;
                ``CellTokens``.
            add_special_tokens: Put the template's tokens around each row. The template is empty
                by default, as published models expect.
            padding: ``False``; ``True`` or ``"longest"``: pad to the longest row;
                ``"max_length"``: to ``max_length``, or the tokenizer's ``model_max_length``.
            truncation: ``False``; ``True``: truncate rows to ``max_length`` or the tokenizer's
                ``model_max_length``; ``"random"``: longer rows keep a random choice of their
                tokens, in their order; ``"weight"``: those of the largest ``token_weights``, of
                equal weights the earlier ones, in their order; special tokens of the sample stay,
                except unk, which goes first. None: truncate if ``max_length`` is given and
                ``padding`` is not.
            max_length: Longest row in tokens, the template's included.
            stride: Tokens that an overflowing row shares with the row before it.
            seed: Seed of the random choice, 0 to 2**64 - 1: the same seed, samples and order give
                the same choice. None: drawn from Python's ``random``.
            pad_to_multiple_of: Round the padded length up to a multiple of this.
            padding_side: ``"right"`` or ``"left"``; None: the tokenizer's.
            truncation_side: The side that truncation removes; None: the tokenizer's.
            return_tensors: ``None``: lists of int; ``"np"``: int64 arrays; ``"pt"``: PyTorch
                tensors of dtype int64. Arrays and tensors have shape (rows, L), one sample's too.
            return_attention_mask: Leave out ``attention_mask`` when False.
            return_overflowing_tokens: Return the truncated tokens as further rows;
                ``overflow_to_sample_mapping`` has the sample of each row.
            return_special_tokens_mask: Add ``special_tokens_mask``: 1 for special tokens and
                padding, else 0.
            return_length: Add ``length``: the number of tokens of each row, without padding.
            return_region_index: Add ``region_index``: for each token the position, in the sample
                as given, of the region that gave it, like ``word_ids`` for text. None (-1 in
                arrays) where no region did.
            num_threads: For batches. None: all processors that this process may use. The result
                does not depend on it.
            **options: Mapping options for this call; see ``MappingKeywords``.

        Returns:
            ``input_ids``, ``attention_mask`` and the columns asked for: of one sample a list of
            length L each, of a batch a list of such lists. L is 1, the unk token, when nothing
            overlaps (with an empty template).

        Raises:
            TypeError: The input has none of these types, or a keyword is not known.
            Error: A region is not legal. ParseError: A file is not BED.
            FileNotFoundError: There is no such file.
            VocabularyError: A region hits nothing and ``on_miss`` is ``"error"``.
            ConfigError: An option has a value that is not allowed, or rows of different lengths
                are to become an array.
        """
        if (
            type(regions) is RegionSet
            and not options
            and add_special_tokens is True
            and padding is False
            and truncation is None
            and max_length is None
            and type(stride) is int
            and stride == 0
            and seed is None
            and pad_to_multiple_of is None
            and padding_side is None
            and truncation_side is None
            and return_attention_mask is None
            and return_overflowing_tokens is False
            and return_special_tokens_mask is False
            and return_length is False
            and return_region_index is False
            and num_threads is None
        ):
            return BatchEncoding(*encode_region_set(self, regions, return_tensors))
        if isinstance(regions, CellTokens):
            regions = regions._samples(self)
        data, encodings = encode_samples(
            self,
            regions,
            options,
            add_special_tokens=add_special_tokens,
            padding=padding,
            truncation=truncation,
            max_length=max_length,
            stride=stride,
            seed=seed,
            pad_to_multiple_of=pad_to_multiple_of,
            padding_side=padding_side,
            truncation_side=truncation_side,
            return_tensors=return_tensors,
            return_attention_mask=return_attention_mask,
            return_overflowing_tokens=return_overflowing_tokens,
            return_special_tokens_mask=return_special_tokens_mask,
            return_length=return_length,
            return_region_index=return_region_index,
            num_threads=num_threads,
        )
        return BatchEncoding(data, encodings)

    def encode(self, regions: object, **keywords: Unpack[CallKeywords]) -> Any:
        """Return only the ids: of a sample or a batch, or of tokens exactly.

        A region text, a special token, and an iterable of nothing but ``str`` are tokens: each
        is looked up exactly, without overlap and without the template. One that is not in the
        vocabulary is unk, as in gtars, with a warning if it has the form of a region. For any other
        input the result is ``tokenizer(regions)["input_ids"]``. Errors are those of calling the
        tokenizer.

        Args:
            regions: Tokens, or what a call takes.
            **keywords: Those of calling the tokenizer.

        Returns:
            What ``input_ids`` would be: a list or a list of lists, or an array or tensor.

        Example:
            >>> from bedtok import Tokenizer
            >>> tokenizer = Tokenizer.from_regions(["chr1:100-200", "chr1:300-400"])
            >>> tokenizer.encode(["chr1:300-400", "<cls>"])
            [1, 5]
            >>> tokenizer.encode([("chr1", 300, 401)])
            [1]
        """
        check_call_keywords("encode", keywords)
        regions = as_sequence(regions)
        tokens = exact_samples(self, regions)
        if tokens is not None:
            regions, keywords["add_special_tokens"] = tokens, False
        return self(regions, **keywords)["input_ids"]

    def tokenize(
        self,
        regions: object,
        *,
        add_special_tokens: bool = False,
        **options: Unpack[MappingKeywords],
    ) -> list[str]:
        """Return the tokens of one sample as text; errors are those of calling the tokenizer.

        Args:
            regions: One sample, as a call takes it.
            add_special_tokens: Put the template's tokens around it, which are left out by default,
                as in Hugging Face.
            **options: Mapping options for this call; see ``MappingKeywords``.
        """
        return tokenize_sample(self, regions, options, add_special_tokens)

    def report(self, regions: object, **options: Unpack[MappingKeywords]) -> MappingReport:
        """Return how well an input fits the vocabulary; errors are those of calling the tokenizer.

        The report of a fragment file is that of its cells, ``encode_fragments(path).report``;
        ``tokenize_files(...).report`` is that of a collection.

        Args:
            regions: One sample or a batch, as a call takes it; special tokens are left out. Of an
                AnnData the peaks count.
            **options: Mapping options for this call; see ``MappingKeywords``.

        Returns:
            Counts of regions, hits and tokens, in total and by chromosome; of one sample or an
            AnnData the positions of regions without a hit, among the regions; chromosomes that the
            vocabulary does not have; regions past the vocabulary's last, or past the end of their
            chromosome; a likely cause, and what a call would warn of; ``skipped_lines`` are those
            that ``RegionSet.from_bed`` left out. It prints as text.
        """
        merged = merge_mapping(self._core.options, options, "report")
        if isinstance(regions, CellTokens) and regions.report is not None:
            return regions.report
        return report_of(self, regions, merged)

    # ---- cells to ids

    def encode_anndata(
        self,
        adata: Any,
        layer: str | None = None,
        obs_mask: Any = None,
        threshold: float = 0,
        key_added: str | None = None,
        num_threads: int | None = None,
        *,
        names: Sequence[str] | None = None,
        progress: bool | None = None,
        **options: Unpack[MappingKeywords],
    ) -> CellTokens:
        """Tokenize the cells of an AnnData of cells x peaks, or of several.

        The peaks are mapped once. A cell's ids are those of calling the tokenizer on its peaks, in
        the order of ``var``, however the matrix is stored. An entry that a sparse matrix stores
        several times counts once, by the sum.

        Args:
            adata: Its peaks are the columns chrom (chr, seqname), start and end of ``var``, or
                ``var_names`` such as ``chr1:1-2``, ``chr1-1-2`` or ``chr1_1_2``. Of 10x multiome
                features those of type Peaks are taken. The matrix may be sparse or dense, in
                memory, in a file (``backed="r"``) or of dask. Also a MuData, of which the modality
                ``atac`` is taken, or the only one with regions as features; an AnnCollection; an
                AnnData or AnnDataSet of snapatac2, whose file is read in pieces; a list of these,
                or a dict by the names of their samples.
            layer: Take this layer in place of ``X``.
            obs_mask: Which cells: booleans, one a cell, or positions or names in the order wanted.
                None: all.
            threshold: A cell has the peaks whose values are above it.
            key_added: Also store the result in ``adata``: ``uns[key_added]`` gets ``values``,
                ``offsets``, ``names`` and the tokenizer's ``digest``, and
                ``obs[f"{key_added}_n_tokens"]`` how many tokens a cell has.
            num_threads: None: all processors that this process may use. The result does not
                depend on it.
            names: The name of each AnnData's sample; None: ``obs["sample"]``, where it is there.
            progress: Whether to show a progress bar, of several AnnData; None: if standard error is
                a terminal. Needs tqdm.
            **options: Mapping options for this call; see ``MappingKeywords``.

        Returns:
            The ids of the cells, named by ``obs_names``, those of several as in
            ``CellTokens.concat``; ``obs`` comes along. ``report`` has how well the peaks fit the
            vocabulary, and one warning says so where they do not.

        Raises:
            TypeError: ``adata`` is something else.
            Error: ``var`` has no regions, or the matrix is damaged.
            ConfigError: There is no such layer or cell, or an option is not allowed; a MuData has
                no modality of peaks; or ``obs_mask`` or ``key_added`` is given for several.
            VocabularyError: A peak of a cell hits nothing and ``on_miss`` is ``"error"``.
        """
        mapping = merge_mapping(self._core.options, options, "encode_anndata", _ANNDATA_NAMES)
        target = None if key_added is None else only_anndata(adata)
        if key_added is not None and target is None:
            raise ConfigError(
                "key_added: expected None here, as the result is stored in one AnnData; encode "
                "each one for itself"
            )
        cells = cells_of_anndata(
            self._core,
            adata,
            mapping,
            count_threads(num_threads),
            names=names,
            layer=layer,
            obs_mask=obs_mask,
            threshold=threshold,
            progress=progress,
        )
        if key_added is not None:
            store_cells(target, key_added, cells, self.digest)
        warn_caller(cells.warning)
        return CellTokens._of(self, cells)

    def encode_fragments(
        self,
        path: StrPath | Iterable[StrPath] | Mapping[str, StrPath],
        *,
        names: Sequence[str] | None = None,
        barcodes: Iterable[str] | Mapping[str, Iterable[str]] | None = None,
        min_fragments: int = 0,
        min_tokens: int = 0,
        max_tokens: int | None = None,
        counting_strategy: Literal["fragment", "insertion"] = "fragment",
        chroms: Iterable[str] | None = None,
        region: str | None = None,
        exclude: object = None,
        on_error: OnError = "raise",
        num_threads: int | None = None,
        progress: bool | None = None,
        storage_options: StorageOptions = None,
        **options: Unpack[MappingKeywords],
    ) -> CellTokens:
        """Tokenize the cells of a fragment file in one pass, or of several, a sample each.

        Memory beyond the result: 4 to 8 bytes a token until the end, some MB of text for each
        thread, and 100 to 200 bytes a barcode; of several files the result's memory twice.

        Args:
            path: Plain, gzip or bgzip; ``"-"`` is standard input. Columns: chrom, start, end,
                barcode, and any that follow; ``#`` lines are passed over. Also a list of files, or
                a dict of them by the names of their samples. URLs are downloaded one at a time;
                ``s3://bucket/*.tsv.gz`` stands for what it matches.
            names: The name of each file's sample. None: the file's name, without folder, ``.gz``,
                ``.tsv`` and ``.fragments``; files that would share one are named by their paths.
            barcodes: Only these cells, in this order, by their barcodes or as ``sample#barcode``;
                those without a fragment are left out. Of several files: of each the same, or a dict
                by the names of the samples. None: all, in the order of their first fragment.
            min_fragments: Leave out cells with fewer fragments.
            min_tokens: Leave out cells with fewer tokens.
            max_tokens: Leave out cells with more tokens; None: none.
            counting_strategy: ``"fragment"``: a fragment is mapped as a whole; ``"insertion"``:
                only its two ends are, one base pair each, where the transposase cut.
            chroms: Only fragments on these chromosomes, by the file's names.
            region: Only fragments that overlap this region, ``"chr1:1000-2000"``. If a tabix index
                lies beside a local file and pysam is installed, the rest is not read.
            exclude: Regions, in any form that ``RegionSet`` takes, such as the path of a blacklist:
                fragments that overlap one by at least one base pair are left out, as by ``bedtools
                intersect -v``, and count nowhere. Chromosomes by the file's names.
            on_error: What a line does that is not a fragment: ``"raise"`` a ParseError; ``"warn"``:
                it is left out, and one warning names the first of them; ``"skip"``: it is left out.
                ``skipped_lines`` of the result counts them. A file without any other line is a
                ParseError in any case.
            num_threads: None: all processors that this process may use. The result does not
                depend on it.
            progress: Whether to show a progress bar, of several files; None: if standard error is a
                terminal. Needs tqdm.
            storage_options: Options of a URL's file system, as in ``RegionSet.from_bed``.
            **options: Mapping options for this call; see ``MappingKeywords``. ``on_miss`` applies
                to each fragment (or insertion) and defaults to ``"drop"``, whatever the
                tokenizer's own.

        Returns:
            The ids of the cells, in the order of the fragments. They are named by their barcodes,
            of several files by sample and barcode, as in ``donor1#AAAC-1``. ``obs`` has the sample,
            tokens, fragments and hits of each cell, ``qc`` those of every barcode, and ``report``
            how well the fragments fit the vocabulary; one warning says so where they do not. A cell
            without a token is ``[unk]``.

        Raises:
            FileNotFoundError: There is no such file.
            ParseError: A line is not a fragment, or the file is cut off; it names file and line.
            VocabularyError: A fragment hits nothing and ``on_miss`` is ``"error"``.
            ConfigError: An option has a value that is not allowed, or ``names`` do not name each
                file differently.
        """
        given = {"on_miss": "drop", **options}
        mapping = merge_mapping(self._core.options, given, "encode_fragments", _FRAGMENT_NAMES)
        choice = FragmentOptions(
            barcodes,
            min_fragments,
            min_tokens,
            max_tokens,
            counting_strategy,
            chroms,
            region,
            on_error,
            None if exclude is None else as_region_set(exclude),
        )
        threads = count_threads(num_threads)
        cells = cells_of_fragments(
            self._core, path, mapping, threads, names, choice, progress, storage_options
        )
        warn_caller(cells.warning)
        return CellTokens._of(self, cells)

    # ---- rows of ids

    def pad(
        self,
        encoded_inputs: BatchEncoding | Mapping[str, Any] | Sequence[Mapping[str, Any]],
        padding: Padding = True,
        max_length: int | None = None,
        pad_to_multiple_of: int | None = None,
        padding_side: Side | None = None,
        return_attention_mask: bool | None = None,
        return_tensors: str | None = None,
    ) -> BatchEncoding:
        """Pad rows that exist already to one length, as collators do.

        Args:
            encoded_inputs: The result of calling the tokenizer on a batch or on one sample, or a
                list of results for one sample each. The rows may be lists, arrays or tensors.
            padding: As in calling the tokenizer.
            max_length: Tokens of each row, with ``padding="max_length"``.
            pad_to_multiple_of: As in calling the tokenizer.
            padding_side: As in calling the tokenizer.
            return_attention_mask: Leave out ``attention_mask`` when False; otherwise it is made
                where it is missing.
            return_tensors: As in calling the tokenizer; None: the type of the ids.

        Returns:
            ``input_ids``, ``attention_mask``, ``special_tokens_mask`` and ``region_index``
            padded; other names as they came, as arrays or tensors where those are asked for.

        Raises:
            ConfigError: ``input_ids`` are missing, or rows do not make an array.
            TypeError: Not a mapping or a list of them.
        """
        tensor_type = check_return_tensors(return_tensors)
        strategy = resolve_padding_truncation(
            self._core.sequence_options,
            padding=padding,
            truncation=False,
            max_length=max_length,
            pad_to_multiple_of=pad_to_multiple_of,
            padding_side=padding_side,
        )
        with_mask = return_attention_mask is not False
        data = pad_encoded(encoded_inputs, strategy, self.pad_token_id, tensor_type, with_mask)
        return BatchEncoding(data)

    def build_inputs_with_special_tokens(self, token_ids_0: IdsLike) -> list[int]:
        """Return ids of one sequence with the template's tokens around them.

        Args:
            token_ids_0: The ids, of shape (tokens,).
        """
        samples: list[_core.BatchItem] = [np.atleast_1d(self._ids(token_ids_0))]
        batch = self._core.encode_batch(samples, self._core.options)
        ids: list[int] = batch.encodings[0].input_ids.tolist()
        return ids

    # ---- options

    @property
    def options(self) -> MappingOptions:
        """The default mapping options; keywords of a call override them."""
        return self._core.options

    def with_options(self, **options: Unpack[TokenizerKeywords]) -> Self:
        """Return a tokenizer of the same vocabulary with other options.

        Args:
            **options: As those of the class; the others keep this tokenizer's values.

        Example:
            >>> tokenizer = Tokenizer.from_regions(["chr1:100-200"])
            >>> tokenizer.with_options(padding_side="left").padding_side
            'left'
        """
        other = copy.copy(self)
        other._set_core(with_options(self._core, check_options(options, "with_options")))
        return other

    def with_token_weights(self, weights: object) -> Self:
        """Return this tokenizer with a weight for each region, for ``truncation="weight"``.

        The weights are saved with the tokenizer, in ``token_weights.npz``, and compared with it;
        ``digest`` does not depend on them.

        Args:
            weights: One finite number for each region, shape (num_regions,), such as the result of
                ``idf_weights`` or scores of your own; None: no weights.

        Raises:
            ConfigError: There is not one for each region, or one is NaN or infinite.
            TypeError: They are not numbers.

        Example:
            >>> tokenizer = Tokenizer.from_regions(["chr1:0-9", "chr1:20-29", "chr1:40-49"])
            >>> tokenizer = tokenizer.with_token_weights([0.1, 3, 2])
            >>> tokenizer([("chr1", 0, 50)], truncation="weight", max_length=2)["input_ids"]
            [1, 2]
        """
        other = copy.copy(self)
        other.__dict__.pop("_token_weights", None)
        if weights is not None:
            other._token_weights = checked_weights(weights, self.num_regions)
        return other

    def idf_weights(self, cells: Iterable[Any]) -> npt.NDArray[np.float32]:
        """Return the inverse document frequency of each region in a corpus of tokens.

        It is ln(1 + n / (1 + df)), where df of n cells have the region; a region that no cell has
        gets the most. In a cell that has each token once, tokens ordered by TF-IDF are tokens
        ordered by this. ``initialize_from_cells`` gives these weights to a model with
        ``pooling="weighted"``.

        Args:
            cells: The ids of each cell: ``CellTokens``, a list, or an iterable that is read once,
                for a corpus that does not fit into memory. Special tokens are passed over.

        Returns:
            float32, shape (num_regions,).

        Raises:
            ConfigError: An id is outside the vocabulary.

        Example:
            >>> tokenizer = Tokenizer.from_regions(["chr1:0-9", "chr1:20-29"])
            >>> [f"{weight:.2f}" for weight in tokenizer.idf_weights([[0], [0, 1], [0]])]
            ['0.56', '0.92']

        Source: Cusanovich et al., A single-cell atlas of in vivo mammalian chromatin accessibility,
        2018: ln(1 + n / df), as in muon and in method 2 of Signac's ``RunTFIDF``; the 1 added to df
        is for regions that no cell has. ``TfidfTransformer`` of scikit-learn has
        ln((1 + n) / (1 + df)) + 1: the same order, with less weight for rare regions.
        """
        return inverse_document_frequency(cells, self.num_regions, self.vocab_size)

    @property
    def genome(self) -> str | None:
        """The name of the vocabulary's assembly; None: not known."""
        return self._core.genome or None

    @property
    def chrom_sizes(self) -> dict[str, int] | None:
        """The lengths of the assembly's chromosomes, by name; None: not known."""
        return self._core.chrom_sizes or None

    @property
    def template(self) -> tuple[str, ...]:
        """The special tokens around each sequence; ``$A`` stands for the sample."""
        options = self._core.sequence_options
        return (*options.before, SAMPLE, *options.after)

    @property
    def model_max_length(self) -> int:
        """The longest sequence that the model takes, in tokens; 10**30 if it is not known."""
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
        """Return how many tokens the template adds to a sequence.

        Args:
            pair: Has no effect: regions have no pairs.
        """
        return len(self.template) - 1

    def add_special_tokens(self, special_tokens_dict: Mapping[str, Any]) -> int:
        """Add special tokens after the others, or give a role to another token.

        No id changes: a role's former token stays in the vocabulary. Calls that run in other
        threads keep the tokens with which they began.

        Args:
            special_tokens_dict: Spellings by role, ``{"cls_token": "[CLS]"}``, and those without
                a role as a list under ``"additional_special_tokens"``.

        Returns:
            Number of new tokens, by which a model's embeddings must grow, as
            ``model.resize_token_embeddings(len(tokenizer))`` does.

        Raises:
            ConfigError: A role is not known, or a token is spelled like a region.
            TypeError: A spelling is not a text.

        Example:
            >>> tokenizer = Tokenizer.from_regions(["chr1:100-200"])
            >>> tokenizer.add_special_tokens({"additional_special_tokens": ["<donor>"]})
            1
            >>> tokenizer.convert_tokens_to_ids("<donor>")
            8
        """
        roles, others = split_special_tokens(special_tokens_dict)
        with _ADDING_SPECIAL_TOKENS:
            before = self._core.vocab_size
            self._set_core(self._core.add_special_tokens(list(roles.items()), others))
            return self._core.vocab_size - before

    # ---- where they go

    def save_pretrained(self, folder: StrPath, index: bool = False) -> tuple[str, ...]:
        """Write ``universe.bed.gz``, ``tokenizer_config.json`` and ``special_tokens_map.json``.

        With ``token_weights`` also ``token_weights.npz``; without, one that is there is removed.

        Args:
            folder: Made when it is missing.
            index: Also write ``universe.index``, from which ``from_pretrained`` loads without
                reading the universe, and whose memory processes share: 23 bytes a region or more,
                three times the universe. False: an earlier one in the folder is removed.

        Returns:
            The paths written.

        Raises:
            OSError: A file cannot be written.
        """
        text = checked_path(folder)
        files = self._core.save_pretrained(text, bool(index))
        weights = save_weights(text, self._core, self._token_weights)
        return tuple(files) if weights is None else (*files, weights)

    def push_to_hub(
        self,
        repo_id: str,
        *,
        commit_message: str = "Upload tokenizer",
        commit_description: str | None = None,
        private: bool | None = None,
        token: str | bool | None = None,
        revision: str | None = None,
        create_pr: bool = False,
        index: bool = False,
    ) -> Any:
        """Upload the files of ``save_pretrained`` to a model on the Hub.

        Args:
            repo_id: Name of the model, ``user/model``; made when it is missing.
            commit_message: First line of the commit's message.
            commit_description: The rest of it.
            private: Whether a model that is made is private; None: as the owner has it.
            token: Access token; None: the one of ``hf auth login``.
            revision: Branch that takes the commit; None: ``main``.
            create_pr: Open a pull request instead.
            index: Upload ``universe.index``, too, as in ``save_pretrained``.

        Returns:
            The ``CommitInfo`` of ``huggingface_hub``.

        Raises:
            ConnectionError: The Hub cannot be reached. PermissionError: It refuses the token.
        """
        from bedtok import _hub

        with tempfile.TemporaryDirectory() as folder:
            self.save_pretrained(folder, index)
            return _hub.upload(
                folder,
                repo_id,
                commit_message=commit_message,
                commit_description=commit_description,
                private=private,
                token=token,
                revision=revision,
                create_pr=create_pr,
            )

    def __repr__(self) -> str:
        changed = "".join(
            f", {name}={value!r}" for name, value in changed_options(self._core).items()
        )
        return (
            f"{type(self).__name__}({self.num_regions} regions, vocab_size={self.vocab_size}"
            f"{changed})"
        )

    def _repr_html_(self) -> str:
        spellings = (f"{text} {token_id}" for text, token_id in self._special_ids.items())
        facts: list[tuple[str, object]] = [
            ("regions", f"{self.num_regions:,}"),
            ("special tokens", ", ".join(spellings)),
        ]
        facts += [(name, repr(value)) for name, value in changed_options(self._core).items()]
        first = self.decode(range(min(_ROWS_SHOWN, self.num_regions)))
        title = f"{type(self).__name__}: {self.vocab_size:,} tokens"
        return card(title, facts, Table(("id", "token"), list(enumerate(first)), self.num_regions))


def tokenize_fragment_file(
    path: StrPath,
    tokenizer: Tokenizer,
    on_miss: Literal["drop", "unk", "error"] = "unk",
    **keywords: Any,
) -> dict[str, list[int]]:
    """Tokenize a fragment file of single cells, as gtars does.

    Args:
        path: The file; see ``Tokenizer.encode_fragments``, whose result is the better form.
        tokenizer: Its vocabulary and mapping options hold.
        on_miss: What a fragment gives that hits nothing: the unk token, as in gtars; ``"drop"``:
            nothing; ``"error"``: a VocabularyError.
        **keywords: Those of ``Tokenizer.encode_fragments``.

    Returns:
        For each barcode the ids of its fragments in the file's order.

    Raises:
        FileNotFoundError: There is no such file. ParseError: A line is not a fragment.
    """
    if not isinstance(tokenizer, Tokenizer):
        raise TypeError(f"tokenizer: expected a Tokenizer, not {type(tokenizer).__name__}")
    return tokenizer.encode_fragments(path, on_miss=on_miss, **keywords).to_dict()


def tokenize_anndata(adata: Any, tokenizer: Tokenizer) -> list[BatchEncoding]:
    """Tokenize the cells of an AnnData, as geniml does.

    Args:
        adata: See ``Tokenizer.encode_anndata``, whose result is the better form.
        tokenizer: Its vocabulary and mapping options hold.

    Returns:
        For each cell ``input_ids`` and ``attention_mask``.

    Raises:
        TypeError: ``adata`` is no AnnData. Error: It has no regions.
    """
    return [
        BatchEncoding({"input_ids": ids, "attention_mask": [1] * len(ids)})
        for ids in tokenizer.encode_anndata(adata).to_lists()
    ]

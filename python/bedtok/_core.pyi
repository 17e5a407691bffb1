"""The compiled module. Written by hand, checked against the module by stubtest.

Everything here takes one strict type; the generous forms are in ``models.py`` and
``tokenizers.py``. Coordinates are 0-based and half-open. Paths are ``str`` or ``os.PathLike``.
"""

import os
from collections.abc import Sequence
from typing import Any, final

import numpy as np
import numpy.typing as npt

Coords = npt.NDArray[np.uint32]  # (regions,), bp
Ids = npt.NDArray[np.int64]  # (tokens,), 0 .. vocab_size - 1
Path = str | os.PathLike[str]

__version__: str
inflate_backend: str  # "isa-l" or "zlib"
special_roles: tuple[str, ...]  # "unk", "pad" ... in the order of the ids
fewest_judged: int  # the rates of fewer regions are not judged

class Error(ValueError): ...

class ParseError(Error):
    path: str
    line: int | None  # 1-based; None where the place is not a line (a damaged gzip)

class ConfigError(Error): ...
class VocabularyError(Error): ...

def ids_of_list(ids: list[int]) -> Ids | None: ...  # None where an item is no int of 64 bits
def pad_rows(rows: Sequence[Ids], length: int, filler: int, side: str) -> Ids: ...
def temporary_suffix() -> str: ...  # of a file that this process writes
def remove_abandoned(folder: Path) -> None: ...  # files with such a suffix, of processes gone
def file_digest(path: Path) -> str: ...  # 16 hexadecimal digits of its bytes

@final
class RegionSet:
    """Regions as columns; immutable. The arrays are read-only views of the C++ columns."""

    @staticmethod
    def from_bed(path: Path, sort: bool = True) -> RegionSet: ...
    @staticmethod
    def read_skipping(
        path: Path, sort: bool = True, data: bytes | None = None
    ) -> tuple[RegionSet, int, str | None]: ...  # bad lines left out: how many, and which
    @staticmethod
    def from_bytes(data: bytes, name: str, sort: bool = True) -> RegionSet: ...
    @staticmethod
    def from_columns(
        chrom_names: Sequence[str],
        chrom_ids: Coords,
        starts: Coords,
        ends: Coords,
        rest: Sequence[str | None] | None = None,
    ) -> RegionSet: ...
    def __len__(self) -> int: ...
    @property
    def chrom_names(self) -> list[str]: ...
    @property
    def chrom_ids(self) -> Coords: ...
    @property
    def starts(self) -> Coords: ...
    @property
    def ends(self) -> Coords: ...
    @property
    def has_rest(self) -> bool: ...
    @property
    def header(self) -> str | None: ...
    def rest(self, index: int) -> str | None: ...
    def tokens(self) -> list[str]: ...
    def take(self, indices: Ids) -> RegionSet: ...
    def sorted(self) -> RegionSet: ...
    def is_sorted(self) -> bool: ...
    def equals(self, other: RegionSet) -> bool: ...
    def to_bytes(self) -> bytes: ...
    def column_texts(self) -> tuple[bytes, bytes, bytes]: ...
    def to_bed(self, path: Path, compress: bool = False) -> None: ...

@final
class MappingOptions:
    """How regions become tokens; immutable."""

    def __init__(
        self,
        *,
        min_overlap: int = 0,
        min_fraction: float = 0.0,
        fraction_of: str = "query",
        best_overlap: bool = False,
        unique: bool = False,
        order: str = "input",
        on_miss: str = "drop",
        chrom_aliases: str | dict[str, str] | None = None,
        low_hit_rate: float | None = 0.2,
    ) -> None: ...
    @property
    def min_overlap(self) -> int: ...
    @property
    def min_fraction(self) -> float: ...
    @property
    def fraction_of(self) -> str: ...
    @property
    def best_overlap(self) -> bool: ...
    @property
    def unique(self) -> bool: ...
    @property
    def order(self) -> str: ...
    @property
    def on_miss(self) -> str: ...
    @property
    def chrom_aliases(self) -> str | dict[str, str] | None: ...
    @property
    def low_hit_rate(self) -> float | None: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class SequenceOptions:
    """The sequences that a model expects; immutable."""

    def __init__(
        self,
        *,
        before: Sequence[str] = [],
        after: Sequence[str] = [],
        model_max_length: int | None = None,
        padding_side: str = "right",
        truncation_side: str = "right",
    ) -> None: ...
    @property
    def before(self) -> list[str]: ...
    @property
    def after(self) -> list[str]: ...
    @property
    def model_max_length(self) -> int | None: ...
    @property
    def padding_side(self) -> str: ...
    @property
    def truncation_side(self) -> str: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Encoding:
    """One tokenized sample. Each array has one entry a token."""

    @property
    def input_ids(self) -> Ids: ...
    @property
    def ids(self) -> Ids: ...
    @property
    def attention_mask(self) -> Ids: ...
    @property
    def special_tokens_mask(self) -> Ids: ...
    @property
    def region_index(self) -> Ids: ...
    @property
    def regions(self) -> int: ...  # of the whole sample
    @property
    def hits(self) -> int: ...  # regions of the whole sample that hit
    @property
    def warning(self) -> str | None: ...
    def __len__(self) -> int: ...

@final
class Batch:
    """Tokenized samples, cut into rows."""

    def __len__(self) -> int: ...
    @property
    def encodings(self) -> list[Encoding]: ...
    @property
    def lengths(self) -> Ids: ...  # (rows,), tokens
    @property
    def overflow_to_sample_mapping(self) -> Ids: ...  # (rows,)
    @property
    def warning(self) -> str | None: ...
    def array(self, name: str, length: int, pad: int, side: str) -> Ids: ...  # (rows, length)

@final
class ChromReport:
    @property
    def chrom(self) -> str: ...
    @property
    def known(self) -> bool: ...
    @property
    def regions(self) -> int: ...
    @property
    def hits(self) -> int: ...
    @property
    def past_end(self) -> int: ...
    @property
    def past_size(self) -> int: ...

@final
class MappingReport:
    """How well an input fits a vocabulary."""

    @property
    def regions(self) -> int: ...
    @property
    def hits(self) -> int: ...
    @property
    def tokens(self) -> int: ...
    @property
    def distinct_tokens(self) -> int: ...
    @property
    def hit_rate(self) -> float: ...
    @property
    def past_end(self) -> int: ...
    @property
    def past_size(self) -> int: ...
    @property
    def chroms(self) -> list[ChromReport]: ...
    @property
    def misses(self) -> Ids: ...
    @property
    def skipped_lines(self) -> int: ...
    @property
    def unknown_chroms(self) -> list[str]: ...
    @property
    def likely_cause(self) -> str | None: ...
    @property
    def warning(self) -> str | None: ...
    def __str__(self) -> str: ...

@final
class ReportSum:
    """The reports of many samples together."""

    def __init__(self, num_regions: int) -> None: ...
    def add(self, report: MappingReport, ids: Ids) -> None: ...
    def report(self, low_hit_rate: float | None) -> MappingReport: ...

@final
class Tokenizer:
    """A vocabulary, its overlap index, special tokens and mapping options."""

    def __init__(
        self,
        regions: RegionSet,
        special_tokens: dict[str, str] | None = None,
        options: MappingOptions | None = None,
        sequence_options: SequenceOptions | None = None,
        all_special_tokens: Sequence[str] | None = None,
        genome: str = "",
        chrom_sizes: dict[str, int] = {},
    ) -> None: ...
    @staticmethod
    def from_bed(path: Path, special_tokens: dict[str, str] | None = None) -> Tokenizer: ...
    @staticmethod
    def from_pretrained(folder: Path) -> Tokenizer: ...
    def with_options(
        self, options: MappingOptions, sequence_options: SequenceOptions
    ) -> Tokenizer: ...
    def with_assembly(self, genome: str, chrom_sizes: dict[str, int]) -> Tokenizer: ...
    def add_special_tokens(
        self, roles: Sequence[tuple[str, str]], others: Sequence[str]
    ) -> Tokenizer: ...
    def save_pretrained(self, folder: Path) -> list[str]: ...
    @property
    def vocab_size(self) -> int: ...
    @property
    def num_regions(self) -> int: ...
    @property
    def regions(self) -> RegionSet: ...
    @property
    def special_tokens(self) -> dict[str, str]: ...
    @property
    def all_special_tokens(self) -> list[str]: ...  # in the order of the ids
    @property
    def options(self) -> MappingOptions: ...
    @property
    def sequence_options(self) -> SequenceOptions: ...
    @property
    def genome(self) -> str: ...  # "" where it is not known
    @property
    def chrom_sizes(self) -> dict[str, int]: ...  # {} where they are not known
    @property
    def warning(self) -> str | None: ...
    def encode_batch(
        self,
        samples: list[BatchItem],
        options: MappingOptions,
        *,
        add_special_tokens: bool = True,
        max_length: int | None = None,
        random: bool = False,
        truncation_side: str | None = None,
        return_overflowing_tokens: bool = False,
        stride: int = 0,
        seed: int = 0,
        return_region_index: bool = False,
        num_threads: int = 0,
    ) -> Batch: ...
    def report(
        self, regions: RegionSet, options: MappingOptions, skipped_lines: int = 0
    ) -> MappingReport: ...
    def encode_with_report(
        self, regions: RegionSet, options: MappingOptions, skipped_lines: int = 0
    ) -> tuple[Encoding, MappingReport]: ...
    def decode(self, ids: Ids, skip_special_tokens: bool = False) -> list[str]: ...
    def decode_regions(self, ids: Ids) -> RegionSet: ...
    def get_special_tokens_mask(self, ids: Ids) -> Ids: ...
    def id_to_token(self, id: int) -> str: ...
    def tokens_to_ids(self, tokens: Sequence[str]) -> Ids: ...
    def get_vocab(self) -> dict[str, int]: ...

# A RegionSet; the path of a BED file; ids of 64 or 32 bits; or a RegionSet with the special tokens
# among its regions (inline_positions, inline_ids) and the caller's position of each region.
BatchItem = RegionSet | str | Ids | npt.NDArray[np.int32] | tuple[RegionSet, Ids, Ids, Ids]

@final
class PeakTokens:
    """The tokens of each peak of a matrix; immutable."""

    def __init__(self, tokenizer: Tokenizer, peaks: RegionSet, options: MappingOptions) -> None: ...
    def __len__(self) -> int: ...
    @property
    def identity(self) -> bool: ...
    def gather(
        self,
        by_rows: bool,
        indptr: Ids,
        indices: npt.NDArray[Any],
        data: npt.NDArray[Any],
        rows: int,
        columns: int,
        chosen: Ids | None = None,
        threshold: float = 0.0,
        num_threads: int = 1,
    ) -> tuple[Ids, npt.NDArray[np.int32]]: ...  # offsets (cells + 1,), values (tokens,)

def encode_fragments(
    tokenizer: Tokenizer,
    path: Path,
    options: MappingOptions,
    *,
    counting_strategy: str = "fragment",
    barcodes: Sequence[str] | None = None,
    chroms: Sequence[str] | None = None,
    region: str | None = None,
    min_fragments: int = 0,
    min_tokens: int = 0,
    max_tokens: int | None = None,
    skip_bad_lines: bool = False,
    num_threads: int = 0,
    text: bytes | None = None,
) -> dict[str, Any]: ...
def random_choice(size: int, count: int, seed: int, position: int) -> Ids: ...

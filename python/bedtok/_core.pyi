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
Ids = npt.NDArray[np.int64]  # (tokens,), 0 .. vocab_size - 1; positions, counts, base pairs
Path = str | os.PathLike[str]

__version__: str
inflate_backend: str  # "isa-l" or "zlib"
isal_version: str  # empty where there is none
zlib_version: str
compiler: str  # name and version
special_roles: tuple[str, ...]  # "unk", "pad" ... in the order of the ids
fewest_judged: int  # the rates of fewer regions are not judged

class Error(ValueError): ...

class ParseError(Error):
    path: str
    line: int | None  # 1-based; None where the place is not a line (a damaged gzip)

class ConfigError(Error): ...
class VocabularyError(Error): ...

def ids_of_list(ids: list[int]) -> Ids | None: ...  # None where an item is no int of 64 bits
def to_lists(array: Ids) -> list[Any]: ...  # of one or two dimensions
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
    def reduce(self, max_gap: int) -> RegionSet: ...
    def reduce_with_counts(self, max_gap: int) -> tuple[RegionSet, Ids]: ...
    def disjoin(self) -> tuple[RegionSet, Ids]: ...
    def cluster(self, max_gap: int) -> Ids: ...
    def gaps(self, chrom_sizes: dict[str, int]) -> RegionSet: ...
    @staticmethod
    def tile(chrom_sizes: dict[str, int], width: int) -> RegionSet: ...
    def trim(self, chrom_sizes: dict[str, int]) -> RegionSet: ...
    def slop(self, left: int, right: int, chrom_sizes: dict[str, int]) -> RegionSet: ...
    def flank(self, left: int, right: int, chrom_sizes: dict[str, int]) -> RegionSet: ...
    def shift(self, offset: int, chrom_sizes: dict[str, int]) -> RegionSet: ...
    def resize(self, width: int, fix: str, chrom_sizes: dict[str, int]) -> RegionSet: ...
    def promoters(
        self, upstream: int, downstream: int, chrom_sizes: dict[str, int]
    ) -> RegionSet: ...
    def sample(self, n: int, seed: int) -> RegionSet: ...
    def nucleotide_length(self) -> int: ...
    def max_end_per_chrom(self) -> dict[str, int]: ...
    def chromosome_statistics(
        self,
    ) -> list[tuple[str, int, int, int, int, int, float, float]]: ...
    def neighbor_distances(self) -> Ids: ...
    def nearest_neighbors(self) -> Ids: ...
    def distribution(
        self, n_bins: int, chrom_sizes: dict[str, int]
    ) -> tuple[RegionSet, Ids, Ids]: ...
    def concat(self, other: RegionSet) -> RegionSet: ...
    def union(self, other: RegionSet) -> RegionSet: ...
    def intersect_all(self, other: RegionSet) -> RegionSet: ...
    def pintersect(self, other: RegionSet) -> RegionSet: ...
    def setdiff(self, other: RegionSet) -> RegionSet: ...
    def find_overlaps(
        self, other: RegionSet, min_overlap: int, min_fraction: float
    ) -> tuple[Ids, Ids]: ...
    def count_overlaps(self, other: RegionSet, min_overlap: int, min_fraction: float) -> Ids: ...
    def any_overlaps(
        self, other: RegionSet, min_overlap: int, min_fraction: float
    ) -> npt.NDArray[np.bool_]: ...
    def subset_by_overlaps(
        self, other: RegionSet, min_overlap: int, min_fraction: float
    ) -> RegionSet: ...
    def closest(self, other: RegionSet) -> tuple[Ids, Ids]: ...
    def covered_bases(self, other: RegionSet) -> Ids: ...
    def coverage(self, other: RegionSet) -> float: ...
    def jaccard(self, other: RegionSet) -> float: ...
    def overlap_coefficient(self, other: RegionSet) -> float: ...
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
    # bedtok._plots adds it.
    def plot(self, ax: Any = None, *, max_chroms: int = 30) -> Any: ...
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
    @staticmethod
    def from_index_file(
        path: Path,
        digest: str,
        special_tokens: dict[str, str] | None = None,
        options: MappingOptions | None = None,
        sequence_options: SequenceOptions | None = None,
        all_special_tokens: Sequence[str] | None = None,
        genome: str = "",
        chrom_sizes: dict[str, int] = {},
    ) -> Tokenizer | None: ...  # None where the file is gone or another one
    def with_options(
        self, options: MappingOptions, sequence_options: SequenceOptions
    ) -> Tokenizer: ...
    def with_assembly(self, genome: str, chrom_sizes: dict[str, int]) -> Tokenizer: ...
    def add_special_tokens(
        self, roles: Sequence[tuple[str, str]], others: Sequence[str]
    ) -> Tokenizer: ...
    @staticmethod
    def index_pretrained(folder: Path) -> str: ...
    def save_pretrained(self, folder: Path, index: bool = False) -> list[str]: ...
    @property
    def index_file(self) -> tuple[str, str] | None: ...  # path and digest
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
        truncation: str = "longest_first",
        token_weights: npt.NDArray[np.float32] | None = None,
        truncation_side: str | None = None,
        return_overflowing_tokens: bool = False,
        stride: int = 0,
        seed: int = 0,
        return_region_index: bool = False,
        num_threads: int = 0,
    ) -> Batch: ...
    def encode_set(
        self, regions: RegionSet, as_lists: bool
    ) -> tuple[Any, Any, Encoding, str | None]: ...  # ids, mask, encoding, warning
    def report(
        self, regions: RegionSet, options: MappingOptions, skipped_lines: int = 0
    ) -> MappingReport: ...
    def encode_with_report(
        self, regions: RegionSet, options: MappingOptions, skipped_lines: int = 0
    ) -> tuple[Encoding, MappingReport]: ...
    def decode(self, ids: Ids, skip_special_tokens: bool = False) -> list[str]: ...
    def decode_buffers(
        self, ids: Ids, skip_special_tokens: bool = False
    ) -> tuple[npt.NDArray[np.uint8], Ids]: ...  # bytes and offsets
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
    exclude: RegionSet | None = None,
    min_fragments: int = 0,
    min_tokens: int = 0,
    max_tokens: int | None = None,
    skip_bad_lines: bool = False,
    num_threads: int = 0,
    text: bytes | None = None,
) -> dict[str, Any]: ...
def random_choice(size: int, count: int, seed: int, position: int) -> Ids: ...

@final
class SampleOptions:
    """What is taken of the regions of a sample; immutable."""

    def __init__(
        self,
        *,
        chroms: set[str] | None = None,
        chrom_sizes: dict[str, int] = {},
        summits: bool = False,
        width: int = 501,
        score_column: int = 0,
        exclude: RegionSet | None = None,
    ) -> None: ...
    def abandon(self) -> None: ...  # ends the reading with these options on other threads

@final
class Sample:
    """What a sample contributes to a universe; immutable."""

    def __len__(self) -> int: ...
    @property
    def regions(self) -> int: ...  # that were read
    @property
    def left_out(self) -> int: ...  # of these

def read_sample(
    path: Path, options: SampleOptions, skip_bad_lines: bool = False, data: bytes | None = None
) -> tuple[Sample, int, str | None]: ...  # bad lines left out: how many, and which
def make_sample(regions: RegionSet, options: SampleOptions) -> Sample: ...

@final
class SampleStore:
    """Samples in memory and, above a limit, in temporary files."""

    def __init__(self, max_memory: int = 0, folder: Path = "") -> None: ...
    def __len__(self) -> int: ...
    @property
    def runs(self) -> int: ...  # temporary files
    @property
    def chroms(self) -> list[str]: ...  # ordered as bytes
    def add(self, sample: Sample) -> None: ...
    def build(
        self,
        method: str,
        *,
        width: int,
        max_gap: int,
        min_width: int,
        max_width: int,
        min_samples: int | None,
        min_fraction: float | None,
        chrom_sizes: dict[str, int],
        exclude: RegionSet | None,
        num_threads: int,
    ) -> tuple[RegionSet, RegionSet, Coords]: ...  # regions, lines of a BED file, support

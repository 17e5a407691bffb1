# SPDX-License-Identifier: BSD-2-Clause
"""How well the samples of a collection fit a vocabulary: the class ``CollectionReport``."""

from __future__ import annotations

import dataclasses
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from bedtok._checks import OnError, printable
from bedtok._files import StrPath, write_text
from bedtok._html import Table, bar, card
from bedtok.report.assemblies import AssemblyFit
from bedtok.report.outliers import find_outliers
from bedtok.report.samples import ChromSummary, SampleSummary
from bedtok.report.similarity import Clusters
from bedtok.report.text_table import ROWS_SHOWN, text_table

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from bedtok._tokenization.options import MappingKeywords
    from bedtok.tokenizers import Tokenizer


@dataclass(frozen=True)
class Similarity:
    """How similar samples are.

    Attributes:
        samples: Their names: all of the collection, or some drawn at random.
        jaccard: Tokens of both samples by tokens of either, (samples, samples) float64, 0 to 1.
        clusters: The samples as a tree; None where SciPy is not installed.
    """

    samples: list[str]
    jaccard: npt.NDArray[np.float64]
    clusters: Clusters | None = None


@dataclass
class CollectionReport:
    """How well the samples of a collection fit a vocabulary; it prints as a table.

    Attributes:
        title: A name of the collection.
        vocabulary: A name of the vocabulary; ``""``: it is not known.
        samples: A row a sample, in their order.
        chroms: The chromosomes of the samples whose files were read.
        assemblies: How the regions of these samples fit known assemblies, together.
        files_read: Number of samples whose files were read: all, or some of a folder of tokens.
        similarity: How similar samples are; None for a single one.
        failed: Files that could not be read, with the reason.

    Example:
        >>> report = CollectionReport.from_files(["a.bed", "b.bed"], tokenizer)
        >>> report.to_html("report.html")
    """

    title: str
    vocabulary: str
    samples: list[SampleSummary]
    chroms: list[ChromSummary] = field(repr=False, default_factory=list)
    assemblies: list[AssemblyFit] = field(repr=False, default_factory=list)
    files_read: int = 0
    similarity: Similarity | None = field(repr=False, default=None)
    failed: dict[str, str] = field(repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        rates = np.array([sample.hit_rate for sample in self.samples], dtype=np.float64)
        tokens = np.array([sample.tokens for sample in self.samples], dtype=np.float64)
        for i, reason in find_outliers(rates, tokens).items():
            self.samples[i] = dataclasses.replace(self.samples[i], outlier=reason)

    @classmethod
    def from_files(
        cls,
        paths: Iterable[StrPath],
        tokenizer: Tokenizer,
        *,
        vocabulary: str = "",
        similarity_samples: int = 100,
        seed: int = 0,
        num_threads: int | None = None,
        strict: bool = False,
        on_error: OnError = "raise",
        progress: bool | None = None,
        **options: Unpack[MappingKeywords],
    ) -> CollectionReport:
        """Return the report of BED files.

        Each file is read once, on several threads; a few are in memory at a time.

        Args:
            paths: BED files, or their URLs. Samples are named as ``tokenize_files`` names them.
            tokenizer: The vocabulary. Its mapping options apply, unless ``options`` override them.
            vocabulary: A name of it for the report.
            similarity_samples: Number of samples whose similarity is measured, 0 or more; they are
                drawn at random where there are more. Their tokens are in memory together.
            seed: Of that draw.
            num_threads: None: all processors that this process may use.
            strict: Raise the error of the first bad file instead of listing it in ``failed``.
            on_error: What a line that is not BED does, as in ``tokenize_files``.
            progress: Whether to show a progress bar; None: if standard error is a terminal. Needs
                tqdm.
            **options: Mapping options; see ``MappingKeywords``.

        Raises:
            ConfigError: There are no paths, or an option is wrong.
            Error: A file is bad, with ``strict``.
        """
        from bedtok.report.files import report_of_files

        return report_of_files(
            paths,
            tokenizer,
            options,
            vocabulary=vocabulary,
            similarity_samples=similarity_samples,
            seed=seed,
            num_threads=num_threads,
            strict=strict,
            on_error=on_error,
            progress=progress,
        )

    @classmethod
    def from_folder(
        cls,
        folder: StrPath,
        tokenizer: Tokenizer | None = None,
        *,
        vocabulary: str = "",
        files_read: int = 200,
        similarity_samples: int = 100,
        seed: int = 0,
        num_threads: int | None = None,
        on_error: OnError = "raise",
        progress: bool | None = None,
        **options: Unpack[MappingKeywords],
    ) -> CollectionReport:
        """Return the report of a folder that ``tokenize_files`` or ``tokenize_cells`` wrote.

        Hit rates and tokens a sample are those of the manifest, similarity that of the tokens in
        the folder. Chromosomes and assemblies are not in the folder: with a tokenizer, the BED
        files of some samples are read again, those that are there with the content that was
        tokenized. Files of cells are not read: a sample's regions are its fragments or peaks, its
        tokens those of all its cells.

        Args:
            folder: The folder, with a manifest.
            tokenizer: The tokenizer that wrote it; None: chromosomes and assemblies are left out.
            vocabulary: A name of it for the report.
            files_read: Number of samples whose files are read, 0 or more; drawn at random where
                there are more.
            similarity_samples: As in ``from_files``.
            seed: Of both draws.
            num_threads: None: all processors that this process may use.
            on_error: What a line that is not BED does, as when the folder was written.
            progress: Whether to show progress bars; None: if standard error is a terminal. Needs
                tqdm.
            **options: Mapping options, as when the folder was written; see ``MappingKeywords``.

        Raises:
            ConfigError: The folder has no manifest or a damaged one, or was written with another
                tokenizer or with other options.
            OSError: The folder cannot be read.
        """
        from bedtok.report.folder import report_of_folder

        return report_of_folder(
            folder,
            tokenizer,
            options,
            vocabulary=vocabulary,
            files_read=files_read,
            similarity_samples=similarity_samples,
            seed=seed,
            num_threads=num_threads,
            on_error=on_error,
            progress=progress,
        )

    @property
    def regions(self) -> int:
        """Number of regions of all samples."""
        return sum(sample.regions for sample in self.samples)

    @property
    def hit_rate(self) -> float:
        """Hits per region over all samples, 0 to 1."""
        return sum(sample.hits for sample in self.samples) / max(self.regions, 1)

    @property
    def outliers(self) -> list[SampleSummary]:
        """The samples that are far from the others, by the rule that the page states."""
        return [sample for sample in self.samples if sample.outlier is not None]

    @property
    def likely_assemblies(self) -> dict[str, int]:
        """How many samples fit each assembly best, by its name, the most frequent first.

        Samples that several fit equally count for ``"hg19 or hg38"``, those that none fits for
        ``"none known"``.
        """
        names = Counter(
            assembly_text(sample.assemblies)
            for sample in self.samples
            if sample.assemblies is not None
        )
        return dict(names.most_common())

    def to_html(self, path: StrPath) -> None:
        """Write the report as a page of its own: no network, no script from elsewhere.

        The file is written atomically. Tables and pictures of large collections have limits, which
        the page states; equal reports give equal files.

        Args:
            path: The file.

        Raises:
            OSError: The file cannot be written.
        """
        from bedtok.report.collection_page import collection_page

        write_text(path, collection_page(self))

    def to_multiqc(self, folder: StrPath) -> list[str]:
        """Write the report as custom content of MultiQC, and return the files.

        These are ``bedtok_general_stats_mqc.json`` and ``bedtok_hits_mqc.json``, with what was
        measured of them also ``bedtok_chromosomes_mqc.json`` and ``bedtok_similarity_mqc.json``.
        MultiQC finds them by their names. Each is written atomically.

        Args:
            folder: The folder, made when it is missing.

        Raises:
            OSError: A file cannot be written.
        """
        from bedtok.report.multiqc import write_multiqc

        return write_multiqc(self, folder)

    def to_tsv(self, path: StrPath) -> None:
        """Write a line for each sample: the values of ``SampleSummary``, by tabs, atomically.

        Args:
            path: The file.

        Raises:
            OSError: The file cannot be written.
        """
        names = [f.name for f in dataclasses.fields(SampleSummary)] + ["hit_rate"]
        text = io.StringIO()
        text.write("\t".join(names) + "\n")
        for sample in self.samples:
            values = sample.to_dict()
            text.write("\t".join(_cell(values[name]) for name in names) + "\n")
        write_text(path, text.getvalue())

    def to_dict(self) -> dict[str, Any]:
        """Return samples, chromosomes, assemblies and failures as JSON values."""
        return {
            "title": self.title,
            "vocabulary": self.vocabulary,
            "hit_rate": self.hit_rate,
            "likely_assemblies": self.likely_assemblies,
            "samples": [sample.to_dict() for sample in self.samples],
            "chromosomes": [
                {**dataclasses.asdict(chrom), "hit_rate": chrom.hit_rate} for chrom in self.chroms
            ],
            "failed": self.failed,
        }

    def to_json(self, path: StrPath) -> None:
        """Write what ``to_dict`` returns, atomically.

        Args:
            path: The file.

        Raises:
            OSError: The file cannot be written.
        """
        write_text(path, json.dumps(self.to_dict(), indent=1) + "\n")

    def __str__(self) -> str:
        rows = [("sample", "regions", "hit rate", "tokens", "assembly", "outlier")]
        for sample in self.samples[:ROWS_SHOWN]:
            assembly = "-" if sample.assemblies is None else assembly_text(sample.assemblies)
            rows.append(
                (
                    printable(sample.sample),
                    f"{sample.regions:,}",
                    f"{sample.hit_rate:.1%}",
                    f"{sample.tokens:,}",
                    assembly,
                    sample.outlier or "",
                )
            )
        lines = text_table(rows, range(1, 4), len(self.samples))
        lines += [f"failed: {printable(reason)}" for reason in self.failed.values()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        facts: list[tuple[str, object]] = [
            ("vocabulary", self.vocabulary or "-"),
            ("hit rate", bar(self.hit_rate)),
            ("outliers", f"{len(self.outliers):,}"),
            ("likely assembly", assemblies_text(self.likely_assemblies)),
        ]
        if self.failed:
            facts.append(("failed", f"{len(self.failed):,}"))
        shown = self.samples[:8]
        table = Table(
            ("sample", "regions", "hit rate", "tokens"),
            [(s.sample, f"{s.regions:,}", bar(s.hit_rate), f"{s.tokens:,}") for s in shown],
            len(self.samples),
        )
        return card(f"{self.title}: samples: {len(self.samples):,}", facts, table)


def assembly_text(assemblies: Sequence[str] | None) -> str:
    """Return the assemblies that a sample fits best as text."""
    if not assemblies:
        return "none known" if assemblies is not None else "not read"
    return " or ".join(assemblies) if len(assemblies) <= 3 else "not told apart"


def assemblies_text(counts: Mapping[str, int]) -> str:
    """Return the likely assemblies of many samples as text."""
    if len(counts) <= 1:
        return next(iter(counts), "-")
    return ", ".join(f"{name} ({count:,})" for name, count in list(counts.items())[:4])


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return " ".join(value)
    if isinstance(value, float):
        return f"{value:.6g}"
    return printable(str(value)).replace("\t", "\\t")

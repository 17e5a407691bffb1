# SPDX-License-Identifier: BSD-2-Clause
"""``bedtok universe``: samples to a universe, how well universes fit samples, their index."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from bedtok import _core
from bedtok._files import checked_path
from bedtok.cli._arguments import add_command
from bedtok.cli._files import for_terminal, open_output, stdout_is_terminal
from bedtok.cli._messages import log
from bedtok.universe import METHODS, assess, build

_FILES_HELP = (
    "samples: BED, narrowPeak, broadPeak, fragments or .h5ad, plain or gzip; a folder stands for "
    "such files in it, a .txt, .list or .lst file for the paths in it, '-' for stdin, which is "
    "such a list or BED"
)

_BUILD_EPILOG = """methods:
  union     all covered bases, joined over gaps of at most --max-gap
  tiles     bins of --width base pairs of the chromosomes of --chrom-sizes
  coverage  bases that at least --min-samples or --min-fraction of the samples cover; with neither,
            those whose coverage is at least the mean of their chromosome (the default)
  flexible  regions with a core, from two cut-offs around that one
  hmm       regions with a core, by a hidden Markov model of starts, cores and ends
  summits   windows of --width around summits, the best first until none overlap

The columns are chrom, start, end, name and score, the number of samples that overlap the region; of
flexible and hmm also strand, thickStart and thickEnd, the core. Beside -o universe.bed.gz,
universe.manifest.json tells the method, its options, and the files with their digests.

examples:
  bedtok universe build peaks/ -o universe.bed.gz --min-samples 2
  bedtok universe build peaks/*.narrowPeak.gz --method summits -o universe.bed.gz
  find . -name '*.bed.gz' | bedtok universe build - --method union --max-gap 100 -o universe.bed
"""

_ASSESS_EPILOG = """The table has a column for each universe: hit rate (regions of the samples that
overlap a region of the universe), recall, precision and F10 of base pairs, distances of borders,
tokens a sample, regions that no sample hits, and regions that several regions of one sample hit.

examples:
  bedtok universe assess universe.bed.gz peaks/
  bedtok universe assess a.bed.gz --compare b.bed.gz --compare c.bed.gz peaks/ --plot fit.svg
  bedtok universe assess universe.bed.gz peaks/*.bed.gz --tsv samples.tsv --json fit.json
"""


_INDEX_EPILOG = """The folder holds universe.bed.gz or universe.bed, as those of save_pretrained and
of published models do. Tokenizers are then loaded from it in milliseconds, and processes that load
it share its memory. Remove universe.index to do without; one that is older than the universe is
not used.

examples:
  bedtok universe index my-model/
"""


def add_parser(commands: Any) -> None:
    """Add the parsers of the command and its parts."""
    summary = "samples to a universe, and how well universes fit samples"
    command: argparse.ArgumentParser = commands.add_parser(
        "universe",
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog="'bedtok universe COMMAND --help' shows the options.",
        allow_abbrev=False,
    )
    parts = command.add_subparsers(title="commands", metavar="COMMAND", dest="part")
    _add_build(parts)
    _add_assess(parts)
    _add_index(parts)
    command.set_defaults(parts=parts.choices)


def _add_build(parts: Any) -> None:
    command = add_command(parts, "build", "samples to a universe", _build, _BUILD_EPILOG)
    command.add_argument("files", metavar="FILE", nargs="+", help=_FILES_HELP)
    command.add_argument(
        "-o",
        "--output",
        metavar="PATH",
        help="BED file to write, gzip by its name; default: stdout",
    )
    command.add_argument("--method", choices=METHODS, default="coverage", help="default: coverage")
    command.add_argument(
        "--format", choices=("bed",), default="bed", help="of the output; default: bed"
    )
    command.add_argument(
        "--min-samples", metavar="N", type=int, help="so many samples must have a base or region"
    )
    command.add_argument(
        "--min-fraction", metavar="F", type=float, help="the same as a share of the samples"
    )
    command.add_argument(
        "--max-gap",
        "--merge",
        metavar="BP",
        type=int,
        help="with union and coverage: join regions over such gaps; default: 0",
    )
    command.add_argument(
        "--width", metavar="BP", type=int, help="of windows and bins; default: 501 and 500"
    )
    command.add_argument(
        "--score-column",
        metavar="N",
        type=int,
        help="with summits; default: 7 of narrowPeak, 5 of others",
    )
    command.add_argument("--min-width", metavar="BP", type=int, default=0, help="of a region")
    command.add_argument("--max-width", metavar="BP", type=int, help="of a region")
    command.add_argument(
        "--exclude", metavar="BED", help="leave out regions that overlap one of these (blacklist)"
    )
    command.add_argument(
        "--chroms", metavar="NAME,NAME,...", type=_names, help="only these chromosomes"
    )
    command.add_argument(
        "--chrom-sizes", metavar="FILE", help="names and lengths of chromosomes, as UCSC has them"
    )
    command.add_argument(
        "--max-memory",
        metavar="BYTES",
        help="sort samples into temporary files above it, such as 4G; default: no limit",
    )
    command.add_argument(
        "--temporary-dir", metavar="DIR", help="folder of these files; default: the system's"
    )
    _add_reading(command)


def _add_assess(parts: Any) -> None:
    command = add_command(
        parts, "assess", "how well universes fit samples", _assess, _ASSESS_EPILOG
    )
    command.add_argument("universe", metavar="UNIVERSE", help="BED file of the universe")
    command.add_argument("files", metavar="FILE", nargs="+", help=_FILES_HELP)
    command.add_argument(
        "--compare",
        metavar="UNIVERSE",
        action="append",
        default=[],
        help="another universe beside it; may be repeated",
    )
    command.add_argument("--tsv", metavar="PATH", help="write a line for each universe and sample")
    command.add_argument("--json", metavar="PATH", help="write everything as JSON")
    command.add_argument(
        "--plot",
        metavar="PATH",
        help="draw hit rate, F10 and tokens a sample, as .svg, .png or .pdf; needs matplotlib",
    )
    _add_reading(command)


def _add_index(parts: Any) -> None:
    summary = "write universe.index beside the universe in a tokenizer's folder"
    command = add_command(parts, "index", summary, _index, _INDEX_EPILOG)
    command.add_argument("folder", metavar="FOLDER", help="a folder with a universe")


def _add_reading(command: argparse.ArgumentParser) -> None:
    command.add_argument("--num-threads", metavar="N", type=int, help="default: all processors")
    command.add_argument("--strict", action="store_true", help="end at the first bad sample")
    command.add_argument(
        "--on-error",
        choices=("raise", "warn", "skip"),
        default="raise",
        help="what a line that is not BED does: its file is bad, or it is left out with a warning, "
        "or is left out; default: raise",
    )


def _build(args: argparse.Namespace) -> None:
    to_stdout = args.output is None or args.output == "-"
    if not to_stdout:
        _core.remove_abandoned(_folder_of(args.output))
    universe = build(
        args.files,
        args.method,
        output=None if to_stdout else args.output,
        max_gap=args.max_gap,
        min_width=args.min_width,
        max_width=args.max_width,
        min_samples=args.min_samples,
        min_fraction=args.min_fraction,
        width=args.width,
        score_column=args.score_column,
        exclude=args.exclude,
        chroms=args.chroms,
        chrom_sizes=args.chrom_sizes,
        num_threads=args.num_threads,
        max_memory=args.max_memory,
        temporary_dir=args.temporary_dir,
        strict=args.strict,
        on_error=args.on_error,
    )
    if to_stdout:
        with open_output(None) as file:
            file.write(for_terminal(universe.lines._core.to_bytes()))
        log(str(universe))
    else:
        with open_output(None) as file:
            line = f"{args.output}: {universe}\n"
            file.write(for_terminal(line.encode("utf-8", "surrogateescape")))
    _report_failed(universe.failed)


def _assess(args: argparse.Namespace) -> None:
    if args.plot is not None:
        # Before the files are read, which may take long.
        from bedtok.universe.plots import check_plot

        check_plot(args.plot)
    assessment = assess(
        [args.universe, *args.compare],
        args.files,
        num_threads=args.num_threads,
        strict=args.strict,
        on_error=args.on_error,
    )
    for path, write in (
        (args.tsv, assessment.to_tsv),
        (args.json, assessment.to_json),
        (args.plot, assessment.plot),
    ):
        if path is not None:
            _core.remove_abandoned(_folder_of(path))
            write(path)
    with open_output(None) as file:
        text = str(assessment).encode("utf-8", "surrogateescape")
        file.write((for_terminal(text) if stdout_is_terminal() else text) + b"\n")
    _report_failed(assessment.failed)


def _index(args: argparse.Namespace) -> None:
    path = _core.Tokenizer.index_pretrained(Path(checked_path(args.folder)))
    with open_output(None) as file:
        file.write(for_terminal(f"{path}\n".encode("utf-8", "surrogateescape")))


def _report_failed(failed: dict[str, str]) -> None:
    for reason in failed.values():
        log(reason)
    if failed:
        raise _core.Error(f"samples that could not be read: {len(failed)}")


def _folder_of(path: str) -> str:
    return checked_path(path).rpartition("/")[0] or "."


def _names(text: str) -> list[str]:
    names = [name for name in text.split(",") if name]
    if not names:
        raise argparse.ArgumentTypeError(f"expected NAME,NAME,..., not {text!r}")
    return names

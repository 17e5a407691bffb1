# SPDX-License-Identifier: BSD-2-Clause
"""``bedtok inspect``: the content of BED files or a vocabulary, and how well they fit one."""

from __future__ import annotations

import argparse
import json
import os
from typing import Any

import numpy as np

from bedtok import _core
from bedtok._files import SAMPLE_SUFFIXES, file_exists, files_in, is_url
from bedtok.cli._arguments import (
    VOCAB_HELP,
    add_command,
    add_files_from,
    add_loading,
    add_mapping,
    add_selection,
    mapping_of,
)
from bedtok.cli._cell_inputs import CellReader, add_cells, cells_flag, check_cells_flags
from bedtok.cli._files import (
    for_terminal,
    load_core,
    load_tokenizer,
    means_file,
    open_output,
    read_regions,
)
from bedtok.cli._inputs import Input, find_inputs, has_parquet, listed_folder
from bedtok.cli._messages import STDIN
from bedtok.cli._report import add_report, check_report, vocabulary_name, write_report

_TOKENIZER_FILES = ("tokenizer_config.json", "config.json", "universe.bed.gz", "universe.bed")
_CHROMS_SHOWN = 30  # in the text; --json has all of them


def add_parser(commands: Any) -> None:
    """Add the parser of the command."""
    command = add_command(
        commands,
        "inspect",
        "what BED files or a vocabulary hold, and how well they fit a vocabulary",
        _run,
        """examples:
  bedtok inspect sample.bed.gz
  bedtok inspect sample.bed.gz --vocab databio/atacformer-base-hg38
  bedtok inspect databio/atacformer-base-hg38 --json
  zcat sample.bed.gz | bedtok inspect - --vocab universe.bed.gz
  bedtok inspect peaks/ --vocab universe.bed.gz --html qc/report.html --multiqc qc/
  bedtok inspect fragments.tsv.gz --vocab universe.bed.gz --html qc/cells.html
""",
    )
    command.add_argument(
        "file",
        nargs="*",
        metavar="FILE",
        help="a BED file, '-' for stdin, or a vocabulary in any form that --vocab takes; with "
        "--vocab also several of them, cells (fragment files, .h5ad, Parquet), and folders",
    )
    command.add_argument("--vocab", metavar="VOCAB", help=VOCAB_HELP)
    command.add_argument("--json", action="store_true", help="write one JSON object")
    add_files_from(command)
    add_report(command)
    command.set_defaults(num_threads=None)
    add_cells(command)
    add_selection(command.add_argument_group("regions of cells"))
    add_mapping(command)
    add_loading(command)


def _run(args: argparse.Namespace) -> None:
    mapping = mapping_of(args)
    if mapping and args.vocab is None:
        flag = "--" + next(iter(mapping)).replace("_", "-")
        args.usage_error(f"{flag} determines how regions map to a vocabulary, so it needs --vocab")
    cells = _cell_inputs(args)
    if cells:
        _inspect_cells(args, cells)
        return
    if (cells_option := cells_flag(args, "chroms", "exclude")) is not None:
        args.usage_error(f"{cells_option}: is for cells, expected fragment files, .h5ad or Parquet")
    if _is_collection(args):
        _inspect_many(args)
        return
    path: str = args.file[0]
    args.file = path
    facts: dict[str, Any] = {"file": STDIN if args.file == "-" else args.file}
    is_model = os.path.isdir(args.file) or args.file.lower().endswith(".toml")
    if args.file != "-" and (is_model or not means_file(args.file)):
        model, _ = load_core(args.file, args)
        regions = model.regions
        facts["vocab_size"] = model.vocab_size
        facts["special_tokens"] = dict(model.special_tokens)
    else:
        regions, skipped = read_regions(args.file, args.on_error, sort=False)
        if skipped:
            facts["skipped_lines"] = skipped
    facts.update(_facts(regions))
    if args.vocab is not None:
        tokenizer, options = load_core(args.vocab, args)
        report = tokenizer.report(regions, options)
        for chrom in report.chroms:
            facts["chromosomes"][chrom.chrom].update(known=chrom.known, hits=chrom.hits)
        facts["vocabulary"] = {
            "name": args.vocab,
            "regions": tokenizer.num_regions,
            "hits": report.hits,
            "hit_rate": report.hit_rate,
            "tokens": report.tokens,
            "distinct_tokens": report.distinct_tokens,
            "unknown_chroms": list(report.unknown_chroms),
            "past_end": report.past_end,
            "past_size": report.past_size,
            "likely_cause": report.likely_cause,
        }
    text = json.dumps(facts, indent=2) if args.json else _facts_text(facts)
    with open_output(None) as file:
        file.write(for_terminal(text.encode("utf-8", "surrogateescape")) + b"\n")


def _cell_inputs(args: argparse.Namespace) -> list[Input]:
    """Return the inputs if they are cells; nothing if they are BED files or a vocabulary."""
    if args.vocab is None or (not args.file and args.files_from is None):
        return []
    if any(
        (os.path.isdir(path) or (is_url(path) and not means_file(path)))
        and not _holds_samples(path)
        and not has_parquet(path)
        for path in args.file
    ) or (args.files_from is None and not any(map(file_exists, args.file))):
        return []  # a saved tokenizer, or a name on the Hub
    inputs = find_inputs(args.file, args.files_from, args.fragments, tokens=True)
    cells = [item for item in inputs if item.kind != "bed"]
    if cells and len(cells) < len(inputs):
        bed = next(item.path for item in inputs if item.kind == "bed")
        args.usage_error(f"{bed} is BED, {cells[0].path} has cells: expected one of both")
    return cells


def _inspect_cells(args: argparse.Namespace, inputs: list[Input]) -> None:
    """Write the report of cells, and print it."""
    from bedtok.report import CellReport

    check_report(args)
    check_cells_flags(args, inputs)
    reader = CellReader(args, load_tokenizer(args.vocab, args), inputs)
    report = CellReport.from_cells(reader.read_all(inputs), vocabulary=vocabulary_name(args.vocab))
    write_report(args, report)


def _is_collection(args: argparse.Namespace) -> bool:
    """Return whether the inputs are samples whose report is wanted."""
    if not args.file and args.files_from is None:
        args.usage_error("expected a file, a folder or --files-from LIST")
    many = len(args.file) != 1 or args.files_from is not None or _holds_samples(args.file[0])
    if args.vocab is None:
        for flag, value in (("--html", args.html), ("--multiqc", args.multiqc)):
            if value is not None:
                args.usage_error(f"{flag} tells how well samples fit a vocabulary: give --vocab")
        if many:
            args.usage_error("several samples are compared by a vocabulary: give --vocab")
        return False
    return many or bool(args.html or args.multiqc)


def _holds_samples(path: str) -> bool:
    """Return whether a path is a folder of samples, and not of a tokenizer or a model."""
    if is_url(path):
        names = listed_folder(path, (*SAMPLE_SUFFIXES, *_TOKENIZER_FILES))
        return "*" in path or (bool(names) and set(names).isdisjoint(_TOKENIZER_FILES))
    if not os.path.isdir(path):
        return False
    if any(os.path.exists(os.path.join(path, name)) for name in _TOKENIZER_FILES):
        return False
    try:
        return bool(files_in(path))
    except (OSError, _core.ConfigError):
        return False


def _inspect_many(args: argparse.Namespace) -> None:
    """Write the report of samples, and print it."""
    from bedtok.report import CollectionReport

    check_report(args)
    inputs = find_inputs(args.file, args.files_from, None)
    for item in inputs:
        if item.path == "-":
            args.usage_error("-: a report is of files, expected their paths")
    report = CollectionReport.from_files(
        [item.path for item in inputs],
        load_tokenizer(args.vocab, args),
        vocabulary=vocabulary_name(args.vocab),
        on_error=args.on_error,
        **mapping_of(args),
    )
    write_report(args, report)


def _facts(regions: _core.RegionSet) -> dict[str, Any]:
    chrom_ids = regions.chrom_ids.astype(np.int64)
    starts = regions.starts.astype(np.int64)
    ends = regions.ends.astype(np.int64)
    names = regions.chrom_names
    widths = ends - starts
    order = np.lexsort((ends, starts, chrom_ids))
    chrom, start, end = chrom_ids[order], starts[order], ends[order]
    same = (chrom[1:] == chrom[:-1]) & (start[1:] == start[:-1]) & (end[1:] == end[:-1])
    # All chromosomes on one line, far enough apart; a region adds the part past the furthest
    # end before it.
    offset = chrom << 33
    start, end = start + offset, end + offset
    furthest = np.maximum.accumulate(end)
    before = np.concatenate((start[:1], furthest[:-1]))
    added = np.maximum(end - np.maximum(start, before), 0)
    counts = np.bincount(chrom_ids, minlength=len(names))
    covered = np.bincount(chrom, weights=added, minlength=len(names)).astype(np.int64)
    # Chromosomes as they come in the file.
    present, first_seen = np.unique(chrom_ids, return_index=True)
    repeated = int(np.count_nonzero(same))
    return {
        "regions": len(regions),
        "distinct": len(regions) - repeated,
        "repeated": repeated,
        "sorted": regions.is_sorted(),
        "bp_covered": int(added.sum()),
        "width": {
            "min": int(widths.min()) if len(regions) else None,
            "median": float(np.median(widths)) if len(regions) else None,
            "max": int(widths.max()) if len(regions) else None,
        },
        "chromosomes": {
            names[i]: {"regions": int(counts[i]), "bp_covered": int(covered[i])}
            for i in present[np.argsort(first_seen)]
        },
    }


def _facts_text(facts: dict[str, Any]) -> str:
    width = facts["width"]
    repeated = facts["repeated"]
    rows = [
        ("file", facts["file"]),
        (
            "regions",
            f"{facts['regions']:,}"
            + (f" ({facts['distinct']:,} distinct, {repeated:,} repeated)" if repeated else ""),
        ),
        *([("skipped lines", f"{facts['skipped_lines']:,}")] if "skipped_lines" in facts else []),
        ("sorted", "yes" if facts["sorted"] else "no"),
        ("bp covered", f"{facts['bp_covered']:,}"),
        (
            "width",
            "-"
            if width["min"] is None
            else f"{width['min']:,} to {width['max']:,} bp, median {width['median']:,.10g}",
        ),
    ]
    if "vocab_size" in facts:
        rows.append(("vocab size", f"{facts['vocab_size']:,}"))
        rows.append(("special tokens", " ".join(facts["special_tokens"].values())))
    fit = facts.get("vocabulary")
    if fit is not None:
        rows += [
            ("vocabulary", f"{fit['name']} ({fit['regions']:,} regions)"),
            ("hit rate", f"{fit['hit_rate']:.2%} ({fit['hits']:,} of {facts['regions']:,})"),
            ("tokens", f"{fit['tokens']:,} ({fit['distinct_tokens']:,} distinct)"),
        ]
        if fit["likely_cause"] is not None:
            rows.append(("likely cause", fit["likely_cause"]))
    rows.append(("chromosomes", f"{len(facts['chromosomes']):,}"))
    lines = [f"{name:<15} {value}" for name, value in rows]

    if facts["chromosomes"]:
        header = ["", "regions", "bp covered"] + (["hits"] if fit is not None else [])
        table = [header]
        for name, counts in list(facts["chromosomes"].items())[:_CHROMS_SHOWN]:
            row = [name, f"{counts['regions']:,}", f"{counts['bp_covered']:,}"]
            if fit is not None:
                row.append(f"{counts['hits']:,}" if counts["known"] else "not in the vocabulary")
            table.append(row)
        widths = [max(len(row[i]) for row in table) for i in range(3)]
        for row in table:
            cells = [row[0].ljust(widths[0]), row[1].rjust(widths[1]), row[2].rjust(widths[2])]
            lines.append(("  " + "  ".join(cells + row[3:])).rstrip())
        if len(facts["chromosomes"]) > _CHROMS_SHOWN:
            more = len(facts["chromosomes"]) - _CHROMS_SHOWN
            lines.append(f"  and {more:,} more (--json lists all)")
    return "\n".join(lines)

# SPDX-License-Identifier: BSD-2-Clause
"""``bedtok report``: how well the samples of a folder of tokens fit their vocabulary."""

from __future__ import annotations

import argparse
import json
import os
from typing import TYPE_CHECKING, Any

from bedtok import _core
from bedtok._files import is_url
from bedtok.cli._arguments import VOCAB_HELP, add_command, add_loading, add_mapping, mapping_of
from bedtok.cli._files import for_terminal, load_tokenizer, open_output

if TYPE_CHECKING:
    from bedtok.report import CellReport, CollectionReport


def add_parser(commands: Any) -> None:
    """Add the parser of the command."""
    command = add_command(
        commands,
        "report",
        "how well the samples of a folder of tokens fit their vocabulary",
        _run,
        """examples:
  bedtok report tokens/ --html report.html
  bedtok report tokens/ --json > report.json
  bedtok report tokens/ --vocab universe.bed.gz --html qc/report.html --multiqc qc/
""",
    )
    command.add_argument(
        "folder", metavar="FOLDER", help="a folder that 'bedtok tokenize --format parquet' wrote"
    )
    command.add_argument(
        "--vocab",
        metavar="VOCAB",
        help="to read BED files of its samples again, for chromosomes and assemblies: "
        + VOCAB_HELP,
    )
    command.add_argument(
        "--files-read",
        type=int,
        default=200,
        metavar="N",
        help="with --vocab: read the files of at most N samples, drawn with a seed; default: 200",
    )
    command.add_argument("--json", action="store_true", help="write one JSON object")
    add_report(command)
    add_mapping(command)
    add_loading(command)


def _run(args: argparse.Namespace) -> None:
    from bedtok.report import CollectionReport

    check_report(args)
    tokenizer = None if args.vocab is None else load_tokenizer(args.vocab, args)
    report = CollectionReport.from_folder(
        args.folder,
        tokenizer,
        vocabulary=vocabulary_name(args.vocab),
        files_read=args.files_read,
        on_error=args.on_error,
        **mapping_of(args),
    )
    write_report(args, report)


def vocabulary_name(vocab: str | None) -> str:
    """Return the name of a vocabulary on a page, which may be sent to others: without folders."""
    if vocab is None:
        return ""
    if is_url(vocab):
        return vocab.rstrip("/").rpartition("/")[2]
    return os.path.basename(os.path.abspath(vocab)) if os.path.exists(vocab) else vocab


def add_report(command: argparse.ArgumentParser) -> None:
    """Add the flags of files that a report is written to."""
    group = command.add_argument_group("report")
    group.add_argument("--html", metavar="FILE", help="write a page that needs no network")
    group.add_argument(
        "--multiqc",
        metavar="FOLDER",
        help="write custom content of MultiQC (*_mqc.json) into FOLDER, which is made",
    )


def check_report(args: argparse.Namespace) -> None:
    """Refuse a page that could not be written, before anything is read."""
    if args.html is not None and os.path.isdir(args.html):
        args.usage_error(f"--html {args.html}: is a folder, expected a file to write")
    if args.multiqc is not None and os.path.isfile(args.multiqc):
        args.usage_error(f"--multiqc {args.multiqc}: is a file, expected a folder")


def write_report(args: argparse.Namespace, report: CollectionReport | CellReport) -> None:
    """Write a report to its files and print it; Error if files could not be read."""
    if args.html is not None:
        folder = os.path.dirname(args.html)
        if folder and not is_url(args.html):
            os.makedirs(folder, exist_ok=True)
        report.to_html(args.html)
    if args.multiqc is not None:
        report.to_multiqc(args.multiqc)
    text = json.dumps(report.to_dict(), indent=2) if args.json else str(report)
    with open_output(None) as file:
        file.write(for_terminal(text.encode("utf-8", "surrogateescape")) + b"\n")
    if failed := getattr(report, "failed", None):
        raise _core.Error(f"files that could not be read: {len(failed)}")

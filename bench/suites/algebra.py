# SPDX-License-Identifier: BSD-2-Clause
"""Interval algebra: on sets in memory, and from files against bedtools and bedops."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from bench.data.regions import SIZES
from bench.limits import copying_and_touching, reading
from bench.peers.overlaps import frame, polars_frame, ranges, region_set
from bench.rows import OURS, Command, Row, Tool, find, load
from bench.setting import Setting

TITLE = "Interval algebra"
WORDS = (
    "Sets in memory: each library has its own form of both sets beforehand. From files: bedtok "
    "reads both and computes; bedtools and bedops are processes that print their lines. Both "
    "inputs are sorted, and the fastest form of a tool for that is taken (`-sorted`). The number "
    "that a result comes down to (regions, base pairs, pairs) is compared; of `closest`, how many "
    "regions have a distance other than 0, which bedtools and pyranges count differently: theirs "
    "is not compared."
)
UNCOMPARED = "uncompared"
Answer = Callable[[Any], Any]


@dataclass(frozen=True)
class Operation:
    """One function of interval algebra.

    Attributes:
        name: What it is called in most libraries.
        ours: bedtok's call on sets a and b.
        answer: The number that bedtok's result comes down to.
        peers: For each library in memory: its call on its own a and b, and its number.
        commands: For each program: its arguments with {a}, {b} and {sizes}, and its number.
    """

    name: str
    ours: Callable[[Any, Any], Any]
    answer: Answer
    peers: dict[str, tuple[Callable[[Any, Any], Any], Answer]] = field(default_factory=dict)
    commands: dict[str, tuple[str, Answer]] = field(default_factory=dict)


def lines(output: bytes) -> int:
    return output.count(b"\n")


def column_sum(position: int) -> Answer:
    def answer(output: bytes) -> int:
        return sum(int(line.split(b"\t")[position]) for line in output.splitlines())

    return answer


def bases(output: bytes) -> int:
    return int(column_sum(2)(output) - column_sum(1)(output))


def uncompared(result: Any) -> str:
    return UNCOMPARED


def same(ours: Any, theirs: Any) -> bool:
    return bool(ours == theirs or theirs == UNCOMPARED)


def millionths(share: float) -> int:
    return round(share * 10**6)


def eager(result: Any) -> Any:
    """Return a frame of polars that has been computed."""
    return result.collect() if hasattr(result, "collect") else result


def bf(name: str, *more: Any, **options: Any) -> Callable[[Any, Any], Any]:
    return lambda a, b: getattr(load("bioframe"), name)(a, b, *more, **options)


def pb(name: str) -> Callable[[Any, Any], Any]:
    return lambda a, b: getattr(load("polars_bio"), name)(a, b, output_type="polars.DataFrame")


OPERATIONS = [
    Operation(
        "merge",
        lambda a, b: a.reduce(),
        len,
        {
            "gtars": (lambda a, b: a.reduce(), len),
            "bioframe": (lambda a, b: load("bioframe").merge(a), len),
            "pyranges": (lambda a, b: a.merge(), len),
            "polars-bio": (
                # Regions that touch are one, as in the others.
                lambda a, b: load("polars_bio").merge(
                    a, min_dist=1, output_type="polars.DataFrame"
                ),
                len,
            ),
        },
        {"bedtools": ("merge -i {a}", lines), "bedops": ("--merge {a}", lines)},
    ),
    Operation(
        "complement",
        lambda a, b: a.complement(SIZES),
        len,
        {
            "gtars": (lambda a, b: a.gaps(SIZES), len),
            "bioframe": (lambda a, b: load("bioframe").complement(a, view_df=SIZES), len),
        },
        {"bedtools": ("complement -i {a} -g {sizes}", lines)},
    ),
    Operation(
        "subtract",
        lambda a, b: a - b,
        lambda result: int(result.nucleotide_length()),
        {
            "gtars": (
                lambda a, b: a.setdiff(b),
                lambda result: int(result.get_nucleotide_length()),
            ),
        },
        {"bedops": ("--difference {a} {b}", bases)},
    ),
    Operation(
        "intersect",
        lambda a, b: a & b,
        lambda result: int(result.nucleotide_length()),
        {
            "gtars": (
                lambda a, b: a.intersect_all(b),
                lambda result: int(result.get_nucleotide_length()),
            ),
            "pyranges": (
                lambda a, b: a.merge().intersect(b),
                lambda result: int(result.lengths().sum()),
            ),
        },
        {"bedops": ("--intersect {a} {b}", bases)},
    ),
    Operation(
        "count overlaps",
        lambda a, b: a.count_overlaps(b),
        lambda counts: int(counts.sum()),
        {
            "gtars": (lambda a, b: a.count_overlaps(b), sum),
            "bioframe": (bf("count_overlaps"), lambda result: int(result["count"].sum())),
            "pyranges": (
                lambda a, b: a.count_overlaps(b),
                lambda result: int(result.df["NumberOverlaps"].sum()),
            ),
            "polars-bio": (pb("count_overlaps"), lambda result: int(result["count"].sum())),
        },
        {
            "bedtools": ("intersect -a {a} -b {b} -c -sorted", column_sum(-1)),
            "bedmap": ("--count {a} {b}", column_sum(0)),
        },
    ),
    Operation(
        "closest",
        lambda a, b: a.closest(b),
        lambda result: int((result[1] != 0).sum()),
        {
            "gtars": (
                lambda a, b: a.closest(b),
                lambda result: sum(distance != 0 for _, _, distance in result),
            ),
            "bioframe": (bf("closest"), lambda result: int((result["distance"] != 0).sum())),
            "pyranges": (lambda a, b: a.nearest(b), uncompared),
            "polars-bio": (pb("nearest"), uncompared),
        },
        {"bedtools": ("closest -a {a} -b {b} -d -t first", uncompared)},
    ),
    Operation(
        "covered bases",
        lambda a, b: a.covered_bases(b),
        lambda found: int(found.sum()),
        {
            "bioframe": (bf("coverage"), lambda result: int(result["coverage"].sum())),
            "polars-bio": (pb("coverage"), lambda result: int(result["coverage"].sum())),
        },
        {
            "bedtools": ("coverage -a {a} -b {b} -sorted", column_sum(4)),
            "bedmap": ("--bases-uniq {a} {b}", column_sum(0)),
        },
    ),
    Operation(
        "jaccard",
        lambda a, b: a.jaccard(b),
        millionths,
        {"gtars": (lambda a, b: a.jaccard(b), millionths)},
        {
            "bedtools": (
                "jaccard -a {a} -b {b}",
                lambda output: millionths(float(output.splitlines()[1].split()[2])),
            )
        },
    ),
]


def rows(setting: Setting) -> Iterator[Row]:
    size = setting.scale.main_queries

    @cache
    def sets() -> tuple[Any, Any]:
        return setting.queries(size, "sorted"), setting.vocabulary

    def paths() -> tuple[Any, Any]:
        return setting.queries_file(size, "sorted"), setting.vocabulary_file(".bed")

    forms: dict[str, Callable[[], tuple[Any, Any]]] = {
        OURS: cache(lambda: tuple(map(region_set, sets()))),
        "gtars": cache(lambda: tuple(load("gtars.models").RegionSet(str(p)) for p in paths())),
        "bioframe": cache(lambda: tuple(map(frame, sets()))),
        "pyranges": cache(lambda: tuple(map(ranges, sets()))),
        "polars-bio": cache(lambda: tuple(map(polars_frame, sets()))),
    }
    moved = copying_and_touching(lambda: (sum(given.nbytes for given in sets()), 4 * size))
    for operation in OPERATIONS:
        tools = [in_memory(OURS, operation.ours, operation.answer, forms)]
        for name, (call, answer) in operation.peers.items():
            tools.append(in_memory(name, call, answer, forms))
        yield Row(f"{operation.name}, in memory", tools, [moved], same=same)
    for operation in OPERATIONS:
        if operation.commands:
            yield from_files(setting, operation, paths)


def in_memory(
    name: str,
    call: Callable[[Any, Any], Any],
    answer: Answer,
    forms: dict[str, Callable[[], tuple[Any, Any]]],
) -> Tool:
    return Tool(name, lambda given: call(*given), forms[name], answer)


def from_files(setting: Setting, operation: Operation, paths: Callable[[], tuple[Any, Any]]) -> Row:
    """Return the row of an operation by bedtok from files, and by programs."""

    def ours(given: tuple[Any, Any]) -> Any:
        read = load("bedtok").RegionSet.from_bed
        return operation.ours(read(given[0]), read(given[1]) if uses_b else None)

    uses_b = any("{b}" in arguments for arguments, _ in operation.commands.values())
    tools = [Tool(OURS, ours, paths, operation.answer)]
    for name, (arguments, answer) in operation.commands.items():

        def command(name: str = name, arguments: str = arguments) -> list[str]:
            a, b = paths()
            sizes = setting.file("chrom.sizes", write_sizes)
            return [find(name), *arguments.format(a=a, b=b, sizes=sizes).split()]

        tools.append(Command(name, list, command, answer))
    files = reading(lambda: paths() if uses_b else paths()[:1])
    return Row(f"{operation.name}, from files", tools, [files], same=same)


def write_sizes(path: Any) -> None:
    path.write_text("".join(f"{name}\t{SIZES[name]}\n" for name in sorted(SIZES)))

# SPDX-License-Identifier: BSD-2-Clause
"""Draw what each method makes of the peaks of one locus: universe_methods.svg beside this file.

python docs/pictures/universe_methods.py [FILE]
"""

from __future__ import annotations

import sys
from pathlib import Path

from bedtok import RegionSet
from bedtok.universe import METHODS, Universe, build

LENGTH = 3000  # of the locus
LEFT, WIDTH, RIGHT = 150, 640, 20  # pixels
COLOURS = {"sample": "#7a8793", "coverage": "#b9c4cd", "region": "#1f6feb", "core": "#0b3d91"}
# Two open places that samples share, of which one has a second summit, and a peak of one sample.
SAMPLES = [
    [(310, 760), (1480, 1700), (1790, 2060)],
    [(340, 800), (1500, 2080)],
    [(290, 720), (1450, 1720)],
    [(360, 900), (1760, 2100)],
    [(330, 790), (1520, 2040), (2620, 2840)],
    [(420, 740), (1470, 1690), (1800, 2020)],
]
OPTIONS = {
    "union": {},
    "tiles": {"width": 300},
    "coverage": {"min_samples": 3},
    "flexible": {},
    "hmm": {},
    "summits": {"width": 301},
}


def place(position: int) -> float:
    """Return the pixel of a position."""
    return LEFT + WIDTH * position / LENGTH


def box(start: int, end: int, top: float, height: float, colour: str) -> str:
    left = place(start)
    return (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{place(end) - left:.1f}" '
        f'height="{height:.1f}" fill="{colour}"/>'
    )


def label(text: str, top: float) -> str:
    return f'<text x="{LEFT - 12}" y="{top:.1f}" text-anchor="end">{text}</text>'


def row_of(universe: Universe, top: float) -> list[str]:
    """Return the boxes of a universe, with cores where its regions have them."""
    boxes = []
    for line in universe.lines:
        columns = (line.rest or "").split("\t")
        has_core = len(columns) > 3
        boxes.append(
            box(line.start, line.end - 4, top + 3 * has_core, 12 - 6 * has_core, COLOURS["region"])
        )
        if has_core:
            boxes.append(box(int(columns[3]), int(columns[4]), top, 12, COLOURS["core"]))
    return boxes


def draw() -> str:
    """Return the picture."""
    sets = [RegionSet([("chr1", *peak) for peak in sample]) for sample in SAMPLES]
    parts = []
    top = 16.0
    for number, sample in enumerate(SAMPLES, 1):
        parts.append(label(f"sample {number}", top + 8))
        parts += [box(start, end, top, 8, COLOURS["sample"]) for start, end in sample]
        top += 14
    height = 8.0 * len(SAMPLES)
    top += height + 8
    parts.append(label("coverage", top - height / 2 + 4))
    depths = [
        sum(any(s <= at < e for s, e in sample) for sample in SAMPLES) for at in range(LENGTH)
    ]
    steps = [at for at in range(LENGTH) if at == 0 or depths[at] != depths[at - 1]]
    for start, end in zip(steps, [*steps[1:], LENGTH], strict=True):
        if depths[start]:
            parts.append(
                box(start, end, top - 8 * depths[start], 8 * depths[start], COLOURS["coverage"])
            )
    least = top - 8 * OPTIONS["coverage"]["min_samples"]
    parts.append(
        f'<line x1="{LEFT}" x2="{LEFT + WIDTH}" y1="{least}" y2="{least}" stroke="#d1242f" '
        'stroke-dasharray="4 3"/>'
    )
    top += 16
    for method in METHODS:
        options = OPTIONS[method]
        universe = build(sets, method, chrom_sizes={"chr1": LENGTH}, **options)
        parts.append(label(method, top + 10))
        parts += row_of(universe, top)
        top += 24
    size = f'width="{LEFT + WIDTH + RIGHT}" height="{top:.0f}"'
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="13">'
    )
    return "\n".join(
        [head, '<rect width="100%" height="100%" fill="white"/>', *parts, "</svg>", ""]
    )


def main() -> None:
    default = Path(__file__).with_suffix(".svg")
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    path.write_text(draw(), encoding="utf-8")


if __name__ == "__main__":
    main()

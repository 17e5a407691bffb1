# SPDX-License-Identifier: BSD-2-Clause
"""Draw the pictures of docs/concepts.md as SVG.

    python docs/make_pictures.py [FOLDER]

Every id, token and mask in a picture is what the tokenizer returns for the regions that are drawn.
The colours are CSS variables with a dark variant: a browser follows the system, and the site sets
them by its own switch (docs/conf.py puts the pictures into the page).
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path

from bedtok import RegionSet, Tokenizer

HERE = Path(__file__).resolve().parent
WIDTH = 760
STYLE = """
svg.bt { --ink: #1f2933; --soft: #5b6770; --rule: #b8c0c7; --paper: #f1f4f7;
  --sample: #f3d9a4; --sample-edge: #a8741a; --special: #e3dcf2; --special-edge: #6b4fa0;
  --band: #3b6fb6; font: 13px system-ui, sans-serif; }
@media (prefers-color-scheme: dark) { svg.bt { --ink: #e4e8ec; --soft: #a2adb7; --rule: #56616b;
  --paper: #262d34; --sample: #5a4517; --sample-edge: #e0ad55; --special: #3a3052;
  --special-edge: #b49fe0; --band: #7fa8e0; } }
svg.bt text { fill: var(--ink); } svg.bt .soft { fill: var(--soft); }
svg.bt .mono { font-family: ui-monospace, monospace; font-size: 12px; white-space: pre; }
svg.bt .on { fill: #fff; font-weight: 600; } svg.bt .bold { font-weight: 600; }
svg.bt line { stroke: var(--rule); } svg.bt .dash { stroke-dasharray: 4 3; }
svg.bt .paper { fill: var(--paper); } svg.bt .band { fill: var(--band); opacity: .22; }
svg.bt .sample { fill: var(--sample); stroke: var(--sample-edge); }
svg.bt .special { fill: var(--special); stroke: var(--special-edge); }
svg.bt .none { fill: none; stroke: var(--rule); stroke-dasharray: 3 3; }
svg.bt .faint { opacity: .28; }
"""
NOTHING = "\N{EN DASH}"  # stands where a region gives no token
# A colour for each id, on which white text is read in both modes.
HUES = ("#2f67ad", "#b94a34", "#2f7f50", "#7a52a3", "#94690f", "#22788a", "#a03c78")

# One vocabulary and one sample for most pictures, with the chromosome's first thousand bases.
VOCABULARY = [(100, 200), (260, 330), (400, 480), (500, 580), (720, 820), (900, 960)]
SAMPLE = [(120, 165), (185, 290), (440, 530), (620, 690), (740, 760), (820, 900)]


class Picture:
    """The elements of an SVG picture, and where the next row goes."""

    def __init__(self, title: str, description: str) -> None:
        self._title = title
        self._description = description
        self._elements: list[str] = []
        self.height = 0.0

    def _add(self, bottom: float, element: str) -> None:
        self.height = max(self.height, bottom)
        self._elements.append(element)

    def text(self, x: float, y: float, text: str, style: str = "", anchor: str = "start") -> None:
        """Write a line of text whose baseline is at ``y``."""
        look = f'class="{style}" text-anchor="{anchor}"'
        self._add(y + 5, f'<text x="{x:g}" y="{y:g}" {look}>{escape(text)}</text>')

    def box(self, x: float, y: float, width: float, height: float, style: str) -> None:
        """Draw a rectangle; ``style`` is a class, or a colour."""
        look = f'fill="{style}"' if style.startswith("#") else f'class="{style}"'
        self._add(
            y + height,
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="3" {look}/>',
        )

    def line(self, x1: float, y1: float, x2: float, y2: float, style: str = "") -> None:
        """Draw a line; ``dash`` is a broken one."""
        self._add(
            max(y1, y2),
            f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" class="{style}"/>',
        )

    def band(self, top: tuple[float, float, float], bottom: tuple[float, float, float]) -> None:
        """Join two ranges ``(y, left, right)`` by a tinted band."""
        (y1, a, b), (y2, c, d) = top, bottom
        points = f"{a:g},{y1:g} {b:g},{y1:g} {d:g},{y2:g} {c:g},{y2:g}"
        self._add(y2, f'<polygon points="{points}" class="band"/>')

    def chip(
        self, x: float, y: float, text: str, style: str, width: float = 30, faint: bool = False
    ) -> float:
        """Draw a token as a small box, and return where the next one goes."""
        if faint:
            self._elements.append('<g class="faint">')
        self.box(x, y, width, 22, style)
        label = "mono on" if style.startswith("#") else "mono"
        self.text(x + width / 2, y + 15.5, text, label, "middle")
        if faint:
            self._elements.append("</g>")
        return x + width + 4

    def svg(self) -> str:
        """Return the file's text."""
        height = round(self.height + 10)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="bt" role="img" width="{WIDTH}" '
            f'height="{height}" viewBox="0 0 {WIDTH} {height}">\n'
            f"<title>{escape(self._title)}</title>\n<desc>{escape(self._description)}</desc>\n"
            f"<style>{STYLE}</style>\n" + "\n".join(self._elements) + "\n</svg>\n"
        )


def on_chr1(intervals: Sequence[tuple[int, int]]) -> RegionSet:
    """Return intervals of chromosome 1 as regions."""
    return RegionSet([("chr1", start, end) for start, end in intervals])


def position(base: float) -> float:
    """Return where a base of chromosome 1 lies in a picture."""
    return 110 + base * 0.62


def hue(token_id: int) -> str:
    """Return the colour of an id."""
    return HUES[token_id % len(HUES)]


def token_chips(
    picture: Picture, tokenizer: Tokenizer, x: float, y: float, ids: Sequence[int]
) -> float:
    """Draw a row of ids, special tokens by their spelling, and return where it ends."""
    special = dict(zip(tokenizer.all_special_ids, tokenizer.all_special_tokens, strict=True))
    for token_id in ids:
        if token_id in special:
            x = picture.chip(x, y, special[token_id], "special", 52)
        else:
            x = picture.chip(x, y, str(token_id), hue(token_id))
    return x


def axis(picture: Picture, y: float) -> None:
    """Draw chromosome 1 with a tick every 100 bases."""
    picture.text(14, y + 4, "chr1", "bold")
    picture.line(position(0), y, position(1000), y)
    for base in range(0, 1001, 100):
        picture.line(position(base), y, position(base), y + 5)
        picture.text(position(base), y - 7, str(base), "soft mono", "middle")


def vocabulary_row(picture: Picture, y: float, intervals: Sequence[tuple[int, int]]) -> None:
    """Draw the regions of a vocabulary with their ids."""
    picture.text(14, y + 16, "vocabulary", "bold")
    for token_id, (start, end) in enumerate(intervals):
        left = position(start)
        picture.box(left, y, position(end) - left, 24, hue(token_id))
        picture.text((left + position(end)) / 2, y + 16.5, str(token_id), "mono on", "middle")


def overlap() -> Picture:
    """Draw how overlap makes tokens: the regions of a sample, what they hit, and the ids."""
    tokenizer = Tokenizer.from_regions(on_chr1(VOCABULARY))
    encoding = tokenizer(on_chr1(SAMPLE), return_region_index=True)
    ids, origin = encoding["input_ids"], encoding["region_index"]
    picture = Picture(
        "How overlap makes tokens",
        "A chromosome with the regions of a vocabulary, numbered from 0, and the regions of a "
        "sample below. Bands join each sample region to the vocabulary regions that it overlaps; "
        f"their numbers, read from left to right, are the ids {ids}.",
    )
    axis(picture, 30)
    vocabulary_row(picture, 52, VOCABULARY)
    picture.text(14, 140, "sample", "bold")
    for token_id, region in zip(ids, origin, strict=True):
        (a, b), (c, d) = VOCABULARY[token_id], SAMPLE[region]
        shared = position(max(a, c)), position(min(b, d))
        picture.band((76, *shared), (124, *shared))
    for i, (start, end) in enumerate(SAMPLE):
        left, middle = position(start), position((start + end) / 2)
        picture.box(left, 124, position(end) - left, 24, "sample")
        picture.text(middle, 140.5, "ABCDEF"[i], "bold", "middle")
        picture.line(middle, 152, middle, 174)
        hits = [token_id for token_id, region in zip(ids, origin, strict=True) if region == i]
        x = middle - 17 * max(len(hits), 1) + 2
        for token_id in hits:
            x = picture.chip(x, 178, str(token_id), hue(token_id))
        if not hits:
            picture.chip(x, 178, NOTHING, "none")
    picture.text(14, 193, "tokens", "bold")
    picture.text(position(655), 218, "D hits nothing", "soft", "middle")
    picture.text(position(860), 218, "F touches 4 and 5", "soft", "middle")
    picture.text(14, 247, "input_ids", "bold")
    token_chips(picture, tokenizer, position(0), 231, ids)
    return picture


def vocabulary() -> Picture:
    """Draw a BED file, the ids of its regions, and the special tokens behind them."""
    lines = [("chr1", 100, 200), ("chr1", 260, 330), ("chr1", 100, 200), ("chr2", 50, 90)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "universe.bed"
        path.write_text("".join(f"{c}\t{s}\t{e}\n" for c, s, e in lines))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the repeated region, which the picture shows
            tokenizer = Tokenizer(path)
    tokens = tokenizer.decode(list(range(tokenizer.vocab_size)))
    picture = Picture(
        "What a vocabulary is",
        "The lines of a BED file, the id of each distinct region, and the ids of the seven "
        "special tokens that follow.",
    )
    for x, text in ((14, "universe.bed"), (250, "regions"), (500, "special tokens")):
        picture.text(x, 24, text, "bold")
    seen: set[str] = set()
    for i, (chrom, start, end) in enumerate(lines):
        text = f"{chrom}:{start}-{end}"
        y = 40 + 30 * i
        picture.box(14, y, 190, 24, "paper")
        picture.text(24, y + 16, f"{chrom}   {start}   {end}", "mono")
        token_id = tokenizer.convert_tokens_to_ids(text)
        if text in seen:
            picture.text(250, y + 16, f"repeated: keeps id {token_id}", "soft")
        else:
            picture.line(206, y + 12, 246, y + 12)
            picture.chip(250, y + 1, str(token_id), hue(token_id))
            picture.text(290, y + 16, tokens[token_id], "mono")
        seen.add(text)
    for i, token in enumerate(tokens[tokenizer.num_regions :]):
        x, y = 500 + 130 * (i // 4), 41 + 30 * (i % 4)
        picture.chip(x, y, str(tokenizer.num_regions + i), "special")
        picture.text(x + 40, y + 15, token, "mono")
    return picture


def template() -> Picture:
    """Draw a sample with a template and padding, and the masks beside it."""
    tokenizer = Tokenizer.from_regions(on_chr1(VOCABULARY))
    own = tokenizer.with_options(template="<cls> $A <eos>")
    sample = on_chr1([SAMPLE[1], SAMPLE[4]])
    pads = {"padding": "max_length", "max_length": 8}
    rows = [
        ("tokenizer(sample)", tokenizer(sample)),
        ('template="<cls> $A <eos>"', own(sample)),
        ('… padding="max_length", max_length=8', own(sample, **pads)),
        ('… padding_side="left"', own(sample, **pads, padding_side="left")),
    ]
    picture = Picture(
        "Special tokens and templates",
        "One sample without special tokens, with a template of <cls> and <eos>, and padded on "
        "either side, with its attention masks.",
    )
    for i, (call, encoding) in enumerate(rows):
        y = 14 + 52 * i
        picture.text(14, y + 16, call, "mono")
        x = 300.0
        special = set(tokenizer.all_special_ids)
        for token_id, mask in zip(encoding["input_ids"], encoding["attention_mask"], strict=True):
            after = token_chips(picture, tokenizer, x, y, [token_id])
            width = 52 if token_id in special else 30
            picture.text(x + width / 2, y + 36, str(mask), "soft mono", "middle")
            x = after
        if i == 0:
            picture.text(x + 8, y + 36, "attention_mask", "soft mono")
    return picture


def fragments() -> Picture:
    """Draw the tokens of fragments, counted whole and by their two ends."""
    known = [(100, 200), (260, 330), (400, 480), (620, 700)]
    cell = [(150, 440), (560, 760), (640, 680)]
    tokenizer = Tokenizer.from_regions(on_chr1(known))
    picture = Picture(
        "Fragments against insertions",
        "Three fragments of a cell over a vocabulary. Counted as fragments, each gives all regions "
        "that it overlaps; counted as insertions, only those in which one of its two ends lies.",
    )
    axis(picture, 30)
    vocabulary_row(picture, 52, known)
    picture.text(14, 116, "fragments", "bold")
    for i, (start, end) in enumerate(cell):
        y = 92 + 20 * i
        picture.box(position(start), y + 5, position(end) - position(start), 6, "sample")
        for cut in (start, end - 1):
            picture.line(position(cut), y - 1, position(cut), y + 17)
    with tempfile.TemporaryDirectory() as folder:
        for row, strategy in enumerate(("fragment", "insertion")):
            y = 164 + 34 * row
            picture.text(14, y + 15, f'counting_strategy="{strategy}"', "mono")
            x = 300.0
            for start, end in cell:
                path = Path(folder) / "fragments.tsv"
                path.write_text(f"chr1\t{start}\t{end}\tCELL\t1\n")
                cells = tokenizer.encode_fragments(path, on_miss="drop")
                if strategy == "insertion":
                    cells = tokenizer.encode_fragments(path, counting_strategy="insertion")
                ids = [i for i in cells[0].tolist() if i < tokenizer.num_regions]
                end_of_row = token_chips(picture, tokenizer, x, y, ids)
                if not ids:
                    end_of_row = picture.chip(x, y, NOTHING, "none")
                x = max(end_of_row + 18, x + 120)
    return picture


def truncation() -> Picture:
    """Draw which tokens truncation keeps."""
    spaced = [(f"chr{c}", 100 * i, 100 * i + 50) for c in (1, 2, 3) for i in range(1, 7)]
    tokenizer = Tokenizer.from_regions(spaced)
    sample = RegionSet(spaced)
    everything = tokenizer(sample)["input_ids"]
    limit = {"max_length": 9}
    rows = [
        ("all tokens", [everything]),
        ("truncation=True", [tokenizer(sample, truncation=True, **limit)["input_ids"]]),
        (
            '… truncation_side="left"',
            [tokenizer(sample, truncation=True, truncation_side="left", **limit)["input_ids"]],
        ),
        (
            'truncation="random", seed=1',
            [tokenizer(sample, truncation="random", seed=1, **limit)["input_ids"]],
        ),
        (
            "return_overflowing_tokens=True",
            tokenizer(sample, truncation=True, stride=2, return_overflowing_tokens=True, **limit)[
                "input_ids"
            ],
        ),
    ]
    picture = Picture(
        "What truncation keeps",
        "Eighteen tokens of three chromosomes, and which of them stay with max_length=9: the "
        "first, the last, a random choice in their order, or all of them in overlapping windows.",
    )
    y = 14.0
    picture.text(14, y + 12, "max_length=9", "soft mono")
    for chrom in range(3):
        picture.text(306 + 150 * chrom, y + 12, f"chr{chrom + 1}", "bold")
    y += 20
    for call, windows in rows:
        picture.text(14, y + 15, call, "mono")
        if len(windows) > 1:
            picture.text(14, y + 33, "stride=2", "mono")
        for window in windows:
            for i, token_id in enumerate(everything):
                picture.chip(
                    300 + 25 * i, y, str(token_id), HUES[i // 6], 22, token_id not in window
                )
            y += 26
        y += 8
    return picture


def options() -> Picture:
    """Draw the tokens of one sample under each mapping option."""
    tokenizer = Tokenizer.from_regions(on_chr1(VOCABULARY))
    sample = on_chr1(SAMPLE)
    calls: list[tuple[str, Callable[[], list[int]]]] = [
        ("tokenizer(sample)", lambda: tokenizer(sample)["input_ids"]),
        ("unique=True", lambda: tokenizer(sample, unique=True)["input_ids"]),
        ("min_overlap=35", lambda: tokenizer(sample, min_overlap=35)["input_ids"]),
        ("min_fraction=0.4", lambda: tokenizer(sample, min_fraction=0.4)["input_ids"]),
        ("best_overlap=True", lambda: tokenizer(sample, best_overlap=True)["input_ids"]),
        ('on_miss="unk"', lambda: tokenizer(sample, on_miss="unk")["input_ids"]),
    ]
    picture = Picture(
        "The same sample under the mapping options",
        "The ids of the sample of the first picture by default, and with unique, min_overlap, "
        "min_fraction, best_overlap and on_miss.",
    )
    for i, (call, ids) in enumerate(calls):
        y = 14 + 32 * i
        picture.text(14, y + 15, call, "mono")
        token_chips(picture, tokenizer, 240, y, ids())
    return picture


PICTURES = (vocabulary, overlap, template, fragments, truncation, options)


def main(folder: Path) -> None:
    for draw in PICTURES:
        (folder / f"{draw.__name__}.svg").write_text(draw().svg(), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "pictures")

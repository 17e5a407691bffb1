# SPDX-License-Identifier: BSD-2-Clause
"""Genome assemblies and their names."""

from __future__ import annotations

import re

from bedtok._checks import is_unicode
from bedtok._core import ConfigError

# Names of the same assembly; the first is the one of UCSC.
_SYNONYMS = (
    ("hg18", "ncbi36"),
    ("hg19", "grch37", "hs37d5", "b37"),
    ("hg38", "grch38"),
    ("hs1", "chm13"),
    ("mm9", "ncbim37", "mgscv37"),
    ("mm10", "grcm38"),
    ("mm39", "grcm39"),
)
_CANONICAL = {name: names[0] for names in _SYNONYMS for name in names}
_KNOWN = re.compile("|".join(sorted(_CANONICAL, key=len, reverse=True)))


def same_genome(a: str, b: str) -> bool:
    """Return whether two names may mean one assembly: ``GRCh38.p13`` is ``hg38``.

    A name that holds several, such as ``GRCh38_and_mm10``, is the same as each of them.
    """
    return bool(_canonical(a) & _canonical(b))


def _canonical(genome: str) -> set[str]:
    text = genome.strip().lower()
    return {_CANONICAL[name] for name in _KNOWN.findall(text)} or {text}


def check_genome(name: str, value: object) -> str:
    """Return the name of an assembly, ``""`` for None."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError(f"{name}: expected a name such as 'hg38' or None, got {value!r}")
    if not is_unicode(value):
        raise ConfigError(f"{name}: {value!r} is not Unicode")
    return value

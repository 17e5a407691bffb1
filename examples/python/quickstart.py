# SPDX-License-Identifier: BSD-2-Clause
"""Tokenize a BED file, and print ids, tokens and the hit rate.

    python examples/python/quickstart.py [VOCABULARY [SAMPLE]]

VOCABULARY is a BED file, a saved folder or the name of a model on the Hub.
"""

import sys
from pathlib import Path

from bedtok import RegionSet, Tokenizer

DATA = Path(__file__).resolve().parents[1] / "data"


def main(vocabulary: str, sample: str) -> None:
    if vocabulary.endswith((".bed", ".bed.gz", ".toml")):
        tokenizer = Tokenizer(vocabulary)
    else:
        tokenizer = Tokenizer.from_pretrained(vocabulary)
    regions = RegionSet.from_bed(sample)
    input_ids = tokenizer(regions)["input_ids"]
    print(f"{len(regions)} regions, {tokenizer.vocab_size} tokens in the vocabulary")
    print("ids:   ", input_ids[:5])
    print("tokens:", tokenizer.decode(input_ids[:3]))
    print(tokenizer.report(regions))


if __name__ == "__main__":
    defaults = [str(DATA / "universe.bed"), str(DATA / "sample.bed")]
    args = sys.argv[1:3]
    main(*args, *defaults[len(args) :])

# SPDX-License-Identifier: BSD-2-Clause
"""Genomic regions in, token ids of a pre-trained model out.

Example:
    >>> import bedtok
    >>> tokenizer = bedtok.Tokenizer.from_regions(["chr1:100-200", "chr1:300-400"])
    >>> tokenizer(["chr1:150-160"])["input_ids"]
    [0]
"""

try:
    from bedtok import _core
except ImportError as error:
    raise ImportError(
        f"bedtok's compiled module cannot be loaded ({error}); build it with 'pip install .' in "
        "the folder that holds pyproject.toml"
    ) from error

from bedtok import universe
from bedtok._core import ConfigError, Encoding, Error, ParseError, VocabularyError, __version__
from bedtok.batch_encoding import BatchEncoding
from bedtok.models import Region, RegionSet
from bedtok.tokenizers import Tokenizer

__all__ = [
    "BatchEncoding",
    "ConfigError",
    "Encoding",
    "Error",
    "ParseError",
    "Region",
    "RegionSet",
    "Tokenizer",
    "VocabularyError",
    "__version__",
    "universe",
]

del _core

# SPDX-License-Identifier: BSD-2-Clause
"""The installed package works at all, and is light to import."""

from __future__ import annotations

from collections.abc import Callable

import bedtok


def test_three_regions_are_tokenized() -> None:
    tokenizer = bedtok.Tokenizer.from_regions(["chr1:100-200", "chr1:300-400", "chr2:5-9"])
    regions = bedtok.RegionSet(["chr1:150-350", "chr2:7-8", "chr3:1-2"])
    encoding = tokenizer(regions)
    assert encoding["input_ids"] == [0, 1, 2]
    assert tokenizer.decode(encoding.input_ids) == ["chr1:100-200", "chr1:300-400", "chr2:5-9"]


def test_the_package_tells_its_version_and_names() -> None:
    assert bedtok.__version__.split(".")[0].isdecimal()
    for name in bedtok.__all__:
        assert getattr(bedtok, name) is not None


def test_the_import_paths_of_gtars_work() -> None:
    from bedtok.models import Region, RegionSet
    from bedtok.tokenizers import Tokenizer, tokenize_fragment_file
    from bedtok.utils import read_tokens_from_gtok, write_tokens_to_gtok

    assert RegionSet is bedtok.RegionSet
    assert Region is bedtok.Region
    assert Tokenizer is bedtok.Tokenizer
    assert callable(tokenize_fragment_file)
    assert callable(read_tokens_from_gtok) and callable(write_tokens_to_gtok)


def test_import_loads_no_heavy_package(run_python: Callable[..., str]) -> None:
    code = (
        "import sys, bedtok, bedtok.models, bedtok.tokenizers, bedtok.utils\n"
        "heavy = ['torch', 'transformers', 'pandas', 'polars', 'pyarrow', 'huggingface_hub']\n"
        "print([name for name in heavy if sys.modules.get(name)])"
    )
    assert run_python(code) == "[]"


def test_a_missing_compiled_module_says_how_to_build_it(
    run_python: Callable[..., str],
) -> None:
    code = (
        "import sys\n"
        "sys.modules['bedtok._core'] = None\n"
        "try:\n    import bedtok\n"
        "except ImportError as error:\n    print(error)"
    )
    assert "build it with 'pip install .'" in run_python(code)

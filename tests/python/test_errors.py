# SPDX-License-Identifier: BSD-2-Clause
"""Types and messages of errors (docs/guarantees.md, section 6)."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bedtok
from bedtok import (
    ConfigError,
    Error,
    ParseError,
    Region,
    RegionSet,
    Tokenizer,
    VocabularyError,
    _core,
)
from bedtok.tokenizers import tokenize_fragment_file
from raising import raises


def test_there_is_one_family_of_errors() -> None:
    assert issubclass(Error, ValueError)
    for kind in (ParseError, ConfigError, VocabularyError):
        assert issubclass(kind, Error)
        assert kind.__module__ == "bedtok"
        assert getattr(bedtok, kind.__name__) is kind


# ---- what is given as a sample


def test_one_region_is_no_sample_and_the_remedy_is_a_list(tokenizer: Tokenizer) -> None:
    for region in [("chr1", 1, 2), ("chr1", "1", "2"), ("chr1", 1, 2, "rest")]:
        raises(TypeError, f"expected a list of them: [{region!r}]", lambda r=region: tokenizer(r))
    raises(TypeError, "is one region, expected a list", lambda: tokenizer(Region("chr1", 1, 2)))


@pytest.mark.parametrize(
    ("item", "kind", "message"),
    [
        ("a.bed", TypeError, "got the str 'a.bed', expected a pathlib.Path where a file is"),
        ("chr1:1-2", TypeError, "got the str 'chr1:1-2', expected a pathlib.Path"),
        (("chr1", 1, 2), TypeError, "('chr1', 1, 2) is one region, expected a list of them"),
        (Region("chr1", 1, 2), TypeError, "Region('chr1', 1, 2) is one region, expected"),
        ([["chr1:1-2"]], TypeError, "got a batch, expected one sample"),
        (None, TypeError, "got NoneType, expected a RegionSet"),
        ([("chr1", 1)], TypeError, "region 0: got tuple, expected a Region"),
        (["<cls>", "a.bed"], Error, "item 1: 'a.bed' is neither a region"),
        ([("chr1", 9, 5)], Error, "region 0: end 5 is before start 9"),
        (Path("a\0.bed"), Error, "path 'a\\x00.bed': expected a legal file name"),
    ],
    ids=repr,
)
def test_what_is_no_sample_within_a_batch_is_named_with_its_place(
    tokenizer: Tokenizer, item: Any, kind: type[BaseException], message: str
) -> None:
    for first in (RegionSet(["chr1:1-2"]), ["chr1:1-2"]):
        for call in (tokenizer, tokenizer.encode):
            raises(kind, f"sample 1: {message}", lambda c=call, f=first: c([f, item, [None]]))


def test_a_list_that_begins_with_a_region_is_no_batch(tokenizer: Tokenizer) -> None:
    for item in (RegionSet(["chr1:1-2"]), Path("a.bed"), ["chr1:1-2"]):
        kind = type(item).__name__
        raises(TypeError, f"region 1: got {kind}", lambda i=item: tokenizer(["chr1:1-2", i]))


def test_tokenize_takes_one_sample(tokenizer: Tokenizer) -> None:
    raises(TypeError, "tokenize takes one sample; call it", lambda: tokenizer.tokenize([[]]))


def test_the_report_of_a_batch_takes_samples(tokenizer: Tokenizer) -> None:
    raises(TypeError, "got a batch, expected one sample", lambda: tokenizer.report([[], [[]]]))
    raises(TypeError, "got int, expected a RegionSet", lambda: tokenizer.report([[], 3]))


@pytest.mark.parametrize(
    "x", [None, 3, 1.5, b"chr1:1-2", {"chr1": 1}, {1, 2}, object(), np.array([1])]
)
def test_other_types_are_type_errors_that_say_what_is_expected(
    tokenizer: Tokenizer, x: Any
) -> None:
    raises(TypeError, f"got {type(x).__name__}, expected a RegionSet", lambda: tokenizer(x))


def test_a_text_in_a_list_that_is_no_region_is_named_with_its_place(tokenizer: Tokenizer) -> None:
    for call in (tokenizer, tokenizer.tokenize, tokenizer.report):
        error = raises(
            Error,
            "item 2: 'a.bed' is neither a region",
            lambda c=call: c(["<cls>", "chr1:1-2", "a.bed"]),
        )
        assert "list of pathlib.Path" in str(error)
    raises(Error, "region 0: end 5 is before start 9", lambda: tokenizer(["chr1:9-5"]))
    raises(Error, "region 0: end 5 is before start 9", lambda: tokenizer("chr1:9-5"))


@pytest.mark.parametrize(
    ("region", "kind"),
    [
        (("chr1", 9, 5), Error),
        (("chr1", -1, 5), Error),
        (("chr1", 1, 2**32), Error),
        (("", 1, 5), Error),
        (("chr1", 1.5, 5), TypeError),
        (("chr1", "1", "5"), TypeError),
        (("chr1", True, 5), TypeError),
        ((1, 1, 5), TypeError),
        (("chr1", 1), TypeError),
        (None, TypeError),
    ],
)
def test_a_region_in_a_list_that_is_not_legal_is_named_with_its_place(
    tokenizer: Tokenizer, region: Any, kind: type[BaseException]
) -> None:
    raises(kind, "region 1: ", lambda: tokenizer([("chr1", 1, 2), region]))
    # The place is the caller's, who counts the special tokens.
    sample = ["<cls>", ("chr1", 1, 2), "<sep>", region]
    raises(kind, "region 3: ", lambda: tokenizer(sample))
    raises(kind, "sample 1: region 3: ", lambda: tokenizer([[], sample]))


def test_a_path_is_no_vocabulary_in_memory_and_regions_are_no_path(
    vocabulary_bed: Path, vocabulary: list[Any]
) -> None:
    for path in (vocabulary_bed, str(vocabulary_bed)):
        raises(TypeError, "with Tokenizer.from_bed", lambda p=path: Tokenizer.from_regions(p))
    make: Any = Tokenizer
    raises(TypeError, "by Tokenizer.from_regions", lambda: make(RegionSet(vocabulary)))


def test_names_that_no_file_can_have_are_errors(tokenizer: Tokenizer) -> None:
    calls: list[Any] = [
        tokenizer,
        Tokenizer,
        Tokenizer.from_bed,
        Tokenizer.from_config,
        tokenizer.save_pretrained,
        lambda path: tokenize_fragment_file(path, tokenizer),
    ]
    for call in calls:
        for path in ("a\0b.bed", "\ud800.bed"):
            raises(Error, f"path {path!r}: expected a legal", lambda c=call, p=path: c(p))


def test_texts_that_are_not_unicode_are_errors_or_unk(
    tokenizer: Tokenizer, vocabulary: list[Any]
) -> None:
    assert tokenizer.convert_tokens_to_ids("\ud800") == 6
    assert tokenizer.encode(["<cls>", "\ud800"]) == [9, 6]
    raises(ConfigError, "is not Unicode", lambda: tokenizer([], order="\ud800"))  # type: ignore
    raises(ConfigError, "is not Unicode", lambda: tokenizer([], chrom_aliases={"a": "\ud800"}))
    raises(
        ConfigError, "is not Unicode", lambda: Tokenizer.from_regions(vocabulary, {"unk": "\ud800"})
    )


# ---- keywords


@pytest.mark.parametrize("method", ["__call__", "encode", "tokenize", "report"])
def test_a_keyword_that_is_not_known_is_named(tokenizer: Tokenizer, method: str) -> None:
    call: Any = getattr(tokenizer, method)
    raises(TypeError, "unexpected keyword argument 'text_pair'", lambda: call([], text_pair=None))
    raises(TypeError, "did you mean 'min_overlap'?", lambda: call([], min_overlaps=1))


def test_what_gives_no_rows_knows_no_keywords_of_rows(tokenizer: Tokenizer) -> None:
    for call in (tokenizer.tokenize, tokenizer.report):
        for name in ("padding", "max_length", "return_tensors"):
            message = f"unexpected keyword argument '{name}'"
            raises(TypeError, message, lambda c=call, n=name: c([], **{n: None}))
    raises(TypeError, "did you mean 'padding'?", lambda: tokenizer([], paddin=True))  # type: ignore


def test_constructors_name_a_keyword_that_is_not_known(vocabulary_bed: Path) -> None:
    calls: list[Any] = [Tokenizer, Tokenizer.from_bed, Tokenizer.from_config]
    for call in (*calls, Tokenizer.from_regions, Tokenizer.from_pretrained):
        raises(TypeError, "keyword argument 'foo'", lambda c=call: c(vocabulary_bed, foo=1))


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"min_overlap": -1}, "min_overlap is -1, expected"),
        ({"min_overlap": 2**80}, f"min_overlap is {2**80}, expected"),
        ({"min_fraction": 1.5}, "min_fraction is 1.5, expected a number from 0 to 1"),
        ({"min_fraction": float("nan")}, "min_fraction is nan, expected a number from 0 to 1"),
        ({"fraction_of": "both"}, "fraction_of is 'both', expected one of: query, vocabulary"),
        ({"order": "x"}, "order is 'x', expected one of: input, vocabulary"),
        ({"on_miss": ""}, "on_miss is '', expected one of: drop, unk, error"),
        ({"chrom_aliases": "ncbi"}, "chrom_aliases is 'ncbi', expected ucsc, ensembl"),
        ({"return_tensors": "tf"}, "return_tensors is 'tf', expected None, 'np' or 'pt'"),
    ],
)
def test_a_value_that_is_not_allowed_is_a_config_error(
    tokenizer: Tokenizer, option: dict[str, Any], message: str
) -> None:
    raises(ConfigError, message, lambda: tokenizer([], **option))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("min_overlap", 1.5),
        ("min_overlap", True),
        ("min_overlap", None),
        ("min_overlap", "1"),
        ("min_fraction", "0.5"),
        ("min_fraction", None),
        ("min_fraction", True),
        ("fraction_of", 1),
        ("best_overlap", 1),
        ("unique", "yes"),
        ("order", None),
        ("on_miss", b"unk"),
        ("chrom_aliases", 1),
        ("chrom_aliases", {"1": 1}),
    ],
)
def test_a_value_of_a_wrong_type_is_a_type_error(
    tokenizer: Tokenizer, option: str, value: Any
) -> None:
    raises(TypeError, f"{option}: expected", lambda: tokenizer([], **{option: value}))


# ---- ids and tokens


@pytest.mark.parametrize("bad", [13, -1, 10**9, -(2**63), 2**63, 2**64])
def test_an_id_outside_the_vocabulary_is_named(tokenizer: Tokenizer, bad: int) -> None:
    message = f"id {bad} is outside the vocabulary (0..12)"
    calls: list[Any] = [tokenizer.decode, tokenizer.decode_regions, tokenizer.convert_ids_to_tokens]
    for call in (*calls, lambda ids: tokenizer.get_special_tokens_mask(ids, None, True)):
        raises(VocabularyError, message, lambda c=call: c([0, bad]))
        raises(VocabularyError, message, lambda c=call: c(bad))


@pytest.mark.parametrize("ids", [1.5, "1", [1.0], ["a"], [True], [None], None, np.array([1.0])])
def test_ids_that_are_no_integers_are_type_errors(tokenizer: Tokenizer, ids: Any) -> None:
    raises(TypeError, "ids: expected integers", lambda: tokenizer.decode(ids))


def test_ids_of_more_dimensions_name_the_shape(tokenizer: Tokenizer) -> None:
    ids: Any = np.zeros((1, 3), dtype=int)
    raises(TypeError, "got shape (1, 3); pass one sample", lambda: tokenizer.decode(ids))
    raises(TypeError, "ids: expected one", lambda: tokenizer.decode([[1], [1, 2]]))  # type: ignore


def test_tokens_that_are_no_texts_are_type_errors(tokenizer: Tokenizer) -> None:
    convert: Any = tokenizer.convert_tokens_to_ids
    raises(TypeError, "tokens: expected str, got int at position 1", lambda: convert(["<cls>", 1]))
    for tokens in (None, 3, b"x", {"a"}):
        raises(TypeError, "tokens: expected str or a list", lambda t=tokens: convert(t))


def test_a_second_sequence_beside_the_template_is_refused(tokenizer: Tokenizer) -> None:
    raises(Error, "token_ids_1", lambda: tokenizer.get_special_tokens_mask([1], [2], True))
    mask: Any = tokenizer.get_special_tokens_mask
    raises(TypeError, "token_ids_1", lambda: mask(["<cls>"], ["<cls>"]))


def test_a_batch_encoding_names_what_it_does_not_hold(tokenizer: Tokenizer) -> None:
    encoded = tokenizer([])
    raises(AttributeError, "it holds: input_ids, attention_mask", lambda: encoded.labels)
    raises(KeyError, "labels", lambda: encoded["labels"])
    raises(TypeError, "key: expected str", lambda: encoded.__setitem__(1, 2))  # type: ignore


# ---- special tokens


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        ({"foo": "x"}, "unknown role 'foo', expected one of: unk, pad"),
        ({1: "x"}, "unknown role 1, expected one of"),
        ({"unk": "u", "unk_token": "v"}, "role 'unk' is given twice"),
        ({"unk": ""}, "empty spelling"),
        ({"unk": "<pad>"}, "'unk' and 'pad' are both spelled '<pad>'"),
        ({"unk": "chr1:100-200"}, "'chr1:100-200' is spelled like a region of the vocabulary"),
    ],
)
def test_special_tokens_that_cannot_be_are_config_errors(
    vocabulary: list[Any], tokens: Any, message: str
) -> None:
    raises(ConfigError, message, lambda: Tokenizer.from_regions(vocabulary, tokens))


def test_special_tokens_of_wrong_types_are_type_errors(vocabulary: list[Any]) -> None:
    make: Any = Tokenizer.from_regions
    raises(TypeError, "special_tokens['unk']: expected str", lambda: make(vocabulary, {"unk": 1}))
    raises(TypeError, "special_tokens: expected a dict", lambda: make(vocabulary, ["unk"]))


# ---- files


def test_a_missing_file_is_named_by_every_way_in(tokenizer: Tokenizer, tmp_path: Path) -> None:
    missing = tmp_path / "nope.bed"
    calls: list[Any] = [
        Tokenizer,
        Tokenizer.from_bed,
        Tokenizer.from_config,
        Tokenizer.from_pretrained,
        tokenizer,
        tokenizer.report,
        lambda path: Tokenizer(path.with_suffix(".toml")),
        lambda path: tokenize_fragment_file(path, tokenizer),
    ]
    for call in calls:
        raises(FileNotFoundError, "nope", lambda c=call: c(missing))
    raises(FileNotFoundError, "nope", lambda: tokenizer(str(missing)))


def test_a_folder_given_for_a_file_names_the_remedy(tokenizer: Tokenizer, tmp_path: Path) -> None:
    error = raises(IsADirectoryError, "from_pretrained(", lambda: Tokenizer(tmp_path))
    assert isinstance(error, OSError) and error.filename == str(tmp_path)
    for call in (Tokenizer.from_bed, Tokenizer.from_config, tokenizer):
        raises(IsADirectoryError, str(tmp_path), lambda c=call: c(tmp_path))  # type: ignore
    raises(IsADirectoryError, tmp_path.name, lambda: tokenize_fragment_file(tmp_path, tokenizer))


def test_a_folder_without_a_universe_names_it(tmp_path: Path) -> None:
    raises(FileNotFoundError, "universe.bed", lambda: Tokenizer.from_pretrained(tmp_path))


def test_wrong_types_of_paths_are_type_errors(tokenizer: Tokenizer) -> None:
    for call in (Tokenizer, Tokenizer.from_bed, Tokenizer.from_config, Tokenizer.from_pretrained):
        for path in (None, 3, ["a.bed"]):
            with pytest.raises(TypeError):
                call(path)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected a Tokenizer, not str"):
        tokenize_fragment_file("a.tsv", "tokenizer")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("chr1\t1\t2\nchr1\t9\t5\n", "x.bed:2: end 5 is before start 9"),
        ("chr1\t1\t2\nchr1\t-1\t5\n", "x.bed:2: "),
        ("chr1\t1\t2\nchr1\t1\t1e3\n", "x.bed:2: "),
        ("chr1\t1\t2\nchr1\t1\t4294967296\n", "x.bed:2: "),
        ("chr1\t1\t2\nchr1\t1\n", "x.bed:2: "),
    ],
)
def test_a_bad_line_is_a_parse_error_with_path_and_line(
    tokenizer: Tokenizer, tmp_path: Path, lines: str, message: str
) -> None:
    path = tmp_path / "x.bed"
    path.write_text(lines)
    for call in (Tokenizer, tokenizer, Tokenizer.from_bed):
        error = raises(ParseError, message, lambda c=call: c(path))  # type: ignore[operator]
        assert isinstance(error, ParseError)
        assert error.path == str(path)
        assert error.line == 2


def test_a_gzip_file_cut_short_is_a_parse_error_without_a_line(tmp_path: Path) -> None:
    path = tmp_path / "x.bed.gz"
    path.write_bytes(gzip.compress(b"chr1\t1\t2\n" * 1000)[:-9])
    error = raises(ParseError, str(path), lambda: Tokenizer(path))
    assert isinstance(error, ParseError) and error.line is None


def test_an_empty_vocabulary_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "x.bed"
    path.write_text("# nothing\n")
    raises(VocabularyError, "x.bed: the vocabulary has no regions", lambda: Tokenizer(path))
    raises(VocabularyError, "the vocabulary has no regions", lambda: Tokenizer.from_regions([]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("universe = \n", "t.toml:1: not TOML"),
        ('universe = "u"\nx = \n', "t.toml:2: not TOML"),
        ("x = 1\nx = 2\n", "t.toml:2: not TOML"),
        ("chr1\t1\t2\n", "t.toml:1: not TOML"),
        ("x = " + "[" * 100000, "t.toml: nested too deeply, expected tables of values"),
        ("", "universe is missing, expected the name of a BED file"),
        ('universe = ""\n', "universe is missing, expected the name of a BED file"),
        ("universe = 3\n", "universe is 3, expected"),
        ('universe = ["a.bed"]\n', 'universe is ["a.bed"], expected a text'),
        ("universe = nan\n", "universe is NaN, expected a text"),
        ("universe = 1.5\n", "universe is 1.5, expected"),
        (
            'universe = "u.bed"\nfoo = 1\n',
            "the key 'foo' is not known, expected universe, special_tokens or tokenizer_type",
        ),
        (
            'universe = "u.bed"\ntokenizer_type = "x"\n',
            "tokenizer_type is 'x', expected bits or ailist",
        ),
        (
            'universe = "u.bed"\nspecial_tokens = 1\n',
            'special_tokens is 1, expected a list like [{name = "unk", token = "<unk>"}]',
        ),
        (
            'universe = "u.bed"\nspecial_tokens = {unk = "x"}\n',
            'special_tokens is {"unk":"x"}, expected a list like',
        ),
        (
            'universe = "u.bed"\nspecial_tokens = [{name="x", token="y"}]\n',
            "special_tokens names 'x', expected unk, pad, mask, cls, eos, bos or sep",
        ),
        (
            'universe = "u.bed"\nspecial_tokens = [{name="unk"}]\n',
            'special_tokens has {"name":"unk"}, expected an entry with name and token',
        ),
        (
            'universe = "u.bed"\nspecial_tokens = [{name="unk", token=1}]\n',
            "special_tokens.token is 1, expected a text",
        ),
        ("universe = 2020-01-01\n", 'universe is {"date":"2020-01-01"}, expected'),
        ('universe = "u.bed"\nfoo = nan\n', "'foo' is not known"),
    ],
)
def test_a_config_that_cannot_be_used_is_a_config_error(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "t.toml"
    path.write_text(text)
    (tmp_path / "u.bed").write_text("chr1\t1\t2\n")
    error = raises(ConfigError, message, lambda: Tokenizer(path))
    assert str(error).startswith(str(path))


def test_a_config_that_is_not_utf8_is_a_config_error(tmp_path: Path) -> None:
    path = tmp_path / "t.toml"
    path.write_bytes(b'universe = "\xe4"\n')
    raises(ConfigError, f"{path}: not TOML: ", lambda: Tokenizer(path))


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("tokenizer_config.json", "{", "tokenizer_config.json: not JSON"),
        ("special_tokens_map.json", "[]", "expected a JSON object"),
        ("special_tokens_map.json", '{"unk_token": 3}', "unk_token is 3, expected a text"),
        ("tokenizer_config.json", '{"mapping": {"x": 1}}', "mapping has no option 'x'"),
        ("tokenizer_config.json", '{"mapping": {"unique": 1}}', "unique is 1, expected true"),
    ],
)
def test_a_saved_file_that_cannot_be_used_is_named(
    tokenizer: Tokenizer, tmp_path: Path, file: str, text: str, message: str
) -> None:
    tokenizer.save_pretrained(tmp_path)
    (tmp_path / file).write_text(text)
    raises(ConfigError, message, lambda: Tokenizer.from_pretrained(tmp_path))


def test_a_line_that_is_no_fragment_is_a_parse_error(tokenizer: Tokenizer, tmp_path: Path) -> None:
    path = tmp_path / "f.tsv"
    path.write_text("chr1\t1\t2\tAAA\t1\nchr1\t1\t2\n")
    error = raises(ParseError, "f.tsv:2: ", lambda: tokenize_fragment_file(path, tokenizer))
    assert isinstance(error, ParseError) and error.line == 2


@pytest.mark.parametrize("sample", [(None,), [1, 2], (1, 2), None, ({},)])
def test_the_module_takes_no_other_samples(sample: Any) -> None:
    """It reads them while other threads run: what it holds must not change."""
    core = Tokenizer.from_regions(["chr1:0-10"])._core
    numbers = np.zeros(0, dtype=np.int64)
    if sample is not None and len(sample) == 1:
        sample = (*sample, numbers, numbers, numbers)
    with pytest.raises(TypeError, match="a sample is a RegionSet, a path, an array of ids or"):
        core.encode_batch([sample], core.options)


@pytest.mark.parametrize(
    ("name", "member"),
    [
        ("RegionSet", "starts"),
        ("Tokenizer", "vocab_size"),
        ("MappingOptions", "unique"),
        ("SequenceOptions", "padding_side"),
    ],
)
def test_an_object_whose_constructor_was_not_called_is_refused(name: str, member: str) -> None:
    kind = getattr(_core, name)
    with pytest.raises(TypeError, match=f"{name}: the constructor was not called"):
        getattr(kind.__new__(kind), member)

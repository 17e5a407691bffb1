# SPDX-License-Identifier: BSD-2-Clause
"""``bedtok embed`` and ``embed_cells``: what is written of cells, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import test_cli
from bedtok import ConfigError, Tokenizer
from bedtok.atacformer import (
    AtacformerForCellClustering,
    AtacformerForReplacedTokenDetection,
    AtacformerForSequenceClassification,
    AtacformerModel,
    embed_cells,
)
from bedtok.cells import CellTokens
from bedtok.cli._cell_outputs import write_answer
from bedtok.report.umap_picture import draw_umap, umap_of
from support import NUM_REGIONS, region_text
from test_cli import Cli, write
from tiny_models import tiny

ad = pytest.importorskip("anndata")
pd = pytest.importorskip("pandas")
pytest.importorskip("pyarrow")
run = test_cli.run  # fixture

TOKENIZER = Tokenizer.from_regions([region_text(i) for i in range(NUM_REGIONS)])
CLASSES = {0: "B", 1: "T/NK", 2: "stem"}
BARCODES = [f"ACGTACGTACG{base}-1" for base in "ACGT"]


def fragments_of(path: Path, cells: int = 4) -> Path:
    """Write fragments: cell i has 8 + i of them, on different regions."""
    lines = []
    for i, barcode in enumerate(BARCODES[:cells]):
        for k in range(8 + i):
            chrom, _, span = region_text((7 * i + k) % NUM_REGIONS).partition(":")
            start, _, end = span.partition("-")
            lines.append(f"{chrom}\t{start}\t{end}\t{barcode}\t1\n")
    return write(path, "".join(lines))


@pytest.fixture
def model(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Path:
    folder = tmp_path / "model"
    saved = tiny(AtacformerForSequenceClassification, id2label=CLASSES)
    saved.save_pretrained(folder)
    TOKENIZER.save_pretrained(folder)
    capfd.readouterr()  # a bar of transformers
    return folder


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    path = tmp_path / "cells.parquet"
    encoded = TOKENIZER.encode_fragments(fragments_of(tmp_path / "donor1.tsv"))
    encoded.to_parquet(path, columns={"cell_type": ["B", None, "stem", "stem"]})
    return path


def loaded(folder: Path) -> Any:
    return AtacformerForSequenceClassification.from_pretrained(folder)


def test_an_answer_is_that_of_the_python_calls(
    run: Cli, model: Path, cells: Path, tmp_path: Path
) -> None:
    out = tmp_path / "cells.h5ad"
    found = run("embed", model, cells, "-o", out)
    assert (found.code, found.err) == (0, "")
    adata = ad.read_h5ad(out)
    encoded = CellTokens.from_parquet(cells, TOKENIZER)
    network = loaded(model)
    chances = network.predict_cells(encoded).numpy()
    embeddings = network.encode_tokenized_cells(encoded).numpy()
    np.testing.assert_allclose(adata.obsm["X_atacformer"], embeddings, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(adata.obsm["class_probabilities"], chances, rtol=1e-5)
    assert adata.uns["bedtok"]["classes"].tolist() == list(CLASSES.values())
    assert adata.uns["bedtok"]["model"] == str(model)
    predicted = [CLASSES[i] for i in chances.argmax(axis=1)]
    assert adata.obs["predicted"].tolist() == predicted
    np.testing.assert_allclose(adata.obs["confidence"], chances.max(axis=1), rtol=1e-5)
    assert adata.obs_names.tolist() == adata.obs["barcode"].tolist() == BARCODES
    assert adata.obs["n_tokens"].tolist() == adata.obs["fragments"].tolist() == [8, 9, 10, 11]
    assert adata.obs["cell_type"].isna().tolist() == [False, True, False, False]
    assert adata.shape == (4, 0)
    first = f"{predicted[0]} {predicted.count(predicted[0])}"
    assert found.out.startswith(f"{out}: cells: 4, dimensions: 16, predicted: ")
    assert first in found.out


def test_fragments_and_several_samples_are_encoded_by_the_models_tokenizer(
    run: Cli, model: Path, cells: Path, tmp_path: Path
) -> None:
    other = fragments_of(tmp_path / "donor2.tsv", 2)
    out = tmp_path / "both.h5ad"
    flags = ("--fragments", "--min-tokens", "9", "--matrix")
    found = run("embed", model, cells, other, *flags, "-o", out)
    assert (found.code, found.err) == (0, "")
    adata = ad.read_h5ad(out)
    names = [f"donor1#{barcode}" for barcode in BARCODES[1:]] + [f"donor2#{BARCODES[1]}"]
    assert adata.obs_names.tolist() == names
    assert adata.obs["barcode"].tolist() == [*BARCODES[1:], BARCODES[1]]
    assert adata.obs["sample"].tolist() == ["donor1"] * 3 + ["donor2"]
    np.testing.assert_array_equal(adata.obsm["X_atacformer"][0], adata.obsm["X_atacformer"][3])
    assert adata.shape == (4, NUM_REGIONS) and adata.X.sum() == 9 + 10 + 11 + 9
    excluded = write(tmp_path / "blacklist.bed", "\t".join(re.split("[:-]", region_text(0))))
    assert run("embed", model, other, "--fragments", "--exclude", excluded, "-o", out).code == 0
    assert ad.read_h5ad(out).obs["n_tokens"].tolist() == [7, 9]
    flags = ("--exclude", excluded, "-o", out)
    run.fails(2, "--exclude: chooses regions", "embed", model, cells, *flags)
    listed = write(tmp_path / "barcodes.tsv", "barcode\tlabel\n" + BARCODES[3] + "\tB\n")
    shards = tmp_path / "shards"
    CellTokens.from_parquet(cells, TOKENIZER).to_parquet(shards, samples_per_shard=3)
    assert run("embed", model, shards, "--barcodes", listed, "-o", out).code == 0
    assert ad.read_h5ad(out).obs_names.tolist() == [BARCODES[3]]
    adata.obs["n_tokens"] = 1  # of an .h5ad: counted again
    adata.write_h5ad(tmp_path / "again.h5ad")
    assert run("embed", model, tmp_path / "again.h5ad", "-o", out).code == 0
    again = ad.read_h5ad(out)
    assert again.obs["n_tokens"].tolist() == [9, 10, 11, 9]
    np.testing.assert_allclose(again.obsm["X_atacformer"][1], adata.obsm["X_atacformer"][1], 1e-4)


def test_tables_hold_the_same(run: Cli, model: Path, cells: Path, tmp_path: Path) -> None:
    paths = {kind: tmp_path / f"answer.{kind}" for kind in ("h5ad", "parquet", "tsv", "npz")}
    for path in paths.values():
        found = run("embed", model, cells, "-o", path)
        assert (found.code, found.err) == (0, "")
    adata = ad.read_h5ad(paths["h5ad"])
    points = adata.obsm["X_atacformer"]
    table = pd.read_parquet(paths["parquet"])
    np.testing.assert_array_equal(np.stack(table["embedding"]), points)
    text = pd.read_csv(paths["tsv"], sep="\t")
    np.testing.assert_allclose(text.filter(like="embedding_"), points, rtol=1e-5)
    arrays = np.load(paths["npz"])
    np.testing.assert_array_equal(arrays["X_atacformer"], points)
    for names in (table["predicted"], text["predicted"], arrays["predicted"]):
        assert list(names) == adata.obs["predicted"].tolist()
    assert table["cell"].tolist() == text["cell"].tolist() == arrays["names"].tolist() == BARCODES


@pytest.mark.parametrize("name", ["embedding", "umap_1"])
def test_a_column_of_cells_is_not_hidden_by_one_of_the_answer(name: str, tmp_path: Path) -> None:
    obs = pd.DataFrame({name: [1]}, index=["a"])
    adata = ad.AnnData(obs=obs, obsm={"X_atacformer": np.ones((1, 2)), "X_umap": np.ones((1, 2))})
    with pytest.raises(ConfigError, match=f"obs has a column {name!r}, which the table has, too"):
        write_answer(str(tmp_path / "x.parquet"), adata)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "folder"),
    [
        (AtacformerModel, AtacformerForCellClustering),
        (AtacformerForReplacedTokenDetection, AtacformerForReplacedTokenDetection),
    ],
)
def test_other_models_give_embeddings_only(
    run: Cli, kind: Any, folder: Any, cells: Path, tmp_path: Path
) -> None:
    tiny(kind).save_pretrained(tmp_path / "other")
    TOKENIZER.save_pretrained(tmp_path / "other")
    run.capfd.readouterr()  # a bar of transformers
    out = tmp_path / "out.h5ad"
    found = run("embed", tmp_path / "other", cells, "-o", out, "--batch-size", "3")
    assert (found.code, found.err) == (0, "")
    assert found.out == f"{out}: cells: 4, dimensions: 16\n"
    adata = ad.read_h5ad(out)
    network = folder.from_pretrained(tmp_path / "other")
    encoded = CellTokens.from_parquet(cells, TOKENIZER)
    expected = network.encode_tokenized_cells(encoded).numpy()
    np.testing.assert_allclose(adata.obsm["X_atacformer"], expected, rtol=1e-5, atol=1e-6)
    assert "predicted" not in adata.obs and "class_probabilities" not in adata.obsm


def test_long_cells_are_pooled_as_in_python(
    run: Cli, model: Path, cells: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.npz"
    encoded = CellTokens.from_parquet(cells, TOKENIZER)
    flags = ("--max-tokens-per-cell", "4", "--seed", "5")
    for given, pool in (("windows", "windows"), ("draws", "draws"), ("subsample", None)):
        more = ("--num-draws", "2") if pool == "draws" else ()
        assert run("embed", model, cells, "-o", out, "--pool", given, *flags, *more).code == 0
        expected = loaded(model).encode_tokenized_cells(
            encoded, max_tokens_per_cell=4, pool=pool, num_draws=2, seed=5
        )
        np.testing.assert_allclose(np.load(out)["X_atacformer"], expected, rtol=1e-5, atol=1e-6)


def test_cells_without_a_region_have_no_class(model: Path) -> None:
    values = np.array([3, 4, TOKENIZER.unk_token_id], dtype=np.int32)
    cells = CellTokens(TOKENIZER, values, np.array([0, 2, 3, 3]), ["a", "b", "c"])
    with pytest.warns(UserWarning, match="2 of 3 cells have no region"):
        adata = embed_cells(loaded(model), cells)
    assert adata.obs["predicted"].isna().tolist() == [False, True, True]
    assert adata.obs["confidence"].isna().tolist() == [False, True, True]
    assert adata.obs["barcode"].tolist() == ["a", "b", "c"]


def test_classes_that_do_not_exclude_each_other_and_numbers(cells: Path) -> None:
    encoded = CellTokens.from_parquet(cells, TOKENIZER)
    several = tiny(
        AtacformerForSequenceClassification, problem_type="multi_label_classification", num_labels=3
    )
    adata = embed_cells(several, encoded)
    assert "predicted" not in adata.obs
    np.testing.assert_allclose(
        adata.obsm["class_probabilities"], several.predict_cells(encoded), rtol=1e-5
    )
    number = tiny(AtacformerForSequenceClassification, num_labels=1)
    assert not number.has_classes
    assert list(embed_cells(number, encoded).obsm) == ["X_atacformer"]
    with pytest.raises(ConfigError, match="of regression has no classes"):
        number.class_probabilities(torch.zeros(1, 16))
    small = Tokenizer.from_regions([region_text(0)])
    other = CellTokens(small, np.zeros(1, np.int32), np.array([0, 1]), ["a"])
    with pytest.raises(ConfigError, match="a tokenizer with 8 tokens, the model has 67"):
        embed_cells(several, other)


def test_what_cannot_be_is_refused(run: Cli, model: Path, cells: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.h5ad"
    bed = write(tmp_path / "a.bed", "chr9\t1\t2\n")
    for message, *arguments in (
        ("nothing to write, expected --output or --umap", model, cells),
        ("out.csv: expected a name that ends in .h5ad, .parquet", model, cells, "-o", "out.csv"),
        ("u.gif: expected a name that ends in .png", model, cells, "--umap", "u.gif"),
        ("there is no folder missing", model, cells, "-o", "missing/x.h5ad"),
        ("--color: colours the picture of --umap", model, cells, "-o", out, "--color", "a"),
        ("--matrix: belongs to --output", model, cells, "-o", "x.tsv", "--matrix"),
        ("expected cells: Parquet, fragment files or .h5ad", model, "-o", out),
        ("a.bed: is a file, expected a model", bed, cells, "-o", out),
        ("is an input, expected another file", model, cells, "-o", cells),
        ("is a folder without config.json", tmp_path, cells, "-o", out),
        ("--batch-size: expected a whole number, 1 or more", *(model, cells, "--batch-size", "0")),
    ):
        run.fails(2, message, "embed", *arguments)
    for message, *arguments in (
        ("a.bed: does not look like cells", model, bed, "-o", out),
        ("no.parquet: No such file", model, tmp_path / "no.parquet", "-o", out),
        ("no cells are left", model, cells, "--min-tokens", "99", "-o", out),
        ("--device cpu:x: cannot be used here", model, cells, "--device", "cpu:x", "-o", out),
    ):
        run.fails(1, message, "embed", *arguments)
    small = Tokenizer.from_regions([region_text(0)])
    CellTokens(small, np.zeros(1, np.int32), np.array([0, 1]), ["a"]).to_parquet(cells)
    run.fails(1, r"another vocabulary \(8 tokens\)", "embed", model, cells, "-o", out)
    unknown = CellTokens(TOKENIZER, np.array([60], np.int32), np.array([0, 1]), ["a"])
    unknown.to_parquet(cells)
    run.fails(1, "none of the 1 cells has a region", "embed", model, cells, "-o", out)
    assert not out.exists()


def test_urls_are_read_and_written(run: Cli, model: Path, cells: Path, tmp_path: Path) -> None:
    fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed")
    memory = fsspec.filesystem("memory")
    fragments_of(tmp_path / "donor1.tsv")
    TOKENIZER.encode_fragments(tmp_path / "donor1.tsv").to_anndata().write_h5ad(tmp_path / "a.h5ad")
    try:
        for name in ("cells.parquet", "donor1.tsv", "a.h5ad"):
            memory.put_file(str(tmp_path / name), f"/b/{name}")
        memory.put_file(str(cells), "/b/tokens/part-0.parquet")
        answers = []
        for name in ("donor1.tsv", "a.h5ad", "cells.parquet", "tokens/", "tokens/*.parquet"):
            out = f"memory://b/out/{len(answers)}.tsv"
            found = run("embed", model, f"memory://b/{name}", "--fragments", "-o", out)
            assert (found.code, found.err) == (0, "") and found.out.startswith(out)
            table = pd.read_csv(memory.open(f"/b/out/{len(answers)}.tsv"), sep="\t")
            answers.append(table.filter(like="embedding_").to_numpy())
        for answer in answers[1:]:
            np.testing.assert_allclose(answer, answers[0], rtol=1e-5)
        url, out = "memory://b/cells.parquet", tmp_path / "x.h5ad"
        run.fails(2, "is an input, expected another file", "embed", model, url, "-o", url)
        run.fails(1, "no.tsv: No such file", "embed", model, "memory://b/no.tsv", "-o", out)
        run.fails(1, "is a URL, expected a local path", "embed", "memory://b/m/", url, "-o", out)
    finally:
        memory.store.clear()
        memory.pseudo_dirs[:] = [""]


def test_a_picture_has_a_panel_for_each_column(
    run: Cli, model: Path, cells: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    monkeypatch.setitem(matplotlib.rcParams, "svg.fonttype", "none")  # text stays text
    monkeypatch.setattr("bedtok.cli._embed.import_optional", lambda *_: None)  # of umap-learn
    points = np.arange(8, dtype=np.float32).reshape(4, 2)
    monkeypatch.setattr("bedtok.report.umap_picture.umap_of", lambda embeddings, seed: points)
    out, picture = tmp_path / "out.h5ad", tmp_path / "umap.svg"
    flags = ("--umap", picture, "--color", "cell_type,n_tokens,predicted")
    found = run("embed", model, cells, "-o", out, *flags)
    assert (found.code, found.err) == (0, "")
    np.testing.assert_array_equal(ad.read_h5ad(out).obsm["X_umap"], points)
    text = picture.read_text()
    for words in ("4 cells", "cell_type", "n_tokens", "predicted", "UMAP 1", "stem", "none"):
        assert f">{words}</text>" in text, words
    run.fails(
        *(1, "--color celtype: is no column of obs .* did you mean 'cell_type'"),
        *("embed", model, cells, "--umap", picture, "--color", "celtype"),
    )


def test_many_groups_and_missing_values_are_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    points = np.random.default_rng(0).normal(size=(90, 2)).astype(np.float32)
    numbers = pd.Series(np.where(np.arange(90) < 5, np.nan, np.arange(90.0)))
    columns = {
        "_$x": pd.Series([f"_{i}$" for i in range(90)]),
        "flag": pd.Series(np.arange(90) % 2 == 0),
        "some": pd.Series(["a"] * 15 + ["b"] * 15 + [f"c{i % 9}" for i in range(60)]),
        "number": numbers,
        "nothing": pd.Series([None] * 90, dtype=object),
        "no number": pd.Series(np.full(90, np.nan)),
    }
    for suffix in (".png", ".svg"):
        path = tmp_path / f"picture{suffix}"
        draw_umap(str(path), points, columns, "", suffix)
        assert path.stat().st_size > 10_000
    assert "<!-- and 30 more -->" in (tmp_path / "picture.svg").read_text()


def test_few_cells_have_no_umap() -> None:
    with pytest.raises(ConfigError, match="3 cells have no UMAP, expected at least 4"):
        umap_of(np.zeros((3, 2)), 0)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_umap_depends_on_its_seed_only() -> None:
    pytest.importorskip("umap")
    points = np.random.default_rng(0).normal(size=(40, 5))
    first = umap_of(points, 3)
    assert first.shape == (40, 2) and first.dtype == np.float32
    np.testing.assert_array_equal(first, umap_of(points, 3))
    assert umap_of(points[:4], 2**40).shape == (4, 2)

# SPDX-License-Identifier: BSD-2-Clause
"""AnnData to tokens: the same as a call for each cell, whatever holds the matrix."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bedtok import ConfigError, Error, RegionSet, Tokenizer, VocabularyError
from bedtok._regions import anndata as anndata_input
from bedtok.cli import main

ad = pytest.importorskip("anndata")
pd = pytest.importorskip("pandas")
sp = pytest.importorskip("scipy.sparse")

PEAKS = 40
CELLS = 30


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    """Overlapping regions: a peak hits none, one or several."""
    chance = np.random.default_rng(2)
    starts = chance.integers(0, 4000, 60)
    return Tokenizer.from_regions(
        RegionSet.from_arrays(["chr1", "chr2"] * 30, starts, starts + chance.integers(1, 200, 60))
    )


@pytest.fixture(scope="module")
def adata() -> Any:
    chance = np.random.default_rng(3)
    starts = np.sort(chance.integers(0, 4000, PEAKS))
    var = pd.DataFrame(
        {"chrom": ["chr1"] * 25 + ["chr2"] * 15, "start": starts, "end": starts + 60},
        index=[f"peak{i}" for i in range(PEAKS)],
    )
    counts = chance.poisson(0.4, (CELLS, PEAKS)).astype(np.float32)
    counts[7] = 0  # a cell without a peak
    return ad.AnnData(
        sp.csr_matrix(counts), var=var, obs=pd.DataFrame(index=[f"cell{i}" for i in range(CELLS)])
    )


def cell_by_cell(
    tokenizer: Tokenizer, adata: Any, threshold: float = 0, **options: Any
) -> list[list[int]]:
    """The loop that people write: one call of the tokenizer for each cell."""
    peaks = RegionSet.from_table(adata.var[["chrom", "start", "end"]])
    dense = adata.X.toarray() if sp.issparse(adata.X) else np.asarray(adata.X)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [
            tokenizer(peaks[np.flatnonzero(row > threshold)], **options)["input_ids"]
            for row in dense
        ]


def as_csc(adata: Any, folder: Path) -> Any:
    return ad.AnnData(adata.X.tocsc(), obs=adata.obs, var=adata.var)


def as_dense(adata: Any, folder: Path) -> Any:
    return ad.AnnData(adata.X.toarray(), obs=adata.obs, var=adata.var)


def as_int64(adata: Any, folder: Path) -> Any:
    matrix = adata.X.astype(np.int64)
    matrix.indices, matrix.indptr = matrix.indices.astype(np.int64), matrix.indptr.astype(np.int64)
    return ad.AnnData(matrix, obs=adata.obs, var=adata.var)


def as_int16(adata: Any, folder: Path) -> Any:  # a type that the compiled module does not take
    return ad.AnnData(adata.X.astype(np.int16), obs=adata.obs, var=adata.var)


def as_bool(adata: Any, folder: Path) -> Any:
    return ad.AnnData(adata.X.astype(bool), obs=adata.obs, var=adata.var)


def as_view(adata: Any, folder: Path) -> Any:
    return adata[:, :]


def as_backed(adata: Any, folder: Path) -> Any:
    adata.write_h5ad(folder / "a.h5ad")
    return ad.read_h5ad(folder / "a.h5ad", backed="r")


def as_backed_dense(adata: Any, folder: Path) -> Any:
    as_dense(adata, folder).write_h5ad(folder / "d.h5ad")
    return ad.read_h5ad(folder / "d.h5ad", backed="r")


def as_backed_csc(adata: Any, folder: Path) -> Any:
    as_csc(adata, folder).write_h5ad(folder / "c.h5ad")
    return ad.read_h5ad(folder / "c.h5ad", backed="r")


def as_dask(adata: Any, folder: Path) -> Any:
    array = pytest.importorskip("dask.array")
    blocks = array.from_array(adata.X.toarray(), chunks=(7, PEAKS))
    return ad.AnnData(blocks, obs=adata.obs, var=adata.var)


FORMS = [
    as_view,
    as_csc,
    as_dense,
    as_int64,
    as_int16,
    as_bool,
    as_backed,
    as_backed_dense,
    as_backed_csc,
    as_dask,
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"unique": True},
        {"order": "vocabulary"},
        {"on_miss": "unk"},
        {"best_overlap": True, "unique": True, "order": "vocabulary"},
        {"min_overlap": 20},
    ],
    ids=str,
)
def test_ids_are_those_of_a_call_for_each_cell(
    tokenizer: Tokenizer,
    adata: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    form: Callable[[Any, Path], Any],
    options: dict[str, Any],
) -> None:
    monkeypatch.setattr("bedtok._regions.anndata._PIECE", 2000)  # a few rows a piece
    expected = cell_by_cell(tokenizer, adata, **options)
    formed = form(adata, tmp_path)
    for num_threads in (1, 3):
        cells = tokenizer.encode_anndata(formed, num_threads=num_threads, **options)
        assert cells.to_lists() == expected
        assert cells.names == adata.obs_names.tolist()
    chosen = [9, 7, 28, 9]
    cells = tokenizer.encode_anndata(formed, obs_mask=chosen, **options)
    assert cells.to_lists() == [expected[i] for i in chosen]
    assert cells.names == [f"cell{i}" for i in chosen]


def test_the_reference_loop_gives_the_same(tokenizer: Tokenizer, adata: Any) -> None:
    # As geniml writes it, a call for each row's non-zeros, but in the order of var: geniml's ids
    # follow the storage.
    shuffled = adata.X.copy()
    for i in range(CELLS):
        first, last = shuffled.indptr[i : i + 2]
        shuffled.indices[first:last] = shuffled.indices[first:last][::-1]
        shuffled.data[first:last] = shuffled.data[first:last][::-1]
    peaks = RegionSet.from_table(adata.var[["chrom", "start", "end"]])
    reference = []
    for row in range(CELLS):
        _, nonzero = shuffled[row].nonzero()
        reference.append(tokenizer(peaks[np.sort(nonzero)])["input_ids"])
    unsorted = ad.AnnData(shuffled, obs=adata.obs, var=adata.var)
    assert tokenizer.encode_anndata(unsorted).to_lists() == reference


def test_calling_the_tokenizer_makes_one_row_a_cell(tokenizer: Tokenizer, adata: Any) -> None:
    lists = tokenizer(adata)
    assert lists["input_ids"] == cell_by_cell(tokenizer, adata)
    assert lists["attention_mask"] == [[1] * len(row) for row in lists["input_ids"]]
    padded = tokenizer(adata, padding=True, truncation=True, max_length=5, return_tensors="np")
    assert padded["input_ids"].shape == (CELLS, 5)
    assert tokenizer(adata, unique=True)["input_ids"] == cell_by_cell(tokenizer, adata, unique=True)
    around = tokenizer.with_options(template="<cls> $A")
    assert around(adata)["input_ids"][7] == [tokenizer.cls_token_id, tokenizer.unk_token_id]
    with pytest.raises(ConfigError, match="return_region_index: cells do not record which peak"):
        tokenizer(adata, return_region_index=True)


def test_calling_the_tokenizer_gathers_on_as_many_threads_as_it_is_told(
    tokenizer: Tokenizer, adata: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[int] = []
    gather = anndata_input.gather

    def spy(*arguments: Any) -> Any:
        threads.append(arguments[-1])
        return gather(*arguments)

    monkeypatch.setattr("bedtok._tokenization.cells.gather", spy)
    for num_threads in (1, 3):
        tokenizer(adata, num_threads=num_threads)
        tokenizer.encode_anndata(adata, num_threads=num_threads)
    assert threads == [1, 1, 3, 3]


def test_peaks_come_from_columns_or_from_names(tokenizer: Tokenizer, adata: Any) -> None:
    expected = cell_by_cell(tokenizer, adata)

    def with_var(var: Any) -> list[list[int]]:
        return tokenizer.encode_anndata(ad.AnnData(adata.X, obs=adata.obs, var=var)).to_lists()

    for chrom in ("chr", "seqname", "chrom"):
        assert with_var(adata.var.rename(columns={"chrom": chrom})) == expected
    for form in ("{}:{}-{}", "{}-{}-{}", "{}_{}_{}"):
        names = [form.format(*row) for row in adata.var.itertuples(index=False)]
        assert with_var(pd.DataFrame(index=names)) == expected
    as_text = adata.var.assign(start=adata.var["start"].astype(str), end=adata.var["end"] * 1.0)
    assert with_var(as_text) == expected
    with pytest.raises(
        Error, match=r"adata.var has no columns chrom, start and end, and its names"
    ):
        with_var(pd.DataFrame(index=[f"gene{i}" for i in range(PEAKS)]))
    with pytest.raises(Error, match=r"adata.var\['start'\]: expected whole numbers"):
        with_var(adata.var.assign(start=adata.var["start"] + 0.5))


def test_of_multiome_features_the_peaks_are_taken(tokenizer: Tokenizer, adata: Any) -> None:
    genes = sp.csr_matrix(np.ones((CELLS, 5), np.float32))
    var = pd.DataFrame(
        {"feature_types": ["Gene Expression"] * 5 + ["Peaks"] * PEAKS},
        index=[f"gene{i}" for i in range(5)]
        + [f"{c}:{s}-{e}" for c, s, e in adata.var.itertuples(index=False)],
    )
    both = ad.AnnData(sp.hstack([genes, adata.X]).tocsr(), obs=adata.obs, var=var)
    assert tokenizer.encode_anndata(both).to_lists() == cell_by_cell(tokenizer, adata)


def test_cells_without_a_matrix_are_refused(
    tokenizer: Tokenizer, adata: Any, tmp_path: Path
) -> None:
    bare = ad.AnnData(obs=adata.obs, var=adata.var)
    bare.write_h5ad(tmp_path / "bare.h5ad")
    text = "adata.X is missing, expected a matrix of cells x peaks; or name a layer of"
    for cells in (bare, ad.read_h5ad(tmp_path / "bare.h5ad", backed="r")):
        with pytest.raises(ConfigError, match=text):
            tokenizer.encode_anndata(cells)
    tokenizer.save_pretrained(tmp_path / "model")
    assert main(["tokenize", str(tmp_path / "model"), str(tmp_path / "bare.h5ad")]) == 1


def test_layers_thresholds_and_masks_choose(tokenizer: Tokenizer, adata: Any) -> None:
    copy = adata.copy()
    copy.layers["more"] = copy.X * 2
    expected = cell_by_cell(tokenizer, adata, threshold=1)
    assert tokenizer.encode_anndata(copy, layer="more", threshold=2).to_lists() == expected
    assert tokenizer.encode_anndata(copy, threshold=1).to_lists() == expected
    mask = np.arange(CELLS) % 3 == 0
    all_cells = tokenizer.encode_anndata(copy)
    for chosen in (mask, pd.Series(mask), np.flatnonzero(mask), copy.obs_names[mask]):
        cells = tokenizer.encode_anndata(copy, obs_mask=chosen)
        assert cells.names == copy.obs_names[mask].tolist()
        assert cells.to_lists() == [
            ids for ids, m in zip(all_cells.to_lists(), mask, strict=True) if m
        ]
    assert tokenizer.encode_anndata(copy, obs_mask=[-1]).names == ["cell29"]


def test_the_result_can_be_stored_beside_the_cells(
    tokenizer: Tokenizer, adata: Any, tmp_path: Path
) -> None:
    copy = adata.copy()
    cells = tokenizer.encode_anndata(copy, key_added="tokens", obs_mask=[3, 4])
    copy.write_h5ad(tmp_path / "a.h5ad")
    stored = ad.read_h5ad(tmp_path / "a.h5ad")
    assert stored.uns["tokens"]["values"].tolist() == cells.values.tolist()
    assert stored.uns["tokens"]["offsets"].tolist() == cells.offsets.tolist()
    assert stored.uns["tokens"]["names"].tolist() == ["cell3", "cell4"]
    assert stored.uns["tokens"]["digest"] == tokenizer.digest
    counts = stored.obs["tokens_n_tokens"]
    assert counts[["cell3", "cell4"]].tolist() == cells.lengths.tolist() and counts.iloc[0] == 0


def test_peaks_that_are_the_vocabulary_keep_their_numbers(adata: Any) -> None:
    own = Tokenizer.from_regions([f"chr1:{100 * i}-{100 * i + 50}" for i in range(PEAKS)])
    var = own.regions.to_pandas()[["chrom", "start", "end"]]
    var.index = own.decode(list(range(PEAKS)))
    matrix = ad.AnnData(adata.X, obs=adata.obs, var=var)
    expected = [np.flatnonzero(row).tolist() or [PEAKS] for row in adata.X.toarray()]
    assert own.encode_anndata(matrix).to_lists() == expected


def test_a_round_trip_through_an_anndata_of_the_vocabulary(
    tokenizer: Tokenizer, adata: Any
) -> None:
    own = Tokenizer.from_regions([f"chr1:{100 * i}-{100 * i + 50}" for i in range(PEAKS)])
    matrix = ad.AnnData(
        adata.X, obs=adata.obs, var=pd.DataFrame(index=own.decode(list(range(PEAKS))))
    )
    cells = own.encode_anndata(matrix)
    back = cells.to_anndata()
    assert (back.X.toarray() == (adata.X.toarray() > 0)).all()
    assert own.encode_anndata(back) == cells


def test_what_cannot_be_done_is_said(tokenizer: Tokenizer, adata: Any) -> None:
    with pytest.raises(TypeError, match=r"adata: expected an AnnData, .* not str"):
        tokenizer.encode_anndata("x")
    with pytest.raises(ConfigError, match=r"layer is 'x', expected one of adata\.layers: none"):
        tokenizer.encode_anndata(adata, layer="x")
    with pytest.raises(
        ConfigError, match=r"obs_mask has shape \(3,\), expected \(30,\), one a cell"
    ):
        tokenizer.encode_anndata(adata, obs_mask=[True, False, True])
    with pytest.raises(ConfigError, match="obs_mask has positions beyond the 30 cells"):
        tokenizer.encode_anndata(adata, obs_mask=[30])
    with pytest.raises(ConfigError, match="obs_mask names 'nobody', which is not a cell"):
        tokenizer.encode_anndata(adata, obs_mask=["nobody"])
    with pytest.raises(TypeError, match="threshold: expected a number, not str"):
        tokenizer.encode_anndata(adata, threshold="1")  # type: ignore[arg-type]
    with pytest.raises(
        TypeError, match="unexpected keyword argument 'layers'; did you mean 'layer'"
    ):
        tokenizer.encode_anndata(adata, layers="x")  # type: ignore[call-arg]
    misses = ad.AnnData(adata.X, var=adata.var.assign(chrom="chr9"))
    with pytest.raises(
        VocabularyError, match=r"peak \d+ hits nothing in the vocabulary, and on_miss"
    ):
        tokenizer.encode_anndata(misses, on_miss="error")


def shuffled(matrix: Any, seed: int) -> Any:
    """A sparse matrix with the entries of each row or column in another order."""
    chance = np.random.default_rng(seed)
    order = np.concatenate(
        [
            first + chance.permutation(last - first)
            for first, last in zip(matrix.indptr, matrix.indptr[1:], strict=False)
        ]
    )
    arrays = (matrix.data[order], matrix.indices[order], matrix.indptr)
    return type(matrix)(arrays, shape=matrix.shape)


def repeated(matrix: Any) -> Any:
    """A sparse matrix that stores each value as two halves, not beside each other."""
    pieces = list(zip(matrix.indptr, matrix.indptr[1:], strict=False))
    order = np.concatenate([np.tile(np.arange(first, last), 2) for first, last in pieces])
    arrays = (matrix.data[order] / 2, matrix.indices[order], matrix.indptr * 2)
    return type(matrix)(arrays, shape=matrix.shape)


@pytest.mark.parametrize("num_threads", [1, 3])
@pytest.mark.parametrize("options", [{}, {"unique": True}, {"order": "vocabulary"}], ids=str)
def test_ids_follow_var_however_the_matrix_is_stored(
    tokenizer: Tokenizer, adata: Any, num_threads: int, options: Any
) -> None:
    dense = adata.copy()
    dense.X = dense.X.toarray()
    expected = tokenizer.encode_anndata(dense, threshold=0.7, **options).to_lists()
    assert len({tuple(row) for row in expected}) > 10
    for kind in (sp.csr_matrix, sp.csc_matrix, sp.csr_array, sp.csc_array):
        sorted_matrix = kind(dense.X)
        for matrix in (
            sorted_matrix,
            shuffled(sorted_matrix, 1),
            repeated(sorted_matrix),
            shuffled(repeated(sorted_matrix), 2),
        ):
            before = matrix.indices.copy()
            other = ad.AnnData(matrix, obs=adata.obs, var=adata.var)
            cells = tokenizer.encode_anndata(
                other, threshold=0.7, num_threads=num_threads, **options
            )
            assert cells.to_lists() == expected
            assert (other.X.indices == before).all()


def damaged(matrix: Any, damage: str) -> Any:
    matrix = matrix.copy()
    if damage == "index":
        matrix.indices[3] = 10**6
    elif damage == "negative":
        matrix.indices[3] = -5
    elif damage == "decreasing":
        matrix.indptr[2] = matrix.indptr[-1]
    elif damage == "start":
        matrix.indptr[0] = 2
    else:
        matrix.indptr[-1] += 1000
    return matrix


@pytest.mark.parametrize("damage", ["index", "negative", "decreasing", "start", "end"])
@pytest.mark.parametrize("way", ["direct", "converted", "multiome", "twice", "backed"])
@pytest.mark.parametrize("kind", ["csr", "csc"])
def test_a_damaged_matrix_is_an_error_by_every_way_in(
    tokenizer: Tokenizer, adata: Any, tmp_path: Path, kind: str, way: str, damage: str
) -> None:
    matrix = sp.csr_matrix(adata.X.toarray()).asformat(kind)
    if way == "converted":
        matrix = matrix.astype(np.int16)
    other = ad.AnnData(matrix, obs=adata.obs, var=adata.var)
    keywords: dict[str, Any] = {}
    if way == "multiome":
        other.var["feature_types"] = ["Gene Expression"] * 3 + ["Peaks"] * (PEAKS - 3)
    if way == "twice":
        keywords["obs_mask"] = [0, 0, 2]
    if way == "backed":
        h5py = pytest.importorskip("h5py")
        other.write_h5ad(tmp_path / "x.h5ad")
        bad = damaged(matrix, damage)
        with h5py.File(tmp_path / "x.h5ad", "r+") as file:
            file["X/indices"][:] = bad.indices
            file["X/indptr"][:] = bad.indptr
        other = ad.read_h5ad(tmp_path / "x.h5ad", backed="r")
    else:
        bad = damaged(matrix, damage)
        other.X.indices[:], other.X.indptr[:] = bad.indices, bad.indptr
    with pytest.raises((Error, IndexError, ValueError)) as raised:
        tokenizer.encode_anndata(other, **keywords)
    assert str(raised.value)


def test_a_matrix_that_another_thread_writes_to_harms_nothing() -> None:
    regions = [("chr1", i * 10, i * 10 + 5) for i in range(2000)]
    tokenizer = Tokenizer.from_regions(regions)
    matrix = sp.random(400, 2000, 0.05, format="csr", dtype=np.float32, random_state=1)
    adata = ad.AnnData(matrix)
    adata.var_names = [f"{chrom}:{start}-{end}" for chrom, start, end in regions]
    values, stop = adata.X.data, threading.Event()

    def write() -> None:
        while not stop.is_set():
            values[:] = 1
            values[:] = 0

    writer = threading.Thread(target=write)
    writer.start()
    results = set()
    try:
        for _ in range(300):
            try:
                cells = tokenizer.encode_anndata(adata, threshold=0.5)
                results.add("ids")
                assert cells.values.min() >= 0 and cells.values.max() <= tokenizer.unk_token_id
            except Error as error:
                assert str(error) == "the matrix changed while it was read"
                results.add("error")
    finally:
        stop.set()
        writer.join()
    assert results


def labelled(adata: Any, prefix: str) -> Any:
    """An AnnData with a column and its own names."""
    obs = pd.DataFrame(
        {"cell_type": [f"{prefix}{i % 3}" for i in range(CELLS)]}, index=adata.obs_names
    )
    return ad.AnnData(adata.X, var=adata.var, obs=obs)


def test_several_anndata_become_one_collection(tokenizer: Tokenizer, adata: Any) -> None:
    a, b = labelled(adata, "a"), labelled(adata[:, ::-1].copy(), "b")
    for together in (
        tokenizer.encode_anndata([a, b], names=["p", "q"]),
        tokenizer.encode_anndata({"p": a, "q": b}),
        tokenizer.encode_anndata(iter([a, b]), names=["p", "q"]),
    ):
        assert together.to_lists() == cell_by_cell(tokenizer, a) + cell_by_cell(tokenizer, b)
        assert together.names == [f"{s}#cell{i}" for s in "pq" for i in range(CELLS)]
        assert together.obs["sample"].tolist() == ["p"] * CELLS + ["q"] * CELLS
        assert together.obs["cell_type"].tolist() == [*a.obs["cell_type"], *b.obs["cell_type"]]
        assert together.report is not None and together.report.regions == 2 * PEAKS
    assert tokenizer([a, b])["input_ids"] == together.to_lists()
    assert tokenizer.report([a, b]).regions == 2 * PEAKS
    # Names that are distinct stay.
    b.obs_names = [f"other{i}" for i in range(CELLS)]
    assert tokenizer.encode_anndata([a, b]).names == [*a.obs_names, *b.obs_names]
    for keyword in ({"obs_mask": [0]}, {"key_added": "tokens"}):
        with pytest.raises(ConfigError, match=f"{next(iter(keyword))}: .*expected None"):
            tokenizer.encode_anndata([a, b], **keyword)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="adata: got none, expected at least one AnnData"):
        tokenizer.encode_anndata([])


class FakeMuData:
    """A MuData as far as it is read; the real one is tested where it is installed."""

    def __init__(self, mod: dict[str, Any]) -> None:
        self.mod = mod


FakeMuData.__name__, FakeMuData.__module__ = "MuData", "mudata._core.mudata"


def mudata_classes() -> list[Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what it deprecates is not ours
            import mudata
    except ImportError:
        return [FakeMuData]
    return [FakeMuData, mudata.MuData]


@pytest.mark.parametrize("make", mudata_classes())
def test_of_mudata_the_modality_of_peaks_is_taken(
    tokenizer: Tokenizer, adata: Any, make: Any
) -> None:
    genes = ad.AnnData(
        np.ones((CELLS, 2)), obs=adata.obs, var=pd.DataFrame(index=["GAPDH", "ACTB"])
    )
    expected = tokenizer.encode_anndata(adata)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of mudata
        both = [make({"rna": genes, name: adata}) for name in ("atac", "peaks", "chromatin")]
        only_genes = make({"rna": genes, "prot": genes})
        twice = make({"one": adata.copy(), "two": adata.copy()})
    for mdata in both:
        assert tokenizer.encode_anndata(mdata) == expected
        assert tokenizer(mdata)["input_ids"] == expected.to_lists()
    tokenizer.encode_anndata(both[0], key_added="tokens")
    assert adata.uns.pop("tokens")["digest"] == tokenizer.digest
    for mdata, count in ((only_genes, 0), (twice, 2)):
        with pytest.raises(
            ConfigError, match=f"no modality 'atac', and {count} of its modalities have regions"
        ):
            tokenizer.encode_anndata(mdata)


def test_a_collection_keeps_its_names_and_columns(tokenizer: Tokenizer, adata: Any) -> None:
    experimental = pytest.importorskip("anndata.experimental")
    a, b = labelled(adata, "a"), labelled(adata[:, ::-1].copy(), "b")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        collection = experimental.AnnCollection(
            {"p": a, "q": b}, label="donor", index_unique="-", join_vars="inner"
        )
        view = collection[:3]
    cells = tokenizer.encode_anndata(collection)
    assert cells.names == collection.obs_names.tolist()
    assert cells.obs["donor"].tolist() == ["p"] * CELLS + ["q"] * CELLS
    shared = b[:, collection.var_names]
    assert cells.to_lists() == cell_by_cell(tokenizer, a) + cell_by_cell(tokenizer, shared)
    with pytest.raises(TypeError, match=r"AnnCollectionView; call view.to_adata\(\) first"):
        tokenizer.encode_anndata(view)


class SnapTable:
    """A table of snapatac2: columns of polars, behind a slice."""

    def __init__(self, columns: dict[str, Any]) -> None:
        self._columns = columns

    def __getitem__(self, rows: slice) -> Any:
        return pytest.importorskip("polars").DataFrame(self._columns)


class SnapAnnData:
    """What snapatac2's AnnData and AnnDataSet, classes of Rust, have for readers."""

    def __init__(self, adata: Any, columns: dict[str, Any]) -> None:
        self._matrix = adata.X
        self.shape, self.n_obs = adata.shape, adata.n_obs
        self.obs_names, self.var_names = list(adata.obs_names), list(adata.var_names)
        self.obs, self.var = SnapTable(columns), SnapTable({})

    def chunked_X(self, size: int) -> Any:
        yield self._matrix[:0], 0, 0  # as AnnDataSet begins
        for first in range(0, self.n_obs, size):
            last = min(first + size, self.n_obs)
            yield self._matrix[first:last], first, last


SnapAnnData.__name__, SnapAnnData.__module__ = "AnnData", "builtins"


@pytest.mark.parametrize("size", [4, 1000])
def test_files_of_snapatac2_are_read_in_pieces(
    tokenizer: Tokenizer, adata: Any, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    pytest.importorskip("polars")
    monkeypatch.setattr("bedtok._regions.anndata_relatives._CELLS_AT_ONCE", size)
    peaks = RegionSet.from_table(adata.var[["chrom", "start", "end"]])
    named = ad.AnnData(adata.X, obs=adata.obs, var=pd.DataFrame(index=list(map(str, peaks))))
    snap = SnapAnnData(named, {"sample": ["s"] * CELLS, "n": list(range(CELLS))})
    expected = tokenizer.encode_anndata(named)
    cells = tokenizer.encode_anndata(snap)
    assert cells == expected
    assert cells.obs["n"].tolist() == list(range(CELLS))
    assert tokenizer(snap)["input_ids"] == expected.to_lists()
    for chosen in ([7, 3, 3, 29], ["cell5", "cell1"], np.arange(CELLS) % 4 == 1):
        some = tokenizer.encode_anndata(snap, obs_mask=chosen)
        assert some == tokenizer.encode_anndata(named, obs_mask=chosen)
        assert some.obs["n"].tolist() == named.obs_names.get_indexer(some.names).tolist()


def test_what_holds_no_cells_is_refused(tokenizer: Tokenizer, adata: Any) -> None:
    for x, message in (
        (pd.DataFrame(), "adata: expected an AnnData, MuData or AnnCollection, an AnnData"),
        ([adata, 1], "adata 1: expected an AnnData, .* not int"),
        ({"a": adata, "b": [adata]}, "adata 1: expected an AnnData, .* not list"),
    ):
        with pytest.raises(TypeError, match=message):
            tokenizer.encode_anndata(x)


# ---- read lazily


class LazyTable:
    """A table as ``read_lazy`` gives it: nothing of pandas before ``to_memory``."""

    def __init__(self, frame: Any) -> None:
        self._frame = frame
        self.columns, self.index, self.shape = frame.columns, frame.index, frame.shape

    def to_memory(self) -> Any:
        return self._frame


class LazyAnnData:
    """The part of an AnnData of ``read_lazy`` that is read."""

    def __init__(self, adata: Any, matrix: Any) -> None:
        self.var, self.obs = LazyTable(adata.var), LazyTable(adata.obs)
        self.X, self.layers, self.shape = matrix, {}, adata.shape
        self.n_obs, self.n_vars = adata.shape
        self.obs_names, self.var_names = adata.obs_names, adata.var_names
        self.isbacked = False


# It is told by its name.
LazyAnnData.__name__, LazyAnnData.__module__ = "AnnData", "anndata._core.anndata"


def test_tables_that_are_read_lazily_are_loaded(adata: Any, tokenizer: Tokenizer) -> None:
    lazy = LazyAnnData(adata, adata.X)
    assert tokenizer.encode_anndata(lazy) == tokenizer.encode_anndata(adata)


@pytest.mark.parametrize("form", ["zarr", "h5ad"])
def test_what_read_lazy_returns_is_tokenized(
    adata: Any, tokenizer: Tokenizer, tmp_path: Path, form: str
) -> None:
    for module in ("xarray", "dask.array", "zarr"):
        pytest.importorskip(module)
    experimental = pytest.importorskip("anndata.experimental")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = tmp_path / f"adata.{form}"
        getattr(adata, f"write_{form}")(path)
        lazy = experimental.read_lazy(path)
        assert not hasattr(lazy.var, "assign")
        assert tokenizer.encode_anndata(lazy) == tokenizer.encode_anndata(adata)

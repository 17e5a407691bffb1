# SPDX-License-Identifier: BSD-2-Clause
"""Cells of two batches for label_cells.py, and what simple methods make of them."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import anndata as ad
import numpy as np
from scipy import sparse
from sklearn.decomposition import TruncatedSVD
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import StratifiedKFold
from sklearn.naive_bayes import MultinomialNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import normalize
from sklearn.svm import LinearSVC

from bedtok import RegionSet, Tokenizer

FOLDS = 5  # a repeat holds out one of them
Scores = tuple[float, float]  # accuracy and macro F1


class Data(NamedTuple):
    """Cells of two batches: ids for the model, a matrix for simple methods."""

    ids: list[np.ndarray]
    matrix: sparse.csr_matrix  # 1 where a cell has a region
    labels: np.ndarray  # numbers of types
    names: list[str]
    train: np.ndarray  # positions of cells
    query: np.ndarray
    tokenizer: Tokenizer

    def digest(self) -> str:
        """Return a name of the cells and their labels, the same wherever the file lies."""
        parts = [*self.ids, self.labels, self.train, self.query, np.array(self.names)]
        digest = hashlib.sha256()
        for part in parts:
            digest.update(str(part.shape).encode() + np.ascontiguousarray(part).tobytes())
        return digest.hexdigest()[:16]

    def folds(self, repeats: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield training cells to learn from and a held-out fifth, another one each repeat."""
        splitter = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
        splits = list(splitter.split(self.train, self.labels[self.train]))
        for repeat in range(repeats):
            own, held = splits[repeat % FOLDS]
            yield self.train[own], self.train[held]


def read(path: str, label: str, batch: str, train: str, query: str | None) -> Data:
    """Read an .h5ad file, without cells whose type has fewer than five training cells."""
    adata = ad.read_h5ad(path)
    batches = adata.obs[batch].astype(str).to_numpy()
    others = sorted(set(batches) - {train})
    if train not in batches or (query is None and len(others) != 1):
        raise SystemExit(f"{path}: batches are {sorted(set(batches))}; choose --train and --query")
    query = others[0] if query is None else query
    types = adata.obs[label].astype("category")
    counts = types[batches == train].value_counts()
    names = sorted(counts[counts >= FOLDS].index)
    kept = types.isin(names).to_numpy() & np.isin(batches, [train, query])
    if not kept.all():
        print(f"{(~kept).sum()} cells of other batches, or of no type that {train} has, are left")
    adata, batches = adata[kept], batches[kept]
    tokenizer = Tokenizer.from_regions(RegionSet(adata.var))
    ids = [np.asarray(row) for row in tokenizer.encode_anndata(adata)]
    columns = np.concatenate(ids)
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in ids])])
    matrix = sparse.csr_matrix(
        (np.ones(len(columns)), columns, offsets), shape=(len(ids), tokenizer.num_regions)
    )
    matrix.sum_duplicates()
    matrix.data[:] = 1
    labels = np.array([names.index(name) for name in adata.obs[label]])
    train_rows, query_rows = np.flatnonzero(batches == train), np.flatnonzero(batches == query)
    return Data(ids, matrix, labels, names, train_rows, query_rows, tokenizer)


def scores(true: np.ndarray, predicted: np.ndarray) -> Scores:
    """Return accuracy and macro F1."""
    f1 = f1_score(true, predicted, average="macro", zero_division=0)
    return float(accuracy_score(true, predicted)), float(f1)


def tfidf(data: Data, rows: np.ndarray) -> sparse.csr_matrix:
    """Return TF-IDF of all cells, rows of unit length, with the frequencies of some."""
    weights = data.tokenizer.idf_weights(data.ids[i] for i in rows)
    return normalize(data.matrix.multiply(weights).tocsr())


def lsi(weighted: sparse.csr_matrix, rows: np.ndarray, width: int, seed: int = 0) -> np.ndarray:
    """Return the SVD without its first component, rows of unit length."""
    svd = TruncatedSVD(width, random_state=seed).fit(weighted[rows])
    return normalize(svd.transform(weighted)[:, 1:])


class View(NamedTuple):
    """What a simple method sees: counts, TF-IDF, or LSI of so many components."""

    kind: str
    width: int = 0
    both: bool = False  # fitted on the cells of both batches, without labels

    def __str__(self) -> str:
        return f"{self.width} components" if self.width else ""


def simple_methods() -> dict[str, list[tuple[Any, View]]]:
    """Return settings of each method: a classifier and what it sees."""
    weights = (None, "balanced")

    def logistic(strengths: tuple[float, ...]) -> list[Any]:
        return [
            LogisticRegression(C=c, class_weight=w, max_iter=400)
            for w in weights
            for c in strengths
        ]

    svms = [LinearSVC(C=c, class_weight=w) for w in weights for c in (0.1, 0.3)]
    bayes = [MultinomialNB(alpha=a, fit_prior=p) for a in (0.1, 0.3, 1.0) for p in (True, False)]
    neighbours = [KNeighborsClassifier(k, metric="cosine") for k in (15, 30)]
    own, both = ([View("lsi", w, b) for w in (50, 100)] for b in (False, True))
    return {
        "LSI, nearest neighbours": [(c, v) for c in neighbours for v in own],
        "LSI, logistic regression": [(c, v) for c in logistic((1, 10)) for v in own],
        "TF-IDF, linear SVM": [(c, View("tfidf")) for c in svms],
        "multinomial naive Bayes": [(c, View("counts")) for c in bayes],
        "TF-IDF, logistic regression": [(c, View("tfidf")) for c in logistic((0.3, 1, 3))],
        "LSI of both batches, logistic regression": [
            (c, v) for c in logistic((1, 10)) for v in both
        ],
    }


class Views:
    """What simple methods see; all that is fitted is fitted on the same cells."""

    def __init__(self, data: Data, rows: np.ndarray) -> None:
        self._data, self._rows = data, rows
        self._made: dict[View, Any] = {}

    def __getitem__(self, view: View) -> Any:
        if view not in self._made:
            self._made[view] = self._make(view)
        return self._made[view]

    def _make(self, view: View) -> Any:
        if view.kind == "counts":
            return self._data.matrix
        rows = np.arange(len(self._data.ids)) if view.both else self._rows
        if view.kind == "tfidf":
            return tfidf(self._data, rows)
        return lsi(self[View("tfidf", both=view.both)], rows, view.width)


class SimpleResult(NamedTuple):
    """Scores of a simple method with the settings that did best on held-out cells."""

    settings: str
    held: list[Scores]
    query: Scores


def label_simply(data: Data, repeats: int, seed: int) -> dict[str, SimpleResult]:
    """Choose the settings of each method on held-out training cells, and label the query."""
    folds = [(own, held, Views(data, own)) for own, held in data.folds(repeats, seed)]
    final = Views(data, data.train)
    found = {}
    for name, settings in simple_methods().items():
        tried = [
            [
                scores(
                    data.labels[held], fitted(c, views[view], data, own).predict(views[view][held])
                )
                for own, held, views in folds
            ]
            for c, view in settings
        ]
        best = int(np.argmax([np.sum(results) for results in tried]))
        classifier, view = settings[best]
        labels = fitted(classifier, final[view], data, data.train).predict(final[view][data.query])
        text = ", ".join(filter(None, [str(classifier), str(view)]))
        found[name] = SimpleResult(text, tried[best], scores(data.labels[data.query], labels))
        print(f"  {name}: {text}", flush=True)
    return found


def fitted(classifier: Any, seen: Any, data: Data, rows: np.ndarray) -> Any:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*(converge|n_jobs).*")
        return classifier.fit(seen[rows], data.labels[rows])

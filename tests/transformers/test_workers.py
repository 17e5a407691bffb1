# SPDX-License-Identifier: BSD-2-Clause
"""Tokenizers in other processes and threads: DataLoader workers, datasets, thread pools."""

from __future__ import annotations

import functools
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from datasets.fingerprint import Hasher
from torch.utils.data import DataLoader

from bedtok import Tokenizer
from bedtok.atacformer import AtacformerTokenizer
from support import collate, tokenize_files


@pytest.mark.parametrize("start", ["fork", pytest.param("spawn", marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", ["backend", "adapter"])
def test_data_loader_workers_give_what_one_process_gives(
    tokenizer: AtacformerTokenizer, cells: Any, start: str, kind: str
) -> None:
    own = tokenizer.backend_tokenizer if kind == "backend" else tokenizer
    own(cells, padding=True)  # threads that have run must not hinder a fork
    loader = DataLoader(
        cells,
        batch_size=5,
        num_workers=2 if start == "fork" else 1,  # which takes seconds to import PyTorch
        collate_fn=functools.partial(collate, own),
        multiprocessing_context=start,
    )
    batches = list(loader)
    assert len(batches) == 5
    for i, batch in enumerate(batches):
        expected = collate(own, cells[5 * i : 5 * i + 5])
        assert all(torch.equal(batch[name], expected[name]) for name in expected)


@pytest.mark.parametrize("kind", ["backend", "adapter"])
def test_datasets_map_has_a_stable_fingerprint(
    tokenizer: AtacformerTokenizer, cells: Any, bed_folder: list[Path], tmp_path: Path, kind: str
) -> None:
    own = tokenizer.backend_tokenizer if kind == "backend" else tokenizer
    again = Tokenizer.from_regions(tokenizer.regions)  # equal, but not the same object
    folder = str(tmp_path / "data")
    Dataset.from_dict({"path": [str(path) for path in bed_folder]}).save_to_disk(folder)
    results = []
    for other in (own, again if kind == "backend" else AtacformerTokenizer(tokenizer_object=again)):
        function = functools.partial(tokenize_files, other)
        data = Dataset.load_from_disk(folder)
        results.append(data.map(function, batched=True, batch_size=7, num_proc=2))
    first, second = results
    assert first["input_ids"][:] == [own(cell)["input_ids"] for cell in cells]
    # The second run hit the cache: it reads the very files that the first has written.
    assert first.cache_files and first.cache_files == second.cache_files
    assert first._fingerprint == second._fingerprint
    own.add_special_tokens({"additional_special_tokens": ["<x>"]})
    assert Hasher.hash(own) != Hasher.hash(other)


def test_many_threads_on_one_tokenizer_agree_with_one_after_the_other(
    tokenizer: AtacformerTokenizer, cells: Any
) -> None:
    def work(i: int) -> Any:
        batch = [cells[(i + k) % len(cells)] for k in range(6)]
        encoding = tokenizer(batch, padding=True, return_tensors="pt", num_threads=2)
        text = tokenizer.batch_decode(encoding["input_ids"], skip_special_tokens=True)
        return encoding["input_ids"].tolist(), text, tokenizer.backend_tokenizer.digest

    one_by_one = [work(i) for i in range(200)]
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(work, range(200))) == one_by_one

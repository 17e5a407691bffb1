# SPDX-License-Identifier: BSD-2-Clause
"""What the pages and examples show is executed, and what they say it prints is compared.

A ``text`` block tells what the block before it prints. Python, shell and C++ blocks run in a folder
that holds the example data, with the files and the Hub model that they name. A page that needs more
than this environment has is left to one that has it.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from hub_server import HubServer

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "examples" / "data"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
EXAMPLES = sorted((ROOT / "examples" / "python").glob("*.py"))
# What this environment may lack.
OPTIONAL = (
    *("torch", "transformers", "datasets", "pyarrow", "anndata", "ray", "sklearn", "scanpy"),
    *("matplotlib", "peft", "fsspec", "umap"),
)
# These train for minutes: tests/transformers/test_training_examples.py runs them in short. Those of
# the engines run with their tests, in tests/engines.
ELSEWHERE = {
    *("simulated_cells.py", "pretrain_replaced_tokens.py", "finetune_triplets.py"),
    "datasets_collection.py",
    "simulate_fragments.py",  # by its page, too
    # By the page of label_cells.py, in ./run docs.
    *("label_cells.py", "cell_labels.py", "cell_classifier.py", "label_ablations.py"),
    "correct_batches.py",  # by its page, too
}
# Pages that train, start Ray, or need what only the site does: ./run docs executes them.
TUTORIALS = {
    *(
        "three-commands.md",
        "fragments-to-umap.md",
        "peaks-to-model.md",
        "fine-tuning.md",
        "which-regions.md",
    ),
    *("label-cells.md", "batch-correction.md", "scaling.md", "training.md", "universe.md"),
}
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    language: str
    code: str
    printed: str | None


def blocks_of(page: Path) -> list[Block]:
    found = [(match[1], match[2]) for match in FENCE.finditer(page.read_text("utf-8"))]
    following = [*found[1:], ("", "")][: len(found)]
    return [
        Block(language, code, after[1] if after[0] == "text" else None)
        for (language, code), after in zip(found, following, strict=True)
    ]


def pages_with(language: str) -> list[Path]:
    return [page for page in PAGES if any(b.language == language for b in blocks_of(page))]


def marked(paths: list[Path]) -> list[Any]:
    """Mark as slow what imports PyTorch, or starts Ray or a training; ./run docs has tutorials."""
    modules = r"torch|transformers|datasets|ray|bedtok\.atacformer|bedtok\.train"
    slow = re.compile(rf"^(import|from) ({modules})\b|^bedtok train", re.MULTILINE)

    def marks(page: Path) -> list[Any]:
        if page.name in TUTORIALS:
            return [pytest.mark.slow, pytest.mark.tutorial]
        return [pytest.mark.slow] if slow.search(page.read_text("utf-8")) else []

    return [pytest.param(path, marks=marks(path)) for path in paths]


def skip_unless_there(code: str) -> None:
    """Skip the test unless this environment has what the code imports."""
    for module in OPTIONAL:
        needed = re.search(rf"^(import|from) {module}\b", code, re.MULTILINE)
        if needed and importlib.util.find_spec(module) is None:
            pytest.skip(f"needs {module}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with what the pages name: the example data, and a sample where they put one."""
    for path in DATA.glob("*.bed"):
        shutil.copy(path, tmp_path)
    regions = tmp_path / "path" / "to" / "your" / "regions.bed"
    regions.parent.mkdir(parents=True)
    shutil.copy(DATA / "sample.bed", regions)
    return tmp_path


def run(command: list[str], folder: Path, **env: str) -> str:
    scripts = str(Path(sys.executable).parent)
    # What Ray leaves behind goes with the test; its sockets need a short path.
    with tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as short:
        done = subprocess.run(
            command,
            cwd=folder,
            env={
                **os.environ,
                "PATH": os.pathsep.join([scripts, os.environ["PATH"]]),
                "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
                "LC_ALL": "C",  # the order in which ls lists files
                # Ray reports to nobody and leaves no key in the home folder.
                "RAY_USAGE_STATS_ENABLED": "0",
                "RAY_AUTH_TOKEN": secrets.token_hex(16),
                "RAY_TMPDIR": short,
                **env,
            },
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    return done.stdout


@functools.cache
def model_files() -> dict[str, bytes]:
    """A tiny model in place of the published one; where there is no torch, its kind alone."""
    if any(importlib.util.find_spec(module) is None for module in ("torch", "transformers")):
        return {"config.json": b'{"model_type": "atacformer"}'}
    from bedtok import Tokenizer
    from bedtok.atacformer import AtacformerConfig, AtacformerForReplacedTokenDetection

    config = AtacformerConfig.from_tokenizer(
        Tokenizer(DATA / "universe.bed"),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=512,
    )
    with tempfile.TemporaryDirectory() as folder:
        AtacformerForReplacedTokenDetection(config).save_pretrained(folder)
        names = ("config.json", "model.safetensors")
        return {name: Path(folder, name).read_bytes() for name in names}


@pytest.mark.network
@pytest.mark.transformers
@pytest.mark.parametrize("page", marked(pages_with("python")), ids=lambda page: page.name)
def test_python_of_a_page_runs_from_top_to_bottom_and_prints_what_it_says(
    page: Path, folder: Path
) -> None:
    # One program a page, as a reader would type it; marks tell the blocks' output apart.
    mark = "-- end of a block --"
    blocks = [block for block in blocks_of(page) if block.language == "python"]
    skip_unless_there("\n".join(block.code for block in blocks))
    program = "".join(f"{block.code}\nprint({mark!r})\n" for block in blocks)
    (folder / "page.py").write_text(
        # Worker processes import the page again and must not run it.
        "def page():\n    exec(compile(open('blocks.py').read(), 'blocks.py', 'exec'), globals())\n"
        "if __name__ == '__main__':\n    page()\n"
    )
    (folder / "blocks.py").write_text(program)
    with HubServer() as hub:
        universe = {"universe.bed": (DATA / "universe.bed").read_bytes()}
        hub.push("databio/atacformer-base-hg38", universe | model_files())
        printed = run(
            [sys.executable, "page.py"],
            folder,
            HF_ENDPOINT=hub.url,
            HF_HUB_OFFLINE="0",
            HF_HOME=str(folder / "hf"),
        )
    outputs = printed.split(mark + "\n")[:-1]
    assert len(outputs) == len(blocks)
    for block, output in zip(blocks, outputs, strict=True):
        if block.printed is not None:
            assert output == block.printed, block.code
    take_pictures(folder)


def take_pictures(folder: Path) -> None:
    """Copy what a tutorial drew to the folder that BEDTOK_PICTURES names."""
    if pictures := os.environ.get("BEDTOK_PICTURES"):
        for path in folder.glob("*.png"):
            shutil.copy(path, pictures)


@pytest.mark.parametrize("page", marked(pages_with("sh")), ids=lambda page: page.name)
def test_commands_of_a_page_run(page: Path, folder: Path) -> None:
    for block in blocks_of(page):
        # The two commands of the README set up a whole machine; CI itself types them.
        if block.language == "sh" and "./run" not in block.code and "pip install" not in block.code:
            if re.search(r"bedtok train .*--out", block.code):
                skip_unless_there("import torch\nimport transformers\nimport datasets")
            if "bedtok embed" in block.code:
                skip_unless_there("import anndata\nimport torch\nimport transformers\nimport umap")
            output = run(["sh", "-e", "-c", block.code], folder, HF_HOME=str(folder / "hf"))
            if block.printed is not None:
                assert output == block.printed
    take_pictures(folder)


@pytest.mark.parametrize("page", pages_with("cpp"), ids=lambda page: page.name)
def test_cpp_of_a_page_compiles_and_prints_what_it_says(page: Path, folder: Path) -> None:
    compiler = shutil.which("c++")
    if compiler is None:
        pytest.skip("there is no C++ compiler")
    for block in blocks_of(page):
        if block.language == "cpp":
            (folder / "page.cpp").write_text(block.code)
            flags = ["-std=c++17", f"-I{ROOT / 'include'}", "page.cpp", "-o", "page", "-lz"]
            run([compiler, *flags], folder)
            assert run(["./page"], folder) == block.printed


def test_links_and_pictures_of_the_pages_exist() -> None:
    link = re.compile(r"\]\(\s*([^)\s#]+)[^)]*\)")
    missing = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in PAGES
        for target in link.findall(re.sub(FENCE, "", page.read_text("utf-8")))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert not missing


@pytest.mark.parametrize("page", PAGES[1:], ids=lambda page: page.name)
def test_a_page_leads_on(page: Path) -> None:
    text = re.sub(r"^```\{toctree\}.*?^```$", "", page.read_text("utf-8"), flags=re.M | re.S)
    last = text.rstrip().split("\n\n")[-1]
    assert re.match(r"(Next|Then): .*\]\(", last, re.DOTALL), last


def test_the_drawings_are_those_of_their_script(tmp_path: Path) -> None:
    run([sys.executable, str(ROOT / "docs" / "make_pictures.py"), str(tmp_path)], tmp_path)
    made = {path.name: path.read_text() for path in tmp_path.glob("*.svg")}
    assert made
    assert made == {name: (ROOT / "docs" / "pictures" / name).read_text() for name in made}


@pytest.mark.parametrize(
    "example",
    [path for path in EXAMPLES if path.name not in ELSEWHERE],
    ids=lambda path: path.name,
)
def test_an_example_prints_what_stands_beside_it(example: Path, folder: Path) -> None:
    skip_unless_there(example.read_text())
    assert run([sys.executable, str(example)], folder) == example.with_suffix(".out").read_text()

# SPDX-License-Identifier: BSD-2-Clause
"""Loading from and pushing to the Hub (docs/guarantees.md, sections 5 and 6).

The real client runs in a child process, against a server on loopback.
"""

from __future__ import annotations

import gzip
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("huggingface_hub")
sys.path.insert(0, str(Path(__file__).parent))

from bedtok import Tokenizer, _hub
from bedtok._core import ConfigError
from bedtok._hub import resolve, upload
from hub_server import HubServer

BED = b"chr1\t100\t200\nchr1\t300\t400\nchr2\t10\t20\n"
OTHER_BED = b"chr3\t5\t9\n"
NAME = "databio/atacformer-base-hg38"
CONFIG = b'{"tokenizer_class": "Tokenizer", "unk_token": "[UNK]"}'
SPECIAL = b'{"unk_token": "[UNK]"}'
SNIPPET = """
from bedtok.models import RegionSet
from bedtok.tokenizers import Tokenizer

rs = RegionSet.from_bed({bed!r})
tokenizer = Tokenizer.from_pretrained("databio/atacformer-base-hg38")
tokens = tokenizer(rs)
input_ids = tokens["input_ids"]
decoded_regions = tokenizer.decode(input_ids)
vocab_size = tokenizer.vocab_size
special_tokens = tokenizer.special_tokens_map
"""

Child = Callable[..., Any]


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with HubServer() as server:
        yield server


@pytest.fixture
def child(hub: HubServer, tmp_path: Path) -> Child:
    """Run code in a new process that knows the loopback Hub; return its ``result`` variable.

    An exception comes back as ``{"error": class, "bases": [...], "message": text}``.
    """

    def run(code: str, *, endpoint: str | None = None, **env: str) -> Any:
        clean = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("HF_", "HUGGING")) and not key.lower().endswith("_proxy")
        }
        program = (
            # The client waits between its attempts; here nothing gets better by waiting.
            "import json, time\n"
            "time.sleep = lambda seconds: None\n"
            "try:\n"
            + "".join(f"    {line}\n" for line in code.strip().splitlines())
            + "except Exception as error:\n"
            "    bases = [base.__name__ for base in type(error).__mro__]\n"
            "    name = type(error).__name__\n"
            "    result = {'error': name, 'bases': bases, 'message': str(error)}\n"
            "print('\\n' + json.dumps(result))\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={
                **clean,
                "PYTHONPATH": os.pathsep.join(os.path.abspath(path) for path in sys.path if path),
                "HF_ENDPOINT": endpoint or hub.url,
                "HF_HOME": str(tmp_path / "hf"),
                "HF_HUB_DISABLE_XET": "1",
                "HF_HUB_DISABLE_TELEMETRY": "1",
                "HF_HUB_DISABLE_PROGRESS_BARS": "1",
                **env,
            },
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run


def resolve_code(arguments: str) -> str:
    return (
        "from bedtok._hub import resolve\n"
        f"folder = resolve({arguments})\n"
        "result = {file.name: file.read_bytes().hex() for file in folder.iterdir()}"
    )


def contents(result: dict[str, str]) -> dict[str, bytes]:
    return {name: bytes.fromhex(content) for name, content in result.items()}


def load_code(arguments: str) -> str:
    return (
        "from bedtok.tokenizers import Tokenizer\n"
        f"tokenizer = Tokenizer.from_pretrained({arguments})\n"
        "result = [tokenizer.vocab_size, tokenizer.unk_token,"
        " tokenizer([('chr1', 150, 350), ('chr3', 5, 6)])['input_ids']]"
    )


# -- what is loaded -----------------------------------------------------------------------------


def test_the_example_of_the_first_page_runs_with_a_hub_name(
    hub: HubServer, child: Child, tmp_path: Path
) -> None:
    hub.push(NAME, {"universe.bed.gz": gzip.compress(BED)})
    bed = tmp_path / "regions.bed"
    bed.write_bytes(b"chr2\t12\t13\nchr1\t150\t350\nchr9\t1\t2\n")
    code = SNIPPET.format(bed=str(bed)) + (
        "result = [input_ids, decoded_regions, vocab_size, dict(special_tokens)]"
    )
    assert child(code) == [
        [0, 1, 2],
        ["chr1:100-200", "chr1:300-400", "chr2:10-20"],
        10,
        {
            "unk_token": "<unk>",
            "pad_token": "<pad>",
            "mask_token": "<mask>",
            "cls_token": "<cls>",
            "eos_token": "<eos>",
            "bos_token": "<bos>",
            "sep_token": "<sep>",
        },
    ]


def test_a_model_with_only_a_universe_loads(hub: HubServer, child: Child) -> None:
    hub.push(NAME, {"universe.bed.gz": gzip.compress(BED)})
    assert child(load_code(repr(NAME))) == [10, "<unk>", [0, 1]]


def test_a_plain_universe_is_taken_when_there_is_no_gz(hub: HubServer, child: Child) -> None:
    hub.push(NAME, {"universe.bed": BED})
    assert child(load_code(repr(NAME))) == [10, "<unk>", [0, 1]]


def test_the_gz_universe_wins_over_the_plain_one(hub: HubServer, child: Child) -> None:
    hub.push(NAME, {"universe.bed.gz": gzip.compress(BED), "universe.bed": OTHER_BED})
    assert child(load_code(repr(NAME))) == [10, "<unk>", [0, 1]]


def test_saved_special_tokens_come_along(hub: HubServer, child: Child, tmp_path: Path) -> None:
    code = (
        "from bedtok.tokenizers import Tokenizer\n"
        "from bedtok.models import RegionSet\n"
        "rs = RegionSet([('chr1', 100, 200), ('chr1', 300, 400)])\n"
        "tokenizer = Tokenizer.from_regions(rs, special_tokens={'unk': '[UNK]'})\n"
        f"tokenizer.save_pretrained({str(tmp_path / 'saved')!r})\n"
        "result = None"
    )
    assert child(code) is None
    files = {file.name: file.read_bytes() for file in (tmp_path / "saved").iterdir()}
    assert set(files) == {"universe.bed.gz", "tokenizer_config.json", "special_tokens_map.json"}
    hub.push(NAME, files)
    assert child(load_code(repr(NAME)))[1] == "[UNK]"


def test_saved_weights_come_along(hub: HubServer, child: Child, tmp_path: Path) -> None:
    tokenizer = Tokenizer.from_regions(["chr1:0-9", "chr1:20-29"]).with_token_weights([1, 0.5])
    tokenizer.save_pretrained(tmp_path / "saved")
    hub.push("a/b", {f.name: f.read_bytes() for f in (tmp_path / "saved").iterdir()})
    code = (
        "from bedtok import Tokenizer\n"
        "result = Tokenizer.from_pretrained('a/b').token_weights.tolist()"
    )
    assert child(code) == [1, 0.5]


def test_a_revision_chooses_the_version(hub: HubServer, child: Child) -> None:
    commit = hub.push(NAME, {"universe.bed.gz": gzip.compress(BED)}, "v1")
    hub.push(NAME, {"universe.bed.gz": gzip.compress(OTHER_BED)})
    assert child(load_code(repr(NAME)))[2] == [0]
    assert child(load_code(f"{NAME!r}, revision='v1'"))[2] == [0, 1]
    assert child(load_code(f"{NAME!r}, revision={commit!r}"))[2] == [0, 1]


@pytest.mark.parametrize("subfolder", ["tokenizer", "a/b", "a/b/"])
def test_a_subfolder_of_a_model_is_read(hub: HubServer, child: Child, subfolder: str) -> None:
    inner = subfolder.rstrip("/")
    hub.push(
        NAME,
        {
            "universe.bed.gz": gzip.compress(BED),
            "tokenizer_config.json": b"{}",
            f"{inner}/universe.bed.gz": gzip.compress(OTHER_BED),
            f"{inner}/special_tokens_map.json": SPECIAL,
        },
    )
    result = contents(child(resolve_code(f"{NAME!r}, subfolder={subfolder!r}")))
    assert set(result) == {"universe.bed.gz", "special_tokens_map.json"}
    assert gzip.decompress(result["universe.bed.gz"]) == OTHER_BED
    assert child(load_code(f"{NAME!r}, subfolder={subfolder!r}"))[2] == [0]


def test_a_subfolder_is_a_name_and_no_pattern(hub: HubServer, child: Child) -> None:
    bed, other = gzip.compress(BED), gzip.compress(OTHER_BED)
    hub.push(NAME, {"a[1]*/universe.bed.gz": other, "a1x/universe.bed.gz": bed})
    assert child(load_code(f"{NAME!r}, subfolder='a[1]*'"))[2] == [0]
    assert not any("a1x" in line for line in hub.requests)


def test_a_private_model_loads_with_a_token(hub: HubServer, child: Child) -> None:
    hub.push(NAME, {"universe.bed.gz": gzip.compress(BED)}, token="hf_secret")
    assert child(load_code(f"{NAME!r}, token='hf_secret'"))[2] == [0, 1]


def test_only_files_of_known_names_are_asked_for(hub: HubServer, child: Child) -> None:
    known = {"universe.bed.gz", "tokenizer_config.json", "special_tokens_map.json"}
    hub.push(
        NAME,
        {
            "universe.bed.gz": gzip.compress(BED),
            "tokenizer_config.json": b"{}",
            "special_tokens_map.json": b"{}",
            "old/universe.bed.gz": gzip.compress(OTHER_BED),
            "tokenization_evil.py": b"raise SystemExit(1)",
            "pytorch_model.bin": b"x" * 1000,
        },
    )
    assert set(child(resolve_code(repr(NAME)))) == known
    asked = {line.rpartition("/")[2] for line in hub.requests if "/resolve/" in line}
    assert asked == known


def push_after(hub: HubServer, method: str, files: dict[str, bytes]) -> None:
    """Push ``files`` once, right after the first answered request of that method."""

    def push_once(line: str) -> None:
        if any(earlier.startswith(method) for earlier in hub.requests):
            hub.on_request = None
            hub.push(NAME, files)

    hub.on_request = push_once


@pytest.mark.parametrize("method", ["GET", "HEAD"])  # the first looks up the commit, or a file
def test_a_push_while_loading_does_not_mix_two_versions(
    hub: HubServer, child: Child, method: str
) -> None:
    old = {
        "universe.bed.gz": gzip.compress(BED),
        "tokenizer_config.json": CONFIG,
        "special_tokens_map.json": SPECIAL,
    }
    new = {"universe.bed.gz": gzip.compress(OTHER_BED), "tokenizer_config.json": b"{}"}
    hub.push(NAME, old)
    push_after(hub, method, new)
    assert contents(child(resolve_code(repr(NAME)))) == old
    assert hub.on_request is None
    assert contents(child(resolve_code(repr(NAME)))) == new


def test_a_push_that_adds_a_universe_while_loading_does_not_mix_two_versions(
    hub: HubServer, child: Child
) -> None:
    hub.push(NAME, {"universe.bed": BED})
    push_after(hub, "HEAD", {"universe.bed": OTHER_BED, "tokenizer_config.json": CONFIG})
    assert contents(child(resolve_code(repr(NAME)))) == {"universe.bed": BED}


# -- the cache ----------------------------------------------------------------------------------


@pytest.mark.parametrize("files", [{}, {"special_tokens_map.json": SPECIAL}])
def test_the_cache_serves_when_offline(
    hub: HubServer, child: Child, files: dict[str, bytes]
) -> None:
    hub.push(NAME, {"universe.bed.gz": gzip.compress(BED), **files})
    loaded = child(load_code(repr(NAME)))
    asked = len(hub.requests)
    assert child(load_code(repr(NAME)), HF_HUB_OFFLINE="1") == loaded
    assert child(load_code(f"{NAME!r}, local_files_only=True")) == loaded
    assert len(hub.requests) == asked


def test_a_plain_universe_is_found_in_the_cache_when_offline(hub: HubServer, child: Child) -> None:
    hub.push(NAME, {"universe.bed": BED})
    loaded = child(load_code(repr(NAME)))
    assert child(load_code(repr(NAME)), HF_HUB_OFFLINE="1") == loaded


def test_a_second_load_downloads_nothing_again(hub: HubServer, child: Child) -> None:
    hub.push(NAME, {"universe.bed.gz": gzip.compress(BED), "tokenizer_config.json": b"{}"})
    child(resolve_code(repr(NAME)))
    before = len(hub.requests)
    child(resolve_code(repr(NAME)))
    # One look whether the branch has moved; the rest is known for that commit.
    assert hub.requests[before:] == [f"GET /api/models/{NAME}/revision/main"]


def test_a_second_load_sees_a_newer_version(hub: HubServer, child: Child) -> None:
    hub.push(NAME, {"universe.bed.gz": gzip.compress(BED)})
    child(resolve_code(repr(NAME)))
    hub.push(NAME, {"universe.bed.gz": gzip.compress(OTHER_BED), "tokenizer_config.json": b"{}"})
    result = contents(child(resolve_code(repr(NAME))))
    assert set(result) == {"universe.bed.gz", "tokenizer_config.json"}
    assert gzip.decompress(result["universe.bed.gz"]) == OTHER_BED


def test_the_cache_serves_when_the_hub_is_down(hub: HubServer, child: Child) -> None:
    hub.push(NAME, {"universe.bed.gz": gzip.compress(BED)})
    loaded = child(load_code(repr(NAME)))
    hub.status = 503
    assert child(load_code(repr(NAME))) == loaded
    assert child(load_code(repr(NAME)), endpoint="http://127.0.0.1:9") == loaded


def test_offline_a_file_that_was_never_asked_for_counts_as_absent(
    hub: HubServer, child: Child
) -> None:
    hub.push(NAME, {"universe.bed.gz": gzip.compress(BED), "tokenizer_config.json": CONFIG})
    child(
        "from huggingface_hub import hf_hub_download\n"
        f"result = hf_hub_download({NAME!r}, 'universe.bed.gz')"
    )
    assert child(load_code(repr(NAME)), HF_HUB_OFFLINE="1") == [10, "<unk>", [0, 1]]
    assert child(load_code(f"{NAME!r}, local_files_only=True")) == [10, "<unk>", [0, 1]]
    assert child(load_code(repr(NAME)))[1] == "[UNK]"


def test_a_load_shows_no_progress_where_nobody_looks_or_nothing_is_fetched(
    hub: HubServer, child: Child
) -> None:
    hub.push(NAME, {"universe.bed.gz": gzip.compress(BED), "tokenizer_config.json": b"{}"})
    code = (
        "import io, sys\n"
        "class Terminal(io.StringIO):\n"
        "    def isatty(self):\n"
        "        return True\n"
        "from bedtok._hub import resolve\n"
        "sys.stderr = log = io.StringIO()\n"
        f"resolve({NAME!r})\n"
        "sys.stderr = terminal = Terminal()\n"
        f"resolve({NAME!r})\n"
        "result = [log.getvalue(), terminal.getvalue()]"
    )
    assert child(code, HF_HUB_DISABLE_PROGRESS_BARS="0") == ["", ""]


def test_cache_dir_is_where_the_files_go(hub: HubServer, child: Child, tmp_path: Path) -> None:
    hub.push(NAME, {"universe.bed.gz": gzip.compress(BED)})
    code = f"from bedtok._hub import resolve\nresult = str(resolve({NAME!r}, cache_dir='there'))"
    folder = Path(child(code))
    assert (tmp_path / folder).is_relative_to(tmp_path / "there")
    assert child(code, HF_HUB_OFFLINE="1") == str(folder)


# -- errors -------------------------------------------------------------------------------------


def fails(result: Any, kind: type[BaseException], *parts: str) -> None:
    assert isinstance(result, dict) and "error" in result, result
    assert kind.__name__ in result["bases"], result
    assert "\n" not in result["message"]
    for part in parts:
        assert part in result["message"]


@pytest.mark.parametrize("name", ["databio/no-such-model", "no-such-model"])
def test_a_name_that_is_no_model_is_neither_folder_nor_model(child: Child, name: str) -> None:
    fails(
        child(load_code(repr(name))),
        FileNotFoundError,
        f"'{name}' is neither a folder nor a model on the Hub",
        "check the spelling",
        "token=",
    )


@pytest.mark.parametrize("name", ["data bio/x", "a--b", "x.git", "-x"])
def test_a_name_that_no_model_can_have_is_not_asked_for(
    hub: HubServer, child: Child, name: str
) -> None:
    result = child(load_code(repr(name)))
    fails(result, FileNotFoundError, f"'{name}' is neither a folder nor a name")
    assert hub.requests == []


def test_an_unknown_revision_is_named(hub: HubServer, child: Child) -> None:
    hub.push(NAME, {"universe.bed.gz": gzip.compress(BED)})
    result = child(load_code(f"{NAME!r}, revision='v7'"))
    fails(result, FileNotFoundError, f"'{NAME}' has no revision 'v7' on the Hub")


def test_a_model_without_a_universe_names_the_files_looked_for(
    hub: HubServer, child: Child
) -> None:
    hub.push(NAME, {"config.json": b"{}", "tokenizer_config.json": b"{}"})
    result = child(load_code(repr(NAME)))
    fails(result, FileNotFoundError, f"'{NAME}' has neither universe.bed.gz nor universe.bed")
    result = child(load_code(f"{NAME!r}, subfolder='tok', revision='main'"))
    fails(result, FileNotFoundError, "'main' has neither tok/universe.bed.gz nor tok/universe.bed")


@pytest.mark.parametrize("arguments", ["", ", local_files_only=True", ", revision='v1'"])
def test_offline_and_not_cached_says_so(hub: HubServer, child: Child, arguments: str) -> None:
    hub.push(NAME, {"universe.bed.gz": gzip.compress(BED)})
    offline = {} if "local_files_only" in arguments else {"HF_HUB_OFFLINE": "1"}
    fails(
        child(load_code(repr(NAME) + arguments), **offline),
        FileNotFoundError,
        f"'{NAME}'" + (" at revision 'v1'" if "revision" in arguments else ""),
        "is neither a folder nor in the cache of the Hub",
        "load it once with the network",
    )
    assert hub.requests == []


def test_offline_with_other_files_in_the_cache_says_that_the_hub_is_not_asked(
    hub: HubServer, child: Child
) -> None:
    hub.push(NAME, {"universe.bed.gz": gzip.compress(BED), "config.json": b"{}"})
    child(
        "from huggingface_hub import hf_hub_download\n"
        f"result = hf_hub_download({NAME!r}, 'config.json')"
    )
    for arguments, env in (("", {"HF_HUB_OFFLINE": "1"}), (", local_files_only=True", {})):
        result = child(load_code(repr(NAME) + arguments), **env)
        fails(result, FileNotFoundError, "nor in the cache of the Hub", "load it once")


def test_a_gated_model_is_a_permission_error(hub: HubServer, child: Child) -> None:
    hub.push(NAME, {"universe.bed.gz": gzip.compress(BED)}, gated=True)
    fails(child(load_code(repr(NAME))), PermissionError, f"'{NAME}' is gated", "token=")


def test_a_private_model_without_token_names_the_token(hub: HubServer, child: Child) -> None:
    hub.push(NAME, {"universe.bed.gz": gzip.compress(BED)}, token="hf_secret")
    result = child(load_code(f"{NAME!r}, token='hf_wrong'"))
    fails(result, FileNotFoundError, "if the model is private", "token=")
    assert "hf_wrong" not in result["message"]


def test_a_login_of_nobody_says_how_to_log_in(hub: HubServer, child: Child) -> None:
    result = child(load_code(f"{NAME!r}, token=True"))
    fails(result, PermissionError, f"'{NAME}': no token to log in with; run 'hf auth login'")
    assert hub.requests == []


def test_a_refused_token_is_a_permission_error(hub: HubServer, child: Child) -> None:
    hub.push(NAME, {"universe.bed.gz": gzip.compress(BED)})
    hub.status = 403
    result = child(load_code(repr(NAME)))
    fails(result, PermissionError, f"'{NAME}': the Hub refuses access; check token=", "403")
    assert "'hf auth login'" in result["message"]
    assert "if it is gated" in result["message"]


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_hub_that_fails_is_a_connection_error(hub: HubServer, child: Child, status: int) -> None:
    hub.push(NAME, {"universe.bed.gz": gzip.compress(BED)})
    hub.status = status
    result = child(load_code(repr(NAME)))
    fails(result, ConnectionError, f"'{NAME}' could not be had from the Hub", str(status))


def test_a_network_that_is_down_is_a_connection_error(child: Child) -> None:
    result = child(load_code(repr(NAME)), endpoint="http://127.0.0.1:9")
    fails(result, ConnectionError, f"'{NAME}' could not be had from the Hub", "check the network")


def test_a_network_lost_half_way_is_not_taken_for_a_missing_file(
    hub: HubServer, child: Child
) -> None:
    hub.push(NAME, {"universe.bed.gz": gzip.compress(BED), "tokenizer_config.json": CONFIG})

    def fail_at_configuration(line: str) -> None:
        hub.status = 503 if line.endswith(".json") else None

    hub.on_request = fail_at_configuration
    fails(child(load_code(repr(NAME))), ConnectionError, "503")


def test_what_an_interrupted_download_left_is_not_taken_for_the_model(
    hub: HubServer, child: Child
) -> None:
    hub.push(
        NAME,
        {
            "special_tokens_map.json": SPECIAL,
            "tokenizer_config.json": CONFIG,
            "universe.bed.gz": gzip.compress(BED),
        },
    )

    def fail_from_configuration_on(line: str) -> None:
        if line.endswith("tokenizer_config.json") and hub.status is None:
            time.sleep(0.5)  # a universe that is fetched at the same time would arrive
            hub.status = 503

    hub.on_request = fail_from_configuration_on
    for _ in range(2):  # the second finds special_tokens_map.json in the cache
        fails(child(load_code(repr(NAME))), ConnectionError, "503")
    fails(child(load_code(repr(NAME)), HF_HUB_OFFLINE="1"), FileNotFoundError, "all its files")
    hub.on_request, hub.status = None, None
    assert child(load_code(repr(NAME)))[1] == "[UNK]"


def test_something_that_is_not_a_hub_is_an_error_of_one_line(hub: HubServer, child: Child) -> None:
    hub.status = 200  # no ETag, no commit
    result = child(load_code(repr(NAME)))
    fails(result, OSError, f"'{NAME}' could not be had from the Hub")


def test_a_damaged_universe_names_the_file(hub: HubServer, child: Child) -> None:
    hub.push(NAME, {"universe.bed.gz": gzip.compress(BED)[:-10]})
    fails(child(load_code(repr(NAME))), ValueError, "universe.bed.gz")


def test_a_missing_client_is_an_import_error_with_its_remedy(child: Child) -> None:
    code = "import sys\nsys.modules['huggingface_hub'] = None\n" + load_code(repr(NAME))
    fails(child(code), ImportError, f"'{NAME}' is not a folder here", "must be installed")


# -- push_to_hub --------------------------------------------------------------------------------

MODEL = "someone/mine"
MAKE = """
from bedtok import Tokenizer
tokenizer = Tokenizer.from_regions(
    ["chr1:100-200", "chr1:300-400"], {"unk": "[UNK]"}, template="<cls> $A", unique=True
)
tokenizer.add_special_tokens({"additional_special_tokens": ["<donor>"]})
"""
SAVED = {"universe.bed.gz", "tokenizer_config.json", "special_tokens_map.json"}


def push_code(arguments: str) -> str:
    return (
        f"{MAKE}info = tokenizer.push_to_hub({arguments})\n"
        "result = [info.oid, info.commit_url, info.pr_url]"
    )


def test_what_was_pushed_loads_equal(hub: HubServer, child: Child) -> None:
    code = (
        f"{MAKE}tokenizer.push_to_hub({MODEL!r}, token='hf_writer')\n"
        f"loaded = Tokenizer.from_pretrained({MODEL!r})\n"
        "result = [loaded == tokenizer, loaded.unk_token, loaded.template, len(loaded)]"
    )
    assert child(code) == [True, "[UNK]", ["<cls>", "$A"], 10]
    assert set(hub.files(MODEL)) == SAVED | {".gitattributes"}
    assert [line["name"] for line in hub.created] == ["mine"]
    assert hub.commits == [("main", "Upload tokenizer", "")]


def test_a_push_is_one_commit_on_top_of_what_is_there(hub: HubServer, child: Child) -> None:
    hub.push(MODEL, {"model.safetensors": b"weights", "tokenizer_config.json": b"{}"})
    oid, url, pr_url = child(push_code(f"{MODEL!r}, token='hf_writer'"))
    assert set(hub.files(MODEL)) == SAVED | {"model.safetensors"}
    assert hub.files(MODEL)["model.safetensors"] == b"weights"
    assert json.loads(hub.files(MODEL)["tokenizer_config.json"])["unk_token"] == "[UNK]"
    assert (url, pr_url) == (f"{hub.url}/{MODEL}/commit/{oid}", None)
    assert hub.created == [] and len(hub.commits) == 1
    # The same once more changes nothing.
    assert child(push_code(f"{MODEL!r}, token='hf_writer'"))[0] == oid
    assert len(hub.commits) == 1


def test_the_keywords_of_a_push_reach_the_hub(hub: HubServer, child: Child) -> None:
    child(
        push_code(
            f"{MODEL!r}, token='hf_writer', private=True, commit_message='first', "
            "commit_description='of many'"
        )
    )
    (wanted,) = hub.created
    assert wanted.get("private") is True or wanted.get("visibility") == "private"
    assert hub.commits == [("main", "first", "of many")]
    hub.push(MODEL, {}, "dev")
    child(push_code(f"{MODEL!r}, token='hf_writer', revision='dev', commit_message='second'"))
    assert hub.commits[1:] == [("dev", "second", "")]
    assert set(hub.files(MODEL, "dev")) == SAVED


def test_a_push_may_be_a_pull_request(hub: HubServer, child: Child) -> None:
    hub.push(MODEL, {"model.safetensors": b"weights"})
    pr_url = child(push_code(f"{MODEL!r}, token='hf_writer', create_pr=True"))[2]
    assert pr_url == f"{hub.url}/{MODEL}/discussions/1"
    assert set(hub.files(MODEL)) == {"model.safetensors"}
    assert set(hub.files(MODEL, "refs/pr/1")) == SAVED | {"model.safetensors"}


def test_a_name_without_owner_is_the_users(hub: HubServer, child: Child) -> None:
    code = push_code("'mine'") + f"\nresult = Tokenizer.from_pretrained({MODEL!r}) == tokenizer"
    assert child(code, HF_TOKEN="hf_writer") is True
    assert set(hub.files(MODEL)) == SAVED | {".gitattributes"}


@pytest.mark.parametrize("exists", [False, True], ids=["new", "existing"])
@pytest.mark.parametrize("arguments", ["", ", token='hf_other'"], ids=["none", "other"])
def test_a_push_without_the_right_to_write_is_a_permission_error(
    hub: HubServer, child: Child, arguments: str, exists: bool
) -> None:
    if exists:
        hub.push(MODEL, {"model.safetensors": b"weights"})
    result = child(push_code(repr(MODEL) + arguments))
    fails(result, PermissionError, f"'{MODEL}': the Hub refuses the upload", "pass token=")
    assert "hf_other" not in result["message"]
    assert hub.commits == []


def test_a_push_with_the_login_of_nobody_says_how_to_log_in(hub: HubServer, child: Child) -> None:
    result = child(push_code(f"{MODEL!r}, token=True"))
    fails(result, PermissionError, f"'{MODEL}': no token to log in with; run 'hf auth login'")
    assert hub.requests == []


def test_a_push_to_a_hub_that_cannot_be_reached_is_a_connection_error(child: Child) -> None:
    code = push_code(f"{MODEL!r}, token='hf_writer'")
    result = child(code, endpoint="http://127.0.0.1:9")
    fails(result, ConnectionError, f"'{MODEL}': the Hub cannot be reached", "check the network")
    result = child(code, HF_HUB_OFFLINE="1")
    fails(result, ConnectionError, f"'{MODEL}': the Hub cannot be reached")


@pytest.mark.parametrize("status", [503, 429])
def test_a_push_to_a_hub_that_fails_is_a_connection_error(
    hub: HubServer, child: Child, status: int
) -> None:
    hub.status = status
    result = child(push_code(f"{MODEL!r}, token='hf_writer'"))
    fails(result, ConnectionError, f"'{MODEL}': the Hub did not take the upload", str(status))


def test_a_push_to_something_that_is_not_a_hub_is_a_connection_error(
    hub: HubServer, child: Child
) -> None:
    hub.status = 200  # an empty page
    result = child(push_code(f"{MODEL!r}, token='hf_writer'"))
    fails(result, ConnectionError, f"'{MODEL}': the Hub cannot be reached")


def test_a_push_to_a_branch_that_is_not_there_is_an_error(hub: HubServer, child: Child) -> None:
    result = child(push_code(f"{MODEL!r}, token='hf_writer', revision='v7'"))
    fails(result, OSError, f"'{MODEL}': the Hub did not take the upload")
    assert hub.commits == []


@pytest.mark.parametrize("name", ["a/b/c", "a--b"])
def test_a_push_to_a_name_that_no_model_can_have_is_not_sent(
    hub: HubServer, child: Child, name: str
) -> None:
    result = child(push_code(f"{name!r}, token='hf_writer'"))
    fails(result, ConfigError, f"repo_id '{name}': ")
    assert hub.requests == []


def test_a_push_without_the_client_names_the_remedy(child: Child) -> None:
    code = "import sys\nsys.modules['huggingface_hub'] = None\n" + push_code(repr(MODEL))
    fails(child(code), ImportError, "push_to_hub needs huggingface_hub")
    fails(child(push_code("3")), TypeError, "repo_id: expected str, not int")


# -- local folders ------------------------------------------------------------------------------


def test_a_local_folder_never_loads_the_client(
    hub: HubServer, child: Child, tmp_path: Path
) -> None:
    folder = tmp_path / "databio" / "atacformer-base-hg38"
    folder.mkdir(parents=True)
    (folder / "universe.bed").write_bytes(BED)
    code = load_code(repr(NAME)) + "\nimport sys\nresult.append('huggingface_hub' in sys.modules)"
    assert child(code) == [10, "<unk>", [0, 1], False]
    assert hub.requests == []


def test_a_folder_is_returned_with_its_subfolder(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert resolve(tmp_path) == tmp_path
    assert resolve(str(tmp_path), subfolder="a/b", revision="ignored") == tmp_path / "a" / "b"
    with pytest.raises(FileNotFoundError, match="has no folder 'c'"):
        resolve(tmp_path, subfolder="c")


def test_home_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "model").mkdir()
    assert resolve("~/model") == tmp_path / "model"


def test_what_looks_like_a_path_never_goes_to_the_network(
    hub: HubServer, child: Child, tmp_path: Path
) -> None:
    names = ["./x/y", "../x", "/no/such", "~/no/such", "a/b/c", "x/", "", ".", "..\\x"]
    for name in names[:-3] + names[-1:]:
        fails(child(load_code(repr(name))), FileNotFoundError, "no such folder")
    code = "from pathlib import Path\n" + load_code(f"Path({NAME!r})")
    fails(child(code), FileNotFoundError, "no such folder")
    fails(child(load_code("''")), FileNotFoundError, "no such folder")
    assert hub.requests == []


def test_a_file_is_not_a_folder_and_the_way_to_load_it_is_told(tmp_path: Path) -> None:
    file = tmp_path / "universe.bed"
    file.write_bytes(BED)
    with pytest.raises(NotADirectoryError, match=r"is a file.*Tokenizer\('"):
        resolve(str(file))
    with pytest.raises(NotADirectoryError, match="is a file"):
        resolve(file)


@pytest.mark.parametrize("subfolder", ["..", "a/../..", "/etc", "..\\x", "C:\\x"])
def test_a_subfolder_cannot_lead_out(tmp_path: Path, subfolder: str) -> None:
    with pytest.raises(ConfigError, match="expected a folder inside"):
        resolve(tmp_path, subfolder=subfolder)


def test_wrong_types_are_named(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        resolve(7)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="not bytes"):
        resolve(b"x")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="subfolder: expected str, not int"):
        resolve(tmp_path, subfolder=3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="revision: expected str or None, not int"):
        resolve("databio/x", revision=3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="token: expected str or None, not int"):
        resolve("databio/x", token=3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "revision",
    [
        "../x",
        "../../x",
        "a/../b",
        "/etc",
        "a//b",
        ".hidden",
        "a/.b",
        "x\\y",
        "",
        "a b",
        "x\n",
        "a:b",
    ],
)
def test_a_revision_cannot_lead_out(tmp_path: Path, revision: str) -> None:
    for name in ("databio/x", tmp_path):
        with pytest.raises(ConfigError, match="expected the name of a branch, a tag or a commit"):
            resolve(name, revision=revision)
    with pytest.raises(ConfigError, match="expected the name of a branch"):
        upload(
            str(tmp_path),
            "databio/x",
            commit_message="",
            commit_description=None,
            private=None,
            token=None,
            revision=revision,
            create_pr=False,
        )


@pytest.mark.parametrize("revision", ["main", "v1.0", "refs/pr/1", "0" * 40, "feature/x-1_2"])
def test_names_of_branches_tags_and_commits_are_revisions(tmp_path: Path, revision: str) -> None:
    assert resolve(tmp_path, revision=revision) == tmp_path


def test_a_name_that_ends_like_a_file_is_a_misspelled_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_hub, "_import_client", lambda purpose: pytest.fail("asks the Hub"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "universe.bed.gz").write_bytes(b"")
    for name in ("univers.bed.gz", "data/universe.bed", "config.toml"):
        with pytest.raises(FileNotFoundError, match=f"'{name}': no such folder") as raised:
            resolve(name)
        assert ("did you mean 'universe.bed.gz'?" in str(raised.value)) == (name[0] == "u")


def test_a_name_that_the_hub_does_not_know_may_be_a_misspelled_folder(
    hub: HubServer, child: Child, tmp_path: Path
) -> None:
    (tmp_path / "my_model").mkdir()
    code = f"import os; os.chdir({str(tmp_path)!r})\n" + load_code("'my_modle'")
    fails(child(code), FileNotFoundError, "nor a model on the Hub", "did you mean 'my_model'?")


class SilentServer:
    """Takes connections on the loopback interface and never answers."""

    def __enter__(self) -> str:
        self._socket = socket.create_server(("127.0.0.1", 0))
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        self._socket.close()


def test_a_hub_that_never_answers_is_given_up_soon(hub: HubServer, child: Child) -> None:
    hub.push(NAME, {"universe.bed.gz": gzip.compress(BED)})
    with SilentServer() as url:
        begin = time.monotonic()
        result = child(load_code(repr(NAME)), endpoint=url, HF_HUB_ETAG_TIMEOUT="1")
        assert time.monotonic() - begin < 30  # two seconds, and the start of a process
        fails(result, ConnectionError, f"'{NAME}' could not be had from the Hub", "does not answer")
        expected = child(load_code(repr(NAME)))
        assert "error" not in expected
        # What is in the cache serves.
        assert child(load_code(repr(NAME)), endpoint=url, HF_HUB_ETAG_TIMEOUT="1") == expected


def test_a_slow_hub_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_ETAG_TIMEOUT", 0.02)
    asked: list[str] = []
    monkeypatch.setattr(_hub, "_answers", lambda url, timeout: not asked.append(url))

    def work() -> Path:
        time.sleep(0.2)
        return Path("done")

    assert _hub._unless_silent(work) == Path("done")
    assert 1 <= len(asked) <= 4  # ever less often

    def fail() -> Path:
        raise KeyError("lost")

    with pytest.raises(KeyError, match="lost"):
        _hub._unless_silent(fail)


def test_any_answer_is_an_answer(hub: HubServer) -> None:
    hub.status = 500
    assert _hub._answers(hub.url, 10)
    assert _hub._answers("http://127.0.0.1:9", 10)  # refused at once: the client says so
    with SilentServer() as url:
        assert not _hub._answers(url, 0.1)

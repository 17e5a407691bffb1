# SPDX-License-Identifier: BSD-2-Clause
"""Files of web servers: whole, tried again, or refused with a reason."""

from __future__ import annotations

import errno
import gzip
import os
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import traceback
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bedtok import ConfigError, Error, ParseError, RegionSet, Tokenizer
from bedtok._files import source_paths
from bedtok._remote import retries
from bedtok._remote.files import read_head
from bedtok._remote.url import Url
from bedtok.cli import main
from bedtok.io import tokenize_files
from raising import raises
from web_server import PASSWORD, USER, WebServer

config = pytest.importorskip(
    "fsspec.config", reason="fsspec is not installed: pip install 'bedtok[remote]'"
)
pytest.importorskip("aiohttp", reason="aiohttp is not installed: pip install 'bedtok[remote]'")
pytestmark = pytest.mark.network

LINES = [f"chr1\t{start}\t{start + 50}" for start in range(0, 20000, 100)]
BED = ("\n".join(LINES) + "\n").encode()
GZ = gzip.compress(BED, mtime=0)


@pytest.fixture(scope="module")
def server() -> Iterator[WebServer]:
    with WebServer() as server:
        server.files = {"a.bed": BED, "a.bed.gz": GZ, "bad.bed": b"chr1\t5\tx\n"}
        yield server


@pytest.fixture(autouse=True)
def web(
    server: WebServer, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> WebServer:
    """The server, and tries without waits, proxies or a ~/.netrc."""
    server.requests.clear()
    server.counts.clear()
    monkeypatch.setattr(retries, "_FIRST_WAIT", 0.001)
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv("NETRC", os.devnull)
    return server


@pytest.fixture(autouse=True)
def copies(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """The folder for temporary files, in which nothing stays behind."""
    folder = tmp_path_factory.mktemp("copies")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def failing(kind: type[OSError], url: str, text: str, **options: Any) -> OSError:
    """Check that a URL cannot be read, and return the error, which leads to no other one."""
    with pytest.raises(kind) as caught:
        RegionSet.from_bed(url, storage_options=options or None)
    error = caught.value
    assert type(error) is kind
    assert text in str(error)
    assert error.filename == url
    assert error.__context__ is None
    assert error.__cause__ is None
    return error


@pytest.mark.parametrize(
    "path",
    [
        *("ok/a.bed", "ok/a.bed.gz", "flaky/a.bed", "cut/a.bed", "cut/a.bed.gz", "changes/a.bed"),
        *("move/a.bed", "chunks/a.bed", "chunks/a.bed.gz", "drip/a.bed", "packed/a.bed"),
        *("labelled/a.bed.gz", "get-only/a.bed", "ok/a.bed?X-Amz-Signature=1"),
    ],
)
def test_a_file_is_read_as_the_local_one(web: WebServer, path: str, tmp_path: Path) -> None:
    (tmp_path / "a.bed").write_bytes(BED)
    regions = RegionSet.from_bed(f"{web.url}/{path}")
    assert regions == RegionSet.from_bed(tmp_path / "a.bed")
    assert regions.path == f"{web.url}/{path}".partition("?")[0]


@pytest.mark.parametrize(
    ("path", "kind", "number", "text"),
    [
        ("missing/a.bed", FileNotFoundError, errno.ENOENT, "HTTP 404 Not Found"),
        ("refused/a.bed", PermissionError, errno.EACCES, "HTTP 403 Forbidden; expected a user"),
        ("login/a.bed", PermissionError, errno.EACCES, "HTTP 401 Unauthorized"),
        ("gone-mad/a.bed", OSError, errno.EIO, "HTTP 500 Internal Server Error, also after"),
        (
            "cut-always/a.bed",
            OSError,
            errno.EIO,
            "the connection ended before the file did",
        ),
        ("cut-chunks/a.bed", OSError, errno.EIO, "the connection ended before the file did"),
        ("half/a.bed", OSError, errno.EIO, "the server gives no Content-Length"),
        ("half/a.bed.gz", OSError, errno.EIO, "the server gives no Content-Length"),
        ("no-length/a.bed", OSError, errno.EIO, "expected a length, or chunks"),
        ("no-length/a.bed.gz", OSError, errno.EIO, "expected a length, or chunks"),
        ("cut-always/a.bed.gz", OSError, errno.EIO, "the connection ended before the file did"),
        ("cut-chunks/a.bed.gz", OSError, errno.EIO, "the connection ended before the file did"),
        ("brotli/a.bed", OSError, errno.EIO, "the server sends Content-Encoding 'br', expected"),
        ("loop/a.bed", OSError, errno.EIO, "redirects without an end"),
    ],
)
def test_what_cannot_be_read_as_a_whole_is_refused(
    web: WebServer, path: str, kind: type[OSError], number: int, text: str
) -> None:
    assert failing(kind, f"{web.url}/{path}", text).errno == number


def test_only_what_may_pass_is_tried_again(web: WebServer) -> None:
    for path, tries in (("refused/a.bed", 1), ("gone-mad/a.bed", 5), ("cut-always/a.bed", 5)):
        with pytest.raises(OSError):
            RegionSet.from_bed(f"{web.url}/{path}")
        requests = web.methods(f"/{path}")
        assert requests.count("HEAD") == tries  # fsspec asks for the size before
        assert requests.count("GET") == tries


def test_a_gzip_file_that_the_server_has_a_part_of_is_seen_by_its_end(web: WebServer) -> None:
    web.files["cut.bed.gz"] = GZ[:-4]
    for way in ("ok", "chunks"):
        url = f"{web.url}/{way}/cut.bed.gz"
        raises(ParseError, url, lambda url=url: RegionSet(url))  # type: ignore[misc]


def test_silence_ends_and_slowness_does_not(web: WebServer) -> None:
    begin = time.monotonic()
    text = "the server was silent; storage_options={'timeout': seconds} waits longer"
    failing(TimeoutError, f"{web.url}/silent/a.bed", text, timeout=0.1)
    assert time.monotonic() - begin < 20
    # Each pause is shorter than the time-out, all of them together are not.
    regions = RegionSet.from_bed(f"{web.url}/drip/a.bed", storage_options={"timeout": 0.12})
    assert len(regions) == len(LINES)


def test_a_server_that_is_not_there_is_an_error_with_a_reason() -> None:
    with WebServer() as gone:
        url = f"{gone.url}/ok/a.bed"
    failing(ConnectionRefusedError, url, "cannot be read: Connection refused")


def test_a_damaged_content_encoding_is_an_error(web: WebServer) -> None:
    web.files["torn.bed"] = GZ[: len(GZ) // 2]
    url = f"{web.url}/labelled/torn.bed"
    raises(ParseError, f"{url}: the gzip stream is cut off", lambda: RegionSet(url))


def test_a_file_that_was_packed_twice_is_refused(web: WebServer) -> None:
    url = f"{web.url}/packed/a.bed.gz"
    raises(ParseError, f"{url}:1: a NUL byte stands at column 4", lambda: RegionSet(url))


def test_errors_of_readers_name_the_url(web: WebServer) -> None:
    url = f"{web.url}/ok/bad.bed"
    error = raises(ParseError, f"{url}:1: end 'x' is not a coordinate", lambda: RegionSet(url))
    assert (error.path, error.line) == (url, 1)  # type: ignore[attr-defined]


# ---- credentials


def test_a_user_in_the_url_logs_in_and_is_never_shown(web: WebServer, tmp_path: Path) -> None:
    url = f"http://{USER}:{PASSWORD}@127.0.0.1:{web.port}/login/a.bed"
    shown = f"{web.url}/login/a.bed"
    regions = RegionSet(url)
    assert (len(regions), regions.path) == (len(LINES), shown)
    tokenizer = Tokenizer(url)
    result = tokenize_files([url], tokenizer, output_dir=tmp_path, format="npz")
    assert result.samples["a"].path == shown
    for file in tmp_path.iterdir():
        assert PASSWORD.encode() not in file.read_bytes()
    failing(PermissionError, shown, "HTTP 401")


def test_netrc_logs_in(web: WebServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login {USER} password {PASSWORD}\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    assert len(RegionSet(f"{web.url}/login/a.bed")) == len(LINES)


def test_another_server_gets_no_credentials(web: WebServer) -> None:
    with WebServer() as other:
        other.files = web.files
        web.other = other.url
        headers = {"Authorization": "Bearer t0ken-of-mine", "X-Token": "t0ken-of-mine"}
        RegionSet.from_bed(f"{web.url}/elsewhere/a.bed", storage_options={"headers": headers})
        assert web.requests[0].headers["X-Token"] == "t0ken-of-mine"
        RegionSet(f"http://{USER}:{PASSWORD}@127.0.0.1:{web.port}/elsewhere/a.bed")
        assert "Authorization" in web.requests[-1].headers
        assert {request.method for request in other.requests} == {"HEAD", "GET"}
        for request in other.requests:
            assert "t0ken-of-mine" not in str(request)
            assert "Authorization" not in request.headers


def test_the_same_server_gets_headers_after_a_redirect(web: WebServer) -> None:
    RegionSet.from_bed(f"{web.url}/move/a.bed", storage_options={"headers": {"X-Token": "t0ken"}})
    assert [request.headers["X-Token"] for request in web.requests] == ["t0ken"] * 4


def test_redirects_lead_to_no_files(web: WebServer) -> None:
    web.other = "file://"
    url = f"{web.url}/elsewhere/a.bed"
    failing(OSError, url, "redirects to file:///ok/a.bed, expected http or https")
    assert len(web.requests) == 2  # HEAD and GET, once


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 that it signed itself, and its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("the command openssl is not installed")
    files = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-out", str(files[0]), "-keyout", str(files[1])]
    subprocess.run(command, check=True, capture_output=True)
    return files


def test_https_checks_the_server_and_leads_to_https_only(
    web: WebServer, certificate: tuple[Path, Path]
) -> None:
    with WebServer(certificate) as secure:
        secure.files, secure.other = web.files, f"http://me:s3cr3t-pw@127.0.0.1:{web.port}"
        failing(OSError, f"{secure.url}/ok/a.bed", "certificate verify failed")
        assert secure.requests == []
        trusted = {"ssl": ssl.create_default_context(cafile=certificate[0])}
        regions = RegionSet.from_bed(f"{secure.url}/ok/a.bed", storage_options=trusted)
        assert len(regions) == len(LINES)
        text = f"redirects to {web.url}/ok/a.bed, expected https"
        failing(OSError, f"{secure.url}/elsewhere/a.bed", text, **trusted)
        assert web.requests == []


SECRETS = ("s3cr3t-pw", "AKIAEXAMPLE", "5ignature", "t0k3n", "h1dden")


@pytest.mark.parametrize("way", ["missing", "refused", "gone-mad", "cut-always", "loop", "silent"])
def test_no_error_shows_credentials(web: WebServer, way: str, tmp_path: Path) -> None:
    query = "X-Amz-Credential=AKIAEXAMPLE&X-Amz-Signature=5ignature&token=t0k3n&other=h1dden"
    url = f"http://me:s3cr3t-pw@127.0.0.1:{web.port}/{way}/a.bed?{query}"
    with pytest.raises(OSError) as caught:
        RegionSet.from_bed(url, storage_options={"timeout": 0.1})
    text = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert f"http://127.0.0.1:{web.port}/{way}/a.bed" in text
    assert not [secret for secret in SECRETS if secret in text]
    if way != "missing":
        return
    tokenizer = Tokenizer.from_regions(["chr1:0-500"])
    result = tokenize_files([url], tokenizer, output_dir=tmp_path, format="npz")
    assert "HTTP 404 Not Found" in str(result)
    written = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert not [secret for secret in SECRETS if secret in str(result) or secret.encode() in written]


def test_the_command_line_shows_no_credentials(
    web: WebServer, capfd: pytest.CaptureFixture[str]
) -> None:
    base = f"http://me:s3cr3t-pw@127.0.0.1:{web.port}"
    for command in (
        ["tokenize", f"{base}/missing/u.bed?token=t0k3n", f"{base}/ok/a.bed"],
        ["tokenize", f"{base}/ok/a.bed", f"{base}/missing/a.bed?token=t0k3n"],
        ["inspect", f"{base}/ok/a.bed", f"--vocab={base}/missing/a.bed?token=t0k3n"],
        ["universe", "build", f"{base}/missing/a.bed?token=t0k3n"],
        ["decode", f"{base}/ok/a.bed", "0", f"--x={base}/missing/a.bed?token=t0k3n"],
    ):
        try:
            assert main(command) == 1
        except SystemExit as end:
            assert end.code == 2
        out, err = capfd.readouterr()
        assert "127.0.0.1" in err, command
        assert not [secret for secret in SECRETS if secret in out + err]


# ---- options


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"headers": ["a"]}, "storage_options: headers are expected as texts by name"),
        ({"timeout": 0}, "storage_options: timeout is 0, expected seconds above 0"),
        ({"timeout": "soon"}, "storage_options: timeout is 'soon', expected seconds above 0"),
    ],
)
def test_options_are_checked(web: WebServer, options: dict[str, Any], text: str) -> None:
    url = f"{web.url}/ok/a.bed"
    raises(ConfigError, text, lambda: RegionSet.from_bed(url, storage_options=options))


def test_an_option_that_is_not_known_is_named(web: WebServer) -> None:
    url = f"{web.url}/ok/a.bed"
    text = "got an unexpected keyword argument 'anon'"
    raises(Error, text, lambda: RegionSet.from_bed(url, storage_options={"anon": True}))


def test_options_of_the_client_keep_the_checks(web: WebServer) -> None:
    options = {"client_kwargs": {"headers": {"X-Token": "t0k3n"}}}
    RegionSet.from_bed(f"{web.url}/ok/a.bed", storage_options=options)
    assert web.requests[0].headers["X-Token"] == "t0k3n"
    assert web.requests[0].headers["User-Agent"].startswith("bedtok/")
    failing(OSError, f"{web.url}/half/a.bed", "the server gives no Content-Length", **options)


def test_options_come_from_the_configuration_of_fsspec(
    web: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(config.conf, "http", {"headers": {"X-Token": "t0k3n"}, "block_size": 5})
    RegionSet(f"{web.url}/ok/a.bed")
    assert web.requests[0].headers["X-Token"] == "t0k3n"


@pytest.mark.parametrize("url", ["http:///a.bed", "http://[::1/a.bed", "https://a:port/x.bed"])
def test_a_url_that_is_none_is_refused(url: str) -> None:
    raises(ConfigError, "is not a legal URL, expected https://host/path", lambda: RegionSet(url))


def test_names_with_spaces_and_other_letters_are_quoted(web: WebServer) -> None:
    web.files["a%20%C3%A4.bed"] = BED
    assert len(RegionSet(f"{web.url}/ok/a ä.bed")) == len(LINES)
    assert len(RegionSet(f"{web.url}/ok/a%20%C3%A4.bed")) == len(LINES)


def test_the_head_of_a_file_is_all_that_is_read(web: WebServer) -> None:
    web.files["long.bed"] = BED * 1000
    assert read_head(Url(f"{web.url}/ok/long.bed"), 100) == BED[:100]


# ---- collections


def test_a_second_run_reads_only_what_has_changed(web: WebServer, tmp_path: Path) -> None:
    tokenizer = Tokenizer(f"{web.url}/ok/a.bed")
    web.files["b.bed"] = b"chr1\t0\t10\n"
    urls = [f"{web.url}/{way}?X-Amz-Signature=1" for way in ("ok/a.bed", "get-only/b.bed")]
    first = tokenize_files(urls, tokenizer, output_dir=tmp_path, format="npz")
    assert list(first.samples) == ["a", "b"]
    web.requests.clear()
    again = [url.replace("Signature=1", "Signature=2") for url in urls]  # signed again
    second = tokenize_files(again, tokenizer, output_dir=tmp_path, format="npz")
    assert (second.skipped, second.files) == (2, [])
    assert sorted(request.method for request in web.requests) == ["GET", "HEAD", "HEAD"]
    web.files["b.bed"] = b"chr1\t700\t710\n"  # of the same size and time
    web.files["b.bed"] += b"chr1\t800\t810\n"
    third = tokenize_files(again, tokenizer, output_dir=tmp_path, format="npz")
    assert (third.skipped, third.samples["b"].regions) == (1, 2)


def test_many_threads_download_at_a_time(web: WebServer, tmp_path: Path) -> None:
    tokenizer = Tokenizer.from_regions(["chr1:0-500"])
    for i in range(40):
        web.files[f"s{i:02}.bed"] = b"chr1\t%d\t%d\n" % (i, i + 5)
    urls = [f"{web.url}/{'ok' if i % 4 else 'flaky'}/s{i:02}.bed" for i in range(40)]
    urls += [f"{web.url}/missing/none.bed"]
    result = tokenize_files(urls, tokenizer, output_dir=tmp_path, format="npz", num_threads=8)
    assert list(result.samples) == [f"s{i:02}" for i in range(40)]
    url = urls[-1]
    assert result.failed == {url: f"{url}: HTTP 404 Not Found"}


def test_commands_read_urls(
    web: WebServer, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fragments = "".join(
        f"chr1\t{i * 100}\t{i * 100 + 50}\tACGTACGTAC{'ACGT'[i % 4]}-1\t1\n" for i in range(200)
    )
    web.files["f.tsv.gz"] = gzip.compress(fragments.encode())
    web.files["list.txt"] = f"# two\n{web.url}/ok/a.bed\n{web.url}/ok/f.tsv.gz\n".encode()
    assert main(["tokenize", f"{web.url}/ok/a.bed", "--files-from", f"{web.url}/ok/list.txt"]) == 0
    out, err = capfd.readouterr()
    assert out.count("\n") == 5  # a sample, and four cells
    assert f"{web.url}/ok/f.tsv.gz: is a fragment file by its content" in err
    assert main(["inspect", f"{web.url}/ok/a.bed.gz"]) == 0
    assert main(["universe", "build", f"{web.url}/ok/a.bed", f"{web.url}/ok/a.bed.gz"]) == 0
    assert "chr1\t0\t50" in capfd.readouterr().out


def test_chains_and_patterns_of_fsspec(web: WebServer, tmp_path: Path) -> None:
    options = {"simplecache": {"cache_storage": str(tmp_path)}}
    url = f"simplecache::{web.url}/ok/a.bed"
    for _ in range(2):
        web.requests.clear()
        assert len(RegionSet.from_bed(url, storage_options=options)) == len(LINES)
    assert web.methods("/ok/a.bed") == ["HEAD"]  # the second time: is it the same still?
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("in/a.bed", BED)
    web.files["a.zip"] = (tmp_path / "a.zip").read_bytes()
    user = f"me:s3cr3t-pw@127.0.0.1:{web.port}"
    regions = RegionSet(f"zip://in/a.bed::http://{user}/ok/a.zip")
    assert regions.path == f"zip://in/a.bed::{web.url}/ok/a.zip"
    assert len(regions) == len(LINES)
    web.files[""] = b'<a href="/ok/a.bed">a</a> <a href="/ok/bad.bed">b</a> <a href="/x">x</a>'
    found = source_paths([f"http://{user}/ok/*.bed"])
    assert found == [f"{web.url}/ok/a.bed", f"{web.url}/ok/bad.bed"]
    assert len(RegionSet(found[0])) == len(LINES)


def test_an_interruption_ends_downloads(web: WebServer, tmp_path: Path, copies: Path) -> None:
    """SIGINT while a thread waits for its next try."""
    program = f"""
from bedtok import Tokenizer
from bedtok.io import tokenize_files
tokenizer = Tokenizer.from_regions(["chr1:0-500"])
tokenize_files(["{web.url}/busy/a.bed"], tokenizer, output_dir={str(tmp_path)!r}, format="npz")
"""
    command = [sys.executable, "-c", program]
    env = {**os.environ, "TMPDIR": str(copies)}
    with subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True) as process:
        while not web.methods("/busy/a.bed"):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        errors = process.communicate()[1]
    assert "KeyboardInterrupt" in errors
    # Each try begins with HEAD; a GET may follow it.
    assert web.methods("/busy/a.bed").count("HEAD") < retries.TRIES

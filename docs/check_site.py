# SPDX-License-Identifier: BSD-2-Clause
"""Check the built site: its links, and what a browser says of it.

    python docs/check_site.py build/docs/html [--look PICTURES]

Every link to a page, an anchor or a file of the site must resolve. With ``--look`` Chromium opens
every page at two widths and takes a picture of its beginning, light and dark; an error in its
console fails the check.
"""

from __future__ import annotations

import argparse
import functools
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

# Width and height of the window; the narrow one is a telephone's.
WINDOWS = {"wide": (1280, 1600), "narrow": (480, 1600)}
# Pages that are generated for machines or hold nothing to see.
NOT_SEEN = ("search.html", "genindex.html", "py-modindex.html")
# Lines of the console that are no errors: the theme tells its mode.
EXPECTED = "[PST]: Changed to auto mode"


class Page(HTMLParser):
    """The anchors of a page, and what it refers to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors = {""}
        self.references: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("id", "name") and value:
                self.anchors.add(value)
            elif name in ("href", "src") and value:
                self.references.append(value)


def broken_links(site: Path) -> list[str]:
    """Return the links within the site that lead nowhere."""
    site = site.resolve()
    pages = {path: Page(path.read_text("utf-8")) for path in sorted(site.glob("*.html"))}
    faults = []
    for path, page in pages.items():
        for reference in page.references:
            target, anchor = urldefrag(reference)
            if urlsplit(target).scheme or target.startswith("//"):
                continue
            name = unquote(urlsplit(target).path)
            file = (path.parent / name).resolve() if name else path
            known = pages.get(file)
            if not file.exists():
                faults.append(f"{path.relative_to(site)}: {reference}: there is no such file")
            elif known is not None and unquote(anchor) not in known.anchors:
                faults.append(f"{path.relative_to(site)}: {reference}: there is no such anchor")
    return faults


class QuietHandler(SimpleHTTPRequestHandler):
    """A handler that does not log requests."""

    def log_message(self, format: str, *args: object) -> None:
        pass


def look(site: Path, pictures: Path) -> list[str]:
    """Take pictures of all pages, and return the errors of the browser's console."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        return ["chromium: not found; on Debian: apt-get install chromium"]
    pictures.mkdir(parents=True, exist_ok=True)
    handler = functools.partial(QuietHandler, directory=str(site))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    seen: dict[str, list[str]] = {}
    shots = [
        (path, window, mode)
        for path in sorted(site.glob("*.html"))
        if path.name not in NOT_SEEN
        for window in WINDOWS
        for mode in (("light", "dark") if window == "wide" else ("light",))
    ]
    for path, window, mode in shots:
        width, height = WINDOWS[window]
        with tempfile.TemporaryDirectory() as profile:
            done = subprocess.run(
                [
                    *(chromium, "--headless", "--no-sandbox", "--disable-gpu"),
                    *("--hide-scrollbars", "--enable-logging=stderr", "--log-level=0"),
                    f"--user-data-dir={profile}",
                    f"--window-size={width},{height}",
                    *(["--blink-settings=preferredColorScheme=0"] if mode == "dark" else []),
                    "--virtual-time-budget=5000",
                    f"--screenshot={pictures / f'{path.stem}-{window}-{mode}.png'}",
                    f"http://127.0.0.1:{server.server_address[1]}/{path.name}",
                ],
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
        for text in re.findall(r'CONSOLE[^\]]*\] "(.*)", source', done.stderr):
            if not text.startswith(EXPECTED):
                seen.setdefault(text, []).append(path.name)
    server.shutdown()
    return [f"{text}: on {len(pages)} pages, as {pages[0]}" for text, pages in seen.items()]


def main() -> int:
    parser = argparse.ArgumentParser(description="Check the built site.")
    parser.add_argument("site", type=Path)
    parser.add_argument("--look", type=Path, metavar="PICTURES", help="folder for pictures")
    args = parser.parse_args()
    faults = broken_links(args.site)
    if args.look is not None:
        faults += look(args.site, args.look)
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

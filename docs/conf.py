# SPDX-License-Identifier: BSD-2-Clause
"""The site: Markdown and docstrings by Sphinx, headers by Doxygen and Breathe. ``./run docs``."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

import breathe.directives.file
import tomllib
from breathe import parser
from breathe.renderer import TaggedNode
from docutils import nodes
from sphinx import addnodes
from sphinx.ext.napoleon import GoogleDocstring

import bedtok

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(HERE / "_ext"))

with open(ROOT / "pyproject.toml", "rb") as _file:
    URLS: dict[str, str] = tomllib.load(_file)["project"].get("urls", {})

project = "bedtok"
author = "The bedtok developers"
copyright = author
version = release = bedtok.__version__
html_baseurl = ""  # where the site is published, for canonical links: the only place that says so

extensions = [
    "breathe",
    "command_help",
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
]
exclude_patterns = ["_ext"]
nitpicky = True

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4

# The XML of Doxygen, which ./run docs makes first.
breathe_projects = {"bedtok": str(ROOT / "build/docs/doxygen/xml")}
breathe_default_project = "bedtok"
breathe_default_members = ("members",)
breathe_show_include = False
# Each header opens the namespace once more.
suppress_warnings = ["duplicate_declaration.cpp"]

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
maximum_signature_line_length = 80
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_attr_annotations = False

# Names of the standard libraries and of other packages: their sites are not asked, so that the site
# is built without a network, and equal wherever it is built.
nitpick_ignore_regex = [
    (r"cpp:.*", r"(std|(\w+::)*detail)(::.*)?"),
    (r"cpp:.*", r"(u?int(8|16|32|64)_t|size_t|ptrdiff_t|nlohmann.*|z_stream)"),
    # Templates for users of enumerations and iterators, which Doxyfile leaves out.
    (r"cpp:.*", r"(EnumNames<.*|const_iterator)"),
    (
        r"py:.*",
        r"(StrPath|StorageOptions|Pool|OnError|Side|Padding|Truncation|ChromSizes|Ids|IdsLike|Int32s|Int64s|Trainer)",
    ),
    # The base of Tokenizer, which has a page; what bedtok::io takes from bedtok::universe.
    (r"py:.*", r"Vocabulary"),
    (r"cpp:.*", r"universe::(Coord|Universe)"),
    (r"py:.*", r"(CallKeywords|TokenizerKeywords)"),
    (r"py:.*", r"collections\.abc\..*|bedtok\..*\._?[A-Za-z]*(Tokenizer|Vocabulary)"),
    (
        r"py:.*",
        r"(torch|transformers|numpy|np|npt|pandas|pd|anndata|ad|pyarrow|pa|os|datasets)\..*",
    ),
]

html_theme = "pydata_sphinx_theme"
html_title = "bedtok"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_context = {"default_mode": "auto"}  # light or dark as the system is
html_show_sourcelink = False
html_sidebars: dict[str, list[str]] = {  # sections of one page
    page: [] for page in ("index", "install", "quickstart", "concepts")
}
html_copy_source = False
html_theme_options: dict[str, Any] = {
    "navbar_align": "left",
    "header_links_before_dropdown": 8,
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "secondary_sidebar_items": {"**": ["page-toc"], "command-line": []},  # its lines are long
    "footer_start": ["copyright"],
    "footer_end": ["sphinx-version"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
if "Repository" in URLS:
    html_theme_options["github_url"] = URLS["Repository"]

# ---- Links between files of the repository that become links between pages -----------------------

# Pages that include a file from outside of docs/, by the file.
INCLUDED = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "bench/README.md": "benchmarks.md",
    "bench/results/report.md": "benchmarks.md",
}
LINK = re.compile(r"(\]\(|\]:\s+)([^)\s#]+)(?=[#)\s])")
# Pages that are written elsewhere, and listed once they are there.
LATER: tuple[str, ...] = ()


def page_exists(name: str) -> bool:
    return (HERE / f"{name}.md").exists()


def site_links(text: str, folder: Path) -> str:
    """Return Markdown of a file in ``folder`` with its links as seen from docs/."""

    def replace(match: re.Match[str]) -> str:
        target = match[2]
        if "://" in target or target.startswith(("mailto:", "#")):
            return match[0]
        path = Path(os.path.normpath(folder / target))
        if not path.is_relative_to(ROOT) or not path.exists():
            return match[0]
        inside = path.relative_to(ROOT).as_posix()
        page = INCLUDED.get(inside) or Path(os.path.relpath(path, HERE)).as_posix()
        return match[1] + page

    return LINK.sub(replace, text)


def on_source(app: Any, name: str, source: list[str]) -> None:
    source[0] = site_links(source[0], HERE)
    if name == "how-to":  # lists pages that a checkout may lack
        there = [line for line in source[0].splitlines() if line not in LATER or page_exists(line)]
        source[0] = "\n".join(there)


def on_include(app: Any, path: Path, parent: str, content: list[str]) -> None:
    content[0] = site_links(content[0], (HERE / path).resolve().parent)


# ---- Drawings, which follow the switch between light and dark ------------------------------------


def inline_drawings(app: Any, doctree: nodes.document, name: str) -> None:
    """Put SVG drawings into the page itself, where its style sheet reaches their colours."""
    if app.builder.format != "html":
        return
    for image in list(doctree.findall(nodes.image)):
        path = HERE / image["uri"]
        if path.suffix == ".svg" and path.exists():
            svg = path.read_text("utf-8")
            if 'class="bt"' in svg:
                raw = nodes.raw("", f'<div class="drawing">{svg}</div>', format="html")
                image.replace_self(raw)


# ---- References ----------------------------------------------------------------------------------

_properties: dict[str, list[str]] = {}


def keep_property(app: Any, what: str, name: str, x: Any, options: Any, lines: list[str]) -> None:
    """Read the docstring of a property as that of a method.

    Napoleon takes the first words of a property's docstring for its type, up to a colon.
    """
    if what in ("property", "attribute"):
        docstring = GoogleDocstring(lines, app.config, app, "method", name, x, options)
        _properties[name] = docstring.lines()


def put_property(app: Any, what: str, name: str, x: Any, options: Any, lines: list[str]) -> None:
    lines[:] = _properties.pop(name, lines)


def returns_as_text(self: Any, preprocess_types: bool = False) -> list[tuple[str, str, list[str]]]:
    """Read a section of returns as text: what stands before its first colon is no type."""
    lines = self._dedent(self._consume_to_next_section())
    return [("", "", lines)] if lines else []


def find_header(filename: str, reader: Any, project: Any, index: Any, found: list[Any]) -> None:
    """Find the file of ``doxygenfile`` by its path; Breathe compares names, which two may share."""
    for compound in index.file_compounds:
        if compound.name != Path(filename).name:
            continue
        for file in reader.parse_compound(compound.refid, project).root.compounddef:
            is_file = file.kind == parser.DoxCompoundKind.file
            if is_file and file.location.file.endswith(f"/{filename}"):
                found.append([TaggedNode(None, file)])


def unwrap_namespaces(app: Any, doctree: nodes.document) -> None:
    """Show what a header declares, without the namespaces around it.

    Doxygen joins what headers say before they open the namespace, and every header would repeat it.
    """
    for wrapper in list(doctree.findall(addnodes.desc)):
        if wrapper["domain"] != "cpp" or not wrapper.children[0].astext().startswith("namespace "):
            continue
        content = wrapper.children[-1]
        described = [n for n in content.children if not isinstance(n, nodes.paragraph)]
        ids = [each for signature in wrapper.children[:-1] for each in signature["ids"]]
        wrapper.replace_self([nodes.target("", "", ids=ids), *described])


def setup(app: Any) -> None:
    breathe.directives.file.file_finder_filter = find_header
    GoogleDocstring._consume_returns_section = returns_as_text
    app.connect("autodoc-process-docstring", keep_property, priority=100)
    app.connect("autodoc-process-docstring", put_property, priority=900)
    app.connect("doctree-read", unwrap_namespaces, priority=100)
    app.connect("source-read", on_source)
    app.connect("include-read", on_include)
    app.connect("doctree-resolved", inline_drawings)

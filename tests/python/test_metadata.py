# SPDX-License-Identifier: BSD-2-Clause
"""What the installed package says of itself: its page on PyPI is made of nothing else."""

from __future__ import annotations

import re
from importlib.metadata import Distribution, PackageMetadata, PackageNotFoundError, distribution
from pathlib import Path

import pytest

import bedtok

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"(!?)\[[^\[\]]*\]\(([^)\s]+)\)")


@pytest.fixture(scope="module")
def package() -> Distribution:
    try:
        return distribution("bedtok")
    except PackageNotFoundError:
        pytest.skip("bedtok is not installed: the tests run on a checkout's files")


@pytest.fixture(scope="module")
def metadata(package: Distribution) -> PackageMetadata:
    return package.metadata


def test_version_and_licence_are_those_of_the_sources(
    package: Distribution, metadata: PackageMetadata
) -> None:
    assert metadata["Version"] == bedtok.__version__
    assert metadata["License-Expression"] == "BSD-2-Clause"
    assert metadata.get_all("License-File") == ["LICENSE"]
    assert metadata["Author"] == "The bedtok developers"
    (path,) = [
        file
        for file in package.files or []
        if re.search(r"dist-info/(licenses/)?LICENSE$", str(file))
    ]
    assert path.read_text("utf-8") == (ROOT / "LICENSE").read_text("utf-8")


def test_classifiers_name_the_versions_of_python_that_have_wheels(
    metadata: PackageMetadata,
) -> None:
    named = re.findall(r":: 3\.(\d+)", "\n".join(metadata.get_all("Classifier") or []))
    build = re.search(
        r'^build = "(.*)"', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE
    )
    assert build is not None
    assert named == re.findall(r"cp3(\d+)-", build[1])
    assert metadata["Requires-Python"] == f">=3.{named[0]}"


def addresses_of(metadata: PackageMetadata) -> dict[str, str]:
    return dict(line.split(", ") for line in metadata.get_all("Project-URL") or [])


def test_addresses_are_those_of_one_repository(metadata: PackageMetadata) -> None:
    addresses = addresses_of(metadata)
    assert set(addresses) == {"Repository", "Documentation", "Changelog", "Issues"}
    for address in addresses.values():
        assert address.startswith(addresses["Repository"])


def test_the_description_is_the_readme_with_absolute_links(metadata: PackageMetadata) -> None:
    assert metadata["Description-Content-Type"] == "text/markdown"
    description = metadata["Description"]  # no payload, where importlib_metadata has been imported
    readme = (ROOT / "README.md").read_text("utf-8")
    address = addresses_of(metadata)["Repository"]
    pages = f"{address}/blob/v{bedtok.__version__}/"
    files = address.replace("github.com", "raw.githubusercontent.com", 1)
    files = f"{files}/v{bedtok.__version__}/"
    links, of_readme = LINK.findall(description), LINK.findall(readme)
    assert len(links) == len(of_readme) > 10
    for (_, link), (picture, relative) in zip(links, of_readme, strict=True):
        if relative.startswith(("https:", "#")):
            assert link == relative
        else:
            assert link == (files if picture else pages) + relative
            assert (ROOT / relative.partition("#")[0]).exists()
    # Nothing else is changed.
    assert LINK.sub("", description).strip() == LINK.sub("", readme).strip()


def test_each_extra_is_explained_by_the_page_on_installing(metadata: PackageMetadata) -> None:
    page = (ROOT / "docs" / "install.md").read_text("utf-8")
    for extra in metadata.get_all("Provides-Extra") or []:
        assert extra == "test" or f"'bedtok[{extra}]'" in page, extra

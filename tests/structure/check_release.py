# SPDX-License-Identifier: BSD-2-Clause
"""What a release spells twice is spelled alike: address, requirements, pins, verbs of workflows.

python tests/structure/check_release.py [REPOSITORY]
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

# An address of the project at a host of repositories; its image files have a host of their own.
ADDRESS = re.compile(r"(?:github\.com|githubusercontent\.com|github\.io)/([\w.-]+/bedtok)\b")
BINARY = {".png", ".gz", ".svg"}


def tracked(repository: Path) -> list[Path]:
    """Return the files of the project: those that git knows; all of a tree without git."""
    done = subprocess.run(
        [
            "git",
            "-C",
            str(repository),
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ],
        capture_output=True,
        check=False,
    )
    if done.returncode == 0:
        names = done.stdout.decode().split("\0")
        return [repository / name for name in names if name and (repository / name).is_file()]
    return [path for path in repository.rglob("*") if path.is_file()]


def check_address(repository: Path, pyproject: str) -> list[str]:
    """The address stands in pyproject.toml; the recipes of packaging/ repeat it; no other file."""
    found = re.search(r'^Repository = "https://github\.com/([^"]+)"$', pyproject, re.MULTILINE)
    if found is None:
        return ["pyproject.toml: [project.urls] has no Repository on github.com"]
    faults = []
    for path in tracked(repository):
        name = path.relative_to(repository).as_posix()
        if path.suffix in BINARY or name.startswith(("tests/fuzz/corpus/", "build/")):
            continue
        for address in ADDRESS.findall(path.read_text("utf-8", errors="replace")):
            if address != found[1]:
                faults.append(f"{name}: the address is {address}, expected {found[1]}")
            elif not name.startswith(("pyproject.toml", "packaging/")):
                faults.append(f"{name}: spells the address; link to a file of the project instead")
    return faults


def requirements(text: str) -> dict[str, str]:
    """Return name and least version of the requirements in a list of TOML."""
    return {
        name.lower().replace("_", "-"): least
        for name, least in re.findall(r'"([\w-]+)>=([\d.]+)', text)
    }


def check_recipe(repository: Path, pyproject: str, version: str) -> list[str]:
    """The recipes for conda and vcpkg have the version and requirements of pyproject.toml."""
    recipe = (repository / "packaging/conda/recipe.yaml").read_text("utf-8")
    port = (repository / "packaging/vcpkg/vcpkg.json").read_text("utf-8")
    faults = []
    if f'version: "{version}"' not in recipe:
        faults.append(f"packaging/conda/recipe.yaml: its version is not {version}")
    if f'"version": "{version}"' not in port:
        faults.append(f"packaging/vcpkg/vcpkg.json: its version is not {version}")
    wanted: dict[str, str] = {}
    for key in ("requires", "dependencies"):
        block = re.search(rf"^{key} = \[(.*?)\]$", pyproject, re.MULTILINE | re.DOTALL)
        wanted |= requirements(block[1] if block else "")
    lines = re.findall(r"([\w-]+) >=([\d.]+)", recipe)
    there = {name.lower().replace("_", "-"): least for name, least in lines}
    for name, least in wanted.items():
        if there.get(name) != least:
            faults.append(
                f"packaging/conda/recipe.yaml: {name} is {there.get(name)}, expected >={least}"
            )
    return faults


def check_requirements(repository: Path, pyproject: str) -> list[str]:
    """What builds without isolation, by ./run, is what builds elsewhere."""
    block = re.search(r"^requires = \[(.*?)\]", pyproject, re.MULTILINE)
    wanted = requirements(block[1] if block else "")
    lines = (repository / "tests/requirements/build.txt").read_text("utf-8").splitlines()
    there = dict(line.split(">=") for line in lines if ">=" in line)
    return [
        f"tests/requirements/build.txt: {name} is {there.get(name)}, expected >={least}"
        for name, least in wanted.items()
        if there.get(name) != least
    ]


def check_workflows(repository: Path) -> list[str]:
    """Workflows run verbs of ./run that exist, and nothing else."""
    script = (repository / "run").read_text("utf-8")
    verbs = set(re.findall(r"^verb_(\w+)\(\)", script, re.MULTILINE))
    listed = re.search(r"^  ([\w |]+)\)\n    verb=\$1$", script, re.MULTILINE)
    faults = []
    if not (repository / ".github").exists():
        return []  # an sdist has none
    if listed is None or set(listed[1].split(" | ")) != verbs:
        faults.append(f"run: the verbs that it takes are not those that it has: {sorted(verbs)}")
    workflows = sorted((repository / ".github/workflows").glob("*.yml"))
    if {path.name for path in workflows} != {"docs.yml", "fuzz.yml", "test.yml", "wheels.yml"}:
        faults.append(f".github/workflows: has {[path.name for path in workflows]}")
    for path in workflows:
        commands = re.findall(r"^ *(?:- )?run: *(.*)$", path.read_text("utf-8"), re.MULTILINE)
        commands = [command for command in commands if command]
        if path.name == "docs.yml" and not (repository / "docs/conf.py").exists():
            continue  # there is no site to build
        if not commands:
            faults.append(f"{path.name}: runs nothing")
        for command in commands:
            verb = re.fullmatch(r"\./run (\w+)( [\w.${} -]+)?", command)
            if command != ".ci/run" and (verb is None or verb[1] not in verbs):
                faults.append(f"{path.name}: '{command}' is no verb of ./run")
    return faults


def main() -> int:
    here = Path(__file__).resolve().parents[2]
    repository = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else here
    pyproject = (repository / "pyproject.toml").read_text("utf-8")
    header = (repository / "include/bedtok/version.hpp").read_text("utf-8")
    version = ".".join(re.findall(r"^#define BEDTOK_VERSION_\w+ (\d+)$", header, re.MULTILINE))
    faults = check_address(repository, pyproject)
    faults += check_recipe(repository, pyproject, version)
    faults += check_requirements(repository, pyproject)
    faults += check_workflows(repository)
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

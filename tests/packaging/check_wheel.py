# SPDX-License-Identifier: BSD-2-Clause
"""What a wheel for PyPI holds: a module that shows one symbol and needs no library, and licences.

python tests/packaging/check_wheel.py WHEEL...
"""

from __future__ import annotations

import email
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

LARGEST = 2_000_000  # bytes
LICENSES = {"LICENSE", "LICENSE.zlib", "LICENSE.nlohmann_json", "LICENSE.isa-l"}
# What the module of a wheel for Linux may need: what every system has.
NEEDED = re.compile(r"lib(c|m|gcc_s|stdc\+\+|pthread|dl|rt)\.so|ld-linux|ld-musl")


def check_module(path: Path) -> list[str]:
    """Faults of the compiled module, where there are tools that look into it."""
    faults = []
    if not path.read_bytes().startswith(b"\x7fELF"):
        return faults
    shown = subprocess.run(
        ["nm", "-D", "--defined-only", "--extern-only", str(path)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    names = {line.split()[-1] for line in shown.splitlines() if line.strip()}
    # Typeinfos and inline functions of the standard library are weak, and shown for exceptions.
    own = {name for name in names if not name.startswith(("_ZTI", "_ZTS", "_ZTV", "_ZNS", "_ZS"))}
    if "PyInit__core" not in names:
        faults.append("its module does not show PyInit__core")
    faults += [
        f"its module shows {name}"
        for name in sorted(own)
        if re.search("inflate|crc32|adler|isal", name)
    ]
    if len(own) > 20:
        faults.append(f"its module shows {len(own)} symbols: {sorted(own)[:5]} ...")
    sections = subprocess.run(
        ["readelf", "-SWd", str(path)], capture_output=True, text=True, check=False
    ).stdout
    if ".debug_info" in sections or ".symtab" in sections:
        faults.append("its module is not stripped")
    for library in re.findall(r"\(NEEDED\).*\[(.*)\]", sections):
        if NEEDED.match(library) is None:
            faults.append(f"its module needs {library}")
    return faults


def check(wheel: Path) -> list[str]:
    """Faults of a wheel."""
    faults = []
    if wheel.stat().st_size > LARGEST:
        faults.append(f"it has {wheel.stat().st_size} bytes, expected at most {LARGEST}")
    if "linux_x86_64" in wheel.name and "manylinux" not in wheel.name:
        faults.append("it is for this Linux only: it was not repaired")
    with zipfile.ZipFile(wheel) as archive, tempfile.TemporaryDirectory() as folder:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        licenses = {Path(name).name for name in names if ".dist-info/licenses/" in name}
        if licenses != LICENSES:
            faults.append(f"its licences are {sorted(licenses)}, expected {sorted(LICENSES)}")
        for name in names:
            if ".dist-info/licenses/" in name and len(archive.read(name)) < 200:
                faults.append(f"{name} is no licence")
        modules = [name for name in names if re.fullmatch(r"bedtok/_core\..*(so|pyd)", name)]
        others = [name for name in names if re.search(r"\.(so|dylib|dll|a|h|hpp|pyd)(\.|$)", name)]
        if len(modules) != 1 or others != modules:
            faults.append(f"its compiled files are {others}, expected one bedtok/_core")
        if "bedtok/py.typed" not in names or "bedtok/_core.pyi" not in names:
            faults.append("it has no types")
        parts = {f"bedtok/report/{name}" for name in ("page.css", "page.js", "chrom_sizes.tsv")}
        if missing := sorted(parts - set(names)):
            faults.append(f"it has no {', '.join(missing)}")
        outside = [n for n in names if not re.match(r"bedtok(-[\d.]+\.dist-info)?/", n)]
        faults += [f"it has {name} outside of bedtok" for name in outside]
        metadata = next(name for name in names if name.endswith(".dist-info/METADATA"))
        fields = email.message_from_bytes(archive.read(metadata))
        if fields["License-Expression"] != "BSD-2-Clause":
            faults.append(f"its License-Expression is {fields['License-Expression']}")
        for module in modules:
            faults += check_module(Path(archive.extract(module, folder)))
    return faults


def main() -> int:
    faults = {wheel: check(Path(wheel)) for wheel in sys.argv[1:]}
    for wheel, found in faults.items():
        print(f"{wheel}: {Path(wheel).stat().st_size} bytes, {len(found)} faults")
        for fault in found:
            print(f"{wheel}: {fault}", file=sys.stderr)
    return 1 if any(faults.values()) or not faults else 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: BSD-2-Clause
"""The architecture as a test: which header may include which, and that each has its test.

    python tests/structure/check_layers.py [REPOSITORY]

A header includes only headers with a lower number. Headers that share a number do not know each
other.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

LAYERS = {
    "version.hpp": 0,
    "error.hpp": 0,
    "interruption.hpp": 0,
    "skipped_lines.hpp": 0,
    "encoding.hpp": 0,
    "report.hpp": 0,
    "assembly.hpp": 0,
    "detail/parse_int.hpp": 0,
    "detail/separators.hpp": 0,
    "detail/abandon_scope.hpp": -1,
    "detail/utf8.hpp": -1,
    "array.hpp": 0,
    "detail/interval_order.hpp": 0,
    "detail/hot_code.hpp": 0,
    "detail/id_block.hpp": 0,
    "detail/index_parts.hpp": 0,
    "detail/index_bounds.hpp": 1,
    "detail/checkpoints.hpp": 1,
    "detail/index_builder.hpp": 2,
    "detail/huge_pages.hpp": -1,
    "detail/sort_columns.hpp": 0,
    "detail/parallel_for.hpp": 1,
    "detail/processors.hpp": 0,
    "detail/hash_bytes.hpp": 0,
    "detail/random_choice.hpp": 0,
    "detail/heaviest.hpp": 1,
    "detail/token_lists.hpp": 0,
    "detail/barcode_probe.hpp": 0,
    "detail/report_texts.hpp": 1,
    "diagnosis.hpp": 2,
    "detail/barcode_table.hpp": 1,
    "enum_names.hpp": 1,
    "chrom_table.hpp": 1,
    "chrom_aliases.hpp": 1,
    "special_tokens.hpp": 1,
    "region.hpp": 1,
    "mapping_options.hpp": 2,
    "sequence_options.hpp": 2,
    "detail/payload_column.hpp": 2,
    "batch.hpp": 3,
    "detail/row_builder.hpp": 4,
    "region_set.hpp": 3,
    "overlap_index.hpp": 4,
    "detail/coordinate_bounds.hpp": 2,
    "detail/gallop.hpp": 0,
    "detail/rest_column.hpp": 4,
    "detail/region_columns.hpp": 4,
    "detail/sorted_intervals.hpp": 4,
    "detail/covered_bases.hpp": 5,
    "algebra/merge.hpp": 5,
    "algebra/set_operations.hpp": 6,
    "algebra/gaps.hpp": 6,
    "algebra/resize.hpp": 5,
    "algebra/statistics.hpp": 5,
    "algebra/overlaps.hpp": 5,
    "algebra/closest.hpp": 5,
    "algebra/similarity.hpp": 6,
    "algebra/sample.hpp": 4,
    "vocabulary.hpp": 7,
    "hit_finder.hpp": 3,
    "detail/has_find_all.hpp": 2,
    "mapper.hpp": 8,
    "tokenizer.hpp": 9,
    "ragged_ids.hpp": 0,
    "peak_tokens.hpp": 10,
    "detail/gather_cells.hpp": 11,
    "cell_matrix.hpp": 12,
    "io/byte_source.hpp": 1,
    "io/detail/path_text.hpp": 0,
    "io/detail/temporary_name.hpp": 1,
    "io/atomic_file.hpp": 2,
    "io/regions_digest.hpp": 4,
    "io/file_digest.hpp": 2,
    "io/line_blocks.hpp": 2,
    "io/read_ahead.hpp": 2,
    "io/detail/inflater.hpp": 0,
    "io/inflate.hpp": 2,
    "io/gzip_writer.hpp": 3,
    "io/region_lines.hpp": 3,
    "io/bgzip.hpp": 3,
    "io/open_text.hpp": 4,
    "io/json.hpp": 2,
    "io/tokenizer_config.hpp": 3,
    "io/bed.hpp": 5,
    "io/fragment_tokens.hpp": 4,
    "io/detail/split_lines.hpp": 3,
    "io/detail/fragment_cells.hpp": 5,
    "io/detail/fragment_mapper.hpp": 10,
    "io/fragments.hpp": 11,
    "io/mapped_file.hpp": 2,
    "io/detail/section_file.hpp": 3,
    "io/detail/index_reader.hpp": 8,
    "io/universe_index.hpp": 10,
    "io/pretrained.hpp": 11,
    "universe/detail/sort_coordinates.hpp": 0,
    "universe/sample.hpp": 5,
    "universe/coverage.hpp": 6,
    "universe/sample_store.hpp": 7,
    "universe/detail/flexible_cutoffs.hpp": 7,
    "universe/universe.hpp": 7,
    "universe/flexible.hpp": 8,
    "universe/detail/run_viterbi.hpp": 0,
    "universe/detail/count_runs.hpp": 7,
    "universe/hmm.hpp": 9,
    "universe/summits.hpp": 8,
    "universe/detail/chromosomes.hpp": 9,
    "universe/build.hpp": 10,
    "io/detail/parse_number.hpp": 0,
    "io/detail/peak_columns.hpp": 0,
    "io/sample_reader.hpp": 6,
    "io/detail/sorted_run.hpp": 6,
    "io/spilling_store.hpp": 8,
    "io/universe_bed.hpp": 8,
}
# Umbrellas only include, and no other header includes them.
UMBRELLAS = {
    "core.hpp": lambda name: not name.startswith("io/") and "detail/" not in name,
    "io.hpp": lambda name: name.startswith("io/") and not name.startswith("io/detail/"),
}
EVERYTHING = {"bedtok.hpp": {"core.hpp", "io.hpp"}}
# Headers without code: a test of them could not fail.
DATA_ONLY = {"assembly.hpp", "encoding.hpp", "ragged_ids.hpp", "io/fragment_tokens.hpp"}
# Headers that a test of another kind covers.
WITHOUT_TEST = {"version.hpp"}  # check_version.py
# Parts of a public header that are tested through it.
TESTED_BY = {
    "detail/coordinate_bounds.hpp": "resize",
    "detail/covered_bases.hpp": "set_operations",
    "detail/gather_cells.hpp": "cell_matrix",
    "detail/has_find_all.hpp": "tokenizer",
    "detail/checkpoints.hpp": "overlap_index",
    "detail/hot_code.hpp": "overlap_index",
    "detail/id_block.hpp": "overlap_index",
    "detail/index_bounds.hpp": "universe_index",
    "detail/index_builder.hpp": "overlap_index",
    "detail/index_parts.hpp": "overlap_index",
    "detail/region_columns.hpp": "merge",
    "detail/report_texts.hpp": "diagnosis",
    "detail/rest_column.hpp": "resize",
    "detail/sorted_intervals.hpp": "merge",
    "io/detail/fragment_cells.hpp": "fragments",
    "io/detail/fragment_mapper.hpp": "fragments",
    "io/detail/inflater.hpp": "inflate",
    "io/detail/path_text.hpp": "byte_source",
    "io/detail/temporary_name.hpp": "atomic_file",
    "io/detail/parse_number.hpp": "sample_reader",
    "io/detail/peak_columns.hpp": "sample_reader",
    "io/detail/index_reader.hpp": "universe_index",
    "io/detail/section_file.hpp": "universe_index",
    "io/detail/sorted_run.hpp": "spilling_store",
    "io/universe_bed.hpp": "sample_reader",
    "universe/detail/sort_coordinates.hpp": "coverage",
    "universe/detail/chromosomes.hpp": "universe_build",
    "universe/detail/flexible_cutoffs.hpp": "flexible",
    "universe/detail/count_runs.hpp": "hmm",
    "universe/detail/run_viterbi.hpp": "hmm",
    "universe/build.hpp": "universe_build",
    "universe/sample.hpp": "sample_store",
    "universe/summits.hpp": "universe_build",
    "universe/universe.hpp": "universe_build",
}
# Libraries beyond the standard one, and the headers that may see them.
FOREIGN = {
    "zlib.h": {"io/detail/inflater.hpp", "io/gzip_writer.hpp"},
    "isa-l/igzip_lib.h": {"io/detail/inflater.hpp"},
    "nlohmann/json.hpp": {"io/json.hpp"},
}
SYSTEM = {
    "emmintrin.h",
    "fcntl.h",
    "intrin.h",
    "poll.h",
    "sched.h",
    "signal.h",
    "sys/mman.h",
    "sys/stat.h",
    "unistd.h",
}  # the compiler's own and the system's

DETAIL = re.compile(r"^\s*namespace (\w+::)*detail\b", re.MULTILINE)
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def included(path: Path, root: Path) -> tuple[set[str], set[str]]:
    """The headers of ours that `path` includes, relative to `root`, and the others."""
    ours, others = set(), set()
    for kind, name in INCLUDE.findall(path.read_text(encoding="utf-8")):
        if kind == '"':
            target = (path.parent / name).resolve()
            ours.add(target.relative_to(root.resolve()).as_posix())
        elif name.startswith("bedtok/"):
            ours.add(name.removeprefix("bedtok/"))
        else:
            others.add(name)
    return ours, others


def check_headers(root: Path) -> list[str]:
    """Faults of the include graph of the headers in `root`."""
    faults = []
    umbrellas = set(UMBRELLAS) | set(EVERYTHING)
    found = {path.relative_to(root).as_posix() for path in root.rglob("*.hpp")}
    faults += [f"{name}: give it a number in LAYERS" for name in found - set(LAYERS) - umbrellas]
    faults += [f"{name}: is listed and not there" for name in (set(LAYERS) | umbrellas) - found]
    for name in sorted(found & set(LAYERS)):
        ours, others = included(root / name, root)
        for other in sorted(ours):
            if other in umbrellas:
                faults.append(f"{name}: includes the umbrella {other}")
            elif other not in LAYERS:
                faults.append(f"{name}: includes {other}, which is not listed")
            elif LAYERS[other] >= LAYERS[name]:
                faults.append(
                    f"{name} (layer {LAYERS[name]}): includes {other} (layer {LAYERS[other]}), "
                    "expected only lower layers"
                )
            if other.startswith("io/") and not name.startswith("io/"):
                faults.append(f"{name}: the core includes {other}")
        is_detail = "detail/" in name
        if not is_detail and DETAIL.search((root / name).read_text(encoding="utf-8")):
            faults.append(f"{name}: has code in namespace detail, expected it in a detail/ folder")
        for other in sorted(others):
            standard = re.fullmatch(r"[a-z_]+", other) is not None
            if not standard and other not in SYSTEM and name not in FOREIGN.get(other, set()):
                faults.append(f"{name}: includes <{other}>, which FOREIGN does not allow it")
    for umbrella, belongs in UMBRELLAS.items():
        expected = {name for name in set(LAYERS) & found if belongs(name)}
        faults += check_umbrella(root, umbrella, expected)
    for umbrella, expected in EVERYTHING.items():
        faults += check_umbrella(root, umbrella, expected)
    return faults


def check_umbrella(root: Path, umbrella: str, expected: set[str]) -> list[str]:
    """Faults of an umbrella, which includes what is `expected` and does nothing else."""
    if not (root / umbrella).exists():
        return []  # said already
    ours, others = included(root / umbrella, root)
    faults = [f"{umbrella}: does not include {name}" for name in sorted(expected - ours)]
    faults += [f"{umbrella}: includes {name}" for name in sorted((ours - expected) | others)]
    for line in (root / umbrella).read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.lstrip().startswith(("#include", "#pragma once", "//")):
            faults.append(f"{umbrella}: defines something ('{line.strip()}'), expected includes")
    return faults


def check_tests(repository: Path) -> list[str]:
    """Headers without a test and tests without their include."""
    faults = []
    for name in sorted(set(LAYERS) - WITHOUT_TEST - DATA_ONLY):
        stem = TESTED_BY.get(name, Path(name).stem)
        test = repository / "tests" / "cpp" / f"test_{stem}.cpp"
        where = test.relative_to(repository).as_posix()
        if not test.exists():
            faults.append(f"{name}: has no test, expected {where}")
        elif f"#include <bedtok/{name}>" not in test.read_text(encoding="utf-8"):
            faults.append(f"{where}: does not include <bedtok/{name}>")
    return faults


def check_pybind11(repository: Path) -> list[str]:
    """Sources outside python/ that know the bindings' library."""
    places = ["CMakeLists.txt", "cmake", "include", "examples/cpp"]
    places += ["tests/CMakeLists.txt", "tests/consumer", "tests/cpp"]
    kinds = {".hpp", ".cpp", ".h", ".txt", ".cmake", ".in"}
    faults = []
    for place in (repository / name for name in places):
        paths = place.rglob("*") if place.is_dir() else [place]
        for path in sorted(paths):
            if path.suffix not in kinds or not path.is_file():
                continue
            if "pybind11" in path.read_text(encoding="utf-8", errors="replace"):
                faults.append(f"{path.relative_to(repository).as_posix()}: mentions pybind11")
    return faults


def main() -> int:
    here = Path(__file__).resolve().parents[2]
    repository = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else here
    faults = check_headers(repository / "include" / "bedtok")
    faults += check_tests(repository)
    faults += check_pybind11(repository)
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

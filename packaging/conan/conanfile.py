# SPDX-License-Identifier: BSD-2-Clause
"""Conan 2 recipe: the C++ headers. `conan create packaging/conan`, in a checkout."""

from __future__ import annotations

from pathlib import Path

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.files import copy, load


class BedtokConan(ConanFile):
    name = "bedtok"
    description = "Genomic intervals to token ids of a model's vocabulary"
    license = "BSD-2-Clause"
    url = "https://github.com/bedtok/bedtok"
    homepage = "https://github.com/bedtok/bedtok"
    topics = ("genomics", "bed", "tokenizer", "header-only")
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    no_copy_source = True
    options = {"with_isal": [True, False]}  # noqa: RUF012
    default_options = {"with_isal": True}  # noqa: RUF012

    def set_version(self) -> None:
        header = load(self, str(self._checkout() / "include/bedtok/version.hpp"))
        lines = [line.split() for line in header.splitlines() if "BEDTOK_VERSION_" in line]
        self.version = ".".join(line[2] for line in lines if line[0] == "#define")

    def _checkout(self) -> Path:
        return Path(self.recipe_folder).parents[1]

    def export_sources(self) -> None:
        for pattern in ("CMakeLists.txt", "cmake/*", "include/*", "LICENSE"):
            copy(self, pattern, str(self._checkout()), self.export_sources_folder)

    def requirements(self) -> None:
        self.requires("nlohmann_json/[>=3.9 <4]")
        self.requires("zlib/[>=1.2.11 <2]")
        if self.options.with_isal:
            self.requires("isa-l/[>=2.30 <3]")

    def validate(self) -> None:
        check_min_cppstd(self, 17)

    def package(self) -> None:
        copy(self, "LICENSE", self.source_folder, str(Path(self.package_folder, "licenses")))
        copy(self, "include/*", self.source_folder, self.package_folder)

    def package_id(self) -> None:
        self.info.clear()

    def package_info(self) -> None:
        self.cpp_info.set_property("cmake_file_name", "bedtok")
        core = self.cpp_info.components["core"]
        core.set_property("cmake_target_name", "bedtok::core")
        core.bindirs = core.libdirs = []
        if self.settings.os in ("Linux", "FreeBSD"):
            core.system_libs = ["pthread"]
        io = self.cpp_info.components["io"]
        io.set_property("cmake_target_name", "bedtok::io")
        io.bindirs = io.libdirs = []
        io.requires = ["core", "zlib::zlib", "nlohmann_json::nlohmann_json"]
        if self.options.with_isal:
            io.requires.append("isa-l::isa-l")
            io.defines = ["BEDTOK_USE_ISAL"]
        everything = self.cpp_info.components["bedtok"]
        everything.set_property("cmake_target_name", "bedtok::bedtok")
        everything.bindirs = everything.libdirs = []
        everything.requires = ["core", "io"]

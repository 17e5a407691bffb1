# SPDX-License-Identifier: BSD-2-Clause
# How cmake/dependencies.cmake comes by zlib, nlohmann_json and ISA-L on a system that has none of
# them: bedtok is configured, not built, with sources that this script makes.
#
#     cmake -D checkout=DIR -D work=DIR -D generator=NAME -D compiler=PATH -P dependencies.cmake
cmake_minimum_required(VERSION 3.23)

# Configure with options; `output` is what CMake prints, as one line, and `result` how it ends.
function(configure)
  execute_process(
    COMMAND "${CMAKE_COMMAND}" -E env --unset=BEDTOK_FETCH --unset=BEDTOK_DEPS_DIR --unset=BEDTOK_WITH_ISAL
            "${CMAKE_COMMAND}" -S "${checkout}" -B "${work}/build" -G "${generator}"
            -D "CMAKE_CXX_COMPILER=${compiler}" -D BEDTOK_BUILD_TESTS=OFF -D BEDTOK_BUILD_EXAMPLES=OFF
            -D CMAKE_DISABLE_FIND_PACKAGE_ZLIB=ON -D CMAKE_DISABLE_FIND_PACKAGE_nlohmann_json=ON
            -D CMAKE_DISABLE_FIND_PACKAGE_Isal=ON ${ARGN}
    RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  # Messages are broken into lines.
  string(REGEX REPLACE "[ \n]+" " " output "${output}")
  set(output "${output}" PARENT_SCOPE)
  set(result "${result}" PARENT_SCOPE)
endfunction()

function(expect what)
  string(FIND "${output}" "${what}" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "expected '${what}' in what CMake says:\n${output}")
  endif()
endfunction()

macro(expect_failure)
  if(result EQUAL 0)
    message(FATAL_ERROR "expected an error, and CMake says:\n${output}")
  endif()
endmacro()

macro(expect_success)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "expected no error, and CMake says:\n${output}")
  endif()
endmacro()

# An archive of sources that are there and empty: these builds are only configured.
function(make_archive path folder)
  foreach(file IN LISTS ARGN)
    file(WRITE "${work}/unpacked/${folder}/${file}" "")
  endforeach()
  execute_process(COMMAND "${CMAKE_COMMAND}" -E tar czf "${path}" "${folder}"
                  WORKING_DIRECTORY "${work}/unpacked" COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(REMOVE_RECURSE "${work}")
set(sources "${work}/sources")
file(MAKE_DIRECTORY "${sources}")
set(zlib_files zlib.h LICENSE adler32.c crc32.c deflate.c inffast.c inflate.c inftrees.c trees.c zutil.c)

# Downloads are refused: all that is missing is named at once, with its packages.
configure(-D BEDTOK_FETCH=OFF)
expect_failure()
expect("bedtok needs zlib and nlohmann_json, which this system does not have, and BEDTOK_FETCH is OFF")
expect("apt install zlib1g-dev nlohmann-json3-dev")
expect("dnf install zlib-devel json-devel")
expect("brew install zlib nlohmann-json")
expect("conda install zlib nlohmann_json")

# A folder of sources that lacks one.
make_archive("${sources}/zlib_1.2.9.orig.tar.gz" zlib-1.2.9 ${zlib_files})
configure(-D "BEDTOK_DEPS_DIR=${sources}")
expect_failure()
expect("bedtok needs nlohmann_json")
expect("has no sources of nlohmann_json (such as json.tar.xz)")
configure(-D "BEDTOK_DEPS_DIR=${work}/nowhere")
expect_failure()
expect("expected a folder of sources")

# An archive, an unpacked folder, and no ISA-L: zlib inflates, and a line says so.
file(WRITE "${sources}/nlohmann_json-3.9.1/include/nlohmann/json.hpp" "")
file(WRITE "${sources}/nlohmann_json-3.9.1/LICENSE.MIT" "")
configure(-D "BEDTOK_DEPS_DIR=file://${sources}" -D BEDTOK_FETCH=OFF)
expect_success()
expect("without ISA-L")
expect("inflates by zlib, no ISA-L; built from source: zlib, nlohmann_json")

# Asked for by name, ISA-L is not left out.
configure(-D BEDTOK_WITH_ISAL=ON)
expect_failure()
expect("bedtok needs isa-l")
expect("apt install libisal-dev")

# ISA-L in an archive of the pinned name that is another file; then in one of another name. What a
# distribution adds to its sources is not taken for them.
set(isal_files LICENSE configure.ac include/igzip_lib.h igzip/igzip_inflate.c igzip/hufftables_c.c
               igzip/igzip_inflate_multibinary.asm igzip/igzip_decode_block_stateless_01.asm
               igzip/igzip_decode_block_stateless_04.asm igzip/rfc1951_lookup.asm)
make_archive("${sources}/isa-l-2.32.1.tar.gz" isa-l-2.32.1 ${isal_files})
configure(-D BEDTOK_WITH_ISAL=AUTO)
expect_failure()
expect("it is not the release that bedtok pins")
file(REMOVE "${sources}/isa-l-2.32.1.tar.gz")
file(WRITE "${work}/unpacked/isa-l-2.29.0/configure.ac" "AC_INIT([libisal],\n        [2.29.0],\n")
list(REMOVE_ITEM isal_files configure.ac)
make_archive("${sources}/libisal_2.29.0.orig.tar.gz" isa-l-2.29.0 ${isal_files})
file(WRITE "${sources}/libisal_2.29.0-1.debian.tar.gz" "")
configure(-D BEDTOK_WITH_ISAL=ON)
expect_success()
expect("inflates by ISA-L 2.29.0 with")
expect("built from source: zlib, nlohmann_json, isa-l")

# Switched off, it is not looked for.
configure(-D BEDTOK_WITH_ISAL=OFF)
expect_success()
expect("inflates by zlib, no ISA-L; built from source: zlib, nlohmann_json")

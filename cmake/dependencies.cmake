# SPDX-License-Identifier: BSD-2-Clause
# The libraries of bedtok::io: zlib and nlohmann_json, which it needs, and ISA-L, which inflates
# faster. Each is the system's where it has one. What is missing is built from source, of which only
# what bedtok calls: from a folder that the user names, or from a release that is pinned here by its
# hash.
#
# Sets bedtok_zlib, bedtok_json and bedtok_isal (or an empty text) to targets; bedtok_bundled to
# those of zlib, nlohmann_json and ISA-L that are built from source; bedtok_licenses to their
# licences as a list of NAME=FILE; bedtok_isal_version.

# Options, given by -D or, as in `BEDTOK_FETCH=OFF pip install .`, by the environment:
#   BEDTOK_FETCH      ON (default): what is missing is downloaded; OFF; ALWAYS: nothing is the system's
#   BEDTOK_DEPS_DIR   a folder of source archives or unpacked sources; then nothing is downloaded
#   BEDTOK_WITH_ISAL  AUTO (default): where it can be had; ON: or else an error; OFF
set(BEDTOK_FETCH_default ON)
set(BEDTOK_DEPS_DIR_default "")
set(BEDTOK_WITH_ISAL_default AUTO)
foreach(option IN ITEMS BEDTOK_FETCH BEDTOK_DEPS_DIR BEDTOK_WITH_ISAL)
  if(NOT DEFINED ${option} AND DEFINED ENV{${option}})
    set(${option} "$ENV{${option}}")
  elseif(NOT DEFINED ${option})
    set(${option} "${${option}_default}")
  endif()
endforeach()

# For the functions below: unpacked files are as old as their unpacking.
if(POLICY CMP0135)
  cmake_policy(SET CMP0135 NEW) # unpacked files are as old as their unpacking
endif()

# --- What is pinned, and what it is called --------------------------------------------------------

set(bedtok_zlib_url https://github.com/madler/zlib/releases/download/v1.3.1/zlib-1.3.1.tar.gz)
set(bedtok_zlib_sha256 9a93b2b7dfdac77ceba5a558a580e74667dd6fede4585b91eefb60f03b72df23)
set(bedtok_zlib_file zlib.h)
set(bedtok_zlib_packages zlib1g-dev zlib-devel zlib zlib)

set(bedtok_nlohmann_json_url https://github.com/nlohmann/json/releases/download/v3.11.3/json.tar.xz)
set(bedtok_nlohmann_json_sha256 d6c65aca6b1ed68e7a182f4757257b107ae403032760ed6ef121c9d55e81757d)
set(bedtok_nlohmann_json_file include/nlohmann/json.hpp)
set(bedtok_nlohmann_json_packages nlohmann-json3-dev json-devel nlohmann-json nlohmann_json)

set(bedtok_isa-l_url https://github.com/intel/isa-l/archive/refs/tags/v2.32.1.tar.gz)
set(bedtok_isa-l_sha256 d9f7179ab0e14a3db9b610fac22793854a1435e8423ec9ce07f4cbedc5f92f5e)
set(bedtok_isa-l_archive isa-l-2.32.1.tar.gz) # its address ends in the bare version
set(bedtok_isa-l_file igzip/igzip_inflate.c)
set(bedtok_isa-l_packages libisal-dev isa-l-devel isa-l isa-l)

# Set `result` to how to come by the libraries that follow, in one sentence.
function(bedtok_remedy result)
  foreach(library IN LISTS ARGN)
    foreach(manager package IN ZIP_LISTS bedtok_managers bedtok_${library}_packages)
      string(APPEND ${manager}_packages " ${package}")
    endforeach()
  endforeach()
  foreach(manager IN LISTS bedtok_managers)
    list(APPEND commands "${manager} install${${manager}_packages}")
  endforeach()
  list(JOIN commands ", " commands)
  set(download "")
  if(NOT BEDTOK_FETCH)
    set(download " allow the download (BEDTOK_FETCH=ON),")
  endif()
  set(${result} "Install it (${commands}),${download} or name a folder of sources (BEDTOK_DEPS_DIR)."
      PARENT_SCOPE)
endfunction()
set(bedtok_managers apt dnf brew conda)

# --- Sources of a library -------------------------------------------------------------------------

# Set `result` to the sources of a library in BEDTOK_DEPS_DIR, a folder or an archive; empty where
# there are none. An archive that bears the pinned name must have the pinned hash.
function(bedtok_find_sources result library)
  set(${result} "" PARENT_SCOPE)
  string(REGEX REPLACE "^file://" "" folder "${BEDTOK_DEPS_DIR}")
  get_filename_component(folder "${folder}" ABSOLUTE BASE_DIR "${CMAKE_SOURCE_DIR}")
  if(NOT IS_DIRECTORY "${folder}")
    message(FATAL_ERROR "BEDTOK_DEPS_DIR is '${BEDTOK_DEPS_DIR}', expected a folder of sources")
  endif()
  if(library STREQUAL "nlohmann_json")
    set(names json nlohmann_json nlohmann-json)
  elseif(library STREQUAL "isa-l")
    set(names isa-l libisal)
  else()
    set(names "${library}")
  endif()
  foreach(name IN LISTS names)
    # isa-l-2.30.0, isa-l_2.30.0.orig.tar.gz, json.tar.xz, and not zlib-ng-2.2
    file(GLOB found LIST_DIRECTORIES true "${folder}/${name}" "${folder}/${name}.*"
         "${folder}/${name}[-_0-9]*[0-9]*")
    foreach(path IN LISTS found)
      get_filename_component(file "${path}" NAME)
      if(IS_DIRECTORY "${path}" AND EXISTS "${path}/${bedtok_${library}_file}")
        set(${result} "${path}" PARENT_SCOPE)
        return()
      elseif(file MATCHES "^${name}([-_]?v?[0-9][^/]*)?\\.(tar\\.[a-z0-9]+|tgz|zip)$"
             AND NOT file MATCHES "\\.debian\\.") # what Debian adds to it
        bedtok_archive_name(pinned ${library})
        if(file STREQUAL pinned)
          bedtok_check_hash("${path}" ${library})
        endif()
        set(${result} "${path}" PARENT_SCOPE)
        return()
      endif()
    endforeach()
  endforeach()
endfunction()

function(bedtok_archive_name result library)
  get_filename_component(name "${bedtok_${library}_url}" NAME)
  if(DEFINED bedtok_${library}_archive)
    set(name "${bedtok_${library}_archive}")
  endif()
  set(${result} "${name}" PARENT_SCOPE)
endfunction()

function(bedtok_check_hash path library)
  file(SHA256 "${path}" sum)
  if(NOT sum STREQUAL bedtok_${library}_sha256)
    message(FATAL_ERROR "${path}: its SHA256 is ${sum}, expected ${bedtok_${library}_sha256}: it is not "
                        "the release that bedtok pins, download it again")
  endif()
endfunction()

# Set `result` to the pinned archive of a library, downloaded once; empty, and `reason` to why, where
# that fails.
function(bedtok_download result reason library)
  bedtok_archive_name(name ${library})
  set(path "${CMAKE_BINARY_DIR}/_deps/bedtok-archives/${name}")
  if(NOT EXISTS "${path}")
    message(STATUS "bedtok: downloading ${library} from ${bedtok_${library}_url}")
    file(DOWNLOAD "${bedtok_${library}_url}" "${path}.part" TLS_VERIFY ON INACTIVITY_TIMEOUT 30 STATUS status)
    list(POP_FRONT status code)
    if(code)
      file(REMOVE "${path}.part")
      set(${result} "" PARENT_SCOPE)
      set(${reason} "${bedtok_${library}_url} cannot be downloaded (${status})" PARENT_SCOPE)
      return()
    endif()
    bedtok_check_hash("${path}.part" ${library})
    file(RENAME "${path}.part" "${path}")
  endif()
  set(${result} "${path}" PARENT_SCOPE)
endfunction()

# Set `result` to the folder of a library's sources, unpacked; empty, and `reason` to why, where they
# cannot be had.
function(bedtok_sources result reason library)
  set(sources "")
  if(BEDTOK_DEPS_DIR)
    bedtok_find_sources(sources ${library})
    bedtok_archive_name(name ${library})
    set(why "BEDTOK_DEPS_DIR, ${BEDTOK_DEPS_DIR}, has no sources of ${library} (such as ${name})")
  elseif(NOT BEDTOK_FETCH)
    set(why "BEDTOK_FETCH is OFF")
  else()
    bedtok_download(sources why ${library})
  endif()
  if(sources AND NOT IS_DIRECTORY "${sources}")
    include(FetchContent)
    # Its own build is not run: the folder of it that is named here does not exist.
    FetchContent_Declare(bedtok_${library} URL "${sources}" SOURCE_SUBDIR not-built)
    FetchContent_MakeAvailable(bedtok_${library})
    string(TOLOWER "bedtok_${library}" name)
    set(sources "${${name}_SOURCE_DIR}")
    if(NOT EXISTS "${sources}/${bedtok_${library}_file}")
      message(FATAL_ERROR "${sources}: has no ${bedtok_${library}_file}, expected the sources of ${library}")
    endif()
  endif()
  set(${result} "${sources}" PARENT_SCOPE)
  set(${reason} "${why}" PARENT_SCOPE)
endfunction()

# What is linked into a module must not be seen outside of it.
function(bedtok_bundle target include_dir)
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden
                                             C_CLANG_TIDY "" EXCLUDE_FROM_ALL ON)
  # Not ours: a consumer's warnings must not speak of it.
  target_include_directories(${target} SYSTEM INTERFACE "${include_dir}")
  target_compile_options(${target} PRIVATE $<$<C_COMPILER_ID:GNU,Clang,AppleClang>:-w>)
  # These are always called in a loop over a file: never without optimization.
  target_compile_options(${target} PRIVATE
    $<$<AND:$<C_COMPILER_ID:GNU,Clang,AppleClang>,$<COMPILE_LANGUAGE:C>>:-O3>)
endfunction()

# --- Which are there ------------------------------------------------------------------------------

string(TOUPPER "${BEDTOK_FETCH}" bedtok_fetch)
set(bedtok_ask_system ON)
if(bedtok_fetch STREQUAL "ALWAYS")
  set(bedtok_ask_system OFF)
endif()
string(TOUPPER "${BEDTOK_WITH_ISAL}" bedtok_isal_wish)
if(bedtok_isal_wish STREQUAL "AUTO" OR NOT BEDTOK_WITH_ISAL)
  set(bedtok_isal_required OFF)
else()
  set(bedtok_isal_required ON)
endif()

set(bedtok_zlib "")
set(bedtok_json "")
set(bedtok_isal "")
set(bedtok_isal_version "")
set(bedtok_bundled "")
set(bedtok_licenses "")
set(bedtok_missing "")

if(bedtok_ask_system)
  find_package(ZLIB QUIET)
  find_package(nlohmann_json 3.9 QUIET)
  if(BEDTOK_WITH_ISAL)
    find_package(Isal QUIET)
  endif()
endif()
if(TARGET ZLIB::ZLIB)
  set(bedtok_zlib ZLIB::ZLIB)
else()
  list(APPEND bedtok_missing zlib)
endif()
if(TARGET nlohmann_json::nlohmann_json)
  set(bedtok_json nlohmann_json::nlohmann_json)
else()
  list(APPEND bedtok_missing nlohmann_json)
endif()
if(BEDTOK_WITH_ISAL)
  if(TARGET Isal::isal)
    set(bedtok_isal Isal::isal)
    set(bedtok_isal_version "${Isal_VERSION}")
    if(NOT bedtok_isal_version)
      set(bedtok_isal_version "of an unknown version")
    endif()
  else()
    list(APPEND bedtok_missing isa-l)
  endif()
endif()

foreach(library IN LISTS bedtok_missing)
  bedtok_sources(bedtok_${library}_dir bedtok_${library}_reason ${library})
  if(bedtok_${library}_dir)
    list(APPEND bedtok_bundled ${library})
  endif()
endforeach()
list(REMOVE_ITEM bedtok_missing ${bedtok_bundled} "")
if("isa-l" IN_LIST bedtok_missing AND NOT bedtok_isal_required)
  list(REMOVE_ITEM bedtok_missing isa-l)
  message(STATUS "bedtok: without ISA-L, ${bedtok_isa-l_reason}: zlib inflates .gz files, which takes "
                 "longer; ISA-L is libisal-dev of apt, isa-l-devel of dnf, isa-l of brew and conda")
endif()
if(bedtok_missing)
  bedtok_remedy(remedy ${bedtok_missing})
  list(GET bedtok_missing 0 first)
  list(JOIN bedtok_missing " and " names)
  message(FATAL_ERROR "bedtok needs ${names}, which this system does not have, and "
                      "${bedtok_${first}_reason}. ${remedy}")
endif()

# --- Those built from source ----------------------------------------------------------------------

if("zlib" IN_LIST bedtok_bundled OR "isa-l" IN_LIST bedtok_bundled)
  enable_language(C)
endif()

if("zlib" IN_LIST bedtok_bundled)
  set(bedtok_zlib bedtok_zlib)
  set(files adler32 crc32 deflate inffast inflate inftrees trees zutil)
  list(TRANSFORM files PREPEND "${bedtok_zlib_dir}/")
  list(TRANSFORM files APPEND ".c")
  add_library(bedtok_zlib STATIC ${files})
  bedtok_bundle(bedtok_zlib "${bedtok_zlib_dir}")
  foreach(name IN ITEMS LICENSE debian/copyright README)
    if(EXISTS "${bedtok_zlib_dir}/${name}")
      list(APPEND bedtok_licenses "zlib=${bedtok_zlib_dir}/${name}")
      break()
    endif()
  endforeach()
endif()

if("nlohmann_json" IN_LIST bedtok_bundled)
  set(bedtok_json bedtok_nlohmann_json)
  add_library(bedtok_nlohmann_json INTERFACE)
  target_include_directories(bedtok_nlohmann_json SYSTEM INTERFACE "${bedtok_nlohmann_json_dir}/include")
  list(APPEND bedtok_licenses "nlohmann_json=${bedtok_nlohmann_json_dir}/LICENSE.MIT")
endif()

if("isa-l" IN_LIST bedtok_bundled)
  set(bedtok_isal bedtok_isal)
  file(STRINGS "${bedtok_isa-l_dir}/configure.ac" bedtok_isal_version REGEX "^ *\\[[0-9]+\\.[0-9.]+\\],$"
       LIMIT_COUNT 1)
  string(REGEX MATCH "[0-9.]+" bedtok_isal_version "${bedtok_isal_version}")
  # Headers are included as <isa-l/igzip_lib.h>, as they are installed.
  set(include_dir "${CMAKE_CURRENT_BINARY_DIR}/isa-l-include")
  file(COPY "${bedtok_isa-l_dir}/include/" DESTINATION "${include_dir}/isa-l" FILES_MATCHING PATTERN "*.h")
  add_library(bedtok_isal STATIC "${bedtok_isa-l_dir}/igzip/igzip_inflate.c"
                                 "${bedtok_isa-l_dir}/igzip/hufftables_c.c"
                                 "${CMAKE_CURRENT_LIST_DIR}/isal_inflate.c")
  bedtok_bundle(bedtok_isal "${include_dir}")
  target_include_directories(bedtok_isal PRIVATE "${bedtok_isa-l_dir}/include" "${bedtok_isa-l_dir}/igzip")
  target_link_libraries(bedtok_isal PRIVATE ${bedtok_zlib})
  list(APPEND bedtok_licenses "isa-l=${bedtok_isa-l_dir}/LICENSE")
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$" AND NOT CMAKE_OSX_ARCHITECTURES MATCHES "arm64")
    include(CheckLanguage)
    check_language(ASM_NASM)
  endif()
  if(CMAKE_ASM_NASM_COMPILER)
    enable_language(ASM_NASM)
    set(files igzip_inflate_multibinary igzip_decode_block_stateless_01 igzip_decode_block_stateless_04
              rfc1951_lookup)
    list(TRANSFORM files PREPEND "${bedtok_isa-l_dir}/igzip/")
    list(TRANSFORM files APPEND ".asm")
    target_sources(bedtok_isal PRIVATE ${files})
    target_compile_definitions(bedtok_isal PRIVATE $<$<COMPILE_LANGUAGE:C>:BEDTOK_ISAL_ASSEMBLER>)
    target_compile_options(bedtok_isal PRIVATE
      $<$<AND:$<COMPILE_LANGUAGE:ASM_NASM>,$<PLATFORM_ID:Linux>>:-DLINUX>
      $<$<AND:$<COMPILE_LANGUAGE:ASM_NASM>,$<PLATFORM_ID:Darwin>>:--prefix=_>)
    string(APPEND bedtok_isal_version " with its assembler code")
  else()
    string(APPEND bedtok_isal_version " without its assembler code, for which nasm is missing")
  endif()
endif()

# SPDX-License-Identifier: BSD-2-Clause
# Builds and runs the consumer project from nothing, in a folder of its own.
#
#     cmake -D way=subdirectory|fetch_content|package -D target=bedtok|core -D checkout=DIR
#           -D build=DIR -D work=DIR -D generator=NAME -D compiler=PATH -D flags=TEXT
#           -D configuration=NAME -P run.cmake
#
# `build` is a build folder of the checkout, from which `package` installs.
cmake_minimum_required(VERSION 3.23)

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result
                  OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${command}\nfailed with ${result}:\n${output}")
  endif()
endfunction()

file(REMOVE_RECURSE "${work}")
set(options -G "${generator}" -D "way=${way}" -D "target=${target}"
            -D "CMAKE_CXX_COMPILER=${compiler}" -D "CMAKE_CXX_FLAGS=${flags}"
            -D "CMAKE_BUILD_TYPE=${configuration}"
            # How bedtok is found is tested, not how fast it is.
            -D "CMAKE_CXX_FLAGS_RELEASE=-O0")
if(way STREQUAL "package")
  run("${CMAKE_COMMAND}" --install "${build}" --config "${configuration}" --prefix "${work}/prefix")
  list(APPEND options -D "CMAKE_PREFIX_PATH=${work}/prefix")
else()
  list(APPEND options -D "checkout=${checkout}")
endif()
if(target STREQUAL "core")
  # As on a machine that has neither: the core needs the standard library alone.
  foreach(package IN ITEMS ZLIB nlohmann_json Isal)
    list(APPEND options -D "CMAKE_DISABLE_FIND_PACKAGE_${package}=ON")
  endforeach()
endif()

run("${CMAKE_COMMAND}" -S "${CMAKE_CURRENT_LIST_DIR}" -B "${work}/build" ${options})
run("${CMAKE_COMMAND}" --build "${work}/build" --config "${configuration}")
run("${CMAKE_CTEST_COMMAND}" --test-dir "${work}/build" -C "${configuration}" --no-tests=error)

# SPDX-License-Identifier: BSD-2-Clause
# Finds ISA-L (Intel Intelligent Storage Acceleration Library), defines Isal::isal and sets
# Isal_VERSION. The library brings no CMake package of its own.
find_path(Isal_INCLUDE_DIR isa-l/igzip_lib.h)
find_library(Isal_LIBRARY NAMES isal isa-l)
mark_as_advanced(Isal_INCLUDE_DIR Isal_LIBRARY)
foreach(Isal_header IN ITEMS isa-l.h isa-l/isal_api.h)
  if(Isal_INCLUDE_DIR AND NOT Isal_VERSION AND EXISTS "${Isal_INCLUDE_DIR}/${Isal_header}")
    file(STRINGS "${Isal_INCLUDE_DIR}/${Isal_header}" Isal_VERSION
         REGEX "^#define ISAL_(MAJOR|MINOR|PATCH)_VERSION [0-9]+")
    list(TRANSFORM Isal_VERSION REPLACE ".* ([0-9]+).*" "\\1")
    list(JOIN Isal_VERSION "." Isal_VERSION)
  endif()
endforeach()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Isal REQUIRED_VARS Isal_LIBRARY Isal_INCLUDE_DIR
                                       VERSION_VAR Isal_VERSION)
if(Isal_FOUND AND NOT TARGET Isal::isal)
  add_library(Isal::isal UNKNOWN IMPORTED)
  set_target_properties(Isal::isal PROPERTIES IMPORTED_LOCATION "${Isal_LIBRARY}"
                                              INTERFACE_INCLUDE_DIRECTORIES "${Isal_INCLUDE_DIR}")
endif()

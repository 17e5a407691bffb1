# SPDX-License-Identifier: BSD-2-Clause
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_DATADIR}/cmake/bedtok")
install(TARGETS ${bedtok_targets} EXPORT bedtok_targets FILE_SET HEADERS)
install(EXPORT bedtok_targets NAMESPACE bedtok:: FILE bedtokTargets.cmake
        DESTINATION "${package_dir}")
configure_package_config_file(cmake/bedtokConfig.cmake.in bedtokConfig.cmake
                              INSTALL_DESTINATION "${package_dir}")
# Headers serve every architecture.
write_basic_package_version_file(bedtokConfigVersion.cmake COMPATIBILITY SameMinorVersion
                                 ARCH_INDEPENDENT)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/bedtokConfig.cmake"
              "${CMAKE_CURRENT_BINARY_DIR}/bedtokConfigVersion.cmake" cmake/FindIsal.cmake
        DESTINATION "${package_dir}")

# SPDX-License-Identifier: BSD-2-Clause
# A port of the headers. The hash is that of the release's archive, and is filled in with the release.
vcpkg_from_github(
  OUT_SOURCE_PATH SOURCE_PATH
  REPO bedtok/bedtok
  REF "v${VERSION}"
  SHA512 0
  HEAD_REF main)

vcpkg_check_features(OUT_FEATURE_OPTIONS options FEATURES isal BEDTOK_WITH_ISAL)
vcpkg_cmake_configure(
  SOURCE_PATH "${SOURCE_PATH}"
  OPTIONS ${options} -DBEDTOK_FETCH=OFF -DBEDTOK_BUILD_TESTS=OFF -DBEDTOK_BUILD_EXAMPLES=OFF)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH share/cmake/bedtok)
# Headers are all there is.
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")

// SPDX-License-Identifier: BSD-2-Clause
#pragma once

// The only place where the version is written; CMake and pyproject.toml read it from here.
#define BEDTOK_VERSION_MAJOR 0
#define BEDTOK_VERSION_MINOR 1
#define BEDTOK_VERSION_PATCH 0

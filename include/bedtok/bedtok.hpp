// SPDX-License-Identifier: BSD-2-Clause
#pragma once

// Everything: the core, and the readers and writers. Link bedtok::bedtok, or include core.hpp and
// link bedtok::core, which needs only the standard library.

#include "core.hpp"
#include "io.hpp"

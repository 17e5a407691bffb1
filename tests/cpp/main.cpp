// SPDX-License-Identifier: BSD-2-Clause
// The one object that compiles Catch2's runner.
#define CATCH_CONFIG_RUNNER
#include "catch.hpp"

int main(int argc, char** argv) { return Catch::Session().run(argc, argv); }

// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>
#include <bedtok/detail/processors.hpp>
#include <cstddef>
#include <thread>

#include "catch.hpp"

#if defined(__linux__)
#include <sched.h>
#endif

using bedtok::detail::processors;
using bedtok::detail::threads_or_all;

TEST_CASE("0 threads are as many as there are processors, other numbers stay") {
  CHECK(processors() >= 1);
  CHECK(threads_or_all(0) == processors());
  CHECK(threads_or_all(1) == 1);
  CHECK(threads_or_all(200) == 200);
  // However many are asked for, memory is taken for so many.
  CHECK(threads_or_all(1000000) == std::max<std::size_t>(256, processors()));
}

#if defined(__linux__)
TEST_CASE("processors that the process may not use are not counted") {
  cpu_set_t granted;
  CPU_ZERO(&granted);
  REQUIRE(sched_getaffinity(0, sizeof granted, &granted) == 0);
  const auto count = static_cast<std::size_t>(CPU_COUNT(&granted));
  CHECK(processors() == count);

  cpu_set_t fewer;
  CPU_ZERO(&fewer);
  std::size_t allowed = 0;
  for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &granted)) continue;
    CPU_SET(cpu, &fewer);
    REQUIRE(sched_setaffinity(0, sizeof fewer, &fewer) == 0);
    const std::size_t counted = processors();
    REQUIRE(sched_setaffinity(0, sizeof granted, &granted) == 0);
    REQUIRE(counted == ++allowed);
  }
  CHECK(processors() == count);
}
#endif

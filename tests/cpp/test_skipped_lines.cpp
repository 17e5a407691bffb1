// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/skipped_lines.hpp>
#include <cstdint>
#include <string>

#include "catch.hpp"

using bedtok::SkippedLines;

TEST_CASE("lines are counted, and the first are kept") {
  SkippedLines skipped;
  CHECK(to_text(skipped).empty());
  skipped.add(3, "is bad");
  CHECK(to_text(skipped) == "1 line was skipped: line 3: is bad");
  for (std::uint64_t line = 4; line < 4 + SkippedLines::most; ++line) skipped.add(line, "too");
  CHECK(skipped.count == 1 + SkippedLines::most);
  CHECK(skipped.first.size() == SkippedLines::most);
  CHECK(to_text(skipped) ==
        "6 lines were skipped: line 3: is bad; line 4: too; line 5: too; line 6: too; line 7: too; "
        "and 1 more");
}

TEST_CASE("the lines of a part are counted from its beginning") {
  SkippedLines part;
  for (std::uint64_t line = 1; line <= 7; ++line) part.add(line, "bad");
  SkippedLines skipped;
  skipped.add(2, "worse");
  skipped.add(part, 10);
  CHECK(skipped.count == 8);
  CHECK(skipped.first.size() == SkippedLines::most);
  CHECK(skipped.first[0].line == 2);
  CHECK(skipped.first[4].line == 14);
}

// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/sequence_options.hpp>
#include <vector>

#include "catch.hpp"
#include "support.hpp"

using bedtok::ConfigError;
using bedtok::SequenceOptions;
using bedtok::Side;
using support::message_of;

TEST_CASE("by default nothing stands around a sequence, and its right end is padded and cut") {
  const SequenceOptions options;
  CHECK(options.before.empty());
  CHECK(options.after.empty());
  CHECK_FALSE(options.model_max_length.has_value());
  CHECK(options.padding_side == Side::right);
  CHECK(options.truncation_side == Side::right);
  CHECK_NOTHROW(options.check());
}

TEST_CASE("a model takes one token at least") {
  SequenceOptions options;
  options.model_max_length = 1;
  CHECK_NOTHROW(options.check());
  options.model_max_length = 0;
  CHECK(message_of<ConfigError>([&] { options.check(); }) ==
        "model_max_length is 0, expected a number of tokens from 1");
}

TEST_CASE("a side is called right or left") {
  CHECK(bedtok::enum_name(Side::right) == "right");
  CHECK(bedtok::enum_name(Side::left) == "left");
  CHECK(message_of<ConfigError>([] { bedtok::parse_enum<Side>("start"); }) ==
        "side is 'start', expected one of: right, left");
}

TEST_CASE("sequence options differ when any one of them does") {
  const SequenceOptions defaults;
  CHECK(defaults == SequenceOptions());
  std::vector<SequenceOptions> changed(5);
  changed[0].before = {"<cls>"};
  changed[1].after = {"<cls>"};
  changed[2].model_max_length = 1;
  changed[3].padding_side = Side::left;
  changed[4].truncation_side = Side::left;
  for (const SequenceOptions& options : changed) {
    CHECK(options == SequenceOptions(options));
    CHECK(options != defaults);
  }
  CHECK(changed[0] != changed[1]);
  CHECK(changed[3] != changed[4]);
}

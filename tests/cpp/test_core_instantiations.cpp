// SPDX-License-Identifier: BSD-2-Clause
// Payloads of the user's own, with only the core: members that touch files are declared and not
// defined, which is no error.
#include <bedtok/core.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "catch.hpp"

namespace {

struct Peak {
  std::vector<float> signal;
  std::string name;
};

}  // namespace

template class bedtok::RegionSet<std::uint32_t, double>;
template class bedtok::RegionSet<std::uint64_t, Peak>;
template class bedtok::RegionSet<std::uint32_t, bool>;
template class bedtok::detail::PayloadColumn<Peak>;

TEST_CASE("core.hpp maps regions with a payload to tokens") {
  using Peaks = bedtok::RegionSet<std::uint64_t, Peak>;
  const Peaks peaks(std::vector<Peaks::value_type>{{"chr1", 5, 6000000000u, {{1.5f}, "wide"}}});
  const bedtok::Tokenizer<bedtok::OverlapIndex<std::uint64_t>> tokenizer(
      bedtok::RegionSet<std::uint64_t>{{"chr1", 5999999999u, 7000000000u, {}}});
  CHECK(tokenizer.tokenize(peaks) == std::vector<std::string>{"chr1:5999999999-7000000000"});
}

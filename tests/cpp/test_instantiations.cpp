// SPDX-License-Identifier: BSD-2-Clause
// Every member of the templates is compiled, used or not, and two translation units that include
// everything link: second_unit.cpp is the other one.
#include <bedtok/bedtok.hpp>
#include <cstdint>

#include "catch.hpp"
#include "second_unit.hpp"

template class bedtok::RegionSet<std::uint32_t>;
template class bedtok::RegionSet<std::uint64_t>;
template class bedtok::OverlapIndex<std::uint32_t>;
template class bedtok::OverlapIndex<std::uint64_t>;
template class bedtok::Vocabulary<std::uint32_t>;
template class bedtok::Vocabulary<std::uint64_t>;
template class bedtok::Tokenizer<bedtok::OverlapIndex<std::uint32_t>>;
template class bedtok::Tokenizer<bedtok::OverlapIndex<std::uint64_t>>;
template class bedtok::Mapper<bedtok::OverlapIndex<>, bedtok::RegionSet<>>;
template class bedtok::Mapper<bedtok::OverlapIndex<>, bedtok::RegionSet<std::uint32_t, double>>;
template class bedtok::io::RegionLineReader<std::uint32_t>;
template class bedtok::io::RegionLineReader<std::uint64_t>;
template struct bedtok::Region<std::uint32_t>;
template struct bedtok::Region<std::uint64_t, int>;

TEST_CASE("two translation units that include everything link and agree") {
  const bedtok::RegionSet<> regions{{"chr1", 1, 5, {}}, {"chr1", 3, 9, {}}};
  const bedtok::Tokenizer<> tokenizer(regions);
  CHECK(second_unit::encode(tokenizer, regions).input_ids == tokenizer(regions).input_ids);
  CHECK(second_unit::read("chr1\t1\t5\nchr1\t3\t9\n") == regions);
  CHECK(second_unit::default_unk() == bedtok::SpecialTokens()[bedtok::SpecialRole::unk]);
}

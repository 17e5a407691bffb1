// SPDX-License-Identifier: BSD-2-Clause
#include <bedtok/array.hpp>
#include <cstdint>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "catch.hpp"

using bedtok::Array;
using Values = std::vector<std::uint32_t>;

namespace {

Array<std::uint32_t> view_of(const std::shared_ptr<const Values>& values) {
  return {values->data(), values->size(), values};
}

}  // namespace

TEST_CASE("an array takes a vector's values over") {
  Values values{1, 2, 3};
  const std::uint32_t* const at = values.data();
  const Array<std::uint32_t> array(std::move(values));
  CHECK(array.data() == at);
  CHECK(array == Values{1, 2, 3});
  CHECK(array != Values{1, 2});
  CHECK_FALSE(array.is_view());
  CHECK((array.front() == 1 && array.back() == 3 && array[1] == 2));
  const Values& same = array;
  CHECK(same.data() == at);
}

TEST_CASE("a copy of an array has values of its own, a copy of a view shares them") {
  const Array<std::uint32_t> array(Values{1, 2, 3});
  Array<std::uint32_t> copy = array;
  copy[0] = 7;
  copy.push_back(8);
  CHECK(array == Values{1, 2, 3});
  CHECK(copy == Values{7, 2, 3, 8});

  const auto values = std::make_shared<const Values>(Values{4, 5});
  Array<std::uint32_t> view = view_of(values);
  const Array<std::uint32_t> other = view;
  CHECK(other.data() == values->data());
  CHECK(other.is_view());
  view.mutable_data()[1] = 6;  // which the memory behind it must not see
  CHECK(view == Values{4, 6});
  CHECK_FALSE(view.is_view());
  CHECK(other == Values{4, 5});
  CHECK(*values == Values{4, 5});
}

TEST_CASE("the values can be taken out, of a view as a copy") {
  Array<std::uint32_t> array(Values{1, 2, 3});
  const std::uint32_t* const at = array.data();
  const Values taken = std::move(array).take();
  CHECK(taken == Values{1, 2, 3});
  CHECK(taken.data() == at);
  CHECK(array.empty());  // NOLINT: what is promised of it
  array = taken;
  CHECK(array == taken);
  const auto values = std::make_shared<const Values>(Values{4, 5});
  CHECK(view_of(values).take() == *values);
  CHECK(*values == Values{4, 5});
}

TEST_CASE("a view keeps the memory alive that it shows") {
  auto values = std::make_shared<const Values>(Values{1, 2});
  const std::weak_ptr<const Values> memory = values;
  auto view = std::make_unique<Array<std::uint32_t>>(view_of(values));
  const Array<std::uint32_t> moved = std::move(*view);
  view.reset();
  values.reset();
  CHECK_FALSE(memory.expired());
  CHECK(moved == Values{1, 2});
}

TEST_CASE("what is moved from is empty and can be assigned to") {
  Array<std::uint32_t> from(Values{1, 2});
  const Array<std::uint32_t> to = std::move(from);
  CHECK(to == Values{1, 2});
  CHECK(from.empty());  // NOLINT: what is promised of it
  from = Values{3};
  CHECK(from == Values{3});
  from.resize(3);
  from.reserve(100);
  CHECK(from == Values{3, 0, 0});
}

TEST_CASE("threads that ask a view for a vector at once get the same one") {
  const auto values = std::make_shared<const Values>(Values{1, 2, 3});
  const Array<std::uint32_t> view = view_of(values);
  std::vector<const Values*> seen(4);
  std::vector<std::thread> threads;
  for (const Values*& each : seen) {
    threads.emplace_back([&view, &each] {
      const Values& vector = view;
      each = &vector;
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Values* each : seen) CHECK(each == seen[0]);
  CHECK(*seen[0] == *values);
  CHECK(view.data() == values->data());
}

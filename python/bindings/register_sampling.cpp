// SPDX-License-Identifier: BSD-2-Clause
#include <pybind11/pybind11.h>

#include <bedtok/detail/random_choice.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "arrays.hpp"
#include "register.hpp"

namespace bedtok::python {

void register_sampling(py::module_& module) {
  module.def(
      "random_choice",
      [](std::size_t size, std::size_t count, std::uint64_t seed, std::size_t position) {
        if (count > size) {
          throw py::value_error("count is " + std::to_string(count) + ", expected at most " +
                                std::to_string(size) + ", the number of positions");
        }
        const std::vector<std::size_t> chosen =
            detail::random_choice(size, count, detail::sample_seed(seed, position));
        return into_array(std::vector<std::int64_t>(chosen.begin(), chosen.end()));
      },
      py::arg("size"), py::arg("count"), py::arg("seed"), py::arg("position"),
      "Return `count` of the positions 0 .. size - 1 in their order, as truncation=\"random\" "
      "chooses them for the sample at `position` of a batch.");
}

}  // namespace bedtok::python

// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <pybind11/pybind11.h>

#include <bedtok/mapping_options.hpp>
#include <bedtok/peak_tokens.hpp>
#include <bedtok/region_set.hpp>
#include <bedtok/sequence_options.hpp>
#include <bedtok/tokenizer.hpp>
#include <cstdint>
#include <string>
#include <type_traits>

namespace bedtok::python {

/// Whether objects of a class are taken only when their constructor has run. `Class.__new__(Class)`
/// makes one without, whose memory pybind11 would hand to a function as it is. Each file that takes
/// one of these classes from Python includes this.
template <class T>
inline constexpr bool must_be_initialized = false;
template <>
inline constexpr bool must_be_initialized<RegionSet<std::uint32_t>> = true;
template <>
inline constexpr bool must_be_initialized<Tokenizer<>> = true;
template <>
inline constexpr bool must_be_initialized<MappingOptions> = true;
template <>
inline constexpr bool must_be_initialized<SequenceOptions> = true;
template <>
inline constexpr bool must_be_initialized<PeakTokens> = true;

}  // namespace bedtok::python

namespace pybind11::detail {

template <class T>
class type_caster<T, std::enable_if_t<bedtok::python::must_be_initialized<T>>>
    : public type_caster_base<T> {
 public:
  bool load(handle source, bool convert) {
    if (isinstance<T>(source)) {
      auto* object = reinterpret_cast<instance*>(source.ptr());
      if (object->get_value_and_holder().value_ptr() == nullptr) {
        throw type_error(std::string(str(type::handle_of(source).attr("__name__"))) +
                         ": the constructor was not called");
      }
    }
    return type_caster_base<T>::load(source, convert);
  }
};

}  // namespace pybind11::detail

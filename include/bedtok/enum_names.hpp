// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "error.hpp"

namespace bedtok {

/// The names of an enumeration's values, the same in C++, Python, the command line and saved files.
/// An enumeration of options specializes it with `names`, in the order of the enumerators, and
/// `option`, the name of the option in messages.
template <class Enum>
struct EnumNames;

/// The name of a value, as options spell it.
template <class Enum>
constexpr std::string_view enum_name(Enum value) {
  return EnumNames<Enum>::names[static_cast<std::size_t>(value)];
}

/// The value called `name`. Throws ConfigError that lists the names when there is none; `option` is
/// the name of the option in the message.
template <class Enum>
Enum parse_enum(std::string_view name, std::string_view option = EnumNames<Enum>::option) {
  constexpr const auto& names = EnumNames<Enum>::names;
  std::string known;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return static_cast<Enum>(i);
    known.append(i == 0 ? "" : ", ").append(names[i]);
  }
  throw ConfigError(std::string(option) + " is '" + std::string(name) +
                    "', expected one of: " + known);
}

}  // namespace bedtok

// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace bedtok::detail {

/// Ids on their way to `append(first, last)`, which gets them in blocks.
template <class Append>
class IdBlock {
 public:
  explicit IdBlock(Append& append) : append_(append) {}

  /// Makes room for `count` calls of `add`, at most `spare`.
  void make_room(std::size_t count) {
    if (count_ + count > room) flush();
  }
  /// Writes `id` always and keeps it if it is a hit: whether it is, no branch predictor can know.
  void add(std::uint32_t id, bool hit) noexcept {
    ids_[count_] = id;
    count_ += hit ? 1 : 0;
  }

  /// Adds those of `id_at(0)` to `id_at(count - 1)` whose `hit_at` is true. Returns whether one
  /// is. Leaves room for `spare` more.
  template <class IdAt, class HitAt>
  bool add_hits(std::size_t count, std::size_t spare, IdAt&& id_at, HitAt&& hit_at) {
    bool any = false;
    for (std::size_t i = 0; i < count;) {
      make_room(spare + 1);
      const std::size_t last = std::min(count, i + (room - spare - count_));
      std::size_t at = count_;  // in a register
      for (; i < last; ++i) {
        ids_[at] = id_at(i);
        at += hit_at(i) ? 1 : 0;
      }
      any = any || at != count_;
      count_ = at;
    }
    return any;
  }

  void flush() {
    append_(static_cast<const std::uint32_t*>(ids_),
            static_cast<const std::uint32_t*>(ids_) + count_);
    count_ = 0;
  }

 private:
  static constexpr std::size_t room = 1024;
  Append& append_;
  std::size_t count_ = 0;
  std::uint32_t ids_[room];
};

}  // namespace bedtok::detail

// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace bedtok {

/// A column of numbers: values of its own, as a std::vector has them, or a view of read-only memory
/// such as that of a mapped file, which it keeps alive. Copies of a view share the memory. Every
/// const member may be called from many threads.
template <class T>
class Array {
 public:
  /// The type of a value.
  using value_type = T;
  /// Iterators are pointers.
  using const_iterator = const T*;
  /// Iterators are pointers.
  using iterator = const T*;

  Array() = default;
  /// Takes the values of a vector.
  Array(std::vector<T> values) : own_(std::move(values)) { look(); }  // NOLINT: a vector is one
  /// Views `size` values at `data`, which `owner` keeps alive.
  Array(const T* data, std::size_t size, std::shared_ptr<const void> owner)
      : view_(std::make_shared<View>()), data_(data), size_(size) {
    view_->owner = std::move(owner);
  }
  /// A copy of the values; of a view, another view of the same memory.
  Array(const Array& other) : own_(other.own_), view_(other.view_) {
    look();
    if (view_ == nullptr) return;
    data_ = other.data_;
    size_ = other.size_;
  }
  /// Takes the values or the view of another array, which is left empty.
  Array(Array&& other) noexcept { swap(other); }
  /// As the constructors: what is assigned is copied or taken.
  Array& operator=(Array other) noexcept {
    swap(other);
    return *this;
  }
  ~Array() = default;

  /// Number of values.
  std::size_t size() const noexcept { return size_; }
  /// Whether there are no values.
  bool empty() const noexcept { return size_ == 0; }
  /// The first value's address.
  const T* data() const noexcept { return data_; }
  /// The value at `i`, which is not checked.
  const T& operator[](std::size_t i) const noexcept { return data_[i]; }
  /// The first value.
  const_iterator begin() const noexcept { return data_; }
  /// Behind the last value.
  const_iterator end() const noexcept { return data_ + size_; }
  /// The first value of an array that has one.
  const T& front() const noexcept { return data_[0]; }
  /// The last value of an array that has one.
  const T& back() const noexcept { return data_[size_ - 1]; }
  /// Whether the values are in memory that it views.
  bool is_view() const noexcept { return view_ != nullptr; }

  /// The values as a vector, for functions that take one. Costs nothing where they are its own;
  /// those of a view are copied once.
  operator const std::vector<T>&() const {  // NOLINT: an array stands where a vector did
    if (view_ == nullptr) return own_;
    std::call_once(view_->copied, [this] { view_->copy.assign(begin(), end()); });
    return view_->copy;
  }

  /// The values as a vector of the caller's, copied only from a view.
  std::vector<T> take() && {
    detach();
    size_ = 0;
    data_ = nullptr;
    return std::move(own_);
  }

  // ---- For whoever builds an array; the values of a view are copied first

  /// The value at `i`, to be changed.
  T& operator[](std::size_t i) {
    detach();
    return own_[i];
  }
  /// The first value's address, to change values.
  T* mutable_data() {
    detach();
    return own_.data();
  }
  /// Makes room for `size` values.
  void reserve(std::size_t size) {
    detach();
    own_.reserve(size);
    look();
  }
  /// Appends a value.
  void push_back(const T& value) {
    detach();
    own_.push_back(value);
    look();
  }
  /// Changes the number of values; new ones are T().
  void resize(std::size_t size) {
    detach();
    own_.resize(size);
    look();
  }

  friend bool operator==(const Array& a, const Array& b) {
    return a.size_ == b.size_ && (a.data_ == b.data_ || std::equal(a.begin(), a.end(), b.begin()));
  }
  friend bool operator!=(const Array& a, const Array& b) { return !(a == b); }

 private:
  struct View {
    std::shared_ptr<const void> owner;
    std::once_flag copied;
    std::vector<T> copy;
  };

  void look() noexcept {
    data_ = own_.data();
    size_ = own_.size();
  }
  void detach() {
    if (view_ == nullptr) return;
    own_.assign(begin(), end());
    view_.reset();
    look();
  }
  void swap(Array& other) noexcept {
    own_.swap(other.own_);  // leaves the values where they are
    view_.swap(other.view_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
  }

  std::vector<T> own_;
  std::shared_ptr<View> view_;  // none: the values are its own
  const T* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace bedtok

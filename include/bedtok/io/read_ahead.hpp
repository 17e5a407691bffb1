// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "../detail/abandon_scope.hpp"
#include "../interruption.hpp"
#include "byte_source.hpp"

namespace bedtok::io {

/// Reads another source on a separate thread, some pieces ahead.
class ReadAheadSource final : public ByteSource {
 public:
  /// Reads `inner` on a thread of its own, a few blocks ahead.
  explicit ReadAheadSource(std::unique_ptr<ByteSource> inner)
      : inner_(std::move(inner)), thread_([this] { run(); }) {}
  ~ReadAheadSource() override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stopped_ = true;
    }
    room_.notify_one();
    thread_.join();
  }
  ReadAheadSource(const ReadAheadSource&) = delete;
  ReadAheadSource& operator=(const ReadAheadSource&) = delete;

  std::size_t read(char* to, std::size_t room) override {
    if (at_ == piece_.size() && !next()) return 0;
    const std::size_t count = std::min(room, piece_.size() - at_);
    std::memcpy(to, piece_.data() + at_, count);
    at_ += count;
    return count;
  }
  const std::string& name() const noexcept override { return inner_->name(); }
  std::uint64_t size_hint() const noexcept override { return inner_->size_hint(); }

 private:
  static constexpr std::size_t piece_size = std::size_t{1} << 20;
  static constexpr std::size_t most_pieces = 8;

  /// The thread: puts pieces into the queue until the end or a failure.
  void run() {
    const bedtok::detail::AbandonScope scope(stopped_);
    try {
      for (std::size_t size = buffer_size(*inner_, piece_size);; size = piece_size) {
        std::vector<char> piece(size);
        std::size_t held = 0;
        while (held < size) {
          const std::size_t got = inner_->read(piece.data() + held, size - held);
          if (got == 0) break;
          held += got;
        }
        piece.resize(held);
        std::unique_lock<std::mutex> lock(mutex_);
        room_.wait(lock, [this] { return stopped_ || pieces_.size() < most_pieces; });
        if (stopped_) return;
        if (held < size) ended_ = true;
        pieces_.push_back(std::move(piece));
        filled_.notify_one();
        if (ended_) return;
      }
    } catch (...) {
      const std::lock_guard<std::mutex> lock(mutex_);
      failure_ = std::current_exception();
      filled_.notify_one();
    }
  }

  /// False at the end. Pieces that were read before a failure come before it.
  bool next() {
    std::unique_lock<std::mutex> lock(mutex_);
    const auto filled = [this] { return !pieces_.empty() || ended_ || failure_; };
    while (!filled_.wait_for(lock, std::chrono::milliseconds(100), filled)) {
      lock.unlock();  // what is asked may take its time
      check_interruption();
      lock.lock();
    }
    if (pieces_.empty()) {
      if (failure_) std::rethrow_exception(failure_);
      return false;
    }
    piece_ = std::move(pieces_.front());
    pieces_.pop_front();
    at_ = 0;
    room_.notify_one();
    return !piece_.empty();
  }

  std::unique_ptr<ByteSource> inner_;
  std::vector<char> piece_;  // the reader's
  std::size_t at_ = 0;
  std::mutex mutex_;  // for all below
  std::condition_variable filled_;
  std::condition_variable room_;
  std::deque<std::vector<char>> pieces_;
  std::exception_ptr failure_;
  bool ended_ = false;
  std::atomic<bool> stopped_{false};  // also read without the mutex, while a pipe is waited for
  std::thread thread_;                // last: it begins when all else is there
};

}  // namespace bedtok::io

#pragma once

#include <cstddef>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace ofsweep {

// Bounds the bytes of points that wait for the disk, so that memory stays flat where workers outrun it. To be entered
// before any lock is taken: who waits here for a slow disk holds up nobody else.
class PushRoom {
 public:
  explicit PushRoom(std::size_t bytes) : limit_(bytes) {}

  // A part of the room, for as long as it lives. What is larger than all of the room enters alone.
  class Share {
   public:
    Share(PushRoom& room, std::size_t bytes) : room_(room), bytes_(bytes) {
      absl::MutexLock lock(&room_.mutex_);
      const auto fits = [this]() ABSL_SHARED_LOCKS_REQUIRED(room_.mutex_) {
        return room_.taken_ == 0 || room_.taken_ + bytes_ <= room_.limit_;
      };
      room_.mutex_.Await(absl::Condition(&fits));
      room_.taken_ += bytes_;
    }
    ~Share() {
      absl::MutexLock lock(&room_.mutex_);
      room_.taken_ -= bytes_;
    }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

   private:
    PushRoom& room_;
    const std::size_t bytes_;
  };

 private:
  const std::size_t limit_;
  absl::Mutex mutex_;
  std::size_t taken_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace ofsweep

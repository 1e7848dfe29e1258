#pragma once

#include <cstddef>
#include <functional>
#include <list>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace ofsweep {

// The answers of QueryCurves that are being sent. Each holds a thread of the server and what its client has not taken
// yet, so there are few at once; when all places are taken, those whose clients have taken nothing for long are ended.
class CurveStreams {
  struct Stream {
    absl::Time progress_at;
    std::function<void()> end;
  };

 public:
  CurveStreams(std::size_t places, absl::Duration patience) : places_(places), patience_(patience) {}

  // A stream's place, given back with its destruction.
  class Place {
   public:
    // `end` ends the stream; it is called at most until the destruction, and must not wait.
    Place(CurveStreams& streams, absl::Time now, std::function<void()> end);
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    // ResourceExhausted when there was none.
    const absl::Status& status() const { return status_; }
    // The client has taken something.
    void NoteProgress(absl::Time now);

   private:
    CurveStreams& streams_;
    absl::Status status_;
    std::list<Stream>::iterator stream_;
  };

 private:
  const std::size_t places_;
  const absl::Duration patience_;
  absl::Mutex mutex_;
  std::list<Stream> streams_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace ofsweep

#include "coordinator/curve_streams.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace ofsweep {

CurveStreams::Place::Place(CurveStreams& streams, absl::Time now, std::function<void()> end) : streams_(streams) {
  absl::MutexLock lock(&streams_.mutex_);
  stream_ = streams_.streams_.end();
  if (streams_.streams_.size() < streams_.places_) {
    stream_ = streams_.streams_.insert(stream_, {now, std::move(end)});
    return;
  }
  for (const Stream& stream : streams_.streams_) {
    if (now - stream.progress_at > streams_.patience_) stream.end();
  }
  status_ = absl::ResourceExhaustedError(
      absl::StrCat(streams_.places_,
                   " answers with curves are being sent, as many as at once; read or cancel those "
                   "that you asked for, and ask again in a moment"));
}

CurveStreams::Place::~Place() {
  if (!status_.ok()) return;
  absl::MutexLock lock(&streams_.mutex_);
  streams_.streams_.erase(stream_);
}

void CurveStreams::Place::NoteProgress(absl::Time now) {
  absl::MutexLock lock(&streams_.mutex_);
  stream_->progress_at = now;
}

}  // namespace ofsweep

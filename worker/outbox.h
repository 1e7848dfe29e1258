#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "experiment/trainer_event.h"
#include "ofsweep/v1/worker.pb.h"
#include "worker/reconcile.h"
#include "worker/unique_fd.h"
#include "worker/verdict.h"

namespace ofsweep {

// What the agent itself writes into an outbox, around the trainer's lines.
struct AttemptHeader {
  AttemptName name;
  int attempt = 1;                         // of the trial, from 1
  std::int64_t started_at_ms = 0;          // since 1970
  std::uint64_t continued_generation = 0;  // whose curve its checkpoint is of
};

// The outbox of one attempt: a file that is the trainer's standard output. The trainer writes its events straight into
// it, so that a killed agent loses nothing that the trainer said; the agent reads it behind the trainer, twice: Scan()
// notes what happened, NextBatch() follows with the points that were not acknowledged. Nothing is kept in memory,
// however long the coordinator is away.
//
// Lines: the agent's header, the trainer's events, the agent's record of the end, and garbage: what a library prints. A
// line without a newline is unfinished, and is dropped when the trainer is gone. An event that cannot be read ends the
// outbox: what is behind it is neither scanned nor sent, so that no curve has a hole. Beside NAME.jsonl, NAME.acked
// holds how far the coordinator has acknowledged.
class Outbox {
 public:
  struct Observer {
    std::function<void(const AttemptHeader&)> on_header;
    std::function<void(TrainerEvent&)> on_event;
    std::function<void(const AttemptEnd&)> on_end;
    std::function<void(std::string_view line, const absl::Status&)> on_garbage;
  };

  struct Batch {
    std::uint64_t end_offset = 0;
    std::size_t points = 0;
  };

  static absl::StatusOr<std::unique_ptr<Outbox>> Create(const std::string& folder, const AttemptHeader& header);
  // An outbox that a former run of the agent has left.
  static absl::StatusOr<std::unique_ptr<Outbox>> Open(const std::string& path);
  // The paths of all outboxes in `folder`.
  static std::vector<std::string> List(const std::string& folder);

  // For the trainer's standard output; opened for appending.
  int write_fd() const { return file_.get(); }
  const std::string& path() const { return path_; }
  std::uint64_t size() const;

  // Reads what was written since the last call, about a megabyte at most; true when there may be more. DataLoss at an
  // event that cannot be read.
  absl::StatusOr<bool> Scan(const Observer& observer);

  // Adds up to about `max_points` unacknowledged points, whole steps, to `out`. Zero points: nothing is waiting.
  absl::StatusOr<Batch> NextBatch(std::size_t max_points, v1::TrialPoints& out) const;
  void Acknowledge(const Batch& batch);

  // The points behind this step are not stored, whatever was acknowledged: they wait again. 0: nothing is.
  absl::Status Rewind(std::int64_t stored_through);

  // Points scanned and not acknowledged.
  std::uint64_t unsent() const { return unsent_; }

  // Closes the file once the trainer is gone: drops an unfinished line, adds the record of the end.
  absl::Status AppendEnd(const AttemptEnd& end);
  void Remove();

 private:
  Outbox(std::string path, UniqueFd file, UniqueFd acked_file);
  static absl::StatusOr<std::unique_ptr<Outbox>> OpenFiles(const std::string& path, int flags);
  absl::Status ScanLine(std::string_view line, std::uint64_t offset, const Observer& observer);
  void WriteMark();

  std::string path_;
  UniqueFd file_;
  UniqueFd acked_file_;
  std::uint64_t scanned_ = 0;  // offset after the last complete line that was scanned
  std::uint64_t acked_ = 0;    // offset after the last line whose points were acknowledged
  std::uint64_t unsent_ = 0;
};

}  // namespace ofsweep

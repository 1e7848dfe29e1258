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
#include "host/unique_fd.h"
#include "ofsweep/v1/worker.pb.h"
#include "worker/outbox_line.h"

namespace ofsweep {

// The outbox of one attempt: a file that is the trainer's standard output. The trainer writes its events straight into
// it, so that a killed agent loses nothing that the trainer said; the agent reads it behind the trainer, twice: Scan()
// notes what happened, NextBatch() follows with the points that were not acknowledged. Nothing is kept in memory,
// however long the coordinator is away.
//
// Lines: the agent's header, the trainer's events, the agent's record of the end, all of them numbered and with a
// checksum (outbox_line.h), and garbage: what a library prints. A line without a newline is unfinished, and is dropped
// when the trainer is gone. One that is damaged or missing ends the outbox: what is behind it is neither scanned nor
// sent, so that no curve has a hole. Beside NAME.jsonl, NAME.jsonl.acked holds how far the coordinator has
// acknowledged. Both are for their owner alone (mode 0600), for the header holds the attempt's secret.
class Outbox {
 public:
  struct Observer {
    std::function<void(const AttemptHeader&)> on_header;
    std::function<void(TrainerEvent&)> on_event;
    std::function<void(const AttemptEnd&)> on_end;
    std::function<void(std::string_view line)> on_garbage;
  };

  // Between two lines.
  struct Position {
    std::uint64_t offset = 0;
    std::uint64_t line = 0;  // the number of the next one that is no garbage
    std::int64_t step = 0;   // of the newest points before it; 0: there are none
  };

  struct Batch {
    Position end;
    std::size_t points = 0;
  };

  static absl::StatusOr<std::unique_ptr<Outbox>> Create(const std::string& folder, const AttemptHeader& header);
  // An outbox that a former run of the agent has left.
  static absl::StatusOr<std::unique_ptr<Outbox>> Open(const std::string& path);
  static std::string PathOf(const std::string& folder, const AttemptName& name);
  // The paths of all files in `folder` that are called as an attempt's outbox is.
  static std::vector<std::string> List(const std::string& folder);
  // The names of what else is there, printable.
  static std::vector<std::string> ListStrays(const std::string& folder);

  // For the trainer's standard output; opened for appending.
  int write_fd() const { return file_.get(); }
  const std::string& path() const { return path_; }
  std::uint64_t size() const;

  // Reads what was written since the last call, about a megabyte at most; true when there may be more. DataLoss at a
  // line that is damaged or missing.
  absl::StatusOr<bool> Scan(const Observer& observer);

  // Adds up to about `max_points` unacknowledged points, whole steps, to `out`. Zero points: nothing is waiting.
  // DataLoss where none come before a line that was damaged since it was scanned.
  absl::StatusOr<Batch> NextBatch(std::size_t max_points, v1::TrialPoints& out) const;
  void Acknowledge(const Batch& batch);

  // The points behind this step are not stored, whatever was acknowledged: they wait again. 0: nothing is.
  absl::Status Rewind(std::int64_t stored_through);

  // The newest step whose points were acknowledged; 0: there is none.
  std::int64_t acknowledged_step() const { return acked_.step; }
  // Points scanned and not acknowledged.
  std::uint64_t unsent() const { return unsent_; }

  // Closes the file once the trainer is gone: drops an unfinished line, adds the record of the end.
  absl::Status AppendEnd(const AttemptEnd& end);
  void Remove();

 private:
  Outbox(std::string path, UniqueFd file, UniqueFd acked_file);
  static absl::StatusOr<std::unique_ptr<Outbox>> OpenFiles(const std::string& path, int flags);
  absl::Status ScanLine(std::string_view line, std::uint64_t end_offset, const Observer& observer);
  // Reads again what was scanned, from `at` on, which moves; `visit` stops by false.
  absl::Status ReadPoints(Position& at,
                          const std::function<bool(const Position& begin, const StepPoints&)>& visit) const;
  void WriteMark();

  std::string path_;
  UniqueFd file_;
  UniqueFd acked_file_;
  Position scanned_;  // after the last line that was scanned
  Position acked_;    // after the last line whose points were acknowledged
  std::uint64_t unsent_ = 0;
};

}  // namespace ofsweep

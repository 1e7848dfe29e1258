#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

// When this process will be ended by others.
namespace ofsweep {

// A time as --until takes it: RFC 3339 ("2026-11-28T22:14:39Z", "2026-11-28T23:14:39+01:00") or whole seconds since
// 1970. Nothing for other text.
std::optional<absl::Time> ReadTime(const std::string& text);
// "expected …, got …"; "" for a time.
std::string WhyNoTime(const std::string& text);

// The end of the job in what `scontrol show job` prints with SLURM_TIME_FORMAT=%s; none where it has no limit.
std::optional<absl::Time> EndTimeIn(std::string_view shown);

// The time of --until, or without one the end of the Slurm job that this process belongs to: SLURM_JOB_END_TIME, and
// where an older Slurm does not set that (22.05), what scontrol says. As a time of the clock that nobody sets. None
// outside of a job, for one without a limit, and where it cannot be found out or lies in the past, though the job
// runs: then the clocks differ, which is logged. InvalidArgument for an --until that has passed.
absl::StatusOr<std::optional<std::chrono::steady_clock::time_point>> WorkerDeadline(
    const std::optional<std::string>& until);

}  // namespace ofsweep

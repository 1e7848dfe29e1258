#include "cli/job_end.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <vector>

#include <spdlog/spdlog.h>

#include "absl/strings/str_cat.h"
#include "cli/program.h"
#include "experiment/number_range.h"
#include "experiment/quoted.h"

namespace ofsweep {
namespace {

using Clock = std::chrono::steady_clock;

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string TextOf(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// Of an array, the number of the job that stands for all of it is that of one of its tasks, too.
std::string SlurmJob() {
  const std::string task = Variable("SLURM_ARRAY_TASK_ID");
  return task.empty() ? Variable("SLURM_JOB_ID") : absl::StrCat(Variable("SLURM_ARRAY_JOB_ID"), "_", task);
}

std::optional<absl::Time> AskSlurm() {
  const UnnamedFile out;
  const UnnamedFile err;
  const auto end = RunProgram(
      {"/usr/bin/env", "SLURM_TIME_FORMAT=%s", "timeout", "20", "scontrol", "show", "job", "--oneliner", SlurmJob()},
      {.out = out.path(), .err = err.path()});
  if (end.ok() && *end == 0) return EndTimeIn(TextOf(out.path()));
  spdlog::warn(
      "when job {} ends is not known, for scontrol {} ({}): the worker stops when it is told to; --until says it",
      SlurmJob(), end.ok() ? DescribeEnd(*end) : std::string(end.status().message()), LastLine(err.path()));
  return std::nullopt;
}

std::optional<absl::Time> JobEnd() {
  if (const std::string end = Variable("SLURM_JOB_END_TIME"); !end.empty()) return ReadTime(end);
  return Variable("SLURM_JOB_ID").empty() ? std::nullopt : AskSlurm();
}

}  // namespace

std::optional<absl::Time> ReadTime(const std::string& text) {
  if (const auto seconds = ReadWhole(text)) {
    return *seconds >= 0 ? std::optional(absl::FromUnixSeconds(*seconds)) : std::nullopt;
  }
  absl::Time time;
  std::string ignored;
  const bool is_finite = absl::ParseTime(absl::RFC3339_full, text, &time, &ignored) && time != absl::InfiniteFuture() &&
                         time != absl::InfinitePast();
  return is_finite ? std::optional(time) : std::nullopt;
}

std::string WhyNoTime(const std::string& text) {
  if (ReadTime(text)) return "";
  return absl::StrCat("expected a time such as 2026-11-28T22:14:39Z, or seconds since 1970, got ", Quoted(text));
}

std::optional<absl::Time> EndTimeIn(std::string_view shown) {
  constexpr std::string_view kKey = " EndTime=";
  const std::size_t at = shown.find(kKey);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view value = shown.substr(at + kKey.size());
  return ReadTime(std::string(value.substr(0, value.find_first_of(" \n"))));  // or "Unknown"
}

absl::StatusOr<std::optional<Clock::time_point>> WorkerDeadline(const std::optional<std::string>& until) {
  const std::optional<absl::Time> end = until ? ReadTime(*until) : JobEnd();
  if (!end) return std::nullopt;
  const absl::Duration left = *end - absl::Now();
  if (left > absl::ZeroDuration()) {
    constexpr absl::Duration kLongest = absl::Hours(24 * 365 * 30);
    return Clock::now() + absl::ToChronoMilliseconds(std::min(left, kLongest));
  }
  const std::string passed =
      absl::StrCat(absl::FormatTime(absl::RFC3339_sec, *end, absl::UTCTimeZone()), ", and here it is ",
                   absl::FormatTime(absl::RFC3339_sec, absl::Now(), absl::UTCTimeZone()));
  if (until) return absl::InvalidArgumentError(absl::StrCat("--until: that was ", passed, "; is the clock right?"));
  spdlog::warn("the job ended at {}: the clocks differ, and the worker stops when it is told to; --until says when",
               passed);
  return std::nullopt;
}

}  // namespace ofsweep

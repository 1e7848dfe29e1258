#include "coordinator/worker_wire.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "experiment/quoted.h"
#include "experiment/step_limit.h"
#include "monitoring/host_port.h"

namespace ofsweep {
namespace {

constexpr std::size_t kMaxProblems = 100;  // reading on would only repeat the same mistake
constexpr std::size_t kMaxNameBytes = 128;
constexpr std::size_t kMaxTextBytes = 256;  // a host's name has at most 253
constexpr std::size_t kMaxMessageBytes = 16 << 10;
constexpr std::uint32_t kMaxSlots = 4096;
// Thirty years: what others end so late, they do not end.
constexpr double kMaxSecondsLeft = 1e9;
constexpr std::uint32_t kMaxLayer = 99'999;
// Microseconds since 1970, and one more for each attempt: beyond this no coordinator has counted.
constexpr std::uint64_t kMaxGeneration = std::uint64_t{1} << 53;
// Of a log: what a double holds exactly, as TailLog tells it.
constexpr std::uint64_t kMaxLogBytes = std::uint64_t{1} << 53;
constexpr std::uint64_t kMaxTokens = std::numeric_limits<std::int64_t>::max();

void Add(std::string field, std::string message, std::string fix, std::vector<Problem>& problems) {
  problems.push_back({.key = std::move(field), .message = std::move(message), .fix = std::move(fix)});
}

bool IsMetricName(const std::string& name) {
  return !name.empty() && name.size() <= kMaxNameBytes && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

void CheckName(const std::string& name, const std::string& field, std::vector<Problem>& problems) {
  const bool printable = std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 127; });
  if (!name.empty() && name.size() <= kMaxNameBytes && printable) return;
  Add(field, "is not a name", absl::StrCat("1 to ", kMaxNameBytes, " printable ASCII characters without spaces"),
      problems);
}

// For people alone, so that any text will do that is not absurdly long.
void CheckText(const std::string& text, const std::string& field, std::vector<Problem>& problems) {
  if (text.size() <= kMaxTextBytes) return;
  Add(field, absl::StrCat("has ", text.size(), " bytes"), absl::StrCat("at most ", kMaxTextBytes), problems);
}

void CheckStep(std::uint64_t step, const std::string& field, std::vector<Problem>& problems) {
  if (step <= kMaxSteps) return;
  Add(field, absl::StrCat("step ", step, " is absurd"), absl::StrCat("updates done, at most ", kMaxSteps), problems);
}

// One that CheckStep accepts.
std::int64_t StepOf(std::uint64_t step) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(step, kMaxSteps));
}

void CheckGeneration(std::uint64_t generation, const std::string& field, std::vector<Problem>& problems) {
  if (generation <= kMaxGeneration) return;
  Add(field, absl::StrCat("no attempt has the generation ", generation), "as `start` gave it", problems);
}

bool IsJsonObject(const std::string& text) {
  return nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false).is_object();
}

AttemptEnd EndOf(const v1::Ended& ended, const std::string& field, std::vector<Problem>& problems) {
  AttemptEnd end{.message = Shortened(ended.failure_message(), kMaxMessageBytes),
                 .step = StepOf(ended.step()),
                 .wall_seconds = ended.wall_seconds()};
  const auto outcome = ParseAttemptOutcome(ended.outcome());
  if (!outcome || *outcome == AttemptOutcome::kLost) {
    Add(field + ".outcome", absl::StrCat("unknown outcome ", Quoted(ended.outcome())),
        "completed, diverged, failed, cancelled or preempted", problems);
  } else {
    end.outcome = *outcome;
  }
  if (!(ended.wall_seconds() >= 0) || std::isinf(ended.wall_seconds())) {
    Add(field + ".wall_seconds", "is not a duration", "a number of seconds of at least 0", problems);
  }
  if (end.outcome != AttemptOutcome::kFailed) return end;
  if (const auto failure = ParseTrainerFailure(ended.failure_class())) {
    end.failure = *failure;
  } else {
    Add(field + ".failure_class", absl::StrCat("unknown failure class ", Quoted(ended.failure_class())),
        std::string(kTrainerFailures), problems);
  }
  return end;
}

template <class Message>
void CheckFromStep(const Message& message, const std::string& field, std::vector<Problem>& problems) {
  if (!message.has_from_step()) {
    Add(field + ".from_step", "is not set", "the step of the checkpoint that it continues from, 0 without one",
        problems);
  }
  CheckStep(message.from_step(), field + ".from_step", problems);
}

AttemptBeginning BeginningOf(const v1::Begun& message, const std::string& field, std::vector<Problem>& problems) {
  CheckFromStep(message, field, problems);
  if (!message.config_json().empty() && !IsJsonObject(message.config_json())) {
    Add(field + ".config_json", "is no JSON object", "a flat object of every resolved key", problems);
  }
  CheckText(message.revision(), field + ".revision", problems);
  AttemptBeginning beginning{.from_step = StepOf(message.from_step()),
                             .config_json = message.config_json(),
                             .revision = message.revision(),
                             .continued_generation = message.continued_generation()};
  for (const auto& [reason, files] : message.left_out()) {
    CheckName(reason, field + ".left_out", problems);
    beginning.left_out[reason] = static_cast<std::int64_t>(std::min<std::uint64_t>(files, kMaxTokens));
  }
  return beginning;
}

AttemptReport ReportOf(const v1::AttemptReport& message, const std::string& field, std::vector<Problem>& problems) {
  AttemptReport report{.name = {message.trial_id(), message.generation()}};
  CheckName(message.trial_id(), field + ".trial_id", problems);
  CheckGeneration(message.generation(), field + ".generation", problems);
  std::uint64_t step = 0;
  if (message.has_begun()) report.begun = BeginningOf(message.begun(), field + ".begun", problems);
  if (message.has_running()) {
    step = message.running().step();
  } else if (message.has_ended()) {
    step = message.ended().step();
    report.end = EndOf(message.ended(), field + ".ended", problems);
  } else {
    Add(field, "says neither running nor ended", "set one of them", problems);
  }
  CheckStep(step, field + ".step", problems);
  report.step = StepOf(step);
  return report;
}

std::vector<Series> SeriesOf(const v1::TrialPoints& trial, const std::string& field, std::vector<Problem>& problems) {
  std::vector<Series> all;
  all.reserve(trial.series_size());
  for (const v1::Series& message : trial.series()) {
    if (problems.size() >= kMaxProblems) break;
    const std::string here = absl::StrCat(field, ".series[", all.size(), "]");
    Series series{.metric = message.metric(), .site = message.site()};
    if (!IsMetricName(series.metric)) {
      Add(here + ".metric", absl::StrCat(Quoted(series.metric), " is no metric's name"),
          "small letters, digits and underscores", problems);
    }
    if (!series.site.empty()) CheckName(series.site, here + ".site", problems);
    if (message.has_layer()) {
      if (message.layer() > kMaxLayer) {
        Add(here + ".layer", absl::StrCat("no model has a layer ", message.layer()), "layers count from 0", problems);
      } else {
        series.layer = static_cast<int>(message.layer());
      }
    }
    all.push_back(std::move(series));
  }
  return all;
}

void CheckRow(const v1::StepRow& row, int series_count, const std::string& field, std::vector<Problem>& problems) {
  if (row.series_size() != row.values_size()) {
    Add(field + ".values", absl::StrCat(row.values_size(), " values for ", row.series_size(), " series"),
        "one value for each series", problems);
  }
  for (std::uint32_t position : row.series()) {
    if (position < static_cast<std::uint32_t>(series_count)) continue;
    Add(field + ".series", absl::StrCat("there is no series ", position, " among ", series_count),
        "positions in `series`, from 0", problems);
    break;
  }
  CheckStep(row.step(), field + ".step", problems);
  if (row.tokens() > kMaxTokens) {
    Add(field + ".tokens", absl::StrCat(row.tokens(), " tokens are absurd"), "tokens trained on so far", problems);
  }
  if (!(row.seconds() >= 0) || std::isinf(row.seconds())) {
    Add(field + ".seconds", "is not a duration", "seconds of training so far", problems);
  }
}

AttemptPoints PointsOf(const v1::TrialPoints& trial, const std::string& field, std::vector<Problem>& problems) {
  AttemptPoints points{.name = {trial.trial_id(), trial.generation()},
                       .from_step = StepOf(trial.from_step()),
                       .after_step = StepOf(trial.after_step())};
  CheckName(trial.trial_id(), field + ".trial_id", problems);
  CheckFromStep(trial, field, problems);
  CheckStep(trial.after_step(), field + ".after_step", problems);
  auto columns = std::make_shared<PointColumns>();
  columns->series = SeriesOf(trial, field, problems);
  for (int i = 0; i < trial.rows_size() && problems.size() < kMaxProblems; ++i) {
    CheckRow(trial.rows(i), trial.series_size(), absl::StrCat(field, ".rows[", i, "]"), problems);
  }
  if (!problems.empty()) return points;
  std::vector<const v1::StepRow*> rows;
  for (const v1::StepRow& row : trial.rows()) rows.push_back(&row);
  std::stable_sort(rows.begin(), rows.end(), [](const auto* a, const auto* b) { return a->step() < b->step(); });
  columns->rows.reserve(rows.size());
  for (const v1::StepRow* row : rows) {
    columns->series_of.insert(columns->series_of.end(), row->series().begin(), row->series().end());
    columns->values.insert(columns->values.end(), row->values().begin(), row->values().end());
    columns->rows.push_back({.step = static_cast<std::int64_t>(row->step()),
                             .tokens = static_cast<std::int64_t>(row->tokens()),
                             .seconds = row->seconds(),
                             .end = columns->values.size()});
  }
  points.columns = std::move(columns);
  return points;
}

template <class Message>
void Fill(const AttemptName& name, Message& message) {
  message.set_trial_id(name.trial_id);
  message.set_generation(name.generation);
}

void Fill(const Holding& holding, v1::Holding& message) {
  Fill(holding.name, message);
  message.set_stored_through(static_cast<std::uint64_t>(holding.stored_through));
}

}  // namespace

DatabaseIdentity FromMessage(const v1::Database& message) {
  return {message.id(), message.incarnation()};
}

WorkerReport FromMessage(const v1::SynchronizeRequest& request, std::vector<Problem>& problems) {
  WorkerReport report{.worker_id = request.worker_id(),
                      .host = request.host(),
                      .slots = static_cast<int>(std::min(request.slots(), kMaxSlots)),
                      .unsent_points = request.unsent_points(),
                      .version = request.version(),
                      .database = FromMessage(request.database()),
                      .folder = request.folder(),
                      .deletions_followed = request.deletions_followed()};
  if (request.has_seconds_left()) {
    report.seconds_left = std::min(request.seconds_left(), kMaxSecondsLeft);
    if (!(request.seconds_left() >= 0)) {
      Add("seconds_left", "is not a duration", "a number of seconds of at least 0; none where the worker stays",
          problems);
    }
  }
  CheckName(request.worker_id(), "worker_id", problems);
  CheckText(request.host(), "host", problems);
  CheckText(request.version(), "version", problems);
  CheckText(request.folder(), "folder", problems);
  CheckText(request.database().id(), "database.id", problems);
  if (request.slots() > kMaxSlots) {
    Add("slots", absl::StrCat(request.slots(), " slots are more than a worker may offer"),
        absl::StrCat("at most ", kMaxSlots), problems);
  }
  if (!request.http_address().empty()) {
    const std::optional<HostPort> address = ParseHostPort(request.http_address());
    if (!address || address->port == 0) {
      Add("http_address", "is not the address of a server",
          "HOST:PORT or [IPV6]:PORT, of at most 300 bytes; empty without one", problems);
    }
  }
  for (const v1::Device& device : request.devices()) {
    if (problems.size() >= kMaxProblems) break;
    const std::string here = absl::StrCat("devices[", report.devices.size(), "]");
    CheckText(device.kind(), here + ".kind", problems);
    CheckText(device.model(), here + ".model", problems);
    report.devices.push_back({device.kind(), device.model(), device.memory_bytes()});
  }
  for (int i = 0; i < request.attempts_size() && problems.size() < kMaxProblems; ++i) {
    report.attempts.push_back(ReportOf(request.attempts(i), absl::StrCat("attempts[", i, "]"), problems));
  }
  return report;
}

v1::SynchronizeResponse ToMessage(const SynchronizeAnswer& answer, const AttemptSecrets& secrets) {
  v1::SynchronizeResponse message;
  for (const AttemptStart& start : answer.start) {
    v1::Start& added = *message.add_start();
    Fill(start.name, added);
    added.set_config_json(start.config_json);
    added.set_attempt(static_cast<std::uint32_t>(start.attempt));
    added.set_lease_seconds(start.lease_seconds);
    added.set_stored_through(static_cast<std::uint64_t>(start.stored_through));
    added.set_curve_generation(start.curve_generation);
    added.mutable_fingerprints()->insert(start.fingerprints.begin(), start.fingerprints.end());
    added.set_keep_all_checkpoints(start.keep_all_checkpoints);
    added.set_secret(secrets.For(start.name));
  }
  for (const Holding& holding : answer.keep) Fill(holding, *message.add_keep());
  for (const Holding& holding : answer.stop) Fill(holding, *message.add_stop());
  for (const AttemptName& name : answer.forget) Fill(name, *message.add_forget());
  for (const auto& [trial, keep] : answer.keep_checkpoints) {
    (*message.mutable_keep_checkpoints())[trial] = std::string(Name(keep));
  }
  for (const AttemptName& name : answer.deleted) Fill(name, *message.add_deleted());
  message.set_deletions_through(answer.deletions_through);
  message.mutable_database()->set_id(answer.database.id);
  message.mutable_database()->set_incarnation(answer.database.incarnation);
  message.set_next_call_seconds(answer.next_call_seconds);
  message.set_reason(answer.reason);
  return message;
}

std::vector<AttemptPoints> FromMessage(const v1::PushMetricsRequest& request, std::vector<Problem>& problems) {
  std::vector<AttemptPoints> attempts;
  attempts.reserve(request.trials_size());
  for (int i = 0; i < request.trials_size() && problems.size() < kMaxProblems; ++i) {
    attempts.push_back(PointsOf(request.trials(i), absl::StrCat("trials[", i, "]"), problems));
  }
  return attempts;
}

v1::PushMetricsResponse ToMessage(const std::vector<PushOutcome>& outcomes) {
  v1::PushMetricsResponse message;
  for (const PushOutcome& outcome : outcomes) {
    auto* added = message.add_results();
    added->set_stored(outcome.stored);
    added->set_duplicates(outcome.duplicates);
    added->set_fenced(outcome.fenced);
    added->set_unknown(outcome.unknown);
  }
  return message;
}

std::vector<LogPiece> FromMessage(const v1::PushLogRequest& request, std::vector<Problem>& problems) {
  std::vector<LogPiece> pieces;
  pieces.reserve(static_cast<std::size_t>(request.chunks_size()));
  for (int i = 0; i < request.chunks_size() && problems.size() < kMaxProblems; ++i) {
    const v1::LogChunk& chunk = request.chunks(i);
    const std::string field = absl::StrCat("chunks[", i, "]");
    CheckName(chunk.trial_id(), field + ".trial_id", problems);
    CheckGeneration(chunk.generation(), field + ".generation", problems);
    if (chunk.begin() > kMaxLogBytes) {
      Add(field + ".begin", absl::StrCat("no log has ", chunk.begin(), " bytes"), "how many are before `text`",
          problems);
    }
    if (!problems.empty()) continue;
    pieces.push_back({{chunk.trial_id(), chunk.generation()}, chunk.begin(), chunk.text(), chunk.complete()});
  }
  return pieces;
}

v1::PushLogResponse ToMessage(const std::vector<LogOutcome>& outcomes) {
  v1::PushLogResponse message;
  for (const LogOutcome& outcome : outcomes) {
    v1::LogResult& added = *message.add_results();
    added.set_stored_through(outcome.stored_through);
    added.set_unknown(outcome.unknown);
  }
  return message;
}

}  // namespace ofsweep

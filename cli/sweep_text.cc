#include "cli/sweep_text.h"

#include <algorithm>
#include <set>

#include <google/protobuf/util/time_util.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/format.h"
#include "experiment/data_folder.h"
#include "experiment/trainer_event.h"

namespace ofsweep {
namespace {

// "2026-11-23 22:01:45 UTC".
std::string FormatTime(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0) return "–";
  std::string text = google::protobuf::util::TimeUtil::ToString(time).substr(0, 19);
  text[10] = ' ';
  return text + " UTC";
}

std::string ResultText(const v1::Trial& trial, std::initializer_list<const char*> columns) {
  for (const char* column : columns) {
    const auto found = trial.results().find(column);
    if (found != trial.results().end()) return FormatNumber(found->second);
  }
  return "—";
}

// Why a trial is as it is: its failure, or what it waits for.
std::string Remark(const v1::Trial& trial) {
  if (!trial.outcome_reason().empty()) {
    return absl::StrCat(trial.outcome_reason(), " at step ", trial.diverged_step());
  }
  if (trial.failure_class().empty()) return trial.waiting_reason();
  return absl::StrCat(trial.failure_class(), ": ", FirstLine(trial.failure_message()));
}

// One line for each thing that trials may differ in without their keys saying so: all of its values.
std::string DescribeOrigins(const v1::Sweep& sweep, const std::vector<v1::Trial>& trials) {
  std::set<std::string> devices, precisions, data, revisions, left_out;
  for (const v1::Trial& trial : trials) {
    const v1::Origin& origin = trial.origin();
    if (!origin.device().empty()) devices.insert(absl::StrCat(origin.device(), " on ", origin.host()));
    const auto precision = trial.config().fields().find("train.precision");
    const bool is_known = !origin.revision().empty() && precision != trial.config().fields().end();
    if (is_known) precisions.insert(precision->second.string_value());
    if (!origin.data_fingerprint().empty()) data.insert(origin.data_fingerprint());
    if (!origin.revision().empty()) revisions.insert(origin.revision());
    LeftOutFiles files;
    for (const auto& [reason, count] : origin.left_out()) files[reason] = static_cast<std::int64_t>(count);
    if (!files.empty()) left_out.insert(ToText(files));
  }
  std::string text;
  const auto add = [&text](const char* name, const std::string& value) {
    if (!value.empty()) absl::StrAppend(&text, name, value, "\n");
  };
  add("file       ", sweep.file());
  add("devices    ", absl::StrJoin(devices, ", "));
  add("precision  ", absl::StrJoin(precisions, ", "));
  add("data       ", absl::StrJoin(data, ", "));
  add("left out   ", absl::StrJoin(left_out, "; "));
  add("trainer    ", absl::StrJoin(revisions, ", "));
  return text;
}

}  // namespace

std::uint32_t CountAll(const v1::TrialCounts& counts) {
  return counts.pending() + counts.running() + counts.completed() + counts.diverged() + counts.failed() +
         counts.cancelled() + counts.pruned();
}

std::uint32_t CountDone(const v1::TrialCounts& counts) {
  return CountAll(counts) - counts.pending() - counts.running();
}

std::string DescribeCounts(const v1::TrialCounts& counts) {
  std::vector<std::string> finished;
  const auto add = [&finished](std::uint32_t count, const char* name) {
    if (count > 0) finished.push_back(absl::StrCat(count, " ", name));
  };
  add(counts.completed(), "completed");
  add(counts.diverged(), "diverged");
  add(counts.failed(), "failed");
  add(counts.cancelled(), "cancelled");
  add(counts.pruned(), "pruned");
  std::string text = absl::StrCat(CountDone(counts), "/", CountAll(counts), " done");
  if (!finished.empty()) absl::StrAppend(&text, " (", absl::StrJoin(finished, ", "), ")");
  if (counts.running() > 0) absl::StrAppend(&text, ", ", counts.running(), " running");
  return text;
}

std::string DescribeTrials(const v1::SubmitSweepResponse& response) {
  const v1::Sweep& sweep = response.sweep();
  std::string text = absl::StrCat("sweep ", sweep.name(), ": ", CountAll(sweep.trials()), " trials");
  for (const v1::SweepTrials& shared : response.shared_with()) {
    absl::StrAppend(&text, ", ", shared.trials(), " of them shared with sweep ", shared.sweep(),
                    " and not trained again");
  }
  for (const v1::SweepTrials& anew : response.anew_beside()) {
    absl::StrAppend(
        &text, ", ", anew.trials(), " of them equal to trials of sweep ", anew.sweep(),
        ", but trained anew, for nobody has seen here whether their data is the same (with data.fingerprint "
        "in the file they are shared)");
  }
  return text;
}

std::string DescribeSubmission(const v1::SubmitSweepResponse& response, bool validate_only,
                               const std::optional<std::string>& coordinator) {
  const v1::Sweep& sweep = response.sweep();
  std::string text = DescribeTrials(response);
  if (validate_only) return text + ". It is valid; nothing was submitted.\n";
  if (!response.created()) absl::StrAppend(&text, ". It was submitted before: ", DescribeCounts(sweep.trials()));
  if (sweep.state() == "cancelled")
    absl::StrAppend(&text, "; it is cancelled: go on with `ofsweep resume ", sweep.name(), "`");
  absl::StrAppend(&text, ".\nWatch it with: ofsweep watch ", sweep.name());
  if (coordinator) absl::StrAppend(&text, " --coordinator ", *coordinator);
  return text + "\n";
}

std::string RenderSweeps(const std::vector<v1::Sweep>& sweeps) {
  std::vector<std::vector<std::string>> rows = {{"SWEEP", "STATE", "TRIALS", "SUBMITTED"}};
  for (const v1::Sweep& sweep : sweeps) {
    rows.push_back({sweep.name(), sweep.state(), DescribeCounts(sweep.trials()), FormatTime(sweep.submitted_at())});
  }
  return AlignColumns(rows);
}

std::string RenderSweep(const v1::Sweep& sweep, const std::vector<v1::Trial>& trials) {
  std::string text =
      absl::StrCat("sweep      ", sweep.name(), "\nstate      ", sweep.state(), "\nsubmitted  ",
                   FormatTime(sweep.submitted_at()), "\ntrials     ", DescribeCounts(sweep.trials()), "\n");
  if (!sweep.waiting_reason().empty()) absl::StrAppend(&text, "waits      ", sweep.waiting_reason(), "\n");
  absl::StrAppend(&text, DescribeOrigins(sweep, trials));
  std::vector<std::vector<std::string>> rows = {
      {"TRIAL", "LABEL", "STATE", "STEP", "LOSS", "KURTOSIS", "ATTEMPTS", "WORKER", "REMARK"}};
  for (const v1::Trial& trial : trials) {
    rows.push_back({trial.trial_id(), trial.label(), trial.state(),
                    absl::StrCat(trial.step(), "/", trial.target_steps()),
                    ResultText(trial, {"eval_loss", "train_loss"}), ResultText(trial, {"kurtosis_max"}),
                    absl::StrCat(trial.attempts()), trial.worker().empty() ? "–" : trial.worker(), Remark(trial)});
  }
  return absl::StrCat(text, "\n", AlignColumns(rows));
}

std::string DescribeFailures(const std::vector<v1::Trial>& failed, const std::string& data_dir) {
  std::string text = absl::StrCat(failed.size(), failed.size() == 1 ? " trial" : " trials", " failed:\n");
  for (const v1::Trial& trial : failed) {
    absl::StrAppend(&text, "  ", trial.trial_id(), trial.label().empty() ? "" : "  " + trial.label(), "\n    ",
                    trial.failure_class(), " after ", trial.attempts(),
                    trial.attempts() == 1 ? " attempt: " : " attempts: ", trial.failure_message(), "\n");
    if (!data_dir.empty()) absl::StrAppend(&text, "    logs: ", LogFolder(TrialPath(data_dir, trial.trial_id())), "\n");
  }
  return text;
}

}  // namespace ofsweep

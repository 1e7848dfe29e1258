#include <csignal>
#include <filesystem>
#include <map>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/plan.h"
#include "cli/plan_text.h"
#include "cli/program.h"
#include "cli/submission.h"
#include "experiment/memory_advice.h"

namespace ofsweep {
namespace {

// A shape that takes longer to measure here is not meant for this machine.
constexpr int kLimitSeconds = 60;

// Runs the trainer for a few steps of the row's trial, on the threads that it has beside the others and with the row's
// micro-batches: what is planned for may have another memory than this machine, which `auto` would fit.
absl::Status Measure(const std::filesystem::path& folder, PlanRow& row) {
  const std::string trial = (folder / "trial.json").string();
  const ProgramOutput output{(folder / "out").string(), (folder / "err").string()};
  TrialConfig timed = row.config;
  timed.Set("train.micro_batch_size", row.micro_batch_size);
  if (absl::Status status = WriteText(trial, ToNestedJson(timed).dump(2) + "\n"); !status.ok()) return status;
  const bool cpu = row.config.Text("train.device") == "cpu";
  const absl::StatusOr<int> end =
      RunProgram({ExecutableFolder() + "/ofsweep-trainer", "time", "--config", trial, "--limit",
                  absl::StrCat(kLimitSeconds), cpu ? "--slots" : "--gpu-slots", absl::StrCat(row.share.slots)},
                 output);
  if (!end.ok()) return end.status();
  if (*end == 0) {
    const absl::StatusOr<StepTiming> timing = ParseStepTiming(LastLine(output.out));
    if (!timing.ok()) return timing.status();
    row.timing = *timing;
  } else if (*end == -SIGALRM) {
    row.unmeasured = absl::StrCat("a step takes too long here to be measured within ", kLimitSeconds, " s");
  } else if (const auto message = ReportedFailure(output.out)) {
    row.unmeasured = *message;
  } else {
    row.unmeasured = absl::StrCat("the trainer ", DescribeEnd(*end), ": ", LastLine(output.err));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status PlanSweep(const PlanOptions& options, Streams streams) {
  const auto file = ReadSpecFile(options.spec, options.set);
  if (!file.ok()) return file.status();
  std::vector<Problem> problems;
  SweepSpec spec = ParseSweepSpec(file->text, file->path, problems);
  Plan plan;
  if (problems.empty()) {
    // Of several inputs two may hold the same, and then trials that read either are one, as for `run`.
    if (InputsOf(spec).size() > 1) spec.fingerprints = SeenInputs(spec, {.workers_are_here = true}, streams.err);
    plan = MakePlan(spec, file->path, {options.device, options.memory_gigabytes * kBinaryGigabyte, options.slots},
                    problems);
  }
  if (!problems.empty()) return absl::InvalidArgumentError(ToText(problems));

  if (!options.no_measure) {
    const ScratchFolder folder;
    for (PlanRow& row : plan.rows) {
      if (!row.fits) continue;
      if (absl::Status status = Measure(folder.path(), row); !status.ok()) return status;
    }
  }
  streams.out << (options.json ? PlanJson(plan) : PlanText(plan));
  return absl::OkStatus();
}

}  // namespace ofsweep

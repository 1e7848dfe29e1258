#include "cli/sweep_text.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "cli/format.h"
#include "cli/hint.h"
#include "cli/trial_text.h"
#include "experiment/data_folder.h"
#include "experiment/sweep_attributes.h"
#include "experiment/sweep_spec.h"
#include "experiment/trainer_event.h"
#include "experiment/trial_key.h"

namespace ofsweep {
namespace {

// Of trials that failed alike; `show` names all.
constexpr std::size_t kMostNames = 20;

std::string ResultText(const v1::Trial& trial, const char* column) {
  const auto found = trial.results().find(column);
  return found == trial.results().end() ? "—" : FormatNumber(found->second);
}

// Trials of one class, message and number of attempts, in the order of the first of each. Where a message names its own
// trial, in the path of a log, it is the same message.
std::vector<std::vector<const v1::Trial*>> ByCause(const std::vector<v1::Trial>& failed) {
  std::map<std::string, std::size_t> places;
  std::vector<std::vector<const v1::Trial*>> causes;
  for (const v1::Trial& trial : failed) {
    const std::string message = absl::StrReplaceAll(trial.failure_message(), {{trial.trial_id(), "TRIAL"}});
    const std::string cause = absl::StrCat(trial.failure_class(), " ", trial.attempts(), " ", message);
    const auto [place, is_new] = places.emplace(cause, causes.size());
    if (is_new) causes.emplace_back();
    causes[place->second].push_back(&trial);
  }
  return causes;
}

// Its name, and what its file says of it where that is not what a sweep has by itself.
std::string DescribeAttributes(const v1::Sweep& sweep) {
  std::string text = absl::StrCat("sweep      ", sweep.name(), "\n");
  if (!sweep.description().empty()) {
    const std::string indented =
        absl::StrReplaceAll(absl::StripTrailingAsciiWhitespace(sweep.description()), {{"\n", "\n           "}});
    absl::StrAppend(&text, "           ", indented, "\n");
  }
  if (sweep.tags_size() > 0) absl::StrAppend(&text, "tags       ", absl::StrJoin(sweep.tags(), " "), "\n");
  if (sweep.priority() != 0) absl::StrAppend(&text, "priority   ", sweep.priority(), "\n");
  if (sweep.keep_checkpoints() != Name(KeepCheckpoints::kLast)) {
    absl::StrAppend(&text, "keeps      ", sweep.keep_checkpoints(), " of its checkpoints\n");
  }
  return text;
}

// "train.steps=100 seed=1": what --set gave, which the file does not say.
std::string SetKeys(const v1::Sweep& sweep) {
  std::vector<Problem> ignored;  // it was valid when it was submitted
  return absl::StrJoin(
      ParseSweepSpec(sweep.spec(), sweep.file(), ignored).set, " ",
      [](std::string* out, const auto& given) { absl::StrAppend(out, given.first, "=", ToText(given.second)); });
}

// One line for each thing that trials may differ in without their keys saying so: all of its values.
std::string DescribeOrigins(const v1::Sweep& sweep, const std::vector<v1::Trial>& trials) {
  std::set<std::string> devices, precisions, threads, data, revisions, left_out;
  for (const v1::Trial& trial : trials) {
    const v1::Origin& origin = trial.origin();
    const auto add_maker = [&](const v1::Origin& maker) {
      if (!maker.device().empty()) devices.insert(absl::StrCat(maker.device(), " on ", maker.host()));
      if (!maker.resolved_precision().empty()) precisions.insert(maker.resolved_precision());
      if (!maker.revision().empty()) revisions.insert(maker.revision());
    };
    add_maker(origin);
    for (const v1::Origin& earlier : trial.earlier_origins()) add_maker(earlier);
    const auto precision = trial.config().fields().find("train.precision");
    const bool is_known = !origin.revision().empty() && precision != trial.config().fields().end();
    if (is_known) precisions.insert(precision->second.string_value());
    if (std::string found = ThreadsOf(trial); !found.empty()) threads.insert(std::move(found));
    if (std::string found = DataOf(trial); !found.empty()) data.insert(std::move(found));
    LeftOutFiles files;
    for (const auto& [reason, count] : origin.left_out()) files[reason] = static_cast<std::int64_t>(count);
    if (!files.empty()) left_out.insert(ToText(files));
  }
  std::string text;
  const auto add = [&text](const char* name, const std::string& value) {
    if (!value.empty()) absl::StrAppend(&text, name, value, "\n");
  };
  add("file       ", sweep.file());
  add("sha256     ", sweep.spec_sha256());
  add("set        ", SetKeys(sweep));
  add("devices    ", absl::StrJoin(devices, ", "));
  add("precision  ", absl::StrJoin(precisions, ", "));
  add("threads    ", absl::StrJoin(threads, ", "));
  add("data       ", absl::StrJoin(data, ", "));
  add("left out   ", absl::StrJoin(left_out, "; "));
  add("trainer    ", absl::StrJoin(revisions, ", "));
  add("taken by   ", sweep.revision());
  return text;
}

}  // namespace

std::uint32_t CountAll(const v1::TrialCounts& counts) {
  return counts.pending() + counts.running() + counts.completed() + counts.diverged() + counts.failed() +
         counts.cancelled() + counts.pruned();
}

std::uint32_t CountEnded(const v1::TrialCounts& counts) {
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
  std::string text = absl::StrCat(CountEnded(counts), "/", CountAll(counts), " ended");
  if (!finished.empty()) absl::StrAppend(&text, " (", absl::StrJoin(finished, ", "), ")");
  if (counts.running() > 0) absl::StrAppend(&text, ", ", counts.running(), " running");
  return text;
}

std::string DescribeSize(std::uint64_t trials, std::uint64_t combinations) {
  const std::string text = absl::StrCat(trials, trials == 1 ? " trial" : " trials");
  if (combinations <= trials) return text;
  const std::uint64_t same = combinations - trials;
  return absl::StrCat(text, " (", combinations, " combinations, of which ", same,
                      same == 1 ? " is the same trial as another)" : " are the same trial as another)");
}

std::string DescribeTrials(const v1::SubmitSweepResponse& response, std::uint64_t combinations) {
  const v1::Sweep& sweep = response.sweep();
  std::string text = absl::StrCat("sweep ", sweep.name(), ": ", DescribeSize(CountAll(sweep.trials()), combinations));
  for (const v1::SweepTrials& shared : response.shared_with()) {
    absl::StrAppend(&text, ", ", shared.trials(), " of them shared with sweep ", shared.sweep(), " and trained once");
  }
  for (const v1::SweepTrials& anew : response.anew_beside()) {
    absl::StrAppend(
        &text, ", ", anew.trials(), " of them equal to trials of sweep ", anew.sweep(),
        ", but trained anew, for nobody has seen here whether their data is the same (with data.fingerprint "
        "in the file they are shared)");
  }
  return text;
}

std::string DescribeDifferences(const v1::SubmitSweepResponse& response) {
  std::vector<std::string> keys(response.differing_keys().begin(), response.differing_keys().end());
  if (keys.empty() || response.created()) return "";
  if (!response.updated()) {
    return absl::StrCat("It keeps its own ", absl::StrJoin(keys, " and "), "; --update changes ",
                        keys.size() == 1 ? "it" : "them", ".\n");
  }
  std::string text;
  const bool keeps_others = std::erase(keys, "keep.checkpoints") > 0 && CountEnded(response.sweep().trials()) > 0;
  if (keeps_others) {
    text +=
        "keep.checkpoints holds for trials that end from now on: of those that have ended workers keep what they "
        "have.\n";
  }
  std::erase_if(keys, [](const std::string& key) { return FindTrialKey(key) == nullptr; });
  if (!keys.empty()) {
    absl::StrAppend(&text, "Trials that are still to be trained take ", absl::StrJoin(keys, " and "),
                    " from it; those that run or have ended keep what they began with.\n");
  }
  return text;
}

std::string DescribeSubmission(const v1::SubmitSweepResponse& response, std::uint64_t combinations, bool validate_only,
                               const ConnectionOptions& where) {
  const v1::Sweep& sweep = response.sweep();
  std::string text = DescribeTrials(response, combinations);
  if (validate_only) {
    const std::uint32_t added = response.added_trials();
    const std::string news = added > 0 ? absl::StrCat(", of which ", added, added == 1 ? " is new" : " are new") : "";
    return absl::StrCat(text, news, ". It is valid; nothing was submitted.\n");
  }
  if (response.added_trials() > 0) {
    absl::StrAppend(&text, ". ", DescribeSize(response.added_trials(), 0), " added: ", DescribeCounts(sweep.trials()));
  } else if (response.updated()) {
    absl::StrAppend(&text, ". It is updated: ", DescribeCounts(sweep.trials()));
  } else if (!response.created()) {
    absl::StrAppend(&text, ". It was submitted before: ", DescribeCounts(sweep.trials()));
  }
  if (sweep.state() == "cancelled")
    absl::StrAppend(&text, "; it is cancelled: go on with `ofsweep resume ", sweep.name(), "`");
  absl::StrAppend(&text, ".\n", DescribeDifferences(response), "Watch it with `ofsweep watch ", sweep.name(), "`\n");
  return RepeatOptions(text, where);
}

std::string RenderSweeps(const std::vector<v1::Sweep>& sweeps) {
  const bool tagged =
      std::any_of(sweeps.begin(), sweeps.end(), [](const v1::Sweep& sweep) { return sweep.tags_size() > 0; });
  const bool prioritised =
      std::any_of(sweeps.begin(), sweeps.end(), [](const v1::Sweep& sweep) { return sweep.priority() != 0; });
  std::vector<std::vector<std::string>> rows = {{"SWEEP", "STATE", "TRIALS", "SUBMITTED"}};
  if (prioritised) rows.front().emplace_back("PRIORITY");
  if (tagged) rows.front().emplace_back("TAGS");
  for (const v1::Sweep& sweep : sweeps) {
    rows.push_back(
        {sweep.name(), sweep.state(), DescribeCounts(sweep.trials()), FormatTime(sweep.submitted_at().seconds())});
    if (prioritised) rows.back().push_back(absl::StrCat(sweep.priority()));
    if (tagged) rows.back().push_back(absl::StrJoin(sweep.tags(), " "));
  }
  return AlignColumns(rows);
}

std::string RenderSweep(const v1::Sweep& sweep, const std::vector<v1::Trial>& trials) {
  std::string text =
      absl::StrCat(DescribeAttributes(sweep), "state      ", sweep.state(), "\nsubmitted  ",
                   FormatTime(sweep.submitted_at().seconds()), "\ntrials     ", DescribeCounts(sweep.trials()), "\n");
  if (!sweep.waiting_reason().empty()) {
    absl::StrAppend(&text, "waits      ", absl::StripPrefix(sweep.waiting_reason(), "waiting: "), "\n");
  }
  absl::StrAppend(&text, DescribeOrigins(sweep, trials));
  std::vector<std::vector<std::string>> rows = {
      {"TRIAL", "LABEL", "STATE", "STEP", "TRAIN LOSS", "EVAL LOSS", "KURTOSIS", "ATTEMPTS", "WORKER", "REMARK"}};
  for (const v1::Trial& trial : trials) {
    rows.push_back({trial.trial_id(), trial.label(), trial.state(),
                    absl::StrCat(trial.step(), "/", trial.target_steps()), ResultText(trial, "train_loss"),
                    ResultText(trial, "eval_loss"), ResultText(trial, "kurtosis_max"), absl::StrCat(trial.attempts()),
                    trial.worker().empty() ? "–" : trial.worker(),
                    WhyItIsSo(trial, Headline(trial.failure_message()))});
  }
  return absl::StrCat(text, "\n", AlignColumns(rows));
}

std::string DescribeFailures(const std::vector<v1::Trial>& failed, const std::string& data_dir) {
  std::string text = absl::StrCat(failed.size(), failed.size() == 1 ? " trial" : " trials", " failed:\n");
  for (const std::vector<const v1::Trial*>& alike : ByCause(failed)) {
    const v1::Trial& first = *alike.front();
    for (std::size_t i = 0; i < std::min(alike.size(), kMostNames); ++i) {
      absl::StrAppend(&text, "  ", alike[i]->trial_id(), alike[i]->label().empty() ? "" : "  ", alike[i]->label(),
                      "\n");
    }
    if (alike.size() > kMostNames) absl::StrAppend(&text, "  … and ", alike.size() - kMostNames, " more\n");
    absl::StrAppend(&text, "    ", alike.size() > 1 ? absl::StrCat("each of these ", alike.size(), ": ") : "",
                    first.failure_class(), " after ", first.attempts(),
                    first.attempts() == 1 ? " attempt: " : " attempts: ", first.failure_message(), "\n");
    if (!data_dir.empty()) {
      absl::StrAppend(&text, "    logs", alike.size() > 1 ? " of the first" : "", ": ",
                      LogFolder(TrialPath(data_dir, first.trial_id())), "\n");
    }
  }
  return text;
}

}  // namespace ofsweep

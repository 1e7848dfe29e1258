#include "coordinator/scheduler_reasons.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace ofsweep {
namespace {

std::string ClockTime(TimeMs at) {
  return absl::StrCat(absl::FormatTime("%H:%M:%S", absl::FromUnixMillis(at), absl::UTCTimeZone()), " UTC");
}

TimeMs Seconds(TimeMs duration) {
  return (duration + 999) / 1000;
}

std::string Quarantine(const WorkerRecord& worker) {
  return absl::StrCat(worker.id, " is in quarantine until ", ClockTime(worker.quarantined_until), ": ",
                      worker.quarantine_reason);
}

std::string WhyDelayed(const SchedulerState& state, const TrialRecord& trial, TimeMs now) {
  return absl::StrCat("waiting: retry in ", Seconds(std::max<TimeMs>(0, trial.not_before - now)), " s after a ",
                      std::string(Name(trial.last_failure)), " on ", state.fleet.at(trial.worker).id);
}

std::string WhyStopping(const SchedulerState& state, const TrialRecord& trial) {
  return absl::StrCat("waiting: its attempt on ", state.fleet.at(trial.worker).id,
                      " was told to stop, and writes its checkpoint");
}

std::string WhyLeftAlone(const SchedulerState& state) {
  return absl::StrCat("waiting: this coordinator trains sweep ", state.books.only_sweep(), " alone");
}

std::string WhyUnfit(const SchedulerState& state, const TrialRecord& trial, WorkerIndex worker, TimeMs now) {
  const std::string& name = state.fleet.at(worker).id;
  if (state.fleet.FitOf(trial, worker, now) == Fit::kCrashedThere) {
    return absl::StrCat("waiting: for a slot on another worker than ", name, ", after a ",
                        std::string(Name(trial.last_failure)), " there");
  }
  return absl::StrCat("waiting: for a worker with its data; on ", name, ": ", trial.other_data);
}

// Of a trial that stands in a queue.
std::string WhyReadyWaits(const SchedulerState& state, const TrialRecord& trial, TimeMs now) {
  const Fleet& fleet = state.fleet;
  if (fleet.connected() == 0) return "waiting: no worker is connected";
  int slots = 0;
  int busy = 0;
  bool device_exists = false;
  WorkerIndex unfit = kNoWorker;
  const WorkerRecord* first_free = nullptr;  // of quarantine
  for (WorkerIndex index = 0; index < fleet.workers().size(); ++index) {
    const WorkerRecord& worker = fleet.at(index);
    if (!worker.connected || (trial.needs_cuda && !worker.has_cuda)) continue;
    device_exists = true;
    if (fleet.MayWork(index, trial.needs_cuda, now)) {
      if (fleet.FitOf(trial, index, now) != Fit::kFits) {
        unfit = index;
        continue;
      }
      slots += worker.slots;
      busy += std::min(worker.slots, worker.busy());
    } else if (fleet.InQuarantine(index, now) &&
               (first_free == nullptr || worker.quarantined_until < first_free->quarantined_until)) {
      first_free = &worker;
    }
  }
  if (!device_exists) return "waiting: needs a CUDA device, and no connected worker has one";
  const bool all_busy = busy >= slots;
  if (unfit != kNoWorker && all_busy) return WhyUnfit(state, trial, unfit, now);
  if (slots == 0 && first_free != nullptr) return absl::StrCat("waiting: ", Quarantine(*first_free));
  if (slots == 0)
    return "waiting: no connected worker offers a slot: each shuts down, or its disk is full (its log says which)";
  if (all_busy) {
    return absl::StrCat(
        "waiting: ", slots == 1 ? "the only slot is busy" : absl::StrCat("all ", slots, " slots are busy"),
        first_free == nullptr ? "" : absl::StrCat("; ", Quarantine(*first_free)));
  }
  return absl::StrCat("waiting: a free worker calls within ", Seconds(state.NextCallMs()), " s");
}

}  // namespace

std::string WhyWaits(const SchedulerState& state, const SweepRecord& sweep, TimeMs now) {
  const Books& books = state.books;
  if (!sweep.live() || sweep.count(TrialState::kPending) == 0) return "";
  if (sweep.state == SweepState::kPaused) return "waiting: the sweep is paused";
  if (!books.MayStart(sweep)) return WhyLeftAlone(state);
  const SweepIndex index = *books.FindSweepIndex(sweep.name);
  if (const auto ready = books.queue().FirstReady(index)) {
    return WhyReadyWaits(state, books.TrialAt({index, *ready}), now);
  }
  for (const auto& [not_before, trial] : books.queue().delayed()) {
    if (books.IsIn(books.trial(trial), index)) return WhyDelayed(state, books.trial(trial), now);
  }
  for (const TrialIndex trial : sweep.trials) {
    const TrialRecord& record = books.trial(trial);
    if (record.state == TrialState::kPending && record.stopping) return WhyStopping(state, record);
  }
  return "";
}

std::string WhyWaits(const SchedulerState& state, const TrialRecord& trial, TimeMs now) {
  const Books& books = state.books;
  if (trial.state != TrialState::kPending) return "";
  const bool active = std::any_of(trial.places.begin(), trial.places.end(), [&](Place place) {
    return books.sweeps()[place.sweep].state == SweepState::kActive;
  });
  if (!active) return "waiting: the sweep is paused";
  if (!books.MayStart(trial)) return WhyLeftAlone(state);
  if (trial.stopping) return WhyStopping(state, trial);
  if (trial.not_before > now) return WhyDelayed(state, trial, now);
  return WhyReadyWaits(state, trial, now);
}

std::string WhyNoMore(const SchedulerState& state, WorkerIndex index, int free_slots, TimeMs now) {
  const WorkerRecord& worker = state.fleet.at(index);
  const ReadyQueue& queue = state.books.queue();
  if (worker.slots == 0) return "the worker offers no slot";
  if (state.fleet.InQuarantine(index, now)) return Quarantine(worker);
  if (free_slots <= 0) return absl::StrCat("all ", worker.slots, " slots are busy");
  if (const auto place = queue.FindFirst(worker.has_cuda, [](Place) { return true; })) {
    const TrialRecord& trial = state.books.TrialAt(*place);
    return state.fleet.FitOf(trial, index, now) == Fit::kCrashedThere
               ? "the waiting trials crashed here and look for another worker first"
               : absl::StrCat("the waiting trials are of other data: ", trial.other_data);
  }
  if (queue.HasReady(true)) return "the waiting trials need a CUDA device";
  if (!queue.delayed().empty()) {
    return absl::StrCat("the next trial is repeated in ",
                        Seconds(std::max<TimeMs>(0, queue.delayed().begin()->first - now)), " s");
  }
  if (const std::size_t paused = state.books.paused_sweeps(); paused > 0) {
    return absl::StrCat("no trial is waiting; ", paused, " sweeps are paused");
  }
  return "no trial is waiting";
}

}  // namespace ofsweep

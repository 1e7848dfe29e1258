// The scheduler's decisions in words: why a sweep, a trial or a worker waits.
#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "coordinator/scheduler.h"

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

}  // namespace

std::string Scheduler::WaitingReason(const SweepRecord& sweep, TimeMs now) const {
  if (!sweep.live() || sweep.count(TrialState::kPending) == 0) return "";
  if (sweep.state == SweepState::kPaused) return "waiting: the sweep is paused";
  if (!MayStart(sweep)) return WhyLeftAlone();
  const SweepIndex index = sweep_by_name_.at(sweep.name);
  if (const auto ready = queue_.FirstReady(index)) return WhyReadyWaits(trials_[sweep.trials[*ready]], now);
  for (const auto& [not_before, trial] : queue_.delayed()) {
    const std::vector<Place>& places = trials_[trial].places;
    if (std::any_of(places.begin(), places.end(), [&](Place place) { return place.sweep == index; })) {
      return WhyDelayed(trials_[trial], now);
    }
  }
  const auto stopping = std::find_if(sweep.trials.begin(), sweep.trials.end(), [&](TrialIndex trial) {
    return trials_[trial].state == TrialState::kPending && trials_[trial].stopping;
  });
  return stopping == sweep.trials.end() ? "" : WhyStopping(trials_[*stopping]);
}

std::string Scheduler::WaitingReason(const TrialRecord& trial, TimeMs now) const {
  if (trial.state != TrialState::kPending) return "";
  const bool active = std::any_of(trial.places.begin(), trial.places.end(),
                                  [&](Place place) { return sweeps_[place.sweep].state == SweepState::kActive; });
  if (!active) return "waiting: the sweep is paused";
  if (!MayStart(trial)) return WhyLeftAlone();
  if (trial.stopping) return WhyStopping(trial);
  if (trial.not_before > now) return WhyDelayed(trial, now);
  return WhyReadyWaits(trial, now);
}

std::string Scheduler::WhyDelayed(const TrialRecord& trial, TimeMs now) const {
  return absl::StrCat("waiting: retry in ", Seconds(std::max<TimeMs>(0, trial.not_before - now)), " s after a ",
                      std::string(Name(trial.last_failure)), " on ", fleet_.at(trial.worker).id);
}

std::string Scheduler::WhyStopping(const TrialRecord& trial) const {
  return absl::StrCat("waiting: its attempt on ", fleet_.at(trial.worker).id,
                      " was told to stop, and writes its checkpoint");
}

std::string Scheduler::WhyLeftAlone() const {
  return absl::StrCat("waiting: this coordinator trains sweep ", options_.only_sweep, " alone");
}

std::string Scheduler::WhyReadyWaits(const TrialRecord& trial, TimeMs now) const {
  if (fleet_.connected() == 0) return "waiting: no worker is connected";
  int slots = 0;
  int busy = 0;
  bool device_exists = false;
  WorkerIndex unfit = kNoWorker;
  const WorkerRecord* first_free = nullptr;  // of quarantine
  for (WorkerIndex index = 0; index < fleet_.workers().size(); ++index) {
    const WorkerRecord& worker = fleet_.at(index);
    if (!worker.connected || (trial.needs_cuda && !worker.has_cuda)) continue;
    device_exists = true;
    if (fleet_.MayWork(index, trial.needs_cuda, now)) {
      if (FitOn(trial, index, now) != Fit::kFits) {
        unfit = index;
        continue;
      }
      slots += worker.slots;
      busy += std::min(worker.slots, worker.busy());
    } else if (fleet_.InQuarantine(index, now) &&
               (first_free == nullptr || worker.quarantined_until < first_free->quarantined_until)) {
      first_free = &worker;
    }
  }
  if (!device_exists) return "waiting: needs a CUDA device, and no connected worker has one";
  const bool all_busy = busy >= slots;
  if (unfit != kNoWorker && all_busy) return WhyUnfit(trial, unfit, now);
  if (slots == 0 && first_free != nullptr) return absl::StrCat("waiting: ", Quarantine(*first_free));
  if (slots == 0) return "waiting: every connected worker is shutting down";
  if (all_busy) {
    return absl::StrCat(
        "waiting: ", slots == 1 ? "the only slot is busy" : absl::StrCat("all ", slots, " slots are busy"),
        first_free == nullptr ? "" : absl::StrCat("; ", Quarantine(*first_free)));
  }
  return absl::StrCat("waiting: a free worker calls within ", Seconds(NextCall()), " s");
}

std::string Scheduler::WhyUnfit(const TrialRecord& trial, WorkerIndex worker, TimeMs now) const {
  if (FitOn(trial, worker, now) == Fit::kCrashedThere) {
    return absl::StrCat("waiting: for a slot on another worker than ", fleet_.at(worker).id, ", after a ",
                        std::string(Name(trial.last_failure)), " there");
  }
  return absl::StrCat("waiting: for a worker with its data; on ", fleet_.at(worker).id, ": ", trial.other_data);
}

std::string Scheduler::WhyNoMore(const WorkerRecord& worker, int free_slots, TimeMs now) const {
  if (worker.slots == 0) return "the worker offers no slot";
  const WorkerIndex index = fleet_.Find(worker.id);
  if (fleet_.InQuarantine(index, now)) return Quarantine(worker);
  if (free_slots <= 0) return absl::StrCat("all ", worker.slots, " slots are busy");
  if (const auto place = queue_.FindFirst(worker.has_cuda, [](Place) { return true; })) {
    const TrialRecord& trial = trials_[sweeps_[place->sweep].trials[place->position]];
    return FitOn(trial, index, now) == Fit::kCrashedThere
               ? "the waiting trials crashed here and look for another worker first"
               : absl::StrCat("the waiting trials are of other data: ", trial.other_data);
  }
  if (queue_.HasReady(true)) return "the waiting trials need a CUDA device";
  if (!queue_.delayed().empty()) {
    return absl::StrCat("the next trial is repeated in ",
                        Seconds(std::max<TimeMs>(0, queue_.delayed().begin()->first - now)), " s");
  }
  if (paused_sweeps_ > 0) return absl::StrCat("no trial is waiting; ", paused_sweeps_, " sweeps are paused");
  return "no trial is waiting";
}

}  // namespace ofsweep

#include "coordinator/scheduler_reasons.h"

#include <algorithm>
#include <array>
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

std::string WhenItStops(const WorkerRecord& worker) {
  return absl::StrCat(worker.id, " stops at ", ClockTime(worker.stops_at.value_or(0)), ", when its time is up");
}

std::string WhyDelayed(const SchedulerState& state, const TrialRecord& trial, TimeMs now) {
  return absl::StrCat("waiting: retry in ", Seconds(std::max<TimeMs>(0, trial.not_before - now)), " s after a ",
                      std::string(Name(trial.last_failure)), " on ", state.fleet.at(trial.worker).id);
}

std::string WhyStopping(const SchedulerState& state, const TrialRecord& trial) {
  return absl::StrCat("waiting: its attempt on ", state.fleet.at(trial.worker).id,
                      " was told to stop, and writes its checkpoint");
}

std::string WhyClosed(const SchedulerState& state, SweepGate gate) {
  if (gate == SweepGate::kPaused) return "waiting: the sweep is paused";
  return absl::StrCat("waiting: this coordinator trains sweep ", state.books.only_sweep(), " alone");
}

// The connected workers by what keeps a trial from each.
struct Workers {
  std::array<int, kObstacles> slots{};  // by Obstacle, as the next
  std::array<WorkerIndex, kObstacles> first;
};

Workers WorkersFor(const SchedulerState& state, const TrialRecord& trial, TimeMs now) {
  Workers workers;
  workers.first.fill(kNoWorker);
  for (WorkerIndex index = 0; index < state.fleet.workers().size(); ++index) {
    const auto obstacle = static_cast<std::size_t>(state.fleet.ObstacleTo(trial, index, now));
    workers.slots[obstacle] += state.fleet.at(index).slots;
    WorkerIndex& first = workers.first[obstacle];
    const bool is_sooner =
        first == kNoWorker || state.fleet.at(index).quarantined_until < state.fleet.at(first).quarantined_until;
    if (is_sooner) first = index;
  }
  return workers;
}

std::string SlotsAreBusy(int slots) {
  return slots == 1 ? "the only slot is busy" : absl::StrCat("all ", slots, " slots are busy");
}

std::string OwnerText(const SweepRecord& sweep) {
  return sweep.owner.empty() ? "somebody without a name" : sweep.owner;
}

// "bob has 1 slot, alice 3": by which the first comes before the second.
std::string Shares(const std::string& first, int first_slots, const std::string& second, int second_slots) {
  const auto slots = [](int count) { return absl::StrCat(count, count == 1 ? " slot" : " slots"); };
  if (first_slots == second_slots) {
    return absl::StrCat("both have ", slots(first_slots), ": they take turns");
  }
  return absl::StrCat(first, " has ", slots(first_slots), ", ", second, " ", second_slots);
}

// Why the next slot is another sweep's than this one's; "" where it is not.
std::string WhoIsNext(const SchedulerState& state, SweepIndex sweep, bool with_cuda) {
  const Books& books = state.books;
  const auto next = books.queue().FindFirst(with_cuda, [](Place) { return true; });
  if (!next || next->sweep == sweep) return "";
  const FairOrder& order = books.queue().order();
  const SweepRecord& first = books.sweeps()[next->sweep];
  const SweepRecord& own = books.sweeps()[sweep];
  const std::string is_next = absl::StrCat("; next is sweep ", first.name);
  if (first.attributes.priority > own.attributes.priority) {
    return absl::StrCat(is_next, ", of priority ", first.attributes.priority, " (this one has ",
                        own.attributes.priority, ")");
  }
  if (first.owner != own.owner) {
    return absl::StrCat(
        is_next, " of ", OwnerText(first), " (",
        Shares(OwnerText(first), order.SlotsOfOwner(next->sweep), OwnerText(own), order.SlotsOfOwner(sweep)), ")");
  }
  return absl::StrCat(is_next, " (", Shares("it", order.SlotsOf(next->sweep), "this one", order.SlotsOf(sweep)), ")");
}

bool SomeWorkerHasCuda(const Fleet& fleet) {
  return std::any_of(fleet.workers().begin(), fleet.workers().end(), [](const WorkerRecord& worker) {
    return worker.connected && worker.slots > 0 && worker.has_cuda;
  });
}

// Of a trial that stands in the queue of an open sweep.
std::string WhyReadyWaits(const SchedulerState& state, const TrialRecord& trial, SweepIndex sweep, TimeMs now) {
  const Workers workers = WorkersFor(state, trial, now);
  const auto first = [&](Obstacle obstacle) -> const WorkerRecord* {
    const WorkerIndex index = workers.first[static_cast<std::size_t>(obstacle)];
    return index == kNoWorker ? nullptr : &state.fleet.at(index);
  };
  if (first(Obstacle::kNone)) {
    return absl::StrCat("waiting: a free worker calls within ", Seconds(state.NextCallMs()), " s");
  }
  if (const WorkerRecord* worker = first(Obstacle::kCrashedThere)) {
    return absl::StrCat("waiting: for a slot on another worker than ", worker->id, ", after a ",
                        std::string(Name(trial.last_failure)), " there");
  }
  if (first(Obstacle::kOtherDataThere)) {
    const WorkerRecord& last = state.fleet.at(trial.other_data_on.back().first);
    return absl::StrCat("waiting: for a worker with its data; on ", last.id, ": ", trial.other_data);
  }
  const WorkerRecord* quarantined = first(Obstacle::kQuarantine);
  if (first(Obstacle::kBusy)) {
    return absl::StrCat("waiting: ", SlotsAreBusy(workers.slots[static_cast<std::size_t>(Obstacle::kBusy)]),
                        WhoIsNext(state, sweep, trial.needs_cuda || SomeWorkerHasCuda(state.fleet)),
                        quarantined == nullptr ? "" : absl::StrCat("; ", Quarantine(*quarantined)));
  }
  if (quarantined) return absl::StrCat("waiting: ", Quarantine(*quarantined));
  if (const WorkerRecord* worker = first(Obstacle::kEndsTooSoon)) {
    return absl::StrCat("waiting: for a worker with more time; ", WhenItStops(*worker), ", and the trial needs ",
                        Seconds(trial.pace.NeededMs(trial.target_steps)), " s for something to be left of it");
  }
  if (first(Obstacle::kOffersNoSlot)) {
    return "waiting: no connected worker offers a slot: each shuts down, or its disk is full (its log says which)";
  }
  if (first(Obstacle::kNoCuda)) return "waiting: needs a CUDA device, and no connected worker has one";
  return "waiting: no worker is connected";
}

// Of a pending trial of that open sweep.
std::string WhyPending(const SchedulerState& state, const TrialRecord& trial, SweepIndex sweep, TimeMs now) {
  switch (trial.HoldAt(now)) {
    case TrialHold::kStopping:
      return WhyStopping(state, trial);
    case TrialHold::kRetryTime:
      return WhyDelayed(state, trial, now);
    case TrialHold::kNone:
      return WhyReadyWaits(state, trial, sweep, now);
  }
  return "";
}

// The one of a sweep's pending trials that can start first.
std::optional<TrialIndex> NextOf(const Books& books, SweepIndex index) {
  if (const auto ready = books.queue().FirstReady(index)) return books.IndexAt({index, *ready});
  for (const auto& [not_before, trial] : books.queue().delayed()) {
    if (books.IsIn(books.trial(trial), index)) return trial;
  }
  for (const TrialIndex trial : books.sweeps()[index].trials) {
    if (books.trial(trial).state == TrialState::kPending) return trial;
  }
  return std::nullopt;
}

// Nothing stands against any trial on this worker.
std::string WhyNoneFits(const SchedulerState& state, WorkerIndex index, TimeMs now) {
  const ReadyQueue& queue = state.books.queue();
  if (const auto place = queue.FindFirst(state.fleet.at(index).has_cuda, [](Place) { return true; })) {
    const TrialRecord& trial = state.books.TrialAt(*place);
    switch (state.fleet.ObstacleTo(trial, index, now)) {
      case Obstacle::kCrashedThere:
        return "the waiting trials crashed here and look for another worker first";
      case Obstacle::kEndsTooSoon:
        return absl::StrCat("the waiting trials need more time: ", WhenItStops(state.fleet.at(index)));
      default:
        return absl::StrCat("the waiting trials are of other data: ", trial.other_data);
    }
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

}  // namespace

std::string WhyWaits(const SchedulerState& state, const SweepRecord& sweep, TimeMs now) {
  const SweepGate gate = state.books.GateOf(sweep);
  if (gate == SweepGate::kEnded || sweep.count(TrialState::kPending) == 0) return "";
  if (gate != SweepGate::kOpen) return WhyClosed(state, gate);
  const SweepIndex index = *state.books.FindSweepIndex(sweep.name);
  const auto next = NextOf(state.books, index);
  return next ? WhyPending(state, state.books.trial(*next), index, now) : "";
}

std::string WhyWaits(const SchedulerState& state, const TrialRecord& trial, TimeMs now) {
  if (trial.state != TrialState::kPending) return "";
  const SweepGate gate = state.books.GateOf(trial);
  if (gate != SweepGate::kOpen) return WhyClosed(state, gate);
  const auto open = std::find_if(trial.places.begin(), trial.places.end(), [&](Place place) {
    return state.books.GateOf(state.books.sweeps()[place.sweep]) == SweepGate::kOpen;
  });
  return WhyPending(state, trial, open->sweep, now);
}

std::string WhyNoMore(const SchedulerState& state, WorkerIndex index, TimeMs now) {
  const WorkerRecord& worker = state.fleet.at(index);
  switch (state.fleet.ObstacleOn(index, now)) {
    case Obstacle::kOffersNoSlot:
      return "the worker offers no slot";
    case Obstacle::kQuarantine:
      return Quarantine(worker);
    case Obstacle::kEndsTooSoon:
      return absl::StrCat("nothing is started any more: ", WhenItStops(worker));
    case Obstacle::kBusy:
      return SlotsAreBusy(worker.slots);
    default:
      return WhyNoneFits(state, index, now);
  }
}

}  // namespace ofsweep

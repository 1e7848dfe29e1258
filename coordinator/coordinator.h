#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "coordinator/clock.h"
#include "coordinator/coordinator_observer.h"
#include "coordinator/coordinator_types.h"
#include "coordinator/live_trials.h"
#include "coordinator/published_sweeps.h"
#include "coordinator/push_room.h"
#include "coordinator/scheduler.h"
#include "coordinator/submitted_trial.h"
#include "coordinator/sweep_settings.h"
#include "experiment/data_input.h"
#include "experiment/problem.h"
#include "experiment/sweep_spec.h"
#include "storage/store.h"

namespace ofsweep {

struct CoordinatorOptions {
  SchedulerOptions scheduler;
  // Of points on their way to the disk; senders of more wait.
  std::size_t max_push_bytes = std::size_t{32} << 20;
  std::string revision = {};  // of the program, kept with each sweep
  LiveTrialsOptions live = {};
  std::string version = {};  // workers of another one get nothing to do, and are told so; empty: of any
};

// The shell around the pure scheduler. Every method may be called from any thread.
//
// One mutex guards the scheduler. What it decides is handed to the store under the mutex, so that the order of the
// writes is the order of the decisions; then the mutex is released, and the caller waits for its write before it gets
// an answer. When a write fails, the scheduler is rebuilt from the store, and the caller gets ResourceExhausted or
// Internal. Users are told of a decision when it is stored, by PublishedSweeps. The mutex is never held while the disk
// works.
class Coordinator {
 public:
  // Rebuilds its state from the store. The store, clock and observer (may be null) must outlive it.
  static absl::StatusOr<std::unique_ptr<Coordinator>> Start(CoordinatorOptions options, Store& store,
                                                            const Clock& clock, CoordinatorObserver* observer);
  ~Coordinator();

  // ---- users ----

  // Expands and stores a sweep. `spec_text` is kept as submitted, and must itself be readable as a sweep file (YAML, or
  // JSON with the same keys); `file` names it in problems. InvalidArgument: the mistakes are in `problems`;
  // ResourceExhausted: too many trials (in `problems` too); AlreadyExists: the name is taken by a sweep with other
  // trials.
  absl::StatusOr<SubmitResult> Submit(const SweepSpec& spec, std::string spec_text, const std::string& file,
                                      bool validate_only, std::vector<Problem>& problems);

  // NotFound, or FailedPrecondition when the sweep's state does not allow it. All are idempotent.
  absl::Status Cancel(const std::string& sweep);
  absl::Status Pause(const std::string& sweep);
  absl::Status Resume(const std::string& sweep);
  // Failed trials become pending with a fresh budget; empty: all failed ones. Returns how many did. NotFound for an id
  // that the sweep does not hold.
  absl::StatusOr<std::uint64_t> Retry(const std::string& sweep, const std::vector<std::string>& trial_ids);

  // Stores evaluations after the training; what a trial has already stays. Counts losses and perplexities. NotFound: no
  // such trial; FailedPrecondition: it is not completed, was not evaluated at its last step, or had another validation
  // loss there than `unrounded_loss`; then none is stored.
  absl::StatusOr<PushCounts> AddEvaluations(const std::vector<TrialEvaluation>& evaluations);

  absl::StatusOr<SweepSummary> Summary(const std::string& sweep);
  // Oldest first.
  std::vector<SweepSummary> Summaries();
  // `finished_cursor` is 0 at first, then what the last call returned; at most so many finished trials at a time.
  absl::StatusOr<SweepProgress> Progress(const std::string& sweep, std::uint64_t finished_cursor,
                                         std::size_t most_finished);
  // Waits until something happened that Progress may show: `version` (0 at first) is then brought up to date and true
  // is returned; false at the deadline.
  bool WaitForChange(std::uint64_t& version, absl::Time deadline);

  // The keys that set a sweep's trials apart, for TrialLabel() of sweep_settings.h.
  absl::StatusOr<std::vector<std::string>> LabelKeys(const std::string& sweep);
  // Why a trial is pending, in words; "" when it is not.
  std::string WaitingReason(const std::string& trial_id);

  // ---- workers ----

  // Returns when everything it tells is durable. InvalidArgument for a report without worker id; AlreadyExists for one
  // of a copied data folder whose original is alive. A worker of another database or version is told so, and nothing
  // else.
  absl::StatusOr<SynchronizeAnswer> Synchronize(const WorkerReport& report);
  // One outcome for each entry, when all of it is durable. On an error nothing may be taken as stored: send all again.
  // Aborted: the worker has not synchronized with this database and this incarnation.
  absl::StatusOr<std::vector<PushOutcome>> Push(const std::string& worker_id, const DatabaseIdentity& database,
                                                std::vector<AttemptPoints> attempts);
  const DatabaseIdentity& identity() const { return identity_; }

  // Lets leases expire. To be called about once a second.
  absl::Status Tick();

  std::vector<WorkerView> Workers();
  LiveTrials& live_trials() { return live_; }

  // What is wrong with its books; "" as long as it has no bug. Reads everything: for tests.
  std::string Inconsistency();

 private:
  // A decision on its way to the disk.
  struct Ticket {
    std::uint64_t number = 0;
    std::uint64_t epoch = 0;
    std::shared_ptr<PendingDecision> decision;  // none where there was nothing to decide
    std::future<absl::Status> write;            // of the decision
    // The answer repeats what an earlier decision made, so it has to wait for that one's writes.
    bool repeats_earlier = false;
  };

  // What an attempt says of itself when it begins.
  struct Beginning {
    AttemptName name;
    AttemptOrigin origin;
    Fingerprints open_inputs;  // found at paths whose content nobody had seen when the trial was submitted
  };

  Coordinator(CoordinatorOptions options, Store& store, const Clock& clock, CoordinatorObserver* observer);

  // ---- coordinator.cc: the scheduler's state and its durability ----
  Ticket MakeTicket() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Hands the decision to the store; it is the ticket's only one.
  void Enqueue(Decision decision, Ticket& ticket) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Waits until everything that the ticket's decision rests on is durable.
  absl::Status Commit(Ticket ticket) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status Change(const std::function<absl::StatusOr<Decision>(Scheduler&, TimeMs)>& event, std::size_t& changed)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Shows users what is stored, up to the first decision that is not, and forgets what its trials were before.
  void Publish() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsPublishedThrough(std::uint64_t number) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  // To be called before a decision, first under the mutex, which it may release for a while: rebuilds the scheduler
  // when a write has failed.
  absl::Status Refresh() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  using SettingsByName = absl::flat_hash_map<std::string, std::shared_ptr<const SweepSettings>>;
  using FingerprintsBySweep = absl::flat_hash_map<std::string, Fingerprints>;
  struct Loaded {
    Scheduler scheduler;
    SettingsByName settings;
    FingerprintsBySweep fixed_inputs;
  };
  absl::StatusOr<Loaded> Load() const ABSL_LOCKS_EXCLUDED(mutex_);
  absl::StatusOr<Loaded> TryLoad() const ABSL_LOCKS_EXCLUDED(mutex_);  // no exception leaves it
  absl::StatusOr<StoredSweep> LoadSweep(const SweepRow& row, SettingsByName& all_settings) const;
  void Take(Loaded loaded) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The trials that workers hold, as if each had just been handed to its own.
  std::vector<Transition> Held() const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  void NoteChange() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Announce(const std::vector<Transition>& transitions) ABSL_LOCKS_EXCLUDED(mutex_);
  void AnnounceStart(const std::string& trial_id, const std::vector<std::string>& sweeps, const std::string& worker)
      ABSL_LOCKS_EXCLUDED(mutex_);
  void AnnounceJoined(const std::string& sweep, const std::vector<std::string>& trial_ids) ABSL_LOCKS_EXCLUDED(mutex_);
  SweepArm ArmIn(const std::string& sweep, const TrialRow& trial) ABSL_LOCKS_EXCLUDED(mutex_);

  // ---- coordinator_submit.cc ----
  void AddSweep(SweepRow sweep, std::vector<SubmittedTrial> submitted, Ticket& ticket)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // ---- coordinator_workers.cc ----
  // Reads what the trainers of newly begun attempts say; those that say nothing usable are left out.
  absl::StatusOr<std::vector<Beginning>> ReadBeginnings(const WorkerReport& report) ABSL_LOCKS_EXCLUDED(mutex_);
  // Where nobody had seen what a sweep reads, its first attempt decides; one that found something else is taken out
  // and, in the report, given back, whatever its own end is.
  std::vector<FixedInput> FixInputs(WorkerReport& report, std::vector<Beginning>& beginnings)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // In words; "" where it found what its sweeps are of, or is the first.
  std::string WhyOtherData(const Beginning& beginning) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  void RecordBeginning(const std::string& worker_id, Beginning beginning, StateChange& change)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // What its sweeps' first attempts found; the oldest sweep's where two differ.
  Fingerprints FixedInputsOf(const TrialRecord& trial) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  absl::Status FillConfigurations(std::vector<AttemptStart>& starts) ABSL_LOCKS_EXCLUDED(mutex_);

  // ---- coordinator_views.cc ----
  // As decided: to be told when that is stored.
  SweepSummary Summarize(const SweepRecord& sweep, TimeMs now) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  // As stored.
  SweepSummary SummarizePublished(SweepIndex sweep, TimeMs now) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  // NotFound: unknown, or not stored yet.
  absl::StatusOr<SweepIndex> FindPublished(const std::string& sweep) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  void AddRunning(SweepIndex sweep, SweepProgress& progress) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  absl::Status AddLabels(const std::string& sweep, std::vector<RunningTrial>& running) ABSL_LOCKS_EXCLUDED(mutex_);

  const CoordinatorOptions options_;
  Store& store_;
  const Clock& clock_;
  CoordinatorObserver* const observer_;
  DatabaseIdentity identity_;
  LiveTrials live_;
  PushRoom push_room_;

  absl::Mutex mutex_;
  Scheduler scheduler_ ABSL_GUARDED_BY(mutex_);
  PublishedSweeps published_ ABSL_GUARDED_BY(mutex_);
  SettingsByName settings_ ABSL_GUARDED_BY(mutex_);
  // What sweeps' first attempts found at paths whose content nobody had seen before.
  FingerprintsBySweep fixed_inputs_ ABSL_GUARDED_BY(mutex_);
  // Labels of running trials by sweep and trial, and the generations whose beginning is stored.
  absl::flat_hash_map<std::pair<std::string, std::string>, std::string> labels_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, std::uint64_t> resolved_ ABSL_GUARDED_BY(mutex_);

  std::uint64_t next_ticket_ ABSL_GUARDED_BY(mutex_) = 1;
  std::deque<std::shared_ptr<PendingDecision>> pending_ ABSL_GUARDED_BY(mutex_);  // in their order
  std::uint64_t epoch_ ABSL_GUARDED_BY(mutex_) = 0;                               // grows when the scheduler is rebuilt
  bool stale_ ABSL_GUARDED_BY(mutex_) = false;                                    // a write has failed
  bool loading_ ABSL_GUARDED_BY(mutex_) = false;
  bool told_of_failure_ ABSL_GUARDED_BY(mutex_) = false;  // in the log, since a write succeeded

  std::uint64_t version_ ABSL_GUARDED_BY(mutex_) = 1;
  absl::CondVar changed_;
};

}  // namespace ofsweep

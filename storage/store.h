#pragma once

#include <cstdint>
#include <functional>
#include <future>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "access/principal.h"
#include "experiment/attempt.h"
#include "experiment/data_input.h"
#include "experiment/metric_column.h"
#include "experiment/point_columns.h"
#include "experiment/sweep_attributes.h"
#include "experiment/time_ms.h"
#include "experiment/trainer_event.h"
#include "experiment/trial_state.h"

namespace ofsweep {

// What has to survive: the process (NORMAL: a power cut may lose the last commits, never the file), or the machine too
// (FULL).
enum class Durability { kNormal, kFull };

struct StoreOptions {
  std::string path;  // …/ofsweep.db, made when missing
  Durability durability = Durability::kFull;
  // A trial's recent points are moved to the table by series when it ends and whenever this many measured steps have
  // come together.
  std::int64_t seal_every_steps = 2000;
};

struct SweepRow {
  std::int64_t id = 0;  // ascending as they are submitted; 0 before it is stored
  std::string name;
  SweepAttributes attributes;
  SweepState state = SweepState::kActive;
  std::string spec;  // as submitted
  TimeMs submitted_at = 0;
  TimeMs updated_at = 0;  // when its text was submitted, where that took the place of another one; 0: never
  // Where it came from: the submitted file, "" for a program's message, the SHA-256 of `spec`, and the coordinator that
  // took it.
  std::string file;
  std::string spec_sha256;
  std::string revision;
  std::string owner;  // the caller who submitted it (access/principal.h); "" where callers had no names
};

// What the trials of an arm have in common and no other trial of the sweep: the keys that the sweep varies, but the
// seed.
struct Arm {
  std::string keys_json = "{}";  // flat, dotted keys, as submitted
  std::string label;             // "model.block=op optimizer.name=adam"
};

struct TrialRow {
  std::string trial_id;
  Arm arm;  // in the sweep that it is stored with, or listed with by ListResults
  std::string config_hash;
  std::string config_json;  // flat, dotted keys, as submitted: what is `auto` there, each attempt's trainer decides
  TrialState state = TrialState::kPending;
  std::uint64_t generation = 0;  // of the newest attempt
  int attempts = 0;
  int failures = 0;  // attempts that count against it
  std::int64_t target_steps = 0;
  std::int64_t step = 0;    // of the newest stored point
  std::int64_t tokens = 0;  // trained on until there
  std::string worker;
  FailureClass failure_class = FailureClass::kNone;
  std::string failure_message;
  std::string diverged_reason;                // of a diverged trial (diverged_reasons)
  std::optional<std::int64_t> diverged_step;  // none where an earlier version trained it
  double wall_seconds = 0;
  TimeMs started_at = 0;
  TimeMs finished_at = 0;
  // The rest but the fingerprint is of LoadTrials and FindTrial, not of results.
  bool attempt_open = false;      // the newest attempt has no end yet
  TimeMs attempt_started_at = 0;  // of the newest attempt
  // Through which step the curve is stored without a gap, and which attempt its end is of; 0: none has begun.
  std::int64_t stored_through = 0;
  std::uint64_t curve_generation = 0;
  std::string data_fingerprint;  // of all that it reads (experiment/data_input.h); empty while that is not known
};

// A trial's new state.
struct TrialChange {
  std::string trial_id;
  TrialState state = TrialState::kPending;
  std::uint64_t generation = 0;
  int attempts = 0;
  int failures = 0;
  std::string worker;
  FailureClass failure_class = FailureClass::kNone;
  std::string failure_message;
  std::string diverged_reason;  // of a diverged trial (diverged_reasons)
  std::int64_t diverged_step = 0;
  double added_wall_seconds = 0;
  TimeMs at = 0;
};

// How an attempt went, for the history a user reads when a trial was retried.
struct AttemptRow {
  AttemptName name;
  std::string worker;
  std::optional<std::int64_t>
      from_step;  // updates of the checkpoint that it began with; none before its trainer said so
  TimeMs started_at = 0;
  TimeMs ended_at = 0;
  std::optional<AttemptEnd> end;  // none while it runs
  // As it is read: updates done when it ended; none of one that was lost, or that a database before version 3 had.
  std::optional<std::int64_t> to_step;
};

// What an attempt's trainer found when it began.
struct AttemptOrigin {
  std::string resolved_json = "{}";  // what it made of keys that were `auto` (experiment/resolved_keys.h)
  std::string data_fingerprint;      // of all that it reads (experiment/data_input.h)
  std::string host;
  std::string device;     // model: "NVIDIA H100 80GB HBM3"
  std::string revision;   // of the trainer
  LeftOutFiles left_out;  // of its corpus

  bool operator==(const AttemptOrigin&) const = default;
};

// What a sweep's first attempt found at a path whose content nobody had seen.
struct FixedInput {
  std::string sweep;
  DataInput input;
  std::string fingerprint;
};

// A sweep with its trials in its order. One that exists already (same hash) is shared, and keeps its state.
struct NewSweep {
  SweepRow sweep;
  std::vector<TrialRow> trials;
};

// Keys of a trial's configuration that are no part of what it is (where an input lies, how it is trained), and their
// values from now on.
struct ConfigChange {
  std::string trial_id;
  std::string keys_json;  // flat, dotted keys
};

// A sweep goes, and with it the trials that no other sweep holds, their attempts and points.
struct SweepDeletion {
  std::string sweep;
  std::vector<AttemptName> begun_trials;  // the newest attempts of those that go: workers may keep something of them
};

struct DeletedTrial {
  std::uint64_t number = 0;  // they count up in the order of the deletions, and none is used twice
  AttemptName newest;        // its last attempt; a later one is of a trial that was submitted again
};

// What one decision of the scheduler changes: stored all of it, or nothing.
struct StateChange {
  std::optional<NewSweep> new_sweep;
  // A sweep that exists: its text as it is from now on, and all of its trials with their arms, first those that it has.
  std::optional<NewSweep> updated_sweep;
  std::vector<std::pair<std::string, SweepState>> sweeps;
  std::vector<TrialChange> trials;
  std::vector<AttemptRow> attempts;  // that begin, go on or end
  std::vector<std::pair<AttemptName, AttemptOrigin>> origins;
  std::vector<FixedInput> fixed_inputs;
  std::vector<ConfigChange> configs;
  std::optional<SweepDeletion> deletion;  // behind all else
  TimeMs at = 0;

  bool empty() const {
    return !new_sweep && !updated_sweep && sweeps.empty() && trials.empty() && attempts.empty() && origins.empty() &&
           fixed_inputs.empty() && configs.empty() && !deletion;
  }
};

// A call that changes something, as the view `audit` shows it.
struct AuditEntry {
  std::int64_t id = 0;  // ascending
  TimeMs at = 0;
  Caller caller;
  std::string action;   // the RPC: "CancelSweep"
  std::string subject;  // what it is about: a sweep, a principal
};

struct PushCounts {
  std::uint64_t stored = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t non_finite = 0;  // of the stored ones
};

// One (sweep, trial) of the view `results`, by its column names; NULL columns are absent.
struct ResultRow {
  TrialRow trial;
  std::uint64_t position = 0;                  // of the trial in the sweep: 0, 1, 2, …
  AttemptOrigin origin;                        // of the newest attempt that has begun
  std::vector<AttemptOrigin> earlier_origins;  // of the others that the curve has points of, oldest first
  // kurtosis_max, eval_loss, …; a NaN that was measured is here as NaN, though SQL shows NULL for both.
  std::map<std::string, double> values;
};

enum class CurveMean { kArithmetic, kGeometric };  // the latter is NaN where a value is not positive

struct CurveQuery {
  std::string sweep;                   // empty: only trial_ids count
  std::vector<std::string> trial_ids;  // empty: all of the sweep
  std::vector<std::string> metrics;
  std::vector<std::string> sites;  // empty: all
  std::vector<int> layers;         // empty: all
  // 0: every point. Else each of this many equal ranges of steps gives its last, smallest and largest point (and its
  // first NaN), so that no peak is lost. A curve of no more points than that is given whole.
  std::uint32_t max_buckets = 0;
  bool peaks = false;  // a bucket gives its largest value alone, at its last step
  // Keys that the sweep varies. Where there are any, trials that agree in them give the means of their curves instead;
  // buckets are made of the means.
  std::vector<std::string> group_by = {};
  CurveMean mean = CurveMean::kArithmetic;
  // Other steps are left out.
  std::int64_t first_step = 0;
  std::int64_t last_step = std::numeric_limits<std::int64_t>::max();
};

struct Curve {
  std::string trial_id;
  Series series;
  std::vector<std::int64_t> steps;  // ascending
  std::vector<double> values;
  // Of the trial: the keys of its arm in the sweep that was asked for, "{}" without one; and its seed.
  std::string arm_keys_json = "{}";
  std::int64_t seed = 0;
  // Of a group, which has no trial_id and no seed, and of the keys those by which it was made: how many trials have
  // the series, and at each step how many of them have a value, and the sample standard deviation of these (of a
  // geometric mean the factor by which they are spread), NaN for fewer than two.
  std::size_t trials = 0;
  std::vector<std::string> trial_ids = {};  // of the first ones, at most 100
  std::vector<std::uint32_t> counts = {};
  std::vector<double> deviations = {};
};

class ReaderPool;
class Writer;

// The SQLite store: one writer thread that commits in groups, many readers. storage/DESIGN.md says what is durable
// when.
//
// Writes take effect in the order of the calls; a call returns at once, whatever the disk does, and its future is ready
// when the change is durable. What is queued is held in memory: who could send more than the disk takes has to wait for
// its futures. A failed write (full disk) changed nothing, and says so with ResourceExhausted or Internal. Reads see
// every durable write. All methods may be called from any thread.
class Store {
 public:
  // Errors: FailedPrecondition for a file that is no database, is another program's or was written by a newer ofsweep;
  // PermissionDenied for a folder that cannot be written; Unavailable when another process is the writer; each says how
  // to mend it.
  static absl::StatusOr<std::unique_ptr<Store>> Open(const StoreOptions& options);
  // Reads only: needs no lock, and works beside a running coordinator. Writes answer FailedPrecondition.
  static absl::StatusOr<std::unique_ptr<Store>> OpenReadOnly(const std::string& path);
  // Stores what is queued, then closes the file; unless another program has it open, all is in the one file then.
  ~Store();

  // ---- writes ----

  // Also begins the curves of attempts that say from which step (see AppendPoints), and seals the points of trials that
  // reached a final state. AlreadyExists for a new sweep of a known name, NotFound for a sweep, trial or attempt that
  // there is not.
  std::future<absl::Status> Apply(StateChange change);
  // Keeps what is new by (trial, step, series), counts what was there, and brings the trial's result columns up to
  // date. Each step's tokens and seconds are stored as the series `tokens` and `seconds`, which PushCounts leaves out.
  // The first call for an attempt removes what earlier ones left behind `from_step`, where it began: a curve is of one
  // training. Generation 0 is no attempt: its points join the curve that is there.
  // NotFound for an unknown trial, InvalidArgument for a negative step.
  std::future<absl::StatusOr<PushCounts>> AppendPoints(AttemptName attempt, std::int64_t from_step,
                                                       SharedColumns points);
  // Whether the disk takes writes: puts a file of some size beside the database, syncs it and takes it away again, in
  // its turn behind the writes that are queued.
  std::future<absl::Status> Probe();

  // Adds the principal, or puts it in place of the one of its name.
  std::future<absl::Status> SavePrincipal(Principal principal);
  // A new row of the audit, without an outcome; and its outcome.
  std::future<absl::Status> InsertAudit(AuditEntry entry);
  std::future<absl::Status> SetAuditOutcome(std::int64_t id, std::string outcome);

  // ---- reads; NotFound for a sweep that does not exist, unless said otherwise ----

  absl::StatusOr<std::optional<SweepRow>> FindSweep(const std::string& name);
  // Whether an update has taken the place of that text.
  absl::StatusOr<bool> HadSpec(const std::string& sweep, const std::string& spec);
  // Those that have all of the tags, newest first, at most `limit`: submitted before the sweep of that id; 0: all.
  absl::StatusOr<std::vector<SweepRow>> ListSweeps(std::uint64_t limit, std::int64_t before,
                                                   std::span<const std::string> tags = {});
  absl::StatusOr<std::map<TrialState, std::uint64_t>> CountTrials(const std::string& sweep);
  // The sweep's trials in its order from that position on, with their `results` columns; states empty: all.
  absl::StatusOr<std::vector<ResultRow>> ListResults(const std::string& sweep, std::span<const TrialState> states,
                                                     std::uint64_t limit, std::uint64_t position);
  // The sweep's trials in its order, without config_json: what the scheduler starts from. Cheap: 100,000 in a fraction
  // of a second.
  absl::StatusOr<std::vector<TrialRow>> LoadTrials(const std::string& sweep);
  // In the order of their numbers.
  absl::StatusOr<std::vector<DeletedTrial>> ListDeletedTrials();
  // Calls `visit` for each row of ListResults(sweep, {}, all, 0) with what tables are made of: the trial's id, arm,
  // state and fingerprint, the origins, and these of its values. 100,000 in little memory. The snapshot is open
  // meanwhile.
  absl::Status VisitResults(const std::string& sweep, const std::vector<std::string>& numbers,
                            const std::function<void(const ResultRow&)>& visit);
  // What the sweep's trials came to by that column, by trial id; those without a value are missing.
  absl::StatusOr<std::map<std::string, double>> ListMetric(const std::string& sweep, const MetricColumn& column);
  absl::StatusOr<std::optional<TrialRow>> FindTrial(const std::string& trial_id);
  // The ids that begin so, ascending, of that sweep's trials or of all for ""; at most `limit`.
  absl::StatusOr<std::vector<std::string>> TrialIdsBeginningWith(const std::string& beginning, const std::string& sweep,
                                                                 std::uint64_t limit);
  // The sweeps that hold the trial, oldest first, and its arm in each.
  absl::StatusOr<std::vector<std::pair<std::string, Arm>>> ListArms(const std::string& trial_id);
  absl::StatusOr<std::vector<AttemptRow>> ListAttempts(const std::string& trial_id);
  // What the sweep's first attempts found.
  absl::StatusOr<Fingerprints> FixedInputs(const std::string& sweep);
  // What the configurations of the sweep's trials say that inputs hold; one that they disagree about is left out.
  absl::StatusOr<Fingerprints> SubmittedInputs(const std::string& sweep);
  // The values of the key `replica` in the sweep's trials, each once.
  absl::StatusOr<std::vector<std::string>> Replicas(const std::string& sweep);
  // The sweep's trial, as ListResults has it; none where the sweep does not hold it.
  absl::StatusOr<std::optional<ResultRow>> FindResult(const std::string& sweep, const std::string& trial_id);
  // What was measured in the sweep, by the first trials that have points, ordered by metric, layer and site.
  absl::StatusOr<std::vector<Series>> ListSeries(const std::string& sweep);
  // Calls `visit` for each curve, ordered by the sweep's trials (groups by their first ones), then series. Stops early
  // when `visit` returns false. A slow `visit` holds up nobody: no snapshot is open while it runs.
  absl::Status VisitCurves(const CurveQuery& query, const std::function<bool(Curve)>& visit);

  // By their names, revoked ones too.
  absl::StatusOr<std::vector<Principal>> ListPrincipals();
  // 0: there is none.
  absl::StatusOr<std::int64_t> LastAuditId();

  // Made with the database; its copies have the same.
  absl::StatusOr<std::string> DatabaseId();

  // Sizes for /metrics.
  std::uint64_t DatabaseBytes() const;
  std::uint64_t WalBytes() const;
  // Called on the writer's thread after each write transaction, once for each kind of thing it did ("access", "append",
  // "change", "clear", "insert", "probe", "seal"), with how long the transaction took. The observer must not call a
  // method that writes.
  void ObserveTransactions(std::function<void(const std::string& op, double seconds)> observer);
  // Likewise, after each write that found no space, or no database file any more; to be called before any write is
  // made.
  void ObserveFailures(std::function<void(const absl::Status& failure)> observer);

 private:
  Store(std::string path, std::unique_ptr<Writer> writer, std::unique_ptr<ReaderPool> readers);

  const std::string path_;
  const std::unique_ptr<Writer> writer_;  // none when opened for reading
  // After the writer, so that it is closed first: the last to close folds the write-ahead log into the file, if it may
  // write.
  const std::unique_ptr<ReaderPool> readers_;
};

}  // namespace ofsweep

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "experiment/attempt.h"
#include "experiment/point_columns.h"
#include "experiment/quantisation_bits.h"
#include "experiment/trainer_event.h"
#include "experiment/trial_state.h"
#include "storage/store.h"

// What workers and users say to the coordinator and hear from it, as plain values: proto/ofsweep/v1 without protobuf.
namespace ofsweep {

// What a trainer said when it began.
struct AttemptBeginning {
  std::int64_t from_step = 0;  // updates of the checkpoint that it continues from
  std::string config_json;     // flat, every key with its resolved value
  std::string revision;        // of the trainer
  LeftOutFiles left_out;
  std::uint64_t continued_generation = 0;  // whose curve that checkpoint is of
};

struct AttemptReport {
  AttemptName name;
  std::int64_t step = 0;
  std::optional<AttemptBeginning> begun;
  std::optional<AttemptEnd> end;  // absent while it runs
};

// A database, and the coordinator's process that answers for it: worker.proto's Database.
struct DatabaseIdentity {
  std::string id;
  std::uint64_t incarnation = 0;

  bool operator==(const DatabaseIdentity&) const = default;
};

struct Device {
  std::string kind;  // "cpu" or "cuda"
  std::string model;
  std::uint64_t memory_bytes = 0;
};

struct WorkerReport {
  std::string worker_id;
  std::string host;
  int slots = 0;
  std::vector<Device> devices;
  std::vector<AttemptReport> attempts;
  std::uint64_t unsent_points = 0;
  std::string version;
  std::string scrape_target;             // HOST:PORT where Prometheus can reach its /metrics; "" when it serves none
  DatabaseIdentity database;             // that it knows
  std::string folder;                    // which one holds its id
  std::uint64_t deletions_followed = 0;  // the number of the last one
  std::optional<double> seconds_left;    // until it begins to stop; none: it stays
  // Attempts that it names without their secrets: it is to forget them, and nothing else comes of it.
  std::vector<AttemptName> unproven;
};

// An attempt that a worker is to begin.
struct AttemptStart {
  AttemptName name;
  std::string config_json;  // trial.json
  int attempt = 0;          // 0 for the first
  double lease_seconds = 0;
  std::int64_t stored_through = 0;
  std::uint64_t curve_generation = 0;               // whose the end of that curve is
  std::map<std::string, std::string> fingerprints;  // by their keys: what its open inputs must hold
  bool keep_all_checkpoints = false;
};

// An attempt that a worker has, and through which step its trial's curve is stored without a gap.
struct Holding {
  AttemptName name;
  std::int64_t stored_through = 0;

  bool operator==(const Holding&) const = default;
};

// What should be so at a worker; worker.proto's SynchronizeResponse says what each list means.
struct SynchronizeAnswer {
  std::vector<AttemptStart> start;
  std::vector<Holding> keep;
  std::vector<Holding> stop;
  std::vector<AttemptName> forget;
  std::map<std::string, KeepCheckpoints> keep_checkpoints;  // by trial, of forgotten attempts of those that are over
  std::vector<AttemptName> deleted;                         // the newest attempts of deleted trials
  std::uint64_t deletions_through = 0;                      // of the last of them
  double next_call_seconds = 0;
  std::string reason;
  DatabaseIdentity database;
};

struct AttemptPoints {
  AttemptName name;
  std::int64_t from_step = 0;   // as in AttemptBeginning
  std::int64_t after_step = 0;  // of its points before these; 0: there are none
  SharedColumns columns;
};

struct PushOutcome {
  std::uint64_t stored = 0;
  std::uint64_t duplicates = 0;
  bool fenced = false;   // it was overtaken, or its end is recorded
  bool unknown = false;  // this database has never heard of it, or not of the points before these

  bool taken() const { return !fenced && !unknown; }
};

// What a completed trial's last checkpoint gives after rounding.
struct TrialEvaluation {
  std::string trial_id;
  QuantisationBits bits;
  double loss = 0;            // nats a token
  double unrounded_loss = 0;  // of the same checkpoint and windows, measured beside it
};

// How far the trials of a sweep are together.
struct StepProgress {
  std::int64_t done = 0;
  std::int64_t total = 0;             // done, and still to do: what a failed trial left undone is in neither
  std::optional<double> eta_seconds;  // at the present speed; none while nothing moves
};

struct SweepSummary {
  std::string name;
  SweepState state = SweepState::kActive;
  TimeMs submitted_at = 0;
  std::map<TrialState, std::uint64_t> counts;  // states without a trial are absent
  std::string waiting_reason;                  // "" when nothing waits
  std::optional<StepProgress> steps;           // of a sweep that was asked for by name
};

// Trials by the oldest sweep that holds them.
using TrialsBySweep = std::map<std::string, std::uint64_t>;

struct SubmitResult {
  SweepSummary sweep;                // with validate_only, what it would be
  std::optional<SweepRow> would_be;  // with validate_only: what would be stored of it; none where nothing changes
  TrialsBySweep shared_with;
  // Trials of these sweeps that are equal but for what they read, which nobody has looked at for this sweep.
  TrialsBySweep anew_beside;
  bool created = false;
  bool updated = false;     // it got this specification, or would
  std::uint64_t added = 0;  // trials that an update brought
  // In which the specification differs from the one that the sweep had; see DifferingKeys.
  std::vector<std::string> differing_keys;
};

struct DeletedSweep {
  std::uint64_t deleted_trials = 0;
  std::uint64_t shared_trials = 0;        // that other sweeps hold: they stay
  std::vector<AttemptName> begun_trials;  // of the deleted ones, by their newest attempts
};

// The newest values of a running trial; absent before the first report of this process.
struct LiveValues {
  std::int64_t step = 0;
  std::optional<double> train_loss;
  std::optional<double> kurtosis_max;  // the largest over the blocks at the last measured step
  std::optional<double> steps_per_second;
  std::string doing;  // before the first points: the newest line of its log
};

struct RunningTrial {
  std::string trial_id;
  std::uint64_t position = 0;  // in the sweep, as of FinishedTrial
  std::string label;           // "model.block=op optimizer.name=adam seed=0"
  std::string worker;
  std::int64_t target_steps = 0;
  LiveValues live;
};

struct FinishedTrial {
  std::string trial_id;
  std::uint64_t position = 0;  // in the sweep, as Store::ListResults has it
};

struct SweepProgress {
  SweepSummary sweep;
  std::vector<RunningTrial> running;    // in the sweep's order
  std::vector<FinishedTrial> finished;  // since the cursor that was given
  std::uint64_t finished_cursor = 0;    // for the next call
  bool all_finished_told = true;        // else the next call has more of them
};

struct WorkerView {
  std::string worker_id;
  std::string host;
  std::string version;
  std::string scrape_target;  // as in its report
  int slots = 0;
  int busy = 0;
  std::vector<Device> devices;
  std::uint64_t unsent_points = 0;
  TimeMs last_seen = 0;
  bool connected = false;
  std::string quarantine_reason;       // "" where it is in none
  std::vector<std::string> trial_ids;  // that it holds
  TimeMs leases_expire_at = 0;         // of these
  std::optional<TimeMs> stops_at;      // because its time is up; none: it stays
};

// A sweep that holds a trial, and the trial's arm there: "model.block=op optimizer.name=adam", all keys that the sweep
// varies but the seed; "" where it varies nothing else.
struct SweepArm {
  std::string sweep;
  std::string arm;
};

// What Prometheus' info series and the page say about a trial.
struct TrialInfo {
  std::string trial_id;
  std::vector<SweepArm> sweeps;  // all that hold it, oldest first
  std::string block;
  std::string optimizer;
  std::string learning_rate;
  std::string seed;
  std::int64_t step = 0;    // of the newest point that is stored
  std::int64_t tokens = 0;  // trained on until there
  std::int64_t target_steps = 0;
};

}  // namespace ofsweep

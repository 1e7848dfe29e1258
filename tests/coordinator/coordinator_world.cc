#include "tests/coordinator/coordinator_world.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "absl/strings/str_cat.h"

namespace ofsweep {

CoordinatorWorld::CoordinatorWorld() {
  Restart();
}

CoordinatorWorld::~CoordinatorWorld() = default;

void CoordinatorWorld::Restart() {
  coordinator_.reset();
  store_.reset();
  auto store = Store::Open({.path = folder_.File("ofsweep.db"), .durability = Durability::kNormal});
  if (!store.ok()) throw std::runtime_error(store.status().ToString());
  store_ = *std::move(store);
  auto coordinator = Coordinator::Start(options, *store_, clock, observer);
  if (!coordinator.ok()) throw std::runtime_error(coordinator.status().ToString());
  coordinator_ = *std::move(coordinator);
}

Fingerprints CoordinatorWorld::SeenData() {
  return {{{"python", ""}, "0123456789abcdef0123456789abcdef"}};
}

absl::StatusOr<SubmitResult> CoordinatorWorld::Submit(const std::string& name, int seeds) {
  std::string list;
  for (int seed = 0; seed < seeds; ++seed) absl::StrAppend(&list, seed == 0 ? "" : ", ", seed);
  return SubmitText(
      absl::StrCat("name: ", name, "\ntrial: {train.steps: 100}\ngrid: {model.block: [pre_norm, op], seed: [", list,
                   "]}\n"),
      /*validate_only=*/false, SeenData());
}

absl::StatusOr<Submission> CoordinatorWorld::Read(const std::string& yaml, bool validate_only, Fingerprints seen) {
  problems.clear();
  Submission submission{.spec = ParseSweepSpec(yaml, "", problems), .text = yaml, .validate_only = validate_only};
  submission.spec.fingerprints = std::move(seen);
  if (!problems.empty()) return absl::InvalidArgumentError(ToText(problems));
  return submission;
}

absl::StatusOr<SubmitResult> CoordinatorWorld::SubmitText(const std::string& yaml, bool validate_only,
                                                          Fingerprints seen) {
  absl::StatusOr<Submission> submission = Read(yaml, validate_only, std::move(seen));
  if (!submission.ok()) return submission.status();
  return coordinator_->intake().Submit(*std::move(submission), problems);
}

absl::StatusOr<SubmitResult> CoordinatorWorld::UpdateText(const std::string& yaml, bool validate_only,
                                                          Fingerprints seen) {
  absl::StatusOr<Submission> submission = Read(yaml, validate_only, std::move(seen));
  if (!submission.ok()) return submission.status();
  return coordinator_->intake().Update(*std::move(submission), problems);
}

absl::StatusOr<SynchronizeAnswer> CoordinatorWorld::Call(const std::string& worker, int slots,
                                                         std::vector<AttemptReport> attempts) {
  WorkerReport report;
  report.worker_id = worker;
  report.host = worker;
  report.slots = slots;
  report.attempts = std::move(attempts);
  report.database = coordinator_->identity();
  clock.now += 1000;
  return coordinator_->Synchronize(report);
}

absl::StatusOr<PushOutcome> CoordinatorWorld::Push(const AttemptName& name, const std::vector<StepPoints>& steps) {
  std::vector<AttemptPoints> attempts;
  attempts.push_back({.name = name, .columns = ColumnsOf(steps)});
  auto outcomes = coordinator_->Push(coordinator_->identity(), attempts);
  if (!outcomes.ok()) return outcomes.status();
  return outcomes->front();
}

TrialRow CoordinatorWorld::Stored(const std::string& trial_id) {
  const auto row = store_->FindTrial(trial_id);
  if (!row.ok() || !*row) throw std::runtime_error("trial " + trial_id + " is not stored");
  return **row;
}

std::uint64_t CoordinatorWorld::Count(const std::string& sweep, TrialState state) {
  const auto summary = coordinator_->views().Summary(sweep);
  if (!summary.ok()) throw std::runtime_error(summary.status().ToString());
  const auto it = summary->counts.find(state);
  return it == summary->counts.end() ? 0 : it->second;
}

void CoordinatorWorld::BreakTrialWrites() {
  Execute("CREATE TRIGGER broken BEFORE UPDATE ON trials BEGIN SELECT RAISE(ABORT, 'the disk is full'); END");
}

void CoordinatorWorld::Mend() {
  Execute("DROP TRIGGER broken");
}

void CoordinatorWorld::HoldWrites() {
  held_ =
      std::make_unique<SQLite::Database>(folder_.File("ofsweep.db"), SQLite::OPEN_READWRITE, /*busyTimeoutMs=*/10'000);
  held_->exec("BEGIN IMMEDIATE");
}

void CoordinatorWorld::ReleaseWrites() {
  held_.reset();
}

void CoordinatorWorld::LoseConfiguration(const std::string& trial_id) {
  Execute("DELETE FROM trial_configs WHERE trial = (SELECT id FROM trials WHERE trial_id = '" + trial_id + "')");
}

void CoordinatorWorld::Execute(const std::string& sql) {
  SQLite::Database database(folder_.File("ofsweep.db"), SQLite::OPEN_READWRITE, /*busyTimeoutMs=*/10'000);
  database.exec(sql);
}

StepPoints Step(std::int64_t step, double train_loss) {
  StepPoints points{.step = step, .tokens = step * 10, .seconds = static_cast<double>(step) / 10, .points = {}};
  points.points.push_back({{"train_loss", {}, ""}, train_loss});
  points.points.push_back({{"kurtosis", 0, "block"}, 1.5});
  points.points.push_back({{"kurtosis", 1, "block"}, 2.5});
  return points;
}

AttemptReport Completed(const AttemptName& name) {
  return {.name = name, .end = AttemptEnd{.outcome = AttemptOutcome::kCompleted, .step = 100}};
}

}  // namespace ofsweep

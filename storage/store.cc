#include "storage/store.h"

#include <filesystem>
#include <functional>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/access_rows.h"
#include "storage/curve_means.h"
#include "storage/curve_reads.h"
#include "storage/disk_probe.h"
#include "storage/downsample.h"
#include "storage/reader_connection.h"
#include "storage/reader_pool.h"
#include "storage/schema.h"
#include "storage/sweep_deletion.h"
#include "storage/trial_reads.h"
#include "storage/trial_writes.h"
#include "storage/writer.h"

namespace ofsweep {
namespace {

std::uint64_t FileBytes(const std::string& path) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  return error ? 0 : size;
}

std::size_t Bytes(const StateChange& change) {
  std::size_t bytes = change.trials.size() * sizeof(TrialChange) + change.attempts.size() * sizeof(AttemptRow);
  for (const auto& [attempt, origin] : change.origins) bytes += sizeof(origin) + origin.resolved_json.size();
  for (const auto& sweep : {std::cref(change.new_sweep), std::cref(change.updated_sweep)}) {
    if (!sweep.get()) continue;
    for (const TrialRow& trial : sweep.get()->trials) bytes += sizeof(trial) + trial.config_json.size();
    bytes += sweep.get()->sweep.spec.size();
  }
  return bytes;
}

absl::Status ReadOnly(const std::string& path) {
  return absl::FailedPreconditionError(absl::StrCat(path, ": opened for reading only"));
}

// Hands `apply` to the writer; the future gets its status when the change is durable.
template <class Apply>
std::future<absl::Status> Submit(Writer* writer, const std::string& path, std::string_view kind, std::size_t bytes,
                                 Apply apply) {
  auto promise = std::make_shared<std::promise<absl::Status>>();
  std::future<absl::Status> future = promise->get_future();
  if (writer == nullptr) {
    promise->set_value(ReadOnly(path));
    return future;
  }
  writer->Submit(
      {kind, bytes, std::move(apply), [promise](const absl::Status& status) { promise->set_value(status); }});
  return future;
}

}  // namespace

Store::Store(std::string path, std::unique_ptr<Writer> writer, std::unique_ptr<ReaderPool> readers)
    : path_(std::move(path)), writer_(std::move(writer)), readers_(std::move(readers)) {}

Store::~Store() = default;

absl::StatusOr<std::unique_ptr<Store>> Store::Open(const StoreOptions& options) {
  absl::StatusOr<std::unique_ptr<Writer>> writer = Writer::Open(options);
  if (!writer.ok()) return writer.status();
  auto readers = std::make_unique<ReaderPool>(options.path);
  return std::unique_ptr<Store>(new Store(options.path, *std::move(writer), std::move(readers)));
}

absl::StatusOr<std::unique_ptr<Store>> Store::OpenReadOnly(const std::string& path) {
  auto readers = std::make_unique<ReaderPool>(path);
  if (const auto known = OpenToRead(path, CheckSchema); !known.ok()) return known.status();
  return std::unique_ptr<Store>(new Store(path, nullptr, std::move(readers)));
}

std::future<absl::Status> Store::Apply(StateChange change) {
  const char* kind = change.new_sweep || change.updated_sweep ? "insert" : "change";
  const std::size_t bytes = Bytes(change);
  // Shared, because std::function copies what it holds.
  return Submit(
      writer_.get(), path_, kind, bytes,
      [shared = std::make_shared<const StateChange>(std::move(change))](
          DatabaseConnection& connection, PointWrites& points) { return ofsweep::Apply(connection, points, *shared); });
}

std::future<absl::StatusOr<PushCounts>> Store::AppendPoints(AttemptName attempt, std::int64_t from_step,
                                                            SharedColumns points) {
  auto promise = std::make_shared<std::promise<absl::StatusOr<PushCounts>>>();
  std::future<absl::StatusOr<PushCounts>> future = promise->get_future();
  if (writer_ == nullptr) {
    promise->set_value(ReadOnly(path_));
    return future;
  }
  auto counts = std::make_shared<PushCounts>();
  const std::size_t bytes = points->bytes();
  const auto apply = [attempt = std::move(attempt), from_step, counts, points = std::move(points)](
                         DatabaseConnection&, PointWrites& writes) -> absl::Status {
    const absl::StatusOr<PushCounts> appended = writes.Append(attempt, from_step, *points);
    if (appended.ok()) *counts = *appended;
    return appended.status();
  };
  const auto done = [promise, counts](const absl::Status& status) {
    status.ok() ? promise->set_value(*counts) : promise->set_value(status);
  };
  writer_->Submit({"append", bytes, apply, done});
  return future;
}

std::future<absl::Status> Store::Probe() {
  return Submit(writer_.get(), path_, "probe", 0,
                [path = path_](DatabaseConnection&, PointWrites&) { return ProbeDisk(path); });
}

std::future<absl::Status> Store::SavePrincipal(Principal principal) {
  return Submit(writer_.get(), path_, "access", 0,
                [principal = std::move(principal)](DatabaseConnection& connection, PointWrites&) {
                  ofsweep::SavePrincipal(connection, principal);
                  return absl::OkStatus();
                });
}

std::future<absl::Status> Store::InsertAudit(AuditEntry entry) {
  return Submit(writer_.get(), path_, "access", 0,
                [entry = std::move(entry)](DatabaseConnection& connection, PointWrites&) {
                  ofsweep::InsertAudit(connection, entry);
                  return absl::OkStatus();
                });
}

std::future<absl::Status> Store::SetAuditOutcome(std::int64_t id, std::string outcome) {
  return Submit(writer_.get(), path_, "access", 0,
                [id, outcome = std::move(outcome)](DatabaseConnection& connection, PointWrites&) {
                  ofsweep::SetAuditOutcome(connection, id, outcome);
                  return absl::OkStatus();
                });
}

absl::StatusOr<std::optional<SweepRow>> Store::FindSweep(const std::string& name) {
  return readers_->With([&](DatabaseConnection& connection) -> absl::StatusOr<std::optional<SweepRow>> {
    return ofsweep::FindSweep(connection, name);
  });
}

absl::StatusOr<Fingerprints> Store::SubmittedInputs(const std::string& sweep) {
  return readers_->With([&](DatabaseConnection& connection) { return ofsweep::SubmittedInputs(connection, sweep); });
}

absl::StatusOr<bool> Store::HadSpec(const std::string& sweep, const std::string& spec) {
  return readers_->With([&](DatabaseConnection& connection) { return ofsweep::HadSpec(connection, sweep, spec); });
}

absl::StatusOr<std::vector<std::string>> Store::Replicas(const std::string& sweep) {
  return readers_->With([&](DatabaseConnection& connection) { return ofsweep::Replicas(connection, sweep); });
}

absl::StatusOr<std::vector<SweepRow>> Store::ListSweeps(std::uint64_t limit, std::int64_t before,
                                                        std::span<const std::string> tags) {
  return readers_->With([&](DatabaseConnection& connection) -> absl::StatusOr<std::vector<SweepRow>> {
    return ofsweep::ListSweeps(connection, limit, before, tags);
  });
}

absl::StatusOr<std::vector<Principal>> Store::ListPrincipals() {
  return readers_->With([](DatabaseConnection& connection) -> absl::StatusOr<std::vector<Principal>> {
    return ofsweep::ListPrincipals(connection);
  });
}

absl::StatusOr<std::int64_t> Store::LastAuditId() {
  return readers_->With(
      [](DatabaseConnection& connection) -> absl::StatusOr<std::int64_t> { return ofsweep::LastAuditId(connection); });
}

absl::StatusOr<std::string> Store::DatabaseId() {
  return readers_->With([&](DatabaseConnection& connection) -> absl::StatusOr<std::string> {
    Query query(connection.Prepare("SELECT id FROM database"));
    if (!query.Next()) return absl::DataLossError(absl::StrCat(path_, ": its id is missing; restore a copy"));
    return query.Text(0);
  });
}

absl::StatusOr<std::map<TrialState, std::uint64_t>> Store::CountTrials(const std::string& sweep) {
  return readers_->With([&](DatabaseConnection& connection) { return ofsweep::CountTrials(connection, sweep); });
}

absl::StatusOr<std::vector<ResultRow>> Store::ListResults(const std::string& sweep, std::span<const TrialState> states,
                                                          std::uint64_t limit, std::uint64_t position) {
  return readers_->With(
      [&](DatabaseConnection& connection) { return ofsweep::ListResults(connection, sweep, states, limit, position); });
}

absl::Status Store::VisitResults(const std::string& sweep, const std::vector<std::string>& numbers,
                                 const std::function<void(const ResultRow&)>& visit) {
  return readers_->With(
      [&](DatabaseConnection& connection) { return ofsweep::VisitResults(connection, sweep, numbers, visit); });
}

absl::StatusOr<std::map<std::string, double>> Store::ListMetric(const std::string& sweep, const MetricColumn& column) {
  return readers_->With([&](DatabaseConnection& connection) { return ofsweep::ListMetric(connection, sweep, column); });
}

absl::StatusOr<std::vector<TrialRow>> Store::LoadTrials(const std::string& sweep) {
  return readers_->With([&](DatabaseConnection& connection) { return ofsweep::LoadTrials(connection, sweep); });
}

absl::StatusOr<std::optional<TrialRow>> Store::FindTrial(const std::string& trial_id) {
  return readers_->With([&](DatabaseConnection& connection) -> absl::StatusOr<std::optional<TrialRow>> {
    return ofsweep::FindTrial(connection, trial_id);
  });
}

absl::StatusOr<std::vector<std::string>> Store::TrialIdsBeginningWith(const std::string& beginning,
                                                                      const std::string& sweep, std::uint64_t limit) {
  return readers_->With([&](DatabaseConnection& connection) -> absl::StatusOr<std::vector<std::string>> {
    return ofsweep::TrialIdsBeginningWith(connection, beginning, sweep, limit);
  });
}

absl::StatusOr<std::vector<std::pair<std::string, Arm>>> Store::ListArms(const std::string& trial_id) {
  return readers_->With(
      [&](DatabaseConnection& connection) -> absl::StatusOr<std::vector<std::pair<std::string, Arm>>> {
        return ofsweep::ListArms(connection, trial_id);
      });
}

absl::StatusOr<std::vector<AttemptRow>> Store::ListAttempts(const std::string& trial_id) {
  return readers_->With([&](DatabaseConnection& connection) -> absl::StatusOr<std::vector<AttemptRow>> {
    return ofsweep::ListAttempts(connection, trial_id);
  });
}

absl::StatusOr<Fingerprints> Store::FixedInputs(const std::string& sweep) {
  return readers_->With([&](DatabaseConnection& connection) { return ofsweep::FixedInputs(connection, sweep); });
}

absl::StatusOr<std::vector<DeletedTrial>> Store::ListDeletedTrials() {
  return readers_->With([](DatabaseConnection& connection) -> absl::StatusOr<std::vector<DeletedTrial>> {
    return ofsweep::ListDeletedTrials(connection);
  });
}

absl::StatusOr<std::optional<ResultRow>> Store::FindResult(const std::string& sweep, const std::string& trial_id) {
  return readers_->With(
      [&](DatabaseConnection& connection) { return ofsweep::FindResult(connection, sweep, trial_id); });
}

absl::StatusOr<std::vector<Series>> Store::ListSeries(const std::string& sweep) {
  return readers_->With([&](DatabaseConnection& connection) { return ofsweep::ListSeries(connection, sweep); });
}

absl::Status Store::VisitCurves(const CurveQuery& query, const std::function<bool(Curve)>& visit) {
  std::vector<CurveSeries> series;
  const absl::StatusOr<std::vector<CurveTrial>> trials = readers_->With([&](DatabaseConnection& connection) {
    series = FindCurveSeries(connection, query);
    return FindCurveTrials(connection, query);
  });
  if (!trials.ok()) return trials.status();
  for (const CurveGroup& group : GroupTrials(*trials, query.group_by)) {
    CurveMeans means(query.mean);
    std::vector<Curve> curves;
    for (const CurveTrial* trial : group.trials) {
      // The connection goes back to the pool before `visit` runs, which may wait for a slow client.
      auto own = readers_->With([&](DatabaseConnection& connection) -> absl::StatusOr<std::vector<Curve>> {
        return ReadCurves(connection, *trial, series, query);
      });
      if (!own.ok()) return own.status();
      if (query.group_by.empty()) {
        curves = *std::move(own);
      } else {
        for (const Curve& curve : *own) means.Add(curve);
      }
    }
    if (!query.group_by.empty()) curves = means.Take();
    for (Curve& curve : curves) {
      if (!query.group_by.empty()) curve.arm_keys_json = group.keys_json;
      if (query.max_buckets > 0) Downsample(curve, query.max_buckets, query.peaks);
      if (!visit(std::move(curve))) return absl::OkStatus();
    }
  }
  return absl::OkStatus();
}

std::uint64_t Store::DatabaseBytes() const {
  return FileBytes(path_);
}

std::uint64_t Store::WalBytes() const {
  return FileBytes(path_ + "-wal");
}

void Store::ObserveTransactions(std::function<void(const std::string& op, double seconds)> observer) {
  if (writer_ != nullptr) writer_->Observe(std::move(observer));
}

void Store::ObserveFailures(std::function<void(const absl::Status& failure)> observer) {
  if (writer_ != nullptr) writer_->ObserveFailures(std::move(observer));
}

}  // namespace ofsweep

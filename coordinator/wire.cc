#include "coordinator/wire.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <span>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "experiment/curve_names.h"
#include "experiment/metric_table.h"
#include "experiment/quoted.h"
#include "experiment/unknown_keys.h"

namespace ofsweep {
namespace {

google::protobuf::Value ValueOf(const nlohmann::json& json) {
  google::protobuf::Value value;
  if (json.is_boolean()) {
    value.set_bool_value(json.get<bool>());
  } else if (json.is_number()) {
    value.set_number_value(json.get<double>());
  } else if (json.is_string()) {
    value.set_string_value(json.get<std::string>());
  } else if (json.is_array()) {
    auto* list = value.mutable_list_value();
    for (const auto& item : json) *list->add_values() = ValueOf(item);
  } else {
    value.set_null_value(google::protobuf::NULL_VALUE);
  }
  return value;
}

// A sweep has at most kMaxTrials.
std::uint32_t CountOf(const SweepSummary& sweep, TrialState state) {
  const auto found = sweep.counts.find(state);
  return found == sweep.counts.end() ? 0 : static_cast<std::uint32_t>(found->second);
}

v1::PairedDifference ToMessage(const PairedDifference& difference, std::optional<double> adjusted_p) {
  v1::PairedDifference message;
  message.set_pairs(difference.pairs);
  if (difference.mean) message.set_mean(*difference.mean);
  if (difference.low) message.set_low(*difference.low);
  if (difference.high) message.set_high(*difference.high);
  if (difference.p) message.set_p(*difference.p);
  if (adjusted_p) message.set_adjusted_p(*adjusted_p);
  return message;
}

v1::TrialProgress ToMessage(const RunningTrial& trial) {
  v1::TrialProgress message;
  message.set_trial_id(trial.trial_id);
  message.set_label(trial.label);
  message.set_worker(trial.worker);
  message.set_step(static_cast<std::uint32_t>(trial.live.step));
  message.set_target_steps(static_cast<std::uint32_t>(trial.target_steps));
  if (trial.live.train_loss) message.set_train_loss(*trial.live.train_loss);
  if (trial.live.kurtosis_max) message.set_kurtosis_max(*trial.live.kurtosis_max);
  if (trial.live.steps_per_second) message.set_steps_per_second(*trial.live.steps_per_second);
  message.set_doing(trial.live.doing);
  return message;
}

}  // namespace

void SetTime(TimeMs time, google::protobuf::Timestamp& timestamp) {
  timestamp.set_seconds(time / 1000);
  timestamp.set_nanos(static_cast<int>(time % 1000) * 1'000'000);
}

v1::Sweep ToMessage(const SweepSummary& sweep) {
  v1::Sweep message;
  message.set_name(sweep.name);
  message.set_state(std::string(Name(sweep.state)));
  SetTime(sweep.submitted_at, *message.mutable_submitted_at());
  auto& trials = *message.mutable_trials();
  trials.set_pending(CountOf(sweep, TrialState::kPending));
  trials.set_running(CountOf(sweep, TrialState::kRunning));
  trials.set_completed(CountOf(sweep, TrialState::kCompleted));
  trials.set_diverged(CountOf(sweep, TrialState::kDiverged));
  trials.set_failed(CountOf(sweep, TrialState::kFailed));
  trials.set_cancelled(CountOf(sweep, TrialState::kCancelled));
  trials.set_pruned(CountOf(sweep, TrialState::kPruned));
  message.set_waiting_reason(sweep.waiting_reason);
  if (sweep.steps) {
    message.set_steps_done(static_cast<double>(sweep.steps->done));
    message.set_steps_total(static_cast<double>(sweep.steps->total));
    if (sweep.steps->eta_seconds) message.set_eta_seconds(*sweep.steps->eta_seconds);
  }
  return message;
}

v1::Sweep ToMessage(const SweepSummary& sweep, const SweepRow& row, const std::vector<std::string>& varied) {
  v1::Sweep message = ToMessage(sweep);
  message.set_spec(row.spec);
  message.set_file(row.file);
  message.set_spec_sha256(row.spec_sha256);
  message.set_revision(row.revision);
  if (row.updated_at != 0) SetTime(row.updated_at, *message.mutable_updated_at());
  message.set_description(row.attributes.description);
  message.mutable_tags()->Add(row.attributes.tags.begin(), row.attributes.tags.end());
  message.set_priority(row.attributes.priority);
  message.set_keep_checkpoints(std::string(Name(row.attributes.keep_checkpoints)));
  message.mutable_varied()->Add(varied.begin(), varied.end());
  message.set_owner(row.owner);
  return message;
}

v1::Origin ToMessage(const AttemptOrigin& origin) {
  v1::Origin message;
  message.set_host(origin.host);
  message.set_device(origin.device);
  message.set_revision(origin.revision);
  message.set_data_fingerprint(origin.data_fingerprint);
  for (const auto& [reason, files] : origin.left_out)
    (*message.mutable_left_out())[reason] = static_cast<double>(files);
  const auto resolved = nlohmann::json::parse(origin.resolved_json);
  message.set_resolved_precision(resolved.value("train.precision", ""));
  return message;
}

v1::Trial ToMessage(const ResultRow& row, const std::string& label) {
  const TrialRow& trial = row.trial;
  v1::Trial message;
  message.set_trial_id(trial.trial_id);
  message.set_config_hash(trial.config_hash);
  message.set_label(label);
  message.set_arm(trial.arm.label);
  message.set_arm_keys(trial.arm.keys_json);
  message.set_state(std::string(Name(trial.state)));
  message.set_attempts(static_cast<std::uint32_t>(trial.attempts));
  message.set_step(static_cast<std::uint32_t>(trial.step));
  message.set_target_steps(static_cast<std::uint32_t>(trial.target_steps));
  message.set_worker(trial.worker);
  message.set_failure_class(std::string(Name(trial.failure_class)));
  message.set_failure_message(trial.failure_message);
  message.mutable_results()->insert(row.values.begin(), row.values.end());
  message.set_outcome_reason(trial.diverged_reason);
  if (trial.diverged_step) message.set_diverged_step(static_cast<std::uint32_t>(*trial.diverged_step));
  *message.mutable_origin() = ToMessage(row.origin);
  message.mutable_origin()->set_data_fingerprint(trial.data_fingerprint);
  for (const AttemptOrigin& earlier : row.earlier_origins) *message.add_earlier_origins() = ToMessage(earlier);
  return message;
}

google::protobuf::Struct ConfigMessage(const ResultRow& row) {
  google::protobuf::Struct config;
  for (const std::string& flat : {row.trial.config_json, row.origin.resolved_json}) {
    const auto json = nlohmann::json::parse(flat);
    for (const auto& [key, value] : json.items()) (*config.mutable_fields())[key] = ValueOf(value);
  }
  return config;
}

v1::Attempt ToMessage(const AttemptRow& attempt) {
  v1::Attempt message;
  message.set_generation(static_cast<double>(attempt.name.generation));
  message.set_worker(attempt.worker);
  SetTime(attempt.started_at, *message.mutable_started_at());
  if (attempt.from_step) message.set_from_step(static_cast<std::uint32_t>(*attempt.from_step));
  if (!attempt.end) return message;
  SetTime(attempt.ended_at, *message.mutable_ended_at());
  message.set_outcome(std::string(Name(attempt.end->outcome)));
  message.set_failure_class(std::string(Name(attempt.end->failure)));
  message.set_message(attempt.end->message);
  if (attempt.to_step) message.set_to_step(static_cast<std::uint32_t>(*attempt.to_step));
  return message;
}

v1::Worker ToMessage(const WorkerView& worker) {
  v1::Worker message;
  message.set_worker_id(worker.worker_id);
  message.set_host(worker.host);
  message.set_version(worker.version);
  message.set_connected(worker.connected);
  SetTime(worker.last_seen, *message.mutable_last_seen());
  message.set_slots(static_cast<std::uint32_t>(worker.slots));
  message.set_busy(static_cast<std::uint32_t>(worker.busy));
  for (const Device& device : worker.devices) {
    v1::WorkerDevice& added = *message.add_devices();
    added.set_kind(device.kind);
    added.set_model(device.model);
    added.set_memory_bytes(static_cast<double>(device.memory_bytes));
  }
  message.set_unsent_points(static_cast<double>(worker.unsent_points));
  message.set_quarantine_reason(worker.quarantine_reason);
  message.mutable_trial_ids()->Add(worker.trial_ids.begin(), worker.trial_ids.end());
  if (!worker.trial_ids.empty()) SetTime(worker.leases_expire_at, *message.mutable_leases_expire_at());
  if (worker.stops_at) SetTime(*worker.stops_at, *message.mutable_stops_at());
  return message;
}

v1::ListSeriesResponse ToMessage(const std::vector<Series>& series) {
  std::map<std::string, std::map<std::string, std::vector<int>>> layers;  // by metric and site
  for (const Series& one : series) {
    std::vector<int>& of_site = layers[one.metric][one.site];
    if (one.layer) of_site.push_back(*one.layer);
  }
  v1::ListSeriesResponse message;
  for (const auto& [name, sites] : layers) {
    const Metric* metric = FindMetric(name);
    if (metric == nullptr) continue;
    v1::MeasuredMetric& added = *message.add_metrics();
    added.set_name(name);
    added.set_unit(std::string(metric->unit));
    added.set_better(metric->better == Better::kLower ? "lower" : metric->better == Better::kHigher ? "higher" : "");
    added.set_log_axis(metric->log_axis);
    added.set_meaning(std::string(metric->meaning));
    for (const auto& [site, of_site] : sites) {
      v1::MeasuredSite& place = *added.add_sites();
      place.set_name(site);
      if (const Site* known = FindSite(site); known != nullptr) place.set_meaning(std::string(known->meaning));
      place.mutable_layers()->Add(of_site.begin(), of_site.end());
    }
  }
  return message;
}

v1::WatchSweepResponse ToMessage(const SweepProgress& progress) {
  v1::WatchSweepResponse message;
  *message.mutable_sweep() = ToMessage(progress.sweep);
  for (const RunningTrial& trial : progress.running) *message.add_running() = ToMessage(trial);
  return message;
}

v1::AblationCell ToMessage(const AblationCell& cell) {
  v1::AblationCell message;
  message.mutable_row_values()->Add(cell.row_values.begin(), cell.row_values.end());
  message.mutable_col_values()->Add(cell.col_values.begin(), cell.col_values.end());
  message.set_trials(cell.outcomes.trials);
  message.set_diverged(cell.outcomes.diverged);
  message.set_failed(cell.outcomes.failed);
  message.set_missing(cell.outcomes.missing);
  if (cell.best_value) {
    message.set_best_value(*cell.best_value);
    v1::CellOutcomes& others = *message.mutable_passed_over();
    others.set_trials(cell.passed_over.trials);
    others.set_diverged(cell.passed_over.diverged);
    others.set_failed(cell.passed_over.failed);
    others.set_missing(cell.passed_over.missing);
  }
  message.mutable_mixed()->Add(cell.mixed.begin(), cell.mixed.end());
  for (const CellStatistic& statistic : cell.statistics) {
    auto* added = message.add_statistics();
    added->set_count(statistic.count);
    if (statistic.mean) added->set_mean(*statistic.mean);
    if (statistic.standard_deviation) added->set_standard_deviation(*statistic.standard_deviation);
    if (statistic.median) added->set_median(*statistic.median);
    if (statistic.geometric_mean) added->set_geometric_mean(*statistic.geometric_mean);
    if (statistic.difference) *added->mutable_difference() = ToMessage(*statistic.difference, statistic.adjusted_p);
  }
  return message;
}

std::vector<v1::Curve> ToMessages(const Curve& curve) {
  std::vector<v1::Curve> pieces;
  for (std::size_t begin = 0; begin < curve.steps.size(); begin += kMaxCurvePoints) {
    const std::size_t size = std::min(kMaxCurvePoints, curve.steps.size() - begin);
    const auto add = [begin, size](const auto& values, auto* to) {
      const auto slice = std::span(values).subspan(begin, size);
      to->Add(slice.begin(), slice.end());
    };
    v1::Curve& piece = pieces.emplace_back();
    piece.set_trial_id(curve.trial_id);
    piece.set_metric(curve.series.metric);
    if (curve.series.layer) piece.set_layer(static_cast<std::uint32_t>(*curve.series.layer));
    piece.set_site(curve.series.site);
    piece.set_arm_keys(curve.arm_keys_json);
    piece.set_seed(static_cast<double>(curve.seed));
    add(curve.steps, piece.mutable_steps());
    add(curve.values, piece.mutable_values());
    if (curve.counts.empty()) continue;
    piece.set_trials(static_cast<std::uint32_t>(curve.trials));
    piece.mutable_trial_ids()->Add(curve.trial_ids.begin(), curve.trial_ids.end());
    add(curve.counts, piece.mutable_counts());
    add(curve.deviations, piece.mutable_deviations());
  }
  return pieces;
}

CurveQuery FromMessage(const v1::QueryCurvesRequest& request, std::vector<Problem>& problems) {
  if (request.metrics().empty()) {
    problems.push_back({.key = "metrics", .message = "no metric is named", .fix = "name at least one, like kurtosis"});
  }
  CurveQuery query{.sweep = request.sweep(),
                   .trial_ids = {request.trial_ids().begin(), request.trial_ids().end()},
                   .metrics = {request.metrics().begin(), request.metrics().end()},
                   .sites = {request.sites().begin(), request.sites().end()},
                   .max_buckets = request.max_buckets(),
                   .peaks = request.peaks(),
                   .group_by = {request.group_by().begin(), request.group_by().end()},
                   .mean = request.mean() == "geometric" ? CurveMean::kGeometric : CurveMean::kArithmetic,
                   .first_step = request.first_step()};
  if (request.has_last_step()) query.last_step = request.last_step();
  CheckCurveNames(query.metrics, query.sites, problems);
  CheckKeysAreKnown(query.group_by, "group_by", problems);
  if (!query.group_by.empty() && query.sweep.empty()) {
    problems.push_back({.key = "sweep", .message = "groups are of a sweep's trials", .fix = "name it"});
  }
  if (!request.mean().empty() && request.mean() != "arithmetic" && request.mean() != "geometric") {
    problems.push_back({.key = "mean",
                        .message = absl::StrCat("there is no mean ", Quoted(request.mean())),
                        .fix = "say arithmetic or geometric"});
  }
  for (std::uint32_t layer : request.layers()) query.layers.push_back(static_cast<int>(layer));
  return query;
}

std::vector<TrialEvaluation> FromMessage(const v1::AddEvaluationsRequest& request, std::vector<Problem>& problems) {
  constexpr int kMostEvaluations = 10'000;
  constexpr std::size_t kMostProblems = 20;
  if (request.evaluations_size() == 0 || request.evaluations_size() > kMostEvaluations) {
    problems.push_back({.key = "evaluations",
                        .message = absl::StrCat("there are ", request.evaluations_size(), " of them"),
                        .fix = absl::StrCat("send 1 to ", kMostEvaluations)});
    return {};
  }
  std::vector<TrialEvaluation> evaluations;
  for (int i = 0; i < request.evaluations_size() && problems.size() < kMostProblems; ++i) {
    const v1::TrialEvaluation& evaluation = request.evaluations(i);
    if (evaluation.loss() < 0) {
      problems.push_back({.key = absl::StrCat("evaluations[", i, "].loss"),
                          .message = absl::StrCat(evaluation.loss(), " is no mean cross-entropy"),
                          .fix = "send a number of at least 0; NaN and +inf are outcomes, too"});
    }
    const auto bits = ParseQuantisationBits(evaluation.bits());
    if (!bits.ok()) {
      problems.push_back(
          {.key = absl::StrCat("evaluations[", i, "].bits"), .message = std::string(bits.status().message())});
    } else if (!evaluation.has_unrounded_loss()) {
      problems.push_back(
          {.key = absl::StrCat("evaluations[", i, "].unrounded_loss"),
           .message = "is missing",
           .fix = "measure the loss without rounding too, which tells whether the data are the trial's"});
    } else {
      evaluations.push_back({evaluation.trial_id(), *bits, evaluation.loss(), evaluation.unrounded_loss()});
    }
  }
  return evaluations;
}

AblationQuery FromMessage(const v1::GetAblationTableRequest& request) {
  return {.rows = {request.rows().begin(), request.rows().end()},
          .cols = {request.cols().begin(), request.cols().end()},
          .metrics = {request.metrics().begin(), request.metrics().end()},
          .pool = {request.pool().begin(), request.pool().end()},
          .drop_diverged = request.drop_diverged(),
          .baseline = {request.baseline().begin(), request.baseline().end()},
          .best = request.best()};
}

}  // namespace ofsweep

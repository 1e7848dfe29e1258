// The live table as Prometheus reads it.

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

#include <prometheus/metric_family.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "coordinator/live_trial.h"
#include "experiment/metric_table.h"
#include "monitoring/metric_families.h"

namespace ofsweep {
namespace {

using prometheus::MetricFamily;
using Labels = std::vector<prometheus::ClientMetric::Label>;

// The family of a metric; null for one that is not told to Prometheus.
const Metric* ShownMetric(std::string_view name) {
  const Metric* metric = FindMetric(name);
  return metric == nullptr || metric->family.empty() ? nullptr : metric;
}

Labels LabelsOf(const Series& series, const Metric& metric) {
  Labels labels;
  if (series.layer) labels.push_back({"layer", absl::StrFormat("%02d", *series.layer)});
  if (!series.site.empty()) labels.push_back({"site", series.site});
  if (!metric.split.empty()) labels.push_back({"split", SplitOf(metric, series.metric)});
  return labels;
}

}  // namespace

struct LiveTrials::Families {
  MetricFamily info = GaugeFamily("trial_info", "Hyper-parameters of a live trial, always 1: join on trial_id.");
  MetricFamily sweep_info =
      GaugeFamily("trial_sweep_info", "A sweep that holds a live trial, and its arm there, always 1.");
  MetricFamily assignment = GaugeFamily("trial_assignment_info", "The worker that runs a trial, always 1.");
  MetricFamily step = GaugeFamily("trial_step", "Updates done by a live trial.");
  MetricFamily target_steps = GaugeFamily("trial_target_steps", "Updates that a live trial will do.");
  MetricFamily tokens = CounterFamily("trial_tokens_total", "Tokens that a live trial was trained on.");
  MetricFamily reported_at =
      GaugeFamily("trial_last_report_timestamp_seconds", "When a live trial's newest points were stored.");
  std::map<std::string_view, MetricFamily> metrics;  // by Metric::family

  Families() {
    for (const Metric& metric : Metrics()) {
      if (metric.family.empty()) continue;
      metrics.try_emplace(metric.family, GaugeFamily(std::string(metric.family),
                                                     absl::StrCat("Newest value: ", std::string(metric.meaning), ".")));
    }
  }

  void AppendTo(std::vector<MetricFamily>& families) {
    for (MetricFamily* family : {&info, &sweep_info, &assignment, &step, &target_steps, &tokens, &reported_at}) {
      families.push_back(std::move(*family));
    }
    for (auto& [name, family] : metrics) families.push_back(std::move(family));
  }
};

std::vector<std::string> LiveTrials::InOrder(TimeMs now) {
  absl::MutexLock lock(&mutex_);
  RemoveOld(now);
  std::vector<const Trial*> ordered;
  for (const auto& [id, trial] : trials_) {
    if (trial.info) ordered.push_back(&trial);
  }
  std::sort(ordered.begin(), ordered.end(), [](const Trial* a, const Trial* b) {
    return std::tuple(a->finished_at.has_value(), a->number) < std::tuple(b->finished_at.has_value(), b->number);
  });
  std::vector<std::string> ids;
  for (const Trial* trial : ordered) ids.push_back(trial->info->trial_id);
  return ids;
}

std::optional<LiveTrials::Shown> LiveTrials::Copy(const std::string& trial_id) const {
  absl::MutexLock lock(&mutex_);
  const auto found = trials_.find(trial_id);
  if (found == trials_.end() || !found->second.info) return std::nullopt;
  return static_cast<const Shown&>(found->second);
}

void LiveTrials::CountLeftOut(const std::string& trial_id, std::size_t left_out) {
  absl::MutexLock lock(&mutex_);
  const auto found = trials_.find(trial_id);
  if (found == trials_.end() || left_out <= found->second.left_out) return;
  dropped_ += left_out - found->second.left_out;
  found->second.left_out = left_out;
}

void LiveTrials::Collect(TimeMs now, std::vector<MetricFamily>& families) {
  Families shown;
  std::size_t room = options_.max_series;
  for (const std::string& trial_id : InOrder(now)) {
    const std::optional<Shown> trial = Copy(trial_id);
    if (!trial) continue;  // it has ended meanwhile
    const std::size_t left_out = Render(*trial, room, shown);
    if (left_out > 0) CountLeftOut(trial_id, left_out);
  }
  shown.AppendTo(families);
  absl::MutexLock lock(&mutex_);
  MetricFamily& dropped = families.emplace_back(
      CounterFamily("trial_series_dropped_total",
                    "Series of trials that are not shown here because there are too many; SQLite has their points."));
  AddSeries(dropped, {}, static_cast<double>(dropped_));
}

std::size_t LiveTrials::Render(const Shown& trial, std::size_t& room, Families& families) {
  std::size_t left_out = 0;
  const auto show = [&](MetricFamily& family, Labels labels, double value) {
    if (room == 0) {
      ++left_out;
      return;
    }
    --room;
    labels.insert(labels.begin(), {"trial_id", trial.info->trial_id});
    AddSeries(family, std::move(labels), value);
  };
  const TrialInfo& info = *trial.info;
  const SweepArm first = info.sweeps.empty() ? SweepArm{} : info.sweeps.front();
  show(families.info,
       {{"sweep", first.sweep},
        {"arm", first.arm},
        {"block", info.block},
        {"optimizer", info.optimizer},
        {"learning_rate", info.learning_rate},
        {"seed", info.seed}},
       1);
  for (const SweepArm& sweep : info.sweeps) show(families.sweep_info, {{"sweep", sweep.sweep}, {"arm", sweep.arm}}, 1);
  if (!trial.worker.empty()) show(families.assignment, {{"worker", trial.worker}}, 1);
  show(families.step, {}, static_cast<double>(trial.step));
  show(families.target_steps, {}, static_cast<double>(info.target_steps));
  show(families.tokens, {}, static_cast<double>(trial.tokens));
  if (trial.reported_at) show(families.reported_at, {}, static_cast<double>(*trial.reported_at) / 1000);
  for (std::size_t i = 0; i < trial.series->size(); ++i) {
    const Series& series = (*trial.series)[i];
    const Metric* metric = ShownMetric(series.metric);
    if (metric == nullptr || !trial.newest[i]) continue;
    show(families.metrics.at(metric->family), LabelsOf(series, *metric), *trial.newest[i]);
  }
  return left_out;
}

}  // namespace ofsweep

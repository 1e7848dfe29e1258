#include "coordinator/trial_series.h"

#include <utility>

#include "absl/strings/str_format.h"

namespace ofsweep {
namespace {

using prometheus::Family;
using prometheus::Gauge;

constexpr int kScrapesAfterTheEnd = 3;

Family<Gauge>& GaugeFamily(prometheus::Registry& registry, const std::string& name, const std::string& help) {
  return prometheus::BuildGauge().Name("ofsweep_trial_" + name).Help(help).Register(registry);
}

// The value of the label `split` for a metric that is a loss; "" for others.
std::string_view SplitOf(const std::string& metric) {
  if (metric == "train_loss") return "train";
  if (metric == "eval_loss") return "validation";
  if (metric == "int8_loss") return "validation_int8";
  return "";
}

}  // namespace

struct TrialSeries::Live {
  struct Owned {
    Family<Gauge>* family;
    Gauge* gauge;
  };

  std::string trial_id;
  std::vector<Owned> gauges;           // all of this trial, so that they can be removed
  std::map<Series, Gauge*> by_series;  // null for one that is not shown
  Gauge* assignment = nullptr;
  Gauge* step = nullptr;
  Gauge* target_steps = nullptr;
  Gauge* last_report = nullptr;
  prometheus::Counter* tokens = nullptr;
  std::string worker;
  int scrapes_left = -1;  // −1: not finished
};

TrialSeries::TrialSeries(prometheus::Registry& registry, std::size_t max_series)
    : max_series_(max_series),
      info_(GaugeFamily(registry, "info", "Hyper-parameters of a live trial, always 1: join on trial_id.")),
      assignment_(GaugeFamily(registry, "assignment_info", "The worker that runs a trial, always 1.")),
      step_(GaugeFamily(registry, "step", "Updates done by a live trial.")),
      target_steps_(GaugeFamily(registry, "target_steps", "Updates that a live trial will do.")),
      tokens_(prometheus::BuildCounter()
                  .Name("ofsweep_trial_tokens_total")
                  .Help("Tokens that a live trial was trained on.")
                  .Register(registry)),
      last_report_(
          GaugeFamily(registry, "last_report_timestamp_seconds", "When a live trial's newest points were stored.")),
      loss_(GaugeFamily(registry, "loss_nats", "Newest mean cross entropy of a live trial, in nats a token.")),
      gradient_norm_(GaugeFamily(registry, "gradient_norm", "Newest global gradient norm before clipping.")),
      learning_rate_(GaugeFamily(registry, "learning_rate", "Learning rate of the newest update.")),
      statistics_{{"kurtosis", &GaugeFamily(registry, "kurtosis",
                                            "Newest kurtosis of neuron RMS; width means one outlier neuron.")},
                  {"mmr", &GaugeFamily(registry, "mmr",
                                       "Newest mean over tokens of the maximum-to-median ratio of activations.")},
                  {"rms", &GaugeFamily(registry, "rms", "Newest root mean square of activations.")},
                  {"max_abs", &GaugeFamily(registry, "max_abs", "Newest largest absolute activation.")}},
      dropped_(
          prometheus::BuildCounter()
              .Name("ofsweep_trial_series_dropped_total")
              .Help("Series of trials that are not shown here because there are too many; SQLite has their points.")
              .Register(registry)
              .Add({})) {}

TrialSeries::~TrialSeries() = default;

Gauge* TrialSeries::NewGauge(Live& trial, Family<Gauge>& family, const prometheus::Labels& labels) {
  if (series_ >= max_series_) RemoveFinished(trial);
  if (series_ >= max_series_) {
    dropped_.Increment();
    return nullptr;
  }
  ++series_;
  Gauge& gauge = family.Add(labels);
  trial.gauges.push_back({&family, &gauge});
  return &gauge;
}

void TrialSeries::RemoveGauge(Live& trial, Gauge* gauge) {
  for (auto owned = trial.gauges.begin(); owned != trial.gauges.end(); ++owned) {
    if (owned->gauge != gauge) continue;
    owned->family->Remove(gauge);
    trial.gauges.erase(owned);
    --series_;
    return;
  }
}

void TrialSeries::Start(const TrialInfo& info, const std::string& worker) {
  auto& slot = trials_[info.trial_id];
  const prometheus::Labels id = {{"trial_id", info.trial_id}};
  if (slot == nullptr) {
    slot = std::make_unique<Live>();
    slot->trial_id = info.trial_id;
    Gauge* labels = NewGauge(*slot, info_,
                             {{"trial_id", info.trial_id},
                              {"sweep", info.sweeps.empty() ? "" : info.sweeps.front()},
                              {"block", info.block},
                              {"optimizer", info.optimizer},
                              {"learning_rate", info.learning_rate},
                              {"seed", info.seed}});
    if (labels != nullptr) labels->Set(1);
    slot->step = NewGauge(*slot, step_, id);
    slot->target_steps = NewGauge(*slot, target_steps_, id);
  }
  Live& trial = *slot;
  trial.scrapes_left = -1;
  if (trial.target_steps != nullptr) trial.target_steps->Set(static_cast<double>(info.target_steps));
  if (trial.assignment != nullptr && trial.worker == worker) return;
  Unassign(info.trial_id);
  trial.worker = worker;
  trial.assignment = NewGauge(trial, assignment_, {{"trial_id", info.trial_id}, {"worker", worker}});
  if (trial.assignment != nullptr) trial.assignment->Set(1);
}

void TrialSeries::Unassign(const std::string& trial_id) {
  const auto found = trials_.find(trial_id);
  if (found == trials_.end() || found->second->assignment == nullptr) return;
  RemoveGauge(*found->second, std::exchange(found->second->assignment, nullptr));
}

Gauge* TrialSeries::GaugeOf(Live& trial, const Series& series) {
  const auto [found, is_new] = trial.by_series.try_emplace(series, nullptr);
  if (!is_new) return found->second;
  prometheus::Labels labels = {{"trial_id", trial.trial_id}};
  Family<Gauge>* family = nullptr;
  if (const std::string_view split = SplitOf(series.metric); !split.empty()) {
    family = &loss_;
    labels["split"] = split;
  } else if (series.metric == "gradient_norm") {
    family = &gradient_norm_;
  } else if (series.metric == "learning_rate") {
    family = &learning_rate_;
  } else if (const auto statistic = statistics_.find(series.metric); statistic != statistics_.end()) {
    family = statistic->second;
    labels["layer"] = series.layer ? absl::StrFormat("%02d", *series.layer) : "";
    labels["site"] = series.site;
  }
  if (family != nullptr) found->second = NewGauge(trial, *family, labels);
  return found->second;
}

void TrialSeries::Report(const std::string& trial_id, const std::vector<StepPoints>& steps, double now_seconds) {
  const auto found = trials_.find(trial_id);
  if (found == trials_.end() || steps.empty()) return;
  Live& trial = *found->second;
  for (const StepPoints& step : steps) {
    for (const MetricPoint& point : step.points) {
      if (Gauge* gauge = GaugeOf(trial, point.series)) gauge->Set(point.value);
    }
  }
  if (trial.last_report == nullptr) trial.last_report = NewGauge(trial, last_report_, {{"trial_id", trial_id}});
  if (trial.last_report != nullptr) trial.last_report->Set(now_seconds);
  if (trial.step != nullptr) trial.step->Set(static_cast<double>(steps.back().step));
  if (trial.tokens == nullptr && trial.step != nullptr) trial.tokens = &tokens_.Add({{"trial_id", trial_id}});
  if (trial.tokens != nullptr) {
    trial.tokens->Increment(static_cast<double>(steps.back().tokens) - trial.tokens->Value());
  }
}

void TrialSeries::Finish(const std::string& trial_id) {
  const auto found = trials_.find(trial_id);
  if (found == trials_.end()) return;
  Unassign(trial_id);
  found->second->scrapes_left = kScrapesAfterTheEnd;
}

void TrialSeries::Remove(Live& trial) {
  for (const auto& owned : trial.gauges) owned.family->Remove(owned.gauge);
  if (trial.tokens != nullptr) tokens_.Remove(trial.tokens);
  series_ -= trial.gauges.size();
}

// Where nobody scrapes, finished trials must not take the place of live ones.
void TrialSeries::RemoveFinished(const Live& except) {
  std::erase_if(trials_, [&](auto& trial) {
    Live& live = *trial.second;
    if (live.scrapes_left < 0 || &live == &except) return false;
    Remove(live);
    return true;
  });
}

void TrialSeries::AfterScrape() {
  for (auto trial = trials_.begin(); trial != trials_.end();) {
    Live& live = *trial->second;
    if (live.scrapes_left > 0) --live.scrapes_left;
    if (live.scrapes_left == 0) {
      Remove(live);
      trial = trials_.erase(trial);
    } else {
      ++trial;
    }
  }
}

}  // namespace ofsweep

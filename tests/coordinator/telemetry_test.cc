#include "coordinator/telemetry.h"

#include <cmath>
#include <fstream>
#include <limits>
#include <regex>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ofsweep {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class FixedClock : public Clock {
 public:
  TimeMs Now() const override { return 5000; }
};

class TelemetryTest : public ::testing::Test {
 protected:
  static TrialInfo Info(const std::string& id) {
    return {.trial_id = id,
            .sweeps = {"s"},
            .block = "op",
            .optimizer = "adam",
            .learning_rate = "0.001",
            .seed = "0",
            .target_steps = 20};
  }

  void Report(const std::string& id, std::int64_t step, double kurtosis) {
    telemetry_.PointsStored({.name = {id, 1},
                             .steps = {{.step = step,
                                        .tokens = step * 100,
                                        .points = {{{"kurtosis", 1, "block"}, kurtosis}, {{"train_loss"}, 2.5}}}}},
                            {.stored = 2});
  }

  std::string Scrape() { return telemetry_.Scrape({}); }

  FixedClock clock_;
  Telemetry telemetry_{{.version = "1.2.3", .revision = "abc", .max_trial_series = 20}, clock_};
};

TEST_F(TelemetryTest, ALiveTrialShowsItsNewestValuesAndItsHyperParametersOnTheInfoSeriesOnly) {
  telemetry_.TrialStarted(Info("t1"), "w1");
  Report("t1", 10, 4.5);
  Report("t1", 20, 6.5);
  const std::string text = Scrape();
  EXPECT_THAT(text, HasSubstr("ofsweep_trial_info{block=\"op\",learning_rate=\"0.001\",optimizer=\"adam\",seed=\"0\","
                              "sweep=\"s\",trial_id=\"t1\"} 1"));
  EXPECT_THAT(text, HasSubstr("ofsweep_trial_assignment_info{trial_id=\"t1\",worker=\"w1\"} 1"));
  EXPECT_THAT(text, HasSubstr("ofsweep_trial_kurtosis{layer=\"01\",site=\"block\",trial_id=\"t1\"} 6.5"));
  EXPECT_THAT(text, HasSubstr("ofsweep_trial_loss_nats{split=\"train\",trial_id=\"t1\"} 2.5"));
  EXPECT_THAT(text, HasSubstr("ofsweep_trial_step{trial_id=\"t1\"} 20"));
  EXPECT_THAT(text, HasSubstr("ofsweep_trial_tokens_total{trial_id=\"t1\"} 2000"));
  EXPECT_THAT(text, HasSubstr("ofsweep_trial_last_report_timestamp_seconds{trial_id=\"t1\"} 5"));
  EXPECT_THAT(text, HasSubstr("ofsweep_metric_points_total{result=\"stored\"} 4"));
}

TEST_F(TelemetryTest, AnotherWorkerReplacesTheAssignment) {
  telemetry_.TrialStarted(Info("t1"), "w1");
  telemetry_.TrialRestarted("t1", {"s"}, "lost");
  EXPECT_THAT(Scrape(), Not(HasSubstr("worker=\"w1\"")));
  telemetry_.TrialStarted(Info("t1"), "w2");
  const std::string text = Scrape();
  EXPECT_THAT(text, HasSubstr("ofsweep_trial_assignment_info{trial_id=\"t1\",worker=\"w2\"} 1"));
  EXPECT_THAT(text, HasSubstr("ofsweep_trial_restarts_total{reason=\"lost\",sweep=\"s\"} 1"));
}

TEST_F(TelemetryTest, AFinishedTrialStaysForThreeScrapes) {
  telemetry_.TrialStarted(Info("t1"), "w1");
  Report("t1", 20, 1);
  telemetry_.TrialFinished("t1", {"s"}, TrialState::kDiverged);
  for (int scrape = 0; scrape < 3; ++scrape) EXPECT_THAT(Scrape(), HasSubstr("trial_id=\"t1\"")) << scrape;
  const std::string text = Scrape();
  EXPECT_THAT(text, Not(HasSubstr("trial_id=\"t1\"")));
  EXPECT_THAT(text, HasSubstr("ofsweep_trials_finished_total{outcome=\"diverged\",sweep=\"s\"} 1"));
}

TEST_F(TelemetryTest, SeriesBeyondTheCapAreCountedAndFinishedTrialsMakeRoom) {
  for (const char* id : {"t1", "t2", "t3"}) {
    telemetry_.TrialStarted(Info(id), "w1");
    Report(id, 10, 1);
  }
  EXPECT_THAT(Scrape(), HasSubstr("ofsweep_trial_series_dropped_total 1\n"));  // 7 a trial, 20 allowed
  telemetry_.TrialFinished("t1", {"s"}, TrialState::kCompleted);
  telemetry_.TrialStarted(Info("t4"), "w1");
  const std::string text = Scrape();
  EXPECT_THAT(text, HasSubstr("ofsweep_trial_info{block=\"op\",learning_rate=\"0.001\",optimizer=\"adam\",seed=\"0\","
                              "sweep=\"s\",trial_id=\"t4\"}"));
  EXPECT_THAT(text, HasSubstr("ofsweep_trial_series_dropped_total 1\n"));
}

TEST_F(TelemetryTest, NanIsShownAsAValue) {
  telemetry_.TrialStarted(Info("t1"), "w1");
  Report("t1", 10, std::numeric_limits<double>::quiet_NaN());
  EXPECT_THAT(Scrape(), HasSubstr("ofsweep_trial_kurtosis{layer=\"01\",site=\"block\",trial_id=\"t1\"} Nan"));
}

TEST_F(TelemetryTest, ServiceStateIsReadAtTheScrape) {
  ServiceState state;
  state.sweeps.push_back({.name = "s", .counts = {{TrialState::kRunning, 2}}});
  state.workers.push_back({.worker_id = "w1", .unsent_points = 7, .last_seen = 4000, .connected = true});
  state.workers.push_back({.worker_id = "w2", .unsent_points = 9, .last_seen = 1000, .connected = false});
  state.database_bytes = 4096;
  const std::string text = telemetry_.Scrape(state);
  EXPECT_THAT(text, HasSubstr("ofsweep_trials{sweep=\"s\",state=\"running\"} 2"));
  EXPECT_THAT(text, HasSubstr("ofsweep_workers{state=\"connected\"} 1"));
  EXPECT_THAT(text, HasSubstr("ofsweep_workers{state=\"lost\"} 1"));
  EXPECT_THAT(text, HasSubstr("ofsweep_worker_heartbeat_timestamp_seconds{worker=\"w1\"} 4"));
  EXPECT_THAT(text, HasSubstr("ofsweep_worker_unsent_points 7"));
  EXPECT_THAT(text, HasSubstr("ofsweep_db_bytes 4096"));
}

std::set<std::string> NamesIn(const std::string& text, const std::string& pattern) {
  const std::regex name(pattern);
  std::set<std::string> names;
  for (std::sregex_iterator found(text.begin(), text.end(), name), end; found != end; ++found)
    names.insert((*found)[1]);
  return names;
}

TEST_F(TelemetryTest, TheDocumentationListsEveryMetricAndNoOther) {
  Telemetry telemetry({.max_trial_series = 100}, clock_);
  telemetry.TrialStarted(Info("t1"), "w1");
  StepPoints step{.step = 1};
  for (const char* metric : {"train_loss", "gradient_norm", "learning_rate", "kurtosis", "mmr", "rms", "max_abs"}) {
    step.points.push_back({{metric}, 1});
  }
  telemetry.PointsStored({.name = {"t1", 1}, .steps = {step}}, {});
  telemetry.TrialRestarted("t0", {"s"}, "crash");
  telemetry.TrialFinished("t0", {"s"}, TrialState::kFailed);
  telemetry.TransactionEnded("append", 0.01);
  telemetry.RpcEnded("m", "OK", 0.01);
  ServiceState state{.sweeps = {{.name = "s", .counts = {{TrialState::kRunning, 1}}}},
                     .workers = {{.worker_id = "w1"}}};

  std::stringstream document;
  document << std::ifstream(std::string(OFSWEEP_SOURCE_DIR) + "/docs/metrics.md").rdbuf();
  EXPECT_EQ(NamesIn(document.str(), "\\n\\| `(ofsweep_[a-z_]+)` \\|"),
            NamesIn(telemetry.Scrape(state), "# TYPE (ofsweep_[a-z_]+) "));
}

TEST_F(TelemetryTest, TwoInOneProcessDoNotSeeEachOther) {
  Telemetry other({.max_trial_series = 20}, clock_);
  telemetry_.TrialStarted(Info("t1"), "w1");
  EXPECT_THAT(other.Scrape({}), Not(HasSubstr("trial_id=\"t1\"")));
}

}  // namespace
}  // namespace ofsweep

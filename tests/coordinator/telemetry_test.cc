#include "coordinator/telemetry.h"

#include <cmath>
#include <fstream>
#include <limits>
#include <regex>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/live_trials.h"
#include "experiment/metric_table.h"

namespace ofsweep {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ManualClock : public Clock {
 public:
  TimeMs Now() const override { return now; }
  TimeMs now = 5000;
};

int LinesWith(const std::string& text, const std::string& beginning) {
  int lines = 0;
  for (std::size_t at = text.find(beginning); at != std::string::npos; at = text.find(beginning, at + 1)) ++lines;
  return lines;
}

class TelemetryTest : public ::testing::Test {
 protected:
  static TrialInfo Info(const std::string& id) {
    return {.trial_id = id,
            .sweeps = {{"s", "model.block=op"}},
            .block = "op",
            .optimizer = "adam",
            .learning_rate = "0.001",
            .seed = "0",
            .target_steps = 20};
  }

  void Report(const std::string& id, std::int64_t step, double kurtosis) {
    const StepPoints points{
        .step = step, .tokens = step * 100, .points = {{{"kurtosis", 1, "block"}, kurtosis}, {{"train_loss"}, 2.5}}};
    live_.Show(id, *ColumnsOf({points}), clock_.now);
    telemetry_.PointsStored({.stored = 2});
  }

  void Finish(const std::string& id, TrialState outcome) {
    live_.Finish(id, clock_.now);
    telemetry_.TrialFinished({"s"}, outcome);
  }

  std::string Scrape() { return telemetry_.Scrape({.live_trials = &live_}); }

  ManualClock clock_;
  LiveTrials live_{{.max_series = 20, .retention_ms = 60'000}};
  Telemetry telemetry_{{.version = "1.2.3", .revision = "abc"}, clock_};
};

TEST_F(TelemetryTest, ALiveTrialShowsItsNewestValuesAndItsHyperParametersOnTheInfoSeriesOnly) {
  live_.Start(Info("t1"), "w1", clock_.now);
  Report("t1", 10, 4.5);
  Report("t1", 20, 6.5);
  const std::string text = Scrape();
  EXPECT_THAT(text, HasSubstr("ofsweep_trial_info{trial_id=\"t1\",sweep=\"s\",arm=\"model.block=op\",block=\"op\","
                              "optimizer=\"adam\",learning_rate=\"0.001\",seed=\"0\"} 1"));
  EXPECT_THAT(text, HasSubstr("ofsweep_trial_sweep_info{trial_id=\"t1\",sweep=\"s\",arm=\"model.block=op\"} 1"));
  EXPECT_THAT(text, HasSubstr("ofsweep_trial_assignment_info{trial_id=\"t1\",worker=\"w1\"} 1"));
  EXPECT_THAT(text, HasSubstr("ofsweep_trial_kurtosis{trial_id=\"t1\",layer=\"01\",site=\"block\"} 6.5"));
  EXPECT_THAT(text, HasSubstr("ofsweep_trial_loss_nats{trial_id=\"t1\",split=\"train\"} 2.5"));
  EXPECT_THAT(text, HasSubstr("ofsweep_trial_step{trial_id=\"t1\"} 20"));
  EXPECT_THAT(text, HasSubstr("ofsweep_trial_tokens_total{trial_id=\"t1\"} 2000"));
  EXPECT_THAT(text, HasSubstr("ofsweep_trial_last_report_timestamp_seconds{trial_id=\"t1\"} 5"));
  EXPECT_THAT(text, HasSubstr("ofsweep_metric_points_total{result=\"stored\"} 4"));
}

TEST_F(TelemetryTest, AnotherWorkerReplacesTheAssignment) {
  live_.Start(Info("t1"), "w1", clock_.now);
  live_.Unassign("t1");
  telemetry_.TrialRestarted({"s"}, "lost");
  EXPECT_THAT(Scrape(), Not(HasSubstr("worker=\"w1\"")));
  live_.Start(Info("t1"), "w2", clock_.now);
  const std::string text = Scrape();
  EXPECT_THAT(text, HasSubstr("ofsweep_trial_assignment_info{trial_id=\"t1\",worker=\"w2\"} 1"));
  EXPECT_THAT(text, HasSubstr("ofsweep_trial_restarts_total{reason=\"lost\",sweep=\"s\"} 1"));
}

TEST_F(TelemetryTest, EverySweepThatHoldsATrialTellsItsArmThere) {
  TrialInfo info = Info("t1");
  info.sweeps = {{"old", "optimizer.epsilon=1e-08"}, {"new", "model.block=op"}};
  live_.Start(info, "w1", clock_.now);
  live_.Join("t1", {"newest", ""});
  live_.Join("t1", {"new", "model.block=op"});  // again
  live_.Join("t0", {"newest", ""});             // of a trial that is not live
  const std::string text = Scrape();
  EXPECT_THAT(text, HasSubstr("ofsweep_trial_info{trial_id=\"t1\",sweep=\"old\",arm=\"optimizer.epsilon=1e-08\","));
  EXPECT_EQ(LinesWith(text, "ofsweep_trial_info{"), 1);
  EXPECT_THAT(text,
              HasSubstr("ofsweep_trial_sweep_info{trial_id=\"t1\",sweep=\"old\",arm=\"optimizer.epsilon=1e-08\"} 1"));
  EXPECT_THAT(text, HasSubstr("ofsweep_trial_sweep_info{trial_id=\"t1\",sweep=\"new\",arm=\"model.block=op\"} 1"));
  EXPECT_THAT(text, HasSubstr("ofsweep_trial_sweep_info{trial_id=\"t1\",sweep=\"newest\",arm=\"\"} 1"));
  EXPECT_EQ(LinesWith(text, "ofsweep_trial_sweep_info{"), 3);
}

TEST_F(TelemetryTest, AFinishedTrialLeavesByTimeHoweverOftenAnybodyLooks) {
  live_.Start(Info("t1"), "w1", clock_.now);
  Report("t1", 20, 1);
  Finish("t1", TrialState::kDiverged);
  EXPECT_THAT(Scrape(), Not(HasSubstr("ofsweep_trial_assignment_info")));
  for (int scrape = 0; scrape < 100; ++scrape) EXPECT_THAT(Scrape(), HasSubstr("trial_id=\"t1\"")) << scrape;
  clock_.now += 59'999;
  EXPECT_THAT(Scrape(), HasSubstr("ofsweep_trial_kurtosis{trial_id=\"t1\""));
  clock_.now += 1;
  const std::string text = Scrape();
  EXPECT_THAT(text, Not(HasSubstr("trial_id=\"t1\"")));
  EXPECT_THAT(text, HasSubstr("ofsweep_trials_finished_total{outcome=\"diverged\",sweep=\"s\"} 1"));
}

TEST_F(TelemetryTest, AFinishedTrialThatStartsAnewStays) {
  live_.Start(Info("t1"), "w1", clock_.now);
  Finish("t1", TrialState::kFailed);
  clock_.now += 30'000;
  live_.Start(Info("t1"), "w2", clock_.now);
  clock_.now += 3'600'000;
  EXPECT_THAT(Scrape(), HasSubstr("ofsweep_trial_assignment_info{trial_id=\"t1\",worker=\"w2\"} 1"));
}

TEST_F(TelemetryTest, SeriesBeyondTheCapAreCountedOnceAndLiveTrialsComeFirst) {
  for (const char* id : {"t1", "t2", "t3"}) {
    live_.Start(Info(id), "w1", clock_.now);
    Report(id, 10, 1);
  }
  // 9 a trial, 20 allowed.
  const std::string full = Scrape();
  EXPECT_EQ(LinesWith(full, "ofsweep_trial_kurtosis{"), 2);
  EXPECT_THAT(full, HasSubstr("ofsweep_trial_info{trial_id=\"t3\""));
  EXPECT_THAT(full, HasSubstr("ofsweep_trial_series_dropped_total 7\n"));
  EXPECT_THAT(Scrape(), HasSubstr("ofsweep_trial_series_dropped_total 7\n"));
  Finish("t1", TrialState::kCompleted);
  const std::string text = Scrape();
  EXPECT_THAT(text, HasSubstr("ofsweep_trial_kurtosis{trial_id=\"t2\""));
  EXPECT_THAT(text, HasSubstr("ofsweep_trial_kurtosis{trial_id=\"t3\""));
  EXPECT_THAT(text, Not(HasSubstr("ofsweep_trial_kurtosis{trial_id=\"t1\"")));
}

// rate() and increase() see an event only where there was a value before it.
TEST_F(TelemetryTest, CountersExistFromZero) {
  telemetry_.KnowRpc("ofsweep.v1.SweepService/SubmitSweep");
  live_.Start(Info("t1"), "w1", clock_.now);
  const std::string text = telemetry_.Scrape({.sweeps = {{.name = "live", .state = SweepState::kActive},
                                                         {.name = "resting", .state = SweepState::kPaused},
                                                         {.name = "over", .state = SweepState::kFinished}},
                                              .live_trials = &live_});
  for (const char* series : {"metric_points_total{result=\"stored\"}",
                             "metric_points_total{result=\"duplicate\"}",
                             "metric_points_total{result=\"rejected\"}",
                             "metric_points_non_finite_total",
                             "lease_expirations_total",
                             "trial_series_dropped_total",
                             "trial_tokens_total{trial_id=\"t1\"}",
                             "trials_finished_total{outcome=\"completed\",sweep=\"live\"}",
                             "trials_finished_total{outcome=\"diverged\",sweep=\"live\"}",
                             "trials_finished_total{outcome=\"failed\",sweep=\"live\"}",
                             "trials_finished_total{outcome=\"cancelled\",sweep=\"live\"}",
                             "trials_finished_total{outcome=\"failed\",sweep=\"resting\"}",
                             "trial_restarts_total{reason=\"lost\",sweep=\"live\"}",
                             "trial_restarts_total{reason=\"preempted\",sweep=\"live\"}",
                             "trial_restarts_total{reason=\"crash\",sweep=\"live\"}",
                             "trial_restarts_total{reason=\"oom\",sweep=\"live\"}",
                             "trial_restarts_total{reason=\"timeout\",sweep=\"live\"}",
                             "rpc_requests_total{code=\"OK\",method=\"ofsweep.v1.SweepService/SubmitSweep\"}",
                             "rpc_duration_seconds_count{method=\"ofsweep.v1.SweepService/SubmitSweep\"}",
                             "db_transaction_duration_seconds_count{op=\"append\"}"}) {
    EXPECT_THAT(text, HasSubstr(std::string("ofsweep_") + series + " 0\n"));
  }
  EXPECT_THAT(text, Not(HasSubstr("sweep=\"over\",outcome")));
  EXPECT_THAT(text, Not(HasSubstr("outcome=\"failed\",sweep=\"over\"")));
}

TEST_F(TelemetryTest, TokensOfATrialThatAnEarlierProcessTrainedNeitherLeapNorGoBack) {
  TrialInfo info = Info("t1");
  info.step = 10;
  info.tokens = 1000;
  live_.Start(info, "w1", clock_.now);
  EXPECT_THAT(Scrape(), HasSubstr("ofsweep_trial_tokens_total{trial_id=\"t1\"} 1000"));
  EXPECT_THAT(Scrape(), HasSubstr("ofsweep_trial_step{trial_id=\"t1\"} 10"));
  Report("t1", 5, 1);  // from the checkpoint before
  EXPECT_THAT(Scrape(), HasSubstr("ofsweep_trial_tokens_total{trial_id=\"t1\"} 1000"));
  Report("t1", 20, 1);
  EXPECT_THAT(Scrape(), HasSubstr("ofsweep_trial_tokens_total{trial_id=\"t1\"} 2000"));
  live_.EndAttempt("t1");
  Report("t1", 15, 1);  // again, from its checkpoint
  EXPECT_THAT(Scrape(), HasSubstr("ofsweep_trial_tokens_total{trial_id=\"t1\"} 2000"));
  EXPECT_THAT(Scrape(), HasSubstr("ofsweep_trial_step{trial_id=\"t1\"} 15"));
}

TEST_F(TelemetryTest, NanIsShownAsAValue) {
  live_.Start(Info("t1"), "w1", clock_.now);
  Report("t1", 10, std::numeric_limits<double>::quiet_NaN());
  EXPECT_THAT(Scrape(), HasSubstr("ofsweep_trial_kurtosis{trial_id=\"t1\",layer=\"01\",site=\"block\"} Nan"));
}

TEST_F(TelemetryTest, ServiceStateIsReadAtTheScrape) {
  ServiceState state;
  state.sweeps.push_back({.name = "s", .counts = {{TrialState::kRunning, 2}}});
  state.workers.push_back({.worker_id = "w1", .unsent_points = 7, .last_seen = 4000, .connected = true});
  state.workers.push_back({.worker_id = "w2", .slots = 2, .unsent_points = 9, .last_seen = 1000, .connected = false});
  state.database_bytes = 4096;
  const std::string text = telemetry_.Scrape(state);
  EXPECT_THAT(text, HasSubstr("ofsweep_trials{sweep=\"s\",state=\"running\"} 2"));
  EXPECT_THAT(text, HasSubstr("ofsweep_workers{state=\"connected\"} 1"));
  EXPECT_THAT(text, HasSubstr("ofsweep_workers{state=\"lost\"} 1"));
  EXPECT_THAT(text, HasSubstr("ofsweep_worker_heartbeat_timestamp_seconds{worker=\"w1\"} 4"));
  EXPECT_THAT(text, HasSubstr("\nofsweep_unsent_points 7\n"));
  EXPECT_THAT(text, HasSubstr("ofsweep_db_bytes 4096"));
}

// It has said so with 0 slots; nobody has to look after it.
TEST_F(TelemetryTest, AWorkerThatWasStoppedIsNotLost) {
  ServiceState state;
  state.workers.push_back({.worker_id = "stopped", .last_seen = 1000, .connected = false});
  state.workers.push_back({.worker_id = "stopping", .last_seen = 4000, .connected = true});
  const std::string text = telemetry_.Scrape(state);
  EXPECT_THAT(text, HasSubstr("ofsweep_workers{state=\"connected\"} 1"));
  EXPECT_THAT(text, HasSubstr("ofsweep_workers{state=\"lost\"} 0"));
  EXPECT_THAT(text, Not(HasSubstr("worker=\"stopped\"")));
}

TEST_F(TelemetryTest, EveryLossHasItsSplit) {
  live_.Start(Info("t1"), "w1", clock_.now);
  const StepPoints losses{.step = 1,
                          .points = {{{"eval_loss"}, 2}, {{"int8_loss"}, 3}, {{"w8a4_loss"}, 4}, {{"a_loss_b"}, 5}}};
  live_.Show("t1", *ColumnsOf({losses}), clock_.now);
  const std::string text = Scrape();
  EXPECT_THAT(text, HasSubstr("ofsweep_trial_loss_nats{trial_id=\"t1\",split=\"validation\"} 2"));
  EXPECT_THAT(text, HasSubstr("ofsweep_trial_loss_nats{trial_id=\"t1\",split=\"validation_int8\"} 3"));
  EXPECT_THAT(text, HasSubstr("ofsweep_trial_loss_nats{trial_id=\"t1\",split=\"validation_w8a4\"} 4"));
  EXPECT_EQ(LinesWith(text, "ofsweep_trial_loss_nats{"), 3);
}

std::set<std::string> NamesIn(const std::string& text, const std::string& pattern) {
  const std::regex name(pattern);
  std::set<std::string> names;
  for (std::sregex_iterator found(text.begin(), text.end(), name), end; found != end; ++found)
    names.insert((*found)[1]);
  return names;
}

TEST_F(TelemetryTest, TheDocumentationListsEveryMetricAndNoOther) {
  Telemetry telemetry({}, clock_);
  LiveTrials live({});
  live.Start(Info("t1"), "w1", clock_.now);
  StepPoints step{.step = 1};
  for (const Metric& metric : Metrics()) step.points.push_back({{std::string(metric.name)}, 1});
  live.Show("t1", *ColumnsOf({step}), clock_.now);
  telemetry.TrialRestarted({"s"}, "crash");
  telemetry.TrialFinished({"s"}, TrialState::kFailed);
  telemetry.TransactionEnded("append", 0.01);
  telemetry.RpcEnded("m", "OK", 0.01);
  ServiceState state{.sweeps = {{.name = "s", .counts = {{TrialState::kRunning, 1}}}},
                     .workers = {{.worker_id = "w1", .slots = 1}},
                     .live_trials = &live};

  std::stringstream document;
  document << std::ifstream(std::string(OFSWEEP_SOURCE_DIR) + "/docs/metrics.md").rdbuf();
  const std::string text = document.str();
  const std::size_t begin = text.find("## The coordinator");
  const std::string table = text.substr(begin, text.find("## A worker") - begin);
  std::set<std::string> documented = NamesIn(table, "\\n\\| `(ofsweep_[a-z_]+)` \\|");
  for (const Metric& metric : Metrics()) {
    if (!metric.family.empty()) documented.insert("ofsweep_" + std::string(metric.family));  // docs/trial-metrics.md
  }
  EXPECT_EQ(documented, NamesIn(telemetry.Scrape(state), "# TYPE (ofsweep_[a-z0-9_]+) "));
}

TEST_F(TelemetryTest, TwoInOneProcessDoNotSeeEachOther) {
  Telemetry other({}, clock_);
  telemetry_.PointsStored({.stored = 2});
  EXPECT_THAT(other.Scrape({}), HasSubstr("ofsweep_metric_points_total{result=\"stored\"} 0"));
}

}  // namespace
}  // namespace ofsweep

// A real Prometheus scrapes a real coordinator, and answers what dashboards ask.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/coordinator/server_fixture.h"
#include "tests/integration/process.h"
#include "tests/integration/prometheus_server.h"

namespace ofsweep {
namespace {

using nlohmann::json;
using ::testing::IsEmpty;

class PrometheusTest : public ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    Submit(SmallSweep("live"));
    AssignAll();
  }

  void AssignAll() {
    const auto answer = Synchronize(HelloFrom("w", 4));
    ASSERT_EQ(answer.start_size(), 4);
    for (const auto& assignment : answer.start()) {
      const bool op = assignment.config_json().find("\"op\"") != std::string::npos;
      v1::TrialPoints points = PointsOf(assignment);
      AddStep(points, 10, 4.5, op ? 2 : 12);
      Push(points);
    }
  }

  void CancelLive() {
    v1::CancelSweepRequest cancel;
    cancel.set_name("live");
    v1::CancelSweepResponse cancelled;
    ASSERT_TRUE(sweeps_->CancelSweep(Context().get(), cancel, &cancelled).ok());
    Synchronize(HelloFrom("w", 4));  // the worker has none of them any more
  }

  std::string WriteConfig() {
    const std::string file = folder_.File("prometheus.yml");
    std::ofstream(file) << "global: {scrape_interval: 500ms, scrape_timeout: 500ms}\n"
                           "scrape_configs:\n"
                           "  - job_name: ofsweep\n"
                           "    static_configs: [{targets: ['" +
                               server_->http_address() + "']}]\n";
    return file;
  }

  void StartPrometheus() { prometheus_ = std::make_unique<PrometheusServer>(WriteConfig(), folder_.path().string()); }

  json Query(const std::string& expression) { return prometheus_->Query(expression); }
  std::string Value(const std::string& expression) { return prometheus_->Value(expression); }

  std::unique_ptr<PrometheusServer> prometheus_;
};

TEST_F(PrometheusTest, PromtoolHasNothingToSayAboutTheMetrics) {
  const std::string file = folder_.File("metrics.txt");
  const std::string text = BodyOf(Metrics());
  ASSERT_NE(text.find("ofsweep_trial_kurtosis{"), std::string::npos) << text;
  std::ofstream(file) << text;
  const Finished check = RunToEnd({"/bin/sh", "-c", PROMTOOL_PROGRAM " check metrics < " + file});
  EXPECT_EQ(check.exit_code, 0);
  EXPECT_THAT(check.out, IsEmpty());
  EXPECT_THAT(check.err, IsEmpty());
}

TEST_F(PrometheusTest, TheCanonicalJoinGivesTheKurtosisOfEachBlockAndLayer) {
  StartPrometheus();
  const std::string join =
      "avg by (block, layer) (ofsweep_trial_kurtosis * on(trial_id) group_left(block) ofsweep_trial_info)";
  json result;
  ASSERT_TRUE(WaitUntil([&] { return (result = Query(join)).size() == 4; })) << result << prometheus_->Log();
  std::map<std::pair<std::string, std::string>, std::string> values;
  for (const json& sample : result) {
    values[{sample["metric"]["block"], sample["metric"]["layer"]}] = sample["value"][1];
  }
  const std::map<std::pair<std::string, std::string>, std::string> expected = {
      {{"pre_norm", "00"}, "6"}, {{"pre_norm", "01"}, "12"}, {{"op", "00"}, "1"}, {{"op", "01"}, "2"}};
  EXPECT_EQ(values, expected);

  EXPECT_EQ(Value("sum(ofsweep_trials{state=\"running\"})"), "4");
  EXPECT_EQ(Value("ofsweep_metric_points_total{result=\"stored\"}"), "12");
  EXPECT_EQ(Value("up"), "1");
  EXPECT_EQ(Value("count(ofsweep_trial_info * on(trial_id) group_left(worker) ofsweep_trial_assignment_info)"), "4");
  EXPECT_TRUE(WaitUntil([&] {
    return Query("histogram_quantile(0.5, sum by (le) (ofsweep_db_transaction_duration_seconds_bucket))").size() == 1;
  }));
}

TEST_F(PrometheusTest, EachArmOfASweepIsTold) {
  StartPrometheus();
  json result;
  ASSERT_TRUE(WaitUntil([&] {
    result = Query(
        "max by (arm) (ofsweep_trial_kurtosis * on(trial_id) group_left(arm) "
        "ofsweep_trial_sweep_info{sweep=\"live\"})");
    return result.size() == 2;
  })) << result;
  EXPECT_EQ(Value("max(ofsweep_trial_kurtosis * on(trial_id) group_left(arm) "
                  "ofsweep_trial_sweep_info{arm=\"model.block=op\"})"),
            "2");
}

// Counters that exist from zero: what happens between the first two scrapes is seen.
TEST_F(PrometheusTest, TheFirstEventOfACounterIsSeen) {
  StartPrometheus();
  ASSERT_EQ(Value("ofsweep_trials_finished_total{sweep=\"live\",outcome=\"cancelled\"}"), "0");
  CancelLive();
  EXPECT_TRUE(WaitUntil([&] {
    const json increase = Query("increase(ofsweep_trials_finished_total{outcome=\"cancelled\"}[1h]) > 0");
    return increase.size() == 1;
  }));
}

TEST_F(PrometheusTest, AFinishedTrialLeavesPrometheusByTimeForEverybody) {
  StartServer({.metrics_retention_seconds = 2});
  AssignAll();
  StartPrometheus();
  ASSERT_TRUE(WaitUntil([&] { return Query("ofsweep_trial_info").size() == 4; }));
  CancelLive();
  EXPECT_TRUE(WaitUntil([&] { return Query("ofsweep_trial_info").empty() && Query("up").size() == 1; }));
  EXPECT_EQ(Value("ofsweep_trials_finished_total{outcome=\"cancelled\"}"), "4");
}

}  // namespace
}  // namespace ofsweep

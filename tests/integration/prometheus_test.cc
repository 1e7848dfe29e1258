// A real Prometheus scrapes a real coordinator, and answers what dashboards ask.
#include <csignal>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/coordinator/server_fixture.h"
#include "tests/integration/process.h"

namespace ofsweep {
namespace {

using nlohmann::json;
using ::testing::IsEmpty;

std::string BodyOf(const std::string& response) {
  const std::size_t end = response.find("\r\n\r\n");
  return end == std::string::npos ? "" : response.substr(end + 4);
}

std::string UrlEncoded(const std::string& text) {
  static const char* hex = "0123456789ABCDEF";
  std::string encoded;
  for (unsigned char c : text) {
    if (std::isalnum(c)) {
      encoded += static_cast<char>(c);
    } else {
      encoded += '%';
      encoded += hex[c >> 4];
      encoded += hex[c & 15];
    }
  }
  return encoded;
}

class PrometheusTest : public ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    Submit(SmallSweep("live"));
    const auto answer = Synchronize(HelloFrom("w", 4));
    ASSERT_EQ(answer.assignments_size(), 4);
    for (const auto& assignment : answer.assignments()) {
      const bool op = assignment.config_json().find("\"op\"") != std::string::npos;
      v1::TrialPoints points;
      points.set_trial_id(assignment.trial_id());
      points.set_generation(assignment.generation());
      AddStep(points, 10, 4.5, op ? 2 : 12);
      Push(points);
    }
  }

  std::string WriteConfig() {
    const std::string file = folder_.path() + "/prometheus.yml";
    std::ofstream(file) << "global: {scrape_interval: 500ms, scrape_timeout: 500ms}\n"
                           "scrape_configs:\n"
                           "  - job_name: ofsweep\n"
                           "    static_configs: [{targets: ['" +
                               server_->http_address() + "']}]\n";
    return file;
  }

  // Prometheus cannot tell which port it took, so a free one is found first; another process may snatch it in between.
  void StartPrometheus() {
    const std::string config = WriteConfig();
    for (int attempt = 0; attempt < 5; ++attempt) {
      prometheus_address_ = FreeAddress();
      prometheus_ = std::make_unique<Process>(
          std::vector<std::string>{PROMETHEUS_PROGRAM, "--config.file=" + config,
                                   "--storage.tsdb.path=" + folder_.path() + "/tsdb" + std::to_string(attempt),
                                   "--web.listen-address=" + prometheus_address_, "--log.level=warn"});
      bool ready = false;
      const bool answered = WaitUntil([&] {
        ready = Ask("/-/ready").find("200 OK") != std::string::npos;
        return ready || prometheus_->Err().find("bind") != std::string::npos;
      });
      if (answered && ready) return;
    }
    FAIL() << "Prometheus does not start: " << prometheus_->Err();
  }

  static std::string FreeAddress() {
    auto probe = grpc::ServerBuilder();
    int port = 0;
    probe.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    const auto server = probe.BuildAndStart();
    server->Shutdown();
    return "127.0.0.1:" + std::to_string(port);
  }

  std::string Ask(const std::string& path) {
    try {
      return Http(prometheus_address_, path);
    } catch (const std::exception&) {
      return "";  // it does not listen yet
    }
  }

  // The result of an instant query; empty until there is one.
  json Query(const std::string& expression) {
    const json answer = json::parse(BodyOf(Ask("/api/v1/query?query=" + UrlEncoded(expression))), nullptr, false);
    if (!answer.is_object() || answer.value("status", "") != "success") return json::array();
    return answer["data"]["result"];
  }

  // The value of a query that gives one series, once it does: a scrape that took too long hides them for a moment.
  std::string Value(const std::string& expression) {
    json result;
    if (!WaitUntil([&] { return (result = Query(expression)).size() == 1; })) return result.dump();
    return result[0]["value"][1];
  }

  std::string prometheus_address_;
  std::unique_ptr<Process> prometheus_;
};

TEST_F(PrometheusTest, PromtoolHasNothingToSayAboutTheMetrics) {
  const std::string file = folder_.path() + "/metrics.txt";
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
  ASSERT_TRUE(WaitUntil([&] { return (result = Query(join)).size() == 4; })) << result << prometheus_->Err();
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

TEST_F(PrometheusTest, AFinishedTrialLeavesPrometheusAfterThreeScrapes) {
  StartPrometheus();
  ASSERT_TRUE(WaitUntil([&] { return Query("ofsweep_trial_info").size() == 4; }));
  v1::CancelSweepRequest cancel;
  cancel.set_name("live");
  v1::CancelSweepResponse cancelled;
  ASSERT_TRUE(sweeps_->CancelSweep(Context().get(), cancel, &cancelled).ok());
  Synchronize(HelloFrom("w", 4));  // the worker has none of them any more
  EXPECT_TRUE(WaitUntil([&] { return Query("ofsweep_trial_info").empty() && Query("up").size() == 1; }));
  EXPECT_EQ(Value("ofsweep_trials_finished_total{outcome=\"cancelled\"}"), "4");
}

}  // namespace
}  // namespace ofsweep

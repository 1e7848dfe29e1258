// deploy/prometheus as it is delivered: a real Prometheus with its configuration and rules beside a real coordinator
// and a real worker.
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "absl/strings/str_replace.h"
#include "access/secret_file.h"
#include "tests/integration/prometheus_server.h"
#include "tests/integration/sweep_fixture.h"
#include "tests/monitoring/http_client.h"

namespace ofsweep {
namespace {

using nlohmann::json;

class PrometheusDeployTest : public SweepFixture {
 protected:
  // The delivered files, with the coordinator's address and the rhythms that a test has time for.
  std::string CopyConfig() const {
    for (const char* file : {"prometheus.yml", "recording-rules.yml", "alert-rules.yml"}) {
      std::stringstream text;
      text << std::ifstream(std::string(OFSWEEP_SOURCE_DIR) + "/deploy/prometheus/" + file).rdbuf();
      std::ofstream(Path(file)) << absl::StrReplaceAll(
          text.str(),
          {{"127.0.0.1:7071", http_}, {"_interval: 15s", "_interval: 1s"}, {"_interval: 30s", "_interval: 1s"}});
    }
    EXPECT_EQ(Command({"token", "make", "prometheus", "--role", "scrape", "--out", Path("scrape.token")}).exit_code, 0);
    return Path("prometheus.yml");
  }

  std::string Workers() const {
    return HttpSend(http_, {.path = "/sd/workers",
                            .method = "GET",
                            .headers = {"Authorization: Bearer " + ReadSecretFile(Path("scrape.token")).value()}});
  }
};

TEST_F(PrometheusDeployTest, ScrapesTheCoordinatorAndTheWorkersThatItLists) {
  StartCoordinator();
  StartWorker();
  const PrometheusServer prometheus(CopyConfig(), folder_.string());
  EXPECT_EQ(prometheus.Value("up{job=\"ofsweep\"}"), "1") << prometheus.Log();
  EXPECT_EQ(prometheus.Value("up{job=\"ofsweep-worker\"}"), "1") << prometheus.Log();
  const json listed = json::parse(BodyOf(Workers()));
  ASSERT_EQ(listed.size(), 1u);
  const std::string id = listed[0]["labels"]["__meta_ofsweep_worker"];
  EXPECT_EQ(prometheus.Value("up{worker=\"" + id + "\"}"), "1");

  ASSERT_EQ(Command({"submit", WriteSpec({.steps = 200})}).exit_code, 0);
  EXPECT_TRUE(
      WaitUntil([&] { return prometheus.Query("block_optimizer:ofsweep_trial_kurtosis:avg > 0").size() == 4; }));
  EXPECT_TRUE(WaitUntil([&] { return prometheus.Query("sweep_arm:ofsweep_trial_kurtosis:avg > 0").size() == 4; }));
  EXPECT_TRUE(WaitUntil([&] {
    return prometheus.Query("sweep_arm:ofsweep_trial_kurtosis:avg{arm=\"model.block=op optimizer.name=soap\"}")
               .size() == 1;
  }));
  for (const char* phase : {"train", "measure", "evaluate", "checkpoint"}) {
    EXPECT_TRUE(WaitUntil([&] {
      return prometheus.Query(std::string("ofsweep_worker_step_duration_seconds_count{phase=\"") + phase + "\"} > 0")
                 .size() == 1;
    })) << phase;
  }

  const json rules = json::parse(prometheus.Ask("/api/v1/rules"));
  int count = 0;
  for (const json& group : rules["data"]["groups"]) {
    for (const json& rule : group["rules"]) {
      EXPECT_EQ(rule["health"], "ok") << rule;
      ++count;
    }
  }
  EXPECT_GE(count, 10);

  worker_->Signal(SIGTERM);
  ASSERT_EQ(worker_->Wait(), 0);
  EXPECT_TRUE(WaitUntil([&] { return Workers().ends_with("\r\n\r\n[]\n"); }))
      << "a worker that is gone is no longer listed";
}

}  // namespace
}  // namespace ofsweep

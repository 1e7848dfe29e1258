#include "coordinator/scrape_targets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "coordinator/rpc_status.h"
#include "tests/coordinator/server_fixture.h"
#include "tests/wait_until.h"

namespace ofsweep {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

TEST(ScrapeTarget, AnAddressThatCanBeReachedStaysAsItIs) {
  EXPECT_EQ(ScrapeTarget("gpu-1.example:7072", "ipv4:10.0.0.5:41234"), "gpu-1.example:7072");
  EXPECT_EQ(ScrapeTarget("[fe80::1]:7072", "ipv4:10.0.0.5:41234"), "[fe80::1]:7072");
}

TEST(ScrapeTarget, AllInterfacesBecomeTheAddressThatTheWorkerCallsFrom) {
  EXPECT_EQ(ScrapeTarget("0.0.0.0:7072", "ipv4:10.0.0.5:41234"), "10.0.0.5:7072");
  EXPECT_EQ(ScrapeTarget("[::]:7072", "ipv6:%5B2001:db8::5%5D:41234"), "[2001:db8::5]:7072");
  EXPECT_EQ(ScrapeTarget("[::]:7072", "ipv6:[2001:db8::5]:41234"), "[2001:db8::5]:7072");
  EXPECT_EQ(ScrapeTarget("0.0.0.0:7072", "unix:/run/socket"), "127.0.0.1:7072");
}

TEST(ScrapeTarget, LoopbackIsOfUseOnTheCoordinatorsOwnMachineOnly) {
  for (const char* address : {"127.0.0.1:7072", "localhost:7072", "[::1]:7072"}) {
    EXPECT_EQ(ScrapeTarget(address, "ipv4:127.0.0.1:41234"), address);
    EXPECT_EQ(ScrapeTarget(address, "ipv6:%5B::1%5D:41234"), address);
    EXPECT_EQ(ScrapeTarget(address, "ipv4:10.0.0.5:41234"), "") << address;
  }
}

TEST(ScrapeTarget, NoneWithoutAnAddress) {
  EXPECT_EQ(ScrapeTarget("", "ipv4:10.0.0.5:41234"), "");
}

TEST(ScrapeTargets, AreTheConnectedWorkersThatServe) {
  const std::vector<WorkerView> workers = {
      {.worker_id = "a-1", .host = "a", .scrape_target = "a:7072", .connected = true},
      {.worker_id = "b-2", .host = "b", .scrape_target = "b:7072", .connected = false},
      {.worker_id = "c-3", .host = "c", .connected = true}};
  EXPECT_EQ(json::parse(ScrapeTargetsJson(workers)), json::parse(R"([
    {"targets": ["a:7072"], "labels": {"__meta_ofsweep_worker": "a-1", "__meta_ofsweep_host": "a"}}])"));
  EXPECT_EQ(json::parse(ScrapeTargetsJson({})), json::array());
}

class WorkersToScrape : public ServerTest {
 protected:
  json Listed() { return json::parse(BodyOf(Http(server_->http_address(), "/sd/workers"))); }
};

TEST_F(WorkersToScrape, AreListedByTheCoordinatorAsPrometheusReadsThem) {
  EXPECT_EQ(Listed(), json::array());
  auto hello = HelloFrom("w", 1);
  hello.set_http_address("0.0.0.0:7072");
  Synchronize(hello);
  Synchronize(HelloFrom("serves-none", 1));
  EXPECT_THAT(Http(server_->http_address(), "/sd/workers"), HasSubstr("Content-Type: application/json\r\n"));
  ASSERT_EQ(Listed().size(), 1u);
  EXPECT_EQ(Listed()[0]["targets"], json({"127.0.0.1:7072"}));
  EXPECT_EQ(Listed()[0]["labels"]["__meta_ofsweep_worker"], IdOf("w"));
}

TEST_F(WorkersToScrape, ALostWorkerIsNoLongerListed) {
  StartServer({.lease_seconds = 0.2});
  auto hello = HelloFrom("w", 1);
  hello.set_http_address("127.0.0.1:7072");
  Synchronize(hello);
  EXPECT_TRUE(WaitUntil([&] { return Listed().empty(); })) << Listed();
  EXPECT_THAT(Metrics(), HasSubstr("ofsweep_workers{state=\"lost\"} 1"));
}

TEST_F(WorkersToScrape, AnAddressThatIsNoneIsRefusedByName) {
  for (const std::string& address : {std::string("host"), std::string("host:0"), std::string("http://host:80"),
                                     std::string("a\"b:80"), std::string(1000, 'a') + ":80"}) {
    auto hello = HelloFrom("w", 1);
    hello.set_http_address(address);
    v1::SynchronizeResponse response;
    const grpc::Status status = workers_->Synchronize(Context().get(), hello, &response);
    ASSERT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << address;
    EXPECT_EQ(ReadFieldViolations(status).at(0).field, "http_address");
  }
}

}  // namespace
}  // namespace ofsweep

#include "worker/point_forwarder.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "experiment/sealed_line.h"
#include "worker/outbox_line.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

// The outbox was read once, for its points are counted, and is empty when they are to be sent.
TEST(PointForwarder, SaysThatAnOutboxWasCutAndNotThatItCannotBeRead) {
  const std::string folder = testing::TempDir() + "/forwarder-" + std::to_string(::getpid());
  const std::string outbox = folder + "/outbox/t1.1.jsonl";
  fs::create_directories(folder + "/outbox");
  const PointsEvent event{.points = {.step = 1, .points = {{.series = {.metric = "train_loss"}, .value = 2.5}}}};
  std::ofstream(outbox) << HeaderLine({.name = {"t1", 1}}) << '\n' << SealLine(ToJsonLine(event), 1) << '\n';
  const AgentOptions options{.data_dir = folder, .slots = 1};
  boost::asio::io_context io;
  const auto nothing = [] {};
  WorkerMetrics metrics({});
  Supervisor supervisor(io, options, {}, metrics, {.on_points = nothing, .on_change = nothing, .on_let_go = nothing});
  ASSERT_TRUE(supervisor.Open().ok());
  v1::SynchronizeResponse told;
  told.mutable_database()->set_incarnation(1);
  v1::Holding& holding = *told.add_keep();
  holding.set_trial_id("t1");
  holding.set_generation(1);
  supervisor.Apply(told);

  fs::resize_file(outbox, 0);
  PointForwarder forwarder(options, supervisor, nothing);
  EXPECT_FALSE(forwarder.Next());
  v1::SynchronizeRequest request;
  supervisor.Report(request);
  EXPECT_THAT(request.attempts(0).ended().failure_message(),
              testing::AllOf(testing::HasSubstr(outbox), testing::HasSubstr("the 1 points that are not sent yet"),
                             testing::Not(testing::HasSubstr("cannot be read"))));
  supervisor.Close();
  fs::remove_all(folder);
}

}  // namespace
}  // namespace ofsweep

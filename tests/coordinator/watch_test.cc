#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/rpc_status.h"
#include "tests/coordinator/server_fixture.h"

namespace ofsweep {
namespace {

class WatchTest : public ServerTest {
 protected:
  std::unique_ptr<grpc::ClientReader<v1::WatchSweepResponse>> Watch(grpc::ClientContext& context,
                                                                    const std::string& sweep, double interval = 0.1) {
    v1::WatchSweepRequest request;
    request.set_name(sweep);
    request.set_min_interval_seconds(interval);
    return sweeps_->WatchSweep(&context, request);
  }
};

TEST_F(WatchTest, TellsTheStateAtOnceThenChangesAndEndsWhenEveryTrialIsFinal) {
  Submit(SmallSweep("s"));
  const auto context = Context();
  const auto stream = Watch(*context, "s");
  v1::WatchSweepResponse message;
  ASSERT_TRUE(stream->Read(&message));
  EXPECT_EQ(message.sweep().trials().pending(), 4);
  EXPECT_EQ(message.sweep().spec(), "");
  EXPECT_EQ(message.sweep().steps_total(), 80);
  EXPECT_EQ(message.finished_size(), 0);

  const auto answer = Synchronize(HelloFrom("w", 4));
  ASSERT_EQ(answer.start_size(), 4);
  while (message.running_size() < 4) ASSERT_TRUE(stream->Read(&message));
  EXPECT_EQ(message.running(0).label(), "model.block=pre_norm seed=0");
  EXPECT_EQ(message.running(0).worker(), IdOf("w"));
  EXPECT_FALSE(message.running(0).has_train_loss());

  std::vector<std::string> finished;
  for (const auto& assignment : answer.start()) Finish(assignment, "w", "completed", 5);
  do {
    ASSERT_TRUE(stream->Read(&message));
    for (const auto& trial : message.finished()) finished.push_back(trial.trial_id());
  } while (message.sweep().trials().completed() < 4);
  EXPECT_EQ(finished.size(), 4);
  EXPECT_EQ(message.sweep().state(), "finished");
  EXPECT_FALSE(stream->Read(&message));
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(WatchTest, ShowsTheNewestLossAndTheLargestKurtosis) {
  Submit(SmallSweep("s"));
  const auto answer = Synchronize(HelloFrom("w", 1));
  ASSERT_EQ(answer.start_size(), 1);
  v1::TrialPoints points = PointsOf(answer.start(0));
  AddStep(points, 0, 7, 3);
  AddStep(points, 10, 5.5, 9);
  Push(points);
  const auto context = Context();
  const auto stream = Watch(*context, "s");
  v1::WatchSweepResponse message;
  ASSERT_TRUE(stream->Read(&message));
  ASSERT_EQ(message.running_size(), 1);
  EXPECT_DOUBLE_EQ(message.running(0).train_loss(), 5.5);
  EXPECT_DOUBLE_EQ(message.running(0).kurtosis_max(), 9);
  context->TryCancel();
}

TEST_F(WatchTest, TellsWhatATrainerLogsUntilItHasPoints) {
  Submit(SmallSweep("s"));
  const v1::Start start = Synchronize(HelloFrom("w", 1)).start(0);
  const auto context = Context();
  const auto stream = Watch(*context, "s");
  const auto log = [&](const std::string& text, const v1::Start& attempt) {
    v1::PushLogRequest request;
    *request.mutable_database() = database_;
    v1::LogChunk& chunk = *request.add_chunks();
    chunk.set_trial_id(attempt.trial_id());
    chunk.set_generation(attempt.generation());
    chunk.set_secret(attempt.secret());
    chunk.set_text(text);
    v1::PushLogResponse response;
    ASSERT_TRUE(workers_->PushLog(Context().get(), request, &response).ok());
  };
  const auto doing = [&] {
    v1::WatchSweepResponse message;
    EXPECT_TRUE(stream->Read(&message));
    return message.running_size() == 1 ? message.running(0).doing() : "";
  };
  log("2026-11-28T16:00:00.123 info preparing data: another attempt's\n", OtherAttempt(start, start.generation() + 1));
  log("2026-11-28T16:00:00.123 info preparing data: 20 %\n2026-11-28T16:00:02.123 info preparing data: 40 %\nhalf",
      start);
  std::string told;
  do {
    told = doing();
    EXPECT_THAT(told, testing::AnyOf("", "preparing data: 40 %"));
  } while (told.empty());
  v1::TrialPoints points = PointsOf(start);
  AddStep(points, 0, 7, 3);
  Push(points);
  while (!doing().empty()) {
  }
  context->TryCancel();
}

TEST_F(WatchTest, AFinishedSweepIsToldWholeInTheFirstMessage) {
  Submit(SmallSweep("s"));
  v1::CancelSweepRequest cancel;
  cancel.set_name("s");
  v1::CancelSweepResponse cancelled;
  ASSERT_TRUE(sweeps_->CancelSweep(Context().get(), cancel, &cancelled).ok());
  const auto context = Context();
  const auto stream = Watch(*context, "s");
  v1::WatchSweepResponse message;
  ASSERT_TRUE(stream->Read(&message));
  EXPECT_EQ(message.finished_size(), 4);
  EXPECT_EQ(message.finished(0).state(), "cancelled");
  EXPECT_EQ(message.finished(0).label(), "model.block=pre_norm seed=0");
  EXPECT_FALSE(stream->Read(&message));
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(WatchTest, ThousandsOfTrialsThatEndArriveOnceEachAndWhoComesLaterHearsOfTheNewest) {
  std::string seeds;
  for (int seed = 0; seed < 2500; ++seed) seeds += (seed > 0 ? ", " : "") + std::to_string(seed);
  Submit("name: s\ntrial: {train.device: cpu}\ngrid: {seed: [" + seeds + "]}\n");
  const auto ended_in = [this](bool cancel_first) {
    std::set<std::string> ended;
    const auto context = Context();
    const auto stream = Watch(*context, "s");
    v1::WatchSweepResponse message;
    EXPECT_TRUE(stream->Read(&message));
    if (cancel_first) {
      v1::CancelSweepRequest cancel;
      cancel.set_name("s");
      v1::CancelSweepResponse cancelled;
      EXPECT_TRUE(sweeps_->CancelSweep(Context().get(), cancel, &cancelled).ok());
    }
    do {
      EXPECT_LT(message.ByteSizeLong(), std::size_t{4} << 20);  // what gRPC clients take by default
      for (const auto& trial : message.finished()) EXPECT_TRUE(ended.insert(trial.trial_id()).second);
    } while (stream->Read(&message));
    EXPECT_TRUE(stream->Finish().ok());
    EXPECT_EQ(message.sweep().trials().cancelled(), 2500);
    return ended.size();
  };
  EXPECT_EQ(ended_in(true), 2500);
  EXPECT_EQ(ended_in(false), 1000);
}

TEST_F(WatchTest, ManyWatchersComeAndGo) {
  Submit(SmallSweep("s"));
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReader<v1::WatchSweepResponse>>> streams;
  for (int i = 0; i < 100; ++i) {
    contexts.push_back(Context());
    streams.push_back(Watch(*contexts.back(), "s"));
  }
  v1::WatchSweepResponse message;
  for (const auto& stream : streams) ASSERT_TRUE(stream->Read(&message));
  for (const auto& context : contexts) context->TryCancel();
  for (const auto& stream : streams) EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(WatchTest, OneWatcherTooManyOfACallerIsRefusedAndTheOthersGoOn) {
  constexpr std::size_t kServed = 500;
  Submit(SmallSweep("s"));
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReader<v1::WatchSweepResponse>>> streams;
  for (std::size_t i = 0; i < kServed; ++i) {
    contexts.push_back(Context());
    streams.push_back(Watch(*contexts.back(), "s"));
  }
  v1::WatchSweepResponse message;
  for (const auto& stream : streams) ASSERT_TRUE(stream->Read(&message));
  const auto context = Context();
  EXPECT_EQ(Watch(*context, "s")->Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  Synchronize(HelloFrom("w", 4));
  ASSERT_TRUE(streams.front()->Read(&message));
  for (const auto& stream_context : contexts) stream_context->TryCancel();
  for (const auto& stream : streams) EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(WatchTest, UnknownSweepsAndHastyIntervalsAreErrors) {
  Submit(SmallSweep("s"));
  const auto first = Context();
  EXPECT_EQ(Watch(*first, "nobody")->Finish().error_code(), grpc::StatusCode::NOT_FOUND);
  for (double interval : {0.01, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
    const auto context = Context();
    const grpc::Status status = Watch(*context, "s", interval)->Finish();
    EXPECT_EQ(ReadFieldViolations(status).at(0).field, "min_interval_seconds");
  }
}

TEST_F(WatchTest, ShutdownEndsStreamsWithUnavailable) {
  Submit(SmallSweep("s"));
  const auto context = Context();
  const auto stream = Watch(*context, "s");
  v1::WatchSweepResponse message;
  ASSERT_TRUE(stream->Read(&message));
  server_->Shutdown();
  while (stream->Read(&message)) {
  }
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace ofsweep

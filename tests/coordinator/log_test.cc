// Trainers' logs, from a worker's PushLog to a reader's TailLog, over real sockets and files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <thread>

#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "coordinator/connect_codec.h"
#include "coordinator/rpc_status.h"
#include "tests/coordinator/server_fixture.h"
#include "tests/storage/store_fixture.h"

namespace ofsweep {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using TailStream = std::unique_ptr<grpc::ClientReader<v1::TailLogResponse>>;

v1::LogChunk Chunk(const v1::Start& start, std::uint64_t begin, const std::string& text, bool complete = false) {
  v1::LogChunk chunk;
  chunk.set_trial_id(start.trial_id());
  chunk.set_generation(start.generation());
  chunk.set_secret(start.secret());
  chunk.set_begin(begin);
  chunk.set_text(text);
  chunk.set_complete(complete);
  return chunk;
}

class LogTest : public ServerTest {
 protected:
  v1::Start StartOne() {
    Submit(SmallSweep("s"));
    return Synchronize(HelloFrom("w", 1)).start(0);
  }

  grpc::Status TryPush(const std::vector<v1::LogChunk>& chunks, v1::PushLogResponse& response) {
    v1::PushLogRequest request;
    *request.mutable_database() = database_;
    for (const v1::LogChunk& chunk : chunks) *request.add_chunks() = chunk;
    return workers_->PushLog(Context().get(), request, &response);
  }

  v1::LogResult PushOne(const v1::LogChunk& chunk) {
    v1::PushLogResponse response;
    const grpc::Status status = TryPush({chunk}, response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return status.ok() ? response.results(0) : v1::LogResult();
  }

  v1::TailLogRequest Request(const v1::Start& start, bool follow = false) {
    v1::TailLogRequest request;
    request.set_trial_id(start.trial_id());
    request.set_follow(follow);
    return request;
  }

  // All of a stream: its text with "[N]" before what begins at byte N behind a gap.
  static std::string TextOf(grpc::ClientReader<v1::TailLogResponse>& stream, std::uint64_t expected = 0) {
    std::string text;
    v1::TailLogResponse message;
    while (stream.Read(&message)) {
      const auto begin = static_cast<std::uint64_t>(message.begin());
      if (begin != expected) absl::StrAppend(&text, "[", begin, "]");
      text += message.text();
      expected = begin + message.text().size();
    }
    return text;
  }

  std::string Tail(const v1::TailLogRequest& request) {
    const auto context = Context();
    const TailStream stream = sweeps_->TailLog(context.get(), request);
    const std::string text = TextOf(*stream);
    const grpc::Status status = stream->Finish();
    return status.ok() ? text : status.error_message();
  }

  grpc::StatusCode TailCode(const v1::TailLogRequest& request) {
    const auto context = Context();
    return sweeps_->TailLog(context.get(), request)->Finish().error_code();
  }

  void End(const v1::Start& start, const std::string& outcome) {
    auto report = HelloFrom("w", 0);
    v1::AttemptReport& attempt = AddAttempt(start, report);
    attempt.mutable_ended()->set_outcome(outcome);
    attempt.mutable_ended()->set_failure_class("crash");
    ASSERT_EQ(Synchronize(report).forget_size(), 1);
  }
};

TEST_F(LogTest, WhatAWorkerPushesIsReadBackAndAResendChangesNothing) {
  const v1::Start start = StartOne();
  EXPECT_EQ(PushOne(Chunk(start, 0, "one\n")).stored_through(), 4);
  EXPECT_EQ(PushOne(Chunk(start, 0, "one\ntwo\n")).stored_through(), 8);
  EXPECT_EQ(PushOne(Chunk(start, 0, "one\n")).stored_through(), 8);
  EXPECT_EQ(PushOne(Chunk(start, 0, "")).stored_through(), 8);
  EXPECT_EQ(PushOne(Chunk(start, 100, "far\n")).stored_through(), 104);
  EXPECT_EQ(Tail(Request(start)), "one\ntwo\n[100]far\n");
}

TEST_F(LogTest, LastLinesAndLastBytes) {
  const v1::Start start = StartOne();
  PushOne(Chunk(start, 0, "one\ntwo\nthree\nfo"));
  const auto last_lines = [&](std::uint32_t lines) {
    v1::TailLogRequest request = Request(start);
    request.set_last_lines(lines);
    return Tail(request);
  };
  EXPECT_EQ(last_lines(1), "[14]fo");
  EXPECT_EQ(last_lines(2), "[8]three\nfo");
  EXPECT_EQ(last_lines(4), "one\ntwo\nthree\nfo");
  EXPECT_EQ(last_lines(4'000'000'000), "one\ntwo\nthree\nfo");
  PushOne(Chunk(start, 16, "ur\n"));
  EXPECT_EQ(last_lines(1), "[14]four\n");
  v1::TailLogRequest request = Request(start);
  request.set_last_bytes(7);
  EXPECT_EQ(Tail(request), "[12]e\nfour\n");
}

TEST_F(LogTest, AnAttemptThatTheCoordinatorDoesNotKnowIsNotStored) {
  const v1::Start start = StartOne();
  const v1::Start stranger = OtherAttempt(start, start.generation() + 1);
  v1::PushLogResponse response;
  ASSERT_TRUE(TryPush({Chunk(stranger, 0, "x"), Chunk(start, 0, "known")}, response).ok());
  EXPECT_TRUE(response.results(0).unknown());
  EXPECT_EQ(response.results(0).stored_through(), 0);
  EXPECT_FALSE(response.results(1).unknown());
  EXPECT_EQ(response.results(1).stored_through(), 5);
}

TEST_F(LogTest, HostileRequestsAreRefused) {
  const v1::Start start = StartOne();
  v1::PushLogResponse response;
  const auto field = [&](const v1::LogChunk& chunk) {
    const grpc::Status status = TryPush({chunk}, response);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    const auto violations = ReadFieldViolations(status);
    return violations.empty() ? "" : violations.front().field;
  };
  EXPECT_EQ(field(Chunk(start, 0, std::string((256 << 10) + 1, 'x'))), "chunks[0].text");
  EXPECT_EQ(field(Chunk(start, std::numeric_limits<std::uint64_t>::max(), "x")), "chunks[0].begin");
  v1::LogChunk chunk = Chunk(start, 0, "x");
  chunk.set_generation(std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(field(chunk), "chunks[0].generation");
  for (const std::string& name : {std::string(), std::string("../x y"), std::string(1000, 'x')}) {
    chunk = Chunk(start, 0, "x");
    chunk.set_trial_id(name);
    EXPECT_EQ(field(chunk), "chunks[0].trial_id");
  }
  EXPECT_EQ(TryPush(std::vector<v1::LogChunk>(65, Chunk(start, 0, std::string(256 << 10, 'x'))), response).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  database_.set_incarnation(database_.incarnation() + 1);
  EXPECT_EQ(TryPush({Chunk(start, 0, "x")}, response).error_code(), grpc::StatusCode::ABORTED);
}

TEST_F(LogTest, WhatThereIsNotIsSaidInWords) {
  const v1::Start start = StartOne();
  EXPECT_THAT(Tail(Request(start)), AllOf(HasSubstr("attempt 1"), HasSubstr("logged nothing yet"),
                                          HasSubstr(start.trial_id() + "/logs/attempt-1.log")));
  v1::TailLogRequest request = Request(start);
  request.set_attempt(2);
  EXPECT_THAT(Tail(request), HasSubstr("has 1 attempt, and none of number 2"));
  request.set_trial_id("nobody");
  EXPECT_EQ(TailCode(request), grpc::StatusCode::NOT_FOUND);
  EXPECT_THAT(Tail(request), HasSubstr("`ofsweep show SWEEP`"));
  v1::ListTrialsRequest list;
  list.set_sweep("s");
  list.add_states("pending");
  v1::ListTrialsResponse pending;
  ASSERT_TRUE(sweeps_->ListTrials(Context().get(), list, &pending).ok());
  request = {};
  request.set_trial_id(pending.trials(0).trial_id());
  EXPECT_THAT(Tail(request), HasSubstr("has not begun"));
}

TEST_F(LogTest, AStreamGoesOnBehindWhatItsReaderHas) {
  const v1::Start start = StartOne();
  PushOne(Chunk(start, 0, "one\ntwo\n"));
  v1::TailLogRequest request = Request(start);
  request.set_last_lines(1);
  request.set_begin(2);
  EXPECT_EQ(Tail(request), "[2]e\ntwo\n");
  request.set_follow(true);
  request.set_begin(8);
  PushOne(Chunk(start, 8, "", /*complete=*/true));
  EXPECT_EQ(Tail(request), "") << "it has all of it, which is no mistake";
}

// Taken for 0 it would bring the whole log again.
TEST_F(LogTest, ABeginThatCountsNoBytesIsRefused) {
  const v1::Start start = StartOne();
  PushOne(Chunk(start, 0, "one\ntwo\n"));
  v1::TailLogRequest request = Request(start);
  for (const double begin : {std::nan(""), -5.0, 0.5, 1e300, std::numeric_limits<double>::infinity()}) {
    request.set_begin(begin);
    EXPECT_EQ(TailCode(request), grpc::StatusCode::INVALID_ARGUMENT) << begin;
    EXPECT_THAT(Tail(request), HasSubstr("begin: expected an integer")) << begin;
  }
  request.set_begin(1e12);
  EXPECT_EQ(Tail(request), "") << "behind its end";
}

TEST_F(LogTest, AFollowerHearsWhatIsPushedAndEndsWithTheLog) {
  const v1::Start start = StartOne();
  const auto context = Context();
  const TailStream stream = sweeps_->TailLog(context.get(), Request(start, true));
  v1::TailLogResponse message;
  PushOne(Chunk(start, 0, "one\n"));
  ASSERT_TRUE(stream->Read(&message));
  EXPECT_EQ(message.text(), "one\n");
  EXPECT_EQ(message.attempt(), 1);
  PushOne(Chunk(start, 4, "two\n"));
  ASSERT_TRUE(stream->Read(&message));
  EXPECT_EQ(message.text(), "two\n");
  PushOne(Chunk(start, 8, "end\n", /*complete=*/true));
  ASSERT_TRUE(stream->Read(&message));
  EXPECT_EQ(message.text(), "end\n");
  EXPECT_FALSE(stream->Read(&message));
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(LogTest, AFollowerOfALostWorkersAttemptEndsThoughTheRestNeverComes) {
  const v1::Start start = StartOne();
  PushOne(Chunk(start, 0, "last words"));
  const auto context = Context();
  const TailStream stream = sweeps_->TailLog(context.get(), Request(start, true));
  v1::TailLogResponse message;
  ASSERT_TRUE(stream->Read(&message));
  End(start, "failed");
  EXPECT_FALSE(stream->Read(&message));
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(LogTest, EachAttemptHasALogOfItsOwn) {
  const v1::Start first = StartOne();
  PushOne(Chunk(first, 0, "first", true));
  End(first, "preempted");
  v1::Start second;
  const v1::SynchronizeResponse answer = Synchronize(HelloFrom("w", 4));
  for (const v1::Start& start : answer.start()) {
    if (start.trial_id() == first.trial_id()) second = start;
  }
  ASSERT_GT(second.generation(), first.generation());
  PushOne(Chunk(second, 0, "second"));
  EXPECT_EQ(Tail(Request(first)), "second");
  v1::TailLogRequest request = Request(first);
  request.set_attempt(1);
  EXPECT_EQ(Tail(request), "first");
}

TEST_F(LogTest, ManyFollowersComeAndGoAndOneTooManyOfACallerIsRefused) {
  constexpr std::size_t kServed = 500;
  const v1::Start start = StartOne();
  PushOne(Chunk(start, 0, "text"));
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<TailStream> streams;
  v1::TailLogResponse message;
  for (std::size_t i = 0; i < kServed; ++i) {
    contexts.push_back(Context());
    streams.push_back(sweeps_->TailLog(contexts.back().get(), Request(start, true)));
  }
  for (const TailStream& stream : streams) ASSERT_TRUE(stream->Read(&message));
  EXPECT_EQ(TailCode(Request(start, true)), grpc::StatusCode::RESOURCE_EXHAUSTED);
  PushOne(Chunk(start, 4, "more", true));
  for (const TailStream& stream : streams) {
    ASSERT_TRUE(stream->Read(&message));
    EXPECT_EQ(message.text(), "more");
    EXPECT_FALSE(stream->Read(&message));
    EXPECT_TRUE(stream->Finish().ok());
  }
}

TEST_F(LogTest, AReaderThatDoesNotReadIsShownAGap) {
  const v1::Start start = StartOne();
  const std::string text(256 << 10, 'x');
  PushOne(Chunk(start, 0, text));
  const auto context = Context();
  const TailStream stream = sweeps_->TailLog(context.get(), Request(start, true));
  v1::TailLogResponse message;
  ASSERT_TRUE(stream->Read(&message));
  const std::uint64_t read = message.text().size();
  std::uint64_t pushed = text.size();
  for (; pushed < (64u << 20); pushed += text.size()) PushOne(Chunk(start, pushed, text));
  PushOne(Chunk(start, pushed, "", true));
  EXPECT_THAT(TextOf(*stream, read), HasSubstr("["));
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(LogTest, ShutdownEndsFollowersWithUnavailable) {
  const v1::Start start = StartOne();
  PushOne(Chunk(start, 0, "text"));
  const auto context = Context();
  const TailStream stream = sweeps_->TailLog(context.get(), Request(start, true));
  v1::TailLogResponse message;
  ASSERT_TRUE(stream->Read(&message));
  server_->Shutdown();
  EXPECT_FALSE(stream->Read(&message));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(LogTest, ConnectCarriesAnyByteAndFollows) {
  const v1::Start start = StartOne();
  const std::string bytes("\xff\xfe\0<b>", 6);
  PushOne(Chunk(start, 0, bytes));
  std::jthread end([&] { PushOne(Chunk(start, 6, "end", true)); });
  const std::string request = absl::StrCat(R"({"trial_id": ")", start.trial_id(), R"(", "follow": true})");
  const std::string response =
      BodyOf(HttpSend(server_->http_address(), {.path = "/ofsweep.v1.SweepService/TailLog",
                                                .headers = {"Content-Type: application/connect+json"},
                                                .body = ConnectEnvelope(0, request)}));
  std::string text;
  for (std::size_t at = 0; at < response.size();) {
    std::size_t size = 0;
    for (std::size_t i = 1; i < 5; ++i) size = size << 8 | static_cast<unsigned char>(response.at(at + i));
    const auto message = nlohmann::json::parse(response.substr(at + 5, size));
    std::string part;
    ASSERT_TRUE(absl::Base64Unescape(message.value("text", ""), &part));
    text += part;
    at += 5 + size;
  }
  EXPECT_EQ(text, bytes + "end");
}

TEST_F(LogTest, LogsOutliveARestartAndAreReadWithoutACoordinator) {
  const v1::Start start = StartOne();
  PushOne(Chunk(start, 0, "kept"));
  StartServer({});
  EXPECT_EQ(Tail(Request(start)), "kept");
  server_.reset();
  auto offline = Server::OpenOffline(folder_.path().string());
  ASSERT_TRUE(offline.ok());
  sweeps_ = v1::SweepService::NewStub((*offline)->InProcessChannel());
  EXPECT_EQ(Tail(Request(start)), "kept");
  EXPECT_EQ(TailCode(Request(start, true)), grpc::StatusCode::UNAVAILABLE);
  std::filesystem::remove(folder_.File("logs.db"));
  EXPECT_EQ(TailCode(Request(start)), grpc::StatusCode::NOT_FOUND);
}

TEST_F(LogTest, ADeletedSweepTakesItsLogs) {
  const v1::Start start = StartOne();
  PushOne(Chunk(start, 0, "text"));
  v1::CancelSweepRequest cancel;
  cancel.set_name("s");
  v1::CancelSweepResponse cancelled;
  ASSERT_TRUE(sweeps_->CancelSweep(Context().get(), cancel, &cancelled).ok());
  End(start, "cancelled");
  v1::DeleteSweepRequest remove;
  remove.set_name("s");
  v1::DeleteSweepResponse removed;
  ASSERT_TRUE(sweeps_->DeleteSweep(Context().get(), remove, &removed).ok());
  EXPECT_THAT(Sql(folder_.File("logs.db"), "SELECT count(*) FROM logs"), testing::ElementsAre("0"));
  EXPECT_TRUE(PushOne(Chunk(start, 4, "more")).unknown());
}

TEST_F(LogTest, ADamagedFileCostsLogsAloneUntilItIsTakenAway) {
  const v1::Start start = StartOne();
  server_.reset();
  for (const char* suffix : {"-wal", "-shm"}) std::filesystem::remove(folder_.File(absl::StrCat("logs.db", suffix)));
  std::ofstream(folder_.File("logs.db")) << std::string(8192, 'x');
  StartServer({});
  v1::SynchronizeRequest report = HelloFrom("w", 1);
  v1::AttemptReport& attempt = AddAttempt(start, report);
  attempt.mutable_running()->set_step(0);
  EXPECT_EQ(Synchronize(report).keep_size(), 1);
  v1::PushLogResponse response;
  EXPECT_FALSE(TryPush({Chunk(start, 0, "text")}, response).ok());
  EXPECT_THAT(Tail(Request(start)), HasSubstr("logs.db"));
  v1::TrialPoints points = PointsOf(start);
  AddStep(points, 0, 7, 1);
  EXPECT_EQ(Push(points).results(0).stored(), 3);
  std::filesystem::remove(folder_.File("logs.db"));
  EXPECT_EQ(PushOne(Chunk(start, 0, "text")).stored_through(), 4);
}

}  // namespace
}  // namespace ofsweep

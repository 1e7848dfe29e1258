// What somebody can do who is no worker, or another one, over real sockets: nothing to an attempt that is not its own.
#include "coordinator/attempt_secrets.h"

#include <sys/stat.h>

#include <filesystem>
#include <functional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "experiment/data_folder.h"
#include "tests/coordinator/server_fixture.h"

namespace ofsweep {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(AttemptSecrets, AreOfOneKeyAndOneAttempt) {
  const AttemptSecrets secrets(std::string(32, 'k'));
  const AttemptName name{"trial", 7};
  const std::string secret = secrets.For(name);
  EXPECT_EQ(secret.size(), 32u);
  EXPECT_TRUE(secrets.Fits(name, secret));
  EXPECT_FALSE(secrets.Fits(name, ""));
  EXPECT_FALSE(secrets.Fits(name, secret.substr(1)));
  EXPECT_FALSE(secrets.Fits(name, secret + "x"));
  EXPECT_FALSE(secrets.Fits({"trial", 8}, secret));
  EXPECT_FALSE(secrets.Fits({"trial2", 7}, secret));
  EXPECT_FALSE(AttemptSecrets(std::string(32, 'l')).Fits(name, secret));
  // Names whose parts run into one another as text.
  EXPECT_NE(secrets.For({"1", 23}), secrets.For({"12", 3}));
  EXPECT_NE(secrets.For({"", 0x3132333435363738}), secrets.For({"12345678", 0}));
}

class AttemptSecretsTest : public ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    Submit(SmallSweep("s"));
    const auto answer = Synchronize(HelloFrom("victim", 1));
    ASSERT_EQ(answer.start_size(), 1);
    start_ = answer.start(0);
    ASSERT_EQ(start_.secret().size(), 32);
    // Of another attempt, told to another worker.
    other_ = Synchronize(HelloFrom("attacker", 1)).start(0);
    ASSERT_NE(other_.trial_id(), start_.trial_id());
  }

  // The victim's attempt as somebody presents it who lacks its secret.
  std::vector<v1::Start> Forgeries() const {
    std::vector<v1::Start> forgeries(4, start_);
    forgeries[0].clear_secret();
    forgeries[1].set_secret(std::string(32, 'x'));
    forgeries[2].set_secret(other_.secret());
    forgeries[3].mutable_secret()->pop_back();
    return forgeries;
  }

  v1::SynchronizeRequest ReportOf(const std::string& worker, const v1::Start& start) {
    auto report = HelloFrom(worker, 1);
    v1::AttemptReport& attempt = AddAttempt(start, report);
    attempt.mutable_running()->set_step(1);
    attempt.mutable_begun()->set_from_step(0);
    return report;
  }

  // The victim still has its trial, and knows that it does.
  void ExpectHeld() {
    const auto answer = Synchronize(ReportOf("victim", start_));
    EXPECT_EQ(answer.keep_size(), 1) << answer.ShortDebugString();
    EXPECT_EQ(answer.forget_size() + answer.stop_size() + answer.start_size(), 0);
  }

  v1::GetTrialResponse Trial() {
    v1::GetTrialRequest request;
    request.set_trial_id(start_.trial_id());
    v1::GetTrialResponse response;
    EXPECT_TRUE(sweeps_->GetTrial(Context().get(), request, &response).ok());
    return response;
  }

  void Restart(const std::function<void()>& meanwhile = [] {}) {
    server_->Shutdown();
    server_.reset();
    meanwhile();
    StartServer({});
  }

  v1::Start start_;
  v1::Start other_;
};

TEST_F(AttemptSecretsTest, NobodyElseEndsAnAttempt) {
  for (const v1::Start& forgery : Forgeries()) {
    auto report = HelloFrom("attacker", 1);
    AddAttempt(other_, report).mutable_running();
    v1::AttemptReport& attempt = AddAttempt(forgery, report);
    attempt.mutable_ended()->set_outcome("completed");
    attempt.mutable_ended()->set_step(20);
    const auto answer = Synchronize(report);
    ASSERT_EQ(answer.forget_size(), 1) << "the caller itself is to let go of it";
    EXPECT_EQ(answer.forget(0).trial_id(), start_.trial_id());
    EXPECT_TRUE(answer.keep_checkpoints().empty());
    EXPECT_EQ(answer.keep_size(), 1) << "what is its own it keeps";
  }
  EXPECT_EQ(Trial().trial().state(), "running");
  ExpectHeld();
}

// A worker's own: it is as if it had said nothing of that attempt.
TEST_F(AttemptSecretsTest, AnEndWithoutItsSecretIsNone) {
  ExpectHeld();
  for (const v1::Start& forgery : Forgeries()) {
    auto report = HelloFrom("victim", 0);
    v1::AttemptReport& attempt = AddAttempt(forgery, report);
    attempt.mutable_ended()->set_outcome("completed");
    attempt.mutable_ended()->set_step(20);
    EXPECT_EQ(Synchronize(report).forget_size(), 1);
    EXPECT_EQ(Trial().trial().state(), "pending") << "it is to be trained again";
  }
}

TEST_F(AttemptSecretsTest, NobodyElseStoresPoints) {
  v1::PushMetricsRequest request;
  *request.mutable_database() = database_;
  for (const v1::Start& forgery : Forgeries()) {
    v1::TrialPoints points = PointsOf(forgery);
    AddStep(points, 0, 666, 1);
    AddStep(points, 20, 666, 1);
    *request.add_trials() = points;
  }
  v1::TrialPoints own = PointsOf(other_);
  AddStep(own, 0, 7, 1);
  *request.add_trials() = own;
  v1::PushMetricsResponse response;
  ASSERT_TRUE(workers_->PushMetrics(Context().get(), request, &response).ok());
  ASSERT_EQ(response.results_size(), 5);
  for (int i = 0; i < 4; ++i) {
    EXPECT_TRUE(response.results(i).fenced());
    EXPECT_EQ(response.results(i).stored(), 0);
  }
  EXPECT_EQ(response.results(4).stored(), 3) << "each entry is for itself, and answered in its place";
  v1::TrialPoints points = PointsOf(start_);
  AddStep(points, 0, 7, 1);
  EXPECT_EQ(Push(points).results(0).stored(), 3) << "its holder's are the first ones";
}

// An answer that differs would tell which attempts there are.
TEST_F(AttemptSecretsTest, WhoGuessesNamesLearnsNothing) {
  for (const std::uint64_t generation : {start_.generation() - 1, start_.generation(), start_.generation() + 1}) {
    for (const std::string& trial : {start_.trial_id(), std::string(16, '0')}) {
      v1::Start guess;
      guess.set_trial_id(trial);
      guess.set_generation(generation);
      guess.set_secret(std::string(32, 'x'));
      v1::TrialPoints points = PointsOf(guess);
      AddStep(points, 0, 7, 1);
      EXPECT_EQ(Push(points).results(0).ShortDebugString(), "fenced: true");
      auto report = ReportOf("guesser", guess);
      report.set_slots(0);
      const auto answer = Synchronize(report);
      EXPECT_EQ(answer.forget_size(), 1);
      EXPECT_EQ(answer.stop_size() + answer.keep_size() + answer.start_size(), 0);
    }
  }
  ExpectHeld();
}

TEST_F(AttemptSecretsTest, NobodyElsePutsWordsIntoALog) {
  v1::PushLogRequest request;
  *request.mutable_database() = database_;
  for (const v1::Start& forgery : Forgeries()) {
    for (const char* text : {"", "forged\n"}) {
      v1::LogChunk& chunk = *request.add_chunks();
      chunk.set_trial_id(forgery.trial_id());
      chunk.set_generation(forgery.generation());
      chunk.set_secret(forgery.secret());
      chunk.set_text(text);
      chunk.set_complete(true);
    }
  }
  v1::LogChunk& own = *request.add_chunks();
  own.set_trial_id(start_.trial_id());
  own.set_generation(start_.generation());
  own.set_secret(start_.secret());
  own.set_text("true\n");
  v1::PushLogResponse response;
  ASSERT_TRUE(workers_->PushLog(Context().get(), request, &response).ok());
  for (int i = 0; i < 8; ++i) EXPECT_EQ(response.results(i).ShortDebugString(), "unknown: true");
  EXPECT_EQ(response.results(8).stored_through(), 5);
  v1::TailLogRequest tail;
  tail.set_trial_id(start_.trial_id());
  const auto context = Context();
  const auto stream = sweeps_->TailLog(context.get(), tail);
  v1::TailLogResponse message;
  std::string text;
  while (stream->Read(&message)) text += message.text();
  EXPECT_EQ(text, "true\n");
}

// It would be the later attempt that a restored database has not heard of.
TEST_F(AttemptSecretsTest, ALaterAttemptThatNobodyWasToldIsNotAdopted) {
  v1::Start later = start_;
  later.set_generation(start_.generation() + 1000);
  const auto answer = Synchronize(ReportOf("attacker", later));
  EXPECT_EQ(answer.forget_size(), 1);
  EXPECT_EQ(answer.keep_size(), 0);
  EXPECT_EQ(Trial().attempts_size(), 1);
  ExpectHeld();
}

TEST_F(AttemptSecretsTest, NobodySpeaksUnderAnotherWorkersId) {
  auto impostor = HelloFrom("attacker", 1);
  impostor.set_worker_id(IdOf("victim"));
  auto keyless = HelloFrom("victim", 1);
  keyless.clear_worker_key();
  auto unnamed = HelloFrom("", 1);
  for (const v1::SynchronizeRequest& request : {impostor, keyless, unnamed}) {
    v1::SynchronizeResponse response;
    const grpc::Status status = workers_->Synchronize(Context().get(), request, &response);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
    EXPECT_THAT(status.error_message(), HasSubstr("worker-key"));
    EXPECT_EQ(response.ByteSizeLong(), 0u);
  }
  v1::ListWorkersResponse workers;
  ASSERT_TRUE(sweeps_->ListWorkers(Context().get(), {}, &workers).ok());
  EXPECT_EQ(workers.workers_size(), 2);
  for (const std::string& key : {KeyOf("victim"), absl::BytesToHexString(KeyOf("victim"))}) {
    EXPECT_THAT(workers.SerializeAsString(), Not(HasSubstr(key)));
  }
  ExpectHeld();
}

TEST_F(AttemptSecretsTest, AStartWhoseAnswerWasLostIsToldAgainWithTheSameSecret) {
  const auto again = Synchronize(HelloFrom("victim", 1));
  ASSERT_EQ(again.start_size(), 1);
  EXPECT_EQ(again.start(0).SerializeAsString(), start_.SerializeAsString());
  // One of that name without its secret has to go first: two would write into one folder.
  auto confused = start_;
  confused.clear_secret();
  const auto answer = Synchronize(ReportOf("victim", confused));
  EXPECT_EQ(answer.forget_size(), 1);
  EXPECT_EQ(answer.start_size(), 0);
  EXPECT_EQ(Synchronize(HelloFrom("victim", 1)).start(0).secret(), start_.secret());
}

TEST_F(AttemptSecretsTest, ARestartOfTheCoordinatorKeepsThem) {
  Restart();
  ExpectHeld();
  v1::TrialPoints points = PointsOf(start_);
  AddStep(points, 0, 7, 1);
  EXPECT_EQ(Push(points).results(0).stored(), 3);
}

TEST_F(AttemptSecretsTest, ARestoredDatabaseAdoptsWhatItsKeyHasNamed) {
  // Two databases of one id, as if the first one were the copy.
  const std::string copy = folder_.File("copy.db");
  ExpectHeld();
  Restart([&] { std::filesystem::copy_file(DatabasePath(folder_.path().string()), copy); });
  Synchronize(HelloFrom("victim", 0));  // it has lost its attempt
  const v1::Start later = Synchronize(HelloFrom("victim", 1)).start(0);
  const auto restore = [&] {
    const std::string database = DatabasePath(folder_.path().string());
    for (const char* part : {"-wal", "-shm"}) std::filesystem::remove(database + part);
    std::filesystem::copy_file(copy, database, std::filesystem::copy_options::overwrite_existing);
  };
  Restart(restore);
  EXPECT_EQ(Synchronize(ReportOf("victim", later)).keep_size(), 1);

  // The key is not in the copy: without it the trial is trained again, and nothing of the old attempt is taken.
  Restart([&] {
    restore();
    std::filesystem::remove(AttemptKeyPath(folder_.path().string()));
  });
  const auto answer = Synchronize(ReportOf("victim", later));
  EXPECT_EQ(answer.keep_size(), 0);
  ASSERT_EQ(answer.forget_size(), 1);
  EXPECT_EQ(answer.forget(0).generation(), later.generation());
  v1::TrialPoints points = PointsOf(later);
  AddStep(points, 0, 7, 1);
  EXPECT_TRUE(Push(points).results(0).fenced());
  const auto next = Synchronize(HelloFrom("victim", 1));
  ASSERT_EQ(next.start_size(), 1);
  EXPECT_EQ(Synchronize(ReportOf("victim", next.start(0))).keep_size(), 1);
}

TEST_F(AttemptSecretsTest, AKeyThatOthersMayReadIsRefused) {
  const std::string path = AttemptKeyPath(folder_.path().string());
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
  server_->Shutdown();
  server_.reset();
  ::chmod(path.c_str(), 0644);
  const auto server =
      Server::Start({.data_dir = folder_.path().string(), .grpc = "127.0.0.1:0", .http = "127.0.0.1:0"});
  EXPECT_THAT(std::string(server.status().message()),
              AllOf(HasSubstr(path), HasSubstr("chmod 600"), HasSubstr("from their last checkpoints")));
}

}  // namespace
}  // namespace ofsweep

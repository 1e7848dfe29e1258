#include <filesystem>
#include <limits>
#include <set>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/rpc_status.h"
#include "tests/coordinator/server_fixture.h"

namespace ofsweep {
namespace {

using ::testing::HasSubstr;

class WorkerServiceTest : public ServerTest {
 protected:
  grpc::Status TryPush(v1::PushMetricsRequest request) {
    *request.mutable_database() = database_;
    v1::PushMetricsResponse response;
    return workers_->PushMetrics(Context().get(), request, &response);
  }

  v1::Start StartOne() {
    Submit(SmallSweep("s"));
    const auto answer = Synchronize(HelloFrom("w", 1));
    EXPECT_EQ(answer.start_size(), 1);
    return answer.start(0);
  }
};

TEST_F(WorkerServiceTest, AWorkerIsToldUntilWhenItHoldsItsTrials) {
  Submit(SmallSweep("s"));
  const auto worker = [&] {
    v1::ListWorkersResponse workers;
    EXPECT_TRUE(sweeps_->ListWorkers(Context().get(), {}, &workers).ok());
    return workers.workers_size() == 1 ? workers.workers(0) : v1::Worker();
  };
  Synchronize(HelloFrom("w", 0));
  EXPECT_FALSE(worker().has_leases_expire_at());
  ASSERT_EQ(Synchronize(HelloFrom("w", 1)).start_size(), 1);
  const v1::Worker holder = worker();
  EXPECT_EQ(holder.leases_expire_at().seconds() - holder.last_seen().seconds(), 30);
}

TEST_F(WorkerServiceTest, AWorkerGetsWorkUnderALeaseAndAResendChangesNothing) {
  const auto assignment = StartOne();
  EXPECT_EQ(assignment.attempt(), 0);
  EXPECT_GT(assignment.lease_seconds(), 0);
  EXPECT_THAT(assignment.config_json(), HasSubstr("pre_norm"));
  v1::TrialPoints points = PointsOf(assignment);
  AddStep(points, 0, 7, std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(Push(points).results(0).stored(), 3);
  const auto again = Push(points);
  EXPECT_EQ(again.results(0).stored(), 0);
  EXPECT_EQ(again.results(0).duplicates(), 3);
  EXPECT_THAT(Metrics(), HasSubstr("ofsweep_metric_points_total{result=\"duplicate\"} 3"));
}

TEST_F(WorkerServiceTest, AWorkerOfAnotherVersionIsToldSoAndGetsNothing) {
  Submit(SmallSweep("s"));
  v1::SynchronizeRequest request = HelloFrom("w", 1);
  request.set_version("0.0.7");
  const auto answer = Synchronize(request);
  EXPECT_EQ(answer.start_size(), 0);
  EXPECT_THAT(answer.reason(), testing::AllOf(HasSubstr("ofsweep 0.0.7"), HasSubstr("install one version on both")));
}

TEST_F(WorkerServiceTest, PointsOfAnOvertakenAttemptAreFenced) {
  const auto assignment = StartOne();
  v1::TrialPoints points = PointsOf(OtherAttempt(assignment, assignment.generation() - 1));
  AddStep(points, 0, 7, 1);
  const auto response = Push(points);
  EXPECT_TRUE(response.results(0).fenced());
  EXPECT_EQ(response.results(0).stored(), 0);
  EXPECT_THAT(Metrics(), HasSubstr("ofsweep_metric_points_total{result=\"rejected\"} 3"));
}

TEST_F(WorkerServiceTest, PointsOfAnAttemptThatIsUnheardOfAreNotStoredAndNotToBeForgotten) {
  const auto assignment = StartOne();
  v1::TrialPoints points = PointsOf(OtherAttempt(assignment, assignment.generation() + 7));
  AddStep(points, 0, 7, 1);
  const auto response = Push(points);
  EXPECT_TRUE(response.results(0).unknown());
  EXPECT_FALSE(response.results(0).fenced());
  EXPECT_EQ(response.results(0).stored(), 0);
}

// A worker whose mark is ahead of the database would leave a hole.
TEST_F(WorkerServiceTest, PointsBehindOthersThatTheDatabaseDoesNotHoldAreNotStored) {
  const auto assignment = StartOne();
  v1::TrialPoints points = PointsOf(assignment);
  AddStep(points, 5, 7, 1);
  EXPECT_EQ(Push(points).results(0).stored(), 3);
  v1::TrialPoints behind = PointsOf(assignment);
  behind.set_after_step(10);
  AddStep(behind, 15, 7, 1);
  EXPECT_TRUE(Push(behind).results(0).unknown());
  behind.set_after_step(5);
  EXPECT_EQ(Push(behind).results(0).stored(), 3);
}

// What is stored behind it would be deleted.
TEST_F(WorkerServiceTest, NoBeginningIsTakenForAnUnsaidOne) {
  const auto assignment = StartOne();
  v1::PushMetricsRequest push;
  auto* points = push.add_trials();
  *points = PointsOf(assignment);
  points->clear_from_step();
  AddStep(*points, 0, 7, 1);
  EXPECT_EQ(TryPush(push).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  auto report = HelloFrom("w", 1);
  v1::AttemptReport& attempt = AddAttempt(assignment, report);
  attempt.mutable_running();
  attempt.mutable_begun();
  v1::SynchronizeResponse response;
  EXPECT_EQ(workers_->Synchronize(Context().get(), report, &response).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

// More attempts than seconds pass before the database is restored from a copy.
TEST_F(WorkerServiceTest, NoNameIsGivenTwiceNorByADatabaseThatWasRestored) {
  Submit(SmallSweep("sweep"));
  server_->Shutdown();
  server_.reset();
  const auto database = folder_.File("ofsweep.db");
  const auto copy = folder_.File("copy.db");
  std::filesystem::copy_file(database, copy);
  StartServer({});
  std::set<std::pair<std::string, std::uint64_t>> names;
  database_ = {};
  auto answer = Synchronize(HelloFrom("w", 1));
  for (int i = 0; i < 60; ++i) {
    ASSERT_EQ(answer.start_size(), 1) << answer.reason();
    const auto& started = answer.start(0);
    EXPECT_TRUE(names.emplace(started.trial_id(), started.generation()).second);
    auto report = HelloFrom("w", 1);
    v1::AttemptReport& attempt = AddAttempt(started, report);
    attempt.mutable_ended()->set_outcome("preempted");
    answer = Synchronize(report);
  }
  server_->Shutdown();
  server_.reset();
  for (const char* more : {"-wal", "-shm"}) std::filesystem::remove(database + more);
  std::filesystem::copy_file(copy, database, std::filesystem::copy_options::overwrite_existing);
  StartServer({});
  answer = Synchronize(HelloFrom("w", 1));
  ASSERT_EQ(answer.start_size(), 1) << answer.reason();
  EXPECT_FALSE(names.contains({answer.start(0).trial_id(), answer.start(0).generation()}));
}

TEST_F(WorkerServiceTest, AWorkerOfAnotherDatabaseIsToldSoAndNothingElse) {
  const auto assignment = StartOne();
  auto request = HelloFrom("stranger", 1);
  request.mutable_database()->set_id("0123");
  AddAttempt(OtherAttempt(assignment, assignment.generation() - 1), request).mutable_running();
  v1::SynchronizeResponse response;
  ASSERT_TRUE(workers_->Synchronize(Context().get(), request, &response).ok());
  EXPECT_EQ(response.start_size() + response.keep_size() + response.stop_size() + response.forget_size(), 0);
  EXPECT_EQ(response.database().id(), database_.id());
  EXPECT_THAT(response.reason(), HasSubstr("0123"));
}

TEST_F(WorkerServiceTest, PointsAndEndsAreTakenOnlyFromThoseWhoHaveSynchronizedWithThisStart) {
  const auto assignment = StartOne();
  server_->Shutdown();
  StartServer({});
  v1::PushMetricsRequest push;
  auto* points = push.add_trials();
  *points = PointsOf(assignment);
  AddStep(*points, 0, 7, 1);
  EXPECT_EQ(TryPush(push).error_code(), grpc::StatusCode::ABORTED);

  auto report = HelloFrom("w", 1);
  v1::AttemptReport& attempt = AddAttempt(assignment, report);
  attempt.mutable_ended()->set_outcome("completed");
  attempt.mutable_ended()->set_step(20);
  const auto first = Synchronize(report);
  EXPECT_EQ(first.forget_size(), 0) << "the database may be an older copy, and lack points";
  ASSERT_EQ(first.keep_size(), 1);
  EXPECT_TRUE(TryPush(push).ok());
  EXPECT_EQ(Synchronize(report).forget_size(), 1);
}

TEST_F(WorkerServiceTest, MalformedPointsNameTheirFieldAndNothingIsStored) {
  const auto assignment = StartOne();
  v1::PushMetricsRequest request;
  auto* points = request.add_trials();
  *points = PointsOf(assignment);
  AddStep(*points, 0, 7, 1);
  auto* row = points->add_rows();
  row->set_step(std::uint64_t{1} << 60);
  row->set_seconds(-1);
  row->add_series(3);
  points->mutable_series(1)->set_metric("Kurtosis!");
  points->mutable_series(2)->set_site(std::string(500, 's'));
  const grpc::Status status = TryPush(request);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  std::vector<std::string> fields;
  for (const auto& violation : ReadFieldViolations(status)) fields.push_back(violation.field);
  EXPECT_THAT(fields, ::testing::UnorderedElementsAre("trials[0].series[1].metric", "trials[0].series[2].site",
                                                      "trials[0].rows[1].values", "trials[0].rows[1].series",
                                                      "trials[0].rows[1].step", "trials[0].rows[1].seconds"));
  EXPECT_THAT(Metrics(), HasSubstr("ofsweep_metric_points_total{result=\"stored\"} 0"));
}

TEST_F(WorkerServiceTest, MalformedReportsNameTheirField) {
  v1::SynchronizeRequest request = HelloFrom("no name", 1);
  auto* attempt = request.add_attempts();
  attempt->set_trial_id("abc");
  attempt->mutable_ended()->set_outcome("exploded");
  request.add_attempts()->set_trial_id("def");
  v1::SynchronizeResponse response;
  const grpc::Status status = workers_->Synchronize(Context().get(), request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  std::vector<std::string> fields;
  for (const auto& violation : ReadFieldViolations(status)) fields.push_back(violation.field);
  EXPECT_THAT(fields, ::testing::ElementsAre("worker_id", "attempts[0].ended.outcome", "attempts[1]"));
}

TEST_F(WorkerServiceTest, TextsForPeopleHaveALimit) {
  v1::SynchronizeRequest request = HelloFrom("w", 1);
  request.set_host(std::string(253, 'h'));
  v1::SynchronizeResponse response;
  EXPECT_TRUE(workers_->Synchronize(Context().get(), request, &response).ok());
  request.set_host(std::string(1 << 20, 'h'));
  EXPECT_EQ(workers_->Synchronize(Context().get(), request, &response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  request.set_host(std::string(257, 'h'));
  request.set_version(std::string(257, 'v'));
  request.add_devices()->set_model(std::string(257, 'm'));
  const grpc::Status status = workers_->Synchronize(Context().get(), request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  std::vector<std::string> fields;
  for (const auto& violation : ReadFieldViolations(status)) fields.push_back(violation.field);
  EXPECT_THAT(fields, ::testing::ElementsAre("host", "version", "devices[1].model"));
}

TEST_F(WorkerServiceTest, AMessageOverTheLimitIsRefused) {
  v1::PushMetricsRequest request;
  request.add_trials()->set_trial_id(std::string(17 * 1024 * 1024, 'w'));
  const grpc::Status status = TryPush(request);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED) << status.error_message();
}

}  // namespace
}  // namespace ofsweep

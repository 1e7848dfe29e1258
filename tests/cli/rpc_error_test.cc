#include "cli/rpc_error.h"

#include <gmock/gmock.h>

#include "coordinator/rpc_status.h"

namespace ofsweep {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(RpcError, EveryFieldViolationIsALineOfItsOwnAndUsageExits2) {
  const absl::Status status =
      FromRpc(BadRequest({{.file = "x.yaml",
                           .line = 3,
                           .key = "optimizer.lr",
                           .message = "unknown key",
                           .fix = "did you mean optimizer.learning_rate?"},
                          {.file = "x.yaml", .line = 5, .key = "model.block", .message = "expected pre_norm"}}),
              "127.0.0.1:7070");
  EXPECT_EQ(std::string(status.message()),
            "x.yaml:3: optimizer.lr: unknown key; did you mean optimizer.learning_rate?\n"
            "x.yaml:5: model.block: expected pre_norm");
  EXPECT_EQ(ExitCode(status), 2);
}

TEST(RpcError, ASpecOfTooManyTrialsIsAnInvalidSpec) {
  const absl::Status status =
      FromRpc(BadRequest({{.key = "grid", .message = "spans 1200000 trials"}}, absl::StatusCode::kResourceExhausted),
              "127.0.0.1:7070");
  EXPECT_EQ(std::string(status.message()), "grid: spans 1200000 trials");
  EXPECT_EQ(ExitCode(status), 2);
  EXPECT_EQ(ExitCode(FromRpc({grpc::StatusCode::RESOURCE_EXHAUSTED, "too many streams"}, "")), 1);
}

TEST(RpcError, AFailureWithoutAMessageHasOneAllTheSame) {
  for (const grpc::StatusCode code : {grpc::StatusCode::INTERNAL, grpc::StatusCode::UNKNOWN}) {
    EXPECT_THAT(std::string(FromRpc({code, ""}, "gpu7:7070").message()), HasSubstr("without a word"));
  }
}

TEST(RpcError, ACoordinatorThatDoesNotAnswerIsNamedWithHowToStartIt) {
  const absl::Status status = FromRpc({grpc::StatusCode::UNAVAILABLE, "connection refused"}, "gpu7:7070");
  EXPECT_THAT(std::string(status.message()), HasSubstr("cannot reach the coordinator at gpu7:7070"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("ofsweep coordinator --grpc gpu7:7070"));
  EXPECT_EQ(ExitCode(status), 1);
}

TEST(RpcError, OnlyACommandThatReadsIsAdvisedToReadAFolder) {
  const grpc::Status away(grpc::StatusCode::UNAVAILABLE, "connection refused");
  EXPECT_THAT(std::string(FromRpc(away, "gpu7:7070").message()), HasSubstr("--data-dir"));
  EXPECT_THAT(std::string(FromRpc(away, "gpu7:7070", Needs::kCoordinator).message()), Not(HasSubstr("--data-dir")));
}

TEST(RpcError, OtherFailuresKeepTheCoordinatorsWords) {
  const absl::Status status = FromRpc({grpc::StatusCode::NOT_FOUND, "no sweep is called x"}, "127.0.0.1:7070");
  EXPECT_EQ(std::string(status.message()), "no sweep is called x");
  EXPECT_EQ(ExitCode(status), 1);
  EXPECT_EQ(ExitCode(FromRpc(grpc::Status::OK, "")), 0);
}

}  // namespace
}  // namespace ofsweep

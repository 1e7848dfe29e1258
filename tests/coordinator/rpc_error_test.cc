#include "coordinator/rpc_status.h"

#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ofsweep {
namespace {

using ::testing::HasSubstr;

TEST(RpcStatus, EveryProblemIsAFieldViolationWithItsPlaceAndItsFix) {
  const grpc::Status status = BadRequest({{.file = "/s.yaml",
                                           .line = 3,
                                           .key = "optimizer.lr",
                                           .message = "unknown key",
                                           .fix = "did you mean optimizer.learning_rate?"},
                                          {.key = "seed", .message = "expected an integer"}});
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  const auto violations = ReadFieldViolations(status);
  ASSERT_EQ(violations.size(), 2);
  EXPECT_EQ(violations[0].field, "optimizer.lr");
  EXPECT_EQ(violations[0].description, "/s.yaml:3: optimizer.lr: unknown key; did you mean optimizer.learning_rate?");
  EXPECT_EQ(violations[1].field, "seed");
}

TEST(RpcStatus, AThousandProblemsStillFitIntoTrailingMetadata) {
  const std::vector<Problem> problems(1000, {.key = "model.width", .message = std::string(300, 'x')});
  const grpc::Status status = BadRequest(problems);
  EXPECT_LT(status.error_details().size() * 4 / 3 + 3 * status.error_message().size(), 8000);
  const auto violations = ReadFieldViolations(status);
  ASSERT_GT(violations.size(), 5);
  EXPECT_THAT(violations.back().description,
              HasSubstr("and " + std::to_string(1000 - (violations.size() - 1)) + " more"));
}

TEST(RpcStatus, CutsLongTextsBehindAWholeCharacter) {
  std::string text;
  while (text.size() < 3000) text += "≥";
  const auto violations = ReadFieldViolations(BadRequest({{.key = "k", .message = text}}));
  ASSERT_EQ(violations.size(), 1);
  EXPECT_THAT(violations[0].description, ::testing::EndsWith("≥…"));
}

TEST(RpcStatus, AFullDiskIsInternalAndAnExceptionToo) {
  EXPECT_EQ(StorageStatus(absl::ResourceExhaustedError("disk full")).error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_EQ(StorageStatus(absl::NotFoundError("no")).error_code(), grpc::StatusCode::NOT_FOUND);
  const grpc::Status caught = Guarded([]() -> grpc::Status { throw std::runtime_error("broken row"); });
  EXPECT_EQ(caught.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_THAT(caught.error_message(), HasSubstr("broken row"));
}

}  // namespace
}  // namespace ofsweep

// AddEvaluations: what is known of a trial only after its training.

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/coordinator/server_fixture.h"

namespace ofsweep {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class EvaluationsTest : public ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    Submit(SmallSweep("s"));
    assigned_ = Synchronize(HelloFrom("w", 4));
    ASSERT_EQ(assigned_.start_size(), 4);
  }

  const v1::Start& Assigned(int i) const { return assigned_.start(i); }

  // The trial's points of its training, with an evaluation at the end (step 20), and its end.
  void FinishEvaluated(const v1::Start& assignment, double eval_loss = 2.5) {
    v1::TrialPoints points = PointsOf(assignment);
    points.add_series()->set_metric("eval_loss");
    auto* row = points.add_rows();
    row->set_step(20);
    row->set_tokens(20 * 1024);
    row->set_seconds(2);
    row->add_series(0);
    row->add_values(eval_loss);
    Push(points);
    Finish(assignment, "w", "completed", 3);
  }

  static void Add(v1::AddEvaluationsRequest& request, const std::string& trial_id, const std::string& bits, double loss,
                  double unrounded = 2.5) {
    request.set_sweep("s");
    auto* added = request.add_evaluations();
    added->set_trial_id(trial_id);
    added->set_bits(bits);
    added->set_loss(loss);
    added->set_unrounded_loss(unrounded);
  }

  grpc::Status Send(const v1::AddEvaluationsRequest& request) {
    return sweeps_->AddEvaluations(Context().get(), request, &response_);
  }

  std::map<std::string, double> Results(const std::string& trial_id) {
    v1::ListTrialsRequest request;
    request.set_sweep("s");
    v1::ListTrialsResponse trials;
    EXPECT_TRUE(sweeps_->ListTrials(Context().get(), request, &trials).ok());
    for (const v1::Trial& trial : trials.trials()) {
      if (trial.trial_id() == trial_id) return {trial.results().begin(), trial.results().end()};
    }
    return {};
  }

  v1::SynchronizeResponse assigned_;
  v1::AddEvaluationsResponse response_;
};

TEST_F(EvaluationsTest, AreStoredOnceAndStandInResultsAndTable) {
  const std::string trial = Assigned(0).trial_id();
  FinishEvaluated(Assigned(0));
  const auto before = Results(trial);
  EXPECT_FALSE(before.contains("w8a4_perplexity"));

  v1::AddEvaluationsRequest request;
  Add(request, trial, "w8a4", 3.0);
  Add(request, trial, "w6a6", std::nan(""));
  ASSERT_TRUE(Send(request).ok());
  EXPECT_EQ(response_.stored(), 2u);
  EXPECT_EQ(response_.duplicates(), 0u);

  v1::AddEvaluationsRequest again;
  Add(again, trial, "w8a4", 9.0);
  ASSERT_TRUE(Send(again).ok());
  EXPECT_EQ(response_.stored(), 0u);
  EXPECT_EQ(response_.duplicates(), 1u);

  auto expected = before;
  expected["w8a4_perplexity"] = std::exp(3.0);
  EXPECT_EQ(Results(trial), expected) << "nothing else has changed, steps and tokens least of all";

  v1::GetAblationTableRequest table;
  table.set_sweep("s");
  table.add_rows("model.block");
  v1::GetAblationTableResponse shown;
  ASSERT_TRUE(sweeps_->GetAblationTable(Context().get(), table, &shown).ok());
  EXPECT_THAT(std::vector<std::string>(shown.metrics().begin(), shown.metrics().end()),
              testing::ElementsAre("eval_loss", "kurtosis_max", "eval_perplexity", "w8a4_perplexity"));
}

TEST_F(EvaluationsTest, AreForCompletedTrialsThatWereEvaluated) {
  const std::string evaluated = Assigned(0).trial_id(), never = Assigned(1).trial_id(),
                    running = Assigned(2).trial_id();
  FinishEvaluated(Assigned(0));
  Finish(Assigned(1), "w", "completed", 3);
  for (const std::string& other : {never, running}) {
    v1::AddEvaluationsRequest request;
    Add(request, evaluated, "w8a4", 3.0);
    Add(request, other, "w8a4", 3.0);
    const grpc::Status status = Send(request);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
    EXPECT_THAT(status.error_message(), HasSubstr(other));
  }
  EXPECT_FALSE(Results(evaluated).contains("w8a4_perplexity")) << "all of a refused request is refused";
}

// Other validation data, or another trial's checkpoint.
TEST_F(EvaluationsTest, AreOfTheModelAndTheDataThatWereTrained) {
  const std::string trial = Assigned(0).trial_id(), other = Assigned(1).trial_id();
  FinishEvaluated(Assigned(0));
  FinishEvaluated(Assigned(1));
  for (const double measured : {2.4985, 2.5015, 0.0, HUGE_VAL, std::nan("")}) {
    v1::AddEvaluationsRequest request;
    Add(request, other, "w8a4", 3.0);
    Add(request, trial, "w8a4", 3.0, measured);
    const grpc::Status status = Send(request);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION) << measured;
    EXPECT_THAT(status.error_message(), AllOf(HasSubstr(trial), HasSubstr("2.5 is stored")));
    EXPECT_THAT(status.error_message(), HasSubstr("validation data or the checkpoint"));
  }
  EXPECT_FALSE(Results(trial).contains("w8a4_perplexity"));
  EXPECT_FALSE(Results(other).contains("w8a4_perplexity")) << "all of a refused request is refused";

  v1::AddEvaluationsRequest rounded_otherwise;
  Add(rounded_otherwise, trial, "w8a4", 3.0, 2.5009);
  EXPECT_TRUE(Send(rounded_otherwise).ok());
}

TEST_F(EvaluationsTest, OfAModelThatGivesNaNGiveItAgain) {
  FinishEvaluated(Assigned(0), std::nan(""));
  v1::AddEvaluationsRequest finite, nan;
  Add(finite, Assigned(0).trial_id(), "w8a4", 3.0, 2.5);
  EXPECT_EQ(Send(finite).error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  Add(nan, Assigned(0).trial_id(), "w8a4", std::nan(""), std::nan(""));
  EXPECT_TRUE(Send(nan).ok());
}

TEST_F(EvaluationsTest, RefuseWhatNobodyCanMean) {
  FinishEvaluated(Assigned(0));
  v1::AddEvaluationsRequest bits;
  Add(bits, Assigned(0).trial_id(), "w8a1", 3.0);
  EXPECT_EQ(Send(bits).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  v1::AddEvaluationsRequest unproven;
  Add(unproven, Assigned(0).trial_id(), "w8a4", 3.0);
  unproven.mutable_evaluations(0)->clear_unrounded_loss();
  EXPECT_EQ(Send(unproven).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  for (const double loss : {-0.5, -std::numeric_limits<double>::infinity()}) {
    v1::AddEvaluationsRequest negative;
    Add(negative, Assigned(0).trial_id(), "w8a4", loss);
    const grpc::Status refused = Send(negative);
    EXPECT_EQ(refused.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_THAT(refused.error_message(), HasSubstr("evaluations[0].loss"));
  }
  EXPECT_FALSE(Results(Assigned(0).trial_id()).contains("w8a4_perplexity"));
  v1::AddEvaluationsRequest infinite;
  Add(infinite, Assigned(0).trial_id(), "w6a6", std::numeric_limits<double>::infinity());
  EXPECT_TRUE(Send(infinite).ok());
  v1::AddEvaluationsRequest nothing;
  nothing.set_sweep("s");
  EXPECT_EQ(Send(nothing).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  v1::AddEvaluationsRequest stranger;
  Add(stranger, "0123456789abcdef", "w8a4", 3.0);
  EXPECT_EQ(Send(stranger).error_code(), grpc::StatusCode::NOT_FOUND);
  v1::AddEvaluationsRequest sweep;
  Add(sweep, Assigned(0).trial_id(), "w8a4", 3.0);
  sweep.set_sweep("other");
  EXPECT_EQ(Send(sweep).error_code(), grpc::StatusCode::NOT_FOUND);
}

}  // namespace
}  // namespace ofsweep

#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include "coordinator/rpc_status.h"
#include "tests/coordinator/server_fixture.h"

namespace ofsweep {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SweepServiceTest : public ServerTest {
 protected:
  grpc::Status TrySubmit(const v1::SubmitSweepRequest& request) {
    v1::SubmitSweepResponse response;
    return sweeps_->SubmitSweep(Context().get(), request, &response);
  }

  // Runs the whole sweep: pre_norm ends with kurtosis 12, op with 2.
  void RunEverything(const std::string& sweep) {
    auto hello = HelloFrom("w", 4);
    const auto answer = Synchronize(hello);
    for (const auto& assignment : answer.start()) {
      const bool op = assignment.config_json().find("\"op\"") != std::string::npos;
      Finish(assignment, "w", "completed", op ? 2 : 12);
    }
    v1::GetSweepRequest request;
    request.set_name(sweep);
    v1::GetSweepResponse response;
    ASSERT_TRUE(sweeps_->GetSweep(Context().get(), request, &response).ok());
    ASSERT_EQ(response.sweep().trials().completed(), 4) << response.ShortDebugString();
  }

  std::vector<v1::Curve> Curves(const v1::QueryCurvesRequest& request, grpc::Status& status) {
    const auto context = Context();
    const auto stream = sweeps_->QueryCurves(context.get(), request);
    std::vector<v1::Curve> curves;
    for (v1::QueryCurvesResponse message; stream->Read(&message);) {
      curves.insert(curves.end(), message.curves().begin(), message.curves().end());
    }
    status = stream->Finish();
    return curves;
  }
};

TEST_F(SweepServiceTest, SubmittingTwiceIsOnceAndAnotherSpecificationIsRefused) {
  const auto first = Submit(SmallSweep("s"));
  EXPECT_TRUE(first.created());
  EXPECT_EQ(first.sweep().state(), "active");
  EXPECT_EQ(first.sweep().trials().pending(), 4);
  EXPECT_EQ(first.sweep().spec(), SmallSweep("s"));
  EXPECT_FALSE(Submit(SmallSweep("s")).created());

  v1::SubmitSweepRequest request;
  request.mutable_yaml()->set_text("name: s\ntrial: {train.steps: 21, train.device: cpu}\n");
  EXPECT_EQ(TrySubmit(request).error_code(), grpc::StatusCode::ALREADY_EXISTS);
}

TEST_F(SweepServiceTest, ValidateOnlyCountsAndStoresNothing) {
  v1::SubmitSweepRequest request;
  request.mutable_yaml()->set_text(SmallSweep("s"));
  request.set_validate_only(true);
  v1::SubmitSweepResponse response;
  ASSERT_TRUE(sweeps_->SubmitSweep(Context().get(), request, &response).ok());
  EXPECT_EQ(response.sweep().trials().pending(), 4);
  v1::GetSweepRequest get;
  get.set_name("s");
  v1::GetSweepResponse none;
  EXPECT_EQ(sweeps_->GetSweep(Context().get(), get, &none).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(SweepServiceTest, WhatIsOnlyLookedAtIsDescribedAsASubmissionWouldBe) {
  v1::SubmitSweepRequest request;
  request.mutable_yaml()->set_file_name("/sweeps/s.yaml");
  request.mutable_yaml()->set_text(SmallSweep("s") +
                                   "description: why\ntags: [paper]\npriority: 3\nkeep: {checkpoints: all}\n");
  const auto take_in = [&](bool is_update, bool validate_only) {
    request.set_validate_only(validate_only);
    v1::SubmitSweepResponse response;
    const grpc::Status status = is_update ? sweeps_->UpdateSweep(Context().get(), request, &response)
                                          : sweeps_->SubmitSweep(Context().get(), request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_TRUE(response.sweep().has_submitted_at());
    EXPECT_EQ(response.sweep().has_updated_at(), is_update);
    response.clear_created();
    for (const char* name : {"submitted_at", "updated_at", "steps_done", "steps_total", "waiting_reason"}) {
      const auto* field = v1::Sweep::descriptor()->FindFieldByName(name);
      v1::Sweep::GetReflection()->ClearField(response.mutable_sweep(), field);
    }
    return response;
  };
  const auto expect_the_same = [&](bool is_update) {
    const v1::SubmitSweepResponse looked_at = take_in(is_update, true), done = take_in(is_update, false);
    EXPECT_EQ(looked_at.DebugString(), done.DebugString());
  };
  expect_the_same(/*is_update=*/false);
  expect_the_same(/*is_update=*/false);  // of a sweep that is there
  request.mutable_yaml()->set_text(SmallSweep("s") + "description: another\n");
  expect_the_same(/*is_update=*/true);
}

TEST_F(SweepServiceTest, EveryMistakeOfAFileIsAFieldViolationWithLineAndFix) {
  v1::SubmitSweepRequest request;
  request.mutable_yaml()->set_file_name("/sweeps/s.yaml");
  request.mutable_yaml()->set_text("name: s\ntrial:\n  optimizer.learning_rat: 1\n  train.steps: many\n");
  const grpc::Status status = TrySubmit(request);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  const auto violations = ReadFieldViolations(status);
  ASSERT_EQ(violations.size(), 2);
  EXPECT_EQ(violations[0].field, "optimizer.learning_rat");
  EXPECT_THAT(violations[0].description, HasSubstr("/sweeps/s.yaml:3"));
  EXPECT_THAT(violations[0].description, HasSubstr("optimizer.learning_rate"));
  EXPECT_EQ(violations[1].field, "train.steps");
}

TEST_F(SweepServiceTest, RelativePathsNeedAFileAndAFileNeedsAFolder) {
  v1::SubmitSweepRequest request;
  request.mutable_yaml()->set_text("name: s\ntrial: {data.source: text, data.path: corpus.txt}\n");
  auto violations = ReadFieldViolations(TrySubmit(request));
  ASSERT_EQ(violations.size(), 1);
  EXPECT_EQ(violations[0].field, "data.path");
  EXPECT_THAT(violations[0].description, HasSubstr("absolute"));

  request.mutable_yaml()->set_file_name("s.yaml");
  violations = ReadFieldViolations(TrySubmit(request));
  ASSERT_EQ(violations.size(), 1);
  EXPECT_EQ(violations[0].field, "yaml.file_name");
  EXPECT_EQ(ReadFieldViolations(TrySubmit({})).at(0).field, "source");
}

TEST_F(SweepServiceTest, ABillionTrialsAreRefusedWithTheirNumber) {
  std::string yaml = "name: s\ngrid:\n";
  const char* keys[] = {"seed",
                        "train.steps",
                        "train.batch_size",
                        "schedule.warmup_fraction",
                        "optimizer.weight_decay",
                        "optimizer.learning_rate"};
  for (const char* key : keys) {
    const bool fraction = std::string(key).find('.') != std::string::npos && !std::string(key).starts_with("train");
    yaml += std::string("  ") + key + ": [";
    for (int i = 1; i <= 40; ++i)
      yaml += (i > 1 ? ", " : "") + (fraction ? "0.0" + std::to_string(100 + i) : std::to_string(i));
    yaml += "]\n";
  }
  v1::SubmitSweepRequest request;
  request.mutable_yaml()->set_text(yaml);
  const grpc::Status status = TrySubmit(request);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED) << status.error_message();
  EXPECT_THAT(status.error_message(), HasSubstr("4096000000"));
}

TEST_F(SweepServiceTest, ControlsChangeTheSweepsState) {
  Submit(SmallSweep("s"));
  v1::PauseSweepRequest pause;
  pause.set_name("s");
  v1::PauseSweepResponse paused;
  ASSERT_TRUE(sweeps_->PauseSweep(Context().get(), pause, &paused).ok());
  EXPECT_EQ(paused.sweep().state(), "paused");
  v1::CancelSweepRequest cancel;
  cancel.set_name("s");
  v1::CancelSweepResponse cancelled;
  ASSERT_TRUE(sweeps_->CancelSweep(Context().get(), cancel, &cancelled).ok());
  EXPECT_EQ(cancelled.sweep().state(), "cancelled");
  EXPECT_EQ(cancelled.sweep().trials().cancelled(), 4);
  v1::ResumeSweepRequest resume;
  resume.set_name("s");
  v1::ResumeSweepResponse resumed;
  ASSERT_TRUE(sweeps_->ResumeSweep(Context().get(), resume, &resumed).ok());
  EXPECT_EQ(resumed.sweep().state(), "active");
  EXPECT_EQ(resumed.sweep().trials().pending(), 4);
  cancel.set_name("nobody");
  EXPECT_EQ(sweeps_->CancelSweep(Context().get(), cancel, &cancelled).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(SweepServiceTest, ListsComeInPages) {
  for (const char* name : {"a", "b", "c"}) {
    Submit("name: " + std::string(name) + "\ntrial: {train.device: cpu, seed: " + std::to_string(name[0]) + "}\n");
  }
  v1::ListSweepsRequest request;
  request.set_page_size(2);
  std::vector<std::string> names;
  do {
    v1::ListSweepsResponse page;
    ASSERT_TRUE(sweeps_->ListSweeps(Context().get(), request, &page).ok());
    EXPECT_LE(page.sweeps_size(), 2);
    for (const auto& sweep : page.sweeps()) names.push_back(sweep.name());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_THAT(names, ElementsAre("c", "b", "a"));

  Submit(SmallSweep("s"));
  v1::ListTrialsRequest trials;
  trials.set_sweep("s");
  trials.set_page_size(3);
  v1::ListTrialsResponse page;
  ASSERT_TRUE(sweeps_->ListTrials(Context().get(), trials, &page).ok());
  ASSERT_EQ(page.trials_size(), 3);
  EXPECT_EQ(page.trials(0).label(), "model.block=pre_norm seed=0");
  EXPECT_EQ(page.trials(1).label(), "model.block=op seed=0");
  EXPECT_EQ(page.trials(0).config().fields().at("train.steps").number_value(), 20);
  EXPECT_THAT(page.trials(0).waiting_reason(), HasSubstr("no worker"));
  trials.set_page_token(page.next_page_token());
  ASSERT_TRUE(sweeps_->ListTrials(Context().get(), trials, &page).ok());
  EXPECT_EQ(page.trials_size(), 1);
  EXPECT_THAT(page.next_page_token(), IsEmpty());
}

TEST_F(SweepServiceTest, APageGoesOnBehindThePageBeforeWhateverHasChangedMeanwhile) {
  const auto submit = [&](const std::string& name) {
    Submit("name: " + name + "\ntrial: {train.device: cpu, seed: " + std::to_string(name[0]) + "}\n");
  };
  for (const char* name : {"a", "b", "c", "d"}) submit(name);
  v1::ListSweepsRequest request;
  request.set_page_size(2);
  v1::ListSweepsResponse page;
  ASSERT_TRUE(sweeps_->ListSweeps(Context().get(), request, &page).ok());
  EXPECT_EQ(page.sweeps(1).name(), "c");
  submit("e");
  v1::DeleteSweepRequest gone;
  gone.set_name("c");
  v1::DeleteSweepResponse deleted;
  ASSERT_TRUE(sweeps_->DeleteSweep(Context().get(), gone, &deleted).ok());
  submit("f");
  request.set_page_token(page.next_page_token());
  ASSERT_TRUE(sweeps_->ListSweeps(Context().get(), request, &page).ok());
  ASSERT_EQ(page.sweeps_size(), 2);
  EXPECT_EQ(page.sweeps(0).name(), "b");
  EXPECT_EQ(page.sweeps(1).name(), "a");
  EXPECT_THAT(page.next_page_token(), IsEmpty());

  Submit(SmallSweep("s"));
  v1::ListTrialsRequest waiting;
  waiting.set_sweep("s");
  waiting.add_states("pending");
  waiting.set_page_size(1);
  v1::ListTrialsResponse trials;
  ASSERT_TRUE(sweeps_->ListTrials(Context().get(), waiting, &trials).ok());
  EXPECT_EQ(trials.trials(0).label(), "model.block=pre_norm seed=0");
  Synchronize(HelloFrom("w", 6));  // a, b, d, e, f, and the first of s
  waiting.set_page_token(trials.next_page_token());
  ASSERT_TRUE(sweeps_->ListTrials(Context().get(), waiting, &trials).ok());
  ASSERT_EQ(trials.trials_size(), 1);
  EXPECT_EQ(trials.trials(0).label(), "model.block=op seed=0");
}

TEST_F(SweepServiceTest, ASweepSaysWhatItVariesAndHowFarItsStepsAre) {
  Submit(SmallSweep("s"));
  v1::ListSweepsResponse list;
  const auto listed = [&]() -> const v1::Sweep& {
    EXPECT_TRUE(sweeps_->ListSweeps(Context().get(), {}, &list).ok());
    return list.sweeps(0);
  };
  EXPECT_THAT(listed().varied(), ElementsAre("model.block", "seed"));
  EXPECT_EQ(list.sweeps(0).steps_done(), 0);
  EXPECT_EQ(list.sweeps(0).steps_total(), 80);
  EXPECT_FALSE(list.sweeps(0).has_eta_seconds()) << "nothing runs";
  RunEverything("s");
  EXPECT_EQ(listed().steps_done(), 80);
  EXPECT_EQ(list.sweeps(0).steps_total(), 80);
}

TEST_F(SweepServiceTest, TrialsMayBeListedWithoutTheirConfiguration) {
  Submit(SmallSweep("s"));
  RunEverything("s");
  v1::ListTrialsRequest request;
  request.set_sweep("s");
  v1::ListTrialsResponse whole, short_ones;
  ASSERT_TRUE(sweeps_->ListTrials(Context().get(), request, &whole).ok());
  request.set_omit_config(true);
  ASSERT_TRUE(sweeps_->ListTrials(Context().get(), request, &short_ones).ok());
  for (v1::Trial& trial : *whole.mutable_trials()) {
    ASSERT_TRUE(trial.has_config());
    trial.clear_config();
  }
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(whole, short_ones)) << short_ones.ShortDebugString();
}

TEST_F(SweepServiceTest, BadListRequestsNameTheirField) {
  Submit(SmallSweep("s"));
  v1::ListTrialsRequest request;
  request.set_sweep("s");
  request.add_states("finished");
  request.set_page_token("next");
  v1::ListTrialsResponse response;
  const auto violations = ReadFieldViolations(sweeps_->ListTrials(Context().get(), request, &response));
  ASSERT_EQ(violations.size(), 2);
  EXPECT_EQ(violations[0].field, "page_token");
  EXPECT_EQ(violations[1].field, "states");
}

TEST_F(SweepServiceTest, AFinishedSweepHasCurvesResultsAndATable) {
  Submit(SmallSweep("s"));
  RunEverything("s");
  v1::QueryCurvesRequest query;
  query.set_sweep("s");
  query.add_metrics("kurtosis");
  query.add_layers(1);
  grpc::Status status;
  const auto curves = Curves(query, status);
  EXPECT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(curves.size(), 4);
  EXPECT_EQ(curves[0].site(), "block");
  EXPECT_EQ(curves[0].layer(), 1);
  EXPECT_THAT(curves[0].steps(), ElementsAre(0, 10));
  EXPECT_THAT(curves[0].values(), ElementsAre(6, 12));
  EXPECT_EQ(curves[0].arm_keys(), R"({"model.block":"pre_norm"})");
  EXPECT_EQ(curves[2].seed(), 1);

  v1::ListTrialsRequest list;
  list.set_sweep("s");
  v1::ListTrialsResponse trials;
  ASSERT_TRUE(sweeps_->ListTrials(Context().get(), list, &trials).ok());
  EXPECT_EQ(trials.trials(0).state(), "completed");
  EXPECT_DOUBLE_EQ(trials.trials(0).results().at("kurtosis_max"), 12);
  EXPECT_DOUBLE_EQ(trials.trials(0).results().at("train_loss"), 3);

  v1::GetAblationTableRequest request;
  request.set_sweep("s");
  request.add_rows("model.block");
  request.add_metrics("kurtosis_max");
  request.add_metrics("kurtosis@block.1:max");
  v1::GetAblationTableResponse table;
  ASSERT_TRUE(sweeps_->GetAblationTable(Context().get(), request, &table).ok());
  ASSERT_EQ(table.cells_size(), 2);
  EXPECT_DOUBLE_EQ(table.cells(0).statistics(1).mean(), 12);
  EXPECT_THAT(table.cells(0).row_values(), ElementsAre("pre_norm"));
  EXPECT_EQ(table.cells(0).trials(), 2);
  EXPECT_DOUBLE_EQ(table.cells(0).statistics(0).mean(), 12);
  EXPECT_DOUBLE_EQ(table.cells(0).statistics(0).standard_deviation(), 0);
  EXPECT_DOUBLE_EQ(table.cells(1).statistics(0).mean(), 2);
}

TEST_F(SweepServiceTest, ATableThatWouldAverageOverAVariedKeyIsRefusedUntilItIsAskedTo) {
  Submit(
      "name: s\ntrial: {train.steps: 20, train.device: cpu}\n"
      "grid: {model.block: [pre_norm, op], optimizer.epsilon: [1e-8, 1e-4], seed: [0, 1]}\n");
  v1::GetAblationTableRequest request;
  request.set_sweep("s");
  request.add_rows("model.block");
  v1::GetAblationTableResponse table;
  const auto violations = ReadFieldViolations(sweeps_->GetAblationTable(Context().get(), request, &table));
  ASSERT_EQ(violations.size(), 1u);
  EXPECT_EQ(violations[0].field, "pool");
  EXPECT_THAT(violations[0].description, HasSubstr("optimizer.epsilon"));

  request.add_pool("optimizer.epsilon");
  ASSERT_TRUE(sweeps_->GetAblationTable(Context().get(), request, &table).ok());
  EXPECT_THAT(table.pooled(), ElementsAre("optimizer.epsilon", "seed"));
  EXPECT_EQ(table.cells(0).missing(), 4);
  EXPECT_EQ(table.state(), "active");

  request.clear_pool();
  request.add_cols("optimizer.epsilon");
  ASSERT_TRUE(sweeps_->GetAblationTable(Context().get(), request, &table).ok());
  EXPECT_EQ(table.cells_size(), 4);
  request.add_pool("optimizer.epsilom");
  EXPECT_EQ(ReadFieldViolations(sweeps_->GetAblationTable(Context().get(), request, &table)).at(0).field, "pool");
}

TEST_F(SweepServiceTest, ATableWithoutRowsHasThoseThatItsSweepAsksFor) {
  Submit(
      "name: s\ntrial: {train.steps: 20, train.device: cpu}\n"
      "grid: {optimizer.name: [adam, soap], model.block: [pre_norm, op], optimizer.epsilon: [1e-8, 1e-4]}\n");
  v1::GetAblationTableRequest request;
  request.set_sweep("s");
  v1::GetAblationTableResponse table;
  ASSERT_TRUE(sweeps_->GetAblationTable(Context().get(), request, &table).ok());
  EXPECT_THAT(table.rows(), ElementsAre("model.block", "optimizer.epsilon"));
  EXPECT_THAT(table.cols(), ElementsAre("optimizer.name"));
  EXPECT_EQ(table.cells_size(), 8);

  (*request.mutable_baseline())["model.block"] = "pre_norm";
  ASSERT_TRUE(sweeps_->GetAblationTable(Context().get(), request, &table).ok()) << "it is an axis that was chosen";

  request.clear_baseline();
  request.add_rows("optimizer.epsilon");
  request.add_pool("model.block");
  request.set_choose_cols(true);
  ASSERT_TRUE(sweeps_->GetAblationTable(Context().get(), request, &table).ok());
  EXPECT_THAT(table.cols(), ElementsAre("optimizer.name"));
}

TEST_F(SweepServiceTest, ATableOfSeveralSweepsTellsThemApartByWhatTheySet) {
  Submit(SmallSweep("s"));
  RunEverything("s");
  Submit("name: t\ntrial: {train.steps: 21, train.device: cpu}\ngrid: {model.block: [pre_norm], seed: [0, 1]}\n");
  v1::GetAblationTableRequest request;
  request.set_sweep("s");
  request.add_further_sweeps("t");
  request.add_rows("model.block");
  request.add_metrics("kurtosis_max");
  v1::GetAblationTableResponse table;
  const auto violations = ReadFieldViolations(sweeps_->GetAblationTable(Context().get(), request, &table));
  ASSERT_EQ(violations.size(), 2u);
  EXPECT_THAT(violations[0].description, HasSubstr("train.steps"));
  EXPECT_THAT(violations[1].description, HasSubstr("sweep"));
  request.add_cols("sweep");
  request.set_best("train.steps");
  ASSERT_TRUE(sweeps_->GetAblationTable(Context().get(), request, &table).ok());
  ASSERT_EQ(table.cells_size(), 3);
  EXPECT_THAT(table.cells(0).col_values(), ElementsAre("s"));
  EXPECT_FALSE(table.cells(0).has_best_value()) << "nothing was evaluated";
  EXPECT_THAT(table.cells(1).col_values(), ElementsAre("t"));
  EXPECT_EQ(table.cells(1).missing(), 2);
  EXPECT_EQ(table.state(), "active") << "of the one that is not finished";
  EXPECT_THAT(table.further_sweeps(), ElementsAre("t"));
  EXPECT_EQ(table.best(), "train.steps");
  request.add_further_sweeps("nobody");
  EXPECT_EQ(sweeps_->GetAblationTable(Context().get(), request, &table).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(SweepServiceTest, ReadingWhatIsNotThereSaysSo) {
  Submit(SmallSweep("s"));
  grpc::Status status;
  v1::QueryCurvesRequest query;
  query.set_sweep("s");
  Curves(query, status);
  EXPECT_EQ(ReadFieldViolations(status).at(0).field, "metrics");
  query.add_metrics("kurtosis");
  query.add_trial_ids("0123");
  Curves(query, status);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_THAT(status.error_message(), HasSubstr("0123"));
  v1::GetAblationTableRequest request;
  request.set_sweep("s");
  request.add_rows("model.blok");
  v1::GetAblationTableResponse table;
  EXPECT_THAT(ReadFieldViolations(sweeps_->GetAblationTable(Context().get(), request, &table)).at(0).description,
              HasSubstr("model.block"));
  request.set_sweep("nobody");
  request.set_rows(0, "seed");
  EXPECT_EQ(sweeps_->GetAblationTable(Context().get(), request, &table).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(SweepServiceTest, OfflineReadsTheDatabaseAndSaysWhoCouldChangeIt) {
  Submit(SmallSweep("s"));
  RunEverything("s");
  server_->Shutdown();
  const auto offline = Server::OpenOffline(folder_.path().string());
  ASSERT_TRUE(offline.ok()) << offline.status();
  const auto stub = v1::SweepService::NewStub((*offline)->InProcessChannel());
  v1::GetAblationTableRequest request;
  request.set_sweep("s");
  request.add_rows("model.block");
  v1::GetAblationTableResponse table;
  ASSERT_TRUE(stub->GetAblationTable(Context().get(), request, &table).ok());
  EXPECT_EQ(table.cells_size(), 2);
  v1::ListTrialsRequest list;
  list.set_sweep("s");
  v1::ListTrialsResponse trials;
  ASSERT_TRUE(stub->ListTrials(Context().get(), list, &trials).ok());
  EXPECT_EQ(trials.trials(0).label(), "model.block=pre_norm seed=0");
  v1::ListSweepsResponse sweeps;
  ASSERT_TRUE(stub->ListSweeps(Context().get(), {}, &sweeps).ok());
  EXPECT_THAT(sweeps.sweeps(0).varied(), ElementsAre("model.block", "seed"));
  EXPECT_FALSE(sweeps.sweeps(0).has_steps_total()) << "nobody counts them";

  v1::CancelSweepRequest cancel;
  cancel.set_name("s");
  v1::CancelSweepResponse cancelled;
  const grpc::Status refused = stub->CancelSweep(Context().get(), cancel, &cancelled);
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(refused.error_message(), HasSubstr("ofsweep coordinator"));
  const auto context = Context();
  v1::WatchSweepRequest watch;
  watch.set_name("s");
  EXPECT_EQ(stub->WatchSweep(context.get(), watch)->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  (*offline)->Shutdown();
}

}  // namespace
}  // namespace ofsweep

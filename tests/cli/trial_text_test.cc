#include "cli/trial_text.h"

#include <gmock/gmock.h>

#include "cli/fleet_text.h"

namespace ofsweep {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

TEST(TrialText, SaysHowEachAttemptWent) {
  v1::GetTrialResponse answer;
  v1::Trial& trial = *answer.mutable_trial();
  trial.set_trial_id("0123456789abcdef");
  trial.set_label("model.block=op seed=0");
  trial.set_state("running");
  trial.set_step(40);
  trial.set_target_steps(100);
  (*trial.mutable_results())["kurtosis_max"] = 12.5;
  (*trial.mutable_results())["seed"] = 9007199254740991;
  (*trial.mutable_results())["attempts"] = 3;
  answer.add_sweeps("mine");
  v1::Attempt& first = *answer.add_attempts();
  first.set_worker("gpu-1");
  first.mutable_started_at()->set_seconds(1'795'000'000);
  first.mutable_ended_at()->set_seconds(1'795'000'060);
  first.set_outcome("failed");
  first.set_failure_class("oom");
  first.set_message("out of memory");
  first.set_from_step(0);
  first.set_to_step(30);
  v1::Attempt& second = *answer.add_attempts();
  second.set_worker("gpu-2");
  second.set_from_step(20);
  v1::Attempt& third = *answer.add_attempts();  // of a database before version 3
  third.set_worker("gpu-3");
  third.mutable_ended_at()->set_seconds(1'795'000'060);
  third.set_outcome("completed");
  for (const auto& [device, precision] : {std::pair("A100", "bf16"), std::pair("EPYC", "fp32")}) {
    v1::Origin& origin = precision == std::string("bf16") ? *trial.add_earlier_origins() : *trial.mutable_origin();
    origin.set_device(device);
    origin.set_host("host");
    origin.set_resolved_precision(precision);
    origin.set_revision("abc");
  }
  EXPECT_THAT(RenderTrial(answer), AllOf(HasSubstr("—–—    completed"), HasSubstr("  abc\n"),
                                         HasSubstr("trained on    A100 of host in bf16, then EPYC of host in fp32\n")));
  EXPECT_THAT(
      RenderTrial(answer),
      AllOf(HasSubstr("running at step 40 of 100\n"), HasSubstr("kurtosis_max  12.50\n"),
            HasSubstr("seed          9007199254740991\n"), HasSubstr("attempts      3\n"),
            HasSubstr("gpu-1   2026-11-18 11:06:40 UTC  2026-11-18 11:07:40 UTC  0–30   failed (oom)  out of memory\n"),
            HasSubstr("20–    running")));
}

TEST(TrialText, SaysOnHowManyThreadsItWasTrainedAndOnWhichData) {
  v1::GetTrialResponse answer;
  v1::Trial& trial = *answer.mutable_trial();
  trial.set_state("running");
  (*trial.mutable_config()->mutable_fields())["train.threads"].set_number_value(2);
  EXPECT_THAT(RenderTrial(answer), Not(AnyOf(HasSubstr("threads"), HasSubstr("data")))) << "it has not begun";
  trial.mutable_origin()->set_device("EPYC");
  trial.mutable_origin()->set_data_fingerprint("0011");
  EXPECT_THAT(RenderTrial(answer), AllOf(HasSubstr("threads     2\n"), HasSubstr("data        0011\n")));
  *trial.mutable_origin() = {};
  trial.set_state("completed");  // of a database before version 4
  EXPECT_THAT(RenderTrial(answer),
              AllOf(Not(HasSubstr("threads")), HasSubstr("unknown, trained by an earlier version")));
}

TEST(FleetText, SaysWhatEachWorkerHasAndDoes) {
  v1::ListWorkersResponse workers;
  EXPECT_THAT(RenderWorkers(workers, {}), HasSubstr("ofsweep worker"));
  v1::Worker& worker = *workers.add_workers();
  worker.set_worker_id("w1");
  worker.set_host("gpu-1");
  worker.set_connected(true);
  worker.set_slots(2);
  worker.set_busy(1);
  worker.add_trial_ids("0123456789abcdef");
  worker.add_devices()->set_kind("cpu");
  for (int i = 0; i < 2; ++i) {
    worker.add_devices()->set_kind("cuda");
    worker.mutable_devices(i + 1)->set_model("NVIDIA H100");
  }
  EXPECT_THAT(RenderWorkers(workers, {}), AllOf(HasSubstr("2 × NVIDIA H100"), HasSubstr("1/2"), HasSubstr("connected"),
                                                HasSubstr("0123456789abcdef")));
  worker.mutable_stops_at()->set_seconds(1'795'000'000);
  EXPECT_THAT(RenderWorkers(workers, {}), HasSubstr("connected, stops at 2026-11-18 11:06:40 UTC"));
  worker.set_quarantine_reason("three trials crashed");
  EXPECT_THAT(RenderWorkers(workers, {}), HasSubstr("in quarantine: three trials crashed"));
  worker.set_connected(false);
  worker.mutable_last_seen()->set_seconds(1'795'000'000);
  EXPECT_THAT(RenderWorkers(workers, {}), HasSubstr("silent since 2026-11-18 11:06:40 UTC"));
}

}  // namespace
}  // namespace ofsweep

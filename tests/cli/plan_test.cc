#include "cli/plan.h"

#include <gmock/gmock.h>

#include <fstream>
#include <sstream>
#include <utility>

#include <nlohmann/json.hpp>

#include "cli/plan_text.h"
#include "experiment/memory_advice.h"

namespace ofsweep {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Plan PlanOf(const std::string& yaml, const PlanFor& planned = {"cpu", 8e9, 1}, const std::string& file = "/x/x.yaml") {
  std::vector<Problem> problems;
  const SweepSpec spec = ParseSweepSpec(yaml, file, problems);
  Plan plan = MakePlan(spec, file, planned, problems);
  EXPECT_EQ(ToText(problems), "");
  return plan;
}

std::string Mistakes(const std::string& yaml) {
  std::vector<Problem> problems;
  const SweepSpec spec = ParseSweepSpec(yaml, "/x/x.yaml", problems);
  MakePlan(spec, "/x/x.yaml", {}, problems);
  return ToText(problems);
}

TEST(Plan, TrialsThatCostTheSameAreOneRow) {
  const Plan plan = PlanOf(
      "name: x\n"
      "grid: {model.block: [pre_norm, op], optimizer.name: [adam, soap], optimizer.learning_rate: [1e-3, 3e-3], "
      "seed: [0, 1, 2]}");
  EXPECT_EQ(plan.trials, 24u);
  EXPECT_EQ(plan.shapes, 2u);
  EXPECT_THAT(plan.columns, ElementsAre("model.block", "optimizer.name"));
  ASSERT_EQ(plan.rows.size(), 4u);
  EXPECT_EQ(plan.rows[0].trials, 6u);
  EXPECT_THAT(plan.rows[3].values, ElementsAre("op", "soap"));
  EXPECT_EQ(plan.rows[0].parameters, 2'178'432);
  EXPECT_EQ(plan.rows[0].tokens, 200 * 16 * 64);
  EXPECT_EQ(plan.rows[0].flops, (6.0 * 2'178'432 + 12.0 * 4 * 192 * 64) * 200 * 16 * 64);
}

// 1,664 and 2,354 points are what trials of the quickstart have left in a database.
TEST(Plan, SaysWhatIsLeftOnDisk) {
  const std::string quickstart = "train: {steps: 900}, measure: {every: 20}, evaluate: {bits: [w8a4]}}";
  EXPECT_EQ(PlanOf("name: x\ntrial: {model: {block: op}, " + quickstart).points, 1'664);
  EXPECT_EQ(PlanOf("name: x\ntrial: {model: {block: post_norm}, " + quickstart).points, 2'354);
  const Plan plan = PlanOf("name: x\ntrial: {train: {steps: 900}}\ngrid: {measure.every: [20, 40], seed: [0, 1]}");
  ASSERT_EQ(plan.rows.size(), 1u);
  EXPECT_EQ(plan.points, 2 * ((46 + 24) * 36 + 2 * 6));
  // Adam: a weight and two moments of four bytes.
  EXPECT_EQ(plan.rows[0].CheckpointBytes(), 12.0 * 2'178'432);
  const auto json = nlohmann::json::parse(PlanJson(plan));
  EXPECT_EQ(json["checkpoint_bytes"], 4 * 12.0 * 2'178'432);
  EXPECT_EQ(json["points"], plan.points);
  EXPECT_THAT(PlanText(plan),
              AllOf(HasSubstr("On disk: 5.064 k points"),
                    HasSubstr("checkpoints of 26.1 MB, of which a trial keeps two while it trains, then "
                              "one, 105 MB on the workers together.")));
  const Plan none = PlanOf("name: x\nkeep: {checkpoints: none}");
  EXPECT_EQ(nlohmann::json::parse(PlanJson(none))["checkpoint_bytes"], 0);
  EXPECT_THAT(PlanText(none), HasSubstr("keeps two while it trains, none afterwards."));
  const Plan unwritten = PlanOf("name: x\ntrial: {train.checkpoint_every: 0}");
  EXPECT_EQ(nlohmann::json::parse(PlanJson(unwritten))["checkpoint_bytes"], 0);
  const Plan all = PlanOf("name: x\nkeep: {checkpoints: all}");
  EXPECT_EQ(nlohmann::json::parse(PlanJson(all))["checkpoint_bytes"], nullptr);
  EXPECT_THAT(PlanText(all), HasSubstr("keeps all that it writes."));
}

// A key that costs something unless the table says otherwise; one that was forgotten would show rows that are equal.
TEST(Plan, WhatTellsTrialsApartWithoutCostingAnythingMakesNoRows) {
  for (const char* varied : {"replica: [a, b]", "data.order: [shuffled, sequential]", "schedule.kind: [linear, cosine]",
                             "measure.every: [1, 2]", "optimizer.beta2: [0.9, 0.99]"}) {
    const Plan plan = PlanOf("name: x\ngrid: {" + std::string(varied) + "}");
    EXPECT_EQ(plan.trials, 2u) << varied;
    EXPECT_EQ(plan.rows.size(), 1u) << varied;
    EXPECT_THAT(plan.columns, testing::IsEmpty()) << varied;
  }
}

// Equal numbers written differently, a key that means nothing for Adam, and what is left out.
TEST(Plan, CombinationsThatAreOneTrialAreCountedOnce) {
  const Plan numbers = PlanOf("name: x\ngrid: {optimizer.learning_rate: [1e-3, 0.001, 2e-3], seed: [0, 1]}");
  EXPECT_EQ(numbers.combinations, 6u);
  EXPECT_EQ(numbers.trials, 4u);
  EXPECT_THAT(PlanText(numbers), HasSubstr("4 trials (6 combinations, of which 2 are the same trial"));
  EXPECT_EQ(nlohmann::json::parse(PlanJson(numbers))["combinations"], 6);
  const Plan inert = PlanOf(
      "name: x\ngrid: {optimizer.name: [adam, soap], optimizer.refresh_every: [5, 10]}\n"
      "exclude: [{optimizer.name: soap, optimizer.refresh_every: 5}]");
  EXPECT_EQ(inert.combinations, 3u);
  EXPECT_EQ(inert.trials, 2u);
}

TEST(Plan, StepsMakeRowsOfTheirOwn) {
  const Plan plan = PlanOf("name: x\ngrid: {train.steps: [10, 20]}");
  EXPECT_THAT(plan.columns, ElementsAre("train.steps"));
  EXPECT_EQ(plan.rows[1].tokens, 2 * plan.rows[0].tokens);
}

TEST(Plan, WhatIsMeasuredAndRoundedMakesRowsOfItsOwn) {
  const std::string yaml =
      "name: x\n"
      "trial: {model: {layers: 1, width: 64, heads: 8, context: 512, vocabulary: 2048}, train.micro_batch_size: 1}\n"
      "grid: {";
  const std::pair<const char*, const char*> axes[] = {
      {"evaluate.int8", "evaluate.int8: [false, true]"},
      {"evaluate.bits", "evaluate.int8: [false], evaluate.bits: [[], [w8a4]]"},
      {"measure.metrics", "evaluate.int8: [false], measure.metrics: [[kurtosis], [kurtosis, delta_m2]]"},
  };
  for (const auto& [key, axis] : axes) {
    const Plan plan = PlanOf(yaml + axis + ", seed: [0, 1], measure.every: [1, 2], evaluate.every: [1, 2]}");
    ASSERT_EQ(plan.rows.size(), 2u) << axis;
    EXPECT_THAT(plan.columns, ElementsAre(key));
    EXPECT_LT(plan.rows[0].memory.peak, plan.rows[1].memory.peak) << axis;
  }
  const Plan calibrated =
      PlanOf("name: x\ntrial: {train.micro_batch_size: 1}\ngrid: {evaluate.int8_calibration_batch_size: [1, 1000]}");
  ASSERT_EQ(calibrated.rows.size(), 2u);
  EXPECT_LT(calibrated.rows[0].memory.peak, calibrated.rows[1].memory.peak);
}

TEST(Plan, AutoMicroBatchesAreTheLargestThatFit) {
  const std::string yaml =
      "name: x\ntrial: {model.preset: opt-125m, train.batch_size: 192, data.vocabulary: 50272, evaluate.int8: false}";
  const Plan plan = PlanOf(yaml, {"cuda", 20e9});
  EXPECT_TRUE(plan.rows[0].fits);
  EXPECT_EQ(plan.rows[0].config.Text("train.precision"), "bf16");
  EXPECT_EQ(plan.rows[0].micro_batch_size, FittingMicroBatch(plan.rows[0].config, 20e9));
  EXPECT_LT(plan.rows[0].micro_batch_size, 192);
  EXPECT_EQ(PlanOf(yaml, {"cuda", 1e9}).rows[0].micro_batch_size, 1);
  EXPECT_FALSE(PlanOf(yaml, {"cuda", 1e9}).rows[0].fits);
}

TEST(Plan, TheDeviceIsSharedByTheSlots) {
  const std::string yaml =
      "name: x\ntrial: {model.preset: opt-125m, train.batch_size: 16, train.micro_batch_size: 16, data.vocabulary: "
      "50272}";
  const double needs = PlanOf(yaml, {"cpu", 1e12, 1}).rows[0].memory.peak;
  const Plan one = PlanOf(yaml, {"cpu", 1.1 * needs, 1});
  EXPECT_TRUE(one.rows[0].fits);
  EXPECT_EQ(one.rows[0].room_for, 1);
  const Plan two = PlanOf(yaml, {"cpu", 1.1 * needs, 2});
  EXPECT_EQ(two.slots, 2);
  EXPECT_FALSE(two.rows[0].fits);
  EXPECT_THAT(PlanText(two), AllOf(HasSubstr("Does not fit"), HasSubstr("its share of this worker is "),
                                   HasSubstr("/ 2 slots)"), HasSubstr("use --slots 1, or")));
  const Plan two_on_a_gpu = PlanOf(yaml, {"cuda", 1.1 * PlanOf(yaml, {"cuda", 1e12, 1}).rows[0].memory.peak, 2});
  EXPECT_THAT(PlanText(two_on_a_gpu), HasSubstr("use --slots 1 on a worker with one GPU (2 with two), or"));
  EXPECT_EQ(nlohmann::json::parse(PlanJson(two))["rows"][0]["room_for"], 1);
  EXPECT_TRUE(PlanOf(yaml, {"cpu", 2.1 * needs, 2}).rows[0].fits);
}

TEST(Plan, TheVocabularyOfPreparedTokensIsReadBesideThem) {
  const std::string folder = testing::TempDir();
  std::ofstream(folder + "/plan_test_tokens.json") << "{\"vocabulary\": 777}";
  const Plan plan = PlanOf("name: x\ntrial: {data.source: tokens, data.path: plan_test_tokens.bin}", {"cpu", 8e9, 1},
                           folder + "/x.yaml");
  EXPECT_EQ(plan.rows[0].config.Integer("model.vocabulary"), 777);
  EXPECT_THAT(Mistakes("name: x\ntrial: {data.source: tokens, data.path: none.bin}"),
              AllOf(HasSubstr("data.path: there is no file "), HasSubstr("none.bin"), HasSubstr("model.vocabulary")));
}

TEST(Plan, TokensThatCannotBeSuchByTheirSizeAreAMistake) {
  const std::string path = testing::TempDir() + "/plan_test_size.bin";
  const auto mistakes = [&](std::size_t bytes, const std::string& type) {
    std::ofstream(path) << std::string(bytes, 'x');
    return Mistakes("name: x\ntrial: {data.source: tokens, model.vocabulary: 777, model.context: 64, data.path: " +
                    path + ", data.token_type: " + type + "}");
  };
  EXPECT_THAT(mistakes(3, "uint16"), AllOf(HasSubstr("data.path: " + path), HasSubstr("3 bytes are no whole number")));
  EXPECT_THAT(mistakes(402, "uint32"), HasSubstr("402 bytes are no whole number of uint32 tokens"));
  EXPECT_THAT(mistakes(128, "auto"), HasSubstr("64 tokens are less than one window of model.context + 1 = 65"));
  EXPECT_THAT(mistakes(0, "auto"), HasSubstr("is empty"));
  EXPECT_EQ(mistakes(130, "auto"), "");
}

TEST(Plan, AContradictionIsAMistakeAndNoArithmetic) {
  EXPECT_THAT(Mistakes("name: x\ntrial: {model.heads: 7}"), HasSubstr("model.heads"));
}

TEST(PlanText, SaysWhatMayBeReliedOn) {
  Plan plan = PlanOf("name: small\ngrid: {model.block: [pre_norm, op], seed: [0, 1]}");
  EXPECT_THAT(PlanText(plan), AllOf(HasSubstr("small: 4 trials of 2 model shapes"), HasSubstr("2,178,432"),
                                    Not(HasSubstr("training takes")), Not(HasSubstr("Does not fit"))));
  for (PlanRow& row : plan.rows) row.timing = StepTiming{.step_seconds = 1.5};
  EXPECT_THAT(PlanText(plan), HasSubstr("training takes 20:00 on this machine"));  // 4 × 200 × 1.5 s
  plan.slots = 2;
  EXPECT_THAT(PlanText(plan), HasSubstr("training takes 10:00 on this machine, 2 trials at once"));
  plan.slots = 100;
  EXPECT_THAT(PlanText(plan), HasSubstr("training takes 5:00 on this machine"));  // no less than one trial
}

TEST(PlanText, EveryPartThatAPeakMayBeMadeOfIsInTheTableAndInTheJson) {
  const std::string trial = "data.vocabulary: 50272, model.preset: opt-125m, train.batch_size: 8";
  const Plan plain = PlanOf("name: x\ntrial: {" + trial + ", evaluate.int8: false}");
  EXPECT_THAT(PlanText(plain), AllOf(HasSubstr("weights"), Not(HasSubstr("its step")), Not(HasSubstr("measuring")),
                                     Not(HasSubstr("evaluation"))));
  const Plan all = PlanOf("name: x\ntrial: {" + trial + ", optimizer.name: soap, measure.metrics: [all]}");
  const auto json = nlohmann::json::parse(PlanJson(all))["rows"][0]["memory"];
  for (const MemoryPart& part : kMemoryParts) {
    const double bytes = all.rows[0].memory.*part.bytes;
    EXPECT_GT(bytes, 0) << part.key;
    EXPECT_THAT(PlanText(all), AllOf(HasSubstr(std::string(part.heading)), HasSubstr(Gigabytes(bytes)))) << part.key;
    EXPECT_EQ(json[std::string(part.key)], bytes);
  }
}

TEST(PlanText, EveryPartThatAloneIsTooMuchIsNamed) {
  const Plan plan = PlanOf(
      "name: x\ntrial: {data.vocabulary: 50272, model.preset: opt-125m, optimizer.name: soap, measure.metrics: [all]}",
      {"cpu", 1e3, 1});
  for (const MemoryPart& part : kMemoryParts) {
    EXPECT_THAT(WhyItDoesNotFit(plan.rows[0]),
                HasSubstr(std::string(part.name) + " (" + Gigabytes(plan.rows[0].memory.*part.bytes) + ")"));
  }
}

TEST(PlanText, JsonHasTheSameNumbers) {
  Plan plan = PlanOf("name: small\ngrid: {model.block: [pre_norm, op], seed: [0, 1]}");
  auto json = nlohmann::json::parse(PlanJson(plan));
  EXPECT_EQ(json["trials"], 4);
  EXPECT_TRUE(json["seconds"].is_null());
  EXPECT_EQ(json["rows"][1]["varies"]["model.block"], "op");
  EXPECT_EQ(json["rows"][0]["memory"]["weights"], 4.0 * 2'178'432);
  for (PlanRow& row : plan.rows) row.timing = StepTiming{.step_seconds = 1.5};
  json = nlohmann::json::parse(PlanJson(plan));
  EXPECT_EQ(json["seconds"], 1200);
  EXPECT_EQ(json["rows"][0]["seconds"], 300);
}

// Issue 4: `ofsweep plan sweeps/7b.yaml` explains in words why one 24 GB GPU cannot train it.
TEST(PlanText, SaysWhyASmallGpuCannotTrainSevenBillionParameters) {
  const std::string file = OFSWEEP_SOURCE_DIR "/sweeps/7b.yaml";
  std::ifstream stream(file);
  std::stringstream text;
  text << stream.rdbuf();
  const Plan plan = PlanOf(text.str(), {}, file);
  for (const PlanRow& row : plan.rows) {
    EXPECT_FALSE(row.fits);
    EXPECT_THAT(
        WhyItDoesNotFit(row),
        AllOf(HasSubstr("A GPU of 24 GB cannot train it"), HasSubstr("Alone more than it has: "),
              HasSubstr("the optimizer's state (79."), HasSubstr("2 bytes as a weight, 4 as a gradient and 12 in"),
              HasSubstr("A GPU of 192 GB can"), HasSubstr("model.layers: ")));
  }
}

}  // namespace
}  // namespace ofsweep

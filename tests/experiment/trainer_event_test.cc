#include "experiment/trainer_event.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "experiment/sealed_line.h"

namespace ofsweep {
namespace {

template <class Event>
Event RoundTrip(const Event& event) {
  const auto parsed = ParseTrainerEvent(ToJsonLine(event));
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return std::get<Event>(*parsed);
}

TEST(TrainerEvent, PointsKeepEveryValue) {
  PointsEvent event;
  event.points = {.step = 10, .tokens = 20480, .seconds = 1.9};
  const double infinity = std::numeric_limits<double>::infinity();
  event.points.points = {{{"train_loss", std::nullopt, ""}, std::nan("")},
                         {{"kurtosis", 0, "block"}, 0.1 + 0.2},
                         {{"rms", std::nullopt, "embedding"}, infinity},
                         {{"rms", std::nullopt, "final_norm"}, -infinity}};
  const PointsEvent read = RoundTrip(event);
  ASSERT_EQ(read.points.points.size(), 4u);
  EXPECT_TRUE(std::isnan(read.points.points[0].value));
  EXPECT_EQ(read.points.points[1].value, 0.1 + 0.2);
  EXPECT_EQ(read.points.points[2].value, infinity);
  EXPECT_EQ(read.points.points[3].value, -infinity);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(read.points.points[i].series, event.points.points[i].series);
}

TEST(TrainerEvent, LooksAsDocumented) {
  EXPECT_EQ(ToJsonLine(AttemptEnd{.outcome = AttemptOutcome::kCompleted, .step = 200}),
            R"({"event":"finished","outcome":"completed","step":200})");
  EXPECT_EQ(ToJsonLine(Failed(FailureClass::kBadData, "no corpus")),
            R"({"event":"failed","class":"bad_data","message":"no corpus"})");
  PointsEvent points;
  points.points = {.step = 10,
                   .tokens = 20480,
                   .seconds = 1.5,
                   .points = {{{"kurtosis", 0, "block"}, 1.25}, {{"train_loss", {}, ""}, 5}}};
  EXPECT_EQ(
      ToJsonLine(points),
      R"({"event":"points","step":10,"tokens":20480,"seconds":1.5,"points":[["kurtosis",0,"block",1.25],["train_loss",null,null,5.0]]})");
}

TEST(TrainerEvent, ATrainerSaysOnlyFailuresThatItCanSee) {
  const auto failed = [](const std::string& failure) {
    return ParseTrainerEvent(R"({"event":"failed","class":")" + failure + R"(","message":"why"})");
  };
  for (const char* said : {"oom", "crash", "bad_config", "bad_data", "timeout", "other_data"}) {
    EXPECT_TRUE(failed(said).ok()) << said;
  }
  for (const char* unsaid : {"", "lost", "preempted", "sunspots"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(failed(unsaid).status())) << unsaid;
  }
}

TEST(TrainerEvent, PhasesStandBesideThePointsOnlyWhereThereAreAny) {
  PointsEvent event;
  event.points = {.step = 10, .tokens = 20480, .seconds = 1.5};
  event.phases = {{TrainerPhase::kTrain, 9, 1.25}, {TrainerPhase::kCheckpoint, 1, 0.5}};
  EXPECT_EQ(
      ToJsonLine(event),
      R"({"event":"points","step":10,"tokens":20480,"seconds":1.5,"points":[],"phases":{"train":[9,1.25],"checkpoint":[1,0.5]}})");
  const PointsEvent read = RoundTrip(event);
  ASSERT_EQ(read.phases.size(), 2u);
  EXPECT_EQ(read.phases[0].phase, TrainerPhase::kTrain);
  EXPECT_EQ(read.phases[0].times, 9);
  EXPECT_EQ(read.phases[0].seconds, 1.25);
  EXPECT_EQ(read.phases[1].phase, TrainerPhase::kCheckpoint);
}

TEST(TrainerEvent, StartedCarriesTheResolvedConfiguration) {
  StartedEvent event{.parameters = 5, .device = "cpu", .tokens_per_step = 2, .config_hash = "ab", .resumed_from = 7};
  event.left_out = {{"link", 2}, {"not_utf8", 1}};
  event.config = {{"seed", 1}};
  const StartedEvent read = RoundTrip(event);
  EXPECT_EQ(read.resumed_from, 7);
  EXPECT_EQ(read.left_out, event.left_out);
  EXPECT_EQ(read.config, event.config);
}

TEST(TrainerEvent, QuantizersKeepTheirFields) {
  QuantizerEvent event{.step = 3};
  event.fields = {{"place", "blocks.0.attn.q.output"}, {"low", -3.5}};
  EXPECT_EQ(RoundTrip(event).fields, event.fields);
  const auto sealed = ParseTrainerEvent(SealLine(ToJsonLine(event), 7));
  EXPECT_EQ(std::get<QuantizerEvent>(*sealed).fields, event.fields);
}

TEST(TrainerEvent, QuantizersOfABrokenModelSayNaN) {
  QuantizerEvent event{.step = 3};
  event.fields = {{"place", "embed.sum"}, {"low", std::nan("")}, {"zero_point", 0}};
  EXPECT_EQ(ToJsonLine(event), R"({"event":"quantizer","step":3,"place":"embed.sum","low":"NaN","zero_point":0})");
}

TEST(TrainerEvent, SensitivitiesKeepTheirNumbersAndOrder) {
  const SensitivityEvent one = RoundTrip(SensitivityEvent{
      .step = 3, .bits = "w8a4", .place = "embed.sum", .loss = 2.5, .perplexity = 12.18, .increase = 0.25});
  EXPECT_EQ(one.step, 3);
  EXPECT_EQ(one.bits, "w8a4");
  EXPECT_EQ(one.place, "embed.sum");
  EXPECT_EQ(one.loss, 2.5);
  EXPECT_EQ(one.perplexity, 12.18);
  EXPECT_EQ(one.increase, 0.25);
  const SensitivityRankingEvent ranking{
      .step = 3, .bits = "w8a4", .full_precision_perplexity = 12, .increases = {{"b.weight", 0.5}, {"a", -0.25}}};
  EXPECT_EQ(RoundTrip(ranking).increases, ranking.increases);
  EXPECT_EQ(
      ToJsonLine(ranking),
      R"({"event":"sensitivity_ranking","step":3,"bits":"w8a4","full_precision_perplexity":12.0,"increases":[["b.weight",0.5],["a",-0.25]]})");
}

TEST(TrainerEvent, RefusesWhatIsNoEvent) {
  for (const char* line : {"", "Traceback", "{}", R"({"event":"dance"})", R"({"event":"points","step":1})",
                           R"({"event":"finished","outcome":"pending","step":1})"}) {
    EXPECT_EQ(ParseTrainerEvent(line).status().code(), absl::StatusCode::kInvalidArgument) << line;
  }
}

}  // namespace
}  // namespace ofsweep

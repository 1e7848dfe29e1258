#include "experiment/trial_key.h"

#include <gtest/gtest.h>

#include "experiment/choices.h"

namespace ofsweep {
namespace {

const TrialKey& Key(std::string_view name) {
  return *FindTrialKey(name);
}

TEST(TrialKey, EveryDefaultIsAcceptedByItsOwnRow) {
  for (const TrialKey& key : TrialKeys()) {
    const Value& value = DefaultValue(key);
    const auto* list = std::get_if<std::vector<std::string>>(&value);
    EXPECT_EQ((list == nullptr ? ParseValue(key, ToText(value)) : ParseValue(key, *list)).value(), value) << key.name;
  }
}

TEST(TrialKey, EveryConditionNamesAKnownKeyThatCanHaveItsValues) {
  for (const TrialKey& key : TrialKeys()) {
    if (key.applies.key.empty()) continue;
    const TrialKey* condition = FindTrialKey(key.applies.key);
    ASSERT_NE(condition, nullptr) << key.name;
    if (condition->choices.empty()) continue;
    const auto first = key.applies.values.substr(0, key.applies.values.find('|'));
    EXPECT_TRUE(IsOneOf(first, condition->choices)) << key.name;
  }
}

TEST(TrialKey, ReadsNumbersAsResearchersWriteThem) {
  EXPECT_EQ(ParseValue(Key("optimizer.learning_rate"), "1e-3").value(), Value(0.001));
  EXPECT_EQ(ParseValue(Key("optimizer.learning_rate"), ".5").value(), Value(0.5));
  EXPECT_FALSE(ParseValue(Key("train.steps"), "40_000").ok());
  EXPECT_EQ(ParseValue(Key("train.steps"), "4e4").value(), Value(std::int64_t{40000}));
}

TEST(TrialKey, RefusesWhatDoesNotFitAndSaysWhatDoes) {
  const auto message = [](std::string_view key, std::string_view text) {
    return std::string(ParseValue(Key(key), text).status().message());
  };
  EXPECT_EQ(message("optimizer.learning_rate", "0"), "expected a number > 0 and ≤ 1000, got \"0\"");
  EXPECT_EQ(message("train.steps", "1.5"), "expected an integer ≥ 1 and ≤ 1000000000, got \"1.5\"");
  EXPECT_EQ(message("train.steps", "many"), "expected an integer ≥ 1 and ≤ 1000000000, got \"many\"");
  EXPECT_EQ(message("train.steps", "2000000000"), "expected an integer ≥ 1 and ≤ 1000000000, got \"2000000000\"");
  EXPECT_EQ(message("optimizer.epsilon", "0"), "expected a number > 0, got \"0\"");
  EXPECT_EQ(message("model.block", "prenorm"), "expected one of pre_norm, post_norm, op, got \"prenorm\"");
  EXPECT_EQ(message("model.tie_embeddings", "yes"), "expected true or false, got \"yes\"");
  EXPECT_EQ(message("train.device", "cuda:x"), "expected cpu, cuda, cuda:N or auto, got \"cuda:x\"");
  EXPECT_EQ(message("optimizer.learning_rate", "nan"), "expected a number > 0 and ≤ 1000, got \"nan\"");
}

TEST(TrialKey, ReadsBitsOfWeightsAndActivations) {
  const TrialKey& key = Key("evaluate.bits");
  using List = std::vector<std::string>;
  EXPECT_EQ(DefaultValue(key), Value(List{}));
  EXPECT_EQ(ParseValue(key, List{}).value(), Value(List{}));
  EXPECT_EQ(ParseValue(key, "w8a4").value(), Value(List{"w8a4"}));
  EXPECT_EQ(ParseValue(key, List{"w2a16", "w32a4"}).value(), Value(List{"w2a16", "w32a4"}));
  for (const char* bad : {"w1a8", "w8a17", "w8a31", "W8A4", "a4w8", "w8", "w08a4", "w8a", "8", "int8", "w8a4 ", ""}) {
    const absl::Status refused = ParseValue(key, List{"w8a5", bad}).status();
    EXPECT_EQ(
        refused.message(),
        std::string("expected wXaY, X and Y from 2 to 16, or 32 for unrounded: [w8a5, w8a4], got \"") + bad + "\"");
  }
  EXPECT_EQ(ParseValue(key, List{"w8a4", "w4a4", "w8a4"}).status().message(),
            "\"w8a4\" stands twice in the list; once is enough");
}

TEST(TrialKey, AutoIsOnlyForKeysThatHaveIt) {
  EXPECT_TRUE(ParseValue(Key("model.ffn_width"), "auto").ok());
  EXPECT_FALSE(ParseValue(Key("model.width"), "auto").ok());
}

TEST(TrialKey, FindsTheKeyThatWasMeant) {
  EXPECT_EQ(NearestTrialKey("optimizer.lerning_rate"), "optimizer.learning_rate");
  EXPECT_EQ(NearestTrialKey("learning_rate"), "optimizer.learning_rate");
  EXPECT_EQ(NearestTrialKey("model.blok"), "model.block");
  EXPECT_EQ(NearestTrialKey("train.batchsize"), "train.batch_size");
  EXPECT_EQ(NearestTrialKey("modle.blok"), "model.block");
  EXPECT_EQ(NearestTrialKey("train.learning_rate"), "optimizer.learning_rate");
  EXPECT_EQ(NearestTrialKey("xyzzy.quux"), "");
  EXPECT_EQ(NearestTrialKey("optimizer.xy"), "");
}

TEST(TrialKey, FindsWhatAnAbbreviationStandsForWhateverItsSection) {
  for (const char* section : {"", "optimizer.", "train."}) {
    EXPECT_EQ(NearestTrialKey(std::string(section) + "lr"), "optimizer.learning_rate");
    EXPECT_EQ(NearestTrialKey(std::string(section) + "wd"), "optimizer.weight_decay");
    EXPECT_EQ(NearestTrialKey(std::string(section) + "bs"), "train.batch_size");
    EXPECT_EQ(NearestTrialKey(std::string(section) + "eps"), "optimizer.epsilon");
  }
}

// evaluate.every and measure.every, model.vocabulary and data.vocabulary have equal last parts.
TEST(TrialKey, OfEqualPartsTheSameSectionIsMeant) {
  EXPECT_EQ(NearestTrialKey("evaluate.evry"), "evaluate.every");
  EXPECT_EQ(NearestTrialKey("measure.evry"), "measure.every");
  EXPECT_EQ(NearestTrialKey("data.vocabulry"), "data.vocabulary");
  EXPECT_EQ(NearestTrialKey("model.vocabulry"), "model.vocabulary");
}

}  // namespace
}  // namespace ofsweep

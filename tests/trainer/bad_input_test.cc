// Wrong input and a hostile machine: what the program says, and how it ends.

#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_split.h"
#include "experiment/trial_config.h"
#include "tests/trainer/tiny_trial.h"
#include "tests/trainer/trainer_process.h"

namespace ofsweep {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr int kNoRoom = 3;  // what the trainer exits with where a disk is full

class BadInput : public testing::Test {
 protected:
  TrainerResult Run(const nlohmann::json& trial) {
    return RunTrainer({"--config", WriteTrial(folder_, trial), "--cache", folder_.path() / "cache"});
  }

  void ExpectFailure(const TrainerResult& result, FailureClass failure,
                     const testing::Matcher<const std::string&>& message, int exit_code = 1) {
    EXPECT_EQ(result.exit_code, exit_code);
    EXPECT_EQ(result.Failure().failure, failure);
    EXPECT_THAT(result.Failure().message, message);
    EXPECT_THAT(result.errors, message);
  }

  TemporaryFolder folder_;
  nlohmann::json trial_ = TinyTrial();
};

TEST_F(BadInput, AllMistakesOfATrialAreSaidAtOnce) {
  trial_["optimizer"]["lerning_rate"] = 1;
  trial_["train"]["steps"] = "many";
  const TrainerResult result = Run(trial_);
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.Failure().failure, FailureClass::kBadConfig);
  EXPECT_THAT(result.errors,
              AllOf(HasSubstr("optimizer.lerning_rate"), HasSubstr("train.steps"), HasSubstr("trial.json")));
}

TEST_F(BadInput, WrongUsageExitsWith2) {
  EXPECT_EQ(RunTrainer({}).exit_code, 2);
  EXPECT_EQ(RunTrainer({"--frobnicate"}).exit_code, 2);
  EXPECT_EQ(RunTrainer({"--config", WriteTrial(folder_, trial_), "--resume"}).exit_code, 2);
  const TrainerResult missing = RunTrainer({"--config", folder_.path() / "none.json"});
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_THAT(missing.errors, AllOf(HasSubstr("none.json: no such file"), HasSubstr("--config")));
}

TEST_F(BadInput, AConfigurationOfAnotherTrialIsRefused) {
  const std::string trial = WriteTrial(folder_, trial_);
  const TrainerResult other = RunTrainer({"--config", trial, "--trial-id", "0123456789abcdef"});
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_EQ(other.Failure().failure, FailureClass::kBadConfig);
  std::vector<Problem> problems;
  const std::string own = TrialId(ConfigHash(ParseTrialJson(trial_.dump(), trial, problems)));
  EXPECT_THAT(other.errors, AllOf(HasSubstr(trial), HasSubstr(own), HasSubstr("0123456789abcdef")));
  EXPECT_EQ(RunTrainer({"--config", trial, "--trial-id", own}).exit_code, 0);
}

TEST_F(BadInput, OtherDataThanTheTrialIsOfIsRefusedBeforeItTrains) {
  const TrainerResult first = Run(trial_);
  ASSERT_EQ(first.exit_code, 0) << first.errors;
  const std::string found = std::get<StartedEvent>(first.Events().front()).config.at("data.fingerprint");
  const std::string other(kFingerprintDigits, '0');
  const auto expect = [&](const std::string& fingerprint) {
    return RunTrainer({"--config", WriteTrial(folder_, trial_), "--cache", folder_.path() / "cache", "--expect",
                       "data.fingerprint=" + fingerprint});
  };
  EXPECT_EQ(expect(found).exit_code, 0);
  ExpectFailure(
      expect(other), FailureClass::kOtherData,
      AllOf(HasSubstr("tokens.bin"), HasSubstr(found), HasSubstr(other), HasSubstr("put the same files there")));
  trial_["data"]["fingerprint"] = other;
  ExpectFailure(Run(trial_), FailureClass::kOtherData, AllOf(HasSubstr(found), HasSubstr(other)));
  for (const char* command : {"prepare", "evaluate"}) {
    ExpectFailure(RunTrainer({command, "--config", WriteTrial(folder_, trial_), "--cache", folder_.path() / "cache"}),
                  FailureClass::kOtherData, AllOf(HasSubstr(found), HasSubstr(other)));
  }
  const TrainerResult misspelt = RunTrainer({"--config", WriteTrial(folder_, trial_), "--expect", "data.path=x"});
  EXPECT_EQ(misspelt.exit_code, 2);
  EXPECT_THAT(misspelt.errors, AllOf(HasSubstr("--expect"), HasSubstr("data.path=x")));
}

// NaN is neither too small nor too large.
TEST_F(BadInput, NumbersThatAreNoneAreRefusedWithWhatIsExpected) {
  const std::string trial = WriteTrial(folder_, trial_);
  const std::pair<const char*, const char*> wrong[] = {
      {"--memory", "nan"}, {"--memory", "4GB"}, {"--slots", "nan"}, {"--gpu-slots", "0"}};
  for (const auto& [option, bad] : wrong) {
    const TrainerResult refused = RunTrainer({"--config", trial, option, bad});
    EXPECT_EQ(refused.exit_code, 2) << option << " " << bad;
    EXPECT_THAT(refused.errors, AllOf(HasSubstr(option), HasSubstr(std::string("got \"") + bad + "\"")));
    EXPECT_LT(refused.errors.size(), 300u);
  }
}

// Else the losses of random weights would pass for those of the trained model.
TEST_F(BadInput, AsTrainedNeedsTheCheckpointOfThisTrialAndItsTokens) {
  const std::string out = folder_.path() / "out";
  ASSERT_EQ(RunTrainer({"--config", WriteTrial(folder_, trial_), "--output", out}).exit_code, 0);
  const std::string checkpoint = out + "/checkpoint-000000024.safetensors";
  const auto evaluate = [&](const nlohmann::json& trial, const std::string& file) {
    return RunTrainer({"evaluate", "--config", WriteTrial(folder_, trial), "--as-trained", "--checkpoint", file});
  };
  const TrainerResult without = RunTrainer({"evaluate", "--config", WriteTrial(folder_, trial_), "--as-trained"});
  EXPECT_EQ(without.exit_code, 2);
  EXPECT_THAT(without.errors, HasSubstr("--checkpoint"));
  EXPECT_EQ(evaluate(trial_, checkpoint).exit_code, 0);

  nlohmann::json other = trial_;
  other["seed"] = 7;
  const std::string plain = OFSWEEP_SOURCE_DIR "/tests/reference/training/pre_norm-adam/init.safetensors";
  const auto advice_of_an_evaluation = AllOf(Not(HasSubstr("--output")), Not(HasSubstr("--resume")));
  ExpectFailure(evaluate(other, checkpoint), FailureClass::kBadConfig,
                AllOf(HasSubstr("belongs to another trial"), advice_of_an_evaluation));
  other = trial_;
  other["model"].erase("dropout");
  other["model"].update({{"context", 32}});
  ExpectFailure(evaluate(other, plain), FailureClass::kBadData,
                AllOf(HasSubstr("is no checkpoint of ofsweep-trainer"), advice_of_an_evaluation));

  std::filesystem::copy(trial_["data"]["path"].get<std::string>(), folder_.path() / "tokens.bin");
  other = trial_;
  other["data"]["path"] = (folder_.path() / "tokens.bin").string();
  ASSERT_EQ(RunTrainer({"--config", WriteTrial(folder_, other), "--output", out + "2"}).exit_code, 0);
  {
    std::fstream tokens(folder_.path() / "tokens.bin", std::ios::in | std::ios::out | std::ios::binary);
    tokens.write("\1\0\1\0\1\0", 6);
  }
  ExpectFailure(evaluate(other, out + "2/checkpoint-000000024.safetensors"), FailureClass::kBadData,
                AllOf(HasSubstr("the tokens have changed"), HasSubstr("data.path"), advice_of_an_evaluation));
}

TEST_F(BadInput, ATrialThatCannotFitIsRefusedBeforeItStartsWithTheKeysToChange) {
  trial_["model"]["layers"] = 10000;
  trial_["model"]["width"] = 1 << 14;
  ExpectFailure(Run(trial_), FailureClass::kOom,
                AllOf(HasSubstr("the trial needs "), HasSubstr("weights"), HasSubstr("this machine has "),
                      HasSubstr("train.micro_batch_size"), HasSubstr("model.layers")));
}

TEST_F(BadInput, AMissingCorpusIsNamedWithItsKey) {
  trial_["data"] = {{"source", "text"}, {"path", "books"}};
  trial_["model"].erase("vocabulary");
  ExpectFailure(Run(trial_), FailureClass::kBadData,
                AllOf(HasSubstr("data.path"), HasSubstr((folder_.path() / "books").string())));
}

// A mistake of the user, which is not tried again elsewhere, whichever way the system puts it.
TEST_F(BadInput, APathThatCannotBeReadIsBadData) {
  const std::filesystem::path loop = folder_.path() / "loop";
  const std::filesystem::path pipe = folder_.path() / "pipe";
  const std::filesystem::path long_name = folder_.path() / std::string(300, 'n');
  std::filesystem::create_symlink(loop, loop);
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const auto expect_bad = [&](const char* key, const nlohmann::json& data, const std::filesystem::path& path) {
    nlohmann::json trial = trial_;
    trial["data"].update(data);
    if (data.contains("source")) trial["model"].erase("vocabulary");
    ExpectFailure(Run(trial), FailureClass::kBadData, AllOf(HasSubstr(key), HasSubstr(path.string())));
  };
  expect_bad("data.path", {{"source", "text"}, {"path", loop}}, loop);
  expect_bad("data.path", {{"source", "python"}, {"path", long_name}}, long_name);
  expect_bad("data.path", {{"path", pipe}}, pipe);
  expect_bad("data.path", {{"path", folder_.path()}}, folder_.path());
  expect_bad("data.validation_path", {{"validation_path", loop}}, loop);
  trial_["model"]["init_from"] = folder_.path();
  ExpectFailure(Run(trial_), FailureClass::kBadData, HasSubstr(folder_.path().string()));
}

TEST_F(BadInput, ATokenOutsideTheVocabularyIsRefused) {
  trial_["model"]["vocabulary"] = 40;
  ExpectFailure(Run(trial_), FailureClass::kBadData,
                AllOf(HasSubstr("tokens.bin"), HasSubstr("outside the vocabulary"), HasSubstr("model.vocabulary")));
}

TEST_F(BadInput, TokensOfUnknownVocabularyAreTheConfigurationsFault) {
  trial_["model"].erase("vocabulary");
  ExpectFailure(Run(trial_), FailureClass::kBadConfig, HasSubstr("model.vocabulary"));
}

TEST_F(BadInput, TooFewTokensForOneWindow) {
  trial_["model"]["context"] = 2000;
  ExpectFailure(Run(trial_), FailureClass::kBadData, HasSubstr("model.context + 1 = 2001"));
  trial_["model"]["context"] = 500;
  ExpectFailure(Run(trial_), FailureClass::kBadData, HasSubstr("data.validation_fraction"));
}

TEST_F(BadInput, AVocabularyTooSmallForTheCorpus) {
  std::string every_character;
  for (int lead = 0xC4; lead < 0xD0; ++lead) {
    for (int trail = 0x80; trail < 0xC0; ++trail) {
      every_character += static_cast<char>(lead);
      every_character += static_cast<char>(trail);
    }
  }
  folder_.Write("books/a.txt", every_character);
  trial_["data"] = {{"source", "text"}, {"path", "books"}, {"vocabulary", 300}};
  trial_["model"].erase("vocabulary");
  ExpectFailure(Run(trial_), FailureClass::kBadConfig, HasSubstr("data.vocabulary: 300"));
}

TEST_F(BadInput, InitialWeightsThatDoNotFitAreDescribed) {
  const std::filesystem::path reference = OFSWEEP_SOURCE_DIR "/tests/reference/training/pre_norm-adam/init.safetensors";
  trial_["model"]["init_from"] = reference.string();
  trial_["model"]["context"] = 32;
  trial_["model"]["tie_embeddings"] = false;
  ExpectFailure(Run(trial_), FailureClass::kBadData,
                AllOf(HasSubstr("init.safetensors"), HasSubstr("head.weight is missing")));
  trial_["model"]["tie_embeddings"] = true;
  trial_["model"]["ffn_width"] = 32;
  ExpectFailure(Run(trial_), FailureClass::kBadData, HasSubstr("has another shape than [32, 16]"));
  std::filesystem::copy(reference, folder_.path() / "cut.safetensors");
  std::filesystem::resize_file(folder_.path() / "cut.safetensors", 3000);
  trial_["model"]["init_from"] = "cut.safetensors";
  ExpectFailure(Run(trial_), FailureClass::kBadData, HasSubstr("is truncated"));
}

TEST_F(BadInput, ModelsThatNoMachineHoldsAreOutOfMemory) {
  trial_["model"]["width"] = 1 << 20;
  trial_["model"]["layers"] = 100;
  ExpectFailure(Run(trial_), FailureClass::kOom, HasSubstr("train.micro_batch_size"));
}

// In a mount namespace, where /dev has the file of a GPU's driver and no GPU.
TEST_F(BadInput, AGpuThatCannotBeUsedIsNotReplacedByTheCpuUnlessAskedFor) {
  if (std::system("unshare --mount true 2>/dev/null") != 0) GTEST_SKIP() << "needs the right to mount";
  const std::filesystem::path script =
      folder_.Write("with_device_file.sh",
                    "set -eu\n"
                    "dev=$(dirname \"$0\")/dev\n"
                    "mkdir -p $dev && mount -t tmpfs tmpfs $dev && touch $dev/nvidiactl\n"
                    "for node in null urandom; do\n"
                    "  touch $dev/$node && mount --bind /dev/$node $dev/$node\n"
                    "done\n"
                    "mount --move $dev /dev && exec \"$@\"\n");
  const auto run = [&] {
    const std::string output = (folder_.path() / "events").string();
    const std::string command = "unshare --mount sh " + script.string() +
                                " " OFSWEEP_BIN_DIR "/ofsweep-trainer --config " + WriteTrial(folder_, trial_) + " >" +
                                output + " 2>" + output + ".errors";
    const int status = std::system(command.c_str());
    const std::vector<std::string> lines = absl::StrSplit(ReadFile(output), '\n', absl::SkipEmpty());
    return TrainerResult{WEXITSTATUS(status), lines, ReadFile(output + ".errors")};
  };
  trial_["train"]["device"] = "auto";
  ExpectFailure(run(), FailureClass::kCrash, AllOf(HasSubstr("train.device: "), HasSubstr("set train.device to cpu")));
  trial_["train"]["device"] = "cpu";
  EXPECT_EQ(run().exit_code, 0);
}

TEST_F(BadInput, ForcedBfloat16WithoutItsInstructionsIsWarnedOfOnce) {
  const std::string warning = "train.precision: this CPU has no bf16 instructions";
  trial_["train"]["steps"] = 1;
  EXPECT_THAT(Run(trial_).errors, Not(HasSubstr(warning)));
  trial_["train"]["precision"] = "bf16";
  const TrainerResult result = Run(trial_);
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  const std::size_t first = result.errors.find(warning);
  std::string flags;
  for (std::ifstream file("/proc/cpuinfo"); std::getline(file, flags) && !flags.starts_with("flags");) {
  }
  EXPECT_EQ(first == std::string::npos, flags.find("bf16") != std::string::npos) << flags;
  if (first != std::string::npos) {
    EXPECT_EQ(result.errors.find(warning, first + 1), std::string::npos);
  }
}

// A file-size limit stands for a full disk: both refuse the next byte.
TEST_F(BadInput, ACheckpointThatDoesNotFitTheDiskFailsAndLosesNothing) {
  const TrainerResult result = RunTrainer({"--config", WriteTrial(folder_, trial_), "--output", folder_.path() / "out"},
                                          {.file_size_limit = 4096});
  ExpectFailure(result, FailureClass::kCrash,
                AllOf(HasSubstr("checkpoint-000000003.safetensors: cannot be written"), HasSubstr("free some space")),
                kNoRoom);
  int points = 0;
  for (const TrainerEvent& event : result.Events()) points += std::holds_alternative<PointsEvent>(event);
  EXPECT_EQ(points, 3);
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path() / "out"));
}

TEST_F(BadInput, AFullStandardOutputFails) {
  const TrainerResult result = RunTrainer({"--config", WriteTrial(folder_, trial_)}, {.standard_output = "/dev/full"});
  EXPECT_EQ(result.exit_code, kNoRoom);
  EXPECT_THAT(result.errors, HasSubstr("standard output: cannot be written: No space left on device"));
}

TEST_F(BadInput, AReaderThatHasGoneEndsTheTrial) {
  trial_["train"]["steps"] = 1000000;
  StartedTrainer process({"--config", WriteTrial(folder_, trial_)});
  ASSERT_TRUE(process.ReadLine());
  process.StopReading();
  EXPECT_EQ(process.Wait().exit_code, 1);
}

}  // namespace
}  // namespace ofsweep

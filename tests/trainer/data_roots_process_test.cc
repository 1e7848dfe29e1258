// Which files a trainer opens that was given folders, and what it says of those that it does not.

#include <sys/stat.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/trainer/tiny_trial.h"
#include "tests/trainer/trainer_process.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class DataRootsOfATrainer : public testing::Test {
 protected:
  DataRootsOfATrainer() {
    fs::create_directory(Path("data"));
    fs::copy(trial_["data"]["path"].get<std::string>(), Path("data/tokens.bin"));
    trial_["data"]["path"] = Path("data/tokens.bin");
  }

  std::string Path(const std::string& name) const { return folder_.path() / name; }

  TrainerResult Run(const std::string& root) const {
    return RunTrainer({"--config", WriteTrial(folder_, trial_), "--cache", Path("cache"), "--data-root", root});
  }

  // The trial fails for good, and neither its last event nor its log has a word of the secret.
  void ExpectRefused(const char* key, const std::string& path) {
    const TrainerResult result = Run(Path("data"));
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_EQ(result.Failure().failure, FailureClass::kBadData);
    const auto said = AllOf(HasSubstr(std::string(key) + ": " + path), HasSubstr("(" + Path("data") + ")"),
                            HasSubstr("--data-root"), Not(HasSubstr("secret words")), Not(HasSubstr("7171")));
    EXPECT_THAT(result.Failure().message, said);
    EXPECT_THAT(result.errors, said);
  }

  TemporaryFolder folder_;
  nlohmann::json trial_ = TinyTrial();
};

TEST_F(DataRootsOfATrainer, ATrialTrainsOnWhatLiesBeneathThem) {
  trial_["data"]["validation_path"] = Path("data/tokens.bin");
  trial_["model"]["context"] = 32;
  trial_["model"]["init_from"] = Path("data/init.safetensors");
  fs::copy(OFSWEEP_SOURCE_DIR "/tests/reference/training/pre_norm-adam/init.safetensors",
           Path("data/init.safetensors"));
  for (const std::string& root : {Path("data"), folder_.path().string()}) {
    const TrainerResult result = Run(root);
    EXPECT_EQ(result.exit_code, 0) << result.errors;
  }
}

TEST_F(DataRootsOfATrainer, NoKeyOfATrialLeadsOut) {
  const std::string secret = folder_.Write("secret.bin", "secret words 7171");
  const nlohmann::json allowed = trial_;
  const auto expect = [&](const char* key, const nlohmann::json& changed, const std::string& path) {
    trial_ = allowed;
    trial_.merge_patch(changed);
    ExpectRefused(key, path);
  };
  fs::create_symlink(secret, Path("data/link.bin"));
  for (const std::string& path : {secret, Path("data/link.bin"), Path("data/../secret.bin"), Path("none.bin")}) {
    expect("data.path", {{"data", {{"path", path}}}}, path);
    expect("data.validation_path", {{"data", {{"validation_path", path}}}}, path);
    expect("model.init_from", {{"model", {{"init_from", path}}}}, path);
    expect("data.path", {{"model", {{"vocabulary", nullptr}}}, {"data", {{"path", path}, {"source", "text"}}}}, path);
  }
  fs::create_symlink(folder_.Write("secret.json", R"({"vocabulary": "secret words", "tokens": 7171})"),
                     Path("data/tokens.json"));
  expect("data.path", nlohmann::json::object(), Path("data/tokens.json"));
  folder_.Write("data/corpus/a.txt", "some text");
  fs::create_symlink(secret, Path("data/corpus/b.txt"));
  expect("data.path",
         {{"model", {{"vocabulary", nullptr}}}, {"data", {{"path", Path("data/corpus")}, {"source", "text"}}}},
         Path("data/corpus/b.txt"));
}

TEST_F(DataRootsOfATrainer, WhatIsBrokenBeneathThemIsNotQuoted) {
  folder_.Write("data/tokens.json", R"({"vocabulary": "secret words 7171)");
  const auto says = [&](const char* what) {
    const TrainerResult result = Run(Path("data"));
    const auto said = AllOf(HasSubstr(what), Not(HasSubstr("secret words")), Not(HasSubstr("7171")));
    EXPECT_EQ(result.Failure().failure, FailureClass::kBadData);
    EXPECT_THAT(result.Failure().message, said);
    EXPECT_THAT(result.errors, said);
  };
  says("does not describe tokens");
  folder_.Write("data/tokens.json", R"({"vocabulary": 7171, "tokens": 17171})");
  says("another number of tokens");
  fs::remove(Path("data/tokens.json"));
  trial_["model"]["init_from"] = folder_.Write("data/init.safetensors", "secret words 7171");
  says("is not a safetensors file");
}

TEST_F(DataRootsOfATrainer, WithAnEmptyOneNoFileIsReadButThePythonOfTheMachine) {
  const TrainerResult refused = Run("");
  EXPECT_EQ(refused.Failure().failure, FailureClass::kBadData);
  EXPECT_THAT(refused.errors, HasSubstr("there are none"));
  trial_["data"] = {{"source", "python"}, {"vocabulary", 2048}};
  trial_["model"].erase("vocabulary");
  trial_["train"]["steps"] = 1;
  const TrainerResult result = Run("");
  EXPECT_EQ(result.exit_code, 0) << result.errors;
}

TEST_F(DataRootsOfATrainer, APipeNeitherBlocksNorIsRead) {
  ASSERT_EQ(::mkfifo(Path("data/pipe.bin").c_str(), 0600), 0);
  trial_["data"]["path"] = Path("data/pipe.bin");
  const TrainerResult result = Run(Path("data"));
  EXPECT_EQ(result.Failure().failure, FailureClass::kBadData);
  EXPECT_THAT(result.errors, HasSubstr("data/pipe.bin is no regular file"));
}

}  // namespace
}  // namespace ofsweep

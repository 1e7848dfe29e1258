#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/trainer/tiny_trial.h"
#include "tests/trainer/trainer_process.h"
#include "trainer/dataset.h"
#include "trainer/tokenizer.h"

namespace ofsweep {
namespace {

using testing::HasSubstr;

class PrepareTest : public testing::Test {
 protected:
  PrepareTest() {
    for (int i = 0; i < 50; ++i) {
      const std::string name = "function_" + std::to_string(i);
      folder_.Write("books/" + name + ".txt",
                    "def " + name + "(x):\n    return x * " + std::to_string(i) + "\n\t# ▁ é\r\n");
    }
    trial_["model"].erase("vocabulary");
    trial_["data"] = {{"source", "text"}, {"path", "books"}, {"vocabulary", 300}, {"validation_fraction", 0.1}};
  }

  std::vector<std::string> Arguments(const char* command) {
    return {command, "--config", WriteTrial(folder_, trial_), "--cache", folder_.path() / "cache"};
  }

  Dataset Open() {
    std::vector<Problem> problems;
    const std::string file = WriteTrial(folder_, trial_);
    return *OpenDataset(ParseTrialJson(ReadFile(file), file, problems), folder_.path() / "cache");
  }

  TemporaryFolder folder_;
  nlohmann::json trial_ = TinyTrial();
};

int Count(const std::string& text, const std::string& part) {
  int count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST_F(PrepareTest, TwoProcessesPrepareTheSameDataOnce) {
  TrainerProcess first(Arguments("prepare"));
  TrainerProcess second(Arguments("prepare"));
  const TrainerResult a = first.Wait();
  const TrainerResult b = second.Wait();
  EXPECT_EQ(a.exit_code, 0) << a.errors;
  EXPECT_EQ(b.exit_code, 0) << b.errors;
  EXPECT_EQ(a.lines, b.lines);
  EXPECT_EQ(Count(a.errors + b.errors, "training a tokenizer"), 1);

  const TrainerResult trained = RunTrainer(Arguments("train"));
  EXPECT_EQ(trained.exit_code, 0) << trained.errors;
  EXPECT_EQ(Count(trained.errors, "preparing data"), 0);
}

TEST_F(PrepareTest, WhatAKilledProcessLeftIsDoneAnew) {
  ASSERT_EQ(RunTrainer(Arguments("prepare")).exit_code, 0);
  std::filesystem::path folder;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path() / "cache")) {
    if (entry.is_directory()) folder = entry.path();
  }
  std::filesystem::rename(folder, folder.string() + ".unfinished");
  std::filesystem::remove(folder.string() + ".unfinished/tokens.json");
  const TrainerResult again = RunTrainer(Arguments("prepare"));
  EXPECT_EQ(again.exit_code, 0) << again.errors;
  EXPECT_TRUE(std::filesystem::exists(folder / "tokens.json"));
}

TEST_F(PrepareTest, TheTokensAreTheCorpus) {
  const Dataset dataset = Open();
  EXPECT_EQ(dataset.validation.begin, dataset.train.size);
  EXPECT_EQ(dataset.train.size + dataset.validation.size, dataset.train.file->size());
  std::vector<std::int64_t> tokens(static_cast<std::size_t>(dataset.train.file->size()));
  dataset.train.file->Copy(0, dataset.train.file->size(), tokens.data());

  std::string expected;
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path() / "books")) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  for (const std::string& path : paths) expected += ReadFile(path);
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path() / "cache")) {
    if (!entry.is_directory()) continue;
    const Tokenizer tokenizer(ReadFile(entry.path() / "tokenizer.model"));
    EXPECT_EQ(tokenizer.Decode({tokens.begin(), tokens.end()}), expected);
  }
  EXPECT_EQ(std::count(tokens.begin(), tokens.end(), Tokenizer::kEndOfDocument), 50);
}

TEST_F(PrepareTest, AChangedCorpusIsPreparedAgain) {
  const Dataset before = Open();
  EXPECT_EQ(Open().fingerprint, before.fingerprint);
  folder_.Write("books/zz.txt", "more text than there was before\n");
  EXPECT_NE(Open().fingerprint, before.fingerprint);
}

TEST_F(PrepareTest, AValidationCorpusOfItsOwnSharesTheTokenizer) {
  folder_.Write("held_out/a.txt", "def function_1(x):\n    return x * 1\n");
  trial_["data"]["validation_path"] = "held_out";
  const Dataset dataset = Open();
  EXPECT_EQ(dataset.train.size, dataset.train.file->size());
  EXPECT_NE(dataset.validation.file, dataset.train.file);
  EXPECT_GT(dataset.validation.size, 8);
}

}  // namespace
}  // namespace ofsweep

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/ascii.h"
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

  TrialConfig Config() {
    std::vector<Problem> problems;
    const std::string file = WriteTrial(folder_, trial_);
    return ParseTrialJson(ReadFile(file), file, problems);
  }

  Dataset Open(const char* cache = "cache") {
    TrialConfig config = Config();
    const auto found = FindInputs(kDataKeys, {}, DataRoots(), folder_.path() / cache, config);
    return *OpenDataset(config, *found, folder_.path() / cache);
  }

  // Renames another file over this one: of the same size and the same time, as tar, `cp -p` and `rsync -a` leave it.
  void Replace(const std::string& name, const std::string& content) {
    const std::filesystem::path file = folder_.path() / name;
    const std::filesystem::path other = folder_.Write("replacement", content);
    ASSERT_EQ(std::filesystem::file_size(other), std::filesystem::file_size(file));
    std::filesystem::last_write_time(other, std::filesystem::last_write_time(file));
    std::filesystem::rename(other, file);
  }

  // Each kind of corpus that is prepared, with a file of it.
  std::vector<std::pair<nlohmann::json, std::string>> Corpora() {
    std::string many;
    for (int i = 0; i < 50; ++i) many += ReadFile(folder_.path() / ("books/function_" + std::to_string(i) + ".txt"));
    folder_.Write("one.txt", many);
    folder_.Write("sources/a.py", many);
    folder_.Write("held_out/a.txt", many);
    return {{{{"path", "one.txt"}}, "one.txt"},
            {{{"path", "books"}}, "books/function_1.txt"},
            {{{"source", "python"}, {"path", "sources"}}, "sources/a.py"},
            {{{"path", "books"}, {"validation_path", "held_out"}}, "held_out/a.txt"}};
  }

  TemporaryFolder folder_;
  nlohmann::json trial_ = TinyTrial();
};

int Count(const std::string& text, const std::string& part) {
  int count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST_F(PrepareTest, WhoOpensPreparedTokensSetsTheirFoldersTime) {
  Open();
  std::vector<std::filesystem::path> prepared;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path() / "cache")) {
    if (entry.is_directory()) prepared.push_back(entry.path());
  }
  ASSERT_EQ(prepared.size(), 1u);
  const auto long_ago = std::filesystem::file_time_type::clock::now() - std::chrono::hours(1000);
  std::filesystem::last_write_time(prepared[0], long_ago);
  Open();
  EXPECT_GT(std::filesystem::last_write_time(prepared[0]), long_ago + std::chrono::hours(1))
      << "`ofsweep gc` goes by it";
}

TEST_F(PrepareTest, TwoProcessesPrepareTheSameDataOnce) {
  StartedTrainer first(Arguments("prepare"));
  StartedTrainer second(Arguments("prepare"));
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

// Also by a trial that finds the tokens prepared.
TEST_F(PrepareTest, EveryFileThatIsLeftOutIsCountedWhereTheTrialStarts) {
  folder_.Write("books/latin1.txt", "caf\xe9");
  folder_.Write("held_out/a.txt", std::string(200, 'x') + "function_1 return");
  folder_.Write("held_out/b.txt", "");
  std::filesystem::create_symlink("nowhere", folder_.path() / "books/dangling.txt");
  trial_["data"]["validation_path"] = "held_out";
  const TrainerResult prepared = RunTrainer(Arguments("prepare"));
  ASSERT_EQ(prepared.exit_code, 0) << prepared.errors;
  EXPECT_THAT(prepared.lines.back(), HasSubstr("1 not_utf8"));
  const TrainerResult trained = RunTrainer(Arguments("train"));
  ASSERT_EQ(trained.exit_code, 0) << trained.errors;
  EXPECT_EQ(Count(trained.errors, "preparing data"), 0);
  const auto started = std::get<StartedEvent>(trained.Events().at(0));
  EXPECT_EQ(started.left_out, (LeftOutFiles{{"empty", 1}, {"link", 1}, {"not_utf8", 1}}));
  EXPECT_EQ(started.config["data.token_type"], "uint16");
}

// The tokenizer learns from all of it, not from its title alone.
TEST_F(PrepareTest, ACorpusOfOneLongLineIsTokenisedLikeShortLines) {
  std::string text;
  for (std::int64_t i = 0; text.size() < (2 << 20); ++i) text += "word" + std::to_string(i * i % 997) + " ";
  const auto tokens = [&](const std::string& content) {
    folder_.Write("one.txt", content);
    trial_["data"]["path"] = "one.txt";
    return static_cast<double>(Open().train.file->size());
  };
  std::string lines = text;
  int words = 0;
  for (char& c : lines) {
    if (c == ' ' && ++words % 12 == 0) c = '\n';
  }
  const double in_lines = tokens(lines);
  EXPECT_NEAR(tokens(text), in_lines, in_lines / 4);
  EXPECT_NEAR(tokens("A title\n" + text), in_lines, in_lines / 4);
}

TEST_F(PrepareTest, AChangedCorpusIsPreparedAgain) {
  const Dataset before = Open();
  EXPECT_EQ(Open().fingerprint, before.fingerprint);
  folder_.Write("books/zz.txt", "more text than there was before\n");
  EXPECT_NE(Open().fingerprint, before.fingerprint);
}

std::string Upper(std::string text) {
  for (char& c : text) c = absl::ascii_toupper(c);
  return text;
}

// Of the tokens themselves, which no cache knows.
std::string TokensOf(const Dataset& dataset) {
  return dataset.train.file->Fingerprint() + " " + dataset.validation.file->Fingerprint();
}

TEST_F(PrepareTest, ACorpusOfTheSameSizeAndTimeIsPreparedAgain) {
  for (const auto& [data, file] : Corpora()) {
    trial_["data"] = {{"source", "text"}, {"vocabulary", 300}, {"validation_fraction", 0.1}};
    trial_["data"].update(data);
    const std::string before = TokensOf(Open());
    Replace(file, Upper(ReadFile(folder_.path() / file)));
    const std::string after = TokensOf(Open());
    EXPECT_NE(after, before) << file;
    std::filesystem::remove_all(folder_.path() / "fresh");
    EXPECT_EQ(after, TokensOf(Open("fresh"))) << file;
  }
}

TEST_F(PrepareTest, ACorpusThatIsReplacedBeforeItIsReadIsRefusedAndNothingIsKept) {
  for (const auto& [data, file] : Corpora()) {
    trial_["data"] = {{"source", "text"}, {"vocabulary", 300}, {"validation_fraction", 0.1}};
    trial_["data"].update(data);
    TrialConfig config = Config();
    const auto cache = folder_.path() / ("cache of " + std::filesystem::path(file).parent_path().string());
    const auto found = FindInputs(kDataKeys, {}, DataRoots(), cache, config);
    ASSERT_TRUE(found.ok()) << found.status();
    Replace(file, Upper(ReadFile(folder_.path() / file)));
    const absl::Status status = OpenDataset(config, *found, cache).status();
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << file << ": " << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr((folder_.path() / file).string()));
    for (const auto& entry : std::filesystem::directory_iterator(cache)) {
      EXPECT_FALSE(entry.is_directory()) << entry.path();
    }
  }
}

// They are read where they lie.
TEST_F(PrepareTest, TokensThatAreReplacedBeforeTheyAreOpenedAreRefused) {
  folder_.Write("tokens.bin", std::string(4000, '\1'));
  trial_["data"] = {{"source", "tokens"}, {"path", "tokens.bin"}};
  trial_["model"]["vocabulary"] = 300;
  TrialConfig config = Config();
  const auto found = FindInputs(kDataKeys, {}, DataRoots(), folder_.path() / "cache", config);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_TRUE(CheckOpened(kDataKeys, DataRoots(), folder_.path() / "cache", config).ok());
  Replace("tokens.bin", std::string(3998, '\1') + std::string(2, '\0'));
  const absl::Status status = CheckOpened(kDataKeys, DataRoots(), folder_.path() / "cache", config);
  EXPECT_TRUE(absl::IsAborted(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("tokens.bin"));
}

// Which is no part of the fingerprint of Python files.
TEST_F(PrepareTest, DuplicatesAreCountedWhereTheyAre) {
  const std::string text = ReadFile(folder_.path() / Corpora()[0].second);
  folder_.Write("once/a.py", text);
  folder_.Write("thrice/a.py", text);
  folder_.Write("thrice/b.py", text);
  folder_.Write("thrice/c.py", text);
  const auto left_out = [&](const char* path) {
    trial_["data"].update({{"source", "python"}, {"path", path}});
    return Open().left_out;
  };
  EXPECT_EQ(left_out("once"), LeftOutFiles());
  EXPECT_EQ(left_out("thrice"), (LeftOutFiles{{"duplicate", 2}}));
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

#include "trainer/dataset.h"

#include <chrono>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "trainer/corpus_preparation.h"
#include "trainer/files.h"
#include "trainer/log.h"

namespace ofsweep {
namespace {

namespace fs = std::filesystem;

CorpusRecipe RecipeOf(const TrialConfig& config, const FoundInputs& found) {
  const auto validation = found.find("data.validation_path");
  return {.kind = config.Text("data.source") == "python" ? CorpusKind::kPython : CorpusKind::kText,
          .training = found.at("data.path"),
          .validation = validation == found.end() ? nullptr : &validation->second,
          .vocabulary = config.Integer("data.vocabulary")};
}

void Add(const LeftOutFiles& some, LeftOutFiles& all) {
  for (const auto& [reason, count] : some) all[reason] += count;
}

PreparedFiles FilesIn(const fs::path& folder, const FoundInputs& found) {
  PreparedFiles files{.tokens = folder / "tokens.bin", .left_out = found.at("data.path").left_out};
  if (const auto validation = found.find("data.validation_path"); validation != found.end()) {
    files.validation = folder / "validation.bin";
    Add(validation->second.left_out, files.left_out);
  }
  return files;
}

// Fills a folder of our own, and gives it its name when it is complete. Call under the lock.
absl::Status PublishCorpus(const CorpusRecipe& recipe, const fs::path& folder) {
  const fs::path unfinished = absl::StrCat(folder.string(), ".unfinished");
  std::error_code error;
  fs::remove_all(unfinished, error);  // of a process that died here
  absl::Status status = MakeFolder(unfinished);
  if (status.ok()) status = WriteCorpus(recipe, unfinished);
  if (status.ok()) {
    fs::rename(unfinished, folder, error);
    if (!error) return absl::OkStatus();
    status = absl::UnavailableError(absl::StrCat(folder.string(), ": cannot be created: ", error.message()));
  }
  fs::remove_all(unfinished, error);
  return status;
}

// Says again and again that it waits: else the agent would take a long wait for a hang.
absl::StatusOr<FileLock> AcquireLock(const std::string& path) {
  const auto began = std::chrono::steady_clock::now();
  LogPace pace;
  return FileLock::Acquire(path, [&] {
    if (!pace.IsDue()) return;
    const auto waited = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - began);
    LogInfo(absl::StrCat("preparing data: another process is preparing it, waiting (", waited.count(), " s)"));
  });
}

absl::StatusOr<PreparedFiles> PrepareCorpus(const TrialConfig& config, const FoundInputs& found,
                                            const fs::path& cache) {
  const CorpusRecipe recipe = RecipeOf(config, found);
  const fs::path folder = cache / RecipeDigest(recipe).substr(0, 16);
  std::error_code ignored;  // what cannot be looked at cannot be made either, which says why
  fs::last_write_time(folder, fs::file_time_type::clock::now(), ignored);  // for `ofsweep gc`
  if (fs::exists(folder, ignored)) return FilesIn(folder, found);
  if (absl::Status status = MakeFolder(cache); !status.ok()) return status;
  const absl::StatusOr<FileLock> lock = AcquireLock(absl::StrCat(folder.string(), ".lock"));
  if (!lock.ok()) return lock.status();
  if (!fs::exists(folder, ignored)) {
    if (absl::Status status = PublishCorpus(recipe, folder); !status.ok()) return status;
    LogInfo(absl::StrCat("preparing data: done, ", folder.string()));
  }
  return FilesIn(folder, found);
}

absl::Status CheckTraining(const TokenRange& train, std::int64_t context, const fs::path& path) {
  if (train.Windows(context) > 0) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      path.string(), ": ", train.size, " tokens to train on are less than one window of model.context + 1 = ",
      context + 1, "; give a larger corpus with data.path, or a shorter model.context"));
}

absl::Status CheckValidation(const TokenRange& validation, std::int64_t context, const PreparedFiles& files) {
  if (validation.Windows(context) > 0) return absl::OkStatus();
  const bool is_own_file = !files.validation.empty();
  return absl::FailedPreconditionError(
      absl::StrCat((is_own_file ? files.validation : files.tokens).string(), ": ", validation.size,
                   " tokens to validate on are less than one window of model.context + 1 = ", context + 1,
                   is_own_file ? "; give a larger file with data.validation_path"
                               : "; raise data.validation_fraction, or set it to 0 to train without evaluation"));
}

}  // namespace

absl::StatusOr<PreparedFiles> PrepareDataset(const TrialConfig& config, const FoundInputs& found,
                                             const fs::path& cache) {
  if (config.Text("data.source") != "tokens") return PrepareCorpus(config, found, cache);
  return PreparedFiles{.tokens = config.Text("data.path"), .validation = config.Text("data.validation_path")};
}

absl::StatusOr<Dataset> OpenDataset(const TrialConfig& config, const FoundInputs& found, const fs::path& cache) {
  const absl::StatusOr<PreparedFiles> files = PrepareDataset(config, found, cache);
  if (!files.ok()) return files.status();
  StatedTokens stated;
  if (!config.IsAuto("model.vocabulary")) stated.vocabulary = config.Integer("model.vocabulary");
  if (config.Text("data.source") == "tokens") {  // else they are in the cache, which is the program's own
    stated.type = ParseTokenType(config.Text("data.token_type"));
    stated.roots = found.at("data.path").roots;
  }
  absl::StatusOr<TokenFile> opened = TokenFile::Open(files->tokens, stated);
  if (!opened.ok()) return opened.status();
  const auto tokens = std::make_shared<const TokenFile>(*std::move(opened));

  Dataset dataset;
  dataset.train = {tokens, 0, tokens->size()};
  dataset.vocabulary = tokens->vocabulary();
  dataset.fingerprint = tokens->Fingerprint();
  dataset.left_out = files->left_out;
  Add(tokens->left_out(), dataset.left_out);
  const std::int64_t context = config.Integer("model.context");
  const double fraction = config.Number("data.validation_fraction");
  if (!files->validation.empty()) {
    stated.vocabulary = tokens->vocabulary();
    stated.key = "data.validation_path";
    opened = TokenFile::Open(files->validation, stated);
    if (!opened.ok()) return opened.status();
    Add(opened->left_out(), dataset.left_out);
    const auto validation = std::make_shared<const TokenFile>(*std::move(opened));
    dataset.validation = {validation, 0, validation->size()};
  } else if (fraction > 0) {
    const auto tail = static_cast<std::int64_t>(std::floor(fraction * static_cast<double>(tokens->size())));
    dataset.train.size -= tail;
    dataset.validation = {tokens, dataset.train.size, tail};
  }
  if (absl::Status status = CheckTraining(dataset.train, context, files->tokens); !status.ok()) return status;
  if (dataset.validation.file != nullptr) {
    if (absl::Status status = CheckValidation(dataset.validation, context, *files); !status.ok()) return status;
  }
  return dataset;
}

}  // namespace ofsweep

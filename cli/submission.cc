#include "cli/submission.h"

#include <chrono>
#include <ostream>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "cli/token_input.h"
#include "coordinator/submission.h"
#include "coordinator/wire.h"
#include "corpus/input_content.h"
#include "experiment/sha256.h"

namespace ofsweep {
namespace {

constexpr double kMebibyte = 1 << 20;
constexpr auto kProgressEvery = std::chrono::seconds(2);

std::string NewReplica() {
  std::random_device random;
  return absl::StrFormat("fresh-%08x%08x", random(), random());
}

// Prints how far the reading of large files is.
class ReadingProgress {
 public:
  ReadingProgress(std::string what, std::ostream& log) : what_(std::move(what)), log_(log) {}

  void operator()(std::uint64_t bytes, std::uint64_t of_bytes) {
    const auto now = std::chrono::steady_clock::now();
    if (now - last_ < kProgressEvery) return;
    last_ = now;
    log_ << absl::StrFormat("reading %s: %.0f of %.0f MiB", what_, static_cast<double>(bytes) / kMebibyte,
                            static_cast<double>(of_bytes) / kMebibyte)
         << std::endl;
  }

 private:
  const std::string what_;
  std::ostream& log_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

}  // namespace

Fingerprints SeenInputs(const SweepSpec& spec, const SubmissionOptions& options, std::ostream& log) {
  Fingerprints seen;
  FingerprintCache cache(options.cache.empty() ? DefaultDatasetCache() : std::filesystem::path(options.cache));
  for (const DataInput& input : InputsOf(spec)) {
    if (input.path.empty() && !options.workers_are_here) continue;
    const auto content = ContentOf(input, DataRoots(), "data.path", cache, ReadingProgress(ToText(input), log));
    if (content.ok()) {
      seen[input] = content->fingerprint;
    } else if (!options.workers_are_here) {
      log << ToText(input) << " cannot be read here: the sweep's first attempt decides what it holds\n";
    }
  }
  return seen;
}

v1::SubmitSweepRequest MakeSubmission(const SpecFile& file, const SubmissionOptions& options, std::ostream& log) {
  v1::SubmitSweepRequest request;
  request.mutable_yaml()->set_text(file.text);
  request.mutable_yaml()->set_file_name(file.path);
  if (options.fresh) request.set_replica(NewReplica());
  std::vector<Problem> problems;
  const SweepSpec spec = ParseSweepSpec(file.text, file.path, problems);
  if (!problems.empty()) return request;  // SubmitSweep names them
  for (const auto& [input, fingerprint] : SeenInputs(spec, options, log)) {
    v1::InputFingerprint& seen = *request.add_fingerprints();
    seen.set_source(input.source);
    seen.set_path(input.path);
    seen.set_fingerprint(fingerprint);
  }
  return request;
}

absl::Status CheckFile(const SpecFile& file) {
  constexpr std::uint64_t kExpandedAtOnce = 10'000;  // within a second
  std::vector<Problem> problems;
  const SweepSpec spec = ParseSweepSpec(file.text, file.path, problems);
  if (problems.empty()) CheckTokenFiles(spec, file.path, problems);
  const std::uint64_t cells = CountCells(spec);
  const bool is_expanded = cells <= kExpandedAtOnce || cells > kMaxTrials;  // too many are counted alone
  if (problems.empty() && is_expanded) ExpandSweep(spec, file.path, problems, [](const PlannedTrial&) {});
  return problems.empty() ? absl::OkStatus() : absl::InvalidArgumentError(ToText(problems));
}

absl::Status CheckTokens(const SpecFile& file) {
  std::vector<Problem> ignored, problems;
  const SweepSpec spec = ParseSweepSpec(file.text, file.path, ignored);
  if (ignored.empty()) CheckTokenFiles(spec, file.path, problems);
  return problems.empty() ? absl::OkStatus() : absl::InvalidArgumentError(ToText(problems));
}

absl::StatusOr<v1::SubmitSweepResponse> Validate(const SpecFile& file, std::ostream& log) {
  std::vector<Problem> problems;
  SweepSpec spec = ParseSweepSpec(file.text, file.path, problems);
  if (!problems.empty()) return absl::InvalidArgumentError(ToText(problems));
  spec.fingerprints = SeenInputs(spec, {}, log);
  const SweepSettings settings = ReadSweepSettings(spec, file.path);
  ByteRoom room(kExpansionBytes);
  ByteRoom::Share share(room);
  const auto trials = ExpandSubmission(spec, settings, problems, share);
  if (!trials.ok()) return absl::InvalidArgumentError(trials.status().message());
  const SweepSummary summary{.name = spec.name,
                             .submitted_at = absl::ToUnixMillis(absl::Now()),
                             .counts = {{TrialState::kPending, trials->size()}}};
  const SweepRow row{.name = spec.name,
                     .attributes = spec.attributes,
                     .spec = file.text,
                     .file = file.path,
                     .spec_sha256 = Sha256Hex(file.text)};
  v1::SubmitSweepResponse response;
  response.set_created(true);
  *response.mutable_sweep() = ToMessage(summary, row, settings.varied);
  return response;
}

std::uint64_t CombinationsOf(const SpecFile& file) {
  std::vector<Problem> ignored;
  return CountCombinations(ParseSweepSpec(file.text, file.path, ignored));
}

}  // namespace ofsweep

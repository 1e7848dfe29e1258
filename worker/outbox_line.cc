#include "worker/outbox_line.h"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "experiment/quoted.h"
#include "experiment/sealed_line.h"

namespace ofsweep {
namespace {

using Json = nlohmann::ordered_json;

// The agent's own lines begin so; the trainer's begin with "event".
constexpr std::string_view kOwnLine = "{\"agent\":";
// Where an event begins: also behind what a library has printed without a newline.
constexpr std::string_view kEventBegins = "{\"event\"";

// "" for what are no hexadecimal digits.
std::string BytesOf(const std::string& digits) {
  const bool is_hex = digits.size() % 2 == 0 && std::all_of(digits.begin(), digits.end(), absl::ascii_isxdigit);
  return is_hex ? absl::HexStringToBytes(digits) : "";
}

// The header has the attempt's secret, which may not come into a log.
std::string Shown(std::string_view line, std::uint64_t number) {
  return number == 0 ? "what it holds is not shown" : Printable(line);
}

OutboxLine ReadOwnLine(std::string_view line) {
  const Json json = Json::parse(line);
  if (json.at("agent") == "attempt") {
    return AttemptHeader{.name = {json.at("trial_id"), json.at("generation")},
                         .attempt = json.at("attempt"),
                         .started_at_ms = json.at("started_at_ms"),
                         .continued_generation = json.at("continued_generation"),
                         .secret = BytesOf(json.value("secret", ""))};
  }
  const auto outcome = ParseAttemptOutcome(json.at("outcome").get<std::string>());
  if (!outcome) throw std::invalid_argument("the agent's record of the end has an unknown outcome");
  return AttemptEnd{.outcome = *outcome,
                    .failure = ParseFailureClass(json.at("class").get<std::string>()).value_or(FailureClass::kNone),
                    .message = json.at("message"),
                    .step = json.at("step"),
                    .wall_seconds = json.at("wall_seconds")};
}

absl::StatusOr<OutboxLine> ReadSealedLine(std::string_view line) {
  if (!line.starts_with(kOwnLine)) return ParseTrainerEvent(line);
  try {
    return ReadOwnLine(line);
  } catch (const std::exception& error) {
    return absl::InvalidArgumentError(error.what());
  }
}

}  // namespace

std::string HeaderLine(const AttemptHeader& header) {
  const Json json = {{"agent", "attempt"},
                     {"trial_id", header.name.trial_id},
                     {"generation", header.name.generation},
                     {"attempt", header.attempt},
                     {"started_at_ms", header.started_at_ms},
                     {"continued_generation", header.continued_generation},
                     {"secret", absl::BytesToHexString(header.secret)}};
  return SealLine(json.dump(), 0);
}

std::string EndLine(const AttemptEnd& end, std::uint64_t number) {
  const Json json = {{"agent", "ended"},           {"outcome", Name(end.outcome)},
                     {"class", Name(end.failure)}, {"message", end.message},
                     {"step", end.step},           {"wall_seconds", end.wall_seconds}};
  return SealLine(json.dump(), number);
}

absl::StatusOr<OutboxLine> ReadOutboxLine(std::string_view line, std::uint64_t expected) {
  const std::optional<std::uint64_t> number = ReadSeal(line);
  if (!number && line.find(kEventBegins) == std::string_view::npos) return Garbage{};
  if (!number) {
    return absl::DataLossError(absl::StrCat(
        "line ", expected, " cannot be read: it is damaged, or something else has written into it, or its trainer is ",
        "of another version: ", Shown(line, expected)));
  }
  if (*number != expected) {
    return absl::DataLossError(
        absl::StrCat("line ", expected, " is damaged or missing: the next that can be read is line ", *number));
  }
  absl::StatusOr<OutboxLine> read = ReadSealedLine(line);
  if (read.ok()) return read;
  return absl::DataLossError(absl::StrCat("line ", expected,
                                          " cannot be read: ", Printable(std::string(read.status().message())), ": ",
                                          Shown(line, expected)));
}

}  // namespace ofsweep

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "absl/status/statusor.h"
#include "experiment/trainer_event.h"

namespace ofsweep {

// What the agent itself writes into an outbox, around the trainer's lines.
struct AttemptHeader {
  AttemptName name;
  int attempt = 1;                         // of the trial, from 1
  std::int64_t started_at_ms = 0;          // since 1970
  std::uint64_t continued_generation = 0;  // whose curve its checkpoint is of
  std::string secret;                      // worker.proto's; "" of an outbox that an older version has left
};

// What a library prints.
struct Garbage {};

using OutboxLine = std::variant<Garbage, AttemptHeader, AttemptEnd, TrainerEvent>;

// The agent's own lines, without the newline: the header is line 0, the end the last one.
std::string HeaderLine(const AttemptHeader& header);
std::string EndLine(const AttemptEnd& end, std::uint64_t number);

// All lines but garbage are sealed (experiment/sealed_line.h) and count from 0. DataLoss for one that is damaged, for
// one that is not number `expected`, since others are missing then, and for one whose words mean nothing here.
absl::StatusOr<OutboxLine> ReadOutboxLine(std::string_view line, std::uint64_t expected);

}  // namespace ofsweep

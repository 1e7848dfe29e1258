#include "worker/verdict.h"

#include <signal.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <string_view>

#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace ofsweep {
namespace {

constexpr std::streamoff kTailBytes = 2048;

std::string HowItExited(const ExitStatus& exit) {
  return absl::StrCat("the trainer ", DescribeExit(exit), exit.signal == 0 ? " without saying how it ended" : "");
}

std::string WithLog(const std::string& message, const Evidence& evidence) {
  if (evidence.log_tail.empty()) return absl::StrCat(message, "; it logged nothing to ", evidence.log_path);
  return absl::StrCat(message, "; the end of ", evidence.log_path, ":\n", evidence.log_tail);
}

// A crash, unless the disk was full.
void Crash(std::string message, const Evidence& evidence, AttemptEnd& end) {
  if (evidence.disk_full) {
    end.outcome = AttemptOutcome::kPreempted;
    end.message = absl::StrCat("no space is left in ", evidence.full_folder,
                               ": free some, or give the worker another --data-dir; ", message);
    return;
  }
  end.outcome = AttemptOutcome::kFailed;
  end.failure = FailureClass::kCrash;
  end.message = std::move(message);
}

void JudgeStopped(const Evidence& evidence, AttemptEnd& end) {
  end.outcome = AttemptOutcome::kFailed;
  end.message = evidence.stop_message;
  switch (evidence.stop) {
    case StopReason::kCancelled:
      end.outcome = AttemptOutcome::kCancelled;
      break;
    case StopReason::kShutdown:
    case StopReason::kDisk:
      end.outcome = AttemptOutcome::kPreempted;
      break;
    case StopReason::kSilent:
      end.failure = FailureClass::kTimeout;
      end.message = WithLog(evidence.stop_message, evidence);
      break;
    case StopReason::kLostEvent:
      if (evidence.exit.vanished) {  // long after its trainer wrote it: the trial is not to blame
        end.outcome = AttemptOutcome::kPreempted;
      } else {
        Crash(WithLog(evidence.stop_message, evidence), evidence, end);
      }
      break;
    default:
      end.failure = FailureClass::kCrash;
  }
}

void JudgeByExit(const Evidence& evidence, AttemptEnd& end) {
  if (evidence.exit.vanished) {
    end.outcome = AttemptOutcome::kPreempted;
    end.message = "its worker was killed";
    return;
  }
  end.outcome = AttemptOutcome::kFailed;
  if (evidence.exit.signal == SIGBUS) {
    end.failure = FailureClass::kBadData;
    end.message = WithLog(absl::StrCat(HowItExited(evidence.exit),
                                       ": a file that it reads was cut meanwhile, or its disk cannot be read"),
                          evidence);
    return;
  }
  if (evidence.exit.out_of_memory) {
    end.failure = FailureClass::kOom;
    end.message = absl::StrCat(HowItExited(evidence.exit),
                               ": the machine or its control group ran out of memory; fewer slots, or a smaller ",
                               "train.micro_batch_size, need less");
    return;
  }
  Crash(WithLog(HowItExited(evidence.exit), evidence), evidence, end);
}

void JudgeBySaying(const AttemptEnd& said, const Evidence& evidence, AttemptEnd& end) {
  const bool is_crash = said.failure == FailureClass::kCrash || !IsTrainerFailure(said.failure);
  if (is_crash) return Crash(said.message, evidence, end);
  end.outcome = AttemptOutcome::kFailed;
  end.failure = said.failure;
  end.message = said.message;
}

// Logs may hold any byte, and be cut within a character; protobuf and JSON carry UTF-8 alone.
std::string ValidUtf8(const std::string& text) {
  using Json = nlohmann::json;
  return Json::parse(Json(text).dump(-1, ' ', false, Json::error_handler_t::replace)).get<std::string>();
}

}  // namespace

std::string DescribeExit(const ExitStatus& exit) {
  if (exit.signal == 0) return absl::StrCat("exited with code ", exit.code);
  const char* name = ::sigabbrev_np(exit.signal);
  return absl::StrCat("was killed by signal ", exit.signal, name == nullptr ? "" : absl::StrCat(" (SIG", name, ")"));
}

AttemptEnd Judge(const Evidence& evidence) {
  AttemptEnd end{.step = evidence.step, .wall_seconds = evidence.wall_seconds};
  const bool failed = evidence.said && evidence.said->outcome == AttemptOutcome::kFailed;
  if (evidence.said && !failed) {
    end.outcome = evidence.said->outcome;
    end.step = evidence.said->step;
    end.message = evidence.said->message;
  } else if (evidence.stop != StopReason::kNone) {
    JudgeStopped(evidence, end);
  } else if (failed) {
    JudgeBySaying(*evidence.said, evidence, end);
  } else {
    JudgeByExit(evidence, end);
  }
  end.message = ValidUtf8(end.message);
  return end;
}

std::string ReadLogTail(const std::string& path, int max_lines) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return "";
  const std::streamoff size = file.tellg();
  std::string text(static_cast<std::size_t>(std::min(size, kTailBytes)), '\0');
  file.seekg(size - static_cast<std::streamoff>(text.size()));
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  absl::StripTrailingAsciiWhitespace(&text);
  std::string_view tail = text;
  std::size_t begin = tail.size();
  for (int line = 0; line < max_lines && begin != std::string_view::npos && begin > 0; ++line) {
    begin = tail.rfind('\n', begin - 1);
  }
  if (begin != std::string_view::npos && begin < tail.size()) tail.remove_prefix(begin + 1);
  return std::string(tail);
}

}  // namespace ofsweep

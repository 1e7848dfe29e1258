#include "worker/log_forwarder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "host/unique_fd.h"

namespace ofsweep {
namespace {

constexpr std::uint64_t kNewestBytes = 1 << 20;    // of a log; the coordinator keeps no more
constexpr std::size_t kLogChunkBytes = 256 << 10;  // worker.proto
constexpr std::size_t kRequestBytes = 1 << 20;     // well below what gRPC takes
// Logs that have ended wait only while a coordinator takes attempts' ends and no logs.
constexpr std::size_t kMostEnded = 256;

// The part of a file from `begin` on, or from its newest MiB on; its whole size goes to `size`. Empty where there is no
// file any more.
std::string ReadPart(const std::string& path, std::uint64_t& begin, std::size_t most, std::uint64_t& size) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  size = 0;
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) return "";
  size = static_cast<std::uint64_t>(status.st_size);
  if (size <= begin) return "";
  begin = std::max(begin, size - std::min(size, kNewestBytes));
  std::string text(std::min<std::uint64_t>(most, size - begin), '\0');
  const ssize_t read = ::pread(file.get(), text.data(), text.size(), static_cast<off_t>(begin));
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(read, 0)));
  return text;
}

}  // namespace

void LogForwarder::Follow(const Attempt& attempt, bool is_new) {
  std::erase_if(logs_, [&](const Log& log) { return log.name == attempt.name(); });
  std::size_t ended = 0;
  for (const Log& log : logs_) ended += HasEnded(log.name) ? 1 : 0;
  if (ended >= kMostEnded) {
    logs_.erase(std::find_if(logs_.begin(), logs_.end(), [this](const Log& log) { return HasEnded(log.name); }));
  }
  const auto stored_through = is_new ? std::optional<std::uint64_t>(0) : std::nullopt;
  logs_.push_back({attempt.name(), attempt.secret(), attempt.log_path(), stored_through});
}

std::optional<v1::PushLogRequest> LogForwarder::Next() {
  if (supervisor_.database().id().empty()) return std::nullopt;
  if (std::exchange(incarnation_, supervisor_.database().incarnation()) != supervisor_.database().incarnation()) {
    // It may hold less than the one before: its machine has lost what was not synced, or its logs were taken away.
    for (Log& log : logs_) log.stored_through.reset();
  }
  v1::PushLogRequest request;
  *request.mutable_database() = supervisor_.database();
  sent_.clear();
  hurries_ = false;
  std::size_t room = kRequestBytes;
  for (auto log = logs_.begin(); log != logs_.end(); ++log) {
    if (room == 0) {
      hurries_ = std::any_of(log, logs_.end(), [this](const Log& next) { return HasEnded(next.name); });
      std::rotate(logs_.begin(), log, logs_.end());
      break;
    }
    v1::LogChunk& chunk = *request.add_chunks();
    if (!Fill(*log, std::min(room, kLogChunkBytes), chunk)) {
      request.mutable_chunks()->RemoveLast();
      continue;
    }
    room -= chunk.text().size();
    hurries_ |= log->stored_through && !chunk.complete() && HasEnded(log->name);
    sent_.push_back({log->name, chunk.complete()});
  }
  if (sent_.empty()) return std::nullopt;
  return request;
}

bool LogForwarder::Fill(const Log& log, std::size_t room, v1::LogChunk& chunk) const {
  chunk.set_trial_id(log.name.trial_id);
  chunk.set_generation(log.name.generation);
  chunk.set_secret(log.secret);
  if (!log.stored_through) return true;       // asks
  const bool has_ended = HasEnded(log.name);  // before it is read: else more may come behind what is read
  std::uint64_t begin = *log.stored_through;
  std::uint64_t size = 0;
  chunk.set_text(ReadPart(log.path, begin, room, size));
  chunk.set_begin(begin);
  chunk.set_complete(has_ended && begin + chunk.text().size() >= size);
  return !chunk.text().empty() || chunk.complete();
}

bool LogForwarder::OnAnswer(const v1::PushLogResponse& response) {
  if (response.results_size() != static_cast<int>(sent_.size())) {
    spdlog::error("the coordinator answered {} of {} attempts' logs; sending them again", response.results_size(),
                  sent_.size());
    return false;
  }
  if (std::exchange(is_failing_, false)) spdlog::info("the coordinator takes logs again");
  for (std::size_t i = 0; i < sent_.size(); ++i) Take(sent_[i], response.results(static_cast<int>(i)));
  return true;
}

void LogForwarder::Take(const Sent& sent, const v1::LogResult& result) {
  const auto log =
      std::find_if(logs_.begin(), logs_.end(), [&](const Log& followed) { return followed.name == sent.name; });
  if (log == logs_.end()) return;
  const bool is_forgotten = supervisor_.Find(sent.name) == nullptr;
  if (sent.complete || (result.unknown() && is_forgotten)) {
    logs_.erase(log);
  } else if (result.unknown()) {
    log->stored_through.reset();  // until the coordinator names it
  } else {
    hurries_ |= !log->stored_through;
    log->stored_through = result.stored_through();
  }
}

void LogForwarder::OnFailure(const grpc::Status& status) {
  if (status.error_code() == grpc::StatusCode::ABORTED) return;  // until the next Synchronize
  if (!std::exchange(is_failing_, true)) {
    spdlog::warn("the coordinator takes no logs ({}); they lie in each trial's folder", status.error_message());
  }
}

// Its trainer writes no more.
bool LogForwarder::HasEnded(const AttemptName& name) const {
  const Attempt* attempt = supervisor_.Find(name);
  return attempt == nullptr || !attempt->alive();
}

}  // namespace ofsweep

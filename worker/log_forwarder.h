#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <grpcpp/support/status.h>

#include "ofsweep/v1/worker.pb.h"
#include "worker/supervisor.h"

namespace ofsweep {

// Shows the coordinator what trainers log: reads behind them in their files, and says what to push, for all attempts in
// one PushLog; its owner makes the calls, one at a time (CallLoop), about once a second. Of each log the newest MiB,
// for more is kept nowhere. Nobody waits for it: an attempt may be forgotten before its log is sent, which then still
// is. What it remembers goes with the agent: logs of forgotten attempts that were not sent yet stay on this disk alone.
class LogForwarder {
 public:
  explicit LogForwarder(const Supervisor& supervisor) : supervisor_(supervisor) {}

  // `is_new`: the coordinator has nothing of its log. Else it is asked.
  void Follow(const Attempt& attempt, bool is_new);

  // Nothing: no log has grown, or the coordinator takes none.
  std::optional<v1::PushLogRequest> Next();
  // False: the answer is unusable.
  bool OnAnswer(const v1::PushLogResponse& response);
  void OnFailure(const grpc::Status& status);

  // The next request need not wait its time: more of a log that has ended is left, or what was asked is answered.
  bool hurries() const { return hurries_; }
  // Nothing is left to be sent, or to somebody who takes it.
  bool done() const { return logs_.empty() || is_failing_; }

 private:
  struct Log {
    AttemptName name;
    std::string secret;
    std::string path;
    // What the coordinator holds; nothing: it has to be asked.
    std::optional<std::uint64_t> stored_through;
  };
  struct Sent {
    AttemptName name;
    bool complete = false;
  };

  // False: the log has nothing to say now.
  bool Fill(const Log& log, std::size_t room, v1::LogChunk& chunk) const;
  void Take(const Sent& sent, const v1::LogResult& result);
  bool HasEnded(const AttemptName& name) const;

  const Supervisor& supervisor_;
  std::vector<Log> logs_;          // in the order in which their turn comes
  std::vector<Sent> sent_;         // what the running request holds, chunk for chunk
  std::uint64_t incarnation_ = 0;  // of the coordinator that it is for
  bool is_failing_ = false;
  bool hurries_ = false;
};

}  // namespace ofsweep

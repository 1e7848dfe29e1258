#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "absl/status/status.h"
#include "experiment/trainer_event.h"
#include "worker/agent.h"

namespace ofsweep {

// How long trainers take to end once they are asked to: each finishes what it does, and writes a checkpoint.
class StoppingTime {
 public:
  // What one of them has spent its time on since it told last.
  void Observe(const std::vector<PhaseTime>& phases);
  // The longest of what was observed, and a checkpoint twice, for one may just have begun. Nothing while no checkpoint
  // was seen.
  std::optional<std::chrono::milliseconds> Longest() const;

 private:
  double checkpoint_seconds_ = 0;
  double other_seconds_ = 0;  // an update or an evaluation
};

// When an agent with a deadline begins to stop: so long before it as its trainers took at most, but no longer than the
// grace they have, which also counts while nothing is known; and before that the time for the last points.
std::chrono::steady_clock::time_point BeginOfStop(std::chrono::steady_clock::time_point until,
                                                  const StoppingTime& measured, const AgentOptions& options);

// Says when an agent is to end by itself: its time is up, or it has been idle for long enough. An agent is idle while
// it holds nothing, neither a trainer nor points to send. Where the coordinator answers meanwhile, it has nothing to
// start here, and all is well; where it does not, leaving costs nothing either, and a machine that waits for a service
// that is gone costs much, but it ends with an error: the address may be wrong. An agent whose coordinator only is
// restarted begins to count anew. Lives on the agent's loop; not thread-safe.
class EndWatch {
 public:
  enum class Activity { kBusy, kIdle, kUnanswered };
  // Why it is to end, and what the agent shall return.
  using End = std::function<void(const std::string& why, const absl::Status& status)>;

  EndWatch(boost::asio::io_context& io, const AgentOptions& options, End end);

  void Start();
  void Note(Activity activity);
  void Observe(const std::vector<PhaseTime>& phases) { stopping_time_.Observe(phases); }
  // Until it begins to stop, at least 0; nothing without a deadline.
  std::optional<std::chrono::milliseconds> TimeLeft() const;
  // Ends what it waits for on the loop.
  void Close();

 private:
  void WatchDeadline();
  void EndIdle();

  const AgentOptions& options_;
  const End end_;
  StoppingTime stopping_time_;
  std::optional<Activity> activity_;  // before the first answer or failure nobody knows
  bool closed_ = false;
  boost::asio::steady_timer deadline_timer_;
  boost::asio::steady_timer idle_timer_;
};

}  // namespace ofsweep

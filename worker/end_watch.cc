#include "worker/end_watch.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"

namespace ofsweep {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// The time left changes with what is measured.
constexpr milliseconds kLookAgain{1'000};

}  // namespace

void StoppingTime::Observe(const std::vector<PhaseTime>& phases) {
  for (const PhaseTime& phase : phases) {
    if (phase.times <= 0 || !std::isfinite(phase.seconds) || phase.seconds < 0) continue;
    const double mean = phase.seconds / static_cast<double>(phase.times);
    double& longest = phase.phase == TrainerPhase::kCheckpoint ? checkpoint_seconds_ : other_seconds_;
    longest = std::max(longest, mean);
  }
}

std::optional<milliseconds> StoppingTime::Longest() const {
  if (checkpoint_seconds_ == 0) return std::nullopt;
  constexpr double kLongestMs = 1e9;
  return milliseconds(std::llround(std::min(kLongestMs, 1000 * (2 * checkpoint_seconds_ + other_seconds_))));
}

Clock::time_point BeginOfStop(Clock::time_point until, const StoppingTime& measured, const AgentOptions& options) {
  const milliseconds trainers = std::min(measured.Longest().value_or(options.stop_grace), options.stop_grace);
  return until - trainers - options.drain_grace;
}

EndWatch::EndWatch(boost::asio::io_context& io, const AgentOptions& options, End end)
    : options_(options), end_(std::move(end)), deadline_timer_(io), idle_timer_(io) {}

void EndWatch::Start() {
  if (options_.until) WatchDeadline();
}

std::optional<milliseconds> EndWatch::TimeLeft() const {
  if (!options_.until) return std::nullopt;
  const auto left = BeginOfStop(*options_.until, stopping_time_, options_) - Clock::now();
  return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(left));
}

void EndWatch::WatchDeadline() {
  const milliseconds left = *TimeLeft();
  deadline_timer_.expires_after(std::min(left, kLookAgain));
  deadline_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || closed_) return;
    if (TimeLeft() > milliseconds(0)) return WatchDeadline();
    end_("its worker's time is up", absl::OkStatus());
  });
}

void EndWatch::Note(Activity activity) {
  if (!options_.exit_when_idle || closed_ || std::exchange(activity_, activity) == activity) return;
  idle_timer_.cancel();
  if (activity == Activity::kBusy) return;
  idle_timer_.expires_after(*options_.exit_when_idle);
  idle_timer_.async_wait([this](const boost::system::error_code& error) {
    // Cancelling does not call back a timer that is due: it was set anew, or it is busy.
    if (error || closed_ || activity_ == Activity::kBusy || Clock::now() < idle_timer_.expiry()) return;
    EndIdle();
  });
}

void EndWatch::EndIdle() {
  const double seconds = std::chrono::duration<double>(*options_.exit_when_idle).count();
  if (activity_ == Activity::kIdle) {
    return end_(absl::StrCat("the worker has had nothing to do for ", seconds, " s"), absl::OkStatus());
  }
  const std::string why = absl::StrCat("the coordinator has not answered for ", seconds,
                                       " s, and the worker holds nothing (--exit-when-idle)");
  end_(why, absl::UnavailableError(absl::StrCat(why, ": does it run, and is its address right?")));
}

void EndWatch::Close() {
  closed_ = true;
  deadline_timer_.cancel();
  idle_timer_.cancel();
}

}  // namespace ofsweep

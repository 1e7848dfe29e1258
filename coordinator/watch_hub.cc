#include "coordinator/watch_hub.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "coordinator/rpc_status.h"
#include "coordinator/wire.h"

namespace ofsweep {
namespace {

constexpr double kDefaultSeconds = 1;
constexpr double kShortestSeconds = 0.1;
constexpr double kLongestSeconds = 86'400;
constexpr std::size_t kFinishedPerMessage = 1000;
bool AllFinal(const v1::Sweep& sweep) {
  return sweep.trials().pending() == 0 && sweep.trials().running() == 0;
}

// The rows of `finished`, read in runs of neighbouring positions.
absl::StatusOr<std::vector<v1::Trial>> ReadFinished(Store& store, const std::string& sweep,
                                                    const SweepSettings& settings,
                                                    std::vector<FinishedTrial> finished) {
  constexpr std::uint64_t kGap = 8;  // rows that are cheaper to read over than to ask again
  std::sort(finished.begin(), finished.end(), [](const auto& a, const auto& b) { return a.position < b.position; });
  std::vector<v1::Trial> trials;
  for (std::size_t begin = 0; begin < finished.size();) {
    std::size_t end = begin + 1;
    while (end < finished.size() && finished[end].position - finished[end - 1].position <= kGap) ++end;
    const std::uint64_t offset = finished[begin].position;
    const auto rows = store.ListResults(sweep, {}, finished[end - 1].position - offset + 1, offset);
    if (!rows.ok()) return rows.status();
    for (; begin < end; ++begin) {
      const std::uint64_t index = finished[begin].position - offset;
      if (index >= rows->size()) continue;
      const ResultRow& row = (*rows)[index];
      if (!IsTerminal(row.trial.state)) continue;  // pending again by now; its next end will be told
      trials.push_back(ToMessage(row, TrialLabel(settings, row)));
    }
  }
  return trials;
}

}  // namespace

absl::StatusOr<WatchUpdate> NextUpdate(SweepViews& views, Store& store, const std::string& sweep,
                                       std::optional<std::uint64_t>& finished_cursor) {
  auto progress = views.Progress(sweep, finished_cursor, kFinishedPerMessage);
  if (!progress.ok()) return progress.status();
  const auto settings = views.Settings(sweep);
  if (!settings.ok()) return settings.status();
  auto finished = ReadFinished(store, sweep, **settings, std::move(progress->finished));
  if (!finished.ok()) return finished.status();
  finished_cursor = progress->finished_cursor;
  WatchUpdate update{.message = ToMessage(*progress), .complete = progress->all_finished_told};
  for (v1::Trial& trial : *finished) *update.message.add_finished() = std::move(trial);
  return update;
}

class WatchHub::Watcher final : public ServerStream<v1::WatchSweepResponse> {
 public:
  Watcher(WatchHub& hub, grpc::CallbackServerContext& context, const v1::WatchSweepRequest& request)
      : ServerStream(hub.streams_, context),
        hub_(hub),
        sweep_(request.name()),
        interval_(absl::Seconds(request.min_interval_seconds() == 0
                                    ? kDefaultSeconds
                                    : std::min(request.min_interval_seconds(), kLongestSeconds))) {}

 private:
  absl::StatusOr<StreamHub::Step> Next() override {
    if (last_is_final_) return StreamHub::Step{.kind = StreamHub::Step::kEnd};
    auto update = NextUpdate(hub_.views_, hub_.store_, sweep_, finished_cursor_);
    if (!update.ok()) return update.status();
    message_ = std::move(update->message);
    last_is_final_ = update->complete && AllFinal(message_.sweep());
    if (last_is_final_ || !update->complete) {
      return StreamHub::Step{.kind = StreamHub::Step::kWrite, .due = absl::InfinitePast()};
    }
    return StreamHub::Step{.kind = StreamHub::Step::kWrite, .earliest = absl::Now() + interval_};
  }

  WatchHub& hub_;
  const std::string sweep_;
  const absl::Duration interval_;
  std::optional<std::uint64_t> finished_cursor_;
  bool last_is_final_ = false;
};

WatchHub::WatchHub(SweepViews& views, Store& store)
    : views_(views), store_(store), streams_("WatchSweep", &views, absl::ZeroDuration()) {}

grpc::ServerWriteReactor<v1::WatchSweepResponse>* WatchHub::Watch(grpc::CallbackServerContext& context,
                                                                  const v1::WatchSweepRequest& request,
                                                                  const std::string& caller) {
  const double seconds = request.min_interval_seconds();
  grpc::Status refusal;
  if (seconds != 0 && !(seconds >= kShortestSeconds)) {
    refusal = BadRequest(
        {{.key = "min_interval_seconds", .message = "is too short", .fix = "at least 0.1, or 0 for 1 second"}});
  }
  auto* watcher = new Watcher(*this, context, request);
  streams_.Add(*watcher, refusal, caller);
  return watcher;
}

}  // namespace ofsweep

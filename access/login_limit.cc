#include "access/login_limit.h"

namespace ofsweep {
namespace {

constexpr TimeMs kMinute = 60'000;

}  // namespace

int LoginLimit::SecondsToWait(const std::string& peer, TimeMs now) {
  absl::MutexLock lock(&mutex_);
  BeginAnew(now);
  const auto known = failures_of_.find(peer);
  const bool is_over = known != failures_of_.end() && known->second >= kFailuresOfPeer;
  if (!is_over && failures_ < kFailuresInAll) return 0;
  return static_cast<int>((minute_began_at_ + kMinute - now + 999) / 1000);
}

void LoginLimit::NoteFailure(const std::string& peer, TimeMs now) {
  absl::MutexLock lock(&mutex_);
  BeginAnew(now);
  if (failures_ >= kFailuresInAll) return;
  ++failures_;
  ++failures_of_[peer];
}

void LoginLimit::BeginAnew(TimeMs now) {
  if (now - minute_began_at_ < kMinute) return;
  minute_began_at_ = now;
  failures_ = 0;
  failures_of_.clear();
}

}  // namespace ofsweep

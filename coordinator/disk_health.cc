#include "coordinator/disk_health.h"

#include <string>

#include <spdlog/spdlog.h>

namespace ofsweep {
namespace {

// Longer than the pauses after which workers send again what failed, so that a disk which stays full is named once.
constexpr TimeMs kQuietMs = 10'000;

}  // namespace

void DiskHealth::NoteFailure(const absl::Status& failure) {
  absl::MutexLock lock(&mutex_);
  failed_at_ = clock_.Now();
  if (failure_.ok()) spdlog::error("nothing can be stored: {}", std::string(failure.message()));
  failure_ = failure;
}

void DiskHealth::NoteProbe() {
  absl::MutexLock lock(&mutex_);
  if (failure_.ok() || clock_.Now() - failed_at_ < kQuietMs) return;
  failure_ = absl::OkStatus();
  spdlog::info("everything is stored again");
}

absl::Status DiskHealth::status() const {
  absl::MutexLock lock(&mutex_);
  return failure_;
}

}  // namespace ofsweep

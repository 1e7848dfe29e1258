#include "worker/point_forwarder.h"

#include <utility>

#include <spdlog/spdlog.h>

#include "absl/strings/str_cat.h"
#include "experiment/data_folder.h"

namespace ofsweep {
namespace {

// Of an attempt whose points wait, and none came from its outbox.
std::string WhyNothingIsSent(Attempt& attempt, const absl::Status& read) {
  const std::string& path = attempt.outbox()->path();
  if (!read.ok()) {
    return absl::StrCat("its outbox cannot be read back: ", read.message(), "; check the disk that ", path, " is on");
  }
  return absl::StrCat("its outbox ", path, " no longer holds the ", attempt.unsent(),
                      " points that are not sent yet: something else has cut it or written to it, and nothing but the ",
                      "worker may");
}

}  // namespace

std::optional<v1::PushMetricsRequest> PointForwarder::Next() {
  v1::PushMetricsRequest request;
  *request.mutable_database() = supervisor_.database();
  sent_to_ = supervisor_.database().incarnation();
  sent_.clear();
  std::size_t points = 0;
  for (Attempt* attempt : supervisor_.Forwarding()) {
    v1::TrialPoints& trial = *request.add_trials();
    const absl::StatusOr<Outbox::Batch> batch = attempt->outbox()->NextBatch(options_.batch_points - points, trial);
    if (!batch.ok() || batch->points == 0) {
      request.mutable_trials()->RemoveLast();
      attempt->Refuse(WhyNothingIsSent(*attempt, batch.status()));
      continue;
    }
    trial.set_trial_id(attempt->name().trial_id);
    trial.set_generation(attempt->name().generation);
    trial.set_secret(attempt->secret());
    trial.set_from_step(static_cast<std::uint64_t>(attempt->from_step()));
    sent_.push_back({attempt->name(), *batch});
    points += batch->points;
    if (points >= options_.batch_points || one_by_one_) break;
  }
  if (sent_.empty()) return std::nullopt;
  return request;
}

std::optional<std::chrono::milliseconds> PointForwarder::OnAnswer(const v1::PushMetricsResponse& response) {
  if (response.results_size() != static_cast<int>(sent_.size())) {
    spdlog::error("the coordinator answered {} of {} attempts' points; sending them again", response.results_size(),
                  sent_.size());
    return std::nullopt;
  }
  if (std::exchange(away_, false)) spdlog::info("the coordinator takes points again");
  // Another incarnation has said meanwhile what it holds.
  if (sent_to_ != supervisor_.database().incarnation()) return std::chrono::milliseconds(0);
  for (std::size_t i = 0; i < sent_.size(); ++i) {
    Attempt* attempt = supervisor_.Find(sent_[i].name);
    if (attempt == nullptr) continue;  // forgotten meanwhile
    const v1::PushResult& result = response.results(static_cast<int>(i));
    if (result.fenced()) {
      supervisor_.Forget(sent_[i].name);
    } else if (result.unknown()) {
      attempt->Park();
    } else {
      supervisor_.OnAcknowledged(*attempt, sent_[i].batch);
    }
  }
  return std::chrono::milliseconds(0);
}

void PointForwarder::OnFailure(const grpc::Status& status) {
  if (status.error_code() == grpc::StatusCode::INVALID_ARGUMENT) {
    if (sent_.size() == 1) {
      supervisor_.Refuse(sent_[0].name, absl::StrCat("the coordinator refused its points: ", status.error_message()));
    }
    one_by_one_ = sent_.size() > 1;
    return;
  }
  if (status.error_code() == grpc::StatusCode::ABORTED) return synchronize_();
  if (status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED) one_by_one_ = true;  // the message was too large
  if (!std::exchange(away_, true)) {
    spdlog::warn("the coordinator takes no points ({}); they wait in {}", status.error_message(),
                 OutboxFolder(options_.data_dir));
  }
}

}  // namespace ofsweep

#include "coordinator/commit_log.h"

#include <exception>

#include <spdlog/spdlog.h>

#include "absl/strings/str_cat.h"

namespace ofsweep {
namespace {

std::optional<SweepSize> SizeOf(const StateChange& change) {
  const std::optional<NewSweep>& sweep = change.new_sweep ? change.new_sweep : change.updated_sweep;
  return sweep ? std::optional(SweepSize{sweep->sweep.name, sweep->trials.size()}) : std::nullopt;
}

}  // namespace

const std::vector<Transition>& CommitLog::Ticket::transitions() const {
  static const std::vector<Transition> kNone;
  return decision_ == nullptr ? kNone : decision_->transitions;
}

CommitLog::Ticket CommitLog::MakeTicket() {
  Ticket ticket;
  ticket.number_ = next_number_++;
  ticket.epoch_ = epoch_;
  return ticket;
}

void CommitLog::Enqueue(Decision decision, TimeMs now, Ticket& ticket) {
  StateChange& change = decision.change;
  if (change.empty()) return;
  ticket.decision_ = std::make_shared<PendingDecision>(PendingDecision{.number = ticket.number_,
                                                                       .sweep_size = SizeOf(change),
                                                                       .sweep_states = change.sweeps,
                                                                       .transitions = std::move(decision.transitions)});
  pending_.push_back(ticket.decision_);
  if (change.deletion) stale_ = true;
  change.at = now;
  ticket.write_ = store_.Apply(std::move(change));
}

absl::Status CommitLog::Commit(Ticket& ticket) {
  if (ticket.decision_ == nullptr && !ticket.waits_for_earlier_) return absl::OkStatus();
  const absl::Status status = ticket.decision_ == nullptr ? absl::OkStatus() : ticket.write_.get();
  absl::MutexLock lock(&mutex_);
  if (!status.ok() && ticket.epoch_ == epoch_) NoteFailure();
  if (ticket.decision_ != nullptr) ticket.decision_->settled = true;
  Publish();
  if (!status.ok()) {
    // A failure to read again is met by the next call too; this caller hears of the first one.
    Refresh().IgnoreError();
    return status;
  }
  const auto is_published = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return IsPublishedThrough(ticket.number_); };
  mutex_.Await(absl::Condition(&is_published));
  if (failed_ || epoch_ != ticket.epoch_) {
    return absl::UnavailableError(
        "the state of the database was read again, because a write failed; send the call again");
  }
  if (ticket.decision_ != nullptr) told_of_failure_ = false;
  return absl::OkStatus();
}

void CommitLog::NoteFailure() {
  stale_ = failed_ = true;
  if (!std::exchange(told_of_failure_, true)) {
    spdlog::warn("a write to the database failed: taking the state back to what is stored");
  }
}

void CommitLog::Publish() {
  for (; !pending_.empty() && pending_.front()->settled; pending_.pop_front()) {
    if (!failed_) owner_.publish(*pending_.front());  // else what of it was stored is read again
  }
}

bool CommitLog::IsPublishedThrough(std::uint64_t number) const {
  return pending_.empty() || pending_.front()->number > number;
}

absl::Status CommitLog::Refresh() {
  mutex_.Await(absl::Condition(
      +[](CommitLog* self) ABSL_SHARED_LOCKS_REQUIRED(self->mutex_) { return !self->loading_; }, this));
  if (!stale_) return absl::OkStatus();
  loading_ = true;
  mutex_.Await(absl::Condition(
      +[](CommitLog* self) ABSL_SHARED_LOCKS_REQUIRED(self->mutex_) { return self->pending_.empty(); }, this));
  mutex_.Unlock();
  const absl::StatusOr<std::function<void()>> take = Reload();
  mutex_.Lock();
  loading_ = false;
  if (failed_) ++epoch_;
  if (!take.ok()) {
    return absl::UnavailableError(
        absl::StrCat("the database failed and cannot be read again: ", std::string(take.status().message())));
  }
  (*take)();
  stale_ = failed_ = false;
  return absl::OkStatus();
}

// An exception must not leave `loading_` set.
absl::StatusOr<std::function<void()>> CommitLog::Reload() const {
  try {
    return owner_.reload();
  } catch (const std::exception& error) {
    return absl::InternalError(error.what());
  }
}

}  // namespace ofsweep

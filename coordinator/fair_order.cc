#include "coordinator/fair_order.h"

#include "coordinator/ordered_union.h"

namespace ofsweep {
namespace {

constexpr bool kKinds[] = {false, true};  // needs_cuda

}  // namespace

void FairOrder::Add(SweepIndex sweep, const std::string& owner) {
  const auto [known, is_new] = owner_by_name_.try_emplace(owner, static_cast<OwnerIndex>(owners_.size()));
  if (is_new) owners_.emplace_back();
  sweeps_.resize(sweep + 1);
  sweeps_[sweep].owner = known->second;
}

void FairOrder::SetPriority(SweepIndex sweep, int priority) {
  const std::array<bool, 2> was_ready = sweeps_[sweep].is_ready;
  for (const bool needs_cuda : kKinds) SetReady(sweep, needs_cuda, false);
  sweeps_[sweep].priority = priority;
  for (const bool needs_cuda : kKinds) SetReady(sweep, needs_cuda, was_ready[needs_cuda]);
}

void FairOrder::SetReady(SweepIndex sweep, bool needs_cuda, bool is_ready) {
  if (sweeps_[sweep].is_ready[needs_cuda] == is_ready) return;
  if (is_ready) {
    sweeps_[sweep].is_ready[needs_cuda] = true;
    Enter(sweep, needs_cuda);
  } else {
    Leave(sweep, needs_cuda);
    sweeps_[sweep].is_ready[needs_cuda] = false;
  }
}

void FairOrder::TakeSlot(SweepIndex sweep) {
  ++turns_;
  Change(sweep, +1);
}

void FairOrder::GiveSlotBack(SweepIndex sweep) {
  Change(sweep, -1);
}

void FairOrder::Change(SweepIndex sweep, int slots) {
  const OwnerIndex owner = sweeps_[sweep].owner;
  for (const bool needs_cuda : kKinds) Leave(sweep, needs_cuda);
  LeaveOwner(owner);
  for (Share* share : {&sweeps_[sweep].share, &owners_[owner].share}) {
    share->slots += slots;
    if (slots > 0) share->last_turn = turns_;
  }
  EnterOwner(owner);
  for (const bool needs_cuda : kKinds) Enter(sweep, needs_cuda);
}

void FairOrder::Enter(SweepIndex index, bool needs_cuda) {
  const Sweep& sweep = sweeps_[index];
  if (!sweep.is_ready[needs_cuda]) return;
  Owner& owner = owners_[sweep.owner];
  owner.ready[sweep.priority][needs_cuda].insert({sweep.share.slots, sweep.share.last_turn, index});
  owners_ready_[needs_cuda].insert(RankOf(sweep.owner, owner, sweep.priority));
}

void FairOrder::Leave(SweepIndex index, bool needs_cuda) {
  const Sweep& sweep = sweeps_[index];
  if (!sweep.is_ready[needs_cuda]) return;
  Owner& owner = owners_[sweep.owner];
  const auto at_priority = owner.ready.find(sweep.priority);
  ReadySweeps& ready = at_priority->second;
  ready[needs_cuda].erase({sweep.share.slots, sweep.share.last_turn, index});
  if (ready[needs_cuda].empty()) owners_ready_[needs_cuda].erase(RankOf(sweep.owner, owner, sweep.priority));
  if (ready[false].empty() && ready[true].empty()) owner.ready.erase(at_priority);
}

void FairOrder::EnterOwner(OwnerIndex index) {
  const Owner& owner = owners_[index];
  for (const auto& [priority, ready] : owner.ready) {
    for (const bool needs_cuda : kKinds) {
      if (!ready[needs_cuda].empty()) owners_ready_[needs_cuda].insert(RankOf(index, owner, priority));
    }
  }
}

void FairOrder::LeaveOwner(OwnerIndex index) {
  const Owner& owner = owners_[index];
  for (const auto& [priority, ready] : owner.ready) {
    for (const bool needs_cuda : kKinds) owners_ready_[needs_cuda].erase(RankOf(index, owner, priority));
  }
}

bool FairOrder::Visit(bool with_cuda, const std::function<bool(SweepIndex)>& visit) const {
  static const absl::btree_set<OwnerRank> kNoOwners;
  static const absl::btree_set<SweepRank> kNoSweeps;
  const auto visit_owner = [&](const OwnerRank& rank) {
    const ReadySweeps& ready = owners_[std::get<3>(rank)].ready.at(-std::get<0>(rank));
    return VisitUnion(ready[false], with_cuda ? ready[true] : kNoSweeps,
                      [&](const SweepRank& sweep) { return visit(std::get<2>(sweep)); });
  };
  return VisitUnion(owners_ready_[false], with_cuda ? owners_ready_[true] : kNoOwners, visit_owner);
}

}  // namespace ofsweep

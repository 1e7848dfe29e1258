#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "coordinator/scheduler_records.h"

namespace ofsweep {

// The sweeps that have something ready, in the order in which the next slot is theirs: a higher priority first; within
// it the owner who has the fewest slots, and of their sweeps the one that has the fewest. Of equal ones the one that
// got a slot the longest ago comes first (with a single slot in all, nobody has one when it is given away), and of
// those that never had one the one that was submitted first. All operations are O(log n), times the priorities among
// the sweeps of one owner.
class FairOrder {
 public:
  // Sweeps are added by ascending indices. Its priority is 0, and nothing of it is ready.
  void Add(SweepIndex sweep, const std::string& owner);
  void SetPriority(SweepIndex sweep, int priority);
  // It has something that may start: that needs CUDA, or does not.
  void SetReady(SweepIndex sweep, bool needs_cuda, bool is_ready);
  // A slot is given to a trial of that sweep; it is free again.
  void TakeSlot(SweepIndex sweep);
  void GiveSlotBack(SweepIndex sweep);

  bool HasReady(bool needs_cuda) const { return !owners_ready_[needs_cuda].empty(); }
  int SlotsOf(SweepIndex sweep) const { return sweeps_[sweep].share.slots; }
  // Of all of their sweeps.
  int SlotsOfOwner(SweepIndex sweep) const { return owners_[sweeps_[sweep].owner].share.slots; }
  // The sweeps with something ready in their order, until `visit` returns true. Those where all needs CUDA, only
  // `with_cuda`.
  bool Visit(bool with_cuda, const std::function<bool(SweepIndex)>& visit) const;

 private:
  using OwnerIndex = std::uint32_t;
  struct Share {
    int slots = 0;
    std::uint64_t last_turn = 0;  // in which it got one
  };
  using SweepRank = std::tuple<int, std::uint64_t, SweepIndex>;       // slots, last turn
  using OwnerRank = std::tuple<int, int, std::uint64_t, OwnerIndex>;  // negative priority, slots, last turn
  using ReadySweeps = std::array<absl::btree_set<SweepRank>, 2>;      // by needs_cuda
  struct Sweep {
    OwnerIndex owner = 0;
    int priority = 0;
    Share share;
    std::array<bool, 2> is_ready{};  // by needs_cuda
  };
  struct Owner {
    Share share;
    std::map<int, ReadySweeps> ready;  // by priority
  };

  static OwnerRank RankOf(OwnerIndex index, const Owner& owner, int priority) {
    return {-priority, owner.share.slots, owner.share.last_turn, index};
  }
  // Out of all order and into it, for what ranks are made of to change between.
  void Enter(SweepIndex index, bool needs_cuda);
  void Leave(SweepIndex index, bool needs_cuda);
  void EnterOwner(OwnerIndex index);
  void LeaveOwner(OwnerIndex index);
  void Change(SweepIndex sweep, int slots);

  std::vector<Sweep> sweeps_;
  std::vector<Owner> owners_;  // by the first sweep of each
  absl::flat_hash_map<std::string, OwnerIndex> owner_by_name_;
  std::array<absl::btree_set<OwnerRank>, 2> owners_ready_;  // by needs_cuda
  std::uint64_t turns_ = 0;
};

}  // namespace ofsweep

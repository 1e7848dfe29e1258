#include "worker/reconcile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ofsweep {
namespace {

struct Case {
  std::string title;
  std::vector<HeldAttempt> held;
  Instructions told;
  int slots;
  Actions expected;
};

const AttemptKey kA1{"a", 1};
const AttemptKey kA2{"a", 2};
const AttemptKey kB1{"b", 1};
const AttemptKey kC1{"c", 1};

constexpr bool kAlive = true;
constexpr bool kStopping = true;

class ReconcileTest : public testing::TestWithParam<Case> {};

TEST_P(ReconcileTest, Decides) {
  const Case& given = GetParam();
  const Actions actions = Reconcile(given.held, given.told, given.slots);
  EXPECT_THAT(actions.forget, testing::ElementsAreArray(given.expected.forget)) << given.title;
  EXPECT_THAT(actions.stop, testing::ElementsAreArray(given.expected.stop)) << given.title;
  EXPECT_THAT(actions.start, testing::ElementsAreArray(given.expected.start)) << given.title;
}

INSTANTIATE_TEST_SUITE_P(
    Table, ReconcileTest,
    testing::Values(
        Case{"nothing to do", {}, {}, 2, {}},
        Case{"starts in the coordinator's order", {}, {.assigned = {kB1, kA1}}, 2, {.start = {kB1, kA1}}},
        Case{"starts no more than there are slots", {}, {.assigned = {kA1, kB1, kC1}}, 2, {.start = {kA1, kB1}}},
        Case{"leaves alone what runs as told", {{kA1, kAlive}}, {.assigned = {kA1}}, 1, {}},
        Case{"stops what is not assigned", {{kA1, kAlive}}, {.assigned = {kB1}}, 2, {.stop = {kA1}, .start = {kB1}}},
        Case{"stops only once", {{kA1, kAlive, kStopping}}, {}, 1, {}},
        Case{"a stopping trainer keeps its slot", {{kA1, kAlive, kStopping}}, {.assigned = {kB1}}, 1, {}},
        Case{"an ended attempt frees its slot", {{kA1}}, {.assigned = {kA1, kB1}}, 1, {.start = {kB1}}},
        Case{"does not start again what has ended", {{kA1}}, {.assigned = {kA1}}, 1, {}},
        Case{"keeps an ended attempt until it is confirmed", {{kA1}}, {}, 1, {}},
        Case{"forgets what is confirmed", {{kA1}}, {.confirmed = {kA1}}, 1, {.forget = {kA1}}},
        Case{"forgets what was fenced out while alive", {{kA1, kAlive}}, {.confirmed = {kA1}}, 1, {.forget = {kA1}}},
        Case{"starts nothing that is confirmed", {}, {.assigned = {kA1}, .confirmed = {kA1}}, 1, {}},
        Case{"waits until the overtaken attempt has left the trial's folder",
             {{kA1, kAlive}},
             {.assigned = {kA2}},
             2,
             {.forget = {kA1}}},
        Case{"then starts its successor", {{kA1}}, {.assigned = {kA2}}, 2, {.forget = {kA1}, .start = {kA2}}},
        Case{"of two leases of a trial the newer counts", {}, {.assigned = {kA1, kA2}}, 2, {.start = {kA2}}},
        Case{"an older lease than the one held is stale", {{kA2, kAlive}}, {.assigned = {kA1}}, 2, {.stop = {kA2}}},
        Case{"no slots while it shuts down", {{kA1, kAlive, kStopping}}, {.assigned = {kA1, kB1}}, 0, {}}));

}  // namespace
}  // namespace ofsweep

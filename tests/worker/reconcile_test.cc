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
  Instructions expected;
};

const AttemptName kA1{"a", 1};
const AttemptName kA2{"a", 2};
const AttemptName kB1{"b", 1};
const AttemptName kC1{"c", 1};

constexpr bool kAlive = true;
constexpr bool kStopping = true;

class ReconcileTest : public testing::TestWithParam<Case> {};

TEST_P(ReconcileTest, Decides) {
  const Case& given = GetParam();
  const Instructions actions = Reconcile(given.held, given.told, given.slots);
  EXPECT_THAT(actions.forget, testing::ElementsAreArray(given.expected.forget)) << given.title;
  EXPECT_THAT(actions.stop, testing::ElementsAreArray(given.expected.stop)) << given.title;
  EXPECT_THAT(actions.start, testing::ElementsAreArray(given.expected.start)) << given.title;
}

INSTANTIATE_TEST_SUITE_P(
    Table, ReconcileTest,
    testing::Values(
        Case{"nothing to do", {}, {}, 2, {}},
        Case{"starts in the coordinator's order", {}, {.start = {kB1, kA1}}, 2, {.start = {kB1, kA1}}},
        Case{"starts no more than there are slots", {}, {.start = {kA1, kB1, kC1}}, 2, {.start = {kA1, kB1}}},
        Case{"leaves alone what is named nowhere", {{kA1, kAlive}}, {.start = {kB1}}, 2, {.start = {kB1}}},
        Case{"stops what it is told to", {{kA1, kAlive}}, {.stop = {kA1}}, 1, {.stop = {kA1}}},
        Case{"stops only once", {{kA1, kAlive, kStopping}}, {.stop = {kA1}}, 1, {}},
        Case{"an ended attempt has stopped", {{kA1}}, {.stop = {kA1}}, 1, {}},
        Case{"a stopping trainer keeps its slot", {{kA1, kAlive, kStopping}}, {.start = {kB1}}, 1, {}},
        Case{"an ended attempt frees its slot", {{kA1}}, {.start = {kB1}}, 1, {.start = {kB1}}},
        Case{"does not start again what has ended", {{kA1}}, {.start = {kA1}}, 1, {}},
        Case{"does not start again what runs", {{kA1, kAlive}}, {.start = {kA1}}, 2, {}},
        Case{"forgets what it is told to", {{kA1}}, {.forget = {kA1}}, 1, {.forget = {kA1}}},
        Case{"though it runs", {{kA1, kAlive}}, {.forget = {kA1}}, 1, {.forget = {kA1}}},
        Case{"forgets nothing that it does not hold", {}, {.stop = {kB1}, .forget = {kA1}}, 1, {}},
        Case{"waits until the overtaken attempt has left the trial's folder",
             {{kA1, kAlive}},
             {.start = {kA2}},
             2,
             {.forget = {kA1}}},
        Case{"then starts its successor", {{kA1}}, {.start = {kA2}}, 2, {.start = {kA2}, .forget = {kA1}}},
        Case{"of two leases of a trial the newer counts", {}, {.start = {kA1, kA2}}, 2, {.start = {kA2}}},
        Case{"an older lease than the one held is stale", {{kA2, kAlive}}, {.start = {kA1}}, 2, {}},
        Case{"no slots while it shuts down", {{kA1, kAlive, kStopping}}, {.start = {kB1}}, 0, {}}));

}  // namespace
}  // namespace ofsweep

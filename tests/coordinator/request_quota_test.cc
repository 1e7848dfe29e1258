#include "coordinator/request_quota.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace ofsweep {
namespace {

using ::testing::HasSubstr;

constexpr RequestQuotaOptions kFew{.any = {.a_second = 2, .at_once = 3}, .worker = {.a_second = 100, .at_once = 1000}};

Caller Of(const std::string& name, Role role = Role::kSubmit, const std::string& peer = "10.0.0.1") {
  return {.name = name, .role = role, .peer = peer};
}

TEST(RequestQuota, WhoMakesTooManyIsToldWhenToTryAgainAndOthersGoOn) {
  RequestQuota quota(kFew);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(quota.Take(Of("alice"), 1000).ok());
  const absl::Status refused = quota.Take(Of("alice"), 1000);
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(refused.message()),
              HasSubstr("alice makes more than 2 requests a second; try again in 0.5 s"));
  EXPECT_TRUE(quota.Take(Of("bob"), 1000).ok());
  EXPECT_TRUE(quota.Take(Of("alice"), 1500).ok());
  EXPECT_FALSE(quota.Take(Of("alice"), 1500).ok());
}

TEST(RequestQuota, RestingSavesUpNoMoreThanWhatIsTakenAtOnce) {
  RequestQuota quota(kFew);
  EXPECT_TRUE(quota.Take(Of("alice"), 1000).ok());
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(quota.Take(Of("alice"), 1'000'000).ok());
  EXPECT_FALSE(quota.Take(Of("alice"), 1'000'000).ok());
}

TEST(RequestQuota, AFleetSharesATokenAndMayMakeMore) {
  RequestQuota quota(kFew);
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(quota.Take(Of("cluster", Role::kWork), 1000).ok());
  EXPECT_FALSE(quota.Take(Of("cluster", Role::kWork), 1000).ok());
}

TEST(RequestQuota, CallersWithoutNamesAreToldApartByWhereTheyCallFrom) {
  RequestQuota quota(kFew);
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(quota.Take(Of(kAnyoneName, Role::kAdmin, "10.0.0.1"), 1000).ok());
  EXPECT_FALSE(quota.Take(Of(kAnyoneName, Role::kAdmin, "10.0.0.1"), 1000).ok());
  EXPECT_TRUE(quota.Take(Of(kAnyoneName, Role::kAdmin, "10.0.0.2"), 1000).ok());
}

TEST(RequestQuota, WhoHasRestedIsForgottenWhereThereAreMany) {
  RequestQuota quota(kFew);
  for (int i = 0; i < 30'000; ++i)
    quota.Take(Of(kAnyoneName, Role::kAdmin, absl::StrCat("peer", i)), 1000 + i).IgnoreError();
  EXPECT_LE(quota.remembered(), 10'000u);
}

}  // namespace
}  // namespace ofsweep

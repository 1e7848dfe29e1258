#include "coordinator/curve_streams.h"

#include <gtest/gtest.h>

namespace ofsweep {
namespace {

TEST(CurveStreams, TheLastPlaceIsFollowedByARefusalUntilOneIsGivenBack) {
  CurveStreams streams(1, absl::Seconds(30));
  const absl::Time now = absl::FromUnixSeconds(1000);
  {
    CurveStreams::Place place(streams, now, [] {});
    EXPECT_TRUE(place.status().ok());
    EXPECT_EQ(CurveStreams::Place(streams, now, [] {}).status().code(), absl::StatusCode::kResourceExhausted);
  }
  EXPECT_TRUE(CurveStreams::Place(streams, now, [] {}).status().ok());
}

TEST(CurveStreams, WhoWantsAPlaceEndsTheStreamsThatNobodyReads) {
  CurveStreams streams(2, absl::Seconds(30));
  const absl::Time now = absl::FromUnixSeconds(1000);
  bool unread_was_ended = false;
  bool read_was_ended = false;
  CurveStreams::Place unread(streams, now, [&] { unread_was_ended = true; });
  CurveStreams::Place read(streams, now, [&] { read_was_ended = true; });
  read.NoteProgress(now + absl::Seconds(20));
  EXPECT_FALSE(CurveStreams::Place(streams, now + absl::Seconds(30), [] {}).status().ok());
  EXPECT_FALSE(unread_was_ended);
  EXPECT_FALSE(CurveStreams::Place(streams, now + absl::Seconds(31), [] {}).status().ok());
  EXPECT_TRUE(unread_was_ended);
  EXPECT_FALSE(read_was_ended);
}

}  // namespace
}  // namespace ofsweep

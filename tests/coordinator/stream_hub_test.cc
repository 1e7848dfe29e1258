#include "coordinator/stream_hub.h"

#include <gtest/gtest.h>

#include <future>

#include "absl/synchronization/notification.h"

namespace ofsweep {
namespace {

// Writes for ever to a client that takes nothing.
class UnreadStream final : public StreamHub::Stream {
 public:
  void WaitUntilItWrites() { writes_.WaitForNotification(); }
  void WaitUntilCancelled() { cancelled_.WaitForNotification(); }
  grpc::Status WaitForEnd() { return end_.get_future().get(); }
  bool is_cancelled() const { return cancelled_.HasBeenNotified(); }

 private:
  absl::StatusOr<StreamHub::Step> Next() override { return StreamHub::Step{.kind = StreamHub::Step::kWrite}; }
  void WriteNext() override { writes_.Notify(); }
  void FinishWith(const grpc::Status& status) override { end_.set_value(status); }
  void Cancel() override { cancelled_.Notify(); }

  absl::Notification writes_, cancelled_;
  std::promise<grpc::Status> end_;
};

// As gRPC does when a stream has been finished.
grpc::StatusCode EndOf(UnreadStream& stream, StreamHub& hub) {
  const grpc::Status end = stream.WaitForEnd();
  hub.OnGone(stream);
  return end.error_code();
}

TEST(StreamHub, AClientThatTakesNothingLosesItsPlaceToWhoWantsIt) {
  StreamHub hub("TailLog", nullptr, absl::ZeroDuration(), {.streams = 1, .patience = absl::ZeroDuration()});
  UnreadStream unread, refused, taken_in;
  hub.Add(unread, grpc::Status::OK);
  unread.WaitUntilItWrites();
  hub.Add(refused, grpc::Status::OK);
  EXPECT_EQ(EndOf(refused, hub), grpc::StatusCode::RESOURCE_EXHAUSTED);
  unread.WaitUntilCancelled();
  hub.OnWritten(unread, /*ok=*/false);
  EXPECT_EQ(EndOf(unread, hub), grpc::StatusCode::CANCELLED);

  hub.Add(taken_in, grpc::Status::OK);
  taken_in.WaitUntilItWrites();
  hub.OnCancelled(taken_in);
  hub.OnWritten(taken_in, /*ok=*/false);
  EXPECT_EQ(EndOf(taken_in, hub), grpc::StatusCode::CANCELLED);
}

TEST(StreamHub, AClientIsWaitedForAsLongAsOneMayTake) {
  StreamHub hub("TailLog", nullptr, absl::ZeroDuration(), {.streams = 1, .patience = absl::Hours(1)});
  UnreadStream slow, refused;
  hub.Add(slow, grpc::Status::OK);
  slow.WaitUntilItWrites();
  hub.Add(refused, grpc::Status::OK);
  EXPECT_EQ(EndOf(refused, hub), grpc::StatusCode::RESOURCE_EXHAUSTED);
  hub.OnWritten(slow, /*ok=*/false);  // it has gone
  EXPECT_EQ(EndOf(slow, hub), grpc::StatusCode::CANCELLED);
  EXPECT_FALSE(slow.is_cancelled());
}

TEST(StreamHub, OneCallerCanNotHaveAllStreams) {
  StreamHub hub("TailLog", nullptr, absl::ZeroDuration(),
                {.streams = 3, .of_one_caller = 2, .patience = absl::ZeroDuration()});
  UnreadStream first, second, third, other;
  for (UnreadStream* stream : {&first, &second}) {
    hub.Add(*stream, grpc::Status::OK, "alice");
    stream->WaitUntilItWrites();
  }
  hub.Add(other, grpc::Status::OK, "bob");
  other.WaitUntilItWrites();
  hub.Add(third, grpc::Status::OK, "alice");
  const grpc::Status refused = third.WaitForEnd();
  hub.OnGone(third);
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  for (UnreadStream* stream : {&first, &second}) {
    stream->WaitUntilCancelled();
    hub.OnWritten(*stream, /*ok=*/false);
    EXPECT_EQ(EndOf(*stream, hub), grpc::StatusCode::CANCELLED);
  }
  EXPECT_FALSE(other.is_cancelled()) << "it is in nobody's way";
  hub.OnWritten(other, /*ok=*/false);
  EXPECT_EQ(EndOf(other, hub), grpc::StatusCode::CANCELLED);
}

// Waits for ever.
class SilentStream final : public StreamHub::Stream {
 public:
  grpc::Status WaitForEnd() { return end_.get_future().get(); }

 private:
  absl::StatusOr<StreamHub::Step> Next() override { return StreamHub::Step{.kind = StreamHub::Step::kWait}; }
  void WriteNext() override {}
  void FinishWith(const grpc::Status& status) override { end_.set_value(status); }
  void Cancel() override {}

  std::promise<grpc::Status> end_;
};

TEST(StreamHub, AStreamEndsWhenItsTimeIsOverWhetherItsClientReadsOrNot) {
  StreamHub hub("TailLog", nullptr, absl::ZeroDuration(), {.longest = absl::Milliseconds(500)});
  SilentStream silent;
  UnreadStream unread;
  hub.Add(silent, grpc::Status::OK);
  hub.Add(unread, grpc::Status::OK);
  unread.WaitUntilItWrites();
  const grpc::Status end = silent.WaitForEnd();
  hub.OnGone(silent);
  EXPECT_EQ(end.error_code(), grpc::StatusCode::UNAVAILABLE) << "so that its client opens another one";
  unread.WaitUntilCancelled();
  hub.OnWritten(unread, /*ok=*/false);
  EXPECT_EQ(EndOf(unread, hub), grpc::StatusCode::CANCELLED);
}

}  // namespace
}  // namespace ofsweep

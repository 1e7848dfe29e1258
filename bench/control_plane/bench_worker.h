#pragma once

#include <memory>
#include <string>

#include <grpcpp/grpcpp.h>

#include "bench/control_plane/arguments.h"
#include "bench/control_plane/meter.h"
#include "ofsweep/v1/worker.grpc.pb.h"

namespace ofsweep {

// To --addr, with a TCP connection of its own, as each worker has.
std::shared_ptr<grpc::Channel> Connect(const Arguments& arguments);

// Throws where the call failed.
void Check(const grpc::Status& status, const char* call);

// The same for every writer, so that what they store can be compared.
inline double ValueOf(long step, long series) {
  return 1.0 + 0.25 * static_cast<double>(series) + 1.0 / (1.0 + static_cast<double>(step));
}
inline constexpr long kSeries = 72;  // of a step of a model with 12 blocks

// Points of an attempt, without rows yet.
v1::TrialPoints& AddTrial(const v1::Start& start, long series, v1::PushMetricsRequest& push);
// Makes `row` the step's; one that has been filled before is written over, which costs the client less.
void FillRow(long step, long series, v1::StepRow& row);

v1::AttemptReport& AddRunning(const v1::Start& start, long step, v1::SynchronizeRequest& report);
v1::AttemptReport& AddCompleted(const v1::Start& start, long step, v1::SynchronizeRequest& report);

// A worker that is nothing but its calls. Not thread-safe.
class BenchWorker {
 public:
  BenchWorker(const Arguments& arguments, std::string name);

  // Both speak for the database that answered last.
  v1::SynchronizeRequest NewReport(long slots) const;
  v1::PushMetricsRequest NewPush() const;

  v1::SynchronizeResponse Synchronize(const v1::SynchronizeRequest& report);
  // Returns the points that were stored.
  long Push(const v1::PushMetricsRequest& push);

  // Throws where none is to be had.
  v1::Start TakeOne();
  // Reports the end of one that TakeOne gave.
  void Complete(const v1::Start& start, long step);

  v1::WorkerService::Stub& stub() { return *stub_; }
  void Follow(const v1::Database& database) { database_ = database; }

  Latencies synchronize_latencies;
  Latencies push_latencies;
  long rejected = 0;  // pushes of attempts that were not taken, being fenced or unknown

 private:
  std::string name_;
  std::string key_;
  std::unique_ptr<v1::WorkerService::Stub> stub_;
  v1::Database database_;
};

}  // namespace ofsweep

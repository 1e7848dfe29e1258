#pragma once

#include <memory>
#include <thread>

#include <grpcpp/grpcpp.h>

namespace ofsweep {

// A thread that always waits for the sockets of a gRPC server which has both blocking and callback methods. gRPC leaves
// their sockets to the threads of the callback methods alone, and these (CallbackAlternativeCQ in gRPC 1.51) sleep for
// 100 ms after each second in which no such method was called: without another one, all calls of workers wait as long.
class SocketPoller {
 public:
  // Before the builder's BuildAndStart.
  explicit SocketPoller(grpc::ServerBuilder& builder) : queue_(builder.AddCompletionQueue()) {}
  // After the server's Shutdown.
  ~SocketPoller() {
    queue_->Shutdown();
    thread_.joinable() ? thread_.join() : Wait();
  }
  SocketPoller(const SocketPoller&) = delete;
  SocketPoller& operator=(const SocketPoller&) = delete;

  // After the builder's BuildAndStart.
  void Start() {
    thread_ = std::thread([this] { Wait(); });
  }

 private:
  // Until the queue is shut down: no call is ever bound to it.
  void Wait() {
    void* tag = nullptr;
    bool ok = false;
    while (queue_->Next(&tag, &ok)) {
    }
  }

  const std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::thread thread_;
};

}  // namespace ofsweep

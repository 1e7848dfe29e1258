#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include <grpcpp/support/status.h>

#include "tests/simulation/timeline.h"

namespace ofsweep {

// worker/call_loop.h in simulated time, on a network that may lose a call or answer it twice.
template <typename Request, typename Response>
class SimulatedCallLoop : public std::enable_shared_from_this<SimulatedCallLoop<Request, Response>> {
 public:
  using Done = std::function<void(const grpc::Status&, const Response&)>;

  struct Hooks {
    std::function<void(const Request&, Done done)> send;
    std::function<std::optional<Request>()> next;
    std::function<std::optional<std::chrono::milliseconds>(const Response&)> on_answer;
    std::function<void(const grpc::Status&)> on_failure;
  };

  SimulatedCallLoop(Timeline& timeline, Hooks hooks) : timeline_(timeline), hooks_(std::move(hooks)) {}

  void Soon() {
    if (closed_ || pausing_) return;
    again_ = true;
    if (!calling_) CallAfter(0);
  }
  void Close() { closed_ = true; }

 private:
  static constexpr TimeMs kDeadlineMs = 6'000;

  void CallAfter(TimeMs delay) {
    const std::uint64_t planned = ++planned_;
    timeline_.After(delay, [self = this->shared_from_this(), planned] {
      if (planned == self->planned_) self->Call();
    });
  }

  void Call() {
    pausing_ = false;
    if (closed_ || calling_) return;
    again_ = false;
    const std::optional<Request> request = hooks_.next();
    if (!request) return;
    calling_ = true;
    const std::uint64_t number = ++number_;
    timeline_.After(kDeadlineMs, [self = this->shared_from_this(), number] {
      self->OnDone(number, grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, ""), {});
    });
    hooks_.send(*request,
                [self = this->shared_from_this(), number](const grpc::Status& status, const Response& response) {
                  self->OnDone(number, status, response);
                });
  }

  void OnDone(std::uint64_t number, const grpc::Status& status, const Response& response) {
    if (closed_ || !calling_ || number != number_) return;
    calling_ = false;
    std::optional<std::chrono::milliseconds> pause;
    if (status.ok()) {
      pause = hooks_.on_answer(response);
    } else {
      hooks_.on_failure(status);
    }
    pausing_ = !pause;
    CallAfter(pause ? (again_ ? 0 : pause->count()) : timeline_.Pick(100, 5'000));
  }

  Timeline& timeline_;
  const Hooks hooks_;
  std::uint64_t number_ = 0;
  std::uint64_t planned_ = 0;
  bool calling_ = false;
  bool pausing_ = false;
  bool again_ = false;
  bool closed_ = false;
};

}  // namespace ofsweep

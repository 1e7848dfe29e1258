#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <utility>

#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace ofsweep {

// Pauses that double from 0.1 s up to `longest`, each shortened by up to half at random, so that a hundred workers do
// not come back in the same instant.
class Backoff {
 public:
  using Duration = std::chrono::milliseconds;

  explicit Backoff(Duration longest) : longest_(longest) {}

  Duration Next() {
    const Duration full = std::min(pause_, longest_);
    pause_ = std::min(pause_ * 2, longest_);
    return Duration(std::uniform_int_distribution<Duration::rep>(full.count() / 2, full.count())(random_));
  }
  void Reset() { pause_ = kFirst; }

 private:
  static constexpr Duration kFirst{100};
  Duration longest_;
  Duration pause_ = kFirst;
  std::minstd_rand random_{std::random_device{}()};
};

// Repeats one unary call on the agent's loop, one at a time, for as long as it lives. A failed call is repeated after a
// pause; what it says is made anew each time, so that nothing waits in memory.
template <typename Request, typename Response>
class CallLoop {
 public:
  using Duration = std::chrono::milliseconds;
  using Done = std::function<void(grpc::Status)>;

  struct Hooks {
    // Starts the call; `done` may run on any thread.
    std::function<void(grpc::ClientContext*, const Request*, Response*, Done done)> send;
    // What to say now; nothing: wait for Soon().
    std::function<std::optional<Request>()> next;
    // The pause before the next call; nothing: the answer is unusable, try again as after a failure.
    std::function<std::optional<Duration>(const Response&)> on_answer;
    std::function<void(const grpc::Status&)> on_failure;
  };

  CallLoop(boost::asio::io_context& io, Duration longest_pause, Hooks hooks)
      : io_(io), timer_(io), backoff_(longest_pause), hooks_(std::move(hooks)) {}

  // Calls at once, or right after the call that is under way. A pause after a failure is not cut short.
  void Soon() {
    if (closed_ || pausing_) return;
    again_ = true;
    if (calling_ || posted_) return;
    posted_ = true;
    timer_.cancel();
    boost::asio::post(io_, [this] {
      posted_ = false;
      Call();
    });
  }

  // No further call; a running one is cancelled. May be destroyed once it is idle and the loop has stopped.
  void Close() {
    closed_ = true;
    timer_.cancel();
    if (calling_) calling_->context.TryCancel();
  }

 private:
  static constexpr std::chrono::seconds kDeadline{30};

  struct InFlight {
    grpc::ClientContext context;
    Request request;
    Response response;
  };

  void Call() {
    if (closed_ || calling_ || pausing_) return;
    again_ = false;
    std::optional<Request> request = hooks_.next();
    if (!request) return;
    calling_ = std::make_shared<InFlight>();
    calling_->request = *std::move(request);
    calling_->context.set_deadline(std::chrono::system_clock::now() + kDeadline);
    hooks_.send(&calling_->context, &calling_->request, &calling_->response,
                [this, call = calling_](grpc::Status status) {
                  boost::asio::post(io_, [this, call, status = std::move(status)] { OnDone(status, call->response); });
                });
  }

  void OnDone(const grpc::Status& status, const Response& response) {
    calling_.reset();
    if (closed_) return;
    std::optional<Duration> pause;
    if (status.ok()) {
      pause = hooks_.on_answer(response);
    } else {
      hooks_.on_failure(status);
    }
    pausing_ = !pause;
    if (pause) {
      backoff_.Reset();
      if (again_) return Call();
    }
    timer_.expires_after(pause ? *pause : backoff_.Next());
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      pausing_ = false;
      Call();
    });
  }

  boost::asio::io_context& io_;
  boost::asio::steady_timer timer_;
  Backoff backoff_;
  Hooks hooks_;
  std::shared_ptr<InFlight> calling_;
  bool posted_ = false;   // a Call() is on the loop's queue
  bool again_ = false;    // Soon() was asked for after the running call had been made up
  bool pausing_ = false;  // after a failure
  bool closed_ = false;
};

}  // namespace ofsweep

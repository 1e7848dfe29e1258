#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "monitoring/http_server.h"

namespace ofsweep {

// What is to be written next of an answer.
struct HttpPiece {
  HttpResponse head;  // of the first piece
  std::string body;   // of the others
  bool is_last = false;
  std::function<void()> taken;
};

// An answer on its way from whoever gives it to the connection that writes it. All of its state belongs to the
// connection's strand.
class HttpExchange : public std::enable_shared_from_this<HttpExchange> {
 public:
  explicit HttpExchange(boost::asio::any_io_executor strand);

  // From any thread.
  void Put(HttpPiece piece);
  void OnGone(std::function<void()> gone);

  // ---- for the connection, on its strand ----

  // Nothing when the client has gone.
  boost::asio::awaitable<std::optional<HttpPiece>> Next();
  void NoteTaken(const HttpPiece& piece) const;
  void NoteGone();
  // All is written.
  void NoteFinished();

 private:
  const boost::asio::any_io_executor strand_;
  boost::asio::steady_timer arrived_;  // never goes off; is cancelled when there is something to look at
  std::deque<HttpPiece> pieces_;
  bool has_gone_ = false;
  bool is_finished_ = false;
  std::function<void()> on_gone_;
};

// An exchange as whoever gives the answer holds it, who may let go of it when the server has ended long since.
class HttpAnswerHandle final : public HttpAnswer {
 public:
  explicit HttpAnswerHandle(std::shared_ptr<HttpExchange> exchange) : exchange_(std::move(exchange)) {}

  void Send(HttpResponse response) override;
  void Begin(HttpResponse head) override;
  void Write(std::string piece, std::function<void()> taken) override;
  void End() override;
  void OnGone(std::function<void()> gone) override;

  // The exchange is over: what is still given is dropped.
  void Detach();

 private:
  void Put(HttpPiece piece);

  absl::Mutex mutex_;  // held while the exchange is used, so that it outlives that
  std::shared_ptr<HttpExchange> exchange_ ABSL_GUARDED_BY(mutex_);
};

// The handles of open exchanges. No exchange may outlive the server's io_context.
class OpenHandles {
 public:
  class Guard {
   public:
    Guard(OpenHandles& all, std::shared_ptr<HttpAnswerHandle> handle);
    ~Guard();
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    OpenHandles& all_;
    const std::shared_ptr<HttpAnswerHandle> handle_;
  };

  void DetachAll();

 private:
  absl::Mutex mutex_;
  std::set<std::shared_ptr<HttpAnswerHandle>> handles_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace ofsweep

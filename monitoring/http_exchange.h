#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

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
class HttpExchange : public HttpAnswer, public std::enable_shared_from_this<HttpExchange> {
 public:
  explicit HttpExchange(boost::asio::any_io_executor strand);

  void Send(HttpResponse response) override;
  void Begin(HttpResponse head) override;
  void Write(std::string piece, std::function<void()> taken) override;
  void End() override;
  void OnGone(std::function<void()> gone) override;

  // ---- for the connection, on its strand ----

  // Nothing when the client has gone.
  boost::asio::awaitable<std::optional<HttpPiece>> Next();
  void NoteTaken(const HttpPiece& piece) const;
  void NoteGone();
  // All is written.
  void NoteFinished();

 private:
  void Put(HttpPiece piece);

  const boost::asio::any_io_executor strand_;
  boost::asio::steady_timer arrived_;  // never goes off; is cancelled when there is something to look at
  std::deque<HttpPiece> pieces_;
  bool has_gone_ = false;
  bool is_finished_ = false;
  std::function<void()> on_gone_;
};

}  // namespace ofsweep

#include "monitoring/http_exchange.h"

#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace ofsweep {

namespace asio = boost::asio;

HttpExchange::HttpExchange(asio::any_io_executor strand) : strand_(std::move(strand)), arrived_(strand_) {}

void HttpExchange::OnGone(std::function<void()> gone) {
  asio::post(strand_, [self = shared_from_this(), gone = std::move(gone)]() mutable {
    if (self->has_gone_) return gone();
    self->on_gone_ = std::move(gone);
  });
}

asio::awaitable<std::optional<HttpPiece>> HttpExchange::Next() {
  while (pieces_.empty() && !has_gone_) {
    boost::system::error_code ignored;
    arrived_.expires_at(asio::steady_timer::time_point::max());
    co_await arrived_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  if (has_gone_) co_return std::nullopt;
  HttpPiece piece = std::move(pieces_.front());
  pieces_.pop_front();
  co_return piece;
}

void HttpExchange::NoteTaken(const HttpPiece& piece) const {
  if (piece.taken && !has_gone_) piece.taken();
}

void HttpExchange::NoteGone() {
  if (has_gone_ || is_finished_) return;
  has_gone_ = true;
  arrived_.cancel();
  if (on_gone_) std::exchange(on_gone_, nullptr)();
}

void HttpExchange::NoteFinished() {
  is_finished_ = true;
  on_gone_ = nullptr;
}

void HttpExchange::Put(HttpPiece piece) {
  asio::post(strand_, [self = shared_from_this(), piece = std::move(piece)]() mutable {
    if (self->has_gone_) return;
    self->pieces_.push_back(std::move(piece));
    self->arrived_.cancel();
  });
}

void HttpAnswerHandle::Send(HttpResponse response) {
  Put({.head = std::move(response), .is_last = true});
}

void HttpAnswerHandle::Begin(HttpResponse head) {
  Put({.head = std::move(head)});
}

void HttpAnswerHandle::Write(std::string piece, std::function<void()> taken) {
  Put({.body = std::move(piece), .taken = std::move(taken)});
}

void HttpAnswerHandle::End() {
  Put({.is_last = true});
}

void HttpAnswerHandle::OnGone(std::function<void()> gone) {
  absl::MutexLock lock(&mutex_);
  if (exchange_) exchange_->OnGone(std::move(gone));
}

void HttpAnswerHandle::Detach() {
  std::shared_ptr<HttpExchange> exchange;  // ends outside of the lock
  absl::MutexLock lock(&mutex_);
  exchange.swap(exchange_);
}

void HttpAnswerHandle::Put(HttpPiece piece) {
  absl::MutexLock lock(&mutex_);
  if (exchange_) exchange_->Put(std::move(piece));
}

OpenHandles::Guard::Guard(OpenHandles& all, std::shared_ptr<HttpAnswerHandle> handle)
    : all_(all), handle_(std::move(handle)) {
  absl::MutexLock lock(&all_.mutex_);
  all_.handles_.insert(handle_);
}

OpenHandles::Guard::~Guard() {
  handle_->Detach();
  absl::MutexLock lock(&all_.mutex_);
  all_.handles_.erase(handle_);
}

void OpenHandles::DetachAll() {
  absl::MutexLock lock(&mutex_);
  for (const std::shared_ptr<HttpAnswerHandle>& handle : handles_) handle->Detach();
}

}  // namespace ofsweep

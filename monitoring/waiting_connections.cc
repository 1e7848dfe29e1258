#include "monitoring/waiting_connections.h"

#include <utility>

#include <boost/asio/post.hpp>

namespace ofsweep {

struct WaitingConnections::Connection {
  boost::asio::any_io_executor strand;
  std::function<void()> close;
  bool waits = true;  // belongs to the strand
};

WaitingConnections::Wait::Wait(WaitingConnections& all, boost::asio::any_io_executor strand,
                               std::function<void()> close)
    : all_(all), connection_(std::make_shared<Connection>(std::move(strand), std::move(close))) {
  absl::MutexLock lock(&all_.mutex_);
  all_.connections_.push_back(connection_);
}

WaitingConnections::Wait::~Wait() {
  connection_->waits = false;
  absl::MutexLock lock(&all_.mutex_);
  all_.connections_.remove(connection_);
}

bool WaitingConnections::CloseLongest() {
  absl::MutexLock lock(&mutex_);
  if (connections_.empty()) return false;
  const std::shared_ptr<Connection> longest = connections_.front();
  connections_.pop_front();
  boost::asio::post(longest->strand, [longest] {
    if (longest->waits) longest->close();
  });
  return true;
}

}  // namespace ofsweep

#include "monitoring/waiting_connections.h"

#include <boost/asio/post.hpp>

namespace ofsweep {

struct WaitingConnections::Connection {
  boost::beast::tcp_stream& stream;
  bool waits = true;  // belongs to the stream's strand
};

WaitingConnections::Wait::Wait(WaitingConnections& all, boost::beast::tcp_stream& stream)
    : all_(all), connection_(std::make_shared<Connection>(stream)) {
  absl::MutexLock lock(&all_.mutex_);
  all_.connections_.push_back(connection_);
}

WaitingConnections::Wait::~Wait() {
  connection_->waits = false;
  absl::MutexLock lock(&all_.mutex_);
  all_.connections_.remove(connection_);
}

bool WaitingConnections::CloseLongest() {
  // Under the lock, for which the end of a Wait waits: the stream is there until its executor is known.
  absl::MutexLock lock(&mutex_);
  if (connections_.empty()) return false;
  const std::shared_ptr<Connection> longest = connections_.front();
  connections_.pop_front();
  boost::asio::post(longest->stream.get_executor(), [longest] {
    if (longest->waits) longest->stream.close();
  });
  return true;
}

}  // namespace ofsweep

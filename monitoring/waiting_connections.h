#pragma once

#include <functional>
#include <list>
#include <memory>

#include <boost/asio/any_io_executor.hpp>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace ofsweep {

// Connections on which the client is to send: idle ones, and those whose request has not come whole. When there are too
// many connections, the one of them goes that has been so for longest; so nobody shuts others out by waiting.
class WaitingConnections {
  struct Connection;

 public:
  // Begins and ends on the connection's strand, where `close` may be called meanwhile.
  class Wait {
   public:
    Wait(WaitingConnections& all, boost::asio::any_io_executor strand, std::function<void()> close);
    ~Wait();
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;

   private:
    WaitingConnections& all_;
    const std::shared_ptr<Connection> connection_;
  };

  // From any thread. False where none waits.
  bool CloseLongest();

 private:
  absl::Mutex mutex_;
  std::list<std::shared_ptr<Connection>> connections_ ABSL_GUARDED_BY(mutex_);  // the longest first
};

}  // namespace ofsweep

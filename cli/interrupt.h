#pragma once

#include <stop_token>
#include <thread>

namespace ofsweep {

// Whose signals a process has to expect.
enum class Signals {
  // The second SIGINT or SIGTERM ends the process at once with exit code 1.
  kOfAPerson,
  // SIGUSR1 asks to stop, too: Slurm sends it as long before the wall time as the job asks for. Batch systems repeat
  // SIGTERM and SIGUSR1, each of which changes nothing; only a second SIGINT, of a person at a terminal, ends the
  // process at once. To the end of the process, for a repeated one may come when all is done.
  kOfABatchSystem,
};

// Turns SIGINT, SIGTERM and SIGHUP (a closed terminal) into a stop token while it lives; one at a time. A SIGHUP that
// was ignored before, as nohup does, stays so. SIGPIPE is ignored: who reads the output may be gone before the stop is
// done. Handlers, not a blocked mask: a trainer that this process starts must not inherit one.
class Interrupt {
 public:
  explicit Interrupt(Signals signals = Signals::kOfAPerson);
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  std::stop_token Token() const { return source_.get_token(); }
  bool Requested() const { return source_.stop_requested(); }

  // Returns when a signal came; for one thread.
  void Wait();

 private:
  std::stop_source source_;
  int read_end_ = -1;
  bool keeps_hangups_ignored_ = false;
  std::thread listener_;
};

}  // namespace ofsweep

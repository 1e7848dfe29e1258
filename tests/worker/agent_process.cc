// Runs an agent until SIGTERM: ofsweep_test_agent DATA_DIR HOST:PORT TRAINER. For tests that kill one, which cannot be
// done to a thread.
#include <csignal>
#include <cstdio>
#include <stop_token>
#include <thread>

#include "worker/agent.h"
#include "worker/channel.h"

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::stop_source stop;
  std::thread waiter([&] {
    int signal = 0;
    sigwait(&signals, &signal);
    stop.request_stop();
  });
  waiter.detach();
  absl::StatusOr<std::unique_ptr<ofsweep::Agent>> agent = ofsweep::Agent::Create(
      {.data_dir = argv[1], .slots = 1, .trainer_path = argv[3], .max_backoff = std::chrono::milliseconds(100)},
      ofsweep::DialCoordinator(argv[2], {}, ofsweep::WorkerChannelArguments()).value());
  const absl::Status status = agent.ok() ? (*agent)->Run(stop.get_token()) : agent.status();
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::fflush(stderr);
  std::_Exit(status.ok() ? 0 : 1);
}

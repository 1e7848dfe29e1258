#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "experiment/trainer_event.h"
#include "tests/temporary_folder.h"

namespace ofsweep {

// What is left of a process that has ended.
struct TrainerResult {
  int exit_code = 0;               // −N where signal N killed it
  std::vector<std::string> lines;  // of standard output, unread ones too
  std::string errors;              // standard error

  // The lines as events. Fails the test for a line that is none.
  std::vector<TrainerEvent> Events() const;
  // The last `failed` event; the test fails where there is none.
  AttemptEnd Failure() const;
};

// The real `ofsweep-trainer`, with its standard output on a pipe.
class StartedTrainer {
 public:
  struct Options {
    std::optional<std::uint64_t> file_size_limit;    // RLIMIT_FSIZE, bytes
    std::string standard_output;                     // a file instead of the pipe
    std::map<std::string, std::string> environment;  // set beside the test's own; "" takes a variable away
  };

  explicit StartedTrainer(const std::vector<std::string>& arguments) : StartedTrainer(arguments, Options()) {}
  StartedTrainer(const std::vector<std::string>& arguments, const Options& options);
  ~StartedTrainer();  // kills it if it still runs
  StartedTrainer(const StartedTrainer&) = delete;
  StartedTrainer& operator=(const StartedTrainer&) = delete;

  // The next line of standard output; nothing at its end.
  std::optional<std::string> ReadLine();
  // Closes our end of the pipe.
  void StopReading();
  void Signal(int signal) const;
  // Reads the rest and waits for the end.
  TrainerResult Wait();

 private:
  TemporaryFolder folder_;
  pid_t pid_ = -1;
  int output_ = -1;
  std::string unread_;
  std::vector<std::string> lines_;
};

// Runs it to its end.
TrainerResult RunTrainer(const std::vector<std::string>& arguments);
TrainerResult RunTrainer(const std::vector<std::string>& arguments, const StartedTrainer::Options& options);

}  // namespace ofsweep

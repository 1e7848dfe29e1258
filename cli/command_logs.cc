#include <unistd.h>

#include <stop_token>

#include "cli/commands.h"
#include "cli/log_printer.h"

namespace ofsweep {

absl::Status ShowLog(const LogsOptions& options, Streams streams) {
  auto connection =
      options.follow ? Connection::OpenToChange(options.connection) : Connection::Open(options.connection);
  if (!connection.ok()) return connection.status();
  const auto trial_id = connection->WholeTrialId("", options.trial);
  if (!trial_id.ok()) return trial_id.status();
  v1::TailLogRequest request;
  request.set_trial_id(*trial_id);
  request.set_attempt(options.attempt);
  request.set_follow(options.follow);
  request.set_last_lines(options.lines);
  LogPrinter printer(streams.out, options.lines == 0, ::isatty(STDOUT_FILENO) == 1);
  std::stop_source reader_has_gone;
  const absl::Status status = connection->TailLog(
      request,
      [&](const v1::TailLogResponse& piece) {
        printer.Print(piece);
        if (!streams.out) reader_has_gone.request_stop();
      },
      [&](const std::string& warning) { streams.err << warning << std::endl; }, reader_has_gone.get_token());
  return streams.out ? status : absl::OkStatus();
}

}  // namespace ofsweep

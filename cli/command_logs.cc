#include <cstdint>
#include <ostream>
#include <stop_token>

#include "absl/strings/str_cat.h"
#include "cli/commands.h"

namespace ofsweep {
namespace {

// Writes the pieces of a log behind each other, and says where some are missing.
class LogPrinter {
 public:
  // `from_begin`: all of the log is wanted, so that what is missing before the first piece is missing too.
  LogPrinter(std::ostream& out, bool from_begin) : out_(out), knows_next_(from_begin) {}

  void Print(const v1::TailLogResponse& piece) {
    const auto begin = static_cast<std::uint64_t>(piece.begin());
    if (knows_next_ && begin > next_) {
      out_ << (ends_line_ ? "" : "\n") << "… " << begin - next_ << " bytes left out …\n";
    }
    out_ << piece.text() << std::flush;
    knows_next_ = true;
    next_ = begin + piece.text().size();
    ends_line_ = piece.text().ends_with('\n');
  }

 private:
  std::ostream& out_;
  bool knows_next_;
  std::uint64_t next_ = 0;
  bool ends_line_ = true;
};

}  // namespace

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
  LogPrinter printer(streams.out, options.lines == 0);
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

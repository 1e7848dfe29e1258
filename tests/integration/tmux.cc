#include "tests/integration/tmux.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

#include "tests/integration/process.h"

namespace ofsweep {
namespace {

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    line.erase(line.find_last_not_of(' ') + 1);
    lines.push_back(line);
  }
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

std::vector<std::string> With(const std::string& text, std::vector<std::string>::const_iterator first,
                              std::vector<std::string>::const_iterator last) {
  std::vector<std::string> found;
  std::copy_if(first, last, std::back_inserter(found),
               [&](const std::string& row) { return row.find(text) != std::string::npos; });
  return found;
}

}  // namespace

std::string Screen::Text() const {
  std::string text;
  for (const std::string& row : rows) text += row + "\n";
  return text;
}

std::vector<std::string> Screen::RowsWith(const std::string& text) const {
  return With(text, rows.begin(), rows.end());
}

std::vector<std::string> Screen::SeenRowsWith(const std::string& text) const {
  return With(text, rows.begin() + static_cast<std::ptrdiff_t>(std::min(scrolled_out, rows.size())), rows.end());
}

Tmux::Tmux(const std::filesystem::path& folder, int columns, int rows, const std::vector<std::string>& arguments)
    : socket_((folder / "tmux").string()), settings_((folder / "tmux.conf").string()) {
  // The program has all rows, and what it wrote can be read when it has ended.
  std::ofstream(settings_) << "set -g status off\nset -g remain-on-exit on\nset -g remain-on-exit-format ''\n";
  std::vector<std::string> start = {"new-session",        "-d", "-x",           std::to_string(columns), "-y",
                                    std::to_string(rows), "-c", folder.string()};
  start.insert(start.end(), arguments.begin(), arguments.end());
  Call(start);
}

Tmux::~Tmux() {
  Call({"kill-server"});
}

Screen Tmux::Read() const {
  // In one call, so that both show the same moment.
  const std::string both = Call({"capture-pane", "-p", "-S", "-", ";", "display-message", "-p", "\f#{history_size}",
                                 ";", "capture-pane", "-p", "-S", "-", "-J"});
  const std::size_t between = both.find('\f'), second = both.find('\n', between) + 1;
  return {.rows = Lines(both.substr(0, between)),
          .lines = Lines(both.substr(second)),
          .scrolled_out = std::stoul(both.substr(between + 1))};
}

bool Tmux::WaitFor(const std::function<bool(const Screen&)>& looks) const {
  return WaitUntil([&] { return looks(Read()); });
}

void Tmux::Resize(int columns, int rows) {
  Call({"resize-window", "-x", std::to_string(columns), "-y", std::to_string(rows)});
}

void Tmux::Press(const std::string& key) {
  Call({"send-keys", key});
}

std::optional<int> Tmux::WaitForEnd() const {
  std::string code, signal;
  WaitUntil([&] {
    // tmux 3.3 may miss that a child has ended, until another one does; so this one is not waited for.
    Call({"run-shell", "-b", "true"});
    std::istringstream(Call({"display-message", "-p", "#{pane_dead_status}"})) >> code;
    std::istringstream(Call({"display-message", "-p", "#{pane_dead_signal}"})) >> signal;
    return !code.empty() || !signal.empty();
  });
  if (!code.empty()) return std::stoi(code);
  return signal.empty() ? std::nullopt : std::optional(-std::stoi(signal));
}

std::string Tmux::Call(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), {OFSWEEP_TMUX, "-u", "-S", socket_, "-f", settings_});
  // Bars and sparklines are drawn where the locale says so; another tmux around this test is none of its business.
  const Finished call = RunToEnd(std::move(arguments), {"LC_ALL=C.UTF-8", "TMUX="});
  if (call.exit_code != 0) throw std::runtime_error("tmux: " + call.err);
  return call.out;
}

}  // namespace ofsweep

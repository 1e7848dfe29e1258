#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/wait_until.h"

namespace ofsweep {

// What stands in a terminal, below what scrolled out of it, without spaces at the ends of rows and empty rows below.
struct Screen {
  std::vector<std::string> rows;
  std::vector<std::string> lines;  // the same, where a line that went on in the next row is one
  std::size_t scrolled_out = 0;    // of the rows

  std::string Text() const;
  std::vector<std::string> RowsWith(const std::string& text) const;
  // Of the rows that are seen.
  std::vector<std::string> SeenRowsWith(const std::string& text) const;
};

// A program in a terminal of its own: a real tmux, which nobody else uses, and which ends with the object.
class Tmux {
 public:
  // `arguments` run in `folder`, which also gets tmux's socket.
  Tmux(const std::filesystem::path& folder, int columns, int rows, const std::vector<std::string>& arguments);
  ~Tmux();
  Tmux(const Tmux&) = delete;
  Tmux& operator=(const Tmux&) = delete;

  Screen Read() const;
  // Waits until the terminal looks like it; false when it does not in time.
  bool WaitFor(const std::function<bool(const Screen&)>& looks) const;

  void Resize(int columns, int rows);
  // As tmux names keys: "C-c".
  void Press(const std::string& key);

  // Waits for the end: the exit code, or minus the signal that killed it; none where the program does not end in time.
  std::optional<int> WaitForEnd() const;

 private:
  // Of `tmux ARGUMENTS…`; throws where it fails.
  std::string Call(std::vector<std::string> arguments) const;

  std::string socket_;
  std::string settings_;
};

}  // namespace ofsweep

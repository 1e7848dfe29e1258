#pragma once

#include <optional>
#include <string>
#include <vector>

#include "experiment/sweep_spec.h"

namespace ofsweep {

struct TableAxes {
  std::vector<std::string> rows;
  std::vector<std::string> cols;
};

// What a user says of them.
struct AxesWish {
  std::optional<std::vector<std::string>> rows;
  std::optional<std::vector<std::string>> cols;
  std::vector<std::string> pool;  // keys that cells average over, which no axis needs
};

// What the user wishes, and for the rest the table that a sweep asks for by its grid: rows model.block and columns
// optimizer.name where the sweep varies both, else its first varied key as rows and its second as columns; further keys
// become rows too. Seeds and `pool` are pooled. Of keys that advance together, the first that tells the points apart
// stands for all. A sweep that varies nothing gives the row model.block.
TableAxes ChooseTableAxes(const SweepSpec& spec, const AxesWish& wish = {});

}  // namespace ofsweep

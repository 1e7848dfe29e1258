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

// What a user says of them; nothing of what is to be chosen.
struct AxesWish {
  std::optional<std::vector<std::string>> rows;
  std::optional<std::vector<std::string>> cols;
  std::vector<std::string> pool;  // keys that cells average over, or are of the best value of, which no axis needs
};

// What the user wishes, and for the rest the table that sweeps ask for by their grids: rows model.block and columns
// optimizer.name where they vary both, else the first varied key as rows and the second as columns; further keys
// become rows too. Seeds and `pool` are pooled. Of keys that advance together, or set sweeps apart, the first that
// tells the points apart stands for all. Sweeps that vary nothing give the row model.block.
TableAxes ChooseTableAxes(const std::vector<SweepSpec>& sweeps, const AxesWish& wish = {});

}  // namespace ofsweep

#pragma once

namespace ofsweep {

// What of the machine a trial may take. Only the agent knows how many trials run side by side.
struct MachineShare {
  int slots = 1;  // trials that share the cores
};

}  // namespace ofsweep

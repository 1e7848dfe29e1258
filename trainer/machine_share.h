#pragma once

namespace ofsweep {

// What of the machine a trial may take. Only the agent knows how many trials run side by side.
struct MachineShare {
  int slots = 1;            // trials that share the cores and the host's memory
  int gpu_slots = 1;        // of these on this trial's GPU
  double memory_bytes = 0;  // the host's, for all of them; 0: what is free now
};

}  // namespace ofsweep

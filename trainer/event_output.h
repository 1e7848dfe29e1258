#pragma once

#include <cstdint>

#include "experiment/trainer_event.h"

namespace ofsweep {

// Standard output as the stream of events, one sealed line each, numbered from 1, written at once. A reader that has
// gone away (EPIPE) ends the process on the spot, without another word: nobody would see it.
class EventOutput {
 public:
  EventOutput();

  // Throws std::runtime_error where standard output cannot be written for another reason.
  void Emit(const TrainerEvent& event);

 private:
  std::uint64_t lines_ = 0;
};

}  // namespace ofsweep

#pragma once

#include <string>
#include <vector>

#include "corpus/listing.h"

namespace ofsweep {

// Without their folders, in their order.
inline std::vector<std::string> Names(const std::vector<CorpusFile>& files) {
  std::vector<std::string> names;
  for (const CorpusFile& file : files) names.push_back(file.path.filename().string());
  return names;
}

}  // namespace ofsweep

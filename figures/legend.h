#pragma once

#include <string>
#include <vector>

#include "figures/palette.h"
#include "figures/scene.h"

namespace ofsweep {

struct LegendEntry {
  enum class Kind { kLine, kSymbol };

  std::string label;
  GroupStyle style;
  Kind kind = Kind::kLine;
};

// Entries in columns of one width, as many as fit beside each other, row by row.
class Legend {
 public:
  Legend(std::vector<LegendEntry> entries, double width);

  double height() const;
  void Draw(Scene& scene, double left, double top) const;

 private:
  std::vector<LegendEntry> entries_;
  double width_;
  std::size_t columns_ = 1;
  double column_width_ = 0;
};

}  // namespace ofsweep

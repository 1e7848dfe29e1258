#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "figures/render.h"
#include "figures/scene.h"

namespace ofsweep {

inline constexpr const char* kDefaultFiguresDir = "ofsweep-figures";

// Where figures go, as the user said it: a folder, in which each is an SVG and a PDF, or one file.
struct FigureTarget {
  std::string path;
  bool is_folder = true;
  FigureFormat format = FigureFormat::kSvg;  // of the file
};

// InvalidArgument where the name ends like a file that is none of .svg, .pdf and .png.
absl::StatusOr<FigureTarget> ParseFigureTarget(const std::string& out);

struct NamedScene {
  std::string name;  // of its files in a folder, without the ending
  Scene scene;
};

// Returns their paths. All are written under other names first: a full disk changes nothing, and a file that was there
// stays until its successor is whole. A target that is a file takes one figure.
absl::StatusOr<std::vector<std::string>> WriteFigures(const FigureTarget& target,
                                                      const std::vector<NamedScene>& figures);

}  // namespace ofsweep

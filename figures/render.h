#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "figures/scene.h"

namespace ofsweep {

enum class FigureFormat { kSvg, kPdf, kPng };

// The bytes of a file that shows the scene, on white, a PNG with 300 pixels an inch. The same scene gives the same
// bytes on one machine, for there is no date in them; letters are outlines of its fonts, so that a reader needs none.
absl::StatusOr<std::string> Render(const Scene& scene, FigureFormat format);

}  // namespace ofsweep

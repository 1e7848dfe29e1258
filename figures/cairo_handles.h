#pragma once

#include <cairo.h>

#include <memory>

namespace ofsweep {

// cairo's objects, released with their owners.
struct CairoRelease {
  void operator()(cairo_t* context) const { cairo_destroy(context); }
  void operator()(cairo_surface_t* surface) const { cairo_surface_destroy(surface); }
  void operator()(cairo_font_options_t* options) const { cairo_font_options_destroy(options); }
};
using CairoContext = std::unique_ptr<cairo_t, CairoRelease>;
using CairoSurface = std::unique_ptr<cairo_surface_t, CairoRelease>;

// Letters of `size` points as every figure has them. Their widths are those of the outlines, not of some screen's
// pixels, so that SVG, PDF and PNG have one layout.
void ChooseFont(cairo_t* context, double size);

}  // namespace ofsweep

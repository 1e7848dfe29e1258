#include "figures/text_width.h"

#include <algorithm>

#include "figures/cairo_handles.h"

namespace ofsweep {

void ChooseFont(cairo_t* context, double size) {
  const std::unique_ptr<cairo_font_options_t, CairoRelease> options(cairo_font_options_create());
  cairo_font_options_set_hint_style(options.get(), CAIRO_HINT_STYLE_NONE);
  cairo_font_options_set_hint_metrics(options.get(), CAIRO_HINT_METRICS_OFF);
  cairo_set_font_options(context, options.get());
  cairo_select_font_face(context, kFontFamily, CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size(context, size);
}

double TextWidth(const std::string& text, double size) {
  const CairoSurface surface(cairo_image_surface_create(CAIRO_FORMAT_A8, 1, 1));
  const CairoContext context(cairo_create(surface.get()));
  ChooseFont(context.get(), size);
  cairo_text_extents_t extents;
  cairo_text_extents(context.get(), text.c_str(), &extents);
  return extents.x_advance;
}

double SizeThatFits(const std::string& text, double size, double width) {
  return std::min(size, size * width / std::max(1.0, TextWidth(text, size)));
}

std::string FitText(const std::string& text, double size, double width) {
  if (TextWidth(text, size) <= width) return text;
  std::string shorter = text;
  do {
    // A whole character: the bytes behind the first of UTF-8 begin with the bits 10.
    while (!shorter.empty() && (static_cast<unsigned char>(shorter.back()) & 0xC0) == 0x80) shorter.pop_back();
    if (!shorter.empty()) shorter.pop_back();
  } while (!shorter.empty() && TextWidth(shorter + "…", size) > width);
  return shorter + "…";
}

}  // namespace ofsweep

#include "figures/render.h"

#include <cairo-pdf.h>
#include <cairo-svg.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <map>
#include <numbers>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "figures/cairo_handles.h"

namespace ofsweep {
namespace {

constexpr double kPixelsAPoint = 300.0 / 72;

cairo_status_t Append(void* bytes, const unsigned char* data, unsigned int length) {
  static_cast<std::string*>(bytes)->append(reinterpret_cast<const char*>(data), length);
  return CAIRO_STATUS_SUCCESS;
}

void SetColour(cairo_t* context, const Colour& colour, double opacity = 1) {
  cairo_set_source_rgba(context, colour.red / 255.0, colour.green / 255.0, colour.blue / 255.0, opacity);
}

void Trace(cairo_t* context, const std::vector<Position>& positions) {
  cairo_new_path(context);
  for (const Position& position : positions) cairo_line_to(context, position.x, position.y);
}

// Draws each kind of mark.
struct Painter {
  cairo_t* context;

  void operator()(const LineMark& line) const {
    Trace(context, line.positions);
    SetColour(context, line.colour);
    cairo_set_line_width(context, line.width);
    cairo_set_line_join(context, CAIRO_LINE_JOIN_ROUND);
    cairo_set_dash(context, line.dashes.data(), static_cast<int>(line.dashes.size()), 0);
    cairo_stroke(context);
  }

  void operator()(const AreaMark& area) const {
    Trace(context, area.outline);
    cairo_close_path(context);
    SetColour(context, area.colour, area.opacity);
    cairo_fill(context);
  }

  void operator()(const SymbolMark& mark) const {
    const auto [x, y] = mark.centre;
    const double r = mark.radius;
    SetColour(context, mark.colour);
    cairo_new_path(context);
    switch (mark.symbol) {
      case Symbol::kCircle:
        cairo_arc(context, x, y, r, 0, 2 * std::numbers::pi);
        break;
      case Symbol::kSquare:
        cairo_rectangle(context, x - 0.89 * r, y - 0.89 * r, 1.78 * r, 1.78 * r);  // the area of the circle
        break;
      case Symbol::kTriangle:
        Trace(context, {{x, y - 1.35 * r}, {x + 1.17 * r, y + 0.68 * r}, {x - 1.17 * r, y + 0.68 * r}});
        break;
      case Symbol::kDiamond:
        Trace(context, {{x, y - 1.3 * r}, {x + 1.3 * r, y}, {x, y + 1.3 * r}, {x - 1.3 * r, y}});
        break;
      case Symbol::kCross:
        cairo_move_to(context, x - r, y - r);
        cairo_line_to(context, x + r, y + r);
        cairo_move_to(context, x - r, y + r);
        cairo_line_to(context, x + r, y - r);
        cairo_set_line_width(context, 1.1);
        cairo_set_dash(context, nullptr, 0, 0);
        cairo_stroke(context);
        return;
    }
    cairo_close_path(context);
    cairo_fill_preserve(context);
    SetColour(context, kWhite);  // a thin edge, so that two that overlap are seen to be two
    cairo_set_line_width(context, 0.4);
    cairo_set_dash(context, nullptr, 0, 0);
    cairo_stroke(context);
  }

  // As one picture: rectangles side by side would show seams in most viewers. Its pixels are finer than a cell, so that
  // a viewer that smooths pictures has nothing to blur but edges.
  void operator()(const CellsMark& cells) const {
    const int columns = std::max(cells.columns, static_cast<int>(std::ceil(cells.box.width * 4)));
    const int rows = std::max(cells.rows, static_cast<int>(std::ceil(cells.box.height * 4)));
    const CairoSurface picture(cairo_image_surface_create(CAIRO_FORMAT_RGB24, columns, rows));
    unsigned char* const data = cairo_image_surface_get_data(picture.get());
    if (data == nullptr) return;  // the context's status tells when it is used below
    const std::ptrdiff_t stride = cairo_image_surface_get_stride(picture.get());
    for (int row = 0; row < rows; ++row) {
      for (int column = 0; column < columns; ++column) {
        const int cell = row * cells.rows / rows * cells.columns + column * cells.columns / columns;
        const Colour& colour = cells.colours[static_cast<std::size_t>(cell)];
        const std::uint32_t pixel = std::uint32_t{colour.red} << 16 | std::uint32_t{colour.green} << 8 | colour.blue;
        std::memcpy(data + row * stride + std::ptrdiff_t{4} * column, &pixel, sizeof pixel);
      }
    }
    cairo_surface_mark_dirty(picture.get());
    cairo_save(context);
    cairo_translate(context, cells.box.left, cells.box.top);
    cairo_scale(context, cells.box.width / columns, cells.box.height / rows);
    cairo_set_source_surface(context, picture.get(), 0, 0);
    cairo_pattern_set_filter(cairo_get_source(context), CAIRO_FILTER_NEAREST);
    cairo_rectangle(context, 0, 0, columns, rows);
    cairo_fill(context);
    cairo_restore(context);
  }

  void operator()(const TextMark& text) const {
    ChooseFont(context, text.size);
    SetColour(context, kInk);
    cairo_text_extents_t extents;
    cairo_text_extents(context, text.text.c_str(), &extents);
    const double share = text.anchor == Anchor::kStart ? 0 : text.anchor == Anchor::kMiddle ? 0.5 : 1;
    cairo_save(context);
    cairo_translate(context, text.at.x, text.at.y);
    if (text.is_turned) cairo_rotate(context, -std::numbers::pi / 2);
    cairo_move_to(context, -share * extents.x_advance, 0);
    cairo_show_text(context, text.text.c_str());
    cairo_restore(context);
  }
};

// cairo numbers a process's surfaces, and SVG has these numbers in its ids: they become those of the document.
std::string WithOwnIds(const std::string& svg) {
  std::string text;
  std::map<std::string, std::size_t> numbers;
  for (std::size_t at = 0; at < svg.size();) {
    const std::string_view rest = std::string_view(svg).substr(at);
    const char before = at == 0 ? ' ' : svg[at - 1];
    std::size_t word = 0;
    for (const std::string_view kind : {"surface", "image", "mask", "pattern"}) {
      if ((before == '"' || before == '#') && rest.starts_with(kind)) word = kind.size();
    }
    std::size_t end = word;
    while (word > 0 && end < rest.size() && std::isdigit(static_cast<unsigned char>(rest[end]))) ++end;
    if (end == word) {
      text += svg[at++];
      continue;
    }
    const auto number = numbers.try_emplace(std::string(rest.substr(0, end)), numbers.size()).first->second;
    absl::StrAppend(&text, std::string(rest.substr(0, word)), number);
    at += end;
  }
  return text;
}

CairoSurface MakeSurface(const Scene& scene, FigureFormat format, std::string& bytes) {
  switch (format) {
    case FigureFormat::kSvg:
      return CairoSurface(cairo_svg_surface_create_for_stream(Append, &bytes, scene.width, scene.height));
    case FigureFormat::kPdf: {
      CairoSurface surface(cairo_pdf_surface_create_for_stream(Append, &bytes, scene.width, scene.height));
      cairo_pdf_surface_set_metadata(surface.get(), CAIRO_PDF_METADATA_CREATE_DATE, nullptr);
      return surface;
    }
    case FigureFormat::kPng:
      break;
  }
  CairoSurface surface(cairo_image_surface_create(CAIRO_FORMAT_RGB24,
                                                  static_cast<int>(std::lround(scene.width * kPixelsAPoint)),
                                                  static_cast<int>(std::lround(scene.height * kPixelsAPoint))));
  cairo_surface_set_device_scale(surface.get(), kPixelsAPoint, kPixelsAPoint);
  return surface;
}

}  // namespace

absl::StatusOr<std::string> Render(const Scene& scene, FigureFormat format) {
  std::string bytes;
  const CairoSurface surface = MakeSurface(scene, format, bytes);
  const CairoContext context(cairo_create(surface.get()));
  SetColour(context.get(), kWhite);
  cairo_paint(context.get());
  for (const Mark& mark : scene.marks) std::visit(Painter{context.get()}, mark);
  cairo_status_t status = cairo_status(context.get());
  if (status == CAIRO_STATUS_SUCCESS && format == FigureFormat::kPng) {
    status = cairo_surface_write_to_png_stream(surface.get(), Append, &bytes);
  }
  cairo_surface_finish(surface.get());
  if (status == CAIRO_STATUS_SUCCESS) status = cairo_surface_status(surface.get());
  if (status != CAIRO_STATUS_SUCCESS) {
    return absl::InternalError(absl::StrCat("the figure cannot be drawn: ", cairo_status_to_string(status)));
  }
  return format == FigureFormat::kSvg ? WithOwnIds(bytes) : bytes;
}

}  // namespace ofsweep

#include "figures/palette.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace ofsweep {
namespace {

constexpr std::array<Colour, 8> kGroupColours = {{{0x00, 0x72, 0xb2},
                                                  {0xd5, 0x5e, 0x00},
                                                  {0x00, 0x9e, 0x73},
                                                  {0xb5, 0x64, 0x9a},
                                                  {0xb9, 0x83, 0x00},
                                                  {0x3a, 0x9b, 0xd1},
                                                  {0x6b, 0x6f, 0x76},
                                                  {0x8c, 0x4a, 0x00}}};

constexpr std::array<Symbol, 4> kGroupSymbols = {Symbol::kCircle, Symbol::kSquare, Symbol::kTriangle, Symbol::kDiamond};

constexpr std::array<Colour, 10> kViridis = {{{0x44, 0x01, 0x54},
                                              {0x48, 0x28, 0x78},
                                              {0x3e, 0x49, 0x89},
                                              {0x31, 0x68, 0x8e},
                                              {0x26, 0x82, 0x8e},
                                              {0x1f, 0x9e, 0x89},
                                              {0x35, 0xb7, 0x79},
                                              {0x6e, 0xce, 0x58},
                                              {0xb5, 0xde, 0x2b},
                                              {0xfd, 0xe7, 0x25}}};

unsigned char Mixed(unsigned char from, unsigned char to, double share) {
  return static_cast<unsigned char>(std::lround(from + (to - from) * share));
}

}  // namespace

GroupStyle StyleOf(std::size_t group) {
  static const std::array<std::vector<double>, 4> kDashes = {{{}, {5, 2.5}, {1.2, 1.8}, {6, 2, 1.2, 2}}};
  return {.colour = kGroupColours[group % kGroupColours.size()],
          .dashes = kDashes[group / kGroupColours.size() % kDashes.size()],
          .symbol = kGroupSymbols[(group + group / kGroupColours.size()) % kGroupSymbols.size()]};
}

Colour Viridis(double share) {
  const double place = std::clamp(share, 0.0, 1.0) * (kViridis.size() - 1);
  const auto below = std::min(static_cast<std::size_t>(place), kViridis.size() - 2);
  const double rest = place - static_cast<double>(below);
  const Colour &from = kViridis[below], &to = kViridis[below + 1];
  return {Mixed(from.red, to.red, rest), Mixed(from.green, to.green, rest), Mixed(from.blue, to.blue, rest)};
}

}  // namespace ofsweep

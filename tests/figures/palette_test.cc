#include "figures/palette.h"

#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <sstream>

namespace ofsweep {
namespace {

std::string Hex(const Colour& colour) {
  char text[8];
  std::snprintf(text, sizeof text, "#%02x%02x%02x", colour.red, colour.green, colour.blue);
  return text;
}

// The colours of an array of the page's source.
std::vector<std::string> PageColours(const std::string& name) {
  std::stringstream source;
  source << std::ifstream(OFSWEEP_SOURCE_DIR "/dashboards/web/src/data/color.ts").rdbuf();
  std::string line;
  std::vector<std::string> colours;
  while (std::getline(source, line)) {
    if (!line.starts_with("const " + name + " ")) continue;
    const std::regex hex("#[0-9a-f]{6}");
    for (std::sregex_iterator found(line.begin(), line.end(), hex), end; found != end; ++found) {
      colours.push_back(found->str());
    }
  }
  return colours;
}

TEST(Palette, HasThePagesColours) {
  const std::vector<std::string> page = PageColours("LIGHT");
  ASSERT_EQ(page.size(), 8u);
  for (std::size_t i = 0; i < page.size(); ++i) EXPECT_EQ(Hex(StyleOf(i).colour), page[i]);
  const std::vector<std::string> viridis = PageColours("VIRIDIS");
  ASSERT_EQ(viridis.size(), 10u);
  for (std::size_t i = 0; i < viridis.size(); ++i) {
    EXPECT_EQ(Hex(Viridis(static_cast<double>(i) / 9)), viridis[i]);
  }
}

TEST(Palette, TellsGroupsOfOneColourApart) {
  EXPECT_EQ(StyleOf(0).colour, StyleOf(8).colour);
  EXPECT_NE(StyleOf(0).dashes, StyleOf(8).dashes);
  EXPECT_NE(StyleOf(0).symbol, StyleOf(8).symbol);
}

TEST(Viridis, StaysWithinItsEndsAndBetweenItsColours) {
  EXPECT_EQ(Viridis(-1), Viridis(0));
  EXPECT_EQ(Viridis(2), Viridis(1));
  const Colour between = Viridis(0.5 / 9);
  EXPECT_EQ(between.red, 0x46);
}

}  // namespace
}  // namespace ofsweep

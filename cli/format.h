#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace ofsweep {

// How numbers, times and columns look in everything that `ofsweep` prints for people. Text is UTF-8; a width counts
// characters.

// `significant` digits, without an exponent from 0.001 to below 10^6: 3.804, 14.40, 1234, 2.5e-05. NaN, Infinity,
// -Infinity.
std::string FormatNumber(double value, int significant = 4);

// `value` with exactly `decimals` digits after the point; as FormatNumber where it is not finite.
std::string FormatFixed(double value, int decimals);

// How many decimals FormatNumber gives `value`; -1 where it uses an exponent or the value is not finite.
int DecimalsOf(double value, int significant = 4);

// 0:07, 12:31, 3:05:09, 2d 03:05.
std::string FormatDuration(double seconds);

// Of seconds since 1970: "2026-11-23 22:01:45 UTC"; "–" for 0.
std::string FormatTime(std::int64_t seconds);

// Characters; how a terminal is to paint them ("\x1b[1m") has no width.
std::size_t DisplayWidth(const std::string& text);

// At most `width` characters; what is cut ends in "…".
std::string Clip(const std::string& text, std::size_t width);

// Fills up to `width` with spaces on the right.
std::string PadRight(const std::string& text, std::size_t width);

// Rows of equally many cells as lines of aligned columns, two spaces between them and none at the end of a line.
std::string AlignColumns(const std::vector<std::vector<std::string>>& rows);

// For programs: the shortest text that reads back to the same double; NaN, Infinity and -Infinity in CSV, strings of
// those names in JSON.
std::string CsvNumber(double value);
nlohmann::ordered_json JsonNumber(double value);

// A field of RFC 4180: quoted only where it must be.
std::string CsvField(const std::string& text);

// The first line of a message of several, without a last clause that only announces the others: "killed; the end of
// LOG:".
std::string Headline(const std::string& message);

}  // namespace ofsweep

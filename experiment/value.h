#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace ofsweep {

// The value of one trial key. `auto` is the text "auto"; an unset path is the empty text.
using Value = std::variant<bool, std::int64_t, double, std::string, std::vector<std::string>>;

// The value as a user would type it: shortest text that reads back to the same double, lists as "[a, b]".
std::string ToText(const Value& value);

// The same of the value's JSON (ToJson), which other programs may have written: 1000.0 is "1000" there too.
std::string TextOfJson(const nlohmann::ordered_json& json);

// JSON of the same type (boolean, integer, number, string, array of strings).
nlohmann::json ToJson(const Value& value);

// Appends the value as JSON text, numbers in their shortest form, without building a document: the canonical hash of
// 100,000 trials spends its time here.
void AppendJson(const Value& value, std::string& out);

// Shortest text that reads back to the same double: 0.001, 1e-08.
std::string ShortestNumber(double number);

}  // namespace ofsweep

#include "experiment/value.h"

#include <array>
#include <charconv>
#include <cmath>
#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>

namespace ofsweep {
namespace {

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

void AppendQuoted(std::string_view text, std::string& out) {
  bool plain = true;
  for (unsigned char c : text) plain = plain && c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
  if (plain) {
    out.append("\"").append(text).append("\"");
  } else {
    out += nlohmann::json(text).dump();
  }
}

}  // namespace

std::string ShortestNumber(double number) {
  std::array<char, 32> buffer;
  number += 0.0;  // -0.0 is 0
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr;
  return {buffer.data(), end};
}

std::string ToText(const Value& value) {
  return std::visit(Overloaded{
                        [](bool flag) { return std::string(flag ? "true" : "false"); },
                        [](std::int64_t integer) { return std::to_string(integer); },
                        [](double number) { return ShortestNumber(number); },
                        [](const std::string& text) { return text; },
                        [](const std::vector<std::string>& list) {
                          std::string text = "[";
                          for (const std::string& item : list) text += (text.size() > 1 ? ", " : "") + item;
                          return text + "]";
                        },
                    },
                    value);
}

std::string TextOfJson(const nlohmann::ordered_json& json) {
  if (json.is_string()) return json.get<std::string>();
  if (json.is_number_float()) return ShortestNumber(json.get<double>());
  if (!json.is_array()) return json.dump();
  std::vector<std::string> items;
  for (const auto& item : json) items.push_back(TextOfJson(item));
  return ToText(Value(std::move(items)));
}

nlohmann::json ToJson(const Value& value) {
  return std::visit([](const auto& typed) { return nlohmann::json(typed); }, value);
}

void AppendJson(const Value& value, std::string& out) {
  std::visit(Overloaded{
                 [&](bool flag) { out += flag ? "true" : "false"; },
                 [&](std::int64_t integer) { out += std::to_string(integer); },
                 [&](double number) { out += ShortestNumber(number); },
                 [&](const std::string& text) { AppendQuoted(text, out); },
                 [&](const std::vector<std::string>& list) {
                   out += '[';
                   for (std::size_t i = 0; i < list.size(); ++i) {
                     if (i > 0) out += ',';
                     AppendQuoted(list[i], out);
                   }
                   out += ']';
                 },
             },
             value);
}

}  // namespace ofsweep

#include "tests/trainer/reference_data.h"

#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <sstream>
#include <stdexcept>

namespace ofsweep {
namespace {

std::string ReadBytes(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  std::ostringstream bytes;
  bytes << in.rdbuf();
  return bytes.str();
}

}  // namespace

std::filesystem::path ReferenceFolder() {
  return std::filesystem::path(OFSWEEP_SOURCE_DIR) / "tests/reference";
}

nlohmann::json ReadJson(const std::filesystem::path& path) {
  return nlohmann::json::parse(ReadBytes(path));
}

double NumberOf(const nlohmann::json& value) {
  if (value.is_number()) return value.get<double>();
  const auto& text = value.get_ref<const std::string&>();
  if (text == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (text == "inf") return std::numeric_limits<double>::infinity();
  if (text == "-inf") return -std::numeric_limits<double>::infinity();
  throw std::runtime_error("not a number: " + text);
}

at::Tensor TensorOf(const nlohmann::json& values, at::IntArrayRef shape) {
  std::vector<double> numbers;
  for (const auto& value : values) numbers.push_back(NumberOf(value));
  return at::tensor(numbers, at::kDouble).reshape(shape);
}

TensorMap ReadTensors(const std::filesystem::path& safetensors) {
  const std::string bytes = ReadBytes(safetensors);
  std::uint64_t header_size = 0;
  std::memcpy(&header_size, bytes.data(), sizeof header_size);
  const auto header = nlohmann::json::parse(bytes.substr(sizeof header_size, header_size));
  TensorMap tensors;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") continue;
    const bool wide = entry.at("dtype") == "F64";
    if (!wide && entry.at("dtype") != "F32") throw std::runtime_error("unexpected dtype of " + name);
    const auto shape = entry.at("shape").get<std::vector<std::int64_t>>();
    at::Tensor tensor = at::empty(shape, wide ? at::kDouble : at::kFloat);
    const std::size_t begin = sizeof header_size + header_size + entry.at("data_offsets")[0].get<std::size_t>();
    if (bytes.size() < begin + tensor.nbytes()) throw std::runtime_error(name + " is cut off");
    std::memcpy(tensor.data_ptr(), bytes.data() + begin, tensor.nbytes());
    tensors[name] = tensor;
  }
  return tensors;
}

std::vector<std::int64_t> ReadTokens(const std::filesystem::path& path) {
  const std::string bytes = ReadBytes(path);
  std::vector<std::uint16_t> tokens(bytes.size() / 2);
  std::memcpy(tokens.data(), bytes.data(), tokens.size() * 2);
  return {tokens.begin(), tokens.end()};
}

TrialConfig ReadTrial(const std::filesystem::path& path) {
  std::vector<Problem> problems;
  TrialConfig config = ParseTrialJson(ReadBytes(path), path.string(), problems);
  if (!problems.empty()) throw std::runtime_error(ToText(problems));
  ResolveAuto(config);
  return config;
}

bool Close(double actual, double expected, double relative, double absolute) {
  if (std::isnan(expected) || std::isnan(actual)) return std::isnan(expected) && std::isnan(actual);
  if (std::isinf(expected) || std::isinf(actual)) return actual == expected;
  return std::abs(actual - expected) <= absolute + relative * std::abs(expected);
}

}  // namespace ofsweep

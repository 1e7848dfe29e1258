#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "trainer/named_tensor.h"

namespace ofsweep {

// Makes the parameters of a model and keeps the list of them.
class ParameterFactory {
 public:
  // Parameters are appended to `parameters`, which must outlive the factory.
  ParameterFactory(std::uint64_t seed, double init_std, at::ScalarType dtype, at::Device device,
                   std::vector<NamedTensor>& parameters)
      : seed_(seed), init_std_(init_std), dtype_(dtype), device_(device), parameters_(parameters) {}

  at::Tensor Normal(const std::string& name, at::IntArrayRef shape);
  at::Tensor Constant(const std::string& name, std::int64_t size, double value);

  at::TensorOptions Options() const { return at::TensorOptions(device_).dtype(dtype_); }

 private:
  at::Tensor Add(const std::string& name, const at::Tensor& value);

  std::uint64_t seed_;
  double init_std_;
  at::ScalarType dtype_;
  at::Device device_;
  std::vector<NamedTensor>& parameters_;
};

// y = x·Wᵀ + b
struct Linear {
  at::Tensor weight;  // [out, in]
  at::Tensor bias;    // [out] or undefined

  // Parameters `name`.weight and, if `with_bias`, `name`.bias.
  Linear(ParameterFactory& parameters, const std::string& name, std::int64_t in, std::int64_t out, bool with_bias);

  at::Tensor operator()(const at::Tensor& x) const { return at::linear(x, weight, bias); }
};

}  // namespace ofsweep

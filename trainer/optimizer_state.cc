#include "trainer/optimizer_state.h"

#include "absl/strings/str_cat.h"

namespace ofsweep {

NamedTensor StepState(std::int64_t step) {
  return {"step", at::full({1}, step, at::kLong)};
}

absl::Status CopyState(const TensorMap& saved, const std::vector<NamedTensor>& state, std::int64_t& step) {
  for (const NamedTensor& piece : state) {
    const auto found = saved.find(piece.name);
    if (found == saved.end()) return absl::InvalidArgumentError(absl::StrCat("no optimizer state ", piece.name));
    const at::Tensor& value = found->second;
    if (value.sizes() != piece.tensor.sizes() || value.scalar_type() != piece.tensor.scalar_type()) {
      return absl::InvalidArgumentError(absl::StrCat("optimizer state ", piece.name,
                                                     " is of another type or shape than ", piece.tensor.toString(),
                                                     " of ", piece.tensor.numel(), " values"));
    }
  }
  const at::NoGradGuard no_grad;
  for (const NamedTensor& piece : state) {
    const at::Tensor& value = saved.find(piece.name)->second;
    if (piece.name == "step") {
      step = value.cpu().item<std::int64_t>();
    } else {
      piece.tensor.copy_(value);
    }
  }
  return absl::OkStatus();
}

}  // namespace ofsweep

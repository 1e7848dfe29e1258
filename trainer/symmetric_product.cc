#include "trainer/symmetric_product.h"

#include <algorithm>

namespace ofsweep {
namespace {

// Rows of a strip. Of a matrix of 8 strips 9/16 are computed.
constexpr std::int64_t kStrip = 256;

// A GPU is faster with one large product than with strips that do not fill it.
bool InStrips(const at::Tensor& gram) {
  return gram.is_cpu() && gram.size(1) >= 2 * kStrip;
}

}  // namespace

void AddSymmetricProduct(const at::Tensor& gram, const at::Tensor& x, double beta, double alpha) {
  if (!InStrips(gram)) {
    gram.baddbmm_(x, x.transpose(1, 2), beta, alpha);
    return;
  }
  for (std::int64_t i = 0; i < gram.size(0); ++i) {
    for (std::int64_t begin = 0; begin < gram.size(1); begin += kStrip) {
      const std::int64_t end = std::min(gram.size(1), begin + kStrip);
      gram[i]
          .slice(0, begin, end)
          .slice(1, begin)
          .addmm_(x[i].slice(0, begin, end), x[i].slice(0, begin).t(), beta, alpha);
    }
  }
}

void CompleteSymmetric(const at::Tensor& gram) {
  if (!InStrips(gram)) return;
  for (std::int64_t begin = 0; begin < gram.size(1); begin += kStrip) {
    const std::int64_t end = std::min(gram.size(1), begin + kStrip);
    gram.slice(1, end).slice(2, begin, end).copy_(gram.slice(1, begin, end).slice(2, end).transpose(1, 2));
  }
}

}  // namespace ofsweep

// CholeskyQR finds the columns that Householder's reflections find, and leaves to them what it cannot.

#include <gtest/gtest.h>

#include "trainer/orthogonal_columns.h"

namespace ofsweep {
namespace {

at::Tensor Random(at::IntArrayRef shape) {
  return at::randn(shape, at::make_generator<at::CPUGeneratorImpl>(7), at::kDouble);
}

// GG with these eigenvalues, float32 [2, n, n], and a basis that is a little off its eigenvectors.
struct Iteration {
  at::Tensor gram;
  at::Tensor basis;

  at::Tensor Power() const { return at::bmm(gram, basis); }
};

Iteration WithEigenvalues(const at::Tensor& eigenvalues) {
  const std::int64_t size = eigenvalues.size(0);
  const at::Tensor vectors = std::get<0>(at::linalg_qr(Random({2, size, size})));
  const at::Tensor basis = std::get<0>(at::linalg_qr(vectors + 1e-3 * Random({2, size, size})));
  const at::Tensor gram = at::matmul(vectors * eigenvalues, vectors.transpose(1, 2));
  return {gram.to(at::kFloat), basis.to(at::kFloat)};
}

double Largest(const at::Tensor& x) {
  return x.abs().max().item<double>();
}

void ExpectOrthogonal(const at::Tensor& q, double tolerance) {
  const at::Tensor wide = q.to(at::kDouble);
  EXPECT_LE(Largest(at::bmm(wide.transpose(1, 2), wide) - at::eye(q.size(2), at::kDouble)), tolerance);
}

TEST(CholeskyQrColumns, AreHouseholdersUpToTheirSigns) {
  for (const double decades : {0.5, 3.0, 5.0}) {
    SCOPED_TRACE(decades);
    const Iteration iteration = WithEigenvalues(at::logspace(0, -decades, 40, 10, at::kDouble));
    const at::Tensor seen = CholeskyQrColumns(iteration.Power(), iteration.basis);
    const at::Tensor expected = std::get<0>(at::linalg_qr(iteration.Power().to(at::kDouble)));
    EXPECT_EQ(seen.scalar_type(), at::kFloat);
    ExpectOrthogonal(seen, 1e-6);
    EXPECT_LE(Largest((seen.to(at::kDouble) * expected).sum(1).abs() - 1), 1e-6);
  }
}

TEST(CholeskyQrColumns, KeepTheRangeAndAreOrthogonalWhereTheRankIsDeficient) {
  const at::Tensor eigenvalues = at::logspace(0, -2, 40, 10, at::kDouble);
  eigenvalues.narrow(0, 25, 15).zero_();
  const Iteration iteration = WithEigenvalues(eigenvalues);
  const at::Tensor seen = CholeskyQrColumns(iteration.Power(), iteration.basis);
  ExpectOrthogonal(seen, 1e-6);
  const at::Tensor range = seen.narrow(2, 0, 25);
  EXPECT_LE(Largest(at::bmm(range, at::bmm(range.transpose(1, 2), iteration.gram)) - iteration.gram), 1e-5);
  // What has no eigenvalue keeps its vectors but for their part in the range.
  const at::Tensor overlap = (seen * iteration.basis).sum(1).narrow(1, 25, 15);
  EXPECT_GE(overlap.abs().min().item<double>(), 0.9);
}

TEST(CholeskyQrColumns, AreOrthogonalWhereNothingWasSeenYet) {
  const Iteration iteration = WithEigenvalues(at::zeros({8}, at::kDouble));
  ExpectOrthogonal(CholeskyQrColumns(iteration.Power(), iteration.basis), 1e-6);
}

TEST(CholeskyQrColumns, OfNanAreNan) {
  Iteration iteration = WithEigenvalues(at::ones({8}, at::kDouble));
  iteration.gram[1][2][3] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(CholeskyQrColumns(iteration.Power(), iteration.basis)[1].isnan().any().item<bool>());
}

}  // namespace
}  // namespace ofsweep

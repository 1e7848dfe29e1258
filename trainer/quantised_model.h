#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "experiment/quantisation_bits.h"
#include "experiment/trainer_event.h"
#include "trainer/activation_tap.h"
#include "trainer/decoder.h"
#include "trainer/quantizer.h"

namespace ofsweep {

// Chooses places: weights by their parameter's name, activations by ActivationTap's.
using PlaceFilter = std::function<bool(std::string_view place)>;

inline bool AnyPlace(std::string_view) {
  return true;
}

// Whether a place is a weight that the protocol rounds: matrices, gains and look-up tables, but not the head.
bool IsWeightPlace(std::string_view place);

// Rounds the chosen places of a forward pass to their grids. While calibrating, each place first lets its range follow
// the tensor, so that later ranges are estimated on what earlier places rounded.
class QuantizingTap : public ActivationTap {
 public:
  explicit QuantizingTap(int bits) : bits_(bits) {}

  void SetCalibrating(bool calibrating) { calibrating_ = calibrating; }
  void Choose(const PlaceFilter& rounds);

  void OnSite(std::string_view, std::optional<int>, const at::Tensor&) override {}
  bool WantsPlaces() const override;
  // Throws std::logic_error for a chosen place that no calibration batch has passed.
  at::Tensor OnPlace(const std::string& name, const at::Tensor& x) override;

  struct Place {
    std::string name;
    RangeEstimator estimator;
    bool rounded;
  };
  // In the order of the first pass.
  const std::vector<Place>& Places() const { return places_; }

 private:
  Place& Find(const std::string& name);

  int bits_;  // kUnrounded: no place is ever asked for
  bool calibrating_ = false;
  PlaceFilter rounds_ = AnyPlace;
  std::vector<Place> places_;
};

// A decoder after static quantisation by the protocol of Bondarenko et al. (arXiv 2306.12929), simulated in float32
// whatever the precision of training: matrices, gains and embeddings rounded, biases not, activations with one
// calibrated range per place of ActivationTap. The logits use the unrounded head. A side of 32 bits stays unrounded and
// has no places.
class QuantisedModel {
 public:
  // Works on a copy of the weights; `decoder` itself is left alone and must stay as it is. Nothing is rounded yet.
  explicit QuantisedModel(const Decoder& decoder);

  // From now on the chosen places are rounded to these bits, the rest is float32. Ranges of activations are forgotten;
  // grids of weights are kept where their bits stay.
  void SetBits(QuantisationBits bits, const PlaceFilter& chosen = AnyPlace);

  // The same with the bits as they are. Ranges stay too.
  void Round(const PlaceFilter& chosen);

  // One calibration batch, int64 [B, T]: every activation place learns its range, whether it is rounded or not.
  void Calibrate(const at::Tensor& inputs);

  // Mean cross entropy with the ranges as they are. Needs at least one calibration batch where activations are rounded.
  at::Tensor Loss(const at::Tensor& inputs, const at::Tensor& targets);

  // Weights in parameter order, then the activations that calibration has seen in the order of the pass.
  std::vector<std::string> Places() const;

  // The grid of every place.
  std::vector<QuantizerEvent> Quantizers(std::int64_t step) const;

 private:
  struct Weight {
    std::string name;
    at::Tensor trained;  // the decoder's own
    at::Tensor copy;     // of the model: rounded or not
    WeightGrid grid;
  };

  bool RoundsWeights() const { return bits_.weights != QuantisationBits::kUnrounded; }

  Decoder model_;
  QuantisationBits bits_{QuantisationBits::kUnrounded, QuantisationBits::kUnrounded};
  std::vector<Weight> weights_;
  QuantizingTap tap_{QuantisationBits::kUnrounded};
};

}  // namespace ofsweep

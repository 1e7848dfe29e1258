#pragma once

#include "trainer/decoder_block.h"
#include "trainer/forward_pass.h"

namespace ofsweep {

// block(h, pass), of which only h is kept: the backward pass runs the block again to get at its inside (Chen et al.,
// arXiv 1604.06174), with the same dropout masks and unseen by the taps. Values and gradients have the bits of the
// plain block. Needs an h that requires gradients, and no tap of places. `block` and what `pass` refers to must live
// until the backward pass.
at::Tensor CheckpointedBlock(const DecoderBlock& block, const at::Tensor& h, const ForwardPass& pass);

}  // namespace ofsweep

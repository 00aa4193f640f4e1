// FMix: two images are mixed by a mask of their pixels, blobs of low frequency, and their targets by the mask's share.
// Harris et al., "FMix: enhancing mixed sample data augmentation", 2020; ProMix's second mixing of images
// (docs/methods/noisy-labels.md#6.9). As the paper says it: a spectrum of normal numbers, divided by a power of the
// frequency. The published code indexes its spectrum along another axis and so draws two columns of it alone; that is
// not reproduced.
#pragma once

#include "winnow/method/mixing.h"

namespace winnow::method {

// Ranks of the cells of a low-frequency image, side x side, fp64 on the host: (number of larger cells + shift) / cells.
// Those below l are a mask of the share l; `shift`, 0 to below 1, says how the number of its cells is rounded: up at 0,
// and of a uniform draw up as often as to have l cells on average. normal: 2 x side x (side / 2 + 1), real and
// imaginary parts; decay: the power of 1 / frequency.
at::Tensor low_frequency_ranks(const at::Tensor& normal, double decay, double shift);

struct MaskMixing {
  Tensor cells;   // 32 x 32, of zeros and ones: Rows::weight, so that images of any size take them
  Mixing labels;  // the share of cells and the permutation: of targets
};

// The draws of this step by number, of `count` rows: l ~ Beta(1, 1), a mask, a permutation.
MaskMixing draw_mask_mixing(Step&, std::int64_t index, std::int64_t count);

}  // namespace winnow::method

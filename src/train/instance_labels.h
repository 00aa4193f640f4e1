// Instance-dependent noise (winnow/label/instance_noise.h) from a data set's images.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

#include "winnow/data/pixels.h"
#include "winnow/label/noise.h"

namespace winnow::train {

// Given labels of these training samples (N indices, int64, on the host), whose true labels are `truth`. One true class
// at a time and some hundred images at a time, so memory is bounded whatever the data set is. The same at any number of
// torch's threads. UsageError for what is impossible; DataError for an image that does not decode.
label::Labels instance_labels(const data::Pixels&, const at::Tensor& samples, std::span<const std::int64_t> truth,
                              const label::Spec&);

}  // namespace winnow::train

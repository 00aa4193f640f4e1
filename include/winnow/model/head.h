// Classifiers on features. docs/methods/partial-labels.md#3.1.
#pragma once

#include <memory>

#include "winnow/model/tower.h"

namespace winnow::model {

// z_c = scale cos(f, w_c): apply({features B x d}) -> logits B x C. `weight`: C x d, named `name`.
std::unique_ptr<Module> cosine_head(const std::string& name, at::Tensor weight, double scale);
// z = W f + b. `bias`: C, named `name`.bias; `weight` is named `name`.weight.
std::unique_ptr<Module> linear_head(const std::string& name, at::Tensor weight, at::Tensor bias);
// z_c = f w_c / |w_c|.
std::unique_ptr<Module> l2normed_head(const std::string& name, at::Tensor weight);
// The same of (f - mean f) / sqrt(var f + 1e-12), without scale and shift.
std::unique_ptr<Module> layernormed_head(const std::string& name, at::Tensor weight);

// Rows uniform(-1, 1) rescaled to unit norm (docs/methods/partial-labels.md#3.1), from the counter stream of `seed`.
at::Tensor random_rows(std::int64_t rows, std::int64_t width, std::uint64_t seed, std::string_view purpose);

// A linear head's weights: Kaiming-normal with fan-in mode, N(0, 2/d).
at::Tensor kaiming_rows(std::int64_t rows, std::int64_t width, std::uint64_t seed, std::string_view purpose);

// apply({image features B x p, text features B x p}) -> exp(t) cosines, B x B. Parameter logit_scale: t, trained.
ModuleMaker temperature(double initial);

// Classifiers that a method brings with their rows, C x d, where a recorded run has none. Parameter NAME.weight.
// apply({features B x d}) -> B x C: scale cos(f, w_c), and f W^T.
ModuleMaker cosine_rows(double scale, at::Tensor rows);
ModuleMaker linear_rows(at::Tensor rows);

}  // namespace winnow::model

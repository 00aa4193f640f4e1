// Classifiers on features. spec/pll.md 3.1.
#pragma once

#include <memory>

#include "winnow/model/tower.h"

namespace winnow::model {

// z_c = scale cos(f, w_c): apply({features B x d}) -> logits B x C. `weight`: C x d, named `name`.
std::unique_ptr<Module> cosine_head(const std::string& name, at::Tensor weight, double scale);

// Rows uniform(-1, 1) rescaled to unit norm (spec/pll.md 3.1), from the counter stream of `seed`.
at::Tensor random_rows(std::int64_t rows, std::int64_t width, std::uint64_t seed, std::string_view purpose);

// apply({image features B x p, text features B x p}) -> exp(t) cosines, B x B. The logarithm t is trained.
std::unique_ptr<Module> temperature(double initial, at::ScalarType);

// x / |x| by rows, without epsilon (the specifications' cosine has none).
at::Tensor normalise_rows(const at::Tensor&);

}  // namespace winnow::model

#include "winnow/method/prototype_distance.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "winnow/core/error.h"
#include "winnow/model/normalise.h"

namespace winnow::method {

namespace {

using at::Tensor;

struct Prototypes {
  Tensor rows;    // classes x d: the mean of a class's kept h
  Tensor counts;  // classes
};

Prototypes prototypes_of(const Tensor& h, const Tensor& given, const Tensor& kept, std::int64_t classes) {
  Tensor weight = kept.to(at::kDouble);
  Tensor sums = at::zeros({classes, h.size(1)}, h.options()).index_add_(0, given, h * weight.unsqueeze(1));
  Tensor counts = at::zeros({classes}, h.options()).index_add_(0, given, weight);
  return {sums / counts.clamp_min(1).unsqueeze(1), counts};
}

// N, fp64: -|h - prototype of its given class|^2.
Tensor nearness(const Tensor& h, const Tensor& given, const Prototypes& prototypes) {
  return -(h - prototypes.rows.index_select(0, given)).square().sum(1);
}

// N x classes. Class by class: all differences at once would be N x classes x d.
Tensor nearness_to_all(const Tensor& h, const Prototypes& prototypes) {
  Tensor result = at::empty({h.size(0), prototypes.rows.size(0)}, h.options());
  for (std::int64_t c = 0; c < result.size(1); ++c)
    result.select(1, c).copy_(-(h - prototypes.rows[c]).square().sum(1));
  return result.masked_fill_((prototypes.counts == 0).unsqueeze(0), -4);
}

// Shifted and scaled to [0, 1]; zeros where all are equal.
Tensor scaled(const Tensor& scores) {
  Tensor shifted = scores - scores.min(), largest = shifted.max();
  return largest.item<double>() == 0 ? shifted : shifted / largest;
}

}  // namespace

PrototypeSelection select_near_prototypes(const Tensor& features, const Tensor& given, std::int64_t classes,
                                          const StartOfMixture& start, const MixtureLimits& limits) {
  std::int64_t N = features.size(0);
  if (N > 0 && (given.min().item<std::int64_t>() < 0 || given.max().item<std::int64_t>() >= classes))
    throw DataError(fmt::format("a given label is not one of {} classes", classes));
  Tensor own = features.to(at::kDouble), h = model::normalise_or_zero(own - own.mean(0));
  PrototypeSelection result;
  result.mask = at::ones({N}, at::TensorOptions(at::kBool));
  result.posterior = at::zeros({N}, at::TensorOptions(at::kDouble));
  for (std::int64_t round = 0; round < 2; ++round) {
    Prototypes prototypes = prototypes_of(h, given, result.mask, classes);
    result.score = nearness(h, given, prototypes);
    if (round == 1) result.nearness = nearness_to_all(h, prototypes);
    for (std::int64_t label = 0; label < classes; ++label) {
      Tensor samples = at::nonzero(given == label).squeeze(1);
      if (samples.numel() == 0) continue;
      Tensor values = scaled(result.score.index_select(0, samples));
      Mixture mixture = Mixture::fit(values, start(round, label, samples, values), limits);
      auto near = mixture.means.argmax().item<std::int64_t>();
      Tensor kept = mixture.posteriors.argmax(1) == near;
      if (!kept.any().item<bool>()) kept.fill_(true);
      result.mask.index_copy_(0, samples, kept);
      result.posterior.index_copy_(0, samples, mixture.posteriors.select(1, near));
    }
  }
  return result;
}

}  // namespace winnow::method

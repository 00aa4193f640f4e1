#include "winnow/method/uniform_selection.h"

#include <ATen/ATen.h>

#include "winnow/method/formulas.h"
#include "winnow/method/rank_in_class.h"

namespace winnow::method {

namespace {

constexpr double kInLogarithms = 1e-10;

Tensor divergence_of(const Tensor& a, const Tensor& b) {
  return (a * ((a + kInLogarithms) / (b + kInLogarithms)).log()).sum(1);
}

}  // namespace

Tensor divergence_from_labels(const Tensor& prediction, const Tensor& given) {
  Tensor label = one_hot(given, prediction), middle = (prediction + label) / 2;
  return (divergence_of(prediction, middle) + divergence_of(label, middle)) / 2;
}

UniformSelection select_uniformly(const Tensor& divergence, const Tensor& given, std::int64_t classes, double threshold,
                                  double tau, Padding padding) {
  UniformSelection result;
  Tensor mean = divergence.mean();
  result.cut = at::where(mean > threshold, mean - (mean - divergence.min()) / tau, mean);
  Tensor below = (divergence < result.cut).sum();
  result.rate = below.to(at::kDouble) / static_cast<double>(divergence.size(0));
  result.weight = at::where(divergence < 0.5, at::ones_like(divergence), 1 - divergence);
  Tensor rank = rank_in_class(divergence, given, classes, Order::rising);
  if (padding == Padding::none) {
    result.mask = rank < below.floor_divide(classes);
    return result;
  }
  Tensor places = result.rate * static_cast<double>(divergence.size(0));  // the reference code's arithmetic
  result.mask = rank < (places / static_cast<double>(classes)).floor();
  Tensor zeros_left = result.mask.sum() < places.floor();
  result.mask.narrow(0, 0, 1).logical_or_(zeros_left);
  return result;
}

Tensor padded_list(const Tensor& divergence, const Tensor& given, std::int64_t classes, double rate) {
  double places = rate * static_cast<double>(divergence.size(0));
  auto of_class = static_cast<std::int64_t>(places / static_cast<double>(classes));
  Tensor rank = rank_in_class(divergence, given, classes, Order::rising);
  Tensor chosen = at::nonzero(rank < of_class).squeeze(1);
  // One key a sample: by class, then by rank.
  Tensor key = given.index_select(0, chosen) * divergence.size(0) + rank.index_select(0, chosen);
  Tensor list = at::zeros({static_cast<std::int64_t>(places)}, given.options());
  list.narrow(0, 0, chosen.size(0)).copy_(chosen.index_select(0, key.argsort()));
  return list;
}

}  // namespace winnow::method

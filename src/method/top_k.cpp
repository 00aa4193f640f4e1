#include "winnow/method/top_k.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "winnow/core/error.h"
#include "winnow/method/formulas.h"
#include "winnow/method/rank_in_class.h"

namespace winnow::method {

namespace {

void check(std::int64_t K) {
  if (K < 0) throw UsageError(fmt::format("K is {}: at least 0 images of a class can be selected", K));
}

}  // namespace

TopK top_k_argmax(const at::Tensor& probability, std::int64_t K, const at::Tensor& unlabelled) {
  check(K);
  std::int64_t C = probability.size(1);
  at::Tensor label = probability.argmax(1);
  at::Tensor score = at_labels(probability, label);
  if (!unlabelled.defined()) return {rank_in_class(score, label, C, Order::falling) < K, score, label};
  at::Tensor own = label.masked_fill(unlabelled.logical_not(), C);  // a class of its own for the others
  return {(rank_in_class(score, own, C + 1, Order::falling) < K).logical_and(own < C), score, label};
}

at::Tensor top_k_columnwise(const at::Tensor& probability, std::int64_t K, const at::Tensor& unlabelled) {
  check(K);
  at::Tensor others = unlabelled.defined() ? unlabelled.logical_not().unsqueeze(1) : at::Tensor();  // they go last
  at::Tensor scores = others.defined() ? probability.masked_fill(others, -kInfinity) : probability;
  at::Tensor order = std::get<1>(scores.sort(/*stable=*/true, 0, /*descending=*/true));
  at::Tensor mask = at::zeros(probability.sizes(), probability.options().dtype(at::kBool))
                        .scatter_(0, order.narrow(0, 0, std::min(K, probability.size(0))), 1);
  return others.defined() ? mask.masked_fill_(others, 0) : mask;
}

std::int64_t growing_k(std::int64_t round, std::int64_t rounds, std::int64_t samples, std::int64_t classes) {
  if (round < 1 || rounds < 1 || samples < 1 || classes < 1)
    throw UsageError(
        fmt::format("round {} of {}, {} images, {} classes: all are at least 1", round, rounds, samples, classes));
  return std::min(round * (samples / rounds) / classes, samples / classes);
}

}  // namespace winnow::method

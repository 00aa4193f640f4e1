#include "winnow/method/mixmatch.h"

#include <ATen/ATen.h>

#include <cmath>

#include "winnow/method/formulas.h"

namespace winnow::method {

at::Tensor sharpened(const at::Tensor& probability, double temperature) {
  at::Tensor power = probability.pow(1 / temperature);
  return power / power.sum(1, true);
}

at::Tensor guessed_targets(const std::vector<at::Tensor>& predictions, double temperature) {
  return sharpened(at::stack(predictions).mean(0), temperature).detach();
}

at::Tensor refined_targets(const std::vector<at::Tensor>& predictions, const at::Tensor& given,
                           const at::Tensor& weight, double temperature) {
  at::Tensor mean = at::stack(predictions).mean(0), w = weight.unsqueeze(1);
  return sharpened(w * one_hot(given, mean) + (1 - w) * mean, temperature).detach();
}

MixMatchLosses mixmatch_losses(const at::Tensor& logits, const at::Tensor& target, std::int64_t labelled_rows) {
  std::int64_t rows = logits.size(0), unlabelled = rows - labelled_rows;
  at::Tensor probability = at::softmax(logits, 1);
  double classes = static_cast<double>(logits.size(1));
  MixMatchLosses result;
  result.labelled = soft_cross_entropy(logits.narrow(0, 0, labelled_rows), target.narrow(0, 0, labelled_rows));
  result.unlabelled = mean_of(
      (probability.narrow(0, labelled_rows, unlabelled) - target.narrow(0, labelled_rows, unlabelled)).square());
  // A class that no row thinks of at all has no logarithm: its penalty is large and pulls no further.
  result.penalty = (-std::log(classes) - probability.mean(0).clamp_min(1e-30).log()).sum() / classes;
  return result;
}

}  // namespace winnow::method

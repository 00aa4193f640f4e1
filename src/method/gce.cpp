// GCE: between cross-entropy (q to 0) and the absolute error (q = 1). Zhang and Sabuncu, "Generalized cross entropy
// loss for training deep neural networks with noisy labels", 2018; docs/methods/noisy-labels.md#6.4.
#include <ATen/ATen.h>

#include <cmath>

#include "winnow/method/classifier.h"
#include "winnow/method/formulas.h"
#include "winnow/method/registry.h"

namespace winnow::method {

namespace {

// B. (1 - p^q) / q, of q log p so that a probability of 0 has the gradient 0; truncated: constant where p <= k.
Tensor losses(const Settings& settings, const Tensor& logits, const Tensor& given) {
  double q = settings.real("q"), k = settings.has("truncate") ? settings.real("truncate") : 0;
  Tensor log_probability = -cross_entropy(logits, given);
  Tensor each = (1 - at::exp(q * log_probability)) / q;
  return k > 0 ? at::where(log_probability.detach() <= std::log(k), at::full_like(each, (1 - std::pow(k, q)) / q), each)
               : each;
}

class GCE final : public Classifier {
 public:
  void step(Step& step) override { minimise(step, losses(step.settings(), logits(step), step.batch_given()).mean()); }
};

Tensors loss_alone(const Settings& settings, const Tensors& in) {
  Tensor each = losses(settings, in.at("logits"), in.at("given"));
  return {{"loss", each.mean()}, {"each", each}};
}

}  // namespace

Entry gce_entry() {
  return {"gce", [] { return std::unique_ptr<Method>(new GCE); }, &loss_alone};
}

}  // namespace winnow::method

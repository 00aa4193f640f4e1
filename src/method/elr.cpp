// ELR: a memory of each sample's past predictions keeps the model from forgetting what it believed before it memorised
// wrong labels. Liu et al., "Early-learning regularization prevents memorization of noisy labels", 2020;
// docs/methods/noisy-labels.md#6.2.
#include <ATen/ATen.h>

#include "winnow/method/classifier.h"
#include "winnow/method/formulas.h"
#include "winnow/method/registry.h"

namespace winnow::method {

namespace {

struct Terms {
  Tensor memory;  // B x C: the batch's rows, moved already
  Tensor losses;  // B
};

Terms terms(const Settings& settings, const Tensor& logits, const Tensor& given, const Tensor& memory) {
  double beta = settings.real("beta"), lambda = settings.real("lambda");
  Tensor probability = at::softmax(logits, 1).clamp(1e-4, 1 - 1e-4), now = probability.detach();
  Tensor moved = beta * memory + (1 - beta) * (now / now.sum(1, true));
  return {moved, cross_entropy(logits, given) + lambda * at::log(1 - (moved * probability).sum(1))};
}

class ELR final : public Classifier {
 public:
  void declare(Setup& setup) override {
    setup.state("memory", at::zeros({setup.samples(), setup.classes()}, setup.real()));
  }

  void step(Step& step) override {
    Terms own = terms(step.settings(), logits(step), step.batch_given(), step.batch_state("memory"));
    step.set_batch_state("memory", own.memory);
    minimise(step, own.losses.mean());
  }
};

Tensors loss_alone(const Settings& settings, const Tensors& in) {
  Terms own = terms(settings, in.at("logits"), in.at("given"), in.at("memory").index_select(0, in.at("index")));
  return {{"loss", own.losses.mean()},
          {"each", own.losses},
          {"memory", in.at("memory").index_copy(0, in.at("index"), own.memory)}};
}

}  // namespace

Entry elr_entry() {
  return {"elr", [] { return std::unique_ptr<Method>(new ELR); }, &loss_alone};
}

}  // namespace winnow::method

// IDGP: a classifier f and a model g of how candidates arise teach each other. Qiao et al., "Decompositional generation
// process for instance-dependent partial label learning", 2023; docs/methods/partial-labels.md#5.9.
#include <ATen/ATen.h>

#include "settings_words.h"
#include "winnow/method/classifier.h"
#include "winnow/method/formulas.h"
#include "winnow/method/registry.h"

namespace winnow::method {

namespace {

constexpr double kEpsilon = 1e-12, kKappa = 1.0000001;

Tensor batch_mean(const Tensor& terms) { return terms.sum(1).mean(); }

// Each row divided by its sum + epsilon.
Tensor normalised(const Tensor& mass) { return mass / (mass.sum(1, true) + kEpsilon); }

// One batch. f, g: logits (f's of a softmax, g's of a sigmoid a class); d, b: confidences of f and g; Y: candidates.
// All B x C.
struct Terms {
  Tensor f_logits, g_logits, d, b, Y;
  bool warm_up, product;
  double weight;  // lambda

  Tensor loss_of_f() const {
    Tensor f = at::softmax(f_logits, 1), loss = -batch_mean(d * at::log(f + kEpsilon));
    if (warm_up) return loss;
    return loss - batch_mean(instance_weights() * at::log(f + kEpsilon)) + weight * divergence(d, f_logits);
  }

  Tensor loss_of_g() const {
    Tensor g = at::sigmoid(g_logits), loss = binary(g, b);
    if (warm_up) return loss;
    Tensor v = normalised(at::softmax(f_logits.detach(), 1) * Y);
    return loss - batch_mean(v * at::log(kKappa - g)) + binary(g, Y) +
           weight * batch_mean(at::xlogy(b, b) - b * at::log_sigmoid(g_logits));
  }

 private:
  // A row without candidates is no row that has none of the classes.
  Tensor binary(const Tensor& g, const Tensor& target) const {
    return -batch_mean((target * at::log(g + kEpsilon) + (1 - target) * at::log(kKappa - g)) *
                       has_candidates(Y).unsqueeze(1));
  }

  // w ~ Y (1 - n) / (n + epsilon), where n is the probability that a class is on the wrong side if the guess is the
  // true one.
  Tensor instance_weights() const {
    Tensor g = at::sigmoid(g_logits.detach());
    Tensor guess = one_hot((d * Y).argmax(1), g) != 0;
    Tensor n = at::where(guess, 1 - g, g);
    Tensor w = Y * (1 - n) / (n + kEpsilon);
    if (!product) {
      Tensor sum = w.sum(1, true);  // 0 where g is sure of every candidate but the guess, and that is none
      return at::where(sum > 0, w / sum.masked_fill(sum == 0, 1), uniform_over(Y));
    }
    // [S17] The product over the candidates cancels but for epsilon, which it falls below where sets are large.
    return normalised(w * n.masked_fill(Y == 0, 1).prod(1, /*keepdim=*/true));
  }
};

class IDGP final : public ConfidenceClassifier {
 public:
  void declare(Setup& setup) override {
    ConfidenceClassifier::declare(setup);
    const Settings& settings = setup.settings();
    auto epochs = static_cast<double>(setup.epochs()), steps = static_cast<double>(setup.steps_per_epoch());
    warmup_steps_ =
        settings.real("warmup_epochs") * static_cast<double>(setup.samples()) / static_cast<double>(setup.batch());
    // [S2] The reference compares iterations with a fifth of the epochs.
    ramp_steps_ = number_or_word(settings, "ramp_steps",
                                 {{"fifth-of-the-iterations", 0.2 * epochs * steps},
                                  {"fifth-of-the-epochs", static_cast<double>(setup.epochs() / 5)}});
    product_ = settings.flag("product");
    setup.network("generator", TowerKind::image);
    setup.head("generator_head", HeadStart::random);
    setup.optimiser("generator", {"generator", "generator_head"});
    setup.state("b", setup.candidates(), Keep::traced);
    setup.state("steps_after_warmup", at::zeros({}, setup.real().dtype(at::kLong)));
  }

  void step(Step& step) override {
    auto iteration = static_cast<double>(step.iteration());
    Tensor g_logits = step.apply("generator_head", {step.forward("generator", "weak", step.ids()).features()});
    Terms terms{logits(step),
                g_logits,
                confidence(step),
                step.batch_state("b"),
                step.batch_candidates(),
                iteration <= warmup_steps_,
                product_,
                ramp(iteration, ramp_steps_)};
    if (!terms.warm_up) step.state("steps_after_warmup").add_(1);
    Tensor loss_f = terms.loss_of_f(), loss_g = terms.loss_of_g();
    step.update("main", loss_f);
    step.update("generator", loss_g);
    step.log("loss_g", loss_g);
    set_confidence(step, normalised(at::softmax(terms.f_logits.detach(), 1) * terms.Y));
    step.set_batch_state("b", at::sigmoid(g_logits.detach()) * terms.Y);
  }

 private:
  double warmup_steps_ = 0, ramp_steps_ = 0;
  bool product_ = false;
};

// `term`: f or g.
Tensors loss_alone(const Settings& settings, const Tensors& in) {
  Terms terms{in.at("logits_f"),
              in.at("logits_g"),
              in.at("d"),
              in.at("b"),
              in.at("candidates"),
              settings.flag("warm_up"),
              settings.flag("product"),
              settings.real("lambda")};
  return {{"loss", choice(settings, "term", {"f", "g"}) == 0 ? terms.loss_of_f() : terms.loss_of_g()}};
}

}  // namespace

Entry idgp_entry() {
  return {"idgp", [] { return std::unique_ptr<Method>(new IDGP); }, &loss_alone};
}

}  // namespace winnow::method

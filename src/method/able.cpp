// ABLE: samples that may be of one class by their candidates and confidences come close to each other. Xia et al.,
// "Ambiguity- induced contrastive learning for instance-dependent partial label learning", 2022;
// docs/methods/partial-labels.md#5.10.
#include <ATen/ATen.h>

#include "settings_words.h"
#include "winnow/method/classifier.h"
#include "winnow/method/contrast.h"
#include "winnow/method/formulas.h"
#include "winnow/method/registry.h"
#include "winnow/model/neck.h"
#include "winnow/model/normalise.h"

namespace winnow::method {

namespace {

struct Contrast {
  double temperature, base_temperature;

  // embeddings: 2B x d of unit length, weak rows first; logits, confidence, candidates: B x C.
  // m_ik = sum over i's candidates c of Q_ic [guess of k is c] / (guesses that are c); tiled to 2B x 2B.
  Tensor operator()(const Tensor& embeddings, const Tensor& logits, const Tensor& confidence,
                    const Tensor& candidates) const {
    Tensor guess = guess_among(logits, candidates);
    Tensor weight = at::matmul(confidence * candidates, (guess / guess.sum(0).clamp_min(1)).t()).repeat({2, 2});
    Tensor shares = log_shares(at::matmul(embeddings, embeddings.t()) / temperature);
    return -temperature / base_temperature * (weight * shares).sum(1).mean();
  }
};

class ABLE final : public ConfidenceClassifier {
 public:
  void declare(Setup& setup) override {
    ConfidenceClassifier::declare(setup);
    const Settings& settings = setup.settings();
    contrast_ = {settings.real("temperature"), settings.real("base_temperature")};
    loss_weight_ = settings.real("loss_weight");
    by_position_ = choice(settings, "mask_rows", {"sample", "position"}) == 1;
    setup.module("neck", model::neck());
  }
  std::vector<std::string> parts() const override { return {"main", "head", "neck"}; }

  void step(Step& step) override {
    Tensor candidates = step.batch_candidates(), own = confidence(step);
    Tensor weak = step.forward("main", "weak", step.ids()).features(),
           strong = step.forward("main", "strong", step.ids()).features();
    Tensor logits = step.apply("head", {weak}), now = logits.detach();
    Tensor embeddings = step.apply("neck", {at::cat({weak, strong})});
    // [S6] The reference takes row k of Q for the batch's k-th sample.
    Tensor rows = by_position_ ? step.state("confidence").narrow(0, 0, candidates.size(0)) : own;
    minimise(step, soft_cross_entropy(logits, own) + loss_weight_ * contrast_(embeddings, now, rows, candidates));
    set_confidence(step, masked_softmax(now, candidates));
  }

 private:
  Contrast contrast_{};
  double loss_weight_ = 0;
  bool by_position_ = false;
};

// The contrastive term, of features that are normalised here.
Tensors loss_alone(const Settings& settings, const Tensors& in) {
  choice(settings, "term", {"contrastive"});
  Contrast contrast{settings.real("temperature"), settings.real("base_temperature")};
  Tensor embeddings = model::normalise_or_zero(in.at("features"));
  return {{"loss", contrast(embeddings, in.at("logits"), in.at("confidence"), in.at("candidates"))}};
}

}  // namespace

Entry able_entry() {
  return {"able", [] { return std::unique_ptr<Method>(new ABLE); }, &loss_alone};
}

}  // namespace winnow::method

// Dual prompts, the first phase of DeFT: a positive and a negative prompt tell which given labels are clean, while the
// image tower adapts to those alone. Wei et al., "Vision-language models are strong noisy label detectors", 2024;
// docs/methods/noisy-labels.md#3.
#include <ATen/ATen.h>

#include <cmath>

#include "settings_words.h"
#include "winnow/method/clean_probability.h"
#include "winnow/method/formulas.h"
#include "winnow/method/prompts.h"
#include "winnow/method/registry.h"

namespace winnow::method {

namespace {

struct Rules {
  std::int64_t warmup_epochs = 0, label_epochs = 0;
  double positive_weight = 1;
  bool real = false, both = false;
  Consistency consistency = Consistency::none;

  static Rules from(const Settings& settings) {
    bool real = choice(settings, "noise_source", {"synthetic", "real"}) == 1;
    Consistency named = consistency_named(settings.text("consistency"));
    return {settings.integer("warmup_epochs"),
            settings.integer("label_epochs"),
            settings.real("positive_weight"),
            real,
            choice(settings, "dp_grad", {"neg-only", "both"}) == 1,
            real ? named : Consistency::none};
  }
};

struct Batch {
  Tensor image;               // B x p, any length
  Tensor positive, negative;  // C x p, any length
  Tensor given, complement;   // B
};

struct Terms {
  Tensor similarity, prompts;  // the two losses: L_sim, L_dp
  Tensor score, mask;          // B: clean probability of the given label; who is selected
  Tensor label, target;        // B: the prediction; what L_dp takes for the label
};

// Mean of -log max(sigmoid(-margin), 1e-5): the floor has no gradient.
Tensor log_loss(const Tensor& margin) { return at::softplus(margin).clamp_max(-std::log(1e-5)).mean(); }

// epoch: from 0; the specification counts from 1.
Terms terms(const Rules& rules, double scale, std::int64_t epoch, const Batch& batch) {
  Tensor image = batch.image, seen = image.detach();
  Tensor positive = cosine_logits(image, batch.positive, scale), negative = cosine_logits(seen, batch.negative, scale);
  Tensor fixed = positive.detach();
  Tensor margin = (rules.both ? cosine_logits(seen, batch.positive, scale) : fixed) - negative;
  CleanSelection selected = select_clean(fixed, negative.detach(), batch.given, rules.consistency);
  Terms result;
  result.score = selected.score;
  result.mask = selected.mask;
  result.label = selected.label;
  if (epoch >= rules.warmup_epochs) result.similarity = masked_mean(cross_entropy(positive, batch.given), result.mask);
  else if (rules.real) result.similarity = symmetric_cross_entropy(positive, batch.given, 1, 1).mean();
  else result.similarity = cross_entropy(positive, batch.given).mean();
  result.target = epoch < rules.label_epochs ? batch.given : at::where(result.mask, batch.given, result.label);
  result.prompts = log_loss(at_labels(margin, batch.complement)) +
                   rules.positive_weight * log_loss(-at_labels(margin, result.target));
  return result;
}

class DualPrompts final : public Method {
 public:
  void setup(Setup& setup) override {
    rules_ = Rules::from(setup.settings());
    const Settings& settings = setup.settings();
    frozen_pass_ = settings.has("selection") && choice(settings, "selection", {"last-epoch", "frozen-pass"}) == 1;
    setup.network("main", TowerKind::joint);
    setup.prompts("prompts", 2);
    setup.optimiser("main", {"main", "prompts"});
    setup.state("score", at::zeros({setup.samples()}, setup.real()), Keep::traced);
    setup.state("mask", at::zeros({setup.samples()}, setup.real().dtype(at::kByte)), Keep::every_epoch);
  }

  void step(Step& step) override {
    Tensor image = step.forward("main", "weak", step.ids()).features();
    Tensor classes = class_features(step, 2);
    Batch batch{image, classes[0], classes[1], step.batch_given(), draw_complement(step)};
    Terms own = terms(rules_, step.logit_scale(), step.epoch(), batch);
    step.update("main", own.similarity + own.prompts);
    step.set_batch_state("score", own.score);
    step.set_batch_state("mask", own.mask.to(at::kByte));
  }

  // [3.6] The option: every sample is judged again, by the trained model and as the test split is seen.
  void after_epoch(Pass& pass) override {
    if (!frozen_pass_ || pass.epoch() + 1 < pass.epochs()) return;
    Tensor judged = pass.of_all([&](const Ids& ids) {  // score and mask alone: N x C logits of all would not fit
      Tensor image = pass.forward("main", "plain", ids).features(), classes = class_features(pass, 2);
      CleanSelection own = select_clean(cosine_logits(image, classes[0], pass.logit_scale()),
                                        cosine_logits(image, classes[1], pass.logit_scale()),
                                        pass.given().index_select(0, ids.on_device()), rules_.consistency);
      return at::stack({own.score, own.mask.to(own.score.scalar_type())}, 1);
    });
    pass.state("score").copy_(judged.select(1, 0));
    pass.state("mask").copy_(judged.select(1, 1));
  }

  Outputs predict(Forward& forward) override {
    Tensor image = forward.forward("main", "plain", forward.ids()).features(), classes = class_features(forward, 2);
    return {{"logits", cosine_logits(image, classes[0], forward.logit_scale())}};
  }

 private:
  Rules rules_;
  bool frozen_pass_ = false;
};

// Cases count epochs from 1.
Tensors loss_alone(const Settings& settings, const Tensors& in) {
  Terms own = terms(Rules::from(settings), settings.real("scale"), settings.integer("epoch") - 1,
                    {in.at("features"), in.at("positive"), in.at("negative"), in.at("given"), in.at("complement")});
  return {{"loss", own.similarity + own.prompts},
          {"sim", own.similarity},
          {"dp", own.prompts},
          {"score", own.score},
          {"mask", own.mask},
          {"label", own.label},
          {"target", own.target}};
}

}  // namespace

Entry dual_prompts_entry() {
  return {"dual-prompts", [] { return std::unique_ptr<Method>(new DualPrompts); }, &loss_alone};
}

}  // namespace winnow::method

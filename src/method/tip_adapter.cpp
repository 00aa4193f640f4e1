// Tip-Adapter: a cache of the labelled images' features beside the zero-shot classifier; Tip-Adapter-F trains its keys.
// Zhang et al., "Tip-Adapter: training-free adaption of CLIP for few-shot classification", 2022;
// docs/methods/unsupervised.md#6.6 and #6.7.
#include <ATen/ATen.h>

#include "winnow/core/error.h"
#include "winnow/method/formulas.h"
#include "winnow/method/registry.h"
#include "winnow/model/head.h"
#include "winnow/model/normalise.h"

namespace winnow::method {

namespace {

// apply({features B x p}) -> cosines with the keys (M x p, as they are), B x M. Parameter NAME.keys.
class Cache final : public model::Module {
 public:
  Cache(const model::ModulePlace& place, const Tensor& keys)
      : keys_(weights_.add(place.name + ".keys", place.initial("keys", [&](const Streams&) { return keys.cpu(); }),
                           true)) {}
  Tensor apply(const std::vector<Tensor>& inputs, bool) override {
    return at::matmul(model::normalise_rows(inputs.at(0)), keys_->use.t());
  }

 private:
  model::Parameter* keys_;
};

struct Scores {
  Tensor zero_shot;  // B x C
  Tensor affinity;   // B x M: cosines with the keys
  Tensor labels;     // M x C, one-hot
};

Tensor logits(const Scores& scores, const Tensor& alpha, const Tensor& beta) {
  return scores.zero_shot + alpha * at::matmul(at::exp(-beta * (1 - scores.affinity)), scores.labels);
}

// Where a grid's step i lies: 0.1 + i (scale - 0.1) / steps.
double place(std::int64_t i, double scale, std::int64_t steps) {
  return 0.1 + static_cast<double>(i) * (scale - 0.1) / static_cast<double>(steps);
}

class TipAdapter : public Method {
 public:
  void setup(Setup& setup) override {
    const Settings& settings = setup.settings();
    auto scale = settings.reals("search_scale"), steps = settings.reals("search_steps");
    if (scale.size() != 2 || steps.size() != 2)
      throw UsageError("search_scale and search_steps are two numbers each: of beta, and of alpha");
    beta_ = {scale[0], static_cast<std::int64_t>(steps[0])};
    alpha_ = {scale[1], static_cast<std::int64_t>(steps[1])};
    setup.network("main", TowerKind::joint);
    setup.module("class_texts", model::cosine_rows(setup.logit_scale(), of_input(setup, "class_texts")));
    Tensor keys = of_input(setup, "keys");
    setup.module("cache", [keys](const model::ModulePlace& place) -> std::unique_ptr<model::Module> {
      return std::make_unique<Cache>(place, keys);
    });
    // Figures of the run; until the search they are where it starts.
    setup.state("best_beta", at::full({}, settings.real("init_beta"), setup.real()));
    setup.state("best_alpha", at::full({}, settings.real("init_alpha"), setup.real()));
    setup.state("acc_val", at::zeros({}, setup.real()));
  }

  void step(Step&) override {}  // nothing is trained

  // The best pair on the labelled validation split, the first of equal ones: beta outside, alpha inside.
  void after_epoch(Pass& pass) override {
    if (pass.epoch() + 1 < pass.epochs()) return;
    Pass split = pass.on("validation");
    Tensor features = split.of_all([&](const Ids& ids) { return split.forward("main", "plain", ids).features(); });
    Scores scores = this->scores(split, features);
    std::vector<Tensor> right;
    for (std::int64_t i = 0; i < beta_.steps; ++i) {
      Tensor cached = at::matmul(at::exp(-place(i, beta_.scale, beta_.steps) * (1 - scores.affinity)), scores.labels);
      for (std::int64_t j = 0; j < alpha_.steps; ++j) {
        Tensor now = scores.zero_shot + place(j, alpha_.scale, alpha_.steps) * cached;
        right.push_back((now.argmax(1) == split.labels()).sum());
      }
    }
    Tensor counts = at::stack(right), best = counts.argmax(0);  // the first of equal ones
    auto number = [&](const Tensor& i, const Grid& grid) {
      return 0.1 + i.to(pass.real().dtype()) * (grid.scale - 0.1) / static_cast<double>(grid.steps);
    };
    pass.state("best_beta").copy_(number(best.div(alpha_.steps, "floor"), beta_));
    pass.state("best_alpha").copy_(number(best.remainder(alpha_.steps), alpha_));
    pass.state("acc_val").copy_(100 * counts.max().to(at::kDouble) / static_cast<double>(split.size()));
  }

  Outputs predict(Forward& forward) override {
    Scores scores = this->scores(forward, forward.forward("main", "plain", forward.ids()).features());
    return {{"logits", logits(scores, forward.state("best_alpha"), forward.state("best_beta"))},
            {"logits_init", logits(scores, fixed(forward, "init_alpha"), fixed(forward, "init_beta"))},
            {"logits_zero_shot", scores.zero_shot}};
  }

 protected:
  template <class View>
  static Scores scores(View& view, const Tensor& features) {
    Tensor zero_shot = view.apply("class_texts", {features});
    return {zero_shot, view.apply("cache", {features}), one_hot(view.given(), zero_shot)};
  }
  template <class View>
  static Tensor fixed(View& view, const char* key) {
    return at::full({}, view.settings().real(key), view.real());
  }

 private:
  struct Grid {
    double scale = 0;
    std::int64_t steps = 0;
  };
  static Tensor of_input(Setup& setup, const char* name) {
    return setup.has_input(name) ? setup.input(name) : Tensor();
  }
  Grid beta_, alpha_;
};

class TipAdapterF final : public TipAdapter {
 public:
  void setup(Setup& setup) override {
    TipAdapter::setup(setup);
    setup.optimiser("main", {"cache"});
  }

  void step(Step& step) override {
    Scores scores = this->scores(step, step.forward("main", "weak", step.ids(), /*grad=*/false).features());
    Tensor now = logits(scores, fixed(step, "init_alpha"), fixed(step, "init_beta"));
    step.update("main", cross_entropy(now, step.batch_given()).mean());
  }
};

Tensors loss_alone(const Settings& settings, const Tensors& in) {
  Tensor zero_shot = settings.real("scale") * at::matmul(in.at("features"), in.at("text_features").t());
  Scores scores{zero_shot, at::matmul(in.at("features"), in.at("keys").t()), one_hot(in.at("key_label"), zero_shot)};
  auto fixed = [&](const char* key) { return at::full({}, settings.real(key), zero_shot.options()); };
  Tensor all = logits(scores, fixed("alpha"), fixed("beta"));
  return {{"loss", cross_entropy(all, in.at("label")).mean()}, {"logits", all}};
}

}  // namespace

Entry tip_adapter_entry() {
  return {"tip-adapter", [] { return std::unique_ptr<Method>(new TipAdapter); }, &loss_alone};
}

Entry tip_adapter_f_entry() {
  return {"tip-adapter-f", [] { return std::unique_ptr<Method>(new TipAdapterF); }, &loss_alone};
}

}  // namespace winnow::method

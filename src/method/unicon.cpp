// UNICON: two networks; equally many samples of each class are labelled, those whose predictions diverge least from
// their labels, and MixMatch on strong views learns with them beside contrast of the unlabelled ones. Karim et al.,
// "UNICON: combating label noise through uniform selection and contrastive learning", 2022;
// docs/methods/noisy-labels.md#6.9.
#include <ATen/ATen.h>

#include "train_rule.h"
#include "winnow/method/contrast.h"
#include "winnow/method/registry.h"
#include "winnow/method/two_networks.h"
#include "winnow/method/uniform_selection.h"
#include "winnow/model/neck.h"

namespace winnow::method {

namespace {

const std::vector<std::string> kSeen = {"weak", "again"}, kTrained = {"strong", "strong_again"};

std::string neck_of(const Net& net) { return net.number == 0 ? "neck" : "second_neck"; }

// Two views of B samples, 2B x d unit rows, one view below the other: each row against all others, its sample's other
// view the positive one. Chen et al., "A simple framework for contrastive learning of visual representations", 2020.
Tensor contrast_of_views(const Tensor& rows, double temperature) {
  std::int64_t B = rows.size(0) / 2;
  Tensor shares = log_shares(at::matmul(rows, rows.t()) / temperature);
  return -(shares.diagonal(B).mean() + shares.diagonal(-B).mean()) / 2;
}

class Unicon final : public TwoNetworks {
 public:
  void setup(Setup& setup) override {
    const Settings& settings = setup.settings();
    cross_entropy_ = trains_by_cross_entropy(settings);
    require_epochs_after_warmup(setup);
    threshold_ = settings.real("threshold");
    tau_ = settings.real("tau");
    if (cross_entropy_) return declare_networks(setup);
    lambda_c_ = settings.real("lambda_c");
    contrast_temperature_ = settings.real("contrast_temperature");
    std::int64_t columns = settings.integer("projection");
    declare_networks(setup, 2, [&](const Net& net) {
      setup.module(neck_of(net), model::neck(columns));
      return std::vector<std::string>{neck_of(net)};
    });
    declare_division(setup);
  }

  void before_epoch(Pass& pass) override {
    if (pass.epoch() < warmup_epochs()) return;
    Tensor mean = pass.of_all([&](const Ids& ids) {
      Tensor sum;
      for (const Net& net : nets()) {
        Tensor own = at::softmax(pass.apply(net.head, {pass.forward(net.network, "plain", ids).features()}), 1);
        sum = sum.defined() ? sum + own : own;
      }
      return sum / 2;
    });
    Tensor divergence = divergence_from_labels(mean, pass.given());
    UniformSelection selected = select_uniformly(divergence, pass.given(), pass.classes(), threshold_, tau_);
    pass.state("mask").copy_(selected.mask);
    pass.state("score").copy_(1 - divergence);
    if (cross_entropy_) return;
    for (const Net& net : nets()) set_division(pass, net, selected.mask, selected.weight);
  }

  void step(Step& step) override {
    for (const Net& net : nets()) {
      if (cross_entropy_ || step.epoch() < warmup_epochs()) {
        learn_given(step, net);
        continue;
      }
      Tensor loss = mixmatch_loss(step, net, kSeen, kTrained);
      if (Ids u = step.ids_of(net.unlabelled()); u.size()) {
        Rows both{{{kTrained[0], u}, {kTrained[1], u}}};
        Tensor embedded = step.apply(neck_of(net), {step.forward(net.network, both).features()});
        Tensor against = lambda_c_ * contrast_of_views(embedded, contrast_temperature_);
        loss = loss.defined() ? loss + against : against;
      }
      if (loss.defined()) step.update(net.optimiser, loss);
    }
  }

 private:
  bool cross_entropy_ = false;
  double threshold_ = 0, tau_ = 1, lambda_c_ = 0, contrast_temperature_ = 1;
};

}  // namespace

Entry unicon_entry() {
  return {"unicon", [] { return std::unique_ptr<Method>(new Unicon); }};
}

}  // namespace winnow::method

// GMM: before each epoch a mixture of two normals over the losses of all samples separates the clean ones; only they
// are trained on. The division of Li et al., "DivideMix: learning with noisy labels as semi-supervised learning", 2020,
// with one network; docs/methods/noisy-labels.md#6.5.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "winnow/core/error.h"
#include "winnow/method/classifier.h"
#include "winnow/method/formulas.h"
#include "winnow/method/mixture.h"
#include "winnow/method/registry.h"

namespace winnow::method {

namespace {

class GMM final : public Classifier {
 public:
  void declare(Setup& setup) override {
    const std::string rule = setup.settings().text("normalise");
    if (rule != "minmax") throw UsageError(fmt::format("normalise: unknown '{}'; known: minmax", rule));
    setup.state("mask", at::ones({setup.samples()}, setup.real().dtype(at::kByte)), Keep::every_epoch);
    setup.state("score", at::ones({setup.samples()}, setup.real()), Keep::every_epoch);
  }

  void before_epoch(Pass& pass) override {
    const Settings& settings = pass.settings();
    if (pass.epoch() < settings.integer("warmup_epochs")) return;
    bool half = settings.has("loss_precision") && settings.text("loss_precision") == "float16";
    // On the host: an iteration looks at its likelihood, and there are dozens.
    Tensor values = normalised_losses(device::to_host(losses_of_all(pass, "main", "head")), half);
    Tensor components = pass.draw_on_host("init.label", 0, [&](Stream& stream) { return two_means(values, stream); });
    Mixture mixture = Mixture::fit(values, components, MixtureLimits::from(settings));
    pass.state("score").copy_(device::to_device(mixture.posterior, pass.device()));
    pass.state("mask").copy_(device::to_device(mixture.posterior > settings.real("threshold"), pass.device()));
  }

  void step(Step& step) override {
    Tensor losses = cross_entropy(logits(step), step.batch_given());
    minimise(step, masked_mean(losses, step.batch_state("mask")));
  }
};

}  // namespace

Entry gmm_entry() {
  return {"gmm", [] { return std::unique_ptr<Method>(new GMM); }, nullptr};
}

}  // namespace winnow::method

// CoFT+'s second phase: fine-tuning on the labels that the other model confirmed, beside momentum contrast of all
// images against a queue of keys. "Collaborative fine-tuning of vision-language models" (arXiv 2602.04337), Eqs. 8 to
// 10; docs/methods/unsupervised.md#4.2.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include "settings_words.h"
#include "winnow/core/error.h"
#include "winnow/method/classifier.h"
#include "winnow/method/formulas.h"
#include "winnow/method/key_queue.h"
#include "winnow/method/registry.h"
#include "winnow/model/neck.h"
#include "winnow/model/normalise.h"

namespace winnow::method {

namespace {

// Mean of -log softmax of the own key's cosine among those of the queue, over temperature. query, key: B x d, unit
// rows; ids: B, images of the batch. Slots that were never written count nothing, nor do keys of the query's own image
// where `mask_same` says so.
Tensor contrast(const Settings& settings, const Tensor& query, const Tensor& key, const Tensor& ids,
                const KeyQueue& queue) {
  Tensor own = (query * key).sum(1, true), others = at::matmul(query, queue.keys.t());
  Tensor left_out = (at::arange(queue.keys.size(0), ids.options()) >= queue.filled).unsqueeze(0);
  if (settings.flag("mask_same_image")) left_out = left_out.logical_or(ids.unsqueeze(1) == queue.ids.unsqueeze(0));
  Tensor similarity = at::cat({own, others.masked_fill(left_out, -kInfinity)}, 1) / settings.real("tau_prime");
  return -at::log_softmax(similarity, 1).select(1, 0).mean();
}

class CoFTContrast final : public Classifier {
 public:
  void declare(Setup& setup) override {
    momentum_ = setup.settings().real("mu");
    weight_ = setup.settings().real("gamma");
    own_view_ = choice(setup.settings(), "query_view", {"weak", "own"}) == 1;
    projects_ = choice(setup.settings(), "projector", {"none", "mlp"}) == 1;
    setup.network_copy("key", "main", TowerKind::image);
    if (projects_) {
      setup.module("neck", model::neck(setup.settings().integer("projector_width")));
      setup.module_copy("key_neck", "neck");
    }
    std::int64_t length = queue_length(setup);
    KeyQueue queue = KeyQueue::empty(length, setup.width(projects_ ? "neck" : "main"), setup.real());
    setup.state("queue", queue.keys);
    setup.state("queue_index", queue.ids);
    setup.state("pointer", queue.pointer);
    setup.state("fill", queue.filled);
  }
  std::vector<std::string> parts() const override {
    return projects_ ? std::vector<std::string>{"main", "head", "neck"} : std::vector<std::string>{"main", "head"};
  }

  void step(Step& step) override {
    step.follow("key", momentum_);
    if (projects_) step.follow("key_neck", momentum_);
    Tensor features = step.forward("main", "weak", step.ids()).features();
    Tensor asking = own_view_ ? step.forward("main", "query", step.ids()).features() : features;
    Tensor query = compared(step, "neck", asking);
    Tensor key = key_of(step);
    KeyQueue queue{step.state("queue"), step.state("queue_index"), step.state("pointer"), step.state("fill")};
    Tensor each = cross_entropy(step.apply("head", {features}), step.batch_given());
    Tensor tuning = step.has_input("mask") ? masked_mean(each, step.rows_of(step.input("mask"))) : each.mean();
    Tensor against = contrast(step.settings(), query, key, step.ids().on_device(), queue);
    minimise(step, tuning + weight_ * against);
    enqueue(queue, key, step.ids().on_device());
    step.log("loss_fft", tuning);
    step.log("loss_cont", against);
  }

 private:
  // Unit rows: features, or what the projector `neck` makes of them.
  Tensor compared(Step& step, const char* neck, const Tensor& features) const {
    return model::normalise_or_zero(projects_ ? step.apply(neck, {features}) : features);
  }

  Tensor key_of(Step& step) const {
    at::NoGradGuard no_gradient;
    return compared(step, "key_neck", step.forward("key", "key", step.ids(), /*grad=*/false).features());
  }

  // [4.2] 0: min(4096, N / 2), whole batches.
  static std::int64_t queue_length(const Setup& setup) {
    std::int64_t length = setup.settings().integer("queue_length");
    if (length == 0) {
      std::int64_t most = std::min<std::int64_t>(4096, setup.samples() / 2);
      length = std::max(most / setup.batch(), std::int64_t{1}) * setup.batch();
    }
    if (length < setup.batch())
      throw UsageError(fmt::format("queue_length = {} is shorter than a batch of {}: a batch would overwrite itself",
                                   length, setup.batch()));
    return length;
  }

  double momentum_ = 0, weight_ = 0;
  bool own_view_ = false, projects_ = false;
};

Tensors loss_alone(const Settings& settings, const Tensors& in) {
  bool whole = in.count("logits") != 0;  // the step's loss; else the contrast's alone
  const Tensor& query = in.at(whole ? "features" : "query");
  KeyQueue queue{in.at("queue"), in.at("queue_index"), {}, in.at("fill")};
  Tensor against = contrast(settings, model::normalise_or_zero(query), model::normalise_or_zero(in.at("key")),
                            in.at("index"), queue);
  if (queue.keys.size(0) != settings.integer("queue_length"))
    throw DataError(
        fmt::format("queue_length = {}, the queue has {} slots", settings.integer("queue_length"), queue.keys.size(0)));
  if (!whole) return {{"loss", against}};
  Tensor tuning = masked_mean(cross_entropy(in.at("logits"), in.at("given")), in.at("mask"));
  return {{"loss", tuning + settings.real("gamma") * against}, {"loss_fft", tuning}, {"loss_cont", against}};
}

}  // namespace

Entry coft_contrast_entry() {
  return {"coft-contrast", [] { return std::unique_ptr<Method>(new CoFTContrast); }, &loss_alone};
}

}  // namespace winnow::method

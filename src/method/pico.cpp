// PiCO: contrast against a queue of keys tells classes apart, class prototypes tell labels apart. Wang et al., "PiCO:
// contrastive label disambiguation for partial label learning", 2022; docs/methods/partial-labels.md#5.14. The order of
// a step is KEYS.md's.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include "winnow/core/error.h"
#include "winnow/method/classifier.h"
#include "winnow/method/contrast.h"
#include "winnow/method/formulas.h"
#include "winnow/method/registry.h"
#include "winnow/model/neck.h"
#include "winnow/model/normalise.h"
#include "winnow/model/random_tensor.h"

namespace winnow::method {

namespace {

// L x d: directions uniform on the sphere.
Tensor random_directions(Stream& stream, std::int64_t L, std::int64_t d) {
  return model::normalise_rows(model::normal({L, d}, 0, 1, stream));
}

class PiCO final : public ConfidenceClassifier {
 public:
  void declare(Setup& setup) override {
    ConfidenceClassifier::declare(setup);
    const Settings& settings = setup.settings();
    warmup_epochs_ = settings.integer("warmup_epochs");
    key_momentum_ = settings.real("key_momentum");
    prototype_momentum_ = settings.real("prototype_momentum");
    loss_weight_ = settings.real("loss_weight");
    temperature_ = settings.real("temperature");
    ema_start_ = settings.real("ema_start");
    ema_end_ = settings.real("ema_end");
    // A recorded neck has the width of its tensors.
    std::int64_t columns = settings.has("projection") ? settings.integer("projection") : 0;
    setup.module("neck", model::neck(columns));
    setup.network_copy("key", "main", TowerKind::image);
    setup.module_copy("key_neck", "neck");
    declare_queue(setup, settings.integer("queue_length"), setup.width("neck"));
    setup.state("prototypes", at::zeros({setup.classes(), setup.width("neck")}, setup.real()));
    setup.state("steps_after_warmup", at::zeros({}, setup.real().dtype(at::kLong)));
  }
  std::vector<std::string> parts() const override { return {"main", "head", "neck"}; }

  void step(Step& step) override {
    Tensor candidates = step.batch_candidates(), some = has_candidates(candidates);
    Tensor features = step.forward("main", "weak", step.ids()).features();
    Tensor logits = step.apply("head", {features}), query = step.apply("neck", {features});
    Tensor guess = guess_among(logits.detach(), candidates);
    Tensor scores = at::matmul(query.detach(), step.state("prototypes").t());
    Tensor prototypes = step.state("prototypes");
    move_prototypes(prototypes, query.detach(), guess, prototype_momentum_);
    Tensor key = follow_and_encode(step);

    Tensor labels = guess.argmax(1).masked_fill(some.logical_not(), -1), contrast;
    if (step.epoch() < warmup_epochs_) {
      contrast = instance_contrast(step, query, key);
    } else {
      step.state("steps_after_warmup").add_(1);
      double phi =
          ema_start_ + (ema_end_ - ema_start_) * static_cast<double>(step.epoch()) / static_cast<double>(step.epochs());
      set_confidence(step, phi * confidence(step) + (1 - phi) * guess_among(scores, candidates));
      contrast = class_contrast(step, query, key, labels);
    }
    minimise(step, soft_cross_entropy(logits, confidence(step)) + loss_weight_ * contrast);
    enqueue(step, key, labels);
  }

 private:
  static void declare_queue(Setup& setup, std::int64_t length, std::int64_t width) {
    if (length < setup.batch())
      throw UsageError(fmt::format("queue_length = {} is shorter than a batch of {}: a batch would overwrite itself",
                                   length, setup.batch()));
    bool recorded = setup.has_input("queue");
    Tensor queue =
        recorded ? setup.input("queue")
                 : setup.draw("queue", 0, [&](Stream& stream) { return random_directions(stream, length, width); });
    if (queue.dim() != 2 || queue.size(0) != length || queue.size(1) != width)
      throw DataError(fmt::format("the queue is not {} x {} (queue_length x columns of the neck)", length, width));
    setup.state("queue", queue);
    // The class guessed for each key; -1: none, equal to no other.
    setup.state("queue_label",
                recorded ? setup.input("queue_label") : at::full({length}, -1, setup.real().dtype(at::kLong)));
    setup.state("pointer", at::zeros({1}, setup.real().dtype(at::kLong)));
  }

  // The key encoder moves, then embeds the strong view.
  Tensor follow_and_encode(Step& step) const {
    at::NoGradGuard no_gradient;
    step.follow("key", key_momentum_);
    step.follow("key_neck", key_momentum_);
    return step.apply("key_neck", {step.forward("key", "strong", step.ids(), false).features()});
  }

  // InfoNCE: the own key against the queue.
  Tensor instance_contrast(Step& step, const Tensor& query, const Tensor& key) const {
    Tensor own = (query * key).sum(1, true);
    Tensor similarity = at::cat({own, at::matmul(query, step.state("queue").t())}, 1) / temperature_;
    return -at::log_softmax(similarity, 1).select(1, 0).mean();
  }

  // SupCon: all others of the same guess in [queries, keys, queue] are positives; the own key always is one. The queue
  // makes this a large matrix: each pass over it counts.
  Tensor class_contrast(Step& step, const Tensor& query, const Tensor& key, const Tensor& labels) const {
    std::int64_t B = query.size(0);
    Tensor shares = log_shares(at::matmul(query, at::cat({query, key, step.state("queue")}).t()) / temperature_);
    // A query without a guess matches no other sample, those without one included.
    Tensor wanted = labels.masked_fill(labels < 0, -2).unsqueeze(1);
    Tensor positive = wanted == at::cat({labels, labels, step.state("queue_label")});
    positive.narrow(1, 0, B).diagonal().fill_(false);
    return -((positive * shares).sum(1) / positive.sum(1).clamp_min(1)).mean();
  }

  static void enqueue(Step& step, const Tensor& key, const Tensor& labels) {
    Tensor queue = step.state("queue"), queue_label = step.state("queue_label"), pointer = step.state("pointer");
    overwrite_oldest(queue, key, pointer);
    overwrite_oldest(queue_label, labels, pointer);
    pointer.add_(key.size(0)).remainder_(queue.size(0));
  }

  std::int64_t warmup_epochs_ = 0;
  double key_momentum_ = 0, prototype_momentum_ = 0, loss_weight_ = 0, temperature_ = 0, ema_start_ = 0, ema_end_ = 0;
};

}  // namespace

Entry pico_entry() {
  return {"pico", [] { return std::unique_ptr<Method>(new PiCO); }, nullptr};
}

}  // namespace winnow::method

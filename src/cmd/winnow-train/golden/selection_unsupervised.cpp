// kind = selection without labels: pseudo-labels, and the other pieces of these methods. docs/methods/unsupervised.md.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <vector>

#include "golden/subjects.h"
#include "winnow/core/error.h"
#include "winnow/device/transfer.h"
#include "winnow/method/candidate_sets.h"
#include "winnow/method/cross_filter.h"
#include "winnow/method/deferred_acceptance.h"
#include "winnow/method/key_queue.h"
#include "winnow/method/top_k.h"
#include "winnow/method/weight_average.h"
#include "winnow/method/zero_shot_scores.h"

namespace winnow::golden {

namespace {

at::Tensor numbers(const std::vector<std::int64_t>& values) { return at::tensor(values, at::kLong); }

// Of the rule config.selection on N x C probabilities; columnwise makes a mask and a score of N x C and no label.
struct PseudoLabels {
  at::Tensor mask, score, label;
};

PseudoLabels select(const std::string& rule, const at::Tensor& probability, std::int64_t K,
                    const at::Tensor& unlabelled = {}) {
  if (rule == "argmax") {
    method::TopK top = method::top_k_argmax(probability, K, unlabelled);
    return {top.mask, top.score, top.label};
  }
  if (rule == "columnwise") return {method::top_k_columnwise(probability, K, unlabelled), probability.clone(), {}};
  if (rule != "deferred")
    throw UsageError(fmt::format("selection: unknown '{}'; known: argmax, columnwise, deferred", rule));
  at::Tensor allowed;
  if (unlabelled.defined()) allowed = device::to_host(unlabelled).unsqueeze(1).expand(probability.sizes());
  method::Placement placed = method::deferred_acceptance(device::to_host(probability), K, allowed);
  return {placed.label >= 0, placed.score, placed.label};
}

void compare(Case& c, const std::string& prefix, const PseudoLabels& selected) {
  c.compare(prefix + "mask", selected.mask);
  c.compare(prefix + "score", selected.score);
  if (selected.label.defined()) c.compare(prefix + "label", selected.label);
}

using Tensors = std::map<std::string, at::Tensor>;

method::Exchanged exchanged(const Tensors& in, const std::string& own, const std::string& other) {
  auto of = [&](const std::string& model) {
    return method::DualLogits{in.at(model + ".z_pos"), in.at(model + ".z_neg")};
  };
  return method::cross_filter(of(own), of(other));
}

void run_filter(Case& c, const Tensors& in) {
  for (auto [own, other] : {std::pair{"m1", "m2"}, {"m2", "m1"}}) {
    method::Exchanged model = exchanged(in, own, other);
    c.compare(fmt::format("{}.label", own), model.label);
    c.compare(fmt::format("{}.clean", own), model.clean);
  }
}

// Section 5: `shots` images a class have known labels.
void run_semi_supervised(Case& c, const Tensors& in) {
  const at::Tensor &ids = in.at("labelled"), &known = in.at("labelled_label");
  std::int64_t shots = c.config().integer("shots");
  if ((at::bincount(device::to_host(known)) > shots).any().item<bool>())
    c.wrong("config.shots contradicts the labelled images");
  at::Tensor probability = at::softmax(in.at("logits"), 1);
  at::Tensor unlabelled =
      at::ones({probability.size(0)}, probability.options().dtype(at::kBool)).index_fill_(0, ids, 0);
  PseudoLabels selected = select(c.config().text("selection"), probability, c.config().integer("K"), unlabelled);
  // Deferred acceptance selects on the host.
  at::Tensor there = device::to_device(c.tensor("in.labelled"), selected.mask.device()),
             label = device::to_device(c.tensor("in.labelled_label"), selected.mask.device());
  if (selected.label.defined()) method::add_labelled(there, label, selected.label, selected.mask, selected.score);
  else method::add_labelled_pairs(there, label, selected.mask, selected.score);
  compare(c, "", selected);
  for (auto [own, other] : {std::pair{"m1", "m2"}, {"m2", "m1"}}) {
    method::Exchanged model = exchanged(in, own, other);
    method::add_labelled(ids, known, model.label, model.clean);
    c.compare(fmt::format("{}.label", own), model.label);
    c.compare(fmt::format("{}.clean", own), model.clean);
  }
}

void run_select(Case& c, const Tensors& in) {
  compare(c, "", select(c.config().text("selection"), at::softmax(in.at("logits"), 1), c.config().integer("K")));
}

void run_coft(Case& c) {
  std::string stage = c.config().text("stage");
  Tensors in = c.below_on_device("in.", c.precision());
  if (stage == "filter") return run_filter(c, in);
  if (stage != "select") throw UsageError(fmt::format("stage: unknown '{}'; known: filter, select", stage));
  return in.count("labelled") ? run_semi_supervised(c, in) : run_select(c, in);
}

void run_upl(Case& c) {
  if (c.config().text("stage") != "select") throw UsageError("stage: known: select");
  run_select(c, c.below_on_device("in.", c.precision()));
}

void run_clip(Case& c) {
  if (c.config().text("stage") != "zs") throw UsageError("stage: known: zs");
  Tensors in = c.below_on_device("in.", c.precision());
  at::Tensor text = method::averaged_texts(in.at("text"), in.at("text_present"));
  at::Tensor logits = method::cosine_logits(in.at("features"), text, c.config().real("scale"));
  at::Tensor label = logits.argmax(1);
  c.compare("text_features", text);
  c.compare("logits", logits);
  c.compare("label", label);
  c.compare("score", at::softmax(logits, 1).gather(1, label.unsqueeze(1)));
}

void run_momentum(Case& c, const Tensors& in) {
  at::Tensor copy = in.at("theta_k").clone();
  std::vector<at::Tensor> after;
  for (std::int64_t step = 0; step < in.at("theta_q").size(0); ++step) {
    method::move_towards(copy, in.at("theta_q")[step], c.config().real("mu"));
    after.push_back(copy.clone());
  }
  c.compare("theta_k", at::stack(after));
}

void run_queue(Case& c, const Tensors& in) {
  const at::Tensor& keys = in.at("keys");  // batches x B x d
  method::KeyQueue queue = method::KeyQueue::empty(c.config().integer("queue_length"), keys.size(2), keys.options());
  for (std::int64_t batch = 0; batch < keys.size(0); ++batch) {
    // A shorter batch is filled up with -1.
    at::Tensor present = at::nonzero(c.tensor("in.index")[batch] >= 0).squeeze(1);
    at::Tensor rows = device::to_device(present, c.device());
    method::enqueue(queue, keys[batch].index_select(0, rows), in.at("index")[batch].index_select(0, rows));
  }
  c.compare("queue", queue.keys);
  c.compare("queue_index", queue.ids);
  c.compare("pointer", queue.pointer);
  c.compare("fill", queue.filled);
}

// 4.1: a model's subset by its own scores, or by the other's.
void run_round(Case& c, const Tensors& in) {
  bool cross = c.config().flag("cross_select");
  for (auto [own, other] : {std::pair{"m1", "m2"}, {"m2", "m1"}})
    compare(c, fmt::format("{}.", own),
            select(c.config().text("selection"), at::softmax(in.at(fmt::format("{}.z_pos", cross ? other : own)), 1),
                   c.config().integer("K")));
}

void run_coft_plus(Case& c) {
  std::string stage = c.config().text("stage");
  Tensors in = c.below_on_device("in.", c.precision());
  if (stage == "momentum") return run_momentum(c, in);
  if (stage == "queue") return run_queue(c, in);
  if (stage == "select") return run_round(c, in);
  if (stage == "filter") return run_filter(c, in);
  throw UsageError(fmt::format("stage: unknown '{}'; known: filter, momentum, queue, select", stage));
}

// IFPL with a constant K, GRIP with a growing one.
void run_rounds(Case& c) {
  const Settings& config = c.config();
  if (config.text("stage") != "select") throw UsageError("stage: known: select");
  Tensors in = c.below_on_device("in.", c.precision());
  const at::Tensor& logits = in.at("logits");  // rounds x N x C
  std::int64_t rounds = config.integer("rounds");
  if (logits.size(0) != rounds) c.wrong("config.rounds contradicts the logits");
  std::vector<std::int64_t> counts;
  std::vector<at::Tensor> mask, score, label;
  for (std::int64_t round = 1; round <= logits.size(0); ++round) {
    counts.push_back(c.subject() == "grip" ? method::growing_k(round, rounds, logits.size(1), logits.size(2))
                                           : config.integer("K"));
    PseudoLabels own = select(config.text("selection"), at::softmax(logits[round - 1], 1), counts.back());
    mask.push_back(own.mask);
    score.push_back(own.score);
    if (own.label.defined()) label.push_back(own.label);
  }
  c.compare("K", numbers(counts));
  c.compare("mask", at::stack(mask));
  c.compare("score", at::stack(score));
  if (!label.empty()) c.compare("label", at::stack(label));
}

void run_cpl(Case& c) {
  const Settings& config = c.config();
  if (config.text("stage") != "select") throw UsageError("stage: known: select");
  Tensors in = c.below_on_device("in.", c.precision());
  at::Tensor probability = at::softmax(in.at("logits"), 1);
  method::CandidateSets sets = method::candidate_sets(probability, config.real("alpha"), config.real("beta"));
  method::Placement pools =
      method::deferred_acceptance(device::to_host(probability), config.integer("K"), device::to_host(sets.candidates));
  at::Tensor pooled = pools.label >= 0;
  c.compare("threshold", sets.threshold);
  c.compare("intra", sets.intra);
  c.compare("inter", sets.inter);
  c.compare("candidates", sets.candidates);
  c.compare("label", pools.label);
  c.compare("score", pools.score);
  c.compare("mask", pooled);
  c.compare("weight",
            method::candidate_weights(probability, sets.candidates, device::to_device(pooled, probability.device()),
                                      config.integer("round") == 1));
}

// The teacher's average over epochs.
void run_promptkd(Case& c) {
  const Settings& config = c.config();
  if (config.text("stage") != "gpa") throw UsageError("stage: known: gpa");
  Tensors in = c.below_on_device("in.", c.precision());
  const at::Tensor& theta = in.at("theta");  // epochs x ...
  if (theta.size(0) != config.integer("epochs")) c.wrong("config.epochs contradicts the tensors");
  at::Tensor shares = method::gaussian_shares(theta.size(0), config.real("gpa_mean"), config.real("gpa_std"));
  at::Tensor own = device::to_device(shares, c.device()).to(theta.scalar_type());
  c.compare("score", shares);
  c.compare("theta", at::tensordot(own, theta, {0}, {0}));
}

}  // namespace

Subjects unsupervised_selections() {
  return {{"clip", run_clip},   {"coft", run_coft},   {"coft-plus", run_coft_plus}, {"cpl", run_cpl},
          {"grip", run_rounds}, {"ifpl", run_rounds}, {"promptkd", run_promptkd},   {"upl", run_upl}};
}

}  // namespace winnow::golden

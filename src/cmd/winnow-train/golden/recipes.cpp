#include "golden/recipes.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "golden/recorded_stage.h"
#include "golden/settings.h"
#include "winnow/core/error.h"
#include "winnow/method/candidate_sets.h"
#include "winnow/method/cross_filter.h"
#include "winnow/method/deferred_acceptance.h"
#include "winnow/method/ensemble.h"
#include "winnow/method/top_k.h"
#include "winnow/method/zero_shot_scores.h"
#include "winnow/model/normalise.h"

namespace winnow::golden {

namespace {

at::Tensor percent_right(const at::Tensor& scores, const at::Tensor& truth) {
  return 100 * (scores.argmax(1) == truth).to(at::kDouble).mean();
}

at::Tensor zero_shot(const Case& c) {
  auto in = c.below("in.", c.precision());
  return method::cosine_logits(at::matmul(in.at("x_w"), in.at("A").t()), in.at("W"), c.config().real("scale"));
}

// Of several stages each has its own drop_last: an order that is filled up contradicts it.
void check_drop_last(Case& c, const std::string& key, const train::Replay& replay) {
  if (!c.config().has(key)) return;
  c.mark_read(key);
  if (c.config().flag(key) && (replay.tensors.at("order") < 0).any().item<bool>())
    c.wrong(fmt::format("config.{} contradicts the order", key));
}

RecordedStage stage_of(Case& c, const std::string& method, const std::string& table, const std::string& prefix,
                       std::int64_t classes) {
  RecordedStage stage{method, table, recorded(c, prefix), classes};
  check_drop_last(c, table.empty() ? "drop_last" : table + ".drop_last", stage.replay);
  return stage;
}

// CoFT and CoFT+: docs/methods/unsupervised.md#3.7 and #4.1.
void run_coft(Case& c, const Options& options) {
  bool plus = c.subject() == "coft-plus";
  auto in = c.below("in.", c.precision());
  const at::Tensor& truth = c.tensor("in.true");
  std::int64_t classes = in.at("W").size(0), rounds = plus ? c.config().integer("R") : 1;
  bool cross = plus && c.config().flag("cross_select");
  if (c.config().text("selection") != "argmax") throw UsageError("selection: known in a recipe of CoFT: argmax");
  std::vector<at::Tensor> positive(2, zero_shot(c));
  std::vector<method::DualLogits> scores(2);
  for (std::int64_t round = 1; round <= rounds; ++round) {
    for (std::size_t m : {0, 1}) {
      std::string prefix = plus ? fmt::format("m{}.r{}.", m + 1, round) : fmt::format("m{}.", m + 1);
      method::TopK top = method::top_k_argmax(at::softmax(positive[cross ? 1 - m : m], 1), c.config().integer("K"));
      RecordedStage stage = stage_of(c, "coft-prompts", "p1", prefix, classes);
      stage.replay.tensors["given"] = top.label;
      Results results = execute(c, options, stage);
      scores[m] = {results.at("logits"), results.at("logits_neg")};
      compare(c, prefix + "p1.", results);
      compare(c, prefix,
              {{"select.label", top.label},
               {"select.mask", top.mask},
               {"select.score", top.score},
               {"z_pos", scores[m].positive},
               {"z_neg", scores[m].negative}});
    }
    for (std::size_t m : {0, 1}) positive[m] = scores[m].positive;
  }
  std::vector<at::Tensor> accuracy, logits;
  for (std::size_t m : {0, 1}) {
    std::string prefix = fmt::format("m{}.", m + 1);
    method::Exchanged exchanged = method::cross_filter(scores[m], scores[1 - m]);
    RecordedStage stage = stage_of(c, plus ? "coft-contrast" : "ce", "p2", prefix + "p2.", classes);
    auto& tensors = stage.replay.tensors;
    if (auto own = in.find("p2.A"); own != in.end()) tensors["A"] = own->second;  // another backbone
    tensors["W"] = in.at(prefix + "head_W");
    tensors["b"] = in.at(prefix + "head_b");
    tensors["given"] = exchanged.label;
    tensors["mask"] = exchanged.clean;
    Results results = execute(c, options, stage);
    compare(c, prefix + "p2.", results);
    logits.push_back(results.at("logits"));
    accuracy.push_back(percent_right(logits.back(), truth));
    compare(c, prefix,
            {{"label", exchanged.label}, {"clean", exchanged.clean}, {"acc_p1", percent_right(positive[m], truth)}});
    c.compare(fmt::format("acc_m{}", m + 1), accuracy.back());
  }
  at::Tensor ensemble = method::mean_probability(at::stack(logits));
  compare(c, "",
          {{"prob_ens", ensemble},
           {"acc_ens", percent_right(ensemble, truth)},
           {"acc_p1_ens", percent_right(method::mean_probability(at::stack(positive)), truth)},
           {"acc_mean", (accuracy[0] + accuracy[1]) / 2}});
}

// One phase of them, whose inputs the case gives.
void run_phase(Case& c, const Options& options, const std::string& phase) {
  bool first = phase == "p1";
  if (!first && phase != "p2") throw UsageError(fmt::format("stages: unknown '{}'; known alone: p1, p2", phase));
  std::string method = first ? "coft-prompts" : c.subject() == "coft-plus" ? "coft-contrast" : "ce";
  RecordedStage stage = stage_of(c, method, "", "", c.tensor("in.W").size(0));
  if (auto clean = stage.replay.tensors.extract("clean")) stage.replay.tensors["mask"] = clean.mapped();
  compare(c, "", execute(c, options, stage));
}

// UPL: docs/methods/unsupervised.md#6.1.
void run_upl(Case& c, const Options& options) {
  const at::Tensor& truth = c.tensor("in.true");
  if (c.config().text("selection") != "argmax") throw UsageError("selection: known in a recipe of UPL: argmax");
  method::TopK top = method::top_k_argmax(at::softmax(zero_shot(c), 1), c.config().integer("K"));
  compare(c, "", {{"label", top.label}, {"mask", top.mask}, {"score", top.score}});
  std::vector<at::Tensor> logits, accuracy;
  for (std::int64_t member = 1; member <= c.config().integer("members"); ++member) {
    std::string prefix = fmt::format("m{}.", member);
    RecordedStage stage = stage_of(c, "coop", "", prefix, c.tensor("in.W").size(0));
    stage.replay.tensors["given"] = top.label;
    Results results = execute(c, options, stage);
    logits.push_back(results.at("logits"));
    accuracy.push_back(percent_right(logits.back(), truth));
    results["acc"] = accuracy.back();
    compare(c, prefix, results);
  }
  at::Tensor mean = method::mean_logits(at::stack(logits));
  compare(c, "", {{"logits", mean}, {"acc_ens", percent_right(mean, truth)}, {"acc_mean", at::stack(accuracy).mean()}});
}

// IFPL, GRIP and CPL: docs/methods/unsupervised.md#6.2 and #6.4.
void run_rounds(Case& c, const Options& options) {
  auto in = c.below("in.", c.precision());
  std::int64_t N = in.at("x_w").size(0), classes = in.at("W").size(0), rounds = c.config().integer("rounds");
  bool cpl = c.subject() == "cpl", warm = !cpl && c.config().flag("warm_start");
  std::string selection = cpl ? "deferred" : c.config().text("selection");
  if (selection != "deferred" && selection != "columnwise")
    throw UsageError("selection: known in a recipe of rounds: columnwise, deferred");
  at::Tensor logits = zero_shot(c), prompt;
  std::vector<std::int64_t> counts;
  for (std::int64_t round = 1; round <= rounds; ++round) {
    std::string prefix = fmt::format("r{}.", round);
    counts.push_back(c.config().has("K") ? c.config().integer("K") : method::growing_k(round, rounds, N, classes));
    at::Tensor probability = at::softmax(logits, 1);
    RecordedStage stage = stage_of(c, cpl ? "cpl" : "coop", "", prefix, classes);
    auto& tensors = stage.replay.tensors;
    if (round > 1 && warm) tensors["W"] = prompt;
    if (cpl) {
      method::CandidateSets sets =
          method::candidate_sets(probability, c.config().real("alpha"), c.config().real("beta"));
      method::Placement placed = method::deferred_acceptance(probability, counts.back(), sets.candidates);
      at::Tensor pooled = placed.label >= 0;
      tensors["weight"] = method::candidate_weights(probability, sets.candidates, pooled, round == 1);
      compare(c, prefix, {{"candidates", sets.candidates}, {"label", placed.label}, {"mask", pooled}});
    } else if (selection == "columnwise") {  // the order says each item's label
      compare(c, prefix, {{"mask", method::top_k_columnwise(probability, counts.back())}});
    } else {
      method::Placement placed = method::deferred_acceptance(probability, counts.back());
      tensors["given"] = placed.label.clamp_min(0);  // of images that nothing trains on
      compare(c, prefix, {{"label", placed.label}, {"mask", placed.label >= 0}});
    }
    Results results = execute(c, options, stage);
    logits = results.at("logits");
    prompt = results.at("W");
    results.erase("label");
    results.erase("mask");
    compare(c, prefix, results);
  }
  compare(c, "", {{"K", at::tensor(counts, at::kLong)}, {"W", prompt}, {"logits", logits}});
}

// LaFTer: docs/methods/unsupervised.md#6.3. In the toy the teacher's tower does not move.
void run_lafter(Case& c, const Options& options) {
  auto in = c.below("in.", c.precision());
  std::int64_t classes = in.at("W").size(0), texts = in.at("text_features").size(0);
  RecordedStage text{"lafter-text", "text", recorded(c), classes};
  text.replay.tensors["order"] =
      at::arange(texts).expand({1, c.config().integer("text.steps_per_epoch"), texts}).contiguous();
  text.replay.tensors["given"] = in.at("text_label");
  text.replay.views = {{"train", {{"plain", "text_features"}}}, {"test", {{"plain", "x_w"}}}};
  text.replay.predicted = "test";
  Results learned = execute(c, options, text);
  c.mark_read("text.steps_per_epoch");
  RecordedStage image = stage_of(c, "lafter", "image", "", classes);
  image.replay.tensors["text_head"] = image.replay.tensors["W"] = learned.at("W");
  image.replay.views["train"]["teacher"] = "x_w";
  Results results = execute(c, options, image);
  results["text_loss"] = learned.at("loss");
  results["W_pl"] = learned.at("W");
  compare(c, "", results);
}

// Tip-Adapter and Tip-Adapter-F: docs/methods/unsupervised.md#6.6 and #6.7.
void run_tip_adapter(Case& c, const Options& options) {
  auto in = c.below("in.", c.precision());
  const at::Tensor& augmented = in.at("x_cache");  // epochs x images x columns
  std::int64_t classes = in.at("W").size(0), shots = c.config().integer("shots");
  if (augmented.size(0) != c.config().integer("augment_epochs") ||
      (at::bincount(in.at("cache_label"), {}, classes) != shots).any().item<bool>())
    c.wrong("config.shots or config.augment_epochs contradicts the tensors");
  RecordedStage stage{c.subject(), "", recorded(c), classes};
  auto& tensors = stage.replay.tensors;
  tensors["keys"] = model::normalise_rows(at::matmul(augmented, in.at("A").t()).mean(0));
  tensors["given"] = in.at("cache_label");
  if (tensors.count("order")) check_drop_last(c, "drop_last", stage.replay);
  else tensors["order"] = at::zeros({1, 0, 1}, at::kLong);  // nothing is trained
  if (!tensors.count("x_train")) tensors["x_train"] = augmented[0];
  stage.replay.views = {{"train", {{"weak", "x_train"}, {"plain", "x_train"}}},
                        {"validation", {{"plain", "x_val"}}},
                        {"test", {{"plain", "x_test"}}}};
  stage.replay.labels["validation"] = "val_label";
  stage.replay.predicted = "test";
  Results results = execute(c, options, stage);
  results["acc"] = percent_right(results.at("logits"), in.at("test_label"));
  results["acc_zs"] = percent_right(results.at("logits_zero_shot"), in.at("test_label"));
  compare(c, "", results);
}

}  // namespace

bool run_recipe(Case& c, const Options& options) {
  static const std::map<std::string, std::function<void(Case&, const Options&)>> recipes = {
      {"upl", run_upl},
      {"ifpl", run_rounds},
      {"grip", run_rounds},
      {"cpl", run_rounds},
      {"lafter", run_lafter},
      {"tip-adapter", run_tip_adapter},
      {"tip-adapter-f", run_tip_adapter}};
  std::vector<std::string> stages;
  if (c.config().has("stages")) stages = c.raw("stages").get<std::vector<std::string>>();
  if (c.subject() == "coft" || c.subject() == "coft-plus") {
    if (stages.size() == 1) run_phase(c, options, stages[0]);
    else run_coft(c, options);
    return true;
  }
  auto found = recipes.find(c.subject());
  if (found == recipes.end()) return false;
  found->second(c, options);
  return true;
}

}  // namespace winnow::golden

// Stage kind `detect` by a rule on an earlier stage's scores, or by a recorded mask: nothing is trained.
#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

#include "executors.h"
#include "given_labels.h"
#include "open_images.h"
#include "sample_scores.h"
#include "selected_subset.h"
#include "winnow/data/masks.h"
#include "winnow/method/formulas.h"
#include "winnow/method/registry.h"
#include "winnow/stage/result_version.h"

namespace winnow::train {

namespace {

at::Tensor recorded_mask(const std::string& fingerprint, const Stage& stage, const at::Tensor& samples) {
  std::vector<std::uint8_t> mask = data::read_mask(fingerprint, stage.fingerprints.at("data"));
  at::Tensor all = at::from_blob(mask.data(), {static_cast<std::int64_t>(mask.size())}, at::TensorOptions(at::kByte));
  return all.index_select(0, samples);
}

// Rows do not see each other: a million of a thousand classes need no second copy.
SelectedSubset select_in_blocks(method::Selected (*select)(const at::Tensor&, const at::Tensor&),
                                const at::Tensor& evidence, const at::Tensor& given) {
  constexpr std::int64_t kBlock = 1 << 16;
  std::vector<at::Tensor> masks, scores, labels;
  for (std::int64_t first = 0; first < given.size(0); first += kBlock) {
    std::int64_t count = std::min(kBlock, given.size(0) - first);
    at::Tensor rows = evidence.narrow(0, first, count), own = given.narrow(0, first, count);
    method::Selected selected = select(rows, own);
    masks.push_back(selected.mask);
    labels.push_back(selected.label);
    // How sure the model is of the given label; a mask says no more than itself.
    scores.push_back(rows.dim() == 2 ? method::at_labels(at::softmax(rows, 1), own) : selected.mask.to(at::kDouble));
  }
  return {at::cat(masks), at::cat(scores), at::cat(labels)};
}

}  // namespace

Execution execute_selection(const Stage& stage, const Context& context, comm::Collective& collective,
                            Observer& observer) {
  std::string name = stage.settings.text("method");
  require_version(stage, "method " + name, result_version_of_method(name));
  auto [opened, oracle] = open_images(stage, context, {.labels = true});
  ImageSource& source = *opened;
  auto mask = stage.fingerprints.find("mask");
  bool by_scores = mask == stage.fingerprints.end();
  at::Tensor evidence =
      by_scores ? read_scores(context, "scores").of(source.samples("train"), source.classes()).rows.at("logits")
                : recorded_mask(mask->second, stage, source.samples("train"));
  SelectedSubset selected = select_in_blocks(method::find_method(name).select, evidence, source.given());
  if (context.trial) selected.mask.fill_(1);

  Execution result;
  result.skipped_images = source.skipped();
  put_selection(selected, {}, source, result.content);
  std::map<std::string, double> metrics;
  add_selection_metrics(selected.mask, source.given(), source.classes(), oracle, metrics);
  say_without_sample(selected, source, collective, observer);
  store::Table& last = result.content.tables["metrics/final"];
  for (const auto& [name, value] : metrics) last.push_back({name, std::vector<double>{value}});
  put_given(source, oracle, stage, result.content);
  return result;
}

}  // namespace winnow::train

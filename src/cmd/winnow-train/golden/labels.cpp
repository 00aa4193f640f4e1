// kind = labels: from the seed by the law that the case names, or from recorded draws.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "golden/kinds.h"
#include "winnow/core/error.h"
#include "winnow/label/corruption.h"
#include "winnow/label/long_tail.h"
#include "winnow/label/numpy_legacy.h"
#include "winnow/label/scored.h"

namespace winnow::golden {

namespace {

std::vector<std::int64_t> integers(const at::Tensor& tensor) {
  at::Tensor own = tensor.to(at::kLong).contiguous();
  return {own.const_data_ptr<std::int64_t>(), own.const_data_ptr<std::int64_t>() + own.numel()};
}

// The generator that `table` (labels, or the case itself) names by law and seed.
label::NumpyLegacy legacy(const Case& c, const std::string& table = "labels.") {
  if (label::parse_law(c.config().text(table + "law")) != label::Law::numpy_legacy)
    throw UsageError("labels of a case follow the law numpy-legacy");
  return label::NumpyLegacy(static_cast<std::uint32_t>(c.config().integer(table + "seed")));
}

std::vector<double> reals(const at::Tensor& tensor) {
  at::Tensor own = tensor.to(at::kDouble).contiguous();
  return {own.const_data_ptr<double>(), own.const_data_ptr<double>() + own.numel()};
}

at::Tensor tensor_of(const label::Candidates& sets) {
  return at::tensor(std::vector<std::int64_t>(sets.mask.begin(), sets.mask.end()), at::kLong)
      .view({sets.samples, sets.classes});
}

void compare_sets(Case& c, const label::Candidates& sets, label::NumpyLegacy& random) {
  c.compare("candidates", tensor_of(sets));
  c.compare("next_double", at::tensor({random.uniform()}, at::kDouble));
}

void run_flip(Case& c) {
  label::NumpyLegacy random = legacy(c);
  std::vector<std::int64_t> truth = integers(c.tensor("in.true"));
  compare_sets(c, label::flip(truth, c.config().integer("classes"), c.config().real("labels.rate"), random), random);
}

void run_uniform(Case& c) {
  label::NumpyLegacy random = legacy(c);
  std::vector<std::int64_t> truth = integers(c.tensor("in.true"));
  label::SizeLaw size_law = label::parse_size_law(c.config().text("labels.size_law"));
  std::int64_t classes = c.config().integer("classes");
  c.compare("size_cdf", at::tensor(label::uniform_size_cdf(classes, size_law), at::kDouble));
  compare_sets(c, label::uniform(truth, classes, size_law, random), random);
}

void run_symmetric(Case& c) {
  std::vector<std::int64_t> truth = integers(c.tensor("in.true"));
  std::int64_t classes = c.config().integer("classes");
  label::Spec spec;
  spec.kind = label::Kind::symmetric;
  spec.rate = c.config().real("labels.rate");
  spec.include_true = c.config().flag("labels.include_true");
  if (c.config().has("labels.balanced")) spec.balanced = c.config().flag("labels.balanced");
  label::SymmetricDraws draws;
  draws.order = integers(c.tensor("draw.order"));
  (spec.include_true ? draws.classes : draws.shift) =
      integers(c.tensor(spec.include_true ? "draw.class" : "draw.shift"));
  std::vector<std::uint8_t> marked;
  label::Labels given = label::symmetric(truth, classes, spec, draws, &marked);
  at::Tensor given_tensor = at::tensor(given, at::kLong), truth_tensor = at::tensor(truth, at::kLong);
  c.precision();
  c.compare("given", given_tensor);
  c.compare("marked", at::tensor(std::vector<std::int64_t>(marked.begin(), marked.end()), at::kLong));
  c.compare("noisy", given_tensor != truth_tensor);
  at::Tensor counts = at::zeros({classes, classes}, at::kLong);
  counts.index_put_({truth_tensor, given_tensor}, at::ones({given_tensor.size(0)}, at::kLong), /*accumulate=*/true);
  c.compare("counts", counts);
}

// The first rows, as many as the case keeps.
void compare_head(Case& c, const std::string& name, const at::Tensor& all) {
  if (c.expects(name)) c.compare(name, all.narrow(0, 0, std::min(all.size(0), c.tensor("out." + name).size(0))));
}

void run_long_tail(Case& c) {
  label::NumpyLegacy random = legacy(c);
  std::int64_t classes = c.config().integer("classes");
  std::vector<std::int64_t> truth;
  if (c.has("in.true")) truth = integers(c.tensor("in.true"));
  else
    for (std::int64_t i = 0, each = c.config().integer("samples_per_class"); i < classes * each; ++i)
      truth.push_back(i / each);
  std::vector<std::int64_t> kept = label::long_tail(truth, classes, c.config().real("long_tail.factor"), random), own;
  std::vector<std::int64_t> counts(static_cast<std::size_t>(classes), 0);
  for (std::int64_t i : kept) {
    own.push_back(truth[static_cast<std::size_t>(i)]);
    ++counts[static_cast<std::size_t>(own.back())];
  }
  c.compare("index", at::tensor(kept, at::kLong));
  c.compare("counts", at::tensor(counts, at::kLong));
  c.compare("next_double", at::tensor({label::NumpyLegacy(random).uniform()}, at::kDouble));
  std::string kind = c.config().text("labels.kind");
  if (kind == "flip") {  // continues from the shuffles' state
    label::Candidates sets = label::flip(own, classes, c.config().real("labels.rate"), random);
    c.compare("candidates", tensor_of(sets));
    compare_head(c, "candidates_head", tensor_of(sets));
  } else if (kind != "true") {
    throw UsageError(fmt::format("labels.kind of a long-tail case: flip or true, got {}", kind));
  }
}

void run_generator(Case& c) {
  label::NumpyLegacy random = legacy(c, "");
  if (c.expects("double")) {
    std::vector<double> values(static_cast<std::size_t>(c.tensor("out.double").numel()));
    for (double& value : values) value = random.uniform();
    c.compare("double", at::tensor(values, at::kDouble));
  }
  for (const std::string& name : c.not_compared()) {
    if (!name.starts_with("shuffle_")) continue;
    std::vector<std::int64_t> order(static_cast<std::size_t>(c.tensor("out." + name).numel()));
    std::iota(order.begin(), order.end(), 0);
    if (name != fmt::format("shuffle_{}", order.size())) c.wrong(fmt::format("{} has {} elements", name, order.size()));
    legacy(c, "").shuffle(order);
    c.compare(name, at::tensor(order, at::kLong));
  }
}

void run_validation_split(Case& c) {
  label::NumpyLegacy random = legacy(c, "");
  label::Split split = label::validation_split(c.config().integer("samples"), c.config().real("fraction"), random);
  c.compare("validation", at::tensor(split.validation, at::kLong));
  c.compare("train", at::tensor(split.train, at::kLong));
  compare_head(c, "train_head", at::tensor(split.train, at::kLong));
}

void run_instance_candidates(Case& c) {
  if (c.config().text("labels.law") != "given-draws")
    throw UsageError("instance-candidates of a case follow the law given-draws");
  std::vector<std::int64_t> truth = integers(c.tensor("in.true"));
  std::int64_t classes = c.config().integer("classes");
  std::vector<double> probability =
      label::instance_probabilities(truth, classes, reals(c.tensor("in.scores")), c.config().real("labels.rate"));
  c.compare("probability", at::tensor(probability, at::kDouble).view({-1, classes}));
  c.compare("candidates",
            tensor_of(label::instance_candidates(truth, classes, probability, reals(c.tensor("draw.uniform")))));
}

}  // namespace

void run_labels(Case& c) {
  // Of a long-tailed set the kind says what its samples are given.
  if (c.subject() == "long-tail") return run_long_tail(c);
  if (c.subject() == "generator") return run_generator(c);
  if (c.subject() == "validation-split") return run_validation_split(c);
  if (c.config().has("labels.kind") && c.config().text("labels.kind") != c.subject())
    throw DataError(
        fmt::format("labels.kind = {} in a case of subject {}", c.config().text("labels.kind"), c.subject()));
  if (c.subject() == "flip") return run_flip(c);
  if (c.subject() == "uniform") return run_uniform(c);
  if (c.subject() == "symmetric") return run_symmetric(c);
  if (c.subject() == "instance-candidates") return run_instance_candidates(c);
  throw UsageError(fmt::format("unknown subject '{}'", c.subject()));
}

}  // namespace winnow::golden

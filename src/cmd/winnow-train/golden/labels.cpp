// kind = labels: from the seed by the law that the case names, or from recorded draws.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "golden/kinds.h"
#include "winnow/core/error.h"
#include "winnow/label/corruption.h"
#include "winnow/label/numpy_legacy.h"

namespace winnow::golden {

namespace {

std::vector<std::int64_t> integers(const at::Tensor& tensor) {
  at::Tensor own = tensor.to(at::kLong).contiguous();
  return {own.const_data_ptr<std::int64_t>(), own.const_data_ptr<std::int64_t>() + own.numel()};
}

void compare_sets(Case& c, const label::Candidates& sets, label::NumpyLegacy& random) {
  at::Tensor mask = at::tensor(std::vector<std::int64_t>(sets.mask.begin(), sets.mask.end()), at::kLong);
  c.compare("candidates", mask.view({sets.samples, sets.classes}));
  c.compare("next_double", at::tensor({random.uniform()}, at::kDouble));
}

label::NumpyLegacy legacy(const Case& c) {
  if (label::parse_law(c.config().text("labels.law")) != label::Law::numpy_legacy)
    throw UsageError("candidate sets of a case follow the law numpy-legacy");
  return label::NumpyLegacy(static_cast<std::uint32_t>(c.config().integer("labels.seed")));
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
  (spec.include_true ? draws.classes : draws.shift) = integers(c.tensor(spec.include_true ? "draw.class" : "draw.shift"));
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

}  // namespace

void run_labels(Case& c) {
  if (c.config().has("labels.kind") && c.config().text("labels.kind") != c.subject())
    throw DataError(fmt::format("labels.kind = {} in a case of subject {}", c.config().text("labels.kind"), c.subject()));
  if (c.subject() == "flip") return run_flip(c);
  if (c.subject() == "uniform") return run_uniform(c);
  if (c.subject() == "symmetric") return run_symmetric(c);
  throw UsageError(fmt::format("unknown subject '{}'", c.subject()));
}

}  // namespace winnow::golden

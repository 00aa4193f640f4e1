// kind = labels: from the seed by the law that the case names, or from recorded draws.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "golden/kinds.h"
#include "winnow/core/error.h"
#include "winnow/label/asymmetric.h"
#include "winnow/label/candidates.h"
#include "winnow/label/instance_noise.h"
#include "winnow/label/long_tail.h"
#include "winnow/label/numpy_legacy.h"
#include "winnow/label/scored.h"
#include "winnow/label/structured.h"
#include "winnow/label/symmetric.h"

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

// The case's table `labels`; what it leaves out is as declared in sweeps/presets/common.toml.
label::Spec spec_of(Case& c) {
  Settings settings({{"labels.seed", 0},
                     {"labels.include_true", true},
                     {"labels.balanced", false},
                     {"labels.target", "uniform"},
                     {"labels.count", "floor"},
                     {"labels.block", 5},
                     {"labels.sigma", 0.1},
                     {"labels.pixels", "raw"},
                     {"labels.superclasses", Value::array()}});
  for (const auto& [key, value] : c.config().all())
    if (key.starts_with("labels.")) settings.set(key, value);
  if (c.has("in.group")) settings.set("labels.superclasses", integers(c.tensor("in.group")));
  label::Spec spec = label::Spec::from(settings);
  for (const std::string& key : settings.read()) c.mark_read(key);
  if (spec.kind == label::Kind::asymmetric) c.mark_read("labels.block");  // said of maps without blocks, too
  return spec;
}

void compare_noise(Case& c, const std::vector<std::int64_t>& truth, const label::Labels& given,
                   const label::Marks* marked) {
  std::int64_t classes = c.config().integer("classes");
  at::Tensor given_tensor = at::tensor(given, at::kLong), truth_tensor = at::tensor(truth, at::kLong);
  c.precision();
  c.compare("given", given_tensor);
  if (marked) c.compare("marked", at::tensor(std::vector<std::int64_t>(marked->begin(), marked->end()), at::kLong));
  c.compare("noisy", given_tensor != truth_tensor);
  at::Tensor counts = at::zeros({classes, classes}, at::kLong);
  counts.index_put_({truth_tensor, given_tensor}, at::ones({given_tensor.size(0)}, at::kLong), /*accumulate=*/true);
  c.compare("counts", counts);
}

void compare_transition(Case& c, const std::vector<double>& transition) {
  c.compare("transition", at::tensor(transition, at::kDouble).view({c.config().integer("classes"), -1}));
}

void run_symmetric(Case& c) {
  std::vector<std::int64_t> truth = integers(c.tensor("in.true"));
  std::int64_t classes = c.config().integer("classes");
  label::Spec spec = spec_of(c);
  label::SymmetricDraws draws;
  draws.order = integers(c.tensor("draw.order"));
  if (spec.target == label::Target::class_size) {
    draws.uniform = reals(c.tensor("draw.uniform"));
    compare_transition(c, label::class_size_transition(truth, classes, spec.include_true));
  } else {
    (spec.include_true ? draws.classes : draws.shift) =
        integers(c.tensor(spec.include_true ? "draw.class" : "draw.shift"));
  }
  label::Marks marked;
  label::Labels given = label::symmetric(truth, classes, spec, draws, &marked);
  compare_noise(c, truth, given, &marked);
}

void run_asymmetric(Case& c) {
  std::vector<std::int64_t> truth = integers(c.tensor("in.true"));
  std::int64_t classes = c.config().integer("classes");
  label::Spec spec = spec_of(c);
  label::AsymmetricDraws draws;
  if (!spec.flips_each()) draws.order = integers(c.tensor("draw.order"));
  else
    for (std::int64_t flip : integers(c.tensor("draw.flip"))) draws.flip.push_back(flip != 0);
  if (spec.map == label::Map::block_pairs) {
    std::vector<std::int64_t> pairs = integers(c.tensor("draw.pair"));
    for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) draws.pairs.emplace_back(pairs[i], pairs[i + 1]);
  }
  label::ClassMap map = label::class_map(spec, classes, draws);
  c.compare("map", at::tensor(map, at::kLong));
  compare_transition(c, label::transition(map, spec.rate));
  label::Marks marked;
  label::Labels given = label::asymmetric(truth, classes, spec, draws, &marked);
  compare_noise(c, truth, given, &marked);
}

void run_pairflip(Case& c) {
  std::vector<std::int64_t> truth = integers(c.tensor("in.true"));
  label::Marks marked;
  label::Labels given =
      label::pairflip(truth, c.config().integer("classes"), spec_of(c), integers(c.tensor("draw.order")), &marked);
  compare_noise(c, truth, given, &marked);
}

void run_structured(Case& c) {
  std::vector<std::int64_t> truth = integers(c.tensor("in.true"));
  label::Spec spec = spec_of(c);
  label::StructuredDraws draws{integers(c.tensor("draw.order")), integers(c.tensor("draw.classes")), {}};
  if (spec.target == label::Target::uniform) draws.classes = integers(c.tensor("draw.class"));
  label::Marks marked;
  label::Labels given = label::structured(truth, c.config().integer("classes"), spec, draws, &marked);
  compare_noise(c, truth, given, &marked);
}

// Of a case the projections are one tensor, C x d x C.
void run_instance(Case& c) {
  std::vector<std::int64_t> truth = integers(c.tensor("in.true"));
  spec_of(c);
  auto C = static_cast<std::size_t>(c.config().integer("classes"));
  std::vector<double> features = reals(c.tensor("in.features")), projections = reals(c.tensor("draw.projection")),
                      rates = reals(c.tensor("draw.rate")), uniform = reals(c.tensor("draw.uniform")),
                      probability(truth.size() * C);
  std::size_t d = features.size() / truth.size();
  label::Labels given;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    std::span<double> own = std::span(probability).subspan(i * C, C);
    label::project(std::span(features).subspan(i * d, d),
                   std::span(projections).subspan(static_cast<std::size_t>(truth[i]) * d * C, d * C),
                   static_cast<std::int64_t>(C), own);
    label::instance_law(own, truth[i], rates[i]);
    given.push_back(label::class_at(own, uniform[i]));
  }
  c.compare("probability", at::tensor(probability, at::kDouble).view({-1, static_cast<std::int64_t>(C)}));
  compare_noise(c, truth, given, nullptr);
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
  std::string kind = c.subject() == "pair-flip" ? "pairflip" : c.subject();
  if (c.config().has("labels.kind") && c.config().text("labels.kind") != kind)
    throw DataError(
        fmt::format("labels.kind = {} in a case of subject {}", c.config().text("labels.kind"), c.subject()));
  if (kind == "flip") return run_flip(c);
  if (kind == "uniform") return run_uniform(c);
  if (kind == "symmetric") return run_symmetric(c);
  if (kind == "asymmetric") return run_asymmetric(c);
  if (kind == "pairflip") return run_pairflip(c);
  if (kind == "structured") return run_structured(c);
  if (kind == "instance") return run_instance(c);
  if (kind == "instance-candidates") return run_instance_candidates(c);
  throw UsageError(fmt::format("unknown subject '{}'", c.subject()));
}

}  // namespace winnow::golden

#include "samples.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "listed_shots.h"
#include "winnow/core/error.h"
#include "winnow/core/stream.h"
#include "winnow/data/capped_choice.h"
#include "winnow/label/candidates.h"
#include "winnow/label/long_tail.h"

namespace winnow::train {

namespace {

at::Tensor tensor_of(const std::vector<std::int64_t>& values) { return at::tensor(values, at::kLong); }

at::Tensor labels_of(const data::Split& split) {
  return at::from_blob(const_cast<std::int64_t*>(split.labels.data()), {split.samples}, at::TensorOptions(at::kLong));
}

// docs/methods/partial-labels.md#1.5. A stage that pre-trains a backbone holds nothing out.
void hold_out(Samples& samples, const Settings& settings) {
  samples.validation = at::empty({0}, at::kLong);
  if (!settings.has("data.validation")) return;
  double share = settings.real("data.validation");
  auto seed = static_cast<std::uint64_t>(settings.integer("data.validation_seed"));
  if (share == 0) return;
  std::int64_t count = samples.train.size(0);
  label::Split split;
  if (label::parse_law(settings.text("data.law")) == label::Law::numpy_legacy) {
    label::NumpyLegacy random(static_cast<std::uint32_t>(seed));
    split = label::validation_split(count, share, random);
  } else {
    split = label::validation_split(count, share, seed);
  }
  if (split.validation.empty())
    throw UsageError(fmt::format("data.validation = {} of {} training samples is not one sample", share, count));
  samples.validation = samples.train.index_select(0, tensor_of(split.validation));
  samples.train = samples.train.index_select(0, tensor_of(split.train));
}

// docs/methods/partial-labels.md#1.3. A stage that pre-trains a backbone has no long tail.
void keep_long_tail(Samples& samples, const Settings& settings, const data::Pixels& pixels) {
  if (!settings.has("data.long_tail")) return;
  double factor = settings.real("data.long_tail");
  label::Law law = label::parse_law(settings.text("data.law"));
  if (factor == 1) return;
  auto classes = static_cast<std::int64_t>(pixels.classes().size());
  at::Tensor chosen = labels_of(pixels.train()).index_select(0, samples.train);
  std::vector<std::int64_t> truth(chosen.const_data_ptr<std::int64_t>(),
                                  chosen.const_data_ptr<std::int64_t>() + chosen.numel());
  samples.choice_seed = static_cast<std::uint64_t>(settings.integer("data.seed"));
  std::vector<std::int64_t> kept;
  if (law == label::Law::numpy_legacy) {
    samples.after_choice.emplace(static_cast<std::uint32_t>(samples.choice_seed));
    kept = label::long_tail(truth, classes, factor, *samples.after_choice);
  } else {
    kept = label::long_tail(truth, classes, factor, samples.choice_seed);
  }
  samples.train = samples.train.index_select(0, tensor_of(kept));
}

void keep_shots(Samples& samples, const Settings& settings, const data::Pixels& pixels, std::string list) {
  std::string name = settings.has("data.shot_list") ? settings.text("data.shot_list") : "";
  if (list.empty()) list = name;
  std::int64_t shots = settings.has("data.shots") ? settings.integer("data.shots") : 0;
  if (shots == 0) return;
  at::Tensor labels = labels_of(pixels.train()).index_select(0, samples.train);
  samples.few = true;
  std::vector<std::int64_t> few =
      list.empty() ? draw_shots(labels, pixels.classes(), shots,
                                static_cast<std::uint64_t>(settings.integer("data.seed")), "data.shots")
                   : listed_shots(list, samples.train, labels, pixels.classes(), shots, "data.shots");
  samples.train = samples.train.index_select(0, tensor_of(few));
}

void keep_narrowed(Samples& samples, const EarlierLabels& earlier, std::size_t classes) {
  bool ours = earlier.samples.dim() == 1 && earlier.candidates.dim() == 2 &&
              earlier.candidates.size(0) == earlier.samples.size(0) &&
              earlier.candidates.size(1) == static_cast<std::int64_t>(classes) &&
              at::isin(earlier.samples, samples.train).all().item<bool>();
  if (!ours)
    throw DataError("the earlier stage's candidate sets are of other samples or classes than this stage trains on");
  samples.train = earlier.samples;
}

}  // namespace

std::vector<std::int64_t> draw_shots(const at::Tensor& labels, const std::vector<std::string>& class_names,
                                     std::int64_t shots, std::uint64_t seed, const char* key) {
  Streams streams(seed, "data.shots");
  std::vector<std::int64_t> drawn;
  for (std::size_t c = 0; c < class_names.size(); ++c) {
    at::Tensor own = (labels == static_cast<std::int64_t>(c)).nonzero().flatten();
    if (own.size(0) < shots)
      throw UsageError(
          fmt::format("{} = {}: the class '{}' has {} training samples", key, shots, class_names[c], own.size(0)));
    std::vector<std::int64_t> order = streams.at(static_cast<std::uint32_t>(c), 0).permutation(own.size(0));
    for (std::int64_t i = 0; i < shots; ++i)
      drawn.push_back(own[order[static_cast<std::size_t>(i)]].item<std::int64_t>());
  }
  std::sort(drawn.begin(), drawn.end());
  return drawn;
}

const at::Tensor& Samples::of(const std::string& split) const {
  if (split == "train" || split == "scored") return train;
  if (split == "validation") return validation;
  if (split == "test") return test;
  throw InternalError(fmt::format("no split '{}'", split));
}

Samples choose_samples(const Settings& settings, const data::Pixels& pixels, const EarlierLabels& earlier,
                       const std::string& shot_list) {
  auto classes = static_cast<std::int64_t>(pixels.classes().size());
  auto seed = static_cast<std::uint64_t>(settings.integer("data.seed"));
  Samples samples;
  bool capped = settings.has("data.balance") && settings.text("data.balance") == "capped";
  samples.train = tensor_of((capped ? data::choose_capped : data::choose_samples)(
      pixels.train().labels, classes, settings.integer("data.first"), settings.integer("data.last"),
      settings.integer("data.samples"), seed, "data.train"));
  hold_out(samples, settings);
  keep_long_tail(samples, settings, pixels);
  keep_shots(samples, settings, pixels, shot_list);
  if (earlier.candidates.defined()) keep_narrowed(samples, earlier, pixels.classes().size());
  samples.test = tensor_of(data::choose_samples(pixels.test().labels, classes, 0, 0,
                                                settings.integer("data.test_samples"), seed, "data.test"));
  return samples;
}

Samples validation_samples(const data::Pixels& pixels) {
  Samples samples;
  samples.train = samples.validation = at::empty({0}, at::kLong);
  samples.few = true;
  samples.test = at::arange(pixels.test().samples);
  return samples;
}

Samples further_test_samples(const Settings& settings, const data::Pixels& pixels) {
  Samples samples;
  samples.train = samples.validation = at::empty({0}, at::kLong);
  samples.few = true;
  samples.test = tensor_of(data::choose_samples(
      pixels.test().labels, static_cast<std::int64_t>(pixels.classes().size()), 0, 0,
      settings.integer("data.test_samples"), static_cast<std::uint64_t>(settings.integer("data.seed")), "data.test"));
  return samples;
}

Oracle true_labels(const data::Pixels& pixels, const Samples& samples) {
  Oracle oracle(labels_of(pixels.train()).index_select(0, samples.train),
                labels_of(pixels.test()).index_select(0, samples.test));
  if (samples.validation.size(0))
    oracle.add("validation", labels_of(pixels.train()).index_select(0, samples.validation));
  return oracle;
}

}  // namespace winnow::train

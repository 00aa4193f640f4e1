#include "learner_labels.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <span>

#include "instance_labels.h"
#include "require_classes.h"
#include "selected_subset.h"
#include "winnow/core/error.h"
#include "winnow/data/label_set.h"
#include "winnow/label/candidates.h"
#include "winnow/label/noise.h"
#include "winnow/label/scored.h"

namespace winnow::train {

namespace {

class Labelling {
 public:
  Labelling(const Stage& stage, const data::Pixels& pixels, Samples& samples, const EarlierLabels& earlier,
            Oracle& oracle)
      : stage_(stage), pixels_(pixels), samples_(samples), earlier_(earlier), oracle_(oracle),
        classes_(static_cast<std::int64_t>(pixels.classes().size())) {}

  LearnerLabels all(bool read) {
    if (read && earlier_.candidates.defined()) result_.candidates = earlier_.candidates;
    else if (read && stage_.settings.text("labels.kind") == "annotated") read_annotations();
    else if (read) make(label::Spec::from(stage_.settings));
    if (earlier_.selected_samples.defined()) take_selection();
    if (stage_.settings.has("validation_labelled")) {
      if (!oracle_.knows("validation"))
        throw UsageError(
            "the method searches on labelled samples that are set aside: data.validation must be above 0, or "
            "data.validation_split = own");
      result_.validation_labelled = oracle_.labels("validation");
    }
    return std::move(result_);
  }

 private:
  void take_given(at::Tensor given) {
    require_classes(given, classes_, "given labels");
    result_.candidates = at::one_hot(given, classes_);
    result_.given = std::move(given);
  }

  void take_selection() {
    if (!at::equal(earlier_.selected_samples, samples_.train))
      throw DataError(fmt::format("{} selects among other samples than this stage trains on", earlier_.selected_by));
    result_.handed_over = earlier_.selection;
    auto selected = earlier_.selection.find("mask");
    if (selected == earlier_.selection.end()) return;  // of the method's own first run
    const at::Tensor& mask = selected->second;
    bool pairs = mask.dim() == 2;  // of sample and class; an image may have several labels
    at::Tensor label = pairs ? mask.to(at::kByte).argmax(1) : earlier_.selection.at("label").clamp_min(0);
    require_every_class({mask, {}, label});
    if (!result_.given.defined() && !result_.candidates.defined()) take_given(label);
    if (!stage_.settings.has("train.batches")) return;
    at::Tensor kept = mask.nonzero();
    result_.items = kept.select(1, 0).contiguous();
    result_.item_labels = pairs ? kept.select(1, 1).contiguous() : label.index_select(0, result_.items);
    for (const char* said : {"mask", "label", "score"}) result_.handed_over.erase(said);
  }

  void require_every_class(const SelectedSubset& subset) const {
    if (!stage_.settings.has("empty_classes") || stage_.settings.text("empty_classes") != "refuse") return;
    if (std::string words = without_sample(subset, pixels_.classes()); !words.empty())
      throw UsageError(fmt::format("empty_classes = refuse: {} ({})", words, earlier_.selected_by));
  }

  void make(const label::Spec& spec) {
    const at::Tensor& true_labels = oracle_.labels("train");
    std::int64_t N = true_labels.size(0), C = classes_;
    std::span<const std::int64_t> truth(true_labels.const_data_ptr<std::int64_t>(), static_cast<std::size_t>(N));
    // [1.6] The reference draws the long tail and then the sets from one generator.
    label::NumpyLegacy* continued =
        spec.law == label::Law::numpy_legacy && samples_.after_choice ? &*samples_.after_choice : nullptr;
    if (continued && spec.seed != samples_.choice_seed)
      throw UsageError(fmt::format(
          "labels.seed = {} and data.seed = {}: under the law numpy-legacy both draw from one generator and "
          "must be equal",
          spec.seed, samples_.choice_seed));
    label::Candidates sets;
    switch (spec.kind) {
      case label::Kind::flip:
        sets = continued ? label::flip(truth, C, spec.rate, *continued)
                         : label::flip(truth, C, spec.rate, spec.seed, spec.law);
        break;
      case label::Kind::uniform:
        sets = continued ? label::uniform(truth, C, spec.size_law, *continued)
                         : label::uniform(truth, C, spec.size_law, spec.seed, spec.law);
        break;
      case label::Kind::instance_candidates: {
        if (!earlier_.scores)
          throw UsageError("labels.kind = instance-candidates needs the scores of an earlier stage");
        at::Tensor scores = earlier_.scores->of(samples_.train, C).rows.at("logits").to(at::kDouble).contiguous();
        std::vector<double> probability = label::instance_probabilities(
            truth, C, {scores.const_data_ptr<double>(), static_cast<std::size_t>(scores.numel())}, spec.rate);
        sets = label::instance_candidates(truth, C, probability, spec.seed);
        break;
      }
      case label::Kind::clean: take_given(true_labels.clone()); return;
      case label::Kind::symmetric:
      case label::Kind::asymmetric:
      case label::Kind::pairflip:
      case label::Kind::structured: take_given(at::tensor(label::noisy_labels(truth, C, spec), at::kLong)); return;
      case label::Kind::instance:
        take_given(at::tensor(instance_labels(pixels_, samples_.train, truth, spec), at::kLong));
        return;
      case label::Kind::annotated: throw InternalError("annotated labels are read, not made");
    }
    result_.candidates = at::from_blob(sets.mask.data(), {N, C}, at::TensorOptions(at::kByte)).clone();
  }

  // Without a file they are the data set's own, and the true ones are not known.
  void read_annotations() {
    std::string set = stage_.settings.text("labels.set");
    auto print = stage_.fingerprints.find("labels");
    if (print == stage_.fingerprints.end()) {
      take_given(oracle_.labels("train"));
      oracle_.forget("train");
      if (oracle_.knows("validation")) result_.validation_given = oracle_.labels("validation");
      oracle_.forget("validation");
      return;
    }
    data::KeptLabels labels(print->second, pixels_.fingerprint());
    bool fits = labels.samples() == pixels_.train().samples && (labels.classes() == 0 || labels.classes() == classes_);
    if (!fits)
      throw DataError(fmt::format("labels.set = {}: labels of {} samples and {} classes, the data set has {} and {}",
                                  set, labels.samples(), labels.classes(), pixels_.train().samples, classes_));
    if (labels.classes() == 0) {
      at::Tensor all = at::from_blob(const_cast<std::int64_t*>(labels.given().data()), {labels.samples()},
                                     at::TensorOptions(at::kLong));
      take_given(all.index_select(0, samples_.train));
      if (samples_.validation.size(0)) result_.validation_given = all.index_select(0, samples_.validation);
      if (result_.validation_given.defined()) require_classes(result_.validation_given, classes_, "given labels");
      return;
    }
    at::Tensor all = at::from_blob(const_cast<std::uint8_t*>(labels.candidates().data()), {labels.samples(), classes_},
                                   at::TensorOptions(at::kByte));
    result_.candidates = all.index_select(0, samples_.train);
    if (samples_.validation.size(0)) result_.validation_candidates = all.index_select(0, samples_.validation);
  }

  const Stage& stage_;
  const data::Pixels& pixels_;
  Samples& samples_;
  const EarlierLabels& earlier_;
  Oracle& oracle_;
  std::int64_t classes_;
  LearnerLabels result_;
};

}  // namespace

LearnerLabels learner_labels(const Stage& stage, bool read, const data::Pixels& pixels, Samples& samples,
                             const EarlierLabels& earlier, Oracle& oracle) {
  return Labelling(stage, pixels, samples, earlier, oracle).all(read);
}

}  // namespace winnow::train

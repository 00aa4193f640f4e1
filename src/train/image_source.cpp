#include "image_source.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "given_labels.h"
#include "winnow/core/error.h"
#include "winnow/core/stream.h"
#include "winnow/data/label_set.h"
#include "winnow/device/transfer.h"
#include "winnow/label/long_tail.h"
#include "winnow/label/scored.h"

namespace winnow::train {

namespace {

at::Tensor tensor_of(const std::vector<std::int64_t>& values) { return at::tensor(values, at::kLong); }

const Path& cache_of(const Stage& stage, const Context& context) {
  std::string name = stage.settings.text("dataset");
  auto found = context.data.find(name);
  if (found == context.data.end())
    throw UsageError(fmt::format("the context names no decoded cache of data set {}", name));
  return found->second;
}

}  // namespace

ImageSource::Views ImageSource::Views::from(const Settings& settings, std::vector<view::Step> own) {
  auto text = [&](const char* name) { return settings.text(fmt::format("views.{}", name)); };
  ImageViews::Ensemble ensemble{text("ensemble")};
  if (settings.has("views.ensemble_expand")) ensemble.expand = settings.integer("views.ensemble_expand");
  if (settings.has("views.ensemble_times")) ensemble.times = settings.integer("views.ensemble_times");
  return {text("weak"), text("strong"), text("key"), text("test"), text("normalisation"), text("test_normalisation"),
          ensemble,     std::move(own)};
}

std::int64_t classes_of(const Stage& stage, const Context& context) {
  return static_cast<std::int64_t>(data::Pixels(cache_of(stage, context)).classes().size());
}

ImageSource::Opened ImageSource::open(const Stage& stage, const Context& context, Options options) {
  Opened result;
  result.source.reset(new ImageSource(stage, context, std::move(options), result.oracle));
  return result;
}

ImageSource::ImageSource(const Stage& stage, const Context& context, Options options, Oracle& oracle)
    : pixels_(cache_of(stage, context)),
      views_(pixels_, std::move(options.normalisation), options.image_size, options.real,
             options.views ? std::move(options.views->own) : std::vector<view::Step>()),
      real_(options.real) {
  const Settings& settings = stage.settings;
  const EarlierLabels& earlier = options.earlier;
  auto wanted = stage.fingerprints.find("data");
  if (wanted == stage.fingerprints.end() || wanted->second != pixels_.fingerprint())
    throw DataError(fmt::format("{}: data of fingerprint {}, the stage wants {}", cache_of(stage, context).string(),
                                pixels_.fingerprint(),
                                wanted == stage.fingerprints.end() ? "one that it does not name" : wanted->second));
  const data::Split& train = pixels_.train();
  auto labels_of = [](const data::Split& split) {
    return at::from_blob(const_cast<std::int64_t*>(split.labels.data()), {split.samples}, at::TensorOptions(at::kLong));
  };
  auto seed = static_cast<std::uint64_t>(settings.integer("data.seed"));
  train_ = {tensor_of(data::choose_samples(train.labels, classes(), settings.integer("data.first"),
                                           settings.integer("data.last"), settings.integer("data.samples"), seed,
                                           "data.train"))};
  set_aside(settings);
  keep_long_tail(settings, train.labels);
  if (earlier.candidates.defined()) keep_narrowed(earlier);
  test_ = {tensor_of(data::choose_samples(pixels_.test().labels, classes(), 0, 0, settings.integer("data.test_samples"),
                                          seed, "data.test"))};
  oracle = Oracle(labels_of(train).index_select(0, train_.samples),
                  labels_of(pixels_.test()).index_select(0, test_.samples));
  if (size("validation")) oracle.add("validation", labels_of(train).index_select(0, validation_.samples));

  if (options.training) {
    epochs_ = settings.integer("train.epochs");
    batch_ = settings.integer("train.batch");
    drop_last_ = settings.flag("train.drop_last");
    seed_ = static_cast<std::uint64_t>(settings.integer("seed"));
    if (batch_ > size("train"))
      throw UsageError(fmt::format("train.batch = {} is larger than the {} training samples", batch_, size("train")));
  }
  if (options.views) declare(*options.views);
  if (context.keep_images) views_.keep_beginnings(cache_of(stage, context));
  if (options.labels && earlier.candidates.defined()) take_candidates(earlier.candidates);
  else if (options.labels && settings.text("labels.kind") == "annotated") read_annotations(stage, oracle);
  else if (options.labels) make_labels(label::Spec::from(settings), earlier, oracle.labels("train"));
  if (earlier.selected_samples.defined()) take_selection(earlier);
}

void ImageSource::declare(const Views& views) {
  std::uint64_t index = 0;  // distinguishes two views of one pipeline
  for (auto [name, pipeline] : {std::pair{"strong", &views.strong}, {"weak", &views.weak}, {"key", &views.key}})
    views_.declare(name, *pipeline, index++, seed_, views.normalisation);
  views_.declare_test(views.test, views.test_normalisation);
  ImageViews::Ensemble ensemble = views.ensemble;
  ensemble.seed = seed_;
  views_.declare_ensemble(ensemble);
}

std::int64_t ImageSource::for_each_member(const std::function<void()>& visit) {
  std::int64_t members = views_.members();
  for (std::int64_t member = 0; member < members; ++member) {
    views_.use_member(member);
    visit();
  }
  views_.use_member(0);
  return members;
}

// docs/methods/partial-labels.md#1.5. A stage that pre-trains a backbone sets nothing aside.
void ImageSource::set_aside(const Settings& settings) {
  validation_.samples = at::empty({0}, at::kLong);
  if (!settings.has("data.validation")) return;
  double share = settings.real("data.validation");
  auto seed = static_cast<std::uint64_t>(settings.integer("data.validation_seed"));
  if (share == 0) return;
  label::Split split;
  if (label::parse_law(settings.text("data.law")) == label::Law::numpy_legacy) {
    label::NumpyLegacy random(static_cast<std::uint32_t>(seed));
    split = label::validation_split(size("train"), share, random);
  } else {
    split = label::validation_split(size("train"), share, seed);
  }
  if (split.validation.empty())
    throw UsageError(
        fmt::format("data.validation = {} of {} training samples is not one sample", share, size("train")));
  validation_.samples = train_.samples.index_select(0, tensor_of(split.validation));
  train_.samples = train_.samples.index_select(0, tensor_of(split.train));
}

// docs/methods/partial-labels.md#1.3. A stage that pre-trains a backbone has no long tail.
void ImageSource::keep_long_tail(const Settings& settings, std::span<const std::int64_t> all_labels) {
  if (!settings.has("data.long_tail")) return;
  double factor = settings.real("data.long_tail");
  label::Law law = label::parse_law(settings.text("data.law"));
  if (factor == 1) return;
  const std::int64_t* chosen = train_.samples.const_data_ptr<std::int64_t>();
  std::vector<std::int64_t> truth;
  for (std::int64_t i = 0; i < train_.samples.size(0); ++i)
    truth.push_back(all_labels[static_cast<std::size_t>(chosen[i])]);
  choice_seed_ = static_cast<std::uint64_t>(settings.integer("data.seed"));
  std::vector<std::int64_t> kept;
  if (law == label::Law::numpy_legacy) {
    after_choice_.emplace(static_cast<std::uint32_t>(choice_seed_));
    kept = label::long_tail(truth, classes(), factor, *after_choice_);
  } else {
    kept = label::long_tail(truth, classes(), factor, choice_seed_);
  }
  train_.samples = train_.samples.index_select(0, tensor_of(kept));
}

void ImageSource::keep_narrowed(const EarlierLabels& earlier) {
  bool ours = earlier.samples.dim() == 1 && earlier.candidates.dim() == 2 &&
              earlier.candidates.size(0) == earlier.samples.size(0) && earlier.candidates.size(1) == classes() &&
              at::isin(earlier.samples, train_.samples).all().item<bool>();
  if (!ours)
    throw DataError("the earlier stage's candidate sets are of other samples or classes than this stage trains on");
  train_.samples = earlier.samples;
}

void ImageSource::take_selection(const EarlierLabels& earlier) {
  if (!at::equal(earlier.selected_samples, train_.samples))
    throw DataError(fmt::format("{} selects among other samples than this stage trains on", earlier.selected_by));
  for (const auto& [name, tensor] : earlier.selection) handed_over_[name] = device::to_device(tensor, real_.device());
}

void ImageSource::make_labels(const label::Spec& spec, const EarlierLabels& earlier, const at::Tensor& true_labels) {
  std::int64_t N = size("train"), C = classes();
  std::span<const std::int64_t> truth(true_labels.const_data_ptr<std::int64_t>(), static_cast<std::size_t>(N));
  label::Candidates sets;
  // [1.6] The reference draws the long tail and then the sets from one generator.
  label::NumpyLegacy* goes_on = spec.law == label::Law::numpy_legacy && after_choice_ ? &*after_choice_ : nullptr;
  if (goes_on && spec.seed != choice_seed_)
    throw UsageError(
        fmt::format("labels.seed = {} and data.seed = {}: under the law numpy-legacy both draw from one generator and "
                    "must be equal",
                    spec.seed, choice_seed_));
  switch (spec.kind) {
    case label::Kind::flip:
      sets =
          goes_on ? label::flip(truth, C, spec.rate, *goes_on) : label::flip(truth, C, spec.rate, spec.seed, spec.law);
      break;
    case label::Kind::uniform:
      sets = goes_on ? label::uniform(truth, C, spec.size_law, *goes_on)
                     : label::uniform(truth, C, spec.size_law, spec.seed, spec.law);
      break;
    case label::Kind::instance_candidates: {
      if (!earlier.scores.defined())
        throw UsageError("labels.kind = instance-candidates needs the scores of an earlier stage");
      if (!at::equal(earlier.scored_samples, train_.samples) || earlier.scores.size(1) != C)
        throw DataError("the earlier stage scores other samples or classes than this stage has");
      at::Tensor scores = earlier.scores.to(at::kDouble).contiguous();
      std::vector<double> probability = label::instance_probabilities(
          truth, C, {scores.const_data_ptr<double>(), static_cast<std::size_t>(scores.numel())}, spec.rate);
      sets = label::instance_candidates(truth, C, probability, spec.seed);
      break;
    }
    case label::Kind::clean:
    case label::Kind::symmetric: {
      label::Labels given(truth.begin(), truth.end());
      if (spec.kind == label::Kind::symmetric)
        given = label::symmetric(truth, C, spec, label::draw_symmetric(N, C, spec));
      take_given(tensor_of(given));
      return;
    }
    case label::Kind::annotated: throw InternalError("annotated labels are read, not made");
  }
  take_candidates(at::from_blob(sets.mask.data(), {N, C}, at::TensorOptions(at::kByte)));
}

// On the host; nothing of the tensor is kept.
void ImageSource::take_candidates(const at::Tensor& sets) {
  at::Tensor reals = sets.to(real_.dtype().toScalarType(), /*non_blocking=*/false, /*copy=*/true);
  candidates_ = device::to_device(reals, real_.device());
}

// A given label is a candidate set of one.
void ImageSource::take_given(at::Tensor given) {
  given_on_host_ = std::move(given);
  require_classes(given_on_host_, classes(), "given labels");
  given_ = device::to_device(given_on_host_, real_.device());
  take_candidates(at::one_hot(given_on_host_, classes()));
}

// Without a file they are the data set's own, and the true ones are not known.
void ImageSource::read_annotations(const Stage& stage, Oracle& oracle) {
  std::string set = stage.settings.text("labels.set");
  auto print = stage.fingerprints.find("labels");
  if (print == stage.fingerprints.end()) {
    take_given(oracle.labels("train"));
    oracle.forget("train");
    if (size("validation")) validation_given_ = oracle.labels("validation");
    oracle.forget("validation");
    return;
  }
  data::KeptLabels labels(print->second, pixels_.fingerprint());
  bool fits = labels.samples() == pixels_.train().samples && (labels.classes() == 0 || labels.classes() == classes());
  if (!fits)
    throw DataError(fmt::format("labels.set = {}: labels of {} samples and {} classes, the data set has {} and {}", set,
                                labels.samples(), labels.classes(), pixels_.train().samples, classes()));
  if (labels.classes() == 0) {
    at::Tensor all = at::from_blob(const_cast<std::int64_t*>(labels.given().data()), {labels.samples()},
                                   at::TensorOptions(at::kLong));
    take_given(all.index_select(0, train_.samples));
    validation_given_ = all.index_select(0, validation_.samples);
    require_classes(validation_given_, classes(), "given labels");
    return;
  }
  at::Tensor all = at::from_blob(const_cast<std::uint8_t*>(labels.candidates().data()), {labels.samples(), classes()},
                                 at::TensorOptions(at::kByte));
  take_candidates(all.index_select(0, train_.samples));
  validation_candidates_ = all.index_select(0, validation_.samples);
}

const ImageSource::Part& ImageSource::part(const std::string& split) const {
  if (split == "train") return train_;
  if (split == "validation") return validation_;
  if (split == "test") return test_;
  throw InternalError(fmt::format("no split '{}'", split));
}

const at::Tensor& ImageSource::samples(const std::string& split) const { return part(split).samples; }

std::int64_t ImageSource::steps_per_epoch() const {
  std::int64_t N = size("train");
  return drop_last_ ? N / batch_ : (N + batch_ - 1) / batch_;
}

at::Tensor ImageSource::inputs(const std::string& split, const std::string& name, const at::Tensor& ids,
                               std::int64_t epoch) {
  at::Tensor samples = part(split).samples.index_select(0, ids);
  if (split != "train") return views_.make(split, name, samples, epoch);
  for (const Made& made : made_)
    if (made.view == name && made.epoch == epoch && at::equal(made.ids, ids)) return made.images;
  constexpr std::size_t kKept = 2;  // a weak and a strong view of a batch
  if (made_.size() == kKept) made_.pop_front();
  return made_.emplace_back(Made{name, ids.clone(), epoch, views_.make(split, name, samples, epoch)}).images;
}

std::vector<Batch> ImageSource::batches(std::int64_t epoch) {
  at::Tensor order =
      tensor_of(Streams(seed_, "order").at(static_cast<std::uint32_t>(epoch), 0).permutation(size("train")));
  std::vector<Batch> result;
  for (std::int64_t step = 0; step < steps_per_epoch(); ++step) {
    std::int64_t first = step * batch_, rows = std::min(batch_, size("train") - first);
    Batch batch{order.narrow(0, first, rows), {}};
    if (given_on_host_.defined()) batch.given = given_on_host_.index_select(0, batch.ids);
    result.push_back(std::move(batch));
  }
  return result;
}

const at::Tensor& ImageSource::given() {
  if (!given_.defined()) throw UsageError("this stage has candidate sets, no given labels");
  return given_;
}

const at::Tensor& ImageSource::candidates() { return candidates_; }

}  // namespace winnow::train

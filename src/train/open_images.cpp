#include "open_images.h"

#include <fmt/format.h>

#include <optional>

#include "stage_seed.h"
#include "winnow/core/error.h"
#include "winnow/stage/data_sets.h"

namespace winnow::train {

namespace {

const Path& cache_of(const std::string& name, const Context& context) {
  auto found = context.data.find(name);
  if (found == context.data.end())
    throw UsageError(fmt::format("the context names no decoded cache of data set {}", name));
  return found->second;
}

// `print`: its fingerprint's name in the stage.
std::shared_ptr<const data::Pixels> open_pixels(const Stage& stage, const std::string& print, const Path& cache) {
  auto pixels = std::make_shared<const data::Pixels>(cache);
  auto wanted = stage.fingerprints.find(print);
  if (wanted == stage.fingerprints.end() || wanted->second != pixels->fingerprint())
    throw DataError(fmt::format("{}: data of fingerprint {}, the stage wants {}", cache.string(), pixels->fingerprint(),
                                wanted == stage.fingerprints.end() ? "one that it does not name" : wanted->second));
  return pixels;
}

Batching batching_of(const Settings& settings, const Context& context, bool training) {
  Batching batching;
  batching.loaders = context.loaders;
  batching.device_images = context.device_images;
  if (!training) return batching;
  batching.epochs = settings.integer("train.epochs");
  batching.batch = settings.integer("train.batch");
  batching.min_steps = settings.has("train.min_steps") ? settings.integer("train.min_steps") : 0;
  batching.max_steps = settings.has("train.max_steps") ? settings.integer("train.max_steps") : 0;
  batching.drop_last = settings.flag("train.drop_last");
  batching.seed = stage_seed(settings);
  return batching;
}

}  // namespace

std::int64_t classes_of(const Stage& stage, const Context& context) {
  return static_cast<std::int64_t>(data::Pixels(cache_of(stage.settings.text("dataset"), context)).classes().size());
}

namespace {

ImageViews views_of(const Context& context, const ImageOptions& options, const data::Pixels& pixels, const Path& cache,
                    std::uint64_t seed) {
  Path kept_beside = context.keep_images ? cache : Path();
  ImageViews::Declared declared;
  declared.kept_beside = kept_beside;
  if (options.views) declared = options.views->declared(seed, kept_beside);
  return {pixels, options.normalisation, options.image_size, options.real, declared};
}

// The test split of another data set, as one of this stage's.
struct OtherSplit {
  std::string name;  // of that data set
  std::unique_ptr<ImageSource> source;
  at::Tensor labels;  // true ones
};

// `print`: its fingerprint's name in the stage, `before` NAME.
OtherSplit open_other(const Stage& stage, const Context& context, const ImageOptions& options, Batching batching,
                      std::int64_t classes, const std::string& print, std::string_view before) {
  const Settings& settings = stage.settings;
  batching.epochs = 0;
  batching.batch = 1;
  OtherSplit result;
  result.name = print.substr(before.size());
  const Path& cache = cache_of(result.name, context);
  std::shared_ptr<const data::Pixels> pixels = open_pixels(stage, print, cache);
  bool validation = before == kOwnValidation;
  if (auto others = static_cast<std::int64_t>(pixels->classes().size()); others != classes)
    throw DataError(fmt::format("the {} split {} has {} classes, {} has {}", validation ? "validation" : "further test",
                                result.name, others, settings.text("dataset"), classes));
  Samples samples = validation ? validation_samples(*pixels) : further_test_samples(settings, *pixels);
  result.labels = true_labels(*pixels, samples).labels("test");
  ImageViews views = views_of(context, options, *pixels, cache, batching.seed);
  result.source = std::make_unique<ImageSource>(std::move(pixels), std::move(samples), LearnerLabels(),
                                                std::move(views), batching, options.real);
  return result;
}

void add_further_tests(const Stage& stage, const Context& context, const ImageOptions& options,
                       const Batching& batching, OpenedImages& opened) {
  const Settings& settings = stage.settings;
  if (!settings.has("evaluation.further_tests") || !settings.flag("evaluation.further_tests")) return;
  auto classes = static_cast<std::int64_t>(opened.source->class_names().size());
  for (const auto& [print, digest] : stage.fingerprints) {
    if (!print.starts_with(kFurtherTest)) continue;
    OtherSplit split = open_other(stage, context, options, batching, classes, print, kFurtherTest);
    opened.oracle.add(print, split.labels);
    opened.source->add_further_test(split.name, std::move(split.source));
  }
}

// The data set's own validation part, where the stage names one.
std::optional<OtherSplit> open_validation(const Stage& stage, const Context& context, const ImageOptions& options,
                                          const Batching& batching, std::int64_t classes) {
  if (!options.training) return std::nullopt;
  for (const auto& [print, digest] : stage.fingerprints)
    if (print.starts_with(kOwnValidation))
      return open_other(stage, context, options, batching, classes, print, kOwnValidation);
  return std::nullopt;
}

}  // namespace

OpenedImages open_images(const Stage& stage, const Context& context, ImageOptions options) {
  const Path& cache = cache_of(stage.settings.text("dataset"), context);
  std::shared_ptr<const data::Pixels> pixels = open_pixels(stage, "data", cache);
  auto list = stage.fingerprints.find("shots");
  Samples samples = choose_samples(stage.settings, *pixels, options.earlier,
                                   list == stage.fingerprints.end() ? std::string() : list->second);
  OpenedImages result;
  result.oracle = true_labels(*pixels, samples);
  Batching batching = batching_of(stage.settings, context, options.training);
  if (!options.training) batching.seed = options.seed;
  std::optional<OtherSplit> validation =
      open_validation(stage, context, options, batching, static_cast<std::int64_t>(pixels->classes().size()));
  if (validation) result.oracle.add("validation", validation->labels);
  LearnerLabels labels = learner_labels(stage, options.labels, *pixels, samples, options.earlier, result.oracle);
  if (options.inputs) labels.handed_over.merge(options.inputs(samples.train));
  ImageViews views = views_of(context, options, *pixels, cache, batching.seed);
  result.source = std::make_unique<ImageSource>(std::move(pixels), std::move(samples), std::move(labels),
                                                std::move(views), batching, options.real);
  if (validation) result.source->add_validation(std::move(validation->source));
  if (options.training || options.views || stage.fingerprints.count("program"))
    add_further_tests(stage, context, options, batching, result);
  return result;
}

}  // namespace winnow::train

// Stage kind `pretrain`: a CLIP trained contrastively from scratch on a labelled data set, with captions from templates
// and synonyms of which a share names a wrong class. docs/design.md#10 (nano-clip).
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "arrays.h"
#include "class_texts.h"
#include "curves.h"
#include "executors.h"
#include "loop.h"
#include "open_images.h"
#include "real.h"
#include "stage_method.h"
#include "stage_model.h"
#include "texts_source.h"
#include "trace.h"
#include "winnow/core/error.h"
#include "winnow/core/stream.h"
#include "winnow/data/templates.h"
#include "winnow/method/of_stage_kinds.h"
#include "winnow/model/classifier_architecture.h"
#include "winnow/model/snapshot_layout.h"
#include "winnow/model/untrained_clip.h"
#include "winnow/stage/result_version.h"
#include "winnow/text/tokenizer.h"
#include "winnow/train/evaluation.h"
#include "winnow/train/run_snapshot.h"

namespace winnow::train {

namespace {

std::vector<std::string> texts(const Value& value, const std::string& key) {
  if (!value.is_array() || value.empty())
    throw UsageError(fmt::format("{}: expected an array of texts, got {}", key, value.dump()));
  return value.get<std::vector<std::string>>();
}

// Captions of samples: a template and a name of the class, redrawn every epoch; whether the class is a wrong one, and
// which, is a property of the sample.
class Captions {
 public:
  Captions(const Settings& settings, std::int64_t classes)
      : templates_(texts(settings.at("caption_templates"), "caption_templates")),
        noise_(settings.real("caption_noise")),
        words_(static_cast<std::uint64_t>(settings.integer("seed")), "caption.words"),
        wrong_(static_cast<std::uint64_t>(settings.integer("seed")), "caption.class") {
    const Value& names = settings.at("caption_names");
    if (!names.is_array() || static_cast<std::int64_t>(names.size()) != classes)
      throw UsageError(fmt::format("caption_names: expected names for each of {} classes", classes));
    for (const Value& own : names) names_.push_back(texts(own, "caption_names"));
  }

  std::vector<std::string> all() const {
    std::vector<std::string> result;
    for (const auto& names : names_)
      for (const std::string& name : names)
        for (const std::string& text_template : templates_) result.push_back(data::prompt(text_template, name));
    return result;
  }

  std::string of(std::int64_t sample, std::int64_t truth, std::int64_t epoch) const {
    auto item = static_cast<std::uint32_t>(sample);
    Stream fate = wrong_.at(0, item);
    if (fate.uniform() < noise_) {
      auto shift = static_cast<std::int64_t>(fate.below(names_.size() - 1)) + 1;
      truth = (truth + shift) % static_cast<std::int64_t>(names_.size());
    }
    Stream choice = words_.at(static_cast<std::uint32_t>(epoch), item);
    const auto& names = names_[static_cast<std::size_t>(truth)];
    const std::string& name = names[choice.below(names.size())];
    return data::prompt(templates_[choice.below(templates_.size())], name);
  }

 private:
  std::vector<std::string> templates_;
  std::vector<std::vector<std::string>> names_;
  double noise_;
  Streams words_, wrong_;
};

model::Snapshot untrained(const Settings& settings, const text::ClipTokenizer& tokenizer, std::int64_t image_size) {
  auto size = [&](const char* key) { return settings.integer(key); };
  model::ClipSizes sizes{
      image_size,         size("image.patch"), size("image.width"),         size("image.blocks"), size("image.heads"),
      size("text.width"), size("text.blocks"), size("text.heads"),          size("text.context"), tokenizer.size(),
      tokenizer.end(),    size("joint_width"), settings.real("temperature")};
  model::Snapshot snapshot = model::untrained_clip(sizes, static_cast<std::uint64_t>(size("seed")));
  double mean = settings.real("image.mean"), deviation = settings.real("image.deviation");
  Value preprocessor = {
      {"image_mean", {mean, mean, mean}}, {"image_std", {deviation, deviation, deviation}}, {"size", image_size}};
  snapshot.files = {{"vocab.json", tokenizer.vocab_json()},
                    {"merges.txt", tokenizer.merges_txt()},
                    {"preprocessor_config.json", preprocessor.dump(2)}};
  return snapshot;
}

}  // namespace

Execution execute_pretrain(const Stage& stage, const Context& context, comm::Collective& collective,
                           Observer& observer) {
  const Settings& settings = stage.settings;
  require_version(stage, "pretrain", result_version(StageKind::pretrain));
  Captions captions(settings, classes_of(stage, context));
  std::unique_ptr<text::ClipTokenizer> tokenizer =
      text::learn_tokenizer(captions.all(), static_cast<std::size_t>(settings.integer("text.merges")));
  StageModel model(untrained(settings, *tokenizer, settings.integer("image.size")), settings, context);
  ImageOptions wanted = model.images();
  wanted.training = true;
  auto [opened, oracle] = open_images(stage, context, std::move(wanted));
  ImageSource& images = *opened;

  std::int64_t length = settings.integer("text.context");
  std::map<std::string, std::vector<std::int64_t>> encoded;
  for (const std::string& text : captions.all()) encoded[text] = tokenizer->encode(text, length);
  std::map<std::int64_t, std::int64_t> truth;  // captions name classes
  for (std::int64_t i = 0; i < images.size("train"); ++i)
    truth[images.samples("train")[i].item<std::int64_t>()] = oracle.labels("train")[i].item<std::int64_t>();
  auto caption_tokens = [&](const at::Tensor& samples, std::int64_t epoch) {
    std::vector<std::int64_t> rows;
    auto indices = samples.accessor<std::int64_t, 1>();
    for (std::int64_t i = 0; i < samples.size(0); ++i) {
      const auto& row = encoded.at(captions.of(indices[i], truth.at(indices[i]), epoch));
      rows.insert(rows.end(), row.begin(), row.end());
    }
    return at::tensor(rows, at::kLong).view({samples.size(0), length});
  };
  at::Tensor prompts = class_texts(stage, model.snapshot, images.class_names()).tokens;
  TextsSource source(
      images, [&](const at::Tensor& ids) { return prompts.index_select(0, ids); }, caption_tokens, model.real.device());

  auto architecture =
      model::contrastive_architecture(model.snapshot, model.real.dtype().toScalarType(), precision_of(settings));
  StageMethod method(method::kOfPretraining, StageMethod::of(settings, model), source, *architecture, context,
                     collective);

  Execution result;
  result.skipped_images = images.skipped();
  if (context.trial) result.trial.emplace();
  Curves curves;
  Checkpoint checkpoint(stage, context, collective, observer);
  const at::Tensor& truth_of_test = oracle.labels("test");
  train_loop(method.method(), method.name(), method.engine(), source,
             {collective, observer, checkpoint, result.trial ? &*result.trial : nullptr}, curves, [&] {
               return std::map<std::string, double>{
                   {"accuracy", accuracy(predict_all(method.method(), method.engine(), "test"), truth_of_test)}};
             });
  result.image_wait = images.waited();
  result.earlier_chunks = checkpoint.earlier_chunks();
  put_trace(method.engine(), result.trace);
  curves.put(result.content, method.engine().losses());
  model.snapshot.tensors = model::snapshot_layout(method.engine().parameters());
  put_snapshot(model.snapshot, result.content);
  return result;
}

}  // namespace winnow::train

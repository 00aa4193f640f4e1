// What benches of a step train: CLIP ViT-B/16 with random weights on random images of 224 x 224.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "../method_defaults.h"
#include "winnow/core/file.h"
#include "winnow/core/safetensors.h"
#include "winnow/model/snapshot.h"
#include "winnow/model/untrained_clip.h"
#include "winnow/stage/stage.h"
#include "winnow/sweep/catalogue.h"
#include "winnow/text/tokenizer.h"

namespace winnow {

inline const std::vector<std::string>& ten_animals() {
  static const std::vector<std::string> names = {"ant", "bee", "cat", "dog", "eel", "fox", "gnu", "hen", "ibis", "jay"};
  return names;
}

// Images of many levels (FOLDER/cache), and the model's snapshot with a tokenizer for their classes (FOLDER/clip).
inline model::Snapshot write_random_inputs(const Path& folder, const std::vector<std::string>& classes,
                                           std::int64_t count) {
  constexpr std::int64_t kSide = 224;
  std::int64_t pixels = kSide * kSide * 3;
  std::vector<std::uint8_t> images(static_cast<std::size_t>(count * pixels));
  for (std::size_t i = 0; i < images.size(); ++i) images[i] = static_cast<std::uint8_t>((i * 2654435761U) >> 24);
  std::vector<std::int64_t> labels;
  for (std::int64_t i = 0; i < count; ++i) labels.push_back(i % static_cast<std::int64_t>(classes.size()));
  SafeTensor image{"U8", {count, kSide, kSide, 3}, std::as_bytes(std::span(images))};
  SafeTensor label{"I64", {count}, std::as_bytes(std::span(labels))};
  write_safetensors(folder / "cache",
                    {{"train.images", image}, {"train.labels", label}, {"test.images", image}, {"test.labels", label}},
                    {{"version", "1"}, {"fingerprint", "f"}, {"classes", Value(classes).dump()}});

  auto tokenizer = text::learn_tokenizer({"a photo of a cat.", "a photo of an ibis."}, 16);
  model::Snapshot clip = model::untrained_clip({.image_size = kSide,
                                                .patch = 16,
                                                .width = 768,
                                                .blocks = 12,
                                                .heads = 12,
                                                .text_width = 512,
                                                .text_blocks = 12,
                                                .text_heads = 8,
                                                .context = 77,
                                                .vocabulary = tokenizer->size(),
                                                .end_token = tokenizer->end(),
                                                .joint = 512,
                                                .temperature = 0.07},
                                               0);
  clip.files = {{"vocab.json", tokenizer->vocab_json()},
                {"merges.txt", tokenizer->merges_txt()},
                {"preprocessor_config.json",
                 Value({{"image_mean", {0.5, 0.5, 0.5}}, {"image_std", {0.25, 0.25, 0.25}}, {"size", kSide}}).dump()}};
  if (!std::filesystem::exists(folder / "clip")) model::write_snapshot(folder / "clip", clip);
  return clip;
}

// `samples` of them, `rows` a batch, two epochs, AdaptFormer; all that the method ever does in the second one.
inline Stage random_stage(const std::string& method, std::int64_t rows, std::int64_t samples,
                          const sweep::Catalogue& catalogue) {
  const sweep::Method& declared = catalogue.methods.at(method);
  Stage stage;
  for (const sweep::Key& key : catalogue.common)
    if (key.fallback) stage.settings.set(key.key, *key.fallback);
  set_defaults(stage.settings, declared, 0.3);
  bool given = declared.labels == sweep::LabelNeed::given;
  for (auto [key, value] : std::map<std::string, Value>{{"method", method},
                                                        {"dataset", "random"},
                                                        {"model", "clip-vit-b-16"},
                                                        {"adapt", "adaptformer"},
                                                        {"adapter_dim", 4},
                                                        {"head_init", "random"},
                                                        {"views.weak", "plain"},
                                                        {"views.strong", "flip-crop"},
                                                        {"train.epochs", 2},
                                                        {"train.batch", rows},
                                                        {"data.samples", samples},
                                                        {"data.test_samples", 1},
                                                        {"data.validation_seed", 0},
                                                        {"labels.kind", given ? "symmetric" : "flip"},
                                                        {"labels.rate", 0.3},
                                                        {"labels.seed", 0}})
    stage.settings.set(key, value);
  if (stage.settings.has("warmup_epochs"))  // the second epoch does all that the method ever does
    stage.settings.set("warmup_epochs", stage.settings.at("warmup_epochs").is_number_float() ? Value(0.0) : Value(0));
  stage.version = declared.version;
  stage.fingerprints["data"] = "f";
  stage.outputs = {Output::metrics};
  return stage;
}

}  // namespace winnow

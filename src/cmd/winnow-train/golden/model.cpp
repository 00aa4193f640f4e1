// kind = model: a snapshot's towers on recorded pixels and tokens.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include "golden/kinds.h"
#include "winnow/core/error.h"
#include "winnow/data/templates.h"
#include "winnow/device/transfer.h"
#include "winnow/model/clip.h"
#include "winnow/model/image_tower.h"
#include "winnow/model/text_tower.h"
#include "winnow/text/tokenizer.h"

namespace winnow::golden {

namespace {

// What a case says of its snapshot must be so.
void check_description(Case& c, const model::Snapshot& snapshot) {
  c.mark_read("note");
  auto contradicts = [&](const char* key) { c.wrong(fmt::format("config.{} contradicts the snapshot", key)); };
  if (c.config().has("naming")) {
    std::string naming = c.config().text("naming");
    Path folder = c.folder() / c.config().text("snapshot");
    bool open_clip = std::filesystem::exists(folder / "open_clip_config.json"),
         timm = snapshot.config.contains("architecture");
    if (naming != (open_clip ? "open_clip" : timm ? "timm" : "hugging_face")) contradicts("naming");
    if (timm && c.subject() == "vit") {
      bool quick = snapshot.config["architecture"].get<std::string>().find("quickgelu") != std::string::npos;
      bool clip = snapshot.config["architecture"].get<std::string>().find("_clip_") != std::string::npos;
      if (c.config().has("activation") && c.config().text("activation").starts_with("quick") != quick)
        contradicts("activation");
      if (c.config().has("eps") && c.config().real("eps") != (clip ? 1e-5 : 1e-6)) contradicts("eps");
    }
  }
  if (c.config().has("mask_ratio") && c.config().real("mask_ratio") != 0)
    throw UsageError("mask_ratio: winnow's encoder sees all patches");
  if (c.config().has("text_pooling")) {
    bool largest = snapshot.config["text_config"].value("eos_token_id", 49407) == 2;
    if (c.config().text("text_pooling").starts_with("largest") != largest)
      c.wrong("config.text_pooling contradicts config.json");
  }
  for (const char* key : {"stored", "computed"}) {
    if (!c.config().has(key)) continue;
    at::ScalarType type = std::string(key) == "stored" ? snapshot.tensors.begin()->second.scalar_type() : at::kFloat;
    if (c.config().text(key) != (type == at::kHalf       ? "float16"
                                 : type == at::kBFloat16 ? "bfloat16"
                                 : type == at::kFloat    ? "float32"
                                                         : at::toString(type)))
      c.wrong(fmt::format("config.{} contradicts the snapshot", key));
  }
  if (c.config().has("interpolate_pos_encoding") && c.config().flag("interpolate_pos_encoding")) {
    std::vector<double> size = c.config().reals("resolution");
    const at::Tensor& pixels = c.tensor("in.pixels");
    if (size.size() != 2 || pixels.size(2) != static_cast<std::int64_t>(size[0]) ||
        pixels.size(3) != static_cast<std::int64_t>(size[1]))
      c.wrong("config.resolution contradicts in.pixels");
  }
}

// Both towers where the family has texts; what the case expects of them is compared.
void run_towers(Case& c) {
  model::Snapshot snapshot = snapshot_of(c);
  check_description(c, snapshot);
  model::require_whole(snapshot);
  at::Tensor image_features, text_features;
  if (c.has("in.pixels")) {
    auto image = model::image_tower(snapshot, {});
    image->weights().to(c.device());
    model::ImageOutputs outputs = image->encode(c.on_device("in.pixels"));
    c.compare("last_hidden", outputs.last_hidden);
    c.compare("hidden", outputs.hidden);
    if (outputs.logits.defined()) c.compare("logits", outputs.logits);
    if (outputs.pooler.defined()) c.compare("pooler", outputs.pooler);
    if (outputs.projected.defined()) c.compare("image_features", image_features = outputs.projected);
    if (c.expects("first_patch")) c.compare("first_patch", outputs.last_hidden.select(1, 0));
    if (c.expects("mean_patches"))
      c.compare("mean_patches", outputs.last_hidden.narrow(1, 1, outputs.last_hidden.size(1) - 1).mean(1));
  }
  if (c.has("in.tokens")) {
    auto text = model::text_tower(snapshot, at::kFloat);
    text->weights().to(c.device());
    model::TextOutputs outputs = text->encode(c.on_device("in.tokens"));
    c.compare("text_last_hidden", outputs.last_hidden);
    c.compare("text_hidden", outputs.hidden);
    c.compare("text_features", text_features = outputs.projected);
  }
  if (image_features.defined() && text_features.defined())
    c.compare("logits", model::pair_logits(snapshot, image_features, text_features));
}

// The recorded tokens are those of our own tokenizer on the case's templates and class names, up to the end token.
void check_tokens(Case& c, const model::Snapshot& snapshot, const at::Tensor& tokens) {
  const Value &templates = c.raw("templates"), &classes = c.raw("classes");
  auto tokenizer = text::tokenizer_of(snapshot);
  for (std::size_t t = 0; t < templates.size(); ++t)
    for (std::size_t k = 0; k < classes.size(); ++k) {
      std::string text = data::prompt(templates[t].get<std::string>(), classes[k].get<std::string>());
      std::vector<std::int64_t> own = tokenizer->encode(text, tokens.size(2));
      at::Tensor row = tokens[static_cast<std::int64_t>(t)][static_cast<std::int64_t>(k)];
      for (std::size_t i = 0; i < own.size(); ++i) {
        if (row[static_cast<std::int64_t>(i)].item<std::int64_t>() != own[i]) {
          c.wrong(fmt::format("the tokens of '{}' differ at position {}", text, i));
          break;
        }
        if (own[i] == tokenizer->end()) break;
      }
    }
}

void run_text_features(Case& c) {
  model::Snapshot snapshot = snapshot_of(c);
  at::Tensor tokens = c.tensor("in.tokens");
  check_tokens(c, snapshot, tokens);
  auto image = model::image_tower(snapshot, {});
  auto text = model::text_tower(snapshot, at::kFloat);
  text->weights().to(c.device());
  at::Tensor single = device::to_host(model::class_text_features(*text, {tokens[0]})),
             ensemble = device::to_host(model::class_text_features(*text, {tokens}));
  c.compare("single", single);
  c.compare("head", model::back_projected(single, image->projection()));
  c.compare("ensemble", ensemble);
  c.compare("ensemble_head", model::back_projected(ensemble, image->projection()));
}

}  // namespace

void run_model(Case& c) {
  at::NoGradGuard no_gradient;
  if (c.subject() == "text-features") return run_text_features(c);
  for (const char* family : {"clip", "siglip", "vit", "vit_mae", "convnext", "resnet"})
    if (c.subject() == family) return run_towers(c);
  throw UsageError(fmt::format("unknown subject '{}'", c.subject()));
}

}  // namespace winnow::golden

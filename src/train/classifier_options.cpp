#include "classifier_options.h"

#include "real.h"
#include "stage_seed.h"
#include "winnow/model/image_layout.h"
#include "winnow/model/implementation.h"

namespace winnow::train {

bool reads_siglip_as_clip(const Settings& settings) {
  return settings.has("siglip") && settings.text("siglip") == "as-clip";
}

model::ClassifierOptions classifier_options(const Settings& settings, std::int64_t classes,
                                            const model::Snapshot& snapshot) {
  model::ClassifierOptions options;
  options.adapt = settings.text("adapt");
  model::AdaptationOptions& adaptation = options.adaptation;
  adaptation.classes = classes;
  adaptation.seed = stage_seed(settings);
  adaptation.deft = model::follows_deft(settings.text("implementation"));
  if (settings.has("vpt_depth")) adaptation.depth = settings.integer("vpt_depth");
  for (const char* size : {"adapter_dim", "vpt_len"})
    if (settings.has(size)) adaptation.size = settings.integer(size);
  if (settings.has("mask_ratio")) adaptation.mask_ratio = settings.real("mask_ratio");
  if (settings.has("lora_init")) adaptation.standard_lora = settings.text("lora_init") == "standard";
  adaptation.everything = settings.has("full_tuning") && settings.text("full_tuning") == "all";
  if (std::int64_t last = settings.has("partial") ? settings.integer("partial") : 0) {
    std::int64_t blocks = model::image_layout(snapshot).blocks;
    adaptation.blocks = {blocks - last, blocks};
  }
  adaptation.batch_statistics = settings.has("batch_norm") && settings.text("batch_norm") == "batch";
  options.head = model::parse_head(settings.text("head"));
  options.projected = settings.has("head_input") && settings.text("head_input") == "proj";
  options.siglip_as_clip = reads_siglip_as_clip(settings);
  if (settings.has("scale")) options.scale = settings.real("scale");
  if (settings.has("visual_length")) {
    constexpr std::int64_t kAlone = 16, kBesideTexts = 4;  // docs/methods/unsupervised.md#6.2
    std::int64_t length = settings.integer("visual_length");
    options.input_tokens = length ? length : settings.has("context_length") ? kBesideTexts : kAlone;
  }
  options.compute = precision_of(settings);
  return options;
}

}  // namespace winnow::train

#include "winnow/text/family.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>
#include <vector>

#include "winnow/core/error.h"
#include "winnow/core/words.h"

namespace winnow::text {

namespace {

constexpr Words<Family>::Entry kFamilyWords[] = {{Family::clip, "clip"},
                                                 {Family::siglip, "siglip"},
                                                 {Family::vit, "vit"},
                                                 {Family::vit_mae, "vit_mae"},
                                                 {Family::convnext, "convnext"},
                                                 {Family::resnet, "resnet"},
                                                 {Family::wide_resnet, "wide_resnet"}};
constexpr Words<Family> kFamilies("family", kFamilyWords);

// timm's names begin with the family: vit_base_patch16_224, vit_base_patch16_siglip_224,
// vit_base_patch16_clip_quickgelu_224.
Family timm_family(const std::string& architecture, const std::string& source) {
  bool vit = architecture.starts_with("vit_");
  if (vit && architecture.find("siglip") != std::string::npos) return Family::siglip;
  if (vit && architecture.find("_clip_") != std::string::npos) return Family::clip;
  if (vit) return Family::vit;
  if (architecture.starts_with("convnext_")) return Family::convnext;
  if (architecture.starts_with("resnet") || architecture.starts_with("wide_resnet")) return Family::resnet;
  throw DataError(fmt::format(
      "{}/config.json: architecture '{}' is not known; known: timm's vit_*, convnext_*, resnet*, wide_resnet*", source,
      architecture));
}

}  // namespace

Kind kind_of(const SnapshotFiles& snapshot) {
  const Value& config = snapshot.config;
  if (config.contains("architecture") && config["architecture"].is_string())
    return {timm_family(config["architecture"].get<std::string>(), snapshot.source), true};
  if (!config.contains("model_type") || !config["model_type"].is_string())
    throw DataError(fmt::format("{}/config.json: neither model_type (Hugging Face) nor architecture (timm) is there",
                                snapshot.source));
  std::string type = config["model_type"].get<std::string>();
  if (std::optional<Family> family = kFamilies.find(type)) return {*family, false};
  std::vector<std::string> known = kFamilies.all();
  throw DataError(fmt::format("{}/config.json: model_type '{}' is not known{}; known: {}", snapshot.source, type,
                              did_you_mean(type, known), fmt::join(known, ", ")));
}

const char* image_processor_of(Family family) {
  switch (family) {
    case Family::clip: return "CLIP";
    case Family::siglip: return "Siglip";
    case Family::vit:
    case Family::vit_mae: return "ViT";
    default: return "ConvNext";  // transformers has none of its own for ResNets
  }
}

std::string family_of(const SnapshotFiles& snapshot) { return std::string(kFamilies.name(kind_of(snapshot).family)); }

}  // namespace winnow::text

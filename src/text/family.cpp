#include "winnow/text/family.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>
#include <vector>

#include "winnow/core/error.h"

namespace winnow::text {

namespace {

constexpr std::pair<const char*, Family> kFamilies[] = {{"clip", Family::clip},       {"siglip", Family::siglip},
                                                        {"vit", Family::vit},         {"vit_mae", Family::vit_mae},
                                                        {"convnext", Family::convnext}, {"resnet", Family::resnet},
                                                        {"wide_resnet", Family::wide_resnet}};

// timm's names begin with the family: vit_base_patch16_224, vit_base_patch16_siglip_224, vit_base_patch16_clip_quickgelu_224.
Family timm_family(const std::string& architecture, const std::string& source) {
  bool vit = architecture.starts_with("vit_");
  if (vit && architecture.find("siglip") != std::string::npos) return Family::siglip;
  if (vit && architecture.find("_clip_") != std::string::npos) return Family::clip;
  if (vit) return Family::vit;
  if (architecture.starts_with("convnext_")) return Family::convnext;
  if (architecture.starts_with("resnet") || architecture.starts_with("wide_resnet")) return Family::resnet;
  throw DataError(fmt::format("{}/config.json: architecture '{}' is not known; known: timm's vit_*, convnext_*, resnet*, wide_resnet*", source,
                              architecture));
}

}  // namespace

Kind kind_of(const SnapshotFiles& snapshot) {
  const Value& config = snapshot.config;
  if (config.contains("architecture") && config["architecture"].is_string())
    return {timm_family(config["architecture"].get<std::string>(), snapshot.source), true};
  if (!config.contains("model_type") || !config["model_type"].is_string())
    throw DataError(fmt::format("{}/config.json: neither model_type (Hugging Face) nor architecture (timm) is there", snapshot.source));
  std::string type = config["model_type"].get<std::string>();
  std::vector<std::string> known;
  for (auto [name, family] : kFamilies) {
    if (type == name) return {family, false};
    known.emplace_back(name);
  }
  throw DataError(fmt::format("{}/config.json: model_type '{}' is not known{}; known: {}", snapshot.source, type, did_you_mean(type, known),
                              fmt::join(known, ", ")));
}

const char* image_processor_of(Family family) {
  switch (family) {
    case Family::clip: return "CLIP";
    case Family::siglip: return "Siglip";
    case Family::vit:
    case Family::vit_mae: return "ViT";
    default: return "ConvNext";                   // transformers has none of its own for ResNets
  }
}

std::string family_of(const SnapshotFiles& snapshot) {
  Family family = kind_of(snapshot).family;
  for (auto [name, own] : kFamilies)
    if (own == family) return name;
  throw InternalError("a family without a name");
}

}  // namespace winnow::text

#include "winnow/model/library_model.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "transformer.h"
#include "winnow/core/error.h"
#include "winnow/model/image_layout.h"
#include "winnow/model/normalise.h"
#include "winnow/model/snapshot_layout.h"
#include "winnow/model/text_tower.h"
#include "winnow/text/family.h"

namespace winnow::model {

namespace {

using text::Family;

bool has_any(const Snapshot& snapshot, const std::string& prefix) {
  auto found = snapshot.tensors.lower_bound(prefix);
  return found != snapshot.tensors.end() && found->first.starts_with(prefix);
}

void drop(Snapshot& snapshot, const std::string& prefix) {
  std::erase_if(snapshot.tensors, [&](const auto& entry) { return entry.first.starts_with(prefix); });
}

// What the libraries call things, by family.
struct Naming {
  std::string base;           // what transformers puts before the tower's names in a model with a classifier: "vit."
  std::string classifier;     // its layer
  std::string with, without;  // classes with a classifier and without
  std::string feature;
};

Naming naming_of(const Snapshot& snapshot, const text::Kind& kind, FeatureKind feature) {
  const std::string& architecture = kind.timm ? snapshot.config.at("architecture").get_ref<const std::string&>() : "";
  bool projected = feature == FeatureKind::embedding && !image_layout(snapshot).projection.empty();
  std::string pooled = "model.vision_model(pixel_values).pooler_output";
  switch (kind.family) {
    case Family::clip:
    case Family::siglip:
      if (kind.timm) return {"", "head", architecture, architecture, "model(pixel_values)"};
      if (feature == FeatureKind::first_token)
        return {"", "", "", "SiglipModel", "model.vision_model(pixel_values).last_hidden_state[:, 0]"};
      if (kind.family == Family::siglip) return {"", "", "", "SiglipModel", pooled};
      return {"", "", "", has_texts(snapshot) ? "CLIPModel" : "CLIPVisionModelWithProjection",
              projected ? fmt::format("model.visual_projection({})", pooled) : pooled};
    case Family::vit:
    case Family::vit_mae:  // whose encoder is a ViT
      if (kind.timm) return {"", "head", architecture, architecture, "model(pixel_values)"};
      return {"vit.", "classifier", "ViTForImageClassification", "ViTModel",
              "model(pixel_values).last_hidden_state[:, 0]"};
    case Family::convnext:
      if (kind.timm) return {"", "head.fc", architecture, architecture, "model(pixel_values)"};
      return {"convnext.", "classifier", "ConvNextForImageClassification", "ConvNextModel",
              "model(pixel_values).pooler_output"};
    case Family::resnet:
      if (kind.timm) return {"", "fc", architecture, architecture, "model(pixel_values)"};
      return {"resnet.", "classifier.1", "ResNetForImageClassification", "ResNetModel",
              "model(pixel_values).pooler_output.flatten(1)"};
    case Family::wide_resnet: break;
  }
  throw UsageError(
      fmt::format("{}: a wide_resnet is winnow's own network: neither transformers nor timm has it", snapshot.source));
}

// Networks that winnow reads and the libraries do not have.
void require_known(const Snapshot& snapshot, const text::Kind& kind) {
  if (kind.family == Family::clip && image_layout(snapshot).blocks == 0)
    throw UsageError(fmt::format(
        "{}: its image tower is CLIP's ModifiedResNet, which transformers does not have and timm has under other names",
        snapshot.source));
  if (kind.family == Family::resnet && !kind.timm && snapshot.config.value("width_per_group", 64) != 64)
    throw UsageError(fmt::format("{}: its bottlenecks are wider (width_per_group) than those of transformers' ResNet",
                                 snapshot.source));
}

void set(const std::map<std::string, at::Tensor>& trained, const Parameter& parameter, const std::string& source) {
  auto found = trained.find(parameter.name);
  if (found == trained.end())
    throw DataError(fmt::format("{} holds no trained '{}': it is of another adaptation", source, parameter.name));
  if (found->second.sizes() != parameter.value.sizes())
    throw DataError(fmt::format("{}: '{}' has the shape [{}], expected [{}]", source, parameter.name,
                                fmt::join(found->second.sizes(), ", "), fmt::join(parameter.value.sizes(), ", ")));
  at::Tensor(parameter.value).copy_(found->second);
}

// The adapted tower's weights as a snapshot has them.
std::map<std::string, at::Tensor> merged_tower(const Snapshot& backbone, const ClassifierOptions& options,
                                               const std::map<std::string, at::Tensor>& trained) {
  auto tower = image_tower(backbone, {options.dtype, feature_of(options), Precision::as_stated});
  std::size_t own = tower->weights().all().size();  // an adaptation's come behind
  adapt(*tower, options.adapt, options.adaptation);
  for (const Parameter& parameter : tower->weights().all())
    if (parameter.trainable || (parameter.averaged && trained.count(parameter.name)))
      set(trained, parameter, "the run file");
  if (Transformer* transformer = tower->transformer(); transformer && !transformer->merge_adaptations())
    throw UsageError(fmt::format(
        "adapt = {}: it adds layers or tokens that no weights of transformers' or timm's network can stand for",
        options.adapt));
  std::map<std::string, at::Tensor> values;
  for (std::size_t i = 0; i < own; ++i) {
    const Parameter& parameter = tower->weights().all()[i];
    values[parameter.name] = parameter.value.clone();
  }
  return snapshot_layout(values);
}

void name_classes(Value& config, const std::vector<std::string>& classes, bool timm) {
  if (timm) {
    config["num_classes"] = classes.size();
    config["label_names"] = classes;
    return;
  }
  config.erase("num_labels");
  Value names = Value::object(), numbers = Value::object();
  for (std::size_t c = 0; c < classes.size(); ++c) {
    names[std::to_string(c)] = classes[c];
    numbers[classes[c]] = c;
  }
  config["id2label"] = names;
  config["label2id"] = numbers;
}

}  // namespace

bool fits_library(const Snapshot& backbone, const ClassifierOptions& options) {
  text::Kind kind = kind_of(backbone);
  if (options.head != HeadKind::linear && options.head != HeadKind::l2normed) return false;
  if (options.siglip_as_clip) return false;
  return kind.timm || kind.family == Family::vit || kind.family == Family::vit_mae || kind.family == Family::convnext ||
         kind.family == Family::resnet;
}

LibraryModel library_model(const Snapshot& backbone, const ClassifierOptions& options,
                           const std::map<std::string, at::Tensor>& trained, const TrainedHead& head,
                           const std::vector<std::string>& classes) {
  at::NoGradGuard no_gradient;
  text::Kind kind = kind_of(backbone);
  Naming naming = naming_of(backbone, kind, feature_of(options));
  require_known(backbone, kind);
  LibraryModel result{backbone, kind.timm ? "timm" : "transformers", naming.without, naming.feature,
                      fits_library(backbone, options)};
  Snapshot& snapshot = result.snapshot;
  for (auto& [name, tensor] : snapshot.tensors)
    if (at::isFloatingType(tensor.scalar_type())) tensor = tensor.to(options.dtype);
  for (const auto& [name, value] : merged_tower(backbone, options, trained)) {
    auto own = snapshot.tensors.find(name);
    if (own == snapshot.tensors.end() || own->second.sizes() != value.sizes())
      throw InternalError(fmt::format("the tower's '{}' has no place in its snapshot", name));
    own->second = value;
  }
  Value& config = snapshot.config;
  if (kind.family == Family::vit_mae && !kind.timm) {
    config["model_type"] = "vit";
    drop(snapshot, "decoder.");
  }
  if (kind.timm || kind.family == Family::vit || kind.family == Family::vit_mae || kind.family == Family::convnext ||
      kind.family == Family::resnet) {
    drop(snapshot, naming.classifier + ".");  // the checkpoint's own classes
    if (kind.timm) config["num_classes"] = 0;
  }
  if (result.classifies) {
    result.loader = naming.with;
    at::Tensor weight = head.weight.to(options.dtype);
    at::Tensor bias = head.bias.defined() ? head.bias.to(options.dtype) : at::zeros({weight.size(0)}, weight.options());
    if (options.head == HeadKind::l2normed) weight = normalise_rows(weight);
    if (!naming.base.empty() && !has_any(snapshot, naming.base)) {
      std::map<std::string, at::Tensor> below;
      for (auto& [name, tensor] : snapshot.tensors) below[naming.base + name] = tensor;
      snapshot.tensors = std::move(below);
    }
    drop(snapshot, "vit.pooler.");  // a classifier stands on the class token
    drop(snapshot, "vit.embeddings.mask_token");
    snapshot.tensors[naming.classifier + ".weight"] = weight;
    snapshot.tensors[naming.classifier + ".bias"] = bias;
    name_classes(config, classes, kind.timm);
  }
  if (!kind.timm) {
    config["architectures"] = {result.loader};
    config["dtype"] = options.dtype == at::kDouble ? "float64" : "float32";
    config.erase("torch_dtype");
    config["torch_dtype"] = config["dtype"];  // its name before transformers 4.56
  }
  return result;
}

}  // namespace winnow::model

#include "winnow/text/open_clip_config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "winnow/core/error.h"
#include "winnow/core/json_text.h"
#include "winnow/text/torchvision_config.h"

namespace winnow::text {

namespace {

class Table {
 public:
  // A key beyond `known` counts as off where it is null or false: open_clip writes such defaults out.
  Table(const Value& parent, const std::string& parent_name, const char* key, const std::vector<std::string>& known)
      : name_(parent_name + key) {
    if (!parent.is_object() || !parent.contains(key) || !parent[key].is_object())
      throw DataError(fmt::format("{} is missing or not a table", name_));
    table_ = &parent[key];
    for (const auto& [found, value] : table_->items()) {
      bool off = value.is_null() || value == Value(false);
      if (!off && std::find(known.begin(), known.end(), found) == known.end())
        throw DataError(fmt::format("{}.{}: a setting that winnow's CLIP does not have{}; known: {}", name_, found,
                                    did_you_mean(found, known), fmt::join(known, ", ")));
    }
  }

  const Value& value() const { return *table_; }
  const std::string& name() const { return name_; }
  bool has(const char* key) const { return table_->contains(key) && !(*table_)[key].is_null(); }

  std::int64_t size(const char* key) const {
    if (!has(key)) throw DataError(fmt::format("{}.{} is missing", name_, key));
    return size_of((*table_)[key], key);
  }
  std::int64_t size(const char* key, std::int64_t fallback) const { return has(key) ? size(key) : fallback; }

  std::vector<std::int64_t> sizes(const char* key) const {
    std::vector<std::int64_t> result;
    for (const Value& value : (*table_)[key]) result.push_back(size_of(value, key));
    return result;
  }

  bool flag(const char* key) const {
    if (!has(key)) return false;
    if (!(*table_)[key].is_boolean()) throw wrong(key, "true or false");
    return (*table_)[key].get<bool>();
  }

  // Width of the MLP: Python's int(width * mlp_ratio).
  std::int64_t mlp_width(std::int64_t width) const {
    if (!has("mlp_ratio")) return 4 * width;
    const Value& ratio = (*table_)["mlp_ratio"];
    if (!ratio.is_number() || !(ratio.get<double>() * static_cast<double>(width) >= 1))
      throw wrong("mlp_ratio", "a positive number");
    return static_cast<std::int64_t>(static_cast<double>(width) * ratio.get<double>());
  }

  DataError wrong(const char* key, const char* wanted) const {
    return DataError(fmt::format("{}.{}: expected {}, got {}", name_, key, wanted, brief((*table_)[key])));
  }

 private:
  std::int64_t size_of(const Value& value, const char* key) const {
    if (!value.is_number_integer() || value.get<std::int64_t>() < 1) throw wrong(key, "an integer of at least 1");
    return value.get<std::int64_t>();
  }

  const Value* table_;
  std::string name_;
};

void require_multiple(const Table& table, const char* what, std::int64_t whole, const char* key, std::int64_t part) {
  if (whole % part != 0)
    throw DataError(fmt::format("{}: {} {} is no multiple of {} {}", table.name(), what, whole, key, part));
}

}  // namespace

OpenClipConfig OpenClipConfig::from(const Value& config, const std::string& source) {
  Table model(config, source + "/open_clip_config.json: ", "model_cfg",
              {"embed_dim", "vision_cfg", "text_cfg", "quick_gelu"});
  Table image(model.value(), model.name() + ".", "vision_cfg",
              {"layers", "width", "head_width", "mlp_ratio", "patch_size", "image_size"});
  Table text(model.value(), model.name() + ".", "text_cfg",
             {"context_length", "vocab_size", "width", "heads", "layers", "mlp_ratio"});
  OpenClipConfig c;
  c.joint = model.size("embed_dim");
  c.quick_gelu = model.flag("quick_gelu");
  c.image_size = image.size("image_size", 224);
  bool resnet = image.has("layers") && image.value()["layers"].is_array();
  c.image.width = image.size("width", resnet ? 64 : 768);
  std::int64_t head = image.size("head_width", 64);
  if (resnet) {
    c.stages = image.sizes("layers");
    if (c.stages.size() != 4) throw image.wrong("layers", "a number of blocks, or four of a ResNet's stages");
    require_multiple(image, "32 times width", 32 * c.image.width, "head_width", head);
    require_multiple(image, "image_size", c.image_size, "the stride", 32);
    c.image.heads = 32 * c.image.width / head;
  } else {
    c.image.blocks = image.size("layers", 12);
    c.patch = image.size("patch_size", 16);
    require_multiple(image, "width", c.image.width, "head_width", head);
    require_multiple(image, "image_size", c.image_size, "patch_size", c.patch);
    c.image.heads = c.image.width / head;
    c.image.hidden = image.mlp_width(c.image.width);
  }
  c.text.width = text.size("width", 512);
  c.text.blocks = text.size("layers", 12);
  c.text.heads = text.size("heads", 8);
  c.text.hidden = text.mlp_width(c.text.width);
  c.context = text.size("context_length", 77);
  c.vocabulary = text.size("vocab_size", 49408);
  require_multiple(text, "width", c.text.width, "heads", c.text.heads);
  return c;
}

Value OpenClipConfig::hugging_face() const {
  const char* act = quick_gelu ? "quick_gelu" : "gelu";
  auto encoder = [&](const Encoder& e, const char* type) -> Value {
    return {{"model_type", type},
            {"hidden_size", e.width},
            {"intermediate_size", e.hidden},
            {"num_hidden_layers", e.blocks},
            {"hidden_act", act},
            {"num_attention_heads", e.heads},
            {"projection_dim", joint},
            {"layer_norm_eps", 1e-5}};
  };
  Value vision = encoder(image, "clip_vision_model"), words = encoder(text, "clip_text_model");
  if (!stages.empty())
    vision = {{"model_type", "modified_resnet"},
              {"layers", stages},
              {"width", image.width},
              {"num_attention_heads", image.heads}};
  else vision["patch_size"] = patch;
  vision["image_size"] = image_size;
  vision["num_channels"] = 3;
  words["max_position_embeddings"] = context;
  words["vocab_size"] = vocabulary;
  words["eos_token_id"] = 2;  // Hugging Face's sign for open_clip's pooling: at the largest id
  return {{"architectures", {"CLIPModel"}},
          {"model_type", "clip"},
          {"projection_dim", joint},
          {"vision_config", vision},
          {"text_config", words}};
}

std::string open_clip_preprocessor(const Value& config, std::int64_t image_size, const std::string& source) {
  std::string file = source + "/open_clip_config.json: preprocess_cfg";
  Value given = config.value("preprocess_cfg", Value::object());
  if (!given.is_object()) throw DataError(fmt::format("{} is not a table", file));
  Value size = given.value("size", Value(image_size));
  if (size.is_array() && size.size() == 2 && size[0] == size[1]) size = Value(size[0]);
  if (!size.is_number_integer() || size.get<std::int64_t>() < 1)
    throw DataError(fmt::format("{}.size: expected the side of a square, got {}", file, size.dump()));
  TorchvisionConfig result;
  result.side = size.get<std::int64_t>();
  result.squash = word_of(given, "resize_mode", "shortest", {"shortest", "squash"}, file) == "squash";
  result.filter = word_of(given, "interpolation", "bicubic", {"bicubic", "bilinear"}, file);
  // open_clip's OPENAI_DATASET_MEAN and OPENAI_DATASET_STD.
  result.mean = given.value("mean", Value({0.48145466, 0.4578275, 0.40821073}));
  result.deviation = given.value("std", Value({0.26862954, 0.26130258, 0.27577711}));
  return preprocessor_of(result);
}

}  // namespace winnow::text

#include "clip_config.h"

#include <fmt/format.h>

#include "winnow/core/error.h"

namespace winnow::model {

namespace {

class Table {
 public:
  Table(const Value& table, std::string name) : table_(table), name_(std::move(name)) {
    if (!table_.is_object()) throw DataError(fmt::format("{} is not a table", name_));
  }

  std::int64_t size(const char* key, std::int64_t fallback) const {
    auto found = table_.find(key);
    if (found == table_.end() || found->is_null()) return fallback;
    if (!found->is_number_integer() || found->get<std::int64_t>() < 1)
      throw DataError(fmt::format("{}.{}: expected an integer of at least 1, got {}", name_, key, found->dump()));
    return found->get<std::int64_t>();
  }

  double real(const char* key, double fallback) const {
    auto found = table_.find(key);
    if (found == table_.end() || found->is_null()) return fallback;
    if (!found->is_number()) throw DataError(fmt::format("{}.{}: expected a number, got {}", name_, key, found->dump()));
    return found->get<double>();
  }

  // vision_config as from_open_clip writes it: Hugging Face has no such tower.
  std::optional<ModifiedResNetConfig> modified_resnet(std::int64_t joint) const {
    if (table_.value("model_type", "") != "modified_resnet") return std::nullopt;
    ModifiedResNetConfig config;
    auto stages = table_.find("layers");
    if (stages == table_.end() || !stages->is_array() || stages->size() != config.stages.size())
      throw DataError(fmt::format("{}.layers: expected the numbers of blocks of {} stages", name_, config.stages.size()));
    for (std::size_t i = 0; i < config.stages.size(); ++i) {
      if (!(*stages)[i].is_number_integer() || (*stages)[i] < 1)
        throw DataError(fmt::format("{}.layers: expected integers of at least 1, got {}", name_, stages->dump()));
      config.stages[i] = (*stages)[i].get<std::int64_t>();
    }
    config.width = size("width", 64);
    config.heads = size("num_attention_heads", 32);
    config.image_size = size("image_size", 224);
    config.joint = joint;
    if (config.embedding() % config.heads != 0)
      throw DataError(fmt::format("{}: 32 times width {} is no multiple of num_attention_heads {}", name_, config.width, config.heads));
    if (config.image_size % 32 != 0) throw DataError(fmt::format("{}: image_size {} is no multiple of 32", name_, config.image_size));
    return config;
  }

  TransformerConfig transformer(std::int64_t width, std::int64_t hidden, std::int64_t heads) const {
    TransformerConfig config;
    config.width = size("hidden_size", width);
    config.hidden = size("intermediate_size", hidden);
    config.blocks = size("num_hidden_layers", 12);
    config.heads = size("num_attention_heads", heads);
    config.epsilon = real("layer_norm_eps", 1e-5);
    std::string act = table_.value("hidden_act", "quick_gelu");
    if (act != "quick_gelu" && act != "gelu")
      throw DataError(fmt::format("{}.hidden_act: '{}' is not known; known: quick_gelu, gelu", name_, act));
    config.quick_gelu = act == "quick_gelu";
    if (config.width % config.heads != 0)
      throw DataError(fmt::format("{}: hidden_size {} is no multiple of num_attention_heads {}", name_, config.width, config.heads));
    return config;
  }

 private:
  const Value& table_;
  std::string name_;
};

}  // namespace

ClipConfig ClipConfig::from(const Value& config, const std::string& source) {
  std::string file = source + "/config.json";
  Table all(config, file);
  if (std::string type = config.value("model_type", "clip"); type != "clip")
    throw DataError(fmt::format("{}: model_type '{}' where a clip is expected", file, type));
  const Value none = Value::object();
  Table image(config.contains("vision_config") ? config["vision_config"] : none, file + ": vision_config");
  Table text(config.contains("text_config") ? config["text_config"] : none, file + ": text_config");
  ClipConfig result;
  result.text = text.transformer(512, 2048, 8);
  result.text.causal = true;
  result.joint = all.size("projection_dim", 512);
  result.resnet = image.modified_resnet(result.joint);
  if (!result.resnet) result.image = image.transformer(768, 3072, 12);
  result.image_size = image.size("image_size", 224);
  result.patch = image.size("patch_size", 32);
  result.channels = image.size("num_channels", 3);
  result.vocabulary = text.size("vocab_size", 49408);
  result.context = text.size("max_position_embeddings", 77);
  std::int64_t end = text.size("eos_token_id", 49407);
  if (end != 2) result.end_token = end;
  if (!result.resnet && result.image_size % result.patch != 0)
    throw DataError(fmt::format("{}: vision_config.image_size {} is no multiple of patch_size {}", file, result.image_size, result.patch));
  return result;
}

}  // namespace winnow::model

#include "winnow/text/read_files.h"

#include <fmt/format.h>

#include <algorithm>

#include "winnow/core/byte_order_mark.h"
#include "winnow/core/error.h"
#include "winnow/core/file_state.h"
#include "winnow/core/json_text.h"
#include "winnow/text/open_clip_config.h"
#include "winnow/text/torchvision_config.h"

namespace winnow::text {

namespace {

bool is_timm(const Value& config) { return config.is_object() && config.contains("architecture"); }

// timm's config.json says what Hugging Face keeps in preprocessor_config.json (timm/data: resolve_data_config,
// transforms_imagenet_eval).
void add_timm_preprocessor(SnapshotFiles& snapshot) {
  std::string where = snapshot.source + "/config.json: pretrained_cfg";
  Value given = snapshot.config.value("pretrained_cfg", Value::object()), half = {0.5, 0.5, 0.5};
  if (!given.is_object()) throw DataError(fmt::format("{} is not a table", where));
  std::erase_if(given.get_ref<Value::object_t&>(), [](const auto& entry) { return entry.second.is_null(); });
  Value size = given.value("input_size", Value({3, 224, 224}));
  if (!size.is_array() || size.size() != 3 || !size[1].is_number_integer() || size[1] != size[2] || size[1] < 1)
    throw DataError(fmt::format("{}.input_size: expected [3, R, R], got {}", where, brief(size)));
  Value share = given.value("crop_pct", Value(0.875));
  if (!share.is_number() || !(share > 0 && share <= 1))
    throw DataError(fmt::format("{}.crop_pct: expected a number in (0, 1], got {}", where, brief(share)));
  TorchvisionConfig result;
  result.side = size[1].get<std::int64_t>();
  result.crop_pct = share.get<double>();
  result.squash = word_of(given, "crop_mode", "center", {"center", "squash"}, where) == "squash";
  result.filter = word_of(given, "interpolation", "bicubic", pillow_filters(), where);
  result.mean = given.value("mean", half);
  result.deviation = given.value("std", half);
  snapshot.files["preprocessor_config.json"] = preprocessor_of(result);
  snapshot.preprocessor = "config.json: pretrained_cfg";
}

// transformers 5 keeps the image processor as a table of processor_config.json; where it is there, it counts.
void add_nested_preprocessor(const Path& folder, SnapshotFiles& snapshot) {
  if (!is_there(folder / "processor_config.json")) return;
  Value json = read_json(folder / "processor_config.json");
  if (!json.is_object() || !json.contains("image_processor")) return;
  snapshot.files["preprocessor_config.json"] = json["image_processor"].dump(2) + "\n";
  snapshot.preprocessor = "processor_config.json: image_processor";
}

}  // namespace

std::string plain_text(std::string_view bytes, const std::string& where) {
  bytes = without_byte_order_mark(bytes, where);
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] == '\r' && i + 1 < bytes.size() && bytes[i + 1] == '\n') continue;
    text += bytes[i] == '\r' ? '\n' : bytes[i];
  }
  return text;
}

bool is_open_clip(const Path& folder) {
  if (!is_there(folder / "open_clip_config.json")) return false;
  if (!is_there(folder / "config.json")) return true;
  return is_there(folder / "open_clip_model.safetensors") && is_timm(read_json(folder / "config.json"));
}

SnapshotFiles read_stored_files(const Path& folder) {
  SnapshotFiles snapshot;
  snapshot.source = folder.string();
  bool open_clip = is_open_clip(folder);
  const char* config = open_clip ? "open_clip_config.json" : "config.json";
  if (!is_there(folder / config)) throw DataError(fmt::format("{}: {} is missing", folder.string(), config));
  snapshot.config = read_json(folder / config);
  if (!snapshot.config.is_object()) throw DataError(fmt::format("{} is not a table", (folder / config).string()));
  for (const char* name :
       {"vocab.json", "merges.txt", "tokenizer.json", "tokenizer_config.json", "preprocessor_config.json"})
    if (is_there(folder / name)) snapshot.files[name] = plain_text(read_file(folder / name), (folder / name).string());
  add_nested_preprocessor(folder, snapshot);
  if (!open_clip && is_timm(snapshot.config) && !snapshot.files.count("preprocessor_config.json"))
    add_timm_preprocessor(snapshot);
  return snapshot;
}

SnapshotFiles from_open_clip(SnapshotFiles stored) {
  OpenClipConfig config = OpenClipConfig::from(stored.config, stored.source);
  if (!stored.files.count("preprocessor_config.json")) {
    stored.files["preprocessor_config.json"] = open_clip_preprocessor(stored.config, config.image_size, stored.source);
    stored.preprocessor = "open_clip_config.json: preprocess_cfg";
  }
  stored.config = config.hugging_face();
  return stored;
}

SnapshotFiles read_snapshot_files(const Path& folder) {
  SnapshotFiles stored = read_stored_files(folder);
  return is_open_clip(folder) ? from_open_clip(std::move(stored)) : stored;
}

}  // namespace winnow::text

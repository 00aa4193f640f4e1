#include "winnow/model/snapshot.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "open_clip.h"
#include "winnow/text/torchvision_config.h"
#include "winnow/core/error.h"
#include "winnow/core/safetensors.h"

namespace winnow::model {

namespace {

constexpr std::pair<const char*, at::ScalarType> kTypes[] = {
    {"F64", at::kDouble}, {"F32", at::kFloat}, {"F16", at::kHalf}, {"BF16", at::kBFloat16}, {"I64", at::kLong},
    {"I32", at::kInt},    {"I16", at::kShort}, {"I8", at::kChar},  {"U8", at::kByte},       {"BOOL", at::kBool},
};

Value read_json(const Path& path) {
  Value json = Value::parse(read_file(path), nullptr, false);
  if (json.is_discarded()) throw DataError(fmt::format("{} is not JSON", path.string()));
  return json;
}

void add_tensors(const Path& path, Snapshot& snapshot) {
  SafeTensors file(path);
  for (const auto& [name, tensor] : file.tensors()) {
    auto keep = file.mapping();
    at::Tensor view = at::from_blob(const_cast<std::byte*>(tensor.bytes.data()), tensor.shape, [keep](void*) {},
                                    at::TensorOptions(scalar_type(tensor.dtype)));
    if (!snapshot.tensors.emplace(name, view).second)
      throw DataError(fmt::format("{}: tensor '{}' is in another shard, too", path.string(), name));
  }
}

void add_companions(const Path& folder, Snapshot& snapshot) {
  for (const char* name : {"vocab.json", "merges.txt", "tokenizer.json", "tokenizer_config.json", "preprocessor_config.json"})
    if (std::filesystem::exists(folder / name)) snapshot.files[name] = read_file(folder / name);
}

DataError weights_missing(const Path& folder, const char* name, bool pickles) {
  return DataError(fmt::format("{}: {} is missing{}", folder.string(), name,
                               pickles ? "; pickles are never read: convert once in Python with safetensors.torch.save_file" : ""));
}

// timm's config.json says what Hugging Face keeps in preprocessor_config.json (timm/data: resolve_data_config, transforms_imagenet_eval).
void add_timm_preprocessor(Snapshot& snapshot) {
  if (!snapshot.config.contains("architecture") || snapshot.files.count("preprocessor_config.json")) return;
  std::string where = snapshot.source + "/config.json: pretrained_cfg";
  Value given = snapshot.config.value("pretrained_cfg", Value::object()), half = {0.5, 0.5, 0.5};
  if (!given.is_object()) throw DataError(fmt::format("{} is not a table", where));
  std::erase_if(given.get_ref<Value::object_t&>(), [](const auto& entry) { return entry.second.is_null(); });
  Value size = given.value("input_size", Value({3, 224, 224}));
  if (!size.is_array() || size.size() != 3 || !size[1].is_number_integer() || size[1] != size[2] || size[1] < 1)
    throw DataError(fmt::format("{}.input_size: expected [3, R, R], got {}", where, size.dump()));
  Value share = given.value("crop_pct", Value(0.875));
  if (!share.is_number() || !(share > 0 && share <= 1)) throw DataError(fmt::format("{}.crop_pct: expected a number in (0, 1], got {}", where, share.dump()));
  text::TorchvisionConfig result;
  result.side = size[1].get<std::int64_t>();
  result.crop_pct = share.get<double>();
  result.squash = text::word_of(given, "crop_mode", "center", {"center", "squash"}, where) == "squash";
  result.filter = text::word_of(given, "interpolation", "bicubic", text::pillow_filters(), where);
  result.mean = given.value("mean", half);
  result.deviation = given.value("std", half);
  snapshot.files["preprocessor_config.json"] = text::preprocessor_of(result);
}

Snapshot read_open_clip(const Path& folder) {
  namespace fs = std::filesystem;
  Snapshot snapshot;
  snapshot.source = folder.string();
  snapshot.config = read_json(folder / "open_clip_config.json");
  if (!fs::exists(folder / "open_clip_model.safetensors"))
    throw weights_missing(folder, "open_clip_model.safetensors", fs::exists(folder / "open_clip_pytorch_model.bin"));
  add_tensors(folder / "open_clip_model.safetensors", snapshot);
  add_companions(folder, snapshot);
  return from_open_clip(snapshot);
}

}  // namespace

std::string safetensors_dtype(at::ScalarType type) {
  for (auto [name, candidate] : kTypes)
    if (candidate == type) return name;
  throw InternalError(fmt::format("no safetensors dtype for {}", at::toString(type)));
}

at::ScalarType scalar_type(const std::string& dtype) {
  for (auto [name, type] : kTypes)
    if (dtype == name) return type;
  throw DataError(fmt::format("tensors of dtype {} cannot be read here", dtype));
}

Snapshot read_snapshot(const Path& folder) {
  namespace fs = std::filesystem;
  if (!fs::is_directory(folder)) throw DataError(fmt::format("{}: no such folder; expected a Hugging Face snapshot", folder.string()));
  // timm's folders of CLIP models hold both forms: timm's image tower alone, and open_clip's pair.
  bool open_clip = fs::exists(folder / "open_clip_config.json");
  if (open_clip && (!fs::exists(folder / "config.json") || (fs::exists(folder / "open_clip_model.safetensors") &&
                                                            read_json(folder / "config.json").contains("architecture"))))
    return read_open_clip(folder);
  Snapshot snapshot;
  snapshot.source = folder.string();
  if (!fs::exists(folder / "config.json")) throw DataError(fmt::format("{}: config.json is missing", folder.string()));
  snapshot.config = read_json(folder / "config.json");
  if (fs::exists(folder / "model.safetensors")) {
    add_tensors(folder / "model.safetensors", snapshot);
  } else if (Path index = folder / "model.safetensors.index.json"; fs::exists(index)) {
    Value json = read_json(index);
    std::set<std::string> shards;
    if (!json.contains("weight_map") || !json["weight_map"].is_object())
      throw DataError(fmt::format("{} has no table weight_map", index.string()));
    for (const auto& [name, shard] : json["weight_map"].items()) {
      if (!shard.is_string()) throw DataError(fmt::format("{}: weight_map: {} is no file name", index.string(), name));
      shards.insert(shard.get<std::string>());
    }
    for (const std::string& shard : shards) add_tensors(folder / shard, snapshot);
    for (const auto& [name, shard] : json["weight_map"].items())
      if (!snapshot.tensors.count(name)) throw DataError(fmt::format("{}: tensor '{}' is in no shard", index.string(), name));
  } else {
    throw weights_missing(folder, "model.safetensors",
                          fs::exists(folder / "pytorch_model.bin") || fs::exists(folder / "model.bin"));
  }
  add_companions(folder, snapshot);
  add_timm_preprocessor(snapshot);
  return snapshot;
}

void write_snapshot(const Path& folder, const Snapshot& snapshot) {
  make_folders(folder);
  std::map<std::string, at::Tensor> host;
  std::map<std::string, SafeTensor> tensors;
  for (const auto& [name, tensor] : snapshot.tensors) {
    at::Tensor own = host[name] = tensor.detach().cpu().contiguous();
    tensors[name] = {safetensors_dtype(own.scalar_type()), own.sizes().vec(),
                     {static_cast<const std::byte*>(own.const_data_ptr()), own.nbytes()}};
  }
  Path part = temporary_beside(folder / "model.safetensors");
  write_safetensors(part, tensors, {{"format", "pt"}});
  std::filesystem::rename(part, folder / "model.safetensors");
  write_file_atomically(folder / "config.json", snapshot.config.dump(2) + "\n");
  for (const auto& [name, content] : snapshot.files) write_file_atomically(folder / name, content);
}

const at::Tensor& TensorReader::stored(const std::string& name, at::IntArrayRef shape) {
  auto found = snapshot_.tensors.find(name);
  if (found == snapshot_.tensors.end()) {
    std::vector<std::string> known;
    for (const auto& [other, tensor] : snapshot_.tensors) known.push_back(other);
    throw DataError(fmt::format("{}: tensor '{}' is missing{}", snapshot_.source, name, did_you_mean(name, known)));
  }
  if (found->second.sizes() != shape)
    throw DataError(fmt::format("{}: tensor '{}' has shape [{}], the configuration wants [{}]", snapshot_.source, name,
                                fmt::join(found->second.sizes(), ", "), fmt::join(shape, ", ")));
  taken_.insert(name);
  return found->second;
}

at::Tensor TensorReader::take(const std::string& name, at::IntArrayRef shape) {
  if (snapshot_.sizes_only) {
    taken_.insert(name);
    return at::empty(shape, at::TensorOptions(dtype_).device(at::kMeta));
  }
  return stored(name, shape).to(dtype_, /*non_blocking=*/false, /*copy=*/true);
}

void TensorReader::expect_all_taken(const std::vector<std::string>& prefixes) const {
  std::vector<std::string> left;
  for (const auto& [name, tensor] : snapshot_.tensors) {
    bool below = std::any_of(prefixes.begin(), prefixes.end(), [&](const std::string& prefix) { return name.starts_with(prefix); });
    if (below && !taken_.count(name)) left.push_back(name);
  }
  if (left.empty()) return;
  std::size_t shown = std::min<std::size_t>(left.size(), 5);
  throw DataError(fmt::format("{}: {} tensors that this architecture does not have: {}{}", snapshot_.source, left.size(),
                              fmt::join(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(shown), ", "),
                              shown < left.size() ? ", ..." : ""));
}

}  // namespace winnow::model

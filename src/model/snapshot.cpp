#include "winnow/model/snapshot.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "open_clip.h"
#include "winnow/core/error.h"
#include "winnow/core/file_state.h"
#include "winnow/core/safetensors.h"
#include "winnow/core/safetensors_index.h"
#include "winnow/text/read_files.h"

namespace winnow::model {

namespace {

constexpr std::pair<const char*, at::ScalarType> kTypes[] = {
    {"F64", at::kDouble}, {"F32", at::kFloat}, {"F16", at::kHalf}, {"BF16", at::kBFloat16}, {"I64", at::kLong},
    {"I32", at::kInt},    {"I16", at::kShort}, {"I8", at::kChar},  {"U8", at::kByte},       {"BOOL", at::kBool},
};

void add_tensors(const Path& path, Snapshot& snapshot) {
  SafeTensors file(path);
  for (const auto& [name, tensor] : file.tensors()) {
    auto keep = file.mapping();
    if (std::find_if(std::begin(kTypes), std::end(kTypes),
                     [&](const auto& known) { return tensor.dtype == known.first; }) == std::end(kTypes)) {
      snapshot.unreadable[name] = tensor.dtype;
      continue;
    }
    at::Tensor view = at::from_blob(
        const_cast<std::byte*>(tensor.bytes.data()), tensor.shape, [keep](void*) {},
        at::TensorOptions(scalar_type(tensor.dtype)));
    if (!snapshot.tensors.emplace(name, view).second)
      throw DataError(fmt::format("{}: tensor '{}' is in another shard, too", path.string(), name));
  }
}

DataError weights_missing(const Path& folder, const char* name, bool pickles) {
  return DataError(
      fmt::format("{}: {} is missing{}", folder.string(), name,
                  pickles ? "; pickles are never read: convert once in Python with safetensors.torch.save_file" : ""));
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
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored))
    throw DataError(fmt::format("{}: no such folder; expected a Hugging Face snapshot", folder.string()));
  bool open_clip = text::is_open_clip(folder);
  Snapshot snapshot;
  static_cast<text::SnapshotFiles&>(snapshot) = text::read_stored_files(folder);
  const char* whole = open_clip ? "open_clip_model.safetensors" : "model.safetensors";
  if (is_there(folder / whole)) {
    add_tensors(folder / whole, snapshot);
  } else if (Path index = folder / "model.safetensors.index.json"; !open_clip && is_there(index)) {
    SafeTensorsIndex shards = SafeTensorsIndex::read(index);
    for (const std::string& shard : shards.shards) add_tensors(folder / shard, snapshot);
    for (const auto& [name, shard] : shards.file_of)
      if (!snapshot.tensors.count(name) && !snapshot.unreadable.count(name))
        throw DataError(fmt::format("{}: tensor '{}' is in no shard", index.string(), name));
  } else {
    const char* pickles[] = {"pytorch_model.bin", "model.bin", "open_clip_pytorch_model.bin"};
    throw weights_missing(folder, whole, std::any_of(std::begin(pickles), std::end(pickles), [&](const char* name) {
                            return is_there(folder / name);
                          }));
  }
  return open_clip ? from_open_clip(snapshot) : snapshot;
}

void write_snapshot(const Path& folder, const Snapshot& snapshot) {
  make_folders(folder);
  std::map<std::string, at::Tensor> host;
  std::map<std::string, SafeTensor> tensors;
  for (const auto& [name, tensor] : snapshot.tensors) {
    at::Tensor own = host[name] = tensor.detach().cpu().contiguous();
    tensors[name] = {safetensors_dtype(own.scalar_type()),
                     own.sizes().vec(),
                     {static_cast<const std::byte*>(own.const_data_ptr()), own.nbytes()}};
  }
  write_atomically(folder / "model.safetensors", [&](const Path& part) {
    write_safetensors(part, tensors, {{"format", "pt"}});
  });
  write_file_atomically(folder / "config.json", snapshot.config.dump(2) + "\n");
  for (const auto& [name, content] : snapshot.files) write_file_atomically(folder / name, content);
}

std::int64_t TensorReader::rows(const std::string& name) const {
  auto found = snapshot_.tensors.find(name);
  return found == snapshot_.tensors.end() || found->second.dim() == 0 ? 0 : found->second.size(0);
}

const at::Tensor& TensorReader::stored(const std::string& name, at::IntArrayRef shape) {
  auto found = snapshot_.tensors.find(name);
  if (auto other = snapshot_.unreadable.find(name); other != snapshot_.unreadable.end())
    throw DataError(
        fmt::format("{}: tensor '{}' is stored as {}, which is not supported; weights may be F64, F32, F16, BF16",
                    snapshot_.source, name, other->second));
  if (found == snapshot_.tensors.end()) {
    std::vector<std::string> known;
    for (const auto& [other, tensor] : snapshot_.tensors) known.push_back(other);
    throw DataError(fmt::format("{}: tensor '{}' is missing{}", snapshot_.source, name, did_you_mean(name, known)));
  }
  if (found->second.sizes() != shape)
    throw DataError(fmt::format("{}: tensor '{}' has shape [{}], the configuration wants [{}]", snapshot_.source, name,
                                fmt::join(found->second.sizes(), ", "), fmt::join(shape, ", ")));
  if (!at::isFloatingType(found->second.scalar_type()))
    throw DataError(fmt::format(
        "{}: tensor '{}' is stored as {}, as quantised weights are: not supported; weights may be F64, F32, F16, BF16",
        snapshot_.source, name, safetensors_dtype(found->second.scalar_type())));
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
    bool below = std::any_of(prefixes.begin(), prefixes.end(),
                             [&](const std::string& prefix) { return name.starts_with(prefix); });
    if (below && !taken_.count(name)) left.push_back(name);
  }
  if (left.empty()) return;
  std::size_t shown = std::min<std::size_t>(left.size(), 5);
  throw DataError(fmt::format("{}: {} tensors that this architecture does not have: {}{}", snapshot_.source,
                              left.size(),
                              fmt::join(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(shown), ", "),
                              shown < left.size() ? ", ..." : ""));
}

}  // namespace winnow::model

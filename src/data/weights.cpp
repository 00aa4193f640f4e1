#include "winnow/data/weights.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "winnow/core/error.h"
#include "winnow/core/file_state.h"
#include "winnow/core/hash.h"
#include "winnow/core/json_text.h"
#include "winnow/core/safetensors.h"
#include "winnow/core/safetensors_index.h"

namespace winnow::data {

namespace {

// What of a snapshot decides results. Other files (README, pickles) are not looked at.
constexpr const char* kTexts[] = {"config.json",
                                  "open_clip_config.json",
                                  "vocab.json",
                                  "merges.txt",
                                  "tokenizer.json",
                                  "tokenizer_config.json",
                                  "preprocessor_config.json",
                                  "model.safetensors.index.json"};

Path record_path(const std::string& name) { return cache_folder() / "weights" / (name + ".json"); }

std::pair<std::int64_t, std::int64_t> size_and_time(const Path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return {-1, -1};
  return {info.st_size, info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec};
}

// Hugging Face keeps snapshots as models--ORG--NAME/snapshots/REVISION; a person may name any folder above.
bool holds_configuration(const Path& folder) {
  return is_there(folder / "config.json") || is_there(folder / "open_clip_config.json");
}

// What of a folder is there, by name. DataError for one that may not be read.
std::vector<Path> entries_of(const Path& folder) {
  std::vector<Path> entries;
  std::error_code code;
  for (std::filesystem::directory_iterator entry(folder, code), end; !code && entry != end; entry.increment(code))
    entries.push_back(entry->path());
  if (code) throw DataError(fmt::format("{}: {}", folder.string(), code.message()));
  std::sort(entries.begin(), entries.end());
  return entries;
}

Path find_folder(const WeightsSource& source, const std::optional<Path>& given) {
  std::vector<Path> candidates = given ? std::vector<Path>{*given} : weights_folders(source.name);
  if (!given) candidates.insert(candidates.end(), source.roots.begin(), source.roots.end());
  for (const Path& candidate : candidates) {
    if (!is_there(candidate)) continue;
    if (holds_configuration(candidate)) return std::filesystem::absolute(candidate);
    std::vector<Path> revisions;
    if (is_there(candidate / "snapshots"))
      for (const Path& entry : entries_of(candidate / "snapshots"))
        if (holds_configuration(entry)) revisions.push_back(entry);
    if (revisions.size() == 1) return std::filesystem::absolute(revisions[0]);
    if (revisions.size() > 1)
      throw DataError(fmt::format("{} holds {} revisions: name one with --root", (candidate / "snapshots").string(),
                                  revisions.size()));
  }
  std::vector<std::string> looked;
  for (const Path& candidate : candidates) looked.push_back(candidate.string());
  throw DataError(fmt::format("weights of {}: no config.json or open_clip_config.json in {}; {}say --root FOLDER",
                              source.name, fmt::join(looked, ", "),
                              source.download.empty() ? "" : "download " + source.download + " and "));
}

bool holds_image_processor(const Path& file) {
  Value json = read_json(file);
  return json.is_object() && json.contains("image_processor");
}

// Every file that a trainer reads of the folder, by its name below it.
std::vector<std::string> files_of(const Path& root) {
  std::set<std::string> names;
  for (const Path& entry : entries_of(root)) {
    std::string name = entry.filename().string();
    bool text = std::find(std::begin(kTexts), std::end(kTexts), name) != std::end(kTexts);
    if (text || name.ends_with(".safetensors")) names.insert(name);
    if (name == "processor_config.json" && is_there(entry) && holds_image_processor(entry)) names.insert(name);
  }
  // Shards in folders below count by what the index says.
  if (names.count("model.safetensors.index.json") && !names.count("model.safetensors") &&
      is_there(root / "model.safetensors.index.json"))
    for (const std::string& shard : SafeTensorsIndex::read(root / "model.safetensors.index.json").shards)
      names.insert(shard);
  if (std::none_of(names.begin(), names.end(),
                   [](const std::string& name) { return name.ends_with(".safetensors"); })) {
    bool pickles = is_there(root / "pytorch_model.bin") || is_there(root / "open_clip_pytorch_model.bin");
    throw DataError(fmt::format(
        "{}: no .safetensors file{}", root.string(),
        pickles ? "; pickles are never read: convert once in Python with safetensors.torch.save_file" : ""));
  }
  for (const std::string& name : names)
    if (std::string why = unreadable_because(root / name); !why.empty())
      throw DataError(
          fmt::format("{}: {}; download it again, or name another folder with --root", (root / name).string(), why));
  return {names.begin(), names.end()};
}

bool is_container(const std::string& file) { return !file.ends_with(".json") && !file.ends_with(".txt"); }

WeightsRecord read_all(const std::string& name, const Path& root,
                       const std::function<void(std::string_view, double)>& progress) {
  WeightsRecord record{name, root, "", 0, 0, {}, false, ""};
  std::vector<std::string> files = files_of(root);
  double total = 0, done = 0;
  for (const std::string& file : files) total += static_cast<double>(std::filesystem::file_size(root / file));
  Hasher hasher;
  for (const std::string& file : files) {
    Path path = root / file;
    record.files[file] = size_and_time(path);
    hasher.add(file).add(std::string_view("\0", 1));
    if (is_container(file)) record.tensors += static_cast<std::int64_t>(SafeTensors(path).tensors().size());
    Mapping mapping(path);
    constexpr std::size_t kPiece = 64 << 20;
    for (std::size_t at = 0; at < mapping.bytes().size(); at += kPiece) {
      hasher.add(mapping.bytes().subspan(at, std::min(kPiece, mapping.bytes().size() - at)));
      done += static_cast<double>(std::min(kPiece, mapping.bytes().size() - at));
      if (progress) progress("reading weights of " + name, done / total);
    }
    record.bytes += static_cast<std::int64_t>(mapping.bytes().size());
  }
  record.fingerprint = hasher.digest().hex();
  return record;
}

void write_record(const WeightsRecord& record) {
  Value json = {{"name", record.name},   {"root", record.root.string()}, {"fingerprint", record.fingerprint},
                {"bytes", record.bytes}, {"tensors", record.tensors},    {"files", record.files}};
  if (record.any_shape) json["any_shape"] = true;
  if (!record.preset.empty()) json["preset"] = record.preset;
  make_folders(record_path(record.name).parent_path());
  write_file_atomically(record_path(record.name), json.dump(1) + "\n");
}

}  // namespace

std::vector<Path> weights_folders(const std::string& name) {
  std::vector<Path> folders;
  if (const char* chosen = std::getenv("WINNOW_WEIGHTS"); chosen && *chosen) folders.push_back(Path(chosen) / name);
  folders.push_back(cache_folder() / "weights" / name);
  return folders;
}

WeightsRecord check_weights(const WeightsSource& source, const std::optional<Path>& root,
                            const std::function<void(std::string_view, double)>& progress,
                            const std::function<bool(const Path&)>& look) {
  WeightsRecord record = read_all(source.name, find_folder(source, root), progress);
  record.preset = source.preset;
  if (look) record.any_shape = look(record.root);
  write_record(record);
  return record;
}

std::optional<WeightsRecord> read_weights_record(const std::string& name) {
  Path path = record_path(name);
  if (!std::filesystem::exists(path)) return std::nullopt;
  auto damaged = [&] {
    return DataError(fmt::format("{} is damaged: run winnow model check {}", path.string(), name));
  };
  try {
    Value json = read_json(path);
    return WeightsRecord{json.at("name").get<std::string>(),
                         json.at("root").get<std::string>(),
                         Hash128::parse(json.at("fingerprint").get<std::string>()).hex(),
                         json.at("bytes").get<std::int64_t>(),
                         json.at("tensors").get<std::int64_t>(),
                         json.at("files").get<std::map<std::string, std::pair<std::int64_t, std::int64_t>>>(),
                         json.value("any_shape", false),
                         json.value("preset", "")};
  } catch (const nlohmann::json::exception&) {
    throw damaged();
  } catch (const DataError&) {
    throw damaged();
  }
}

std::string difference_from(const WeightsRecord& record) {
  try {
    if (!is_there(record.root)) return fmt::format("{} is gone", record.root.string());
    for (const auto& [name, was] : record.files)
      if (std::string why = unreadable_because(record.root / name); !why.empty())
        return fmt::format("{}: {}", (record.root / name).string(), why);
    for (const auto& [name, was] : record.files)
      if (size_and_time(record.root / name) != was)
        return fmt::format("{} was written since", (record.root / name).string());
    for (const std::string& name : files_of(record.root))
      if (!record.files.count(name)) return fmt::format("{} is new", (record.root / name).string());
  } catch (const DataError& error) {
    return error.what();
  }
  return "";
}

void require_unchanged(const WeightsRecord& record) {
  if (difference_from(record).empty()) return;
  if (!is_there(record.root) || !holds_configuration(record.root))
    throw DataError(fmt::format("weights of {}: {} is gone: run winnow model check {} --root FOLDER", record.name,
                                record.root.string(), record.name));
  WeightsRecord now = read_all(record.name, record.root, {});
  if (now.fingerprint != record.fingerprint)
    throw DataError(fmt::format(
        "weights of {}: the files in {} changed since they were checked ({} then, {} now): restore them, or run "
        "winnow model check {} and let its stages be recomputed",
        record.name, record.root.string(), record.fingerprint, now.fingerprint, record.name));
  now.any_shape = record.any_shape;
  now.preset = record.preset;
  write_record(now);  // moved or touched, same content
}

}  // namespace winnow::data

#include "winnow/data/cache_inventory.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>
#include <set>

#include "cache_file.h"
#include "file_kind.h"
#include "winnow/core/error.h"
#include "winnow/data/dataset.h"
#include "winnow/data/scores.h"
#include "winnow/data/template_file.h"

namespace winnow::data {

namespace {

using State = CacheEntry::State;

constexpr std::string_view kPart = ".part", kPacked = ".files.part", kLock = ".lock";

// The process in the name ".NAME.PID.N.part" of a temporary file (core/file.h).
std::optional<int> writer_of(std::string_view name) {
  if (!name.starts_with('.') || !name.ends_with(kPart)) return std::nullopt;
  name.remove_suffix(kPart.size());
  std::size_t serial = name.rfind('.'), pid = serial == std::string_view::npos || serial == 0
                                                  ? std::string_view::npos
                                                  : name.rfind('.', serial - 1);
  if (pid == std::string_view::npos) return std::nullopt;
  std::string_view digits = name.substr(pid + 1, serial - pid - 1);
  int number = 0;
  auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (code != std::errc() || end != digits.data() + digits.size() || number <= 0) return std::nullopt;
  return number;
}

bool is_running(int process) { return ::kill(process, 0) == 0 || errno != ESRCH; }

// A builder of packed images holds this lock, and the file of a builder that was killed has no process in its name.
Path lock_of(const Path& packed) {
  std::string name = packed.string();
  return name.substr(0, name.size() - kPacked.size()) + std::string(kLock);
}

bool is_locked(const Path& lock) { return is_file(lock) && !CacheFile(lock).try_lock(); }

std::uint64_t bytes_of(const Path& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0 ? static_cast<std::uint64_t>(info.st_blocks) * 512 : 0;
}

// What the records of this machine name.
struct Used {
  std::set<std::string> contents;                                    // "NAME-FINGERPRINT" of data sets
  std::map<std::string, std::string> images, labels, texts, scores;  // fingerprint -> data set
};

Used used_files(const Path& cache) {
  Used used;
  if (is_folder(cache / "datasets"))
    for (const std::string& file : names_in(cache / "datasets", false)) {
      if (!file.ends_with(".json")) continue;
      auto record = read_record(Path(file).stem().string());
      if (!record) continue;
      used.contents.insert(record->name + "-" + record->fingerprint);
      used.images[record->fingerprint] = record->name;
      for (const auto& [name, set] : record->labels) used.labels[set.fingerprint] = record->name;
    }
  for (const TemplateRecord& record : recorded_templates()) used.texts[record.fingerprint] = record.dataset;
  for (const ScoreRecord& record : recorded_scores()) used.scores[record.fingerprint] = record.dataset;
  return used;
}

// "fashion-mnist-0123...-train-89ab.kept" begins with one of the used contents; its data set ends where 32 hexadecimal
// digits begin.
void describe_images(CacheEntry& entry, const std::string& name, const Used& used) {
  entry.kind = name.find(".kept") != std::string::npos ? "kept images" : "images";
  for (std::size_t dash = name.find('-'); dash != std::string::npos; dash = name.find('-', dash + 1)) {
    std::string print = name.substr(dash + 1, 32);
    if (print.size() < 32 || print.find_first_not_of("0123456789abcdef") != std::string::npos) continue;
    entry.of = name.substr(0, dash);
    if (!used.contents.count(name.substr(0, dash + 33))) entry.state = State::unused;
    return;
  }
}

void describe_by_print(CacheEntry& entry, const char* kind, const std::string& print,
                       const std::map<std::string, std::string>& used) {
  entry.kind = kind;
  auto found = used.find(print);
  if (found != used.end()) entry.of = found->second;
  else entry.state = State::unused;
}

State state_of_part(const Path& path) {
  std::string name = path.filename().string();
  if (name.ends_with(kPacked)) return is_locked(lock_of(path)) ? State::being_written : State::leftover;
  auto writer = writer_of(name);
  return !writer || is_running(*writer) ? State::being_written : State::leftover;
}

CacheEntry entry_of(const Path& cache, const Path& file, const Used& used) {
  CacheEntry entry{file, "other", "", bytes_of(cache / file), State::used};
  std::string name = file.filename().string(), folder = file.has_parent_path() ? file.begin()->string() : "";
  if (name.ends_with(kPart)) {
    if (folder == "packed") describe_images(entry, name, used);
    entry.kind = "temporary file";
    entry.state = state_of_part(cache / file);
  } else if (folder == "decoded" || folder == "packed") {
    describe_images(entry, name, used);
  } else if (folder == "handover") {
    describe_images(entry, name, used);
    entry.kind = "images handed over";
  } else if (folder == "features") {
    describe_by_print(entry, "features", name.substr(0, name.find('-')), used.images);
  } else if (folder == "programs") {
    entry.kind = "program";
  } else if (folder == "labels") {
    describe_by_print(entry, "labels", file.stem().string(), used.labels);
  } else if (file.parent_path() == "templates") {
    describe_by_print(entry, "class texts", file.stem().string(), used.texts);
  } else if (folder == "scores" && name.ends_with(".safetensors")) {
    describe_by_print(entry, "scores", file.stem().string(), used.scores);
  } else if (folder == "datasets" || folder == "templates" || folder == "scores") {
    entry.kind = "record";
    entry.of = folder == "templates"  ? file.parent_path().filename().string()
               : folder == "datasets" ? file.stem().string()
                                      : "";
  }
  return entry;
}

// Hidden files, too: temporary files are hidden.
std::vector<Path> files_below(const Path& cache) {
  std::vector<Path> files;
  std::error_code code;
  std::filesystem::recursive_directory_iterator at(cache, code), end;
  for (; !code && at != end; at.increment(code)) {
    Path file = at->path().lexically_relative(cache);
    if (file == "weights") at.disable_recursion_pending();
    else if (std::error_code own; !at->is_directory(own) || at->is_symlink(own)) files.push_back(file);
  }
  if (code) throw DataError(fmt::format("cannot list {}: {}", cache.string(), code.message()));
  return files;
}

std::uint64_t bytes_below(const Path& folder) {
  std::uint64_t bytes = 0;
  std::error_code code;
  for (std::filesystem::recursive_directory_iterator at(folder, code), end; !code && at != end; at.increment(code))
    bytes += bytes_of(at->path());
  return bytes;
}

void add_weights(const Path& cache, std::vector<CacheEntry>& entries) {
  if (!is_folder(cache / "weights")) return;
  for (const std::string& name : names_in(cache / "weights", true))
    entries.push_back({Path("weights") / name, "weights", name, bytes_below(cache / "weights" / name), State::used});
  for (const std::string& name : names_in(cache / "weights", false))
    entries.push_back({Path("weights") / name, "record", Path(name).stem().string(), bytes_of(cache / "weights" / name),
                       State::used});
}

}  // namespace

std::string_view to_string(CacheEntry::State state) {
  switch (state) {
    case State::used: return "used";
    case State::being_written: return "being written";
    case State::leftover: return "leftover";
    case State::unused: return "unused";
  }
  return "";
}

std::vector<CacheEntry> cache_entries() {
  Path cache = cache_folder();
  std::vector<CacheEntry> entries;
  if (!is_folder(cache)) return entries;
  Used used = used_files(cache);
  for (const Path& file : files_below(cache)) entries.push_back(entry_of(cache, file, used));
  add_weights(cache, entries);
  std::sort(entries.begin(), entries.end(), [](const CacheEntry& a, const CacheEntry& b) { return a.file < b.file; });
  return entries;
}

bool remove_entry(const CacheEntry& entry) {
  Path path = cache_folder() / entry.file;
  std::string name = path.filename().string();
  std::optional<CacheFile> lock;
  if (entry.state == State::leftover) {
    if (state_of_part(path) != State::leftover) return false;
    if (name.ends_with(kPacked) && is_file(lock_of(path)) && !lock.emplace(lock_of(path)).try_lock()) return false;
  } else if (entry.state != State::unused || (name.ends_with(kLock) && is_locked(path))) {
    return false;
  }
  std::error_code code;
  bool removed = std::filesystem::remove(path, code);
  if (code) throw DeviceError(fmt::format("cannot remove {}: {}", path.string(), code.message()));
  return removed;
}

void sweep_up(std::chrono::seconds untouched) {
  Path cache = cache_folder();
  std::vector<Path> files;
  try {
    if (is_folder(cache)) files = files_below(cache);
  } catch (const DataError&) {  // a folder that is no longer there, or not ours: nothing that a check needs
    return;
  }
  for (const Path& file : files) {
    if (!writer_of(file.filename().string()) || state_of_part(cache / file) != State::leftover) continue;
    std::error_code code;
    auto written = std::filesystem::last_write_time(cache / file, code);
    if (!code && std::filesystem::file_time_type::clock::now() - written > untouched)
      std::filesystem::remove(cache / file, code);
  }
}

}  // namespace winnow::data

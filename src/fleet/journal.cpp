#include "journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "clock.h"
#include "winnow/core/error.h"
#include "winnow/core/hash.h"
#include "winnow/core/host.h"
#include "winnow/fleet/journal_records.h"

namespace winnow::fleet {

namespace {

constexpr std::size_t kDigest = 32;

Path folder_of(const Path& store) { return store / "journal"; }

// Sorted, so oldest first: names have a fixed width.
std::vector<Path> files_of(const Path& store) {
  std::vector<Path> files;
  std::error_code absent;
  for (const auto& entry : std::filesystem::directory_iterator(folder_of(store), absent))
    if (entry.path().extension() == ".log") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

bool intact(std::string_view line) {
  return line.size() > kDigest + 1 && line[kDigest] == ' ' &&
         hash_of(line.substr(kDigest + 1)).hex() == line.substr(0, kDigest);
}

}  // namespace

Journal::Journal(const Path& store, std::uint64_t epoch)
    : path_(folder_of(store) / fmt::format("{:08}.log", epoch)), epoch_(epoch) {
  make_folders(folder_of(store));
  file_ = Descriptor(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666));
  if (!file_.open())
    throw DeviceError(fmt::format("cannot create journal {}: {}", path_.string(), std::strerror(errno)));
}

void Journal::add(Value record) {
  record["n"] = records_++;
  record["epoch"] = epoch_;
  record["time"] = wall_seconds();
  std::string text = record.dump(-1, ' ', false, Value::error_handler_t::replace);
  pending_ += fmt::format("{} {}\n", hash_of(text).hex(), text);
}

void Journal::flush() {
  if (pending_.empty()) return;
  if (!write_available(file_.get(), pending_) || !pending_.empty())
    throw DeviceError(
        fmt::format("cannot write journal {}: {}; free some space and start again, finished stages are kept",
                    path_.string(), std::strerror(errno)));
  unsynced_ = true;
}

void Journal::sync() {
  flush();
  if (!std::exchange(unsynced_, false)) return;
  if (::fdatasync(file_.get()) != 0)
    throw DeviceError(fmt::format("cannot sync journal {}: {}", path_.string(), std::strerror(errno)));
}

std::size_t Journal::replay(const Path& store, const std::function<void(const Value&)>& take, Tail tail) {
  std::size_t damaged = 0;
  for (const Path& path : files_of(store)) {
    std::string content = read_file(path);
    std::size_t start = 0;
    for (std::size_t end; (end = content.find('\n', start)) != std::string::npos; start = end + 1) {
      std::string_view line = std::string_view(content).substr(start, end - start);
      if (intact(line)) take(Value::parse(line.substr(kDigest + 1)));
      else ++damaged;
    }
    if (start == content.size() || tail == Tail::keep) continue;
    std::error_code ignored;  // a read-only store keeps its torn tail; it is skipped again
    std::filesystem::resize_file(path, start, ignored);
  }
  return damaged;
}

std::size_t read_journal(const Path& store, const std::function<void(const Value&)>& take) {
  return Journal::replay(store, take, Journal::Tail::keep);
}

std::uint64_t Journal::last_epoch(const Path& store) {
  std::vector<Path> files = files_of(store);
  return files.empty() ? 0 : std::strtoull(files.back().stem().c_str(), nullptr, 10);
}

}  // namespace winnow::fleet

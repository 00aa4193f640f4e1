#include "journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "clock.h"
#include "record_text.h"
#include "winnow/core/error.h"
#include "winnow/core/hash.h"
#include "winnow/core/host.h"
#include "winnow/fleet/journal_records.h"

namespace winnow::fleet {

namespace {

constexpr std::size_t kDigest = 32;

Path folder_of(const Path& store) { return store / "journal"; }

bool is_journal(const Path& name) {
  std::string stem = name.stem().string();
  return name.extension() == ".log" && stem.size() >= 8 && stem.find_first_not_of("0123456789") == stem.npos;
}

// Sorted, so oldest first: names have a fixed width. A link is none of ours: what it leads to may be cut or replaced
// by nobody.
std::vector<Path> files_of(const Path& store) {
  std::vector<Path> files;
  std::error_code absent;
  for (const auto& entry : std::filesystem::directory_iterator(folder_of(store), absent))
    if (is_journal(entry.path().filename()) && !entry.is_symlink(absent) && entry.is_regular_file(absent))
      files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

int digit(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

bool intact(std::string_view line) {
  if (line.size() <= kDigest + 1 || line[kDigest] != ' ') return false;
  std::uint64_t halves[2] = {0, 0};
  for (std::size_t i = 0; i < kDigest; ++i) {
    int value = digit(line[i]);
    if (value < 0) return false;
    halves[i / 16] = halves[i / 16] << 4 | static_cast<std::uint64_t>(value);
  }
  return hash_of(line.substr(kDigest + 1)) == Hash128{halves[0], halves[1]};
}

// Best effort: a read-only store keeps its torn tail; it is skipped again.
void cut_tail(const Path& path, std::uint64_t torn) {
  Descriptor file(open_existing(path.c_str(), O_WRONLY | O_NOFOLLOW));
  struct stat info {};
  if (!file.open() || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) return;
  [[maybe_unused]] int failed = ::ftruncate(file.get(), info.st_size - static_cast<off_t>(torn));
}

std::string line_of(std::string_view record) { return fmt::format("{} {}\n", hash_of(record).hex(), record); }

// Every line of a file, without its end, in pieces of a megabyte: a journal may be larger than the memory. Returns the
// bytes behind the last one.
template <class Take>
std::uint64_t each_line(const Path& path, Take take) {
  Descriptor file(open_existing(path.c_str(), O_RDONLY));
  if (!file.open()) throw DataError(fmt::format("cannot open {}: {}", path.string(), std::strerror(errno)));
  std::string buffer;
  for (;;) {
    constexpr std::size_t kPiece = 1 << 20;
    std::size_t had = buffer.size();
    buffer.resize(had + kPiece);
    ssize_t got = ::read(file.get(), buffer.data() + had, kPiece);
    if (got < 0 && errno == EINTR) got = 0, buffer.resize(had);
    else if (got < 0) throw DataError(fmt::format("cannot read {}: {}", path.string(), std::strerror(errno)));
    else if (got == 0) return had;
    buffer.resize(had + static_cast<std::size_t>(got));
    std::size_t start = 0;
    for (std::size_t end; (end = buffer.find('\n', std::max(start, had))) != std::string::npos; start = end + 1)
      take(std::string_view(buffer).substr(start, end - start));
    buffer.erase(0, start);
  }
}

constexpr const char* kCompacted = "compacted";  // the event of the first record

bool is_compacted(const Path& path) {
  std::string beginning(512, '\0');
  Descriptor file(open_existing(path.c_str(), O_RDONLY));
  ssize_t got = file.open() ? ::read(file.get(), beginning.data(), beginning.size()) : 0;
  beginning.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  std::string_view line = std::string_view(beginning).substr(0, beginning.find('\n'));
  return intact(line) && line.find(fmt::format(R"("event":"{}")", kCompacted)) != std::string_view::npos;
}

// Nobody reads them after their run: what `recall` and the page of a report take stays.
bool lasts(std::string_view record) {
  std::optional<std::string_view> event = value_in_record(record, R"("event":)");
  for (std::string_view word : {"checkpoint", "resumed", "note", "joined", "blocked", "revived", "drain"})
    if (event == word) return false;
  return true;
}

}  // namespace

Journal::Journal(const Path& store, std::uint64_t epoch)
    : path_(folder_of(store) / fmt::format("{:08}.log", epoch)), epoch_(epoch) {
  make_folders(folder_of(store));
  constexpr int kNew = O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC;
  while (!(file_ = Descriptor(::open(path_.c_str(), kNew, 0666))).open() && errno == EEXIST)
    path_ = folder_of(store) / fmt::format("{:08}.log", ++epoch_);
  if (!file_.open())
    throw DeviceError(fmt::format("cannot create journal {}: {}", path_.string(), std::strerror(errno)));
}

void Journal::add(Value record) {
  record["n"] = records_++;
  record["epoch"] = epoch_;
  record["time"] = wall_seconds();
  std::string text = record.dump(-1, ' ', false, Value::error_handler_t::replace);
  pending_ += line_of(text);
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

Journal::Replayed Journal::scan(const Path& store, const std::function<void(std::string_view)>& take, Tail tail) {
  Replayed result;
  for (const Path& path : files_of(store)) {
    std::uint64_t torn = each_line(path, [&](std::string_view line) {
      if (intact(line)) take(line.substr(kDigest + 1));
      else ++result.damaged;
    });
    if (torn == 0 || tail == Tail::keep) continue;
    cut_tail(path, torn);
    result.cut += torn;
  }
  return result;
}

Journal::Replayed Journal::replay(const Path& store, const std::function<void(const Value&)>& take, Tail tail) {
  std::size_t foreign = 0;  // intact lines that no journal writes
  Replayed result = scan(
      store,
      [&](std::string_view text) {
        Value record = Value::parse(text, nullptr, false);
        if (record.is_object()) take(record);
        else ++foreign;
      },
      tail);
  result.damaged += foreign;
  return result;
}

std::uint64_t Journal::compact(const Path& store, std::uint64_t least) {
  std::uint64_t won = 0;
  for (const Path& path : files_of(store)) {
    std::uint64_t before = std::filesystem::file_size(path), dropped = 0;
    if (before <= least || is_compacted(path)) continue;
    each_line(path, [&](std::string_view line) { dropped += !intact(line) || !lasts(line.substr(kDigest + 1)); });
    write_atomically(path, [&](const Path& part) {
      std::string text = line_of(Value({{"event", kCompacted}, {"dropped", dropped}, {"time", wall_seconds()}}).dump());
      Descriptor file(::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
      auto put = [&] {
        if (!file.open() || !write_available(file.get(), text) || !text.empty())
          throw DeviceError(fmt::format("cannot write {}: {}", part.string(), std::strerror(errno)));
      };
      each_line(path, [&](std::string_view line) {
        if (!intact(line) || !lasts(line.substr(kDigest + 1))) return;
        text.append(line).push_back('\n');
        if (text.size() > (1u << 20)) put();
      });
      put();
      sync_file(part);
    });
    won += before - std::filesystem::file_size(path);
  }
  return won;
}

std::size_t read_journal(const Path& store, const std::function<void(const Value&)>& take) {
  return Journal::replay(store, take, Journal::Tail::keep).damaged;
}

std::uint64_t Journal::last_epoch(const Path& store) {
  std::vector<Path> files = files_of(store);
  return files.empty() ? 0 : std::strtoull(files.back().stem().c_str(), nullptr, 10);
}

}  // namespace winnow::fleet

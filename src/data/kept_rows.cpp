#include "winnow/data/kept_rows.h"

#include <fmt/format.h>

#include <cstring>

#include "cache_file.h"
#include "winnow/core/error.h"

namespace winnow::data {

namespace {

constexpr std::int64_t kBeginning = 4096;

// In front of each record; `check` is a hash of what stands before it, so that no damage is taken for a length.
struct Head {
  Hash128 key, hash;
  std::int64_t bytes = 0;
  std::uint64_t check = 0;

  std::uint64_t wanted() const {
    std::string_view all(reinterpret_cast<const char*>(this), offsetof(Head, check));
    return hash_of(all).low;
  }
};
static_assert(sizeof(Head) == 48);

std::string beginning_of(const std::string& content) {
  std::string text = fmt::format("winnow kept rows 1\n{}\n", content);
  if (text.size() > kBeginning) throw InternalError("kept rows: their description is too long");
  text.resize(kBeginning, '\n');
  return text;
}

bool is_of(const CacheFile& file, const std::string& beginning) {
  if (file.size() < kBeginning) return false;
  std::string found(kBeginning, 0);
  file.read(0, std::as_writable_bytes(std::span(found)));
  return found == beginning;
}

}  // namespace

// Whoever is slower replaces the file of whoever was faster, whose rows are lost: nobody ever waits.
KeptRows::KeptRows(const Path& path, const std::string& content) : known_(kBeginning) {
  make_folders(path.parent_path());
  std::string beginning = beginning_of(content);
  file_ = std::make_unique<CacheFile>(path);
  if (is_of(*file_, beginning)) return;
  write_file_atomically(path, beginning);  // a process that has the old one open keeps reading it
  file_ = std::make_unique<CacheFile>(path);
}

KeptRows::~KeptRows() = default;
KeptRows::KeptRows(KeptRows&&) noexcept = default;

std::int64_t KeptRows::size() const { return file_->size(); }

void KeptRows::look_further() {
  for (std::int64_t size = file_->size(); known_ + static_cast<std::int64_t>(sizeof(Head)) <= size;) {
    Head head;
    file_->read(known_, std::as_writable_bytes(std::span(&head, 1)));
    std::int64_t at = known_ + static_cast<std::int64_t>(sizeof(Head));
    if (head.check != head.wanted() || head.bytes < 0 || head.bytes > size - at) return;
    places_[head.key] = {at, head.bytes, head.hash};
    known_ = at + head.bytes;
  }
}

bool KeptRows::read(const Hash128& key, std::span<std::byte> rows) {
  auto found = places_.find(key);
  if (found == places_.end()) {
    look_further();
    found = places_.find(key);
  }
  if (found == places_.end() || found->second.bytes != static_cast<std::int64_t>(rows.size())) return false;
  file_->read(found->second.at, rows);
  if (hash_of(std::span<const std::byte>(rows)) == found->second.hash) return true;
  places_.erase(found);
  return false;
}

void KeptRows::keep(const Hash128& key, std::span<const std::byte> rows) {
  if (!file_->try_lock()) return;
  try {
    append(key, rows);
  } catch (const DeviceError&) {
    file_->unlock();
    throw;
  }
  file_->unlock();
}

void KeptRows::append(const Hash128& key, std::span<const std::byte> rows) {
  look_further();
  auto found = places_.find(key);
  if (found != places_.end() && found->second.bytes == static_cast<std::int64_t>(rows.size())) return;
  Head head{key, hash_of(rows), static_cast<std::int64_t>(rows.size())};
  head.check = head.wanted();
  std::string record(sizeof(Head) + rows.size(), 0);
  std::memcpy(record.data(), &head, sizeof(Head));
  std::memcpy(record.data() + sizeof(Head), rows.data(), rows.size());
  file_->resize(known_);  // what is behind is the torn end of a writer that is gone
  try {
    file_->write(known_, std::as_bytes(std::span(record)));
  } catch (const DeviceError&) {
    file_->resize(known_);
    throw;
  }
}

}  // namespace winnow::data

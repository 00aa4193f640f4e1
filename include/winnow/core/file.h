// Files that are written atomically: complete or absent. Every failure names the path and the system's reason.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace winnow {

using Path = std::filesystem::path;

std::string read_file(const Path&);  // DataError

enum class Existing { replace, keep };
enum class Durable { yes, no };  // no: what is worth nothing after a crash

// `write` makes a file under a temporary name in the same folder; it is renamed to `path` when `write` returns, and
// removed when it throws. Then the folder is synced (Durable::yes); what is in the file is `write`'s to sync. With
// `keep`, a file that is there already stays: of several who build the same, one wins. DeviceError, and what `write`
// throws.
void write_atomically(const Path& path, const std::function<void(const Path& part)>& write,
                      Existing = Existing::replace, Durable = Durable::yes);
void write_file_atomically(const Path& path, std::string_view content);  // the same, with a text, synced

// A name in the folder of `path` that no other process, attempt or thread uses. Hidden: ".NAME.PID.N.part".
Path temporary_beside(const Path& path);

// Renames without ever replacing. False when `to` exists already (then `from` stays). A lost reply of a network file
// system (ENOENT although the rename happened) counts as success.
bool rename_without_replacing(const Path& from, const Path& to);

void sync_file(const Path&);
void sync_folder(const Path&);
void make_folders(const Path&);  // mkdir -p; DeviceError

// A read-only memory mapping; the bytes live as long as the object.
class Mapping {
 public:
  explicit Mapping(const Path&);  // DataError
  ~Mapping();
  Mapping(Mapping&&) noexcept;
  Mapping& operator=(Mapping&&) noexcept;
  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

// Where winnow finds what it ships and keeps what it may rebuild.
Path executable_folder();
Path cache_folder();  // $WINNOW_CACHE, else $XDG_CACHE_HOME/winnow, else ~/.cache/winnow

}  // namespace winnow

#include "winnow/store/prune.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "winnow/core/error.h"

namespace winnow::store {

Pruning pruning_of(const Inventory& inventory, const std::set<Identity>& keep) {
  Pruning result;
  std::set<Identity> unreadable;
  for (const Inventory::Run& run : inventory.runs) {
    if (keep.count(run.identity)) {
      ++result.kept;
    } else if (!run.fault.empty()) {
      result.left_alone.push_back(run.fault);
      unreadable.insert(run.identity);
    } else {
      result.bytes += run.bytes;
      result.runs.push_back(run);
    }
  }
  for (const Inventory::Checkpoint& checkpoint : inventory.checkpoints) {
    if (keep.count(checkpoint.identity) || unreadable.count(checkpoint.identity)) continue;
    result.bytes += checkpoint.amount.bytes;
    result.checkpoints.push_back(checkpoint);
  }
  return result;
}

namespace {

// Everything goes by descriptors of folders that were opened without following links: a folder that becomes a link
// meanwhile leads nowhere.
class Folder {
 public:
  Folder() = default;
  explicit Folder(int fd) : fd_(fd) {}
  Folder(Folder&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Folder& operator=(Folder&& other) noexcept { return std::swap(fd_, other.fd_), *this; }
  ~Folder() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

constexpr int kFolder = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

DeviceError cannot(const char* what, const Path& path) {
  return DeviceError(
      fmt::format("cannot {} {}: {}", what, path.string(),
                  errno == ELOOP || errno == ENOTDIR ? "it is a link or no folder" : std::strerror(errno)));
}

// The folder `names` below the root; not open where one of them is absent.
Folder folder_of(const Path& root, const std::vector<std::string>& names) {
  Path path = root;
  Folder folder(::open(root.c_str(), kFolder));  // what the user named may be a link
  if (!folder.open()) throw cannot("open", path);
  for (const std::string& name : names) {
    path /= name;
    Folder next(::openat(folder.get(), name.c_str(), kFolder | O_NOFOLLOW));
    if (!next.open() && errno == ENOENT) return {};
    if (!next.open()) throw cannot("open", path);
    folder = std::move(next);
  }
  return folder;
}

bool remove_entry(const Folder& folder, const std::string& name, int flags, const Path& shown) {
  if (::unlinkat(folder.get(), name.c_str(), flags) == 0) return true;
  if (errno == ENOENT) return false;
  throw cannot("remove", shown);
}

// A link in the tree goes, what it leads to stays.
void empty_folder(Folder folder, const Path& shown) {
  Folder own(::fcntl(folder.get(), F_DUPFD_CLOEXEC, 3));
  std::unique_ptr<DIR, int (*)(DIR*)> listing(::fdopendir(folder.release()), ::closedir);
  if (!listing || !own.open()) throw cannot("list", shown);
  while (dirent* entry = ::readdir(listing.get())) {
    std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    struct stat status {};
    if (::fstatat(own.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISDIR(status.st_mode)) {
      Folder inner(::openat(own.get(), name.c_str(), kFolder | O_NOFOLLOW));
      if (!inner.open()) throw cannot("open", shown / name);
      empty_folder(std::move(inner), shown / name);
      remove_entry(own, name, AT_REMOVEDIR, shown / name);
    } else {
      remove_entry(own, name, 0, shown / name);
    }
  }
}

}  // namespace

bool remove_run(const Path& store_root, const Identity& identity) {
  std::string name = identity.hex(), file = name + ".h5";
  Path shown = store_root / "runs" / name.substr(0, 2) / file;
  Folder folder = folder_of(store_root, {"runs", name.substr(0, 2)});
  if (!folder.open()) return false;
  struct stat status {};
  if (::fstatat(folder.get(), file.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(status.st_mode))
    throw DeviceError(fmt::format("{} is no file: left alone", shown.string()));
  return remove_entry(folder, file, 0, shown);
}

bool remove_checkpoint(const Path& store_root, const Identity& identity) {
  std::string name = identity.hex();
  Path shown = store_root / "checkpoints" / name;
  Folder parent = folder_of(store_root, {"checkpoints"});
  if (!parent.open()) return false;
  Folder own = folder_of(store_root, {"checkpoints", name});
  if (!own.open()) return false;
  empty_folder(std::move(own), shown);
  return remove_entry(parent, name, AT_REMOVEDIR, shown);
}

}  // namespace winnow::store

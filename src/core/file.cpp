#include "winnow/core/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "lost_reply.h"
#include "winnow/core/descriptor.h"
#include "winnow/core/error.h"

namespace winnow {

namespace {

template <class Kind>
[[noreturn]] void fail(std::string_view what, const Path& path) {
  throw Kind(fmt::format("cannot {} {}: {}", what, path.string(), std::strerror(errno)));
}

void write_all(int fd, std::string_view content, const Path& path) {
  while (!content.empty()) {
    ssize_t n = ::write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail<DeviceError>("write", path);
    content.remove_prefix(static_cast<std::size_t>(n));
  }
}

void sync_path(const Path& path, int flags) {
  Descriptor fd(open_existing(path.c_str(), flags));
  if (fd.get() < 0) fail<DeviceError>("open", path);
  if (::fsync(fd.get()) != 0) fail<DeviceError>("sync", path);
}

}  // namespace

std::string read_file(const Path& path) {
  Descriptor fd(open_existing(path.c_str(), O_RDONLY));
  if (fd.get() < 0) fail<DataError>("open", path);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) fail<DataError>("read", path);
  if (S_ISDIR(info.st_mode)) throw DataError(fmt::format("cannot read {}: it is a folder", path.string()));
  std::string content;
  content.reserve(static_cast<std::size_t>(info.st_size));
  char buffer[1 << 16];
  for (;;) {
    ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail<DataError>("read", path);
    if (n == 0) return content;
    content.append(buffer, static_cast<std::size_t>(n));
  }
}

Path temporary_beside(const Path& path) {
  static std::atomic<unsigned> serial{0};
  return path.parent_path() / fmt::format(".{}.{}.{}.part", path.filename().string(), ::getpid(), serial++);
}

void write_atomically(const Path& path, const std::function<void(const Path&)>& write, Existing existing,
                      Durable durable) {
  Path part = temporary_beside(path);
  try {
    write(part);
    if (existing == Existing::keep) {
      if (!rename_without_replacing(part, path)) ::unlink(part.c_str());
    } else {
      struct stat written {};
      if (::stat(part.c_str(), &written) != 0) fail<DeviceError>("look at", part);
      int reason = ::rename(part.c_str(), path.c_str()) == 0 ? 0 : errno;
      if (reason != 0 && !was_renamed(reason, part, written, path))
        errno = reason, fail<DeviceError>("rename onto", path);
    }
  } catch (...) {
    ::unlink(part.c_str());
    throw;
  }
  if (durable == Durable::yes) sync_folder(path.has_parent_path() ? path.parent_path() : Path("."));
}

void write_file_atomically(const Path& path, std::string_view content) {
  write_atomically(path, [&](const Path& part) {
    Descriptor fd(::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (fd.get() < 0) fail<DeviceError>("create", part);
    write_all(fd.get(), content, part);
    if (::fsync(fd.get()) != 0) fail<DeviceError>("sync", part);
    if (::close(fd.release()) != 0) fail<DeviceError>("close", part);
  });
}

bool rename_without_replacing(const Path& from, const Path& to) {
  struct stat what {
  }, there{};
  if (::lstat(from.c_str(), &what) != 0) fail<DeviceError>("rename", from);
  if (::syscall(SYS_renameat2, AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), 1u /* RENAME_NOREPLACE */) == 0)
    return true;
  bool without_flag = errno == EINVAL || errno == ENOSYS;  // file systems
  if (without_flag && S_ISDIR(what.st_mode)) {             // a folder replaces none that holds anything
    if (::rename(from.c_str(), to.c_str()) == 0) return true;
  } else if (without_flag) {  // link is as exclusive
    bool made = ::link(from.c_str(), to.c_str()) == 0;
    // That its own name is there already is what a link is told whose first reply was lost.
    if (!made && errno == EEXIST) made = ::lstat(to.c_str(), &there) == 0 && are_one(what, there), errno = EEXIST;
    if (made) return ::unlink(from.c_str()), true;
  }
  if (errno == EEXIST || errno == ENOTEMPTY) return false;
  int reason = errno;
  if (was_renamed(reason, from, what, to)) return true;
  errno = reason;
  fail<DeviceError>("rename onto", to);
}

void sync_file(const Path& path) { sync_path(path, O_RDONLY); }
void sync_folder(const Path& path) { sync_path(path, O_RDONLY | O_DIRECTORY); }

void make_folders(const Path& path) {
  std::error_code code;
  std::filesystem::create_directories(path, code);
  if (code) throw DeviceError(fmt::format("cannot make folder {}: {}", path.string(), code.message()));
}

Mapping::Mapping(const Path& path) {
  Descriptor fd(open_existing(path.c_str(), O_RDONLY));
  if (fd.get() < 0) fail<DataError>("open", path);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) fail<DataError>("read", path);
  if (!S_ISREG(info.st_mode)) throw DataError(fmt::format("cannot map {}: it is not a file", path.string()));
  size_ = static_cast<std::size_t>(info.st_size);
  if (size_ == 0) return;
  void* data = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd.get(), 0);
  if (data == MAP_FAILED) fail<DataError>("map", path);
  data_ = static_cast<const std::byte*>(data);
}

Mapping::~Mapping() {
  if (data_) ::munmap(const_cast<std::byte*>(data_), size_);
}

Mapping::Mapping(Mapping&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

Path executable_folder() { return std::filesystem::read_symlink("/proc/self/exe").parent_path(); }

Path cache_folder() {
  if (const char* own = std::getenv("WINNOW_CACHE"); own && *own) return own;
  if (const char* xdg = std::getenv("XDG_CACHE_HOME"); xdg && *xdg) return Path(xdg) / "winnow";
  const char* home = std::getenv("HOME");
  if (!home || !*home) throw UsageError("neither WINNOW_CACHE nor HOME is set: where should data caches go?");
  return Path(home) / ".cache" / "winnow";
}

}  // namespace winnow

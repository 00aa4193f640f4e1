#include "cache_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "winnow/core/error.h"

namespace winnow::data {

CacheFile::CacheFile(const Path& path) : path_(path), fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
  if (fd_ < 0) fail("cannot open");
}

CacheFile::~CacheFile() { ::close(fd_); }

std::int64_t CacheFile::size() const {
  struct stat info {};
  if (::fstat(fd_, &info) != 0) fail("cannot look at");
  return info.st_size;
}

void CacheFile::resize(std::int64_t size) const {
  if (::ftruncate(fd_, size) != 0) fail("cannot resize");
}

void CacheFile::read(std::int64_t at, std::span<std::byte> target) const {
  for (std::size_t done = 0; done < target.size();) {
    ssize_t n = ::pread(fd_, target.data() + done, target.size() - done, at + static_cast<std::int64_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n == 0) errno = EIO;  // shorter than it was
    if (n <= 0) fail("cannot read");
    done += static_cast<std::size_t>(n);
  }
}

void CacheFile::write(std::int64_t at, std::span<const std::byte> bytes) const {
  for (std::size_t done = 0; done < bytes.size();) {
    ssize_t n = ::pwrite(fd_, bytes.data() + done, bytes.size() - done, at + static_cast<std::int64_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail("cannot write");
    done += static_cast<std::size_t>(n);
  }
}

void CacheFile::lock() const {
  while (::flock(fd_, LOCK_EX) != 0)
    if (errno != EINTR) fail("cannot lock");
}

void CacheFile::unlock() const {
  if (::flock(fd_, LOCK_UN) != 0) fail("cannot unlock");
}

bool CacheFile::try_lock() const {
  if (::flock(fd_, LOCK_EX | LOCK_NB) == 0) return true;
  if (errno != EWOULDBLOCK) fail("cannot lock");
  return false;
}

void CacheFile::fail(const char* what) const {
  bool no_locks = errno == ENOLCK || errno == ENOSYS || errno == EOPNOTSUPP;
  throw DeviceError(fmt::format("{} {}: {}{}", what, path_.string(), std::strerror(errno),
                                no_locks ? "; its file system has no locks: set WINNOW_CACHE to a local disk" : ""));
}

}  // namespace winnow::data

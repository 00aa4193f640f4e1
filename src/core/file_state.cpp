#include "winnow/core/file_state.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "winnow/core/descriptor.h"
#include "winnow/core/error.h"

namespace winnow {

namespace {

// Why stat() failed with this error.
std::string reason(const Path& path, int error) {
  struct stat own {};
  bool link = ::lstat(path.c_str(), &own) == 0 && S_ISLNK(own.st_mode);
  if (error == ELOOP) return "a link that leads to itself";
  if (error == EACCES) return "permission denied";
  if (error != ENOENT && error != ENOTDIR) return std::strerror(error);
  if (!link) return "no such file";
  std::error_code ignored;
  return fmt::format("a link to {}, which is gone", std::filesystem::read_symlink(path, ignored).string());
}

}  // namespace

bool is_there(const Path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0) return true;
  std::string why = reason(path, errno);
  if (why == "no such file") return false;
  throw DataError(fmt::format("{}: {}", path.string(), why));
}

std::string unreadable_because(const Path& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) return reason(file, errno);
  if (S_ISDIR(info.st_mode)) return "a folder";
  int opened = open_existing(file.c_str(), O_RDONLY);
  if (opened < 0) return reason(file, errno);
  ::close(opened);
  return "";
}

}  // namespace winnow

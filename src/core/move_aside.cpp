#include "winnow/core/move_aside.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "winnow/core/error.h"

namespace winnow {

bool move_aside(const Path& from, const Path& to) {
  constexpr unsigned kNoReplace = 1;  // RENAME_NOREPLACE
  if (::syscall(SYS_renameat2, AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), kNoReplace) == 0) return true;
  if ((errno == EINVAL || errno == ENOSYS) && ::link(from.c_str(), to.c_str()) == 0)
    return ::unlink(from.c_str()), true;
  if (errno == EEXIST) return false;
  throw DeviceError(fmt::format("cannot rename {} to {}: {}", from.string(), to.string(), std::strerror(errno)));
}

}  // namespace winnow

#include "winnow/core/move_aside.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "lost_reply.h"
#include "winnow/core/descriptor.h"
#include "winnow/core/error.h"

namespace winnow {

namespace {

[[noreturn]] void fail(const Path& from, const Path& to, int reason) {
  throw DeviceError(fmt::format("cannot rename {} to {}: {}", from.string(), to.string(), std::strerror(reason)));
}

// Where no rename spares what is there: who has `to` with an empty file of its own renames over that. A link of `from`
// would be as exclusive, but everyone links the same file: after a lost reply none knows whose link is there, and both
// names would stay.
bool rename_onto_own(const Path& from, const Path& to) {
  struct stat what {
  }, own{};
  if (::lstat(from.c_str(), &what) != 0) fail(from, to, errno);
  Path empty = temporary_beside(to);
  Descriptor made(::open(empty.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!made.open() || ::fstat(made.get(), &own) != 0) fail(from, to, errno);
  try {
    if (!rename_without_replacing(empty, to)) return ::unlink(empty.c_str()), false;
  } catch (...) {
    ::unlink(empty.c_str());
    throw;
  }
  if (::rename(from.c_str(), to.c_str()) == 0) return true;
  int reason = errno;
  if (reason == ENOENT && leads_to(to, what)) return true;  // whatever has the old name since
  if (leads_to(to, own)) ::unlink(to.c_str());
  fail(from, to, reason);
}

}  // namespace

bool move_aside(const Path& from, const Path& to) {
  constexpr unsigned kNoReplace = 1;  // RENAME_NOREPLACE
  if (::syscall(SYS_renameat2, AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), kNoReplace) == 0) return true;
  if (errno == EEXIST) return false;
  if (errno == EINVAL || errno == ENOSYS) return rename_onto_own(from, to);  // network file systems
  fail(from, to, errno);
}

}  // namespace winnow

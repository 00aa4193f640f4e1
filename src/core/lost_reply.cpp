#include "lost_reply.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "winnow/core/descriptor.h"

namespace winnow {

bool are_one(const struct stat& a, const struct stat& b) { return a.st_dev == b.st_dev && a.st_ino == b.st_ino; }

bool leads_to(const Path& name, const struct stat& file) {
  struct stat there {};
  Descriptor found(open_existing(name.c_str(), O_RDONLY));
  return found.open() && ::fstat(found.get(), &there) == 0 && are_one(file, there);
}

// It says ENOENT then: sent again, it did not find the old name any more.
bool was_renamed(int reason, const Path& from, const struct stat& what, const Path& to) {
  return reason == ENOENT && ::access(from.c_str(), F_OK) != 0 && leads_to(to, what);
}

}  // namespace winnow

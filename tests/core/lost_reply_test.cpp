// A network file system in this process: no rename that spares what is there, and replies that are lost, each call
// that changes names in turn.
#include <dlfcn.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>

#include "../folder.h"
#include "winnow/core/error.h"
#include "winnow/core/move_aside.h"

namespace {

bool without_flag = false;
int until_lost = 0;  // the call, counted from 1, that is carried out and whose reply is lost; 0: none
int calls = 0;

int replied(int code, int lost) {
  if (code != 0 || ++calls != until_lost) return code;
  errno = lost;  // what the kernel's client is told when it sends the call again
  return -1;
}

}  // namespace

// In place of libc's, for the whole program.
extern "C" {
int link(const char* from, const char* to) noexcept {
  return replied(::linkat(AT_FDCWD, from, AT_FDCWD, to, 0), EEXIST);
}
int unlink(const char* name) noexcept { return replied(::unlinkat(AT_FDCWD, name, 0), ENOENT); }
int rename(const char* from, const char* to) noexcept {
  return replied(::renameat(AT_FDCWD, from, AT_FDCWD, to), ENOENT);
}
long syscall(long number, ...) noexcept {
  if (number == SYS_renameat2 && without_flag) return errno = EINVAL, -1;
  using Function = long (*)(long, long, long, long, long, long, long);
  static const auto next = reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "syscall"));
  va_list rest;
  va_start(rest, number);
  long words[6];
  for (long& word : words) word = va_arg(rest, long);
  va_end(rest);
  return next(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}
}

namespace winnow {
namespace {

using testing::UnorderedElementsAre;

// While it lives, and that is never within a failing assertion: its messages need the real calls.
class Lossy {
 public:
  explicit Lossy(int lost) { without_flag = true, until_lost = lost, calls = 0; }
  ~Lossy() { without_flag = false, until_lost = 0; }
  int seen() const { return calls; }
};

std::vector<std::string> names_in(const Path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) names.push_back(entry.path().filename());
  return names;
}

TEST(LostReply, OfWhateverCallMovesAsideOnce) {
  int used = 1;
  for (int lost = 0; lost <= used; ++lost) {
    Folder folder;
    write_file_atomically(folder / "lease", "stale");
    bool moved = false;
    {
      Lossy system(lost);
      moved = move_aside(folder / "lease", folder / "aside");
      if (lost == 0) used = system.seen();
    }
    EXPECT_TRUE(moved) << "call " << lost;
    EXPECT_EQ(read_file(folder / "aside"), "stale") << "call " << lost;
    EXPECT_THAT(names_in(folder.path()), UnorderedElementsAre("aside")) << "call " << lost;
  }
  EXPECT_GE(used, 3) << "a claim is linked, its own name goes, the file is renamed over it";
}

TEST(LostReply, NeverMovesOntoWhatIsThere) {
  int used = 1;
  for (int lost = 0; lost <= used; ++lost) {
    Folder folder;
    write_file_atomically(folder / "lease", "stale");
    write_file_atomically(folder / "aside", "an older one");
    bool moved = true;
    {
      Lossy system(lost);
      moved = move_aside(folder / "lease", folder / "aside");
      if (lost == 0) used = system.seen();
    }
    EXPECT_FALSE(moved) << "call " << lost;
    EXPECT_EQ(read_file(folder / "lease"), "stale") << "call " << lost;
    EXPECT_EQ(read_file(folder / "aside"), "an older one") << "call " << lost;
    EXPECT_THAT(names_in(folder.path()), UnorderedElementsAre("aside", "lease")) << "call " << lost;
  }
}

TEST(LostReply, LeavesNoNameForWhatIsGone) {
  Folder folder;
  bool refused = false;
  {
    Lossy system(0);
    try {
      move_aside(folder / "lease", folder / "aside");
    } catch (const DeviceError&) {
      refused = true;
    }
  }
  EXPECT_TRUE(refused);
  EXPECT_THAT(names_in(folder.path()), UnorderedElementsAre());
}

TEST(LostReply, OfWhateverCallRenamesWithoutReplacing) {
  int used = 1;
  for (int lost = 0; lost <= used; ++lost) {
    Folder folder;
    write_file_atomically(folder / "part", "new");
    bool renamed = false, again = true;
    {
      Lossy system(lost);
      renamed = rename_without_replacing(folder / "part", folder / "name");
      if (lost == 0) used = system.seen();
    }
    write_file_atomically(folder / "part", "newer");
    {
      Lossy system(0);
      again = rename_without_replacing(folder / "part", folder / "name");
    }
    EXPECT_TRUE(renamed) << "call " << lost;
    EXPECT_FALSE(again) << "call " << lost;
    EXPECT_EQ(read_file(folder / "name"), "new") << "call " << lost;
  }
}

}  // namespace
}  // namespace winnow

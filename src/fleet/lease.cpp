#include "lease.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <random>

#include "clock.h"
#include "winnow/core/descriptor.h"
#include "winnow/core/error.h"
#include "winnow/core/host.h"
#include "winnow/core/json_text.h"
#include "winnow/core/move_aside.h"
#include "winnow/sched/timers.h"

namespace winnow::fleet {

namespace {

// When the process started, in the kernel's ticks: distinguishes a process from a later one with the same number.
std::string start_of(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string text((std::istreambuf_iterator<char>(file)), {});
  std::size_t at = text.rfind(')');                                           // the name before may hold spaces
  if (at != std::string::npos && text.compare(at, 3, ") Z") == 0) return "";  // dead, not yet reaped
  for (int field = 0; field < 20 && at != std::string::npos; ++field) at = text.find(' ', at + 1);
  return at == std::string::npos ? "" : text.substr(at + 1, text.find(' ', at + 1) - at - 1);
}

// Seconds since the file was touched, measured with a file touched now: clocks of hosts differ.
double age_of(const Path& path) {
  Path probe = temporary_beside(path);
  Descriptor fd(::open(probe.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  struct stat fresh {
  }, old{};
  bool known = fd.open() && ::fstat(fd.get(), &fresh) == 0 && ::stat(path.c_str(), &old) == 0;
  ::unlink(probe.c_str());
  if (!known) return 0;
  return static_cast<double>(fresh.st_mtim.tv_sec - old.st_mtim.tv_sec) +
         1e-9 * static_cast<double>(fresh.st_mtim.tv_nsec - old.st_mtim.tv_nsec);
}

Value read_lease(const Path& path) {
  try {
    Value lease = read_json(path);
    for (const char* key : {"host", "start", "token"}) lease.at(key).get_ref<const std::string&>();
    for (const char* key : {"pid", "epoch"}) lease.at(key).get<std::uint64_t>();
    return lease;
  } catch (const std::exception&) {
    // absent, being written, or no lease
  }
  return Value::object();
}

bool is_stale(const Path& path, const Value& lease, sched::Time silence) {
  if (lease.value("host", "") != host_name()) return age_of(path) > seconds(silence);
  return start_of(lease.value("pid", 0)) != lease.value("start", "?");
}

Path stale_name(const Path& store, std::uint64_t epoch) { return store / fmt::format(".coordinator.{}.stale", epoch); }

// The largest epoch among leases that were set aside. Older ones have done their work.
std::uint64_t last_stale(const Path& store) {
  std::uint64_t last = 0;
  std::error_code absent;
  for (const auto& entry : std::filesystem::directory_iterator(store, absent)) {
    unsigned long long epoch = 0;
    if (std::sscanf(entry.path().filename().c_str(), ".coordinator.%llu.stale", &epoch) == 1)
      last = std::max<std::uint64_t>(last, epoch);
  }
  for (std::uint64_t old = last > 8 ? last - 8 : 0; old + 1 < last; ++old) ::unlink(stale_name(store, old).c_str());
  return last;
}

}  // namespace

StoreLease::StoreLease(const Path& store, std::uint64_t least_epoch, sched::Time silence)
    : path_(store / "coordinator.json"), epoch_(std::max(least_epoch, last_stale(store) + 1)) {
  if (::access(store.c_str(), W_OK | X_OK) != 0)
    throw DeviceError(
        fmt::format("cannot write into {}: {}; choose another folder with --store, and read this one with --reference",
                    store.string(), std::strerror(errno)));
  std::random_device random;
  token_ = fmt::format("{:08x}{:08x}", random(), random());
  for (int attempt = 0; !try_create(); ++attempt) {
    Value held = read_lease(path_);
    if (held.empty() && !is_stale(path_, held, silence))
      throw UsageError(
          fmt::format("{} is damaged: its coordinator may still work here, or have died while it wrote the file; try "
                      "again in {:.0f} s, or remove it if no run works on this "
                      "folder",
                      path_.string(), seconds(silence)));
    bool stale = is_stale(path_, held, silence);
    Path aside = stale_name(store, held.value("epoch", std::uint64_t{0}));
    if (attempt > 0 && stale)
      throw UsageError(
          fmt::format("another coordinator is taking over {}, or has died while it did: try again in a moment; if that "
                      "does not help, and no run works on this folder, remove {}",
                      store.string(), aside.string()));
    if (!stale)
      throw UsageError(
          fmt::format("another coordinator works on {0}: process {1} on host {2}; wait for it (winnow status {0}), or "
                      "choose another "
                      "folder with --store",
                      store.string(), held.value("pid", 0), held.value("host", "unknown")));
    epoch_ = std::max(epoch_, held.value("epoch", std::uint64_t{0}) + 1);
    try {
      move_aside(path_, aside);
    } catch (const DeviceError&) {  // the other one of two that take over was faster
    }
  }
}

StoreLease::~StoreLease() {
  if (token_in(path_.parent_path()) == token_) ::unlink(path_.c_str());
}

bool StoreLease::try_create() {
  // Written first and linked then, so that half of it is never read.
  Path part = temporary_beside(path_);
  const char* run = std::getenv("WINNOW_RUN_ID");  // for launch/mpirun
  Value content = {{"run", run ? run : ""},         {"host", host_name()}, {"pid", ::getpid()},
                   {"start", start_of(::getpid())}, {"epoch", epoch_},     {"token", token_}};
  write_file_atomically(part, content.dump() + "\n");
  if (rename_without_replacing(part, path_)) return true;
  ::unlink(part.c_str());
  return false;
}

void StoreLease::refresh() { ::utimensat(AT_FDCWD, path_.c_str(), nullptr, 0); }

bool StoreLease::held(const Path& store) {
  Path path = store / "coordinator.json";
  Value lease = read_lease(path);
  return !lease.empty() && !is_stale(path, lease, sched::Timers{}.lease_silence);
}

std::string StoreLease::token_in(const Path& store) {
  return read_lease(store / "coordinator.json").value("token", "");
}

}  // namespace winnow::fleet

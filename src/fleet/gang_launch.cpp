#include "gang_launch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>

#include "gang_calls.h"
#include "winnow/core/error.h"

namespace winnow::fleet {

namespace {

namespace fs = std::filesystem;

std::string prefix() { return fmt::format("winnow-gang.{}.", ::geteuid()); }

// Shared memory belongs in memory; the paths are short because some become names of sockets.
Path base() {
  if (::access("/dev/shm", W_OK | X_OK) == 0) return "/dev/shm";
  return fs::temp_directory_path();
}

// A folder whose owner lives is locked by it.
Descriptor try_lock(const Path& folder) {
  Descriptor lock(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  struct stat info {};
  bool ours = lock.open() && ::fstat(lock.get(), &info) == 0 && info.st_uid == ::geteuid() &&
              ::flock(lock.get(), LOCK_EX | LOCK_NB) == 0;
  if (!ours) lock.close();
  return lock;
}

void remove_abandoned() {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(base(), ignored)) {
    if (entry.path().filename().string().rfind(prefix(), 0) != 0) continue;
    if (Descriptor lock = try_lock(entry.path()); lock.open())
      kill_gang(entry.path()), fs::remove_all(entry.path(), ignored);
  }
}

void set(std::vector<std::string>& words, const char* name, const std::string& value) {
  words.insert(words.end(), {"--mca", name, value});
}

std::vector<std::string> launcher(std::uint32_t width, const Path& folder) {
  std::vector<std::string> words{"mpirun", "-n", std::to_string(width), "--bind-to", "none", "--oversubscribe"};
  if (::geteuid() == 0) words.push_back("--allow-run-as-root");
  // Whatever a batch system has allocated, these slots are ours.
  set(words, "ras", "^slurm,gridengine,tm,lsf,loadleveler,alps");
  set(words, "orte_tmpdir_base", folder.string());
  // When one process is gone the others are killed at once: they ignore SIGTERM, after which each daemon would wait
  // twice as long as this, one daemon after the other.
  set(words, "odls_base_sigkill_timeout", "0");
  return words;
}

}  // namespace

GangFolder::GangFolder() {
  remove_abandoned();
  static std::atomic<unsigned> number = 0;
  // Between the two calls another agent may take the folder for an abandoned one.
  for (int attempt = 0; attempt < 100; ++attempt) {
    path_ = base() / fmt::format("{}{}.{}", prefix(), ::getpid(), number++);
    if (::mkdir(path_.c_str(), 0700) != 0) {
      if (errno == EEXIST) continue;
      throw DeviceError(fmt::format("cannot make folder {} for a gang: {}", path_.string(), std::strerror(errno)));
    }
    lock_ = try_lock(path_);
    if (lock_.open() && fs::exists(path_)) return;
  }
  throw DeviceError(fmt::format("cannot make a folder for a gang in {}", base().string()));
}

GangFolder::~GangFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::vector<std::string> gang_launcher(std::uint32_t width, const Path& folder) {
  std::vector<std::string> words = launcher(width, folder);
  set(words, "plm", "isolated");  // starts nothing elsewhere, and needs neither ssh nor srun
  set(words, "btl_vader_backing_directory", folder.string());
  return words;
}

std::vector<std::string> gang_launcher(const std::vector<std::uint32_t>& parts, const Path& folder) {
  std::uint32_t width = 0;
  std::string hosts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    hosts += i == 0 ? fmt::format("localhost:{}", parts[i]) : fmt::format(",{}:{}", GangCalls::host(i), parts[i]);
    width += parts[i];
  }
  std::vector<std::string> words = launcher(width, folder);
  words.insert(words.end(), {"-H", hosts, "--leave-session-attached"});  // its daemons are the agents' children
  set(words, "plm", "rsh");
  set(words, "plm_rsh_agent", "sh " + GangCalls::script(folder).string());
  set(words, "plm_rsh_no_tree_spawn", "1");  // every call comes from here
  set(words, "rtc_hwloc_vmhole", "none");    // several daemons on one host crash without it
  set(words, "btl", "self,tcp");             // shared memory of killed processes would stay on the other nodes
  return words;
}

std::string gang_mark(const Path& folder) { return "WINNOW_GANG=" + folder.string(); }

void kill_gang(const Path& folder) {
  std::string mark = '\0' + gang_mark(folder) + '\0';
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
    std::string name = entry.path().filename();
    pid_t pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ec != std::errc() || pid == ::getpid()) continue;
    std::ifstream file(entry.path() / "environ", std::ios::binary);
    std::string environment = '\0' + std::string(std::istreambuf_iterator<char>(file), {});
    if (environment.find(mark) != std::string::npos) ::kill(pid, SIGKILL);
  }
}

}  // namespace winnow::fleet

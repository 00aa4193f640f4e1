#include "trainer_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "clock.h"
#include "winnow/core/error.h"

extern char** environ;

namespace winnow::fleet {

namespace {

bool begins_with(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

bool belongs_to_launcher(std::string_view entry) {
  for (std::string_view prefix :
       {"OMPI_", "PMIX_", "PMI_", "PRTE_", "ORTE_", "SLURM_STEP", "SLURM_PROCID", "SLURM_LOCALID", "SLURM_NODEID",
        "SLURM_TASK", "SLURM_GTIDS", "SLURM_SRUN_", "SLURM_LAUNCH_", "SLURM_NTASKS", "SLURM_NPROCS", "SLURM_MPI_"})
    if (begins_with(entry, prefix)) return true;
  return false;
}

// The mpirun of a gang would look for its nodes in what is left of Slurm's variables.
std::vector<std::string> environment(const TrainerCommand& command) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry; ++entry)
    if (!begins_with(*entry, "OMP_NUM_THREADS=") && !begins_with(*entry, "WINNOW_GANG=") &&
        !belongs_to_launcher(*entry) && !(command.width > 1 && begins_with(*entry, "SLURM_")) &&
        std::none_of(command.variables.begin(), command.variables.end(),
                     [&](const auto& variable) { return begins_with(*entry, variable.first + "="); }))
      result.emplace_back(*entry);
  result.push_back(fmt::format("OMP_NUM_THREADS={}", command.threads));
  for (const auto& [name, value] : command.variables) result.push_back(name + "=" + value);
  return result;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> result;
  for (std::string& word : words) result.push_back(word.data());
  result.push_back(nullptr);
  return result;
}

// In the child, where only async-signal-safe calls are allowed: the agent has a second thread.
[[noreturn]] void become(char** argv, char** envp, int in, int out, int err, pid_t parent) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);  // it died before the signal was asked for
  for (int signal : {SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGPIPE, SIGCHLD}) ::signal(signal, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (::dup2(in, 0) < 0 || ::dup2(out, 1) < 0 || ::dup2(err, 2) < 0) ::_exit(127);
  ::execvpe(argv[0], argv, envp);
  const char* reason = ::strerrordesc_np(errno);
  for (const char* part : {"cannot start trainer ", static_cast<const char*>(argv[0]), ": ", reason, "\n"})
    if (::write(2, part, std::strlen(part)) < 0) break;
  ::_exit(127);
}

}  // namespace

void TrainerCommand::use_gpus(const std::string& uuids, bool own_trainer) {
  variables.emplace_back("CUDA_VISIBLE_DEVICES", uuids);
  if (own_trainer) words.insert(words.end(), {"--device", "cuda"});
}

TrainerProcess::TrainerProcess(const TrainerCommand& command) {
  std::vector<std::string> words, variables = environment(command);
  if (command.width > 1) {
    gang_.emplace();
    words = gang_launcher(command.width, gang_->path());
    variables.push_back(gang_mark(gang_->path()));
  }
  words.insert(words.end(), command.words.begin(), command.words.end());
  std::vector<char*> argv = pointers(words), envp = pointers(variables);
  Pair in = make_pipe(), out = make_pipe(), err = make_pipe();
  pid_t parent = ::getpid();
  pid_ = check(::fork(), "start a trainer");
  if (pid_ == 0) become(argv.data(), envp.data(), in.first.get(), out.second.get(), err.second.get(), parent);
  ::setpgid(pid_, pid_);  // also here: either may come first; the kill must find the group
  input_ = std::move(in.second);
  output_ = std::move(out.first);
  errors_ = std::move(err.first);
  for (int fd : {input(), output(), errors()}) make_nonblocking(fd);
}

TrainerProcess::~TrainerProcess() {
  if (pid_ < 0) return;
  kill();
  // One that waits for a device which hangs does not end; it is left to init.
  constexpr int kTries = 500;
  constexpr useconds_t kPause = 10'000;
  for (int i = 0; i < kTries && ::waitpid(pid_, nullptr, WNOHANG) == 0; ++i) ::usleep(kPause);
}

void TrainerProcess::send(std::string line) {
  to_send_ += std::move(line);
  to_send_ += '\n';
  flush();
}

void TrainerProcess::flush() {
  if (input_.open() && !write_available(input(), to_send_)) to_send_.clear();  // it is dying; that is found elsewhere
  if (closing_ && to_send_.empty()) input_.close();
}

void TrainerProcess::close_input() {
  closing_ = true;
  flush();
}

std::vector<std::string> TrainerProcess::lines() {
  std::vector<std::string> result;
  if (!output_.open() || !fault_.empty()) return result;
  std::size_t before = heard_.size();
  if (!read_available(output(), heard_, 1 << 20)) output_.close();
  in_second_ += heard_.size() - before;
  if (double time = seconds(now()); time - second_ >= 1) second_ = time, in_second_ = 0;
  if (in_second_ > kFlood) fault_ = fmt::format("it floods its output: more than {} MB in a second", kFlood >> 20);
  std::size_t start = 0;
  bool endless = false;
  for (std::size_t end; !endless && (end = heard_.find('\n', start)) != std::string::npos; start = end + 1) {
    endless = end - start > kLongestLine;
    if (!endless) result.push_back(heard_.substr(start, end - start));
  }
  if (endless || heard_.size() - start > kLongestLine)
    fault_ = fmt::format("it wrote a line longer than {} MB", kLongestLine >> 20);
  heard_.erase(0, start);
  return result;
}

void TrainerProcess::listen_to_errors() {
  if (!errors_.open()) return;
  if (!read_available(errors(), error_text_, 1 << 18)) errors_.close();
  std::size_t start = 0;
  for (std::size_t end; (end = error_text_.find('\n', start)) != std::string::npos; start = end + 1) {
    log_.push_back(error_text_.substr(start, std::min(end - start, kLogLineBytes)));
    if (log_.size() > kLogLines) log_.pop_front();
  }
  error_text_.erase(0, start);
  if (error_text_.size() > kLogLineBytes) error_text_.resize(kLogLineBytes);  // a line without end keeps its beginning
}

std::string TrainerProcess::last_lines() const {
  std::string text;
  for (const std::string& line : log_) text += line + "\n";
  if (!error_text_.empty()) text += error_text_ + "\n";
  return text;
}

void TrainerProcess::kill() {
  if (pid_ < 0) return;
  ::kill(-pid_, SIGKILL);
  if (gang_) kill_gang(gang_->path());
}

bool TrainerProcess::reap() {
  int status = 0;
  if (pid_ < 0 || ::waitpid(pid_, &status, WNOHANG) != pid_) return false;
  kill();  // what it started goes with it
  pid_ = -1;
  if (WIFSIGNALED(status))
    ending_ = fmt::format("was killed by signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
  else ending_ = fmt::format("ended with exit code {}", WEXITSTATUS(status));
  return true;
}

}  // namespace winnow::fleet

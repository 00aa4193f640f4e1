#include "winnow/core/child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>

extern char** environ;

namespace winnow {

namespace {

double monotonic_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> result;
  for (std::string& word : words) result.push_back(word.data());
  result.push_back(nullptr);
  return result;
}

// In the child, where only async-signal-safe calls are allowed: we may have other threads.
[[noreturn]] void become(const ChildProcess::Command& command, char** argv, char** envp, int in, int out, int err,
                         pid_t parent) {
  if (command.own_group) ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);  // it died before the signal was asked for
  for (int signal : {SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGPIPE, SIGCHLD}) ::signal(signal, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (::dup2(in, 0) < 0 || ::dup2(err, 2) < 0) ::_exit(127);
  if (command.lines_on != 1 && ::dup2(err, 1) < 0) ::_exit(127);
  if (out == command.lines_on ? ::fcntl(out, F_SETFD, 0) < 0 : ::dup2(out, command.lines_on) < 0) ::_exit(127);
  if (command.expendable)
    if (int file = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC); file >= 0)
      if (::write(file, "500", 3) < 0) ::close(file);  // no more than a wish
  if (command.folder.empty() || ::chdir(command.folder.c_str()) == 0) ::execvpe(argv[0], argv, envp);
  const char* reason = ::strerrordesc_np(errno);
  for (const char* part :
       {"cannot start ", command.what.c_str(), " ", static_cast<const char*>(argv[0]), ": ", reason, "\n"})
    if (::write(2, part, std::strlen(part)) < 0) break;
  ::_exit(127);
}

}  // namespace

std::vector<std::string> ChildProcess::environment_without(const std::function<bool(std::string_view)>& left_out) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry; ++entry)
    if (!left_out(*entry)) result.emplace_back(*entry);
  return result;
}

ChildProcess::ChildProcess(Command command)
    : also_kill_(command.also_kill), own_group_(command.own_group), echo_log_(command.echo_log) {
  std::vector<char*> argv = pointers(command.words), envp = pointers(command.environment);
  DescriptorPair in = make_pipe(), out = make_pipe(), err = make_pipe();
  pid_t parent = ::getpid();
  pid_ = check_call(::fork(), ("start a " + command.what).c_str());
  if (pid_ == 0) become(command, argv.data(), envp.data(), in.first.get(), out.second.get(), err.second.get(), parent);
  if (own_group_) ::setpgid(pid_, pid_);  // also here: either may come first; the kill must find the group
  input_ = std::move(in.second);
  output_ = std::move(out.first);
  errors_ = std::move(err.first);
  for (int fd : {input(), output(), errors()}) make_nonblocking(fd);
}

ChildProcess::~ChildProcess() {
  if (pid_ < 0) return;
  kill();
  // One that waits for a device which hangs does not end; it is left to init.
  constexpr int kTries = 500;
  constexpr useconds_t kPause = 10'000;
  for (int i = 0; i < kTries && ::waitpid(pid_, nullptr, WNOHANG) == 0; ++i) ::usleep(kPause);
}

void ChildProcess::send(std::string line) {
  to_send_ += std::move(line);
  to_send_ += '\n';
  flush();
}

void ChildProcess::flush() {
  if (input_.open() && !write_available(input(), to_send_)) to_send_.clear();  // it is dying; that is found elsewhere
  if (closing_ && to_send_.empty()) input_.close();
}

void ChildProcess::close_input() {
  closing_ = true;
  flush();
}

std::vector<std::string> ChildProcess::lines() {
  std::vector<std::string> result;
  if (!output_.open() || !fault_.empty()) return result;
  std::size_t before = heard_.size();
  if (!read_available(output(), heard_, 1 << 20)) output_.close();
  in_second_ += heard_.size() - before;
  if (double time = monotonic_seconds(); time - second_ >= 1) second_ = time, in_second_ = 0;
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

void ChildProcess::listen_to_errors() {
  if (!errors_.open()) return;
  std::size_t before = error_text_.size();
  if (!read_available(errors(), error_text_, 1 << 18)) errors_.close();
  if (echo_log_ && error_text_.size() > before)
    std::fwrite(error_text_.data() + before, 1, error_text_.size() - before, stderr);
  std::size_t start = 0;
  for (std::size_t end; (end = error_text_.find('\n', start)) != std::string::npos; start = end + 1) {
    log_.push_back(error_text_.substr(start, std::min(end - start, kLogLineBytes)));
    if (log_.size() > kLogLines) log_.pop_front();
  }
  error_text_.erase(0, start);
  if (error_text_.size() > kLogLineBytes) error_text_.resize(kLogLineBytes);  // a line without end keeps its beginning
}

std::string ChildProcess::last_lines() const {
  std::string text;
  for (const std::string& line : log_) text += line + "\n";
  if (!error_text_.empty()) text += error_text_ + "\n";
  return text;
}

void ChildProcess::kill() {
  if (pid_ < 0) return;
  ::kill(own_group_ ? -pid_ : pid_, SIGKILL);
  if (also_kill_) also_kill_();
}

bool ChildProcess::reap() {
  int status = 0;
  if (pid_ < 0 || ::waitpid(pid_, &status, WNOHANG) != pid_) return false;
  if (own_group_ || also_kill_) kill();  // what it started goes with it
  pid_ = -1;
  well_ = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  killed_ = WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : WEXITSTATUS(status) == 128 + SIGKILL;
  if (WIFSIGNALED(status))
    ending_ = fmt::format("was killed by signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
  else ending_ = fmt::format("ended with exit code {}", WEXITSTATUS(status));
  return true;
}

}  // namespace winnow

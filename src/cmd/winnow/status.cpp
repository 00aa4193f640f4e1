// winnow status: how a run stands, from the file that its coordinator keeps.
#include "winnow/fleet/status.h"

#include <fmt/format.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <chrono>
#include <csignal>

#include "arguments.h"
#include "commands.h"
#include "outcome.h"
#include "status_view.h"
#include "terminal.h"
#include "winnow/core/error.h"
#include "winnow/core/host.h"

namespace winnow::cmd {

namespace {

Value status_of(const Path& store) {
  std::optional<Value> status = fleet::read_status(store);
  if (!status)
    throw UsageError(fmt::format("no run has written into {} yet: start one with `winnow run SWEEP --store {}`",
                                 store.string(), store.string()));
  return *status;
}

volatile std::sig_atomic_t interrupted = 0;

// The terminal's second screen and keys without Enter; as it was at the end, whatever ends it.
class Screen {
 public:
  Screen() {
    keys_ = ::isatty(0) && ::tcgetattr(0, &before_) == 0;
    if (keys_) {
      termios raw = before_;
      raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
      ::tcsetattr(0, TCSANOW, &raw);
    }
    for (int signal : {SIGINT, SIGTERM, SIGHUP}) ::signal(signal, [](int) { interrupted = 1; });
    put("\033[?1049h\033[?25l");
  }
  ~Screen() {
    put("\033[?25h\033[?1049l");
    if (keys_) ::tcsetattr(0, TCSANOW, &before_);
  }
  Screen(const Screen&) = delete;

  // Over what stands there: clearing first would flicker.
  void show(const std::string& text) {
    std::string drawn = "\033[H";
    for (char c : text) drawn += c == '\n' ? "\033[K\r\n" : std::string(1, c);
    put(drawn + "\033[J");
  }
  // True when the user wants to leave.
  bool wait(int milliseconds) {
    pollfd input{keys_ ? 0 : -1, POLLIN, 0};
    if (::poll(&input, 1, milliseconds) > 0) {
      char key = 0;
      if (::read(0, &key, 1) <= 0 || key == 'q') return true;
    }
    return interrupted;
  }

 private:
  static void put(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
  }
  termios before_{};
  bool keys_ = false;
};

void watch(const Path& store) {
  Value last = status_of(store);
  {
    Screen screen;
    while (last["state"] == "running") {
      Terminal size = terminal();
      std::size_t rows = size.height > 3 ? static_cast<std::size_t>(size.height) - 2
                                         : 0;  // the last line, and where the cursor stands
      screen.show(status_view(last, wall_seconds(), size, rows) + "q leaves; the run continues\n");
      if (screen.wait(1000)) break;
      last = status_of(store);
    }
  }
  fmt::print("{}", status_view(last, wall_seconds(), terminal()));  // what stays on the first screen
}

}  // namespace

int status(int argc, char** argv) {
  Command app("status", "How the run of a store stands: what is done, what runs where, what failed last.",
              "  winnow status\n"
              "  winnow status /big/results --watch      redraws every second until the run ends or q is pressed\n"
              "  winnow status --json\n");
  std::string store = "results";
  bool watching = false, json = false;
  app.add_option("STORE,--store", store, "the results folder of the run")->capture_default_str();
  app.add_flag("--watch", watching, "follows the run; wants a terminal");
  app.add_flag("--json", json, "as the coordinator wrote it, and its state: running, ended or died");
  if (!parse(app, argc, argv)) return kDone;
  if (watching && json) throw UsageError("--watch is for a terminal and --json for scripts: choose one of them");
  if (watching && !::isatty(1))
    throw UsageError("--watch redraws a terminal, and standard output is none: leave it out, or say --json");
  if (watching) return watch(store), kDone;
  Value now = status_of(store);
  if (json) fmt::print("{}\n", now.dump(2));
  else fmt::print("{}", status_view(now, wall_seconds(), terminal()));
  return kDone;
}

}  // namespace winnow::cmd

// A trainer that trains nothing: it answers with numbers made from the stage's identity, so that equal stages give
// equal results. It misbehaves on demand. Its only knowledge of winnow is src/fleet/README.md.
//   noop-trainer [--sleep SECONDS] [--crash-once FILE] [--fail SUBSTRING] [--hang SUBSTRING] [--garbage SUBSTRING]
//                [--flood SUBSTRING] [--die SUBSTRING] [--count FILE] [--gaps FOLDER] [--quiet] [--program NAME]
//                [--version TEXT]
// --program and --version are what its first line says of it. SUBSTRING is looked for in the line of the stage. --count
// appends a byte to FILE for every stage that is executed; --gaps leaves in a file of FOLDER the microseconds between
// each result and the next stage. A stage of --sleep SECONDS has ten steps a second and keeps
// its checkpoint as the protocol says. Under mpirun it is a gang: process 0 speaks, the others wait.
#define OMPI_SKIP_MPICXX 1
#include <fcntl.h>
#include <mpi.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace {

using Json = nlohmann::json;

void say(const Json& event) {
  std::string line = event.dump() + "\n";
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fflush(stdout);
}

// The checkpoint: the number of the step that comes next, in a file that is whole or absent.
class Checkpoint {
 public:
  Checkpoint(const std::string& identity, const std::filesystem::path& folder, double every)
      : identity_(identity), folder_(folder), every_(every) {}
  int read() const {
    int step = 0;
    if (std::ifstream file(folder_ / "step"); file >> step)
      say({{"event", "resumed"}, {"identity", identity_}, {"epoch", 0}, {"step", step}});
    return step;
  }
  void write(int step, bool now) {
    double passed = std::chrono::duration<double>(std::chrono::steady_clock::now() - last_).count();
    if (folder_.empty() || !(now || (every_ > 0 && passed >= every_))) return;
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ / "part") << step;
    std::filesystem::rename(folder_ / "part", folder_ / "step");
    last_ = std::chrono::steady_clock::now();
    say({{"event", "checkpoint"}, {"identity", identity_}, {"step", step}, {"bytes", 8}, {"seconds", 0.0}});
  }

 private:
  std::string identity_;
  std::filesystem::path folder_;
  double every_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

// Executes one stage; false when "stop" arrived meanwhile.
bool work(const std::string& identity, double seconds, Checkpoint& checkpoint) {
  int first = checkpoint.read();
  auto begin = std::chrono::steady_clock::now() - std::chrono::milliseconds(100 * first);
  for (int step = first;; ++step) {
    double left = seconds - std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    if (left <= 0) return true;
    if (step > first) checkpoint.write(step, false);
    say({{"event", "progress"},
         {"identity", identity},
         {"epoch", 0},
         {"epochs", 1},
         {"step", step},
         {"steps", 1000},
         {"metrics", {{"loss", 1.0 / (step + 1)}}}});
    pollfd input{0, POLLIN, 0};
    if (::poll(&input, 1, static_cast<int>(std::min(left, 0.1) * 1000)) <= 0) continue;
    std::string line;
    if (!std::getline(std::cin, line)) std::exit(0);
    if (line.find("\"stop\"") != std::string::npos) return checkpoint.write(step, true), false;
  }
}

// What passes between a result and the next stage, written when all is over.
class Gaps {
 public:
  explicit Gaps(std::filesystem::path folder) : folder_(std::move(folder)) {}
  ~Gaps() {
    if (folder_.empty()) return;
    std::ofstream file(folder_ / std::to_string(::getpid()));
    for (auto gap : gaps_) file << gap << "\n";
  }
  void result() { last_ = std::chrono::steady_clock::now(); }
  void next() {
    if (last_) gaps_.push_back((std::chrono::steady_clock::now() - *last_) / std::chrono::microseconds(1));
    last_.reset();
  }

 private:
  std::filesystem::path folder_;
  std::optional<std::chrono::steady_clock::time_point> last_;
  std::vector<std::int64_t> gaps_;
};

// Processes of a gang end together. The wait costs no processor time: MPI's own would.
void meet() {
  MPI_Request all;
  MPI_Ibarrier(MPI_COMM_WORLD, &all);
  for (int done = 0; !done; ::usleep(5000)) MPI_Test(&all, &done, MPI_STATUS_IGNORE);
  MPI_Finalize();
}

[[noreturn]] void hang() {
  for (;;) ::pause();
}

}  // namespace

int main(int argc, char** argv) {
  for (int signal : {SIGTERM, SIGUSR1, SIGUSR2})
    ::signal(signal, SIG_IGN);  // of a batch system, to all: "stop" follows
  std::map<std::string, std::string> options;
  for (int i = 1; i < argc; ++i) {
    std::string name = argv[i];
    bool alone = i + 1 == argc || std::string(argv[i + 1]).rfind("--", 0) == 0;
    options[name] = alone ? "yes" : argv[++i];
  }
  auto matches = [&](const char* option, const std::string& line) {
    auto found = options.find(option);
    return found != options.end() && line.find(found->second) != std::string::npos;
  };
  const char* size = std::getenv("OMPI_COMM_WORLD_SIZE");
  int width = size ? std::atoi(size) : 1, rank = 0;
  if (width > 1) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    MPI_Init(nullptr, nullptr);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (rank > 0) return meet(), 0;
    std::atexit(meet);
  }
  double seconds = options.count("--sleep") ? std::stod(options["--sleep"]) : 0;
  Json ready = {{"event", "ready"},
                {"protocol", 1},
                {"device", "none"},
                {"version", options.count("--version") ? options["--version"] : "noop-1"}};
  if (options.count("--program")) ready["program"] = options["--program"];
  say(ready);
  Gaps gaps(options.count("--gaps") ? options["--gaps"] : "");
  for (std::string line; std::getline(std::cin, line);) {
    Json command = Json::parse(line);
    if (command["do"] == "quit") return 0;
    if (command["do"] == "stop") continue;
    gaps.next();
    std::string identity = command["identity"];
    if (!options.count("--quiet")) std::cerr << "executing " << identity << std::endl;
    if (options.count("--count")) {
      int file = ::open(options["--count"].c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
      if (::write(file, ".", 1) != 1) return 1;
      ::close(file);
    }
    if (options.count("--crash-once")) {
      std::string mark = options["--crash-once"] + "." + identity;
      if (int file = ::open(mark.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0666); file >= 0) std::abort();
    }
    if (matches("--die", line)) std::abort();
    if (matches("--hang", line)) hang();
    if (matches("--garbage", line)) std::puts("Epoch 1: loss=0.7"), std::fflush(stdout), hang();
    if (matches("--flood", line))
      for (std::string noise(1 << 16, 'x');;) std::fwrite(noise.data(), 1, noise.size(), stdout);
    if (matches("--fail", line)) {
      say({{"event", "failed"},
           {"identity", identity},
           {"class", "user"},
           {"message", "the stage asks for the impossible"}});
      continue;
    }
    Checkpoint checkpoint(identity, command.value("checkpoint", ""), command["context"].value("checkpoint_every", 0.0));
    if (seconds > 0 && !work(identity, seconds, checkpoint)) {
      say({{"event", "stopped"}, {"identity", identity}});
      continue;
    }
    double accuracy = static_cast<double>(std::stoull(identity.substr(0, 8), nullptr, 16)) / 4294967296.0;
    say({{"event", "done"},
         {"identity", identity},
         {"metrics", {{"accuracy", accuracy}, {"processes", width}}},
         {"curves", {{"accuracy", {accuracy / 2, accuracy}}}}});
    gaps.result();
  }
  return 0;
}
